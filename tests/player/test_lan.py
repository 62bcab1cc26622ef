"""Files between players over real sockets: given by their whole hash, checked, never believed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path

import pytest
import requests

from player.agent import fetching
from player.agent.fetching import Fetch
from player.agent.sharing import Sharing, Spared
from player.cache.store import Budget, Store
from player.errors import Unreachable
from player.health import Health
from player.link import lan, lan_server, near
from player.link.http import Server
from player.link.lan_client import Fetches, Gives, LanClient, Neighbour, Says, exchange
from player.link.lan_server import LanServer
from playlists.ids import Sha256, sha256

FILE = bytes(range(256)) * 1_000
ADDRESS = sha256(FILE)
KEEP: frozenset[Sha256] = frozenset()


class Lan:
    """Who is found."""

    id = "f" * 16
    is_settled = True

    def __init__(self, *peers: Neighbour) -> None:
        self._peers = peers

    def neighbours(self) -> tuple[Neighbour, ...]:
        return self._peers


@dataclass
class Shop:
    """A player with files, whom another may ask; what it says of files on their way."""

    store: Store
    server: LanServer
    arrived: dict[Sha256, int]

    @property
    def as_peer(self) -> Neighbour:
        return Neighbour("b" * 16, "127.0.0.1", self.server.port)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.port}{path}"


@contextmanager
def giver(folder: Path, *files: bytes) -> Iterator[Shop]:
    """A player that holds these files."""
    store = Store(folder / "files", Budget(10**9))
    for data in files:
        store.put(sha256(data), data, KEEP)
    arrived: dict[Sha256, int] = {}
    server = LanServer(0, store.path, arrived.get)
    server.start()
    try:
        yield Shop(store, server, arrived)
    finally:
        server.stop()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with giver(tmp_path / "giver", FILE) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mine", Budget(10**7))


class NoServer(Server):
    """A server that nobody may ask."""

    def __init__(self) -> None:
        """Nothing is needed."""

    def asset(self, address: Sha256, offset: int) -> tuple[tuple[int, int], Iterator[bytes]]:
        raise Unreachable("the shop's line is down")


def taker(store: Store, *peers: Neighbour) -> tuple[Fetch, Health]:
    """A player that finds these, and no server."""
    health = Health()
    made = Sharing(
        lambda arrived: Lan(*peers),  # type: ignore[arg-type,return-value]
        store.part_size,
        lambda: time.monotonic_ns() // 1_000_000,
    )
    return Fetch(NoServer(), store, health, sharing=made), health


def counts(health: Health) -> dict[str, int]:
    told: dict[str, int] = health.to_json()["counts"]
    return told


def test_a_file_comes_from_the_neighbour_and_is_checked(shop: Shop, store: Store) -> None:
    fetch, health = taker(store, shop.as_peer)
    assert fetch.get(ADDRESS, KEEP) == Spared()
    assert store.read(ADDRESS) == FILE
    assert counts(health) == {"files_from_neighbours": 1}


def test_a_file_goes_on_where_the_same_neighbour_broke_off(shop: Shop, store: Store) -> None:
    store.write_part(ADDRESS, (0, 1_000), [FILE[:1_000]], KEEP, shop.as_peer.id)
    said = LanClient().ask(shop.as_peer, ADDRESS, 1_000)
    assert isinstance(said, Gives)
    assert said.span == (1_000, len(FILE))
    fetch, _ = taker(store, shop.as_peer)
    fetch.get(ADDRESS, KEEP)
    assert store.read(ADDRESS) == FILE
    assert list((store._folder / "partial").iterdir()) == []


def lies(path: Path, how: str) -> None:
    """Have a giver's file be something else, which its own check does not see."""
    data = path.read_bytes()
    changed = {"byte": data[:-1] + b"?", "short": data[:-100], "long": data + b"more"}[how]
    path.write_bytes(changed)


@pytest.mark.parametrize("how", ["byte", "short", "long"])
def test_a_neighbour_that_lies_costs_one_file_and_is_not_asked_again(
    shop: Shop, store: Store, how: str
) -> None:
    path = shop.store.path(ADDRESS)
    assert path is not None
    lies(path, how)
    shop.server._server.file = lambda address: path
    store.write_part(ADDRESS, (0, 1_000), [FILE[:1_000]], KEEP)
    fetch, health = taker(store, shop.as_peer)
    assert fetch.get(ADDRESS, KEEP) == Spared()
    assert counts(health) == {"neighbours_that_lied": 1}
    assert store.held() == frozenset()
    assert store.part_size(ADDRESS) == 1_000, "what came from the server stays"
    with pytest.raises(Unreachable):
        fetch.get(ADDRESS, KEEP)


