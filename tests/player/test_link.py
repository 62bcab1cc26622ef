"""The link over real sockets: HTTP and the door as a device meets them."""

from __future__ import annotations

import ipaddress
import queue
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from player.errors import BadAnswer, Denied, Missing, Unreachable
from player.link import http
from player.link.door import Door, Down, Heard, News, Told, Up
from player.link.http import Server
from playlists.admission import Trusted, admit_keys, admit_time
from playlists.ids import Sha256
from playlists.signing import KeyRing, SigningKey, public_key
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest
from tests.fakes.server_peer import Peer, running_peer
from tests.fakes.server_sim import Sim, device_of
from tests.fakes.shop_content import NOON, SCREEN, SHOP, content
from tests.player.bench import stocked

WITHIN_S = 15.0
REPORT = Report(0, {}, 0, 0, None, {}, nonce="n" * 22)


def mono() -> int:
    return time.monotonic_ns() // 1_000_000


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def peer(key: SigningKey) -> Iterator[Peer]:
    sim = stocked(Sim(lambda: NOON))
    sim.device = device_of(key)
    with running_peer(sim) as running:
        yield running


@pytest.fixture
def server(peer: Peer, key: SigningKey) -> Server:
    made = Server(peer.url, key)
    made.be(SCREEN)
    return made


def until(news: queue.Queue[News], kind: type) -> News:
    """The next news of a kind."""
    deadline = time.monotonic() + WITHIN_S
    while (left := deadline - time.monotonic()) > 0:
        try:
            found = news.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(found, kind):
            return found
    raise AssertionError(f"no {kind.__name__} came")


@pytest.fixture
def news() -> queue.Queue[News]:
    return queue.Queue()


@pytest.fixture
def door(peer: Peer, key: SigningKey, news: queue.Queue[News]) -> Iterator[Door]:
    made = Door(SCREEN, key, lambda: peer.url, news.put, mono, {"agent": True})
    yield made
    made.stop()


def test_pairing_goes_from_code_to_screen(peer: Peer, key: SigningKey) -> None:
    server = Server(peer.url, key)
    given = server.register(PairingRequest(key.x, "window", (1920, 1080)))
    assert server.paired(given) is None
    peer.sim.accept(given.code)
    paired = server.paired(given)
    assert paired is not None
    assert (paired.screen, paired.root.x) == (SCREEN, peer.sim.root.x)


def test_a_session_is_proved_once_and_again_when_its_token_is_over(
    peer: Peer, server: Server
) -> None:
    assert server.keys() == peer.sim.keys()
    server.report(REPORT)
    proofs = [path for _, path in peer.sim.requests].count("/sessions/prove")
    peer.sim.secret = b"t" * 32
    server.report(REPORT)
    assert proofs == 1
    assert [path for _, path in peer.sim.requests].count("/sessions/prove") == 2


def test_a_wrong_key_is_denied_in_words(peer: Peer) -> None:
    server = Server(peer.url, SigningKey.generate())
    server.be(SCREEN)
    with pytest.raises(Denied) as denied:
        server.report(REPORT)
    assert denied.value.code == "bad_signature"


def test_what_is_not_there_is_missing(server: Server) -> None:
    with pytest.raises(Missing):
        server.fetch_object(Sha256("0" * 64))


def test_an_answer_without_end_is_cut_at_its_limit(
    peer: Peer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_CHUNK_BYTES", 1_000)
    data = b"x" * 5_000
    peer.sim.objects[Sha256("1" * 64)] = data
    with pytest.raises(BadAnswer):
        server.fetch_object(Sha256("1" * 64))


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"messages":[1]}', b"\xff"])
def test_an_answer_that_is_not_the_servers_language_is_no_answer(
    peer: Peer, server: Server, body: bytes
) -> None:
    server.keys()
    peer.sim.faults.hook = lambda method, path: (200, {}, body)
    with pytest.raises(BadAnswer):
        server.offers(SHOP, 0)


