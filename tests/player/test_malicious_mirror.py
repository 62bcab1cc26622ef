"""Somebody stands between a player and its server, holds no key, and does what he can.

A real player process meets a mirror that passes on what the server signs, and lies in everything
else. Nothing of it may show, fill memory or disk, lead elsewhere, or outlast it.
"""

from __future__ import annotations

import gzip
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psutil
import pytest
from werkzeug.wrappers import Response

from playlists.ids import Sha256
from tests.fakes.server_peer import Peer, running_peer
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import DAY_MS, boot_offer, content
from tests.player.life import Life, life, pair, until

MB = 1_000_000
MOST_MEMORY = 60 * MB
"""More than before, at most, while all this goes on."""
ASSETS_MIB = "8"
MOST_DISK = 12 * MB
ZEROS = bytes(64 * 1024)


class Mirror:
    """What stands in the server's place, for the paths of one kind at a time."""

    def __init__(self, peer: Peer) -> None:
        self.peer, self.sim = peer, peer.sim
        self.over = threading.Event()
        self.told = 0
        self._kind = ""
        self._make: Callable[[Mirror, bytes], Response] | None = None
        peer.spoil = self._spoil
        self._elsewhere = socket.create_server(("127.0.0.1", 0))
        self._elsewhere.setblocking(False)
        self.elsewhere = f"http://127.0.0.1:{self._elsewhere.getsockname()[1]}/"

    def lie(self, kind: str, make: Callable[[Mirror, bytes], Response] | None) -> None:
        """Answer so from now on what is asked under `kind`; None: honestly again."""
        self._kind, self._make, self.told = kind, make, 0

    def close(self) -> None:
        """End what has no end."""
        self.lie("", None)
        self.over.set()
        self._elsewhere.close()

    @property
    def was_followed(self) -> bool:
        """Whether anybody went where this mirror pointed."""
        try:
            self._elsewhere.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def forever(self, block: bytes, pause_s: float = 0) -> Iterator[bytes]:
        """The same again and again."""
        while not self.over.wait(pause_s):
            yield block

    def _spoil(self, path: str) -> Response | None:
        if self._make is None or f"/player/v1/{self._kind}/" not in path:
            return None
        self.told += 1
        name = Sha256(path.rsplit("/", 1)[1])
        real = {**self.sim.objects, **self.sim.assets}.get(name, b"nothing")
        return self._make(self, real)


def promising(length: int, body: Iterator[bytes] | bytes) -> Response:
    """An answer that says how long it is, truly or not."""
    return Response(body, headers={"Content-Length": str(length)})


@cache
def bomb_bytes() -> bytes:
    return gzip.compress(bytes(100 * MB), 1)


def bomb() -> Response:
    """Little that is unpacked to much."""
    return Response(bomb_bytes(), headers={"Content-Encoding": "gzip"})


LIES: dict[str, Callable[[Mirror, bytes], Response]] = {
    "truncated": lambda mirror, real: Response(real[:-7]),
    "cut": lambda mirror, real: promising(len(real), iter([real[:-7]])),
    "longer": lambda mirror, real: Response(real + b" "),
    "other": lambda mirror, real: Response(b"x" * len(real)),
    "page": lambda mirror, real: Response("<html>Free Wi-Fi</html>"),
    "empty": lambda mirror, real: Response(b""),
    "status": lambda mirror, real: Response(real, 418),
    "range": lambda mirror, real: Response(real[5:], 206),
    "redirect": lambda mirror, real: Response(status=302, headers={"Location": mirror.elsewhere}),
    "bomb": lambda mirror, real: bomb(),
    "endless": lambda mirror, real: Response(mirror.forever(ZEROS)),
    "promise": lambda mirror, real: promising(3_000 * MB, mirror.forever(ZEROS)),
    "trickle": lambda mirror, real: promising(MB, mirror.forever(b"x", 0.2)),
}


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("ENSEIGNE_PLAYER_ASSETS_MIB", ASSETS_MIB)
    sim = Sim(wall_ms)
    sim.price(boot_offer())
    publish(sim, "Bonjour")
    sim.renew()
    with running_peer(sim) as peer:
        made = Mirror(peer)
        yield made
        made.close()


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def publish(sim: Sim, headline: str, picture: bytes = b"") -> tuple[str, Sha256 | None]:
    """A plan, perhaps with a picture: its head, and the picture's address."""
    address = sim.add_asset(picture) if picture else None
    today = wall_ms() - wall_ms() % DAY_MS
    return sim.publish(content(headline, picture=address, first_day_ms=today)), address


