"""Whoever it is at the door, whatever it sends: it hears what its own screens read, and no more.

The events come from the door's own code: one that no line of SENT speaks of fails the first test.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial

import pytest
from socketio.exceptions import SocketIOError

from playlists.signing import SigningKey
from server.door import main, sockets
from tests.server.door.peers import Client, Door, Worker, now_ms, until

SENT: dict[str, Callable[[Client, Worker], None]] = {
    "report": lambda client, _: client.report(**{"shop@prado": 0, "shop@lille": 0}),
    "prove": lambda client, _: client.prove("prado-1", SigningKey.generate()),
    "prove again": lambda client, worker: client.prove_watch(worker.watch(["prado-1"], 1)),
    "subscribe": lambda client, _: client.send("subscribe", {"channel": "shop@prado"}),
    "offers": lambda client, _: client.send("offers", "shop@prado"),
}
"""What somebody of Lille may send to hear of Prado."""
OF_THE_LIBRARY = {"connect", "disconnect"}
HEARD = ("head", "offers", "freshness", "pull")


def test_every_event_of_the_door_is_in_this_table() -> None:
    taken = set(re.findall(r'event == "(\w+)"', inspect.getsource(sockets))) - OF_THE_LIBRARY
    assert taken <= SENT.keys(), "say in SENT what somebody of Lille sends to hear of Prado"
    assert inspect.getsource(main).count("on_namespace(") == 1, "hold the new one to this as well"


@pytest.mark.parametrize("who", ["nobody", "a screen", "who follows a screen"])
def test_somebody_of_lille_hears_nothing_of_prado(pair: tuple[Door, Worker], who: str) -> None:
    door, worker = pair
    foreign, own = everything(worker, "prado", 5), everything(worker, "lille", 5)
    client = door.client()
    client.heard.wait("challenge")
    if who == "a screen":
        client.prove("lille-1", worker.devices["lille-1"])
    if who == "who follows a screen":
        client.prove_watch(worker.watch(["lille-1"], now_ms() + 60_000))
    if who != "nobody":
        client.heard.wait("welcome")
    for say in SENT.values():
        try:
            say(client, worker)
        except SocketIOError:
            assert who == "nobody"  # it was closed already
    foreign |= everything(worker, "prado", 6)
    own |= everything(worker, "lille", 6)
    if who == "nobody":
        until(client.closed)
    else:
        client.heard.wait("head", partial(str.__eq__, worker.head("lille-1", 9)))
    heard = {str(said) for event in HEARD for said in client.heard.all(event)}
    assert not heard & foreign
    assert not any("prado" in said for said in heard)
    assert bool(heard & own) == (who != "nobody")


def everything(worker: Worker, store: str, version: int) -> set[str]:
    """A head, offers and freshness of a store."""
    return {
        worker.head(f"{store}-1", version),
        worker.offers(f"shop@{store}", 0, version),
        worker.freshness(store, version),
    }
