"""The door with 10,000 authenticated screens: `python -m tests.bench.fanout --json [--quick]`.

The door is the real process; the players are another (two, where one may not have so many files).
First this process stands in for the worker on the bus, all screens in one channel. `broadcast_ms`
is how long the door took to write one delta to all sockets, `raw_send_ms` how long a bare `send()`
loop takes for as many bytes and sockets, in the same run. `stall_ms` is the longest gap between two
ticks of the door's loop meanwhile; a tick is 5 ms. `bus_to_last_ms` ends when the last player has
it. Then the real web, worker and door serve as many screens in 500 stores: `webhook_to_last_ms` is
from the shop's signed call to the last player (--bus-only leaves that out).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

from playlists.ids import ChannelId, Sku
from playlists.pricing import Offer, Step
from playlists.signing import OnlineKey, SigningKey, b64, sign
from playlists.wire.offers import OffersMessage
from server.bus import BusServer, Peer
from server.door.frames import event_frame
from tests.bench.fanout_chain import Chain
from tests.bench.fanout_players import device_key, screen_name
from tests.support.programs import end, free_port

CHANNEL = "shop@bench"
STORE = "bench"
ROUNDS, QUICK_ROUNDS = 60, 15
CALLS, QUICK_CALLS = 30, 8
STORES = 500
RAW_ROUNDS = 15
READY_S = 60.0
SETTLE_S = 3.0
FILES_PER_CLIENT = 1
SPARE_FILES = 200
DOOR = ["server.cli", "door"]
ROOT = Path(__file__).parents[2]


class Lines:
    """A child process driven by lines."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.bench.fanout_players", *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in: IO[str] = self.process.stdin
        self._out: IO[str] = self.process.stdout

    def say(self, command: str) -> None:
        self._in.write(command + "\n")
        self._in.flush()

    def hear(self, within_s: float = READY_S) -> dict[str, Any]:
        if not select.select([self._out], [], [], within_s)[0]:
            self.say("state")
            raise SystemExit(f"Not all players heard in time: {self._out.readline()}")
        line = self._out.readline()
        if not line:
            raise SystemExit("The players' process has ended.")
        found: dict[str, Any] = json.loads(line)
        if "refused" in found:
            raise SystemExit(f"The door refused a player: {found['refused']}")
        return found


@dataclass
class Worker:
    """Stands in for the worker: a directory of `screens`, and signed deltas of one channel."""

    screens: int
    version: int = 1

    def __post_init__(self) -> None:
        self._online = SigningKey.generate()
        self._time = SigningKey.generate()
        self._watch = OnlineKey(self._online.public, frozenset({"watch"}), 0, 2**50)

    def answer(self, peer: Peer, message: dict[str, Any]) -> None:
        """The full state for a door that says hello."""
        if message["t"] == "hello":
            peer.send(
                {
                    "t": "directory",
                    "ended": [],
                    "secret": b64(b"s" * 32),
                    "time_key": b64(self._time.to_raw()),
                    "watch_keys": [self._watch.to_json()],
                    "screens": [self._row(number) for number in range(self.screens)],
                }
            )
            peer.send(self.delta(0))

    def delta(self, since: int) -> dict[str, Any]:
        """One SKU's new price, as the worker would sign it."""
        texts = {"figures": "89", "cents": "90", "currency": "€", "currency_first": ""}
        step = Step(1, None, 8990, None, {"fr": texts, "en": texts})
        names = {"fr": {"name": "Veste Bruine"}, "en": {"name": "Drizzle jacket"}}
        offer = Offer(Sku("PLV-BRUINE"), "EUR", (step,), names)
        payload = OffersMessage(ChannelId(CHANNEL), since, self.version, (offer,))
        token = sign("offers", payload.to_json(), self._online)
        return {"t": "offers", "offers": [[CHANNEL, self.version, token]]}

    def next_delta(self) -> dict[str, Any]:
        """The delta to the next version."""
        self.version += 1
        return self.delta(self.version - 1)

    def _row(self, number: int) -> list[Any]:
        return [screen_name(number), device_key(number).x, STORE, [CHANNEL], False]


def resident_kb(pid: int) -> int:
    """The resident memory of a process, kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("The door has ended.")


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50 and p99 (the highest where there are under a hundred)."""
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))]
    return {"p50": round(statistics.median(ordered), 1), "p99": round(high, 1)}


