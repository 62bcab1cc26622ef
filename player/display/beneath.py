"""The window beneath the browser's: what a display shows while no browser covers it.

cage puts a new window above those before it, and never moves one afterwards. So this one is to
stand before each browser begins, and where it was lost while a browser stood, it comes back when
that one is to go. It takes no keys, no touches and no focus: it asks for no seat.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import closing

from player.display.resting import BYTES_A_PIXEL
from player.display.wayland import DISPLAY, SYNC, Gone, Wire

STAND_S = 3.0
"""How long a browser waits for it at most: what nobody could put there keeps no page away."""
FIRST_SIZE = 1280, 720
"""Before a compositor that leaves it to its windows (sway, at first) has said how large."""
Paint = Callable[[int, int], bytes]
"""Width and height to a picture as `resting` has them."""

_WANTED = {"wl_compositor": 1, "wl_shm": 1, "xdg_wm_base": 1}
_XRGB8888 = 1


class Beneath:
    """From its first `stand` to the end of the process. For one thread, but `repaint`."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._thread: threading.Thread | None = None
        self._settled = threading.Event()
        self._window: _Window | None = None

    def stand(self) -> bool:
        """Have it stand: above all that is there now, if it did not yet. Whether it does."""
        if self._thread is None or not self._thread.is_alive():
            self._settled.clear()
            self._thread = threading.Thread(target=self._run, name="beneath", daemon=True)
            self._thread.start()
        return self._settled.wait(STAND_S) and self._window is not None

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height in pixels, 0 and 0 while it does not stand."""
        window = self._window
        return window.size if window else (0, 0)

    def repaint(self) -> None:
        """Show what is painted now."""
        window = self._window
        if window is not None:
            try:
                window.draw()
            except (Gone, OSError) as why:
                print(f"Nothing else stands beneath the browser: {why}", file=sys.stderr)

    def _run(self) -> None:
        try:
            with closing(Wire()) as wire:
                window = _Window(wire, self._paint)
                for number, opcode, body in wire.events():
                    if window.hear(number, opcode, body):
                        self._window = window
                        self._settled.set()
        except (Gone, OSError, struct.error) as why:
            print(f"Nothing stands beneath the browser: {why}", file=sys.stderr, flush=True)
        finally:
            self._window = None
            self._settled.set()


class _Window:
    """A window as large as the compositor makes it (xdg-shell, wayland.xml)."""

    def __init__(self, wire: Wire, paint: Paint) -> None:
        self._wire, self._paint = wire, paint
        self.size, self._drawn = FIRST_SIZE, (0, 0)
        self._buffers: set[int] = set()
        self._mapped = 0
        self._lock = threading.Lock()
        bound = wire.bind(_WANTED)
        self._shm, self._base = bound["wl_shm"], bound["xdg_wm_base"]
        self._surface = wire.make(bound["wl_compositor"], 0)
        self._role = wire.make(self._base, 2, self._surface)
        self._top = wire.make(self._role, 1)
        wire.ask(self._top, 2, "Enseigne")
        wire.ask(self._surface, 6)

    def hear(self, number: int, opcode: int, body: bytes) -> bool:
        """Take an event. True as soon as the compositor has the first picture."""
        if (number, opcode) == (self._base, 0):
            self._wire.ask(self._base, 3, *struct.unpack("=I", body))
        elif (number, opcode) == (self._top, 0):
            width, height = struct.unpack_from("=ii", body)
            if width > 0 and height > 0:
                self.size = width, height
        elif (number, opcode) == (self._role, 0):
            self._wire.ask(self._role, 4, *struct.unpack("=I", body))
            if self.size != self._drawn:
                self.draw()
            self._mapped = self._mapped or self._wire.make(DISPLAY, SYNC)
        elif opcode == 0 and number in self._buffers:
            # The compositor has made its own of it.
            self._buffers.remove(number)
            self._wire.ask(number, 0)
        return number == self._mapped

    def draw(self) -> None:
        """Paint it anew, as large as it is to be."""
        with self._lock:
            width, height = self._drawn = self.size
            if width and height:
                buffer = self._buffer(width, height)
                self._buffers.add(buffer)
                self._wire.ask(self._surface, 1, buffer, 0, 0)
                self._wire.ask(self._surface, 2, 0, 0, width, height)
                self._wire.ask(self._surface, 6)

    def _buffer(self, width: int, height: int) -> int:
        """Memory that only the compositor keeps."""
        row = width * BYTES_A_PIXEL
        fd = os.memfd_create("enseigne", os.MFD_CLOEXEC)
        with os.fdopen(fd, "wb") as memory:
            memory.write(self._paint(width, height))
            memory.truncate(row * height)
            memory.flush()
            pool = self._wire.make(self._shm, 0, row * height, fd=fd)
            buffer = self._wire.make(pool, 0, 0, width, height, row, _XRGB8888)
            self._wire.ask(pool, 1)
        return buffer
