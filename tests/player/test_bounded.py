"""Servers that mean harm at the level of bytes: every answer that a player reads has an end."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from player.errors import BadAnswer, PlayerError, Unreachable
from player.link import bounded, http
from player.link.http import Server
from playlists.ids import Sha256
from playlists.signing import SigningKey
from tests.fakes.shop_content import SCREEN

FILE = Sha256("f" * 64)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(gzip.compress(bytes(64 * 1024 * 1024), 9), 9)
MOST_MEMORY = 12 * 1024 * 1024


@contextmanager
def speaking(say: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server that does this with each connection; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                taken, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=speak, args=(taken,), daemon=True).start()

    def speak(taken: socket.socket) -> None:
        with taken:
            try:
                taken.recv(65_536)
                say(taken, over)
            except OSError:
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def dripping(head: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Sends a head, then a byte now and then."""

    def say(taken: socket.socket, over: threading.Event) -> None:
        taken.sendall(head)
        while not over.wait(0.02):
            taken.sendall(b"x")

    return say


def flooding(head: bytes, more: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Sends a head, then the same for ever."""

    def say(taken: socket.socket, over: threading.Event) -> None:
        taken.sendall(head)
        while not over.is_set():
            taken.sendall(more)

    return say


def saying(answer: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Answers just so."""
    return lambda taken, over: taken.sendall(answer)


def body(data: bytes, *headers: str) -> bytes:
    """An answer with that body."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return OK + f"{lines}Content-Length: {len(data)}\r\n\r\n".encode() + data


def server_at(url: str) -> Server:
    """A server that has given its token."""
    server = Server(url, SigningKey.generate())
    server.be(SCREEN)
    server.use_token("token")
    return server


def fetch_file(server: Server) -> int:
    """Bytes of a file."""
    return sum(len(block) for block in server.asset(FILE, 0)[1])


HARM = {
    "head that drips": dripping(b""),
    "header that drips": dripping(OK + b"X-Long: "),
    "body that drips": dripping(OK + b"Content-Length: 60000\r\n\r\n"),
    "endless headers": flooding(OK, b"X-More: " + b"a" * 1_000 + b"\r\n"),
    "endless heads": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless chunk line": flooding(CHUNKED, b"1" * 1_000),
    "endless trailers": flooding(CHUNKED + b"0\r\n", b"X: " + b"1" * 60_000 + b"\r\n"),
    "endless body": flooding(OK + b"\r\n", b"x" * 65_536),
    "bomb in a bomb": saying(body(BOMB, "Content-Encoding: gzip, gzip")),
    "bomb": saying(body(gzip.decompress(BOMB), "Content-Encoding: gzip")),
    "cut": saying(body(b"x" * 1_000)[:-500]),
    "length beyond all": saying(OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nx"),
}


@pytest.mark.parametrize("call", [Server.keys, fetch_file], ids=["answer", "file"])
@pytest.mark.parametrize("say", HARM.values(), ids=HARM)
def test_no_answer_takes_for_ever_or_all_memory(
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[[Server], object],
    say: Callable[[socket.socket, threading.Event], None],
) -> None:
    monkeypatch.setattr(bounded, "SLOW_S", 0.3)
    monkeypatch.setattr(bounded, "HEAD_S", 0.3)
    monkeypatch.setattr(bounded, "CHUNKED_BYTES", 4 * 1024 * 1024)
    with speaking(say) as url:
        server = server_at(url)
        tracemalloc.start()
        try:
            with pytest.raises((BadAnswer, Unreachable)):
                call(server)
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        finally:
            tracemalloc.stop()


def test_an_answer_that_is_packed_is_unpacked_up_to_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with speaking(saying(body(gzip.compress(b"a.b.c"), "Content-Encoding: gzip"))) as url:
        assert server_at(url).keys() == "a.b.c"
    cut = gzip.compress(b"a.b.c" * 100)[:-9]
    with (
        speaking(saying(body(cut, "Content-Encoding: gzip"))) as url,
        pytest.raises(Unreachable, match="broke"),
    ):
        server_at(url).keys()


@pytest.mark.parametrize(
    ("wish", "heard"), [("7", 7), ("9" * 400, http.MAX_RETRY_AFTER_S), ("-1", 0), ("soon", 0)]
)
def test_a_wish_for_patience_is_heard_within_reason(wish: str, heard: int) -> None:
    answer = f"HTTP/1.1 503 No\r\nRetry-After: {wish}\r\nContent-Length: 0\r\n\r\n".encode()
    with speaking(saying(answer)) as url, pytest.raises(Unreachable) as busy:
        server_at(url).keys()
    assert busy.value.retry_after_s == heard


def test_problems_told_at_any_length_or_depth_are_only_refusals() -> None:
    for told in (b"[" * 60_000, b"{" * 500_000, gzip.compress(bytes(10_000_000))):
        answer = body(told, "Content-Encoding: gzip" if told[:1] == b"\x1f" else "X: y")
        answer = answer.replace(b"200 OK", b"500 No")
        with speaking(saying(answer)) as url, pytest.raises(PlayerError):
            server_at(url).keys()


def test_cookies_are_not_gathered() -> None:
    cookies = [f"Set-Cookie: name{number}={'v' * 100}" for number in range(50)]
    with speaking(saying(body(b"a.b.c", *cookies))) as url:
        server = server_at(url)
        server.keys()
        assert len(server._session().cookies) == 0
