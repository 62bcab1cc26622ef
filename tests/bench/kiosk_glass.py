"""What stands on the glass while one browser takes another's place: every frame that is made.

`python -m tests.bench.kiosk_glass --rounds 5 --json`: the kiosk as it is installed, in its real
compositor (cage or sway) without a display (headless wlroots), with a real Chromium and a paired
player. Each round the browser is killed, stands still (SIGSTOP), or its page's process is killed.
Every frame is copied as the compositor makes it (wlr-screencopy, with damage) and judged.

`black_ms`, `white_ms`: for how long such a frame stood, at most, by trouble; `plain_ms`: one of
another single colour, as a window has before its page; `rest_ms`: the resting picture. `start_…`:
the same from the compositor's first frame on. `--keep FOLDER` keeps each other picture. Exit code
1: a frame was black or white after the resting picture had come; 77: no compositor is here.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests

from player.display.chromium import find_chromium
from player.display.resting import Resting, night
from player.display.wayland import Gone, Wire
from tests.bench.figures import spread
from tests.bench.kiosk import a_shop
from tests.fakes.server_peer import running_peer
from tests.player.life import Life, paired_life
from tests.support.programs import CHROMIUM_FLAGS, end

NOT_HERE = 77
WAIT_S = 60.0
SETTLED_S = 3.0
ROUNDS = 3
EVERY = 101
"""One pixel of so many is looked at."""
MOST = 0.5
"""A frame is black or white where so many of its pixels are."""
WHITE = 0xE0
"""Of 255, each of a pixel's colours at least."""
WITHOUT_A_DISPLAY = {
    "WLR_BACKENDS": "headless",
    "WLR_RENDERER": "pixman",
    "WLR_LIBINPUT_NO_DEVICES": "1",
}
_COPIES = {"wl_shm": 1, "wl_output": 1, "zwlr_screencopy_manager_v1": 3}
_ABOUT, _READY, _FAILED, _ALL_TOLD = 0, 2, 3, 6


@dataclass(frozen=True, slots=True)
class Frame:
    """When it was copied (monotonic s), its kind (see `kind_of`), and which pixels it had."""

    at: float
    kind: str
    print: int


