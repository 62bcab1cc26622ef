"""A campaign crosses a shop's line once: `python -m tests.bench.line --json`.

Ten players, each a process in a network namespace of its own on one bridge, and a server behind one
narrow line (tc tbf). A plan of so many MB is published; it is over when every player holds every
file. `line_bytes` is what the server's end of the line sent meanwhile, packet headers, plans and
sockets included; `ratio` is that by the campaign's bytes. `rss_mb` is the largest player's memory.
`load` is the machine's 1-minute load. Exit code 1: the ratio is over MOST; 2: this machine does not
let it (it needs root, iproute2 and network namespaces).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from playlists.codec import deck_json, decode_deck, decode_manifest, encode_manifest
from playlists.credentials import check_proof
from playlists.ids import Sha256, canonical, sha256
from playlists.signing import public_key
from tests.fakes.server_peer import Peer, running_peer
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import DAY_MS, SCREEN, Content, content
from tests.support.programs import end

MOST = 1.1
PLAYERS = 10
MB = 1_000_000
SERVER, ROUTER, SHOP = "10.213.0.1", "10.213.0.2", "10.213.7"
"""The line's two ends; the shop's network."""
WITHIN_S = 600.0


@dataclass(frozen=True)
class Size:
    """How much is sent: files of so many bytes, over a line of so many bits a second."""

    files: int
    file_bytes: int
    line_bits: int


WHOLE = Size(10, 20 * MB, 50_000_000)
QUICK = Size(4, 2 * MB, 20_000_000)


NOT_HERE = 77
"""The exit code of what this machine does not allow to be measured."""


class CannotRun(Exception):
    """This machine does not let it; the message says why."""


@dataclass
class Chain(Sim):
    """A server that takes every device for the same screen."""

    devices: list[bytes] = field(default_factory=list)

    def accept_all(self) -> int:
        """Somebody types every code; how many devices there are."""
        for pairing in list(self.pairings.values()):
            if not pairing["accepted"]:
                self.devices.append(public_key(pairing["key"]))
                pairing["accepted"] = True
        return len(self.devices)

    def proves(self, nonce: str, screen: str, sig: str) -> bool:
        """Whether one of the devices signed this."""
        return screen == SCREEN and any(
            check_proof(device, nonce, screen, sig) for device in self.devices
        )


class Shop:
    """The namespaces: a router with a bridge, and one for each player behind it."""

    def __init__(self, line_bits: int) -> None:
        self.name = f"ens{os.getpid()}"
        self.line = f"{self.name}l"
        self.players = [f"{self.name}-{number}" for number in range(1, PLAYERS + 1)]
        self._spaces: list[str] = []
        try:
            self._lay(line_bits)
        except subprocess.CalledProcessError as wrong:
            self.close()
            raise CannotRun(f"`{' '.join(wrong.cmd)}` failed: {wrong.stderr.strip()}") from wrong

    def close(self) -> None:
        """Take it all away."""
        for space in self._spaces:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.line], check=False, capture_output=True)

    def sent(self) -> int:
        """Bytes that the server's end of the line sent so far."""
        return int(Path(f"/sys/class/net/{self.line}/statistics/tx_bytes").read_text())

    def _lay(self, line_bits: int) -> None:
        router = self._space(self.name)
        _run("ip", "link", "add", self.line, "type", "veth", "peer", "name", "up0", "netns", router)
        _run("ip", "address", "add", f"{SERVER}/30", "dev", self.line)
        _run("ip", "link", "set", self.line, "up")
        _run("ip", "route", "add", f"{SHOP}.0/24", "via", ROUTER)
        inside = ("ip", "netns", "exec", router)
        _run(*inside, "ip", "address", "add", f"{ROUTER}/30", "dev", "up0")
        _run(*inside, "ip", "link", "set", "up0", "up")
        _run(*inside, "ip", "link", "add", "shop", "type", "bridge")
        _run(*inside, "ip", "address", "add", f"{SHOP}.1/24", "dev", "shop")
        _run(*inside, "ip", "link", "set", "shop", "up")
        _run(*inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        narrow = ("root", "tbf", "rate", f"{line_bits}bit", "burst", "32kb", "latency", "200ms")
        _run("tc", "qdisc", "add", "dev", self.line, *narrow)
        _run(*inside, "tc", "qdisc", "add", "dev", "up0", *narrow)
        for number, player in enumerate(self.players, 1):
            self._join(router, player, number)

    def _join(self, router: str, player: str, number: int) -> None:
        self._space(player)
        inside = ("ip", "netns", "exec", router)
        ends = ("type", "veth", "peer", "name", "eth0", "netns", player)
        _run(*inside, "ip", "link", "add", f"p{number}", *ends)
        _run(*inside, "ip", "link", "set", f"p{number}", "master", "shop", "up")
        inside = ("ip", "netns", "exec", player)
        _run(*inside, "ip", "address", "add", f"{SHOP}.{10 + number}/24", "dev", "eth0")
        _run(*inside, "ip", "link", "set", "eth0", "up")
        _run(*inside, "ip", "route", "add", "default", "via", f"{SHOP}.1")

    def _space(self, name: str) -> str:
        _run("ip", "netns", "add", name)
        self._spaces.append(name)
        _run("ip", "netns", "exec", name, "ip", "link", "set", "lo", "up")
        return name


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{' '.join(command)}: {done.stderr.strip()}")


def check() -> None:
    """Raises CannotRun where it is no use to try."""
    if os.geteuid() != 0:
        raise CannotRun("Network namespaces and a narrow line need root: run it with sudo.")
    if not (shutil.which("ip") and shutil.which("tc")):
        raise CannotRun("`ip` and `tc` are missing. On Debian: apt-get install iproute2")


def campaign(size: Size, sim: Sim) -> tuple[Content, list[Sha256]]:
    """A plan whose cards show all the files, which the server holds from now on."""
    files = [sim.add_asset(os.urandom(size.file_bytes)) for _ in range(size.files)]
    made = content("Soldes", first_day_ms=_today())
    manifest = decode_manifest(made.objects[made.manifest])
    cards = decode_deck(made.objects[manifest.deck])
    with_files = {name: replace(card, assets=tuple(files)) for name, card in cards.items()}
    deck = canonical(deck_json(with_files))
    whole = encode_manifest(replace(manifest, deck=sha256(deck)))
    return Content(sha256(whole), {**made.objects, sha256(deck): deck, sha256(whole): whole}), files


def measure(size: Size) -> dict[str, Any]:
    """All figures."""
    check()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-line-")))
        shop = Shop(size.line_bits)
        stack.callback(shop.close)
        sim = Chain(_wall_ms)
        sim.publish(content("Bonjour", first_day_ms=_today()))
        sim.renew()
        peer = stack.enter_context(running_peer(sim, host=SERVER))
        players = stack.enter_context(_players(shop, peer, folder))
        _until(lambda: sim.accept_all() == PLAYERS, "the players to pair")
        _until(lambda: len(peer.proved) == PLAYERS, "the players' sockets")
        made, files = campaign(size, sim)
        before, began = shop.sent(), time.monotonic()
        peer.push("head", sim.publish(made))
        _until(lambda: all(_holds(one, files) for one in _folders(folder)), "the files")
        seconds = time.monotonic() - began
        sent = shop.sent() - before
        total = size.files * size.file_bytes
        asked = [path for _, path in sim.requests if path.startswith("/assets/")]
        return {
            "players": PLAYERS,
            "asset_bytes": total,
            "line_bytes": sent,
            "ratio": round(sent / total, 3),
            "files": size.files,
            "files_asked_of_the_server": len(asked),
            "seconds": round(seconds, 1),
            "rss_mb": round(max(_rss(one) for one in players) / MB, 1),
            "load": round(os.getloadavg()[0], 2),
        }


@contextmanager
def _players(shop: Shop, peer: Peer, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    environ = {name: it for name, it in os.environ.items() if name != "ENSEIGNE_PLAYER_NO_SHARE"}
    started = []
    try:
        for space, data in zip(shop.players, _folders(folder), strict=True):
            line = [sys.executable, "-m", "player", "--server", peer.url, "--data", str(data)]
            started.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", space, *line, "--port", "0", "--no-display"],
                    stdout=subprocess.DEVNULL,
                    env=environ,
                )
            )
        yield started
    finally:
        for child in started:
            child.terminate()  # all at once: each takes its leave of the others
        for child in started:
            end(child)


def _folders(folder: Path) -> list[Path]:
    return [folder / str(number) for number in range(1, PLAYERS + 1)]


def _holds(data: Path, files: Sequence[Sha256]) -> bool:
    held = {path.name.partition("-")[0] for path in (data / "assets").glob("[0-9a-f][0-9a-f]/*")}
    return held.issuperset(files)


def _rss(child: subprocess.Popen[bytes]) -> int:
    return int(psutil.Process(child.pid).memory_info().rss)


def _until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited in vain for {what}.")
        time.sleep(0.1)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _today() -> int:
    return _wall_ms() - _wall_ms() % DAY_MS


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and say. The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 MB, for CI")
    parser.add_argument("--json", action="store_true", help="only the figures, as JSON")
    given = parser.parse_args(arguments)
    try:
        figures = measure(QUICK if given.quick else WHOLE)
    except CannotRun as why:
        print(f"This cannot be measured here. {why}", file=sys.stderr)
        return NOT_HERE
    if given.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:26} {value}")
    return 0 if figures["ratio"] <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
