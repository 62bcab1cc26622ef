"""What stands beneath the browser: a window of our own, told by a compositor that a test plays."""

from __future__ import annotations

import array
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from player.display.beneath import Beneath
from player.display.resting import Resting
from tests.player.life import until

ACTIVATED = 4
OFFERS = ("wl_compositor", "wl_shm", "xdg_wm_base", "wl_seat")
MAKES = {
    ("wl_display", 0): "wl_callback",
    ("wl_display", 1): "wl_registry",
    ("wl_compositor", 0): "wl_surface",
    ("wl_shm", 0): "wl_shm_pool",
    ("wl_shm_pool", 0): "wl_buffer",
    ("xdg_wm_base", 2): "xdg_surface",
    ("xdg_surface", 1): "xdg_toplevel",
}
"""What each request that is named by interface and opcode makes (wayland.xml, xdg-shell.xml)."""


class Compositor:
    """Answers one client after the other; keeps what it is asked, and the pictures it is given."""

    def __init__(self, path: Path, offers: tuple[str, ...] = OFFERS) -> None:
        self.offers = offers
        self.size = (40, 30)
        self.keeps_buffers = True
        self.asked: list[tuple[str, int]] = []
        self.pictures: list[bytes] = []
        self.clients = 0
        self.window = -1
        self._client: socket.socket | None = None
        self._kinds: dict[int, str] = {}
        self._memory: dict[int, int] = {}
        self._attached: dict[int, int] = {}
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()
        self.drop()

    def drop(self) -> None:
        """End the connection."""
        if self._client:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def tell(self, interface: str, opcode: int, *words: int) -> None:
        """An event of the object of that interface, of several the newest, or of `window`."""
        number = [number for number, kind in self._kinds.items() if kind == interface][self.window]
        self._say(number, opcode, struct.pack(f"={len(words)}I", *words))

    def configure(self, width: int, height: int, *states: int) -> None:
        """The newest window is to be so large and in these states, and says that it heard."""
        self.tell("xdg_toplevel", 0, width, height, 4 * len(states), *states)
        self.tell("xdg_surface", 0, 7)

    def _serve(self) -> None:
        while True:
            try:
                self._client, _ = self._listening.accept()
            except OSError:
                return
            self._kinds, self._attached = {1: "wl_display"}, {}
            self.clients += 1
            with self._client as client:
                self._hear(client)

    def _hear(self, client: socket.socket) -> None:
        kept, fds = b"", []
        while True:
            try:
                data, passed, _, _ = socket.recv_fds(client, 65_536, 8)
            except OSError:
                return
            if not data:
                return
            kept, fds = kept + data, [*fds, *passed]
            while len(kept) >= 8 and len(kept) >= struct.unpack_from("=II", kept)[1] >> 16:
                number, size = struct.unpack_from("=II", kept)
                body, kept = kept[8 : size >> 16], kept[size >> 16 :]
                self._take(number, size & 0xFFFF, body, fds)

    def _take(self, number: int, opcode: int, body: bytes, fds: list[int]) -> None:
        kind = self._kinds[number]
        words = array.array("I", body)
        self.asked.append((kind, opcode))
        if (kind, opcode) == ("wl_registry", 0):
            self._kinds[words[-1]] = body[8 : 8 + words[1] - 1].decode()
            return
        made = MAKES.get((kind, opcode))
        if made:
            self._kinds[words[0]] = made
        if made == "wl_registry":
            for name, interface in enumerate(self.offers):
                text = interface.encode() + b"\0"
                text += bytes(-len(text) % 4)
                head = struct.pack("=II", name, len(interface) + 1)
                self._say(words[0], 0, head + text + struct.pack("=I", 1))
        elif made == "wl_callback":
            self._say(words[0], 0, struct.pack("=I", 0))
        elif made == "wl_shm_pool":
            self._memory[words[0]] = fds.pop(0)
        elif made == "wl_buffer":
            self._memory[words[0]] = self._memory.pop(number)
        elif (kind, opcode) == ("wl_surface", 1):
            self._attached[number] = words[0]
        elif (kind, opcode) == ("wl_surface", 6):
            self._commit(number)

    def _commit(self, surface: int) -> None:
        attached = self._attached.pop(surface, 0)
        if not attached:
            self.configure(*self.size)
            return
        memory = self._memory.pop(attached)
        self.pictures.append(os.pread(memory, os.fstat(memory).st_size, 0))
        os.close(memory)
        if not self.keeps_buffers:
            self._say(attached, 0, b"")

    def _say(self, number: int, opcode: int, body: bytes) -> None:
        assert self._client
        self._client.sendall(struct.pack("=II", number, (len(body) + 8) << 16 | opcode) + body)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Compositor]]:
    """Starts the compositor that this process then sees."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    started = []

    def begin(*offers: str) -> Compositor:
        started.append(Compositor(tmp_path / "wayland-9", offers or OFFERS))
        return started[0]

    yield begin
    for one in started:
        one.close()


@pytest.fixture
def resting(tmp_path: Path) -> Resting:
    return Resting(tmp_path)


def test_it_stands_as_large_as_the_compositor_makes_it(
    start: Callable[..., Compositor], resting: Resting
) -> None:
    compositor = start()
    assert Beneath(resting.paint).stand()
    assert compositor.pictures == [resting.paint(40, 30)]
    # Turned, it is painted anew; told nothing new, or no size at all, it is not.
    compositor.configure(40, 30)
    compositor.configure(0, 0)
    compositor.configure(30, 40)
    until(lambda: len(compositor.pictures) > 1, "the other picture")
    assert compositor.pictures[1:] == [resting.paint(30, 40)]
    assert compositor.asked.count(("xdg_surface", 4)) == 4  # each was acknowledged


def test_it_asks_for_no_keys_and_answers_whether_it_lives(
    start: Callable[..., Compositor], resting: Resting
) -> None:
    compositor = start()
    Beneath(resting.paint).stand()
    assert "wl_seat" not in {kind for kind, _ in compositor.asked}
    assert "wl_seat" not in compositor._kinds.values()
    compositor.tell("xdg_wm_base", 0, 4711)
    until(lambda: ("xdg_wm_base", 3) in compositor.asked, "its answer")


def test_it_keeps_no_memory_that_the_compositor_has_made_its_own(
    start: Callable[..., Compositor], resting: Resting
) -> None:
    compositor = start()
    compositor.keeps_buffers = False
    Beneath(resting.paint).stand()
    until(lambda: ("wl_buffer", 0) in compositor.asked, "the end of its buffer")


def test_a_browser_that_comes_is_veiled_until_it_may_be_seen(
    start: Callable[..., Compositor], resting: Resting
) -> None:
    compositor = start()
    beneath = Beneath(resting.paint)
    beneath.stand()
    compositor.configure(40, 30, ACTIVATED)
    beneath.veil()
    until(lambda: compositor.asked.count(("wl_surface", 1)) == 2, "another picture that waits")
    assert len(compositor.pictures) == 1
    compositor.window = 0
    compositor.configure(40, 30)
    until(lambda: len(compositor.pictures) == 2, "the veil")
    assert compositor.pictures[1] == resting.paint(40, 30)
    beneath.unveil()
    until(lambda: compositor.asked[-1] == ("wl_buffer", 0), "its end")
    assert ("xdg_toplevel", 0) in compositor.asked
    # Once more without a browser's window: nothing was seen of it.
    beneath.veil()
    beneath.unveil()
    until(lambda: compositor.asked.count(("xdg_toplevel", 0)) == 2, "its end")
    assert len(compositor.pictures) == 2


def test_sway_is_spared_a_window_that_it_would_not_show(
    start: Callable[..., Compositor], resting: Resting, monkeypatch: pytest.MonkeyPatch
) -> None:
    compositor = start()
    beneath = Beneath(resting.paint)
    beneath.stand()
    monkeypatch.setenv("SWAYSOCK", "/run/sway")
    beneath.veil()
    beneath.repaint()
    until(lambda: len(compositor.pictures) == 2, "the same picture again")
    assert compositor.asked.count(("wl_compositor", 0)) == 1


def test_lost_it_comes_back_when_it_is_asked_for_and_not_before(
    start: Callable[..., Compositor], resting: Resting
) -> None:
    """A window that comes would stand above a browser that is well."""
    compositor = start()
    beneath = Beneath(resting.paint)
    assert beneath.stand()
    assert beneath.stand()
    assert compositor.clients == 1
    compositor.drop()
    until(lambda: beneath._shown is None, "its end")
    assert compositor.clients == 1
    until(beneath.stand, "it stands again")
    assert compositor.clients == 2


def test_without_a_compositor_that_can_show_it_nothing_else_is_kept_waiting(
    start: Callable[..., Compositor], resting: Resting, capsys: pytest.CaptureFixture[str]
) -> None:
    beneath = Beneath(resting.paint)
    assert not beneath.stand()
    start("wl_compositor", "wl_shm")
    until(lambda: not beneath._thread or not beneath._thread.is_alive(), "its end")
    assert not beneath.stand()
    beneath.repaint()
    assert "no xdg_wm_base" in capsys.readouterr().err