class Glass:
    """Copies each frame of this process's compositor, in a thread of its own, until that ends."""

    def __init__(self, keep: Path | None = None) -> None:
        self.frames: list[Frame] = []
        self.size = (0, 0)
        self._keep = keep
        self._wire = Wire()
        self._bound = self._wire.bind(_COPIES)
        threading.Thread(target=self._run, name="glass", daemon=True).start()

    def _run(self) -> None:
        frame, buffer, about = self._next(), 0, (0, 0, 0, 0)
        memory: mmap.mmap | None = None
        with suppress(Gone):
            for number, opcode, body in self._wire.events():
                if number != frame:
                    continue
                if opcode == _ABOUT:
                    about = struct.unpack("=IIII", body)
                elif opcode == _ALL_TOLD:
                    is_first = memory is None or len(memory) != about[2] * about[3]
                    if memory is None or is_first:
                        memory, buffer = self._buffer(*about)
                    self._wire.ask(frame, 0 if is_first else 2, buffer)
                elif opcode in (_READY, _FAILED):
                    if opcode == _READY and memory is not None:
                        self._judge(memory, about[1], about[2])
                    self._wire.ask(frame, 1)
                    frame = self._next()

    def _next(self) -> int:
        manager, output = self._bound["zwlr_screencopy_manager_v1"], self._bound["wl_output"]
        return self._wire.make(manager, 0, 0, output)

    def _buffer(self, kind: int, width: int, height: int, row: int) -> tuple[mmap.mmap, int]:
        fd = os.memfd_create("glass")
        os.truncate(fd, row * height)
        pool = self._wire.make(self._bound["wl_shm"], 0, row * height, fd=fd)
        buffer = self._wire.make(pool, 0, 0, width, height, row, kind)
        memory = mmap.mmap(fd, row * height)
        os.close(fd)
        return memory, buffer

    def _judge(self, memory: mmap.mmap, width: int, height: int) -> None:
        seen = pixels(memory)
        kind = kind_of(seen)
        self.size = width, height
        self.frames.append(Frame(time.monotonic(), kind, hash(seen)))
        is_other = len(self.frames) < 2 or self.frames[-2].print != self.frames[-1].print
        if self._keep and is_other:
            rgb = bytearray(width * height * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = memory[2::4], memory[1::4], memory[0::4]
            path = self._keep / f"{len(self.frames):05d}-{kind}.ppm"
            path.write_bytes(b"P6 %d %d 255\n" % (width, height) + rgb)


def pixels(picture: bytes | mmap.mmap) -> tuple[int, ...]:
    """Some of a picture's, without what is not colour."""
    with memoryview(picture) as view, view.cast("I") as words:
        return tuple(word & 0xFFFFFF for word in words[::EVERY].tolist())


def kind_of(seen: tuple[int, ...]) -> str:
    """Whether that is a black or a white frame, or all of one other colour."""
    colour, count = Counter(seen).most_common(1)[0]
    if count < MOST * len(seen):
        return ""
    if colour == 0 or min(colour.to_bytes(3)) >= WHITE:
        return "white" if colour else "black"
    return "plain" if count == len(seen) else ""


class Screen:
    """A kiosk in its compositor; `agent` is its player's address."""

    def __init__(self, glass: Glass, agent: str, kept: Path) -> None:
        self.glass, self.agent, self._kept = glass, agent, kept

    def browser(self) -> psutil.Process | None:
        """The browser's first process, None while there is none."""
        mine = f"--user-data-dir={self._kept}/chromium"
        for one in psutil.process_iter():
            line = _line(one)
            if mine in line and not any(word.startswith("--type=") for word in line):
                return one
        return None

    def shown(self, before: int) -> None:
        """Wait until another browser than that one has painted, and a little longer."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            one = self.browser()
            if one is not None and one.pid != before:
                told = requests.get(f"{self.agent}/painted", timeout=5).json()
                with suppress(psutil.Error):
                    if told["drawn_ago_ms"] < (time.time() - one.create_time()) * 1000:
                        time.sleep(SETTLED_S)
                        return
            time.sleep(0.02)
        raise TimeoutError(f"no other browser than {before} has painted after {WAIT_S:.0f} s")

    def stood(self, since: float, kind: str) -> float:
        """Milliseconds for which frames of that kind stood since then: see Frame, or "rest"."""
        rests = {hash(pixels(one)) for one in self._rests()} if kind == "rest" else set()
        frames = [*self.glass.frames, Frame(time.monotonic(), "", 0)]
        stood_s = 0.0
        for one, after in pairwise(frames):
            if one.kind == kind or one.print in rests:
                stood_s += max(0.0, after.at - max(one.at, since))
        return stood_s * 1000

    def _rests(self) -> list[bytes]:
        return [night(*self.glass.size), Resting(self._kept).paint(*self.glass.size)]


def _line(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        # Chromium's own processes write theirs as one word.
        return " ".join(process.cmdline()).split()
    return []


def _page(screen: Screen) -> psutil.Process:
    browser = screen.browser()
    assert browser is not None
    mine = [it for it in browser.children(recursive=True) if "--type=renderer" in _line(it)]
    return max(mine, key=lambda one: one.memory_info().rss)


def _send(number: signal.Signals) -> Callable[[Screen], None]:
    def send(screen: Screen) -> None:
        if browser := screen.browser():
            browser.send_signal(number)

    return send


TROUBLES: Mapping[str, Callable[[Screen], None]] = {
    "browser_is_killed": _send(signal.SIGKILL),
    "browser_stands_still": _send(signal.SIGSTOP),
    "page_is_killed": lambda screen: _page(screen).kill(),
}


@contextmanager
def a_kiosk(keep: Path | None) -> Iterator[Screen]:
    """A player that has its plan, and the kiosk before it from its first frame on."""
    with tempfile.TemporaryDirectory() as folder, running_peer(a_shop()) as peer:
        paired_life(peer, Path(folder, "agent")).kill()
        life = Life(peer.url, Path(folder, "agent"))
        os.environ.update(
            {**WITHOUT_A_DISPLAY, "XDG_RUNTIME_DIR": folder, "CACHE_DIRECTORY": folder}
        )
        os.environ.pop("WAYLAND_DISPLAY", None)
        words = ["--port", str(urlsplit(life.url).port)]
        words += ["--chromium-flags", " ".join(CHROMIUM_FLAGS)]
        child = subprocess.Popen(
            [sys.executable, "-m", "player.kiosk", *words], stderr=subprocess.DEVNULL
        )
        try:
            screen = Screen(_glass(keep), life.url, Path(folder))
            screen.shown(0)
            yield screen
        finally:
            end(child)
            life.kill()
            for one in psutil.process_iter():
                # Of sway they are no children.
                with suppress(psutil.Error):
                    if one.pid != os.getpid() and one.environ().get("CACHE_DIRECTORY") == folder:
                        one.kill()


def _glass(keep: Path | None) -> Glass:
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            sockets = Path(os.environ["XDG_RUNTIME_DIR"]).glob("wayland-[0-9]")
            os.environ["WAYLAND_DISPLAY"] = next((path.name for path in sockets), "wayland-0")
            return Glass(keep)
        except Gone:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def measure(rounds: int, keep: Path | None) -> dict[str, Any]:
    """Each trouble so many times."""
    kinds = ("black", "white", "plain", "rest")
    found: dict[str, dict[str, list[float]]] = {
        name: {kind: [] for kind in kinds} for name in TROUBLES
    }
    with a_kiosk(keep) as screen:
        start = {f"start_{kind}_ms": round(screen.stood(0, kind)) for kind in kinds}
        for _ in range(rounds):
            for name, trouble in TROUBLES.items():
                before, since = screen.browser(), time.monotonic()
                trouble(screen)
                screen.shown(before.pid if before else 0)
                for kind in kinds:
                    found[name][kind].append(screen.stood(since, kind))
        frames = len(screen.glass.frames)
    return {
        **start,
        "by_trouble": {
            name: {
                "black_ms": round(max(stood["black"])),
                "white_ms": round(max(stood["white"])),
                "plain_ms": spread(stood["plain"]),
                "rest_ms": spread(stood["rest"]),
            }
            for name, stood in found.items()
        },
        "frames": frames,
        "rounds": rounds,
        "load": round(os.getloadavg()[0], 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--keep", type=Path)
    options.add_argument("--json", action="store_true")
    given = options.parse_args(arguments)
    if not (shutil.which("cage") or shutil.which("sway")) or find_chromium() is None:
        print("This needs cage or sway, and Chromium.", file=sys.stderr)
        sys.exit(NOT_HERE)
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    found = measure(given.rounds, given.keep)
    print(json.dumps(found, indent=None if given.json else 2))
    bad = [found["start_white_ms"]]
    bad += [
        told[kind] for told in found["by_trouble"].values() for kind in ("black_ms", "white_ms")
    ]
    if any(bad):
        sys.exit("a frame was black or white")


if __name__ == "__main__":
    main()
