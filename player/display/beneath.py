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
from collections.abc import Callable, Mapping
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
_ARGB8888, _XRGB8888 = 0, 1
_ACTIVATED = 4


class Beneath:
    """From its first `stand` to the end of the process. `stand` and `veil` are for one thread."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._thread: threading.Thread | None = None
        self._settled = threading.Event()
        self._shown: _Shown | None = None

    def stand(self) -> bool:
        """Have it stand: above all that is there now, if it did not yet. Whether it does."""
        if self._thread is None or not self._thread.is_alive():
            self._settled.clear()
            self._thread = threading.Thread(target=self._run, name="beneath", daemon=True)
            self._thread.start()
        return self._settled.wait(STAND_S) and self._shown is not None

    def veil(self) -> None:
        """The next window that comes is veiled, until `unveil`. sway puts no window above one that
        fills the display, and shows no other: there it stays as it is.
        """
        if "SWAYSOCK" not in os.environ:
            self._do(lambda shown: shown.veil())

    def unveil(self) -> None:
        """What is there may be seen. For any thread."""
        self._do(lambda shown: shown.unveil())

    def repaint(self) -> None:
        """Show what is painted now. For any thread."""
        self._do(lambda shown: shown.ground.draw())

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height in pixels, 0 and 0 while it does not stand."""
        shown = self._shown
        return shown.ground.size if shown else (0, 0)

    def _do(self, what: Callable[[_Shown], None]) -> None:
        shown = self._shown
        if shown is not None:
            try:
                what(shown)
            except (Gone, OSError) as why:
                print(f"What stands beneath the browser stays as it is: {why}", file=sys.stderr)

    def _run(self) -> None:
        try:
            with closing(Wire()) as wire:
                shown = _Shown(wire, self._paint)
                for number, opcode, body in wire.events():
                    if shown.hear(number, opcode, body):
                        self._shown = shown
                        self._settled.set()
        except (Gone, OSError, struct.error) as why:
            print(f"Nothing stands beneath the browser: {why}", file=sys.stderr, flush=True)
        finally:
            self._shown = None
            self._settled.set()


class _Shown:
    """The window beneath, and the veil while there is one."""

    def __init__(self, wire: Wire, paint: Paint) -> None:
        self._wire, self._paint = wire, paint
        self._bound = wire.bind(_WANTED)
        self._mapped = 0
        self._lock = threading.RLock()
        self._veil: _Window | None = None
        self.ground = _Window(wire, self._bound, paint)

    def hear(self, number: int, opcode: int, body: bytes) -> bool:
        """Take an event. True as soon as the compositor has the first picture."""
        with self._lock:
            if (number, opcode) == (self._bound["xdg_wm_base"], 0):
                self._wire.ask(number, 3, *struct.unpack("=I", body))
            was_active = self.ground.is_active
            if self.ground.hear(number, opcode, body):
                self._mapped = self._mapped or self._wire.make(DISPLAY, SYNC)
            if self._veil:
                self._veil.hear(number, opcode, body)
                if was_active and not self.ground.is_active:
                    self._veil.show()
        return number == self._mapped

    def veil(self) -> None:
        """Have one ready."""
        with self._lock:
            self.unveil()
            self._veil = _Window(self._wire, self._bound, self._paint, is_veil=True)

    def unveil(self) -> None:
        """Take it away."""
        with self._lock:
            if self._veil:
                self._veil.end()
                self._veil = None


class _Window:
    """A window as large as the compositor makes it (xdg-shell, wayland.xml)."""

    def __init__(
        self, wire: Wire, bound: Mapping[str, int], paint: Paint, *, is_veil: bool = False
    ) -> None:
        self._wire, self._paint = wire, paint
        self.size, self._drawn = FIRST_SIZE, (0, 0)
        self.is_active = False
        self._kind = _ARGB8888 if is_veil else _XRGB8888
        self._waits = is_veil
        self._buffers: set[int] = set()
        self._lock = threading.Lock()
        self._shm = bound["wl_shm"]
        self._surface = wire.make(bound["wl_compositor"], 0)
        self._role = wire.make(bound["xdg_wm_base"], 2, self._surface)
        self._top = wire.make(self._role, 1)
        wire.ask(self._top, 2, "Enseigne")
        wire.ask(self._surface, 6)

    def hear(self, number: int, opcode: int, body: bytes) -> bool:
        """Take an event. Whether it was drawn for it."""
        if (number, opcode) == (self._top, 0):
            width, height, length = struct.unpack_from("=iiI", body)
            if width > 0 and height > 0:
                self.size = width, height
            self.is_active = _ACTIVATED in struct.unpack_from(f"={length // 4}I", body, 12)
        elif (number, opcode) == (self._role, 0):
            self._wire.ask(self._role, 4, *struct.unpack("=I", body))
            if self.size != self._drawn:
                self.draw()
                return True
        elif opcode == 0 and number in self._buffers:
            # The compositor has made its own of it.
            self._buffers.remove(number)
            self._wire.ask(number, 0)
        return False

    def draw(self) -> None:
        """Paint it anew, as large as it is to be."""
        with self._lock:
            width, height = self._drawn = self.size
            if width and height:
                buffer = self._buffer(width, height)
                self._buffers.add(buffer)
                self._wire.ask(self._surface, 1, buffer, 0, 0)
                self._wire.ask(self._surface, 2, 0, 0, width, height)
                if not self._waits:
                    self._wire.ask(self._surface, 6)

    def show(self) -> None:
        """Put there what was drawn until now."""
        self._waits = False
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
            buffer = self._wire.make(pool, 0, 0, width, height, row, self._kind)
            self._wire.ask(pool, 1)
        return buffer

    def end(self) -> None:
        """Take it away."""
        for number in (self._top, self._role, self._surface, *self._buffers):
            self._wire.ask(number, 0)