def test_a_neighbour_that_claims_more_than_there_is_room_for_is_left(store: Store) -> None:
    claim = b"HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n"
    with answering(claim) as liar:
        fetch, _ = taker(store, liar)
        assert fetch.get(ADDRESS, KEEP) == Spared()
        with pytest.raises(Unreachable):
            fetch.get(ADDRESS, KEEP)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n123456789",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_a_neighbour_that_speaks_otherwise_counts_as_gone(answer: bytes) -> None:
    with answering(answer) as strange:
        assert LanClient().ask(strange, ADDRESS, 0) is Says.GONE


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b"x" * 11,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11,
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_something_small_is_asked_for_and_nothing_else_is_taken(answer: bytes) -> None:
    with answering(answer) as strange, pytest.raises(Unreachable):
        exchange(replace(strange, hands_port=strange.port), "/x", b"{}", 10)


def test_a_neighbour_that_gives_slowly_is_left_for_the_server(
    shop: Shop, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SLOW_S", 0.0)
    monkeypatch.setattr(fetching, "SLOW_BYTES_S", 10**12)
    fetch, _ = taker(store, shop.as_peer)
    assert fetch.get(ADDRESS, KEEP) == Spared()
    with pytest.raises(Unreachable):
        fetch.get(ADDRESS, KEEP)


@contextmanager
def answering(data: bytes) -> Iterator[Neighbour]:
    """A neighbour that says this to whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:

        def serve() -> None:
            while True:
                try:
                    taken = stack.enter_context(listening.accept()[0])
                    taken.recv(65_536)
                    taken.sendall(data)
                    taken.shutdown(socket.SHUT_WR)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Neighbour("c" * 16, "127.0.0.1", listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_what_is_on_its_way_is_told_and_what_lacks_is_not(shop: Shop) -> None:
    other = sha256(b"other")
    assert LanClient().ask(shop.as_peer, other, 0) is Says.LACKS
    shop.arrived[other] = 77
    assert LanClient().ask(shop.as_peer, other, 0) == Fetches(77)


def test_a_file_is_given_by_its_whole_hash_alone(shop: Shop) -> None:
    assert requests.get(shop.url(f"/assets/{ADDRESS}"), timeout=5).content == FILE
    for path in (
        "/",
        "/assets/",
        f"/assets/{ADDRESS[:63]}",
        f"/assets/{ADDRESS.upper()}",
        f"/assets/{ADDRESS}/",
        f"/assets/../assets/{ADDRESS}",
        f"/objects/{ADDRESS}",
        "/state",
        "/health",
        f"/assets/{ADDRESS}?list=1",
    ):
        answer = raw(shop, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 "), path
    assert raw(shop, "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").startswith(b"HTTP/1.1 501 ")


def raw(shop: Shop, request: str) -> bytes:
    """All of an answer."""
    with socket.create_connection(("127.0.0.1", shop.server.port), timeout=5) as line:
        line.sendall(request.encode())
        return b"".join(iter(lambda: line.recv(65_536), b""))


def test_damaged_files_are_not_passed_on(shop: Shop) -> None:
    path = shop.store.path(ADDRESS)
    assert path is not None
    lies(path, "byte")
    assert requests.get(shop.url(f"/assets/{ADDRESS}"), timeout=5).status_code == 404


def test_one_address_gets_few_connections_and_files_are_sent_few_at_once(
    shop: Shop,
) -> None:
    ask = f"GET /assets/{ADDRESS} HTTP/1.1\r\n\r\n".encode()
    with ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", shop.server.port), 5))
            for _ in range(near.MOST_OF_ONE)
        ]
        until(lambda: shop.server._server._open.total() == near.MOST_OF_ONE)
        refused = stack.enter_context(socket.create_connection(("127.0.0.1", shop.server.port), 5))
        assert refused.recv(1) == b""
        for _ in range(lan_server.MOST_SENT):
            shop.server._server.sending.acquire()
        idle[0].sendall(ask)
        assert idle[0].recv(12) == b"HTTP/1.1 503"
    until(lambda: not shop.server._server._open)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(KeyError("a fault of ours"), True), (HTTPException("endless"), False), (OSError(), False)],
)
def test_a_fault_of_ours_is_told_and_a_stranger_s_is_not(
    shop: Shop, wrong: Exception, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise wrong
    except Exception:
        shop.server._server.handle_error(None, ("10.0.0.1", 1))
    assert ("a fault of ours" in capsys.readouterr().err) is told


def test_a_network_that_fails_at_one_look_is_looked_at_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def addresses() -> tuple[str, ...]:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("the library's own kind")
        return ()

    monkeypatch.setattr(lan, "LOOK_S", 0.01)
    monkeypatch.setattr(lan, "_own_addresses", addresses)
    monkeypatch.setattr(shop.server, "start", lambda: None)
    found = lan.Lan(shop.server)
    found.join("group")
    until(lambda: len(looks) > 1)
    monkeypatch.setattr(shop.server, "stop", lambda: None)
    found.stop()


def test_strangers_from_far_away_are_not_served(shop: Shop) -> None:
    allowed = shop.server._server.verify_request
    assert not allowed(None, ("93.184.216.34", 1))
    assert not allowed(None, ("2606:2800:220:1::1", 1))
    assert allowed(None, ("192.168.1.4", 1))


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
