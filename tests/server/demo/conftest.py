"""Peers for the outside world's tests: a receiver that stands in for the signage server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from server.demo.world.breakage import Breakage
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.shop import Shop
from server.demo.world.stall import Stall
from server.demo.world.webhook import Webhook

DEADLINE_S = 8.0


@dataclass(frozen=True)
class Call:
    """One request that the receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server that records POSTs and answers with the statuses it was given, then 202."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    grown: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, call: Call) -> int:
        with self.grown:
            self.calls.append(call)
            self.grown.notify_all()
            return self.statuses.pop(0) if self.statuses else 202

    def wait_for(self, enough: Callable[[list[Call]], bool]) -> list[Call]:
        with self.grown:
            assert self.grown.wait_for(lambda: enough(self.calls), DEADLINE_S), self.calls
            return list(self.calls)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(taken.take(Call(self.path, dict(self.headers), body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def stall(journal: Journal) -> Stall:
    return Stall(JsonFile(None), journal)


@pytest.fixture
def shop(stall: Stall, journal: Journal) -> Shop:
    return Shop(stall, Breakage(journal), Webhook(None, "", stall, journal))