def test_a_server_that_asks_for_patience_is_given_it(peer: Peer, server: Server) -> None:
    peer.sim.faults.hook = lambda method, path: (503, {"Retry-After": "7"}, b"")
    with pytest.raises(Unreachable) as busy:
        server.keys()
    assert busy.value.retry_after_s == 7


def test_a_redirect_is_not_followed(peer: Peer, server: Server) -> None:
    peer.sim.faults.hook = lambda method, path: (302, {"Location": "http://127.0.0.1:9/"}, b"")
    with pytest.raises(BadAnswer):
        server.keys()


def test_the_server_says_where_its_door_is(peer: Peer, server: Server) -> None:
    with pytest.raises(Missing):
        server.door()
    body = b'{"url":"http://door.test:8081"}'
    peer.sim.faults.hook = lambda method, path: (200, {}, body) if path == "/door" else None
    assert server.door() == "http://door.test:8081"


def test_nobody_there_is_unreachable(key: SigningKey) -> None:
    with pytest.raises(Unreachable):
        Server("http://127.0.0.1:9", key).register(PairingRequest(key.x, "", (1, 1)))


def test_the_door_lets_in_says_the_time_and_pushes(
    peer: Peer, door: Door, news: queue.Queue[News]
) -> None:
    door.start()
    assert isinstance(until(news, Up), Up)
    told = until(news, Told)
    assert isinstance(told, Told)
    root = public_key(peer.sim.root.x)
    trusted, _ = admit_keys(Trusted(SCREEN, KeyRing(root)), peer.sim.keys())
    trusted, _ = admit_time(trusted, told.token, told.nonce, told.sent_at, told.received_at)
    assert trusted.time.mark_ms == NOON
    peer.push("head", "a.b.c")
    assert until(news, Heard) == Heard("head", "a.b.c")


def test_what_is_pushed_arrives_in_order(peer: Peer, door: Door, news: queue.Queue[News]) -> None:
    door.start()
    until(news, Up)
    until(news, Told)
    sent = [f"{number}.b.c" for number in range(300)]
    for token in sent:
        peer.push("offers", token)
    assert [until(news, Heard) for _ in sent] == [Heard("offers", token) for token in sent]


def test_a_report_over_the_socket_is_answered_by_the_difference(
    peer: Peer, door: Door, news: queue.Queue[News]
) -> None:
    door.start()
    until(news, Up)
    until(news, Told)
    assert door.report(REPORT)
    heard = {until(news, Heard).kind for _ in range(3)}  # type: ignore[union-attr]
    assert heard == {"head", "offers", "freshness"}
    told = until(news, Told)
    assert isinstance(told, Told)
    assert told.nonce == REPORT.nonce


def test_a_link_that_ends_is_made_again(peer: Peer, door: Door, news: queue.Queue[News]) -> None:
    door.start()
    until(news, Up)
    peer.hang_up()
    assert until(news, Down) == Down("")
    assert isinstance(until(news, Up), Up)


def test_a_refusal_is_passed_on(peer: Peer, door: Door, news: queue.Queue[News]) -> None:
    peer.refuse = "cloned_key"
    door.start()
    assert until(news, Down) == Down("cloned_key")
    assert not door.is_up


@pytest.mark.parametrize("code", ["unknown_screen", "bad_signature"])
def test_a_door_that_has_not_heard_of_a_new_device_is_asked_again_soon(
    peer: Peer, door: Door, news: queue.Queue[News], code: str
) -> None:
    peer.refuse = code
    door.start()
    assert until(news, Down) == Down(code)
    peer.refuse = ""
    assert isinstance(until(news, Up), Up)


def test_what_is_not_the_doors_language_ends_the_link(
    peer: Peer, door: Door, news: queue.Queue[News]
) -> None:
    door.start()
    until(news, Up)
    peer.push("pull", {"what": "everything"})
    assert isinstance(until(news, Down), Down)