def raw_send_ms(count: int, frame: bytes) -> float:
    """The median time of a bare `send()` loop over `count` sockets that are being read, ms."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        crowd = Lines("raw", str(listener.getsockname()[1]), str(count))
        try:
            socks = [listener.accept()[0] for _ in range(count)]
            crowd.hear()
            times = []
            for _ in range(RAW_ROUNDS):
                begun = time.perf_counter()
                for sock in socks:
                    sock.send(frame)
                times.append((time.perf_counter() - begun) * 1000)
                time.sleep(0.3)
            for sock in socks:
                sock.close()
        finally:
            end(crowd.process)  # type: ignore[arg-type]
    return statistics.median(times)


@contextmanager
def running_door(folder: Path, port: int, one_go: bool) -> Iterator[subprocess.Popen[bytes]]:
    """The real door, as `enseigne door` runs it; `one_go` turns its pauses off."""
    program = ["tests.server.door.launch", "fanout.CHUNK_CLIENTS=1e9"] if one_go else DOOR
    env = {**os.environ, "ENSEIGNE_DATA_DIR": str(folder), "ENSEIGNE_DOOR_PORT": str(port)}
    with (folder / "door.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *program],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        end(process)


def wait_for(true: Callable[[], bool], what: str) -> None:
    """Wait until `true()`; SystemExit after READY_S seconds."""
    deadline = time.monotonic() + READY_S
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited in vain for {what}.")
        time.sleep(0.05)


def measure(screens: int, rounds: int, one_go: bool) -> dict[str, Any]:
    """Run it all; the figures."""
    worker = Worker(screens)
    frame = event_frame("offers", worker.delta(0)["offers"][0][2])
    raw_ms = raw_send_ms(screens, frame)
    port = free_port()
    url = f"http://127.0.0.1:{port}/health"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-bench-")))
        server = BusServer(folder / "bus.sock", worker.answer)
        stack.callback(server.close)
        door = stack.enter_context(running_door(folder, port, one_go))
        session = requests.Session()

        def health() -> dict[str, Any]:
            try:
                found: dict[str, Any] = session.get(url, timeout=10).json()
            except requests.ConnectionError:
                return {"ready": False}
            return found

        wait_for(lambda: bool(health()["ready"]), "the door")
        crowds = [
            Lines("players", str(port), str(first), str(count), CHANNEL)
            for first, count in shares(screens)
        ]
        for crowd in crowds:
            stack.callback(end, crowd.process)
        before_kb = resident_kb(door.pid)
        connect_s = max(each(crowds, "connect", "at"))
        time.sleep(SETTLE_S)
        per_connection = (resident_kb(door.pid) - before_kb) / screens
        for crowd in crowds:
            crowd.say("watch")
            crowd.hear()
        door_ms, last_ms, stall_ms = [], [], 0.0
        for at in range(rounds):
            message = worker.next_delta()
            begun = time.monotonic()
            server.send(message)
            heard = [crowd.hear() for crowd in crowds]
            assert all(it["round"] == at for it in heard), heard
            last_ms.append((max(it["at"] for it in heard) - begun) * 1000)
            vitals = health()
            assert vitals["broadcast"]["clients"] == screens, vitals
            door_ms.append(vitals["broadcast"]["ms"])
            stall_ms = max(stall_ms, vitals["stall_ms"]["1"])
        for crowd in crowds:
            crowd.say("state")
        states = [crowd.hear() for crowd in crowds]
        alive = sum(state["alive"] for state in states)
        heard_all = sum(sum(state["heard"]) for state in states)
        return {
            "clients": alive,
            "lost": screens - alive + screens * rounds - heard_all,
            "connect_s": round(connect_s, 2),
            "kb_per_conn": round(per_connection, 1),
            "broadcast_ms": percentiles(door_ms),
            "raw_send_ms": round(raw_ms, 1),
            "ratio_raw": round(statistics.median(door_ms) / raw_ms, 2),
            "stall_ms": round(stall_ms, 1),
            "bus_to_last_ms": percentiles(last_ms),
            "frame_bytes": len(frame),
            "rounds": rounds,
        }


def measure_chain(screens: int, calls: int) -> dict[str, float]:
    """From the shop's signed call to the last of all players, ms."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-bench-")))
        chain = Chain(folder, screens, STORES)
        chain.start(stack)
        crowds = [
            Lines("players", str(chain.door_port), str(first), str(count), CHANNEL)
            for first, count in shares(screens)
        ]
        for crowd in crowds:
            stack.callback(end, crowd.process)
        each(crowds, "connect", "at")
        time.sleep(SETTLE_S)
        for crowd in crowds:
            crowd.say("watch")
            crowd.hear()
        took = []
        for at in range(calls):
            begun = time.monotonic()
            chain.change()
            heard = [crowd.hear() for crowd in crowds]
            assert all(it["round"] == at for it in heard), heard
            took.append((max(it["at"] for it in heard) - begun) * 1000)
    return percentiles(took)


def shares(screens: int) -> list[tuple[int, int]]:
    """First number and count for each process of players, as many as its files allow."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = max(1, files // FILES_PER_CLIENT - SPARE_FILES)
    return [(first, min(most, screens - first)) for first in range(0, screens, most)]


def each(crowds: list[Lines], command: str, field: str) -> list[float]:
    """Give all the same command, then take one field of their answers."""
    for crowd in crowds:
        crowd.say(command)
    return [float(crowd.hear()[field]) for crowd in crowds]


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--screens", type=int, default=10_000)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    options.add_argument("--one-go", action="store_true", help="without the door's pauses")
    options.add_argument("--bus-only", action="store_true", help="without web and worker")
    chosen = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rounds = QUICK_ROUNDS if chosen.quick else ROUNDS
    found = measure(chosen.screens, rounds, chosen.one_go)
    if not chosen.bus_only:
        calls = QUICK_CALLS if chosen.quick else CALLS
        found["webhook_to_last_ms"] = measure_chain(chosen.screens, calls)
    if chosen.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>20}  {value}")


if __name__ == "__main__":
    main()
