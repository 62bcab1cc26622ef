"""Processes that the bus's tests start and kill: a worker that answers, a door that counts."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from server.bus import HELLO, BusClient, BusServer, Peer, Runtime


def worker(path: Path) -> None:
    """Answer hello with the full state; tell whoever said hello of any other message."""

    def on_message(peer: Peer, message: dict[str, Any]) -> None:
        if message == HELLO:
            peer.send({"t": "state", "rows": list(range(1000))})
        else:
            server.send({"t": "echo", "of": message})

    server = BusServer(path, on_message)
    print("listening", flush=True)
    threading.Event().wait()


def door(path: Path) -> None:
    """A client on gevent: says hello at each connection, answers with how many it has got."""
    import gevent
    import gevent.event
    import gevent.socket

    got = 0

    def on_message(message: dict[str, Any]) -> None:
        nonlocal got
        got += 1
        client.send({"t": "got", "count": got, "of": message})

    runtime = Runtime(gevent.socket.socket, gevent.spawn, gevent.event.Event)
    client = BusClient(path, on_message, lambda it: it.send(HELLO) and None, runtime=runtime)
    print("running", flush=True)
    gevent.event.Event().wait()


if __name__ == "__main__":
    {"worker": worker, "door": door}[sys.argv[1]](Path(sys.argv[2]))