# --- TLS ------------------------------------------------------------------------------------------


def certificate(folder: Path, *, age_days: int) -> tuple[ssl.SSLContext, str]:
    """A server's context with a certificate issued `age_days` ago for 90 days, and its file."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(days=age_days)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    file, secret = folder / "server.pem", folder / "server.key"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return context, str(file)


@pytest.mark.parametrize("age_days", [400, -400])
def test_a_certificates_dates_count_only_once_the_clock_is_known_to_be_right(
    tmp_path: Path, key: SigningKey, news: queue.Queue[News], age_days: int
) -> None:
    context, ca = certificate(tmp_path, age_days=age_days)
    sim = stocked(Sim(lambda: NOON))
    sim.device = device_of(key)
    with running_peer(sim, context) as peer:
        server = Server(peer.url, key, ca)
        server.be(SCREEN)
        assert server.keys() == sim.keys()
        door = Door(
            SCREEN, key, lambda: peer.url, news.put, mono, {}, ca=ca, dates=lambda: server.dates
        )
        door.start()
        assert isinstance(until(news, Up), Up)
        door.stop()
        server.dates = True
        with pytest.raises(Unreachable, match="certificate"):
            server.keys()


def test_a_link_that_cannot_even_be_tried_is_tried_again(
    peer: Peer, key: SigningKey, news: queue.Queue[News], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority's file is replaced meanwhile, or a thread too many runs."""
    monkeypatch.setattr("player.link.door.FIRST_RETRY_S", 0.01)
    wrong: list[Exception] = [
        RuntimeError("can't start new thread"),
        OSError(24, "files"),
        KeyError(),
    ]

    def address() -> str:
        if wrong:
            raise wrong.pop()
        return peer.url

    door = Door(SCREEN, key, address, news.put, mono, {})
    door.start()
    assert isinstance(until(news, Up), Up)
    door.stop()


def test_a_certificate_of_another_authority_is_never_believed(
    tmp_path: Path, key: SigningKey
) -> None:
    context, _ = certificate(tmp_path, age_days=1)
    with running_peer(stocked(Sim(lambda: NOON)), context) as peer:
        server = Server(peer.url, key)
        with pytest.raises(Unreachable, match="certificate"):
            server.register(PairingRequest(key.x, "", (1, 1)))


def test_a_certificate_of_another_name_is_never_believed(tmp_path: Path, key: SigningKey) -> None:
    context, ca = certificate(tmp_path, age_days=1)
    with running_peer(stocked(Sim(lambda: NOON)), context) as peer:
        assert Server(peer.url, key, ca).keys()
        with pytest.raises(Unreachable, match="localhost"):
            Server(peer.url.replace("127.0.0.1", "localhost"), key, ca).keys()


def gather(got: bytearray, blocks: Iterator[bytes]) -> None:
    for block in blocks:
        got += block


def test_an_asset_goes_on_where_it_broke(peer: Peer, server: Server) -> None:
    data = bytes(range(256)) * 1_000
    address = peer.sim.add_asset(data)
    peer.cut_assets_at = 100_000
    (begin, _), blocks = server.asset(address, 0)
    got = bytearray()
    with pytest.raises(Unreachable):
        gather(got, blocks)
    assert begin == 0
    peer.cut_assets_at = None
    (begin, _), blocks = server.asset(address, len(got))
    assert begin == len(got) > 0
    assert bytes(got) + b"".join(blocks) == data


def test_a_range_beyond_the_end_begins_anew(peer: Peer, server: Server) -> None:
    address = peer.sim.add_asset(b"short")
    (begin, _), blocks = server.asset(address, 50)
    assert (begin, b"".join(blocks)) == (0, b"short")


def test_content_fetched_is_what_was_published(peer: Peer, server: Server) -> None:
    made = content("Bonjour", "Il pleut")
    for address, data in made.objects.items():
        assert server.fetch_object(address) == data