def refusals(one: Life) -> int:
    """Answers that were thrown away."""
    counts = one.get("/health").json()["counts"]
    return sum(n for name, n in counts.items() if name.startswith(("failed:", "unreachable")))


def old_and_mixed_heads(sim: Sim) -> list[str]:
    """What can be made of signed messages without a key."""
    old = sim.head
    publish(sim, "Plus neuf")
    new = sim.head
    (head, payload, signature), (_, other, wrong) = old.split("."), new.split(".")
    delta = sim.deltas[-1][2]
    return [
        old,
        f"{head}.{payload}.{wrong}",
        f"{head}.{other}.{signature}",
        new[:-10],
        delta,
        delta.split(".")[0] + "." + other + "." + wrong,
        f"{head}..{signature}",
        "." * 1_000,
        "x" * 100_000,
    ]


def refused_plans(one: Life, mirror: Mirror) -> None:
    """Plans that are not what their signed head names."""
    before = one.state()
    for name, lie in LIES.items():
        refused = refusals(one)
        mirror.lie("objects", lie)
        mirror.peer.push("head", publish(mirror.sim, f"Plan {name}")[0])
        until(lambda: mirror.told, f"a plan to be asked for ({name})")
        if name != "trickle":  # which is given up after a while, beside all else
            until(lambda: refusals(one) > refused, f"a refusal ({name})")  # noqa: B023
        now = one.state()
        assert (now["plan"], now["held"]) == (before["plan"], before["held"]), name
    mirror.lie("", None)


def refused_files(one: Life, mirror: Mirror) -> None:
    """Files that are not what the plan names, which itself is let through."""
    for name, lie in LIES.items():
        refused = refusals(one)
        mirror.lie("assets", lie)
        mirror.peer.push("head", publish(mirror.sim, f"Film {name}", os.urandom(200_000))[0])
        until(lambda: mirror.told, f"a file to be asked for ({name})")
        if name not in ("trickle", "promise"):
            until(lambda: refusals(one) > refused, f"a refusal ({name})")  # noqa: B023
        if name == "promise":
            until(lambda: "files_full" in one.get("/health").text, "no room")
        until(lambda: one.state()["plan"]["revision"] == mirror.sim.revision, f"the plan ({name})")
        assert one.state()["held"] == [], name


@pytest.mark.slow
def test_a_mirror_without_a_key_changes_nothing_and_is_forgotten(
    mirror: Mirror, tmp_path: Path
) -> None:
    with life(mirror.peer.url, tmp_path) as one:
        pair(one, mirror.peer)
        memory = psutil.Process(one.child.pid)
        head, shown = publish(mirror.sim, "Photo", os.urandom(MB))
        mirror.peer.push("head", head)
        until(lambda: one.state()["held"] == [shown], "the picture")
        before = memory.memory_info().rss
        refused_plans(one, mirror)
        refused_files(one, mirror)
        plan = one.state()["plan"]
        for token in old_and_mixed_heads(mirror.sim):
            mirror.peer.push("head", token)
        door = b'{"url":"file:///etc/passwd"}'
        mirror.sim.faults.hook = lambda method, path: (200, {}, door) if path == "/door" else None
        mirror.peer.hang_up()
        until(lambda: ("GET", "/door") in mirror.sim.requests[-5:], "the door to be asked for")
        mirror.sim.faults.hook = lambda method, path: None
        assert one.state()["plan"] == plan
        assert memory.memory_info().rss - before < MOST_MEMORY
        assert sum(it.stat().st_size for it in tmp_path.rglob("*") if it.is_file()) < MOST_DISK
    told = mirror.told
    with life(mirror.peer.url, tmp_path) as again:
        assert again.state()["plan"] == plan
        until(lambda: mirror.told > told, "the file to be asked for again")
        assert again.state()["held"] == []
        # All is well once the mirror is gone.
        mirror.lie("", None)
        head, film = publish(mirror.sim, "Enfin", os.urandom(200_000))
        until(lambda: again.get("/health").json()["link"], "the link")
        mirror.peer.push("head", head)
        until(lambda: again.state()["held"] == [film], "the film")
        assert again.state()["plan"]["revision"] == mirror.sim.revision
    assert not mirror.was_followed
