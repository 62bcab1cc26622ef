"""Bits that flip on a worn card, and disks that are full."""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import requests

from tests.bench.faults_disks import flip
from tests.bench.faults_life import LOOK_S, Life
from tests.bench.faults_points import Walk

PAGE_BYTES = 4_096
NOBODY = "http://127.0.0.1:9"
ALONE_S = 1.5
"""How long a player without its server is looked at."""
FULL_S = 4.0
CHANGES = 3
CACHED = ("objects", "assets")
DATABASES = ("state.db", "state.db-wal", "plays.db", "plays.db-wal")


def rot_files(walk: Walk, seed: int, rounds: int) -> int:
    """Flip a bit in every cached file, every key and every copy of a state; how many flipped.

    Each time the player first lives without its server, then with it.
    """
    dice = random.Random(seed)
    flipped = 0
    for number in range(rounds):
        walk.when = f"round {number} of bits flipped"
        for _ in range(CHANGES):
            walk.shop.change()
            walk.live()
        single = [path for path in sorted(walk.data.iterdir()) if _is_single(path)]
        for group in [sorted(_cached(walk.data)), *([path] for path in single)]:
            for path in group:
                flip(path, dice.randrange(path.stat().st_size * 8))
            flipped += len(group)
            alone(walk)
            walk.live()
    return flipped


def rot_pages(walk: Walk, seed: int, most: int) -> int:
    """Flip a bit in each page of the databases, one after another; how many flipped."""
    dice = random.Random(seed)
    flipped = 0
    while flipped < most:
        walk.shop.change()
        walk.live()
        _leave_plays(walk)
        for name in DATABASES:
            path = walk.data / name
            pages = path.stat().st_size // PAGE_BYTES if path.exists() else 0
            for page in dice.sample(range(pages), min(pages, most // 8 + 1)):
                if not path.exists() or path.stat().st_size < (page + 1) * PAGE_BYTES:
                    continue
                walk.when = f"a bit of page {page} of {name} flipped"
                flip(path, (page * PAGE_BYTES + _within(dice)) * 8 + dice.randrange(8))
                flipped += 1
                alone(walk)
                walk.live()
    return flipped


def fill(walk: Walk, rounds: int) -> int:
    """Fill the disk under a player that has news to fetch, start it so, make room again; how often
    it was full."""
    ballast = walk.data.parent / "ballast"
    for left in [0, 4_096, 40_960, 262_144][:rounds]:
        walk.when = f"full but for {left} bytes"
        walk.shop.change()
        walk.live()
        life = Life(walk.peer.url, walk.data)
        _fill(ballast, left)
        _stay(walk, life, FULL_S)
        life.end(signal.SIGKILL)
        life = Life(walk.peer.url, walk.data)
        if not _stay(walk, life, FULL_S):
            walk.fates.never_back.append(walk.when)
        life.end(signal.SIGKILL)
        ballast.unlink()
        walk.live()
    return min(rounds, 4)


def alone(walk: Walk) -> None:
    """A life without a server: whatever shows is looked at."""
    life = Life(NOBODY, walk.data)
    _stay(walk, life, ALONE_S)
    walk.ended(life, life.end(signal.SIGKILL))


def _stay(walk: Walk, life: Life, most_s: float) -> bool:
    """Look, and tell turns, for so long or until it paints; whether it did."""
    painted = False
    deadline = time.monotonic() + most_s
    with suppress(requests.RequestException):
        while life.url and life.is_alive and time.monotonic() < deadline and not painted:
            painted = walk.judge.look(life, walk.when)
            time.sleep(LOOK_S)
        walk.player.tell(life)
        walk.shop.change()
        walk.judge.look(life, walk.when)
    return painted


def _leave_plays(walk: Walk) -> None:
    """Have turns on the disk that no server has."""
    life = Life(NOBODY, walk.data)
    with suppress(requests.RequestException):
        for _ in range(3):
            walk.player.tell(life, 5)
    life.end(signal.SIGKILL)


def _cached(data: Path) -> list[Path]:
    return [path for kind in CACHED for path in (data / kind).rglob("*") if _is_single(path)]


def _is_single(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0 and not path.name.startswith("plays.db")


def _within(dice: random.Random) -> int:
    """A place in a page: its head and cell pointers are as likely as its rows."""
    return dice.randrange(120) if dice.random() < 0.4 else dice.randrange(PAGE_BYTES)


def _fill(ballast: Path, left: int) -> None:
    block = bytes(4_096)
    with ballast.open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(block * 64)
        with suppress(OSError):
            while True:
                file.write(block)
        file.truncate(max(0, file.tell() - left))
