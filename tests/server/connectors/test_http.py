"""Other people's servers: where we may go, how much we read, how long we wait."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from server.connectors import addresses, http
from server.connectors.http import Validators, uncertified
from server.connectors.source import Limits
from server.ports import PermanentError, TemporaryError
from tests.server.connectors.conftest import LIMITS
from tests.server.connectors.peers import CHUNK, Reply, endless, peer, slow

PUBLIC = replace(LIMITS, allow_private=False)
SOCKET_SLACK_BYTES = 16 * 1024 * 1024
"""What the kernel takes off a sender that nobody reads any more."""


def read(url: str, limits: Limits = LIMITS) -> bytes:
    with http.get(url, limits) as answer:
        return answer.body.whole()


def test_an_answer_is_read_with_its_validators() -> None:
    headers = {"ETag": '"v1"', "Last-Modified": "Thu, 15 Oct 2026 12:00:00 GMT"}
    with peer(Reply(body=b"hello", headers=headers)) as shop:
        with http.get(shop.url, LIMITS) as answer:
            assert answer.body.whole() == b"hello"
            assert answer.validators == Validators('"v1"', "Thu, 15 Oct 2026 12:00:00 GMT")
        assert shop.asked[0][1]["user-agent"].startswith("Enseigne")


def test_what_did_not_change_is_not_sent_again() -> None:
    def says(_path: str, headers: dict[str, str]) -> Reply:
        return Reply(304) if headers.get("if-none-match") == '"v1"' else Reply(body=b"new")

    with peer(says) as shop, http.get(shop.url, LIMITS, Validators('"v1"')) as answer:
        assert answer.unchanged


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
        "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1",
        "2002:7f00:0001::", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    ],
)  # fmt: skip
def test_private_addresses_are_not_reached(address: str) -> None:
    assert not addresses.reachable(ip_address(address), allow_private=False)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "64:ff9b::909:909"])
def test_public_addresses_are(address: str) -> None:
    assert addresses.reachable(ip_address(address), allow_private=False)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"])
def test_the_clouds_metadata_is_never_reached(address: str) -> None:
    assert not addresses.reachable(ip_address(address), allow_private=True)


def test_a_private_address_is_reached_only_when_allowed() -> None:
    with peer(Reply(body=b"ok")) as shop:
        with pytest.raises(PermanentError, match="ENSEIGNE_ALLOW_PRIVATE"):
            read(shop.url, PUBLIC)
        assert shop.asked == []
        assert read(shop.url) == b"ok"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A resolver of the test's own: each look-up of a name takes its next address."""
    table: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host in table:
            address = table[host].pop(0) if len(table[host]) > 1 else table[host][0]
            return real(address, port, *args, **kwargs)
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return table


def test_a_name_that_changes_its_mind_is_asked_once(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when checked, private when connected to. The first answer is both."""
    gone_to: list[str] = []
    real = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        gone_to.append(address[0])
        if address[0] == "9.9.9.9":
            raise TimeoutError  # nobody leaves this machine in a test
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    with peer(Reply(body=b"secret")) as inside:
        names["rebind.example"] = ["9.9.9.9", "127.0.0.1"]
        with pytest.raises(TemporaryError):
            read(f"http://rebind.example:{inside.port}/", PUBLIC)
        assert gone_to == ["9.9.9.9"]
        assert inside.asked == []


def test_a_redirect_to_a_private_address_is_refused(names: dict[str, list[str]]) -> None:
    """The public name is stood in for by allowing this one address; the next hop is not allowed."""
    with peer(Reply(302, headers={"Location": "http://169.254.169.254/latest/meta-data"})) as shop:
        with pytest.raises(PermanentError, match="not a public address"):
            read(shop.url)
        assert shop.paths() == ["/"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "http://a:b@127.0.0.1/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(target: str) -> None:
    with (
        peer(Reply(302, headers={"Location": target})) as shop,
        pytest.raises(PermanentError, match="redirects"),
    ):
        read(shop.url)


def test_redirects_are_followed_a_few_times_only() -> None:
    def says(path: str, _headers: dict[str, str]) -> Reply:
        left = int(path.strip("/"))
        return Reply(302, headers={"Location": f"/{left - 1}"}) if left else Reply(body=b"there")

    with peer(says) as shop:
        assert read(f"{shop.url}/3") == b"there"
        with pytest.raises(PermanentError, match="again and again"):
            read(f"{shop.url}/4")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/b",
        "http://",
        "//a/b",
        "http://u:p@a/",
        "http://a b/",
        "http://a:port/",
        "http://a/" + "x" * 2000,
    ],
)
def test_addresses_that_may_not_be_configured(url: str) -> None:
    with pytest.raises(ValueError):
        http.check_url(url)


def test_an_endless_stream_is_cut_at_the_cap() -> None:
    with peer(Reply(drip=endless)) as shop:
        with pytest.raises(PermanentError, match="ENSEIGNE_FEED_MAX_BYTES"):
            read(shop.url)
        assert shop.sent <= LIMITS.max_bytes + SOCKET_SLACK_BYTES


def test_no_byte_over_the_cap_is_read() -> None:
    with peer(Reply(drip=endless)) as shop, http.get(shop.url, LIMITS) as answer:
        with pytest.raises(PermanentError):
            answer.body.whole()
        assert answer.body.wire_bytes <= LIMITS.max_bytes + len(CHUNK)


def test_a_zip_bomb_is_cut_at_the_cap_after_unpacking() -> None:
    bomb = gzip.compress(b"\0" * 64 * 1024 * 1024)
    assert len(bomb) < 100_000
    headers = {"Content-Encoding": "gzip"}
    with (
        peer(Reply(body=bomb, headers=headers)) as shop,
        http.get(shop.url, LIMITS) as answer,
    ):
        with pytest.raises(PermanentError, match="over the"):
            answer.body.whole()
        assert answer.body.unpacked_bytes <= LIMITS.max_bytes + len(CHUNK)


def test_gzip_in_several_members_is_read() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    with peer(Reply(body=packed, headers={"Content-Encoding": "gzip"})) as shop:
        assert read(shop.url) == b"one two"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"half", claimed_length=100),
        Reply(body=gzip.compress(b"whole")[:-9], headers={"Content-Encoding": "gzip"}),
        Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["shorter than it says", "gzip cut short", "no gzip"],
)
def test_an_answer_cut_short_is_not_taken_for_whole(reply: Reply) -> None:
    with peer(reply) as shop, pytest.raises(TemporaryError):
        read(shop.url)


def test_an_encoding_that_nobody_asked_for_is_refused() -> None:
    with (
        peer(Reply(body=b"?", headers={"Content-Encoding": "br"})) as shop,
        pytest.raises(PermanentError),
    ):
        read(shop.url)


def test_a_body_that_drips_for_ever_ends_at_the_deadline() -> None:
    limits = replace(LIMITS, total_s=0.3)
    with peer(Reply(drip=slow)) as shop, pytest.raises(TemporaryError, match=r"longer than 0\.3"):
        read(shop.url, limits)


def test_a_head_that_drips_for_ever_ends_at_the_deadline() -> None:
    """Slowloris the other way round: a header line that never ends, never late for a read."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not done.wait(0.02):
                        connection.sendall(b"a")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
            with pytest.raises(TemporaryError, match=r"longer than 0\.3"):
                read(url, replace(LIMITS, total_s=0.3))
        finally:
            done.set()
            thread.join()


def test_a_server_that_says_nothing_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(TemporaryError, match="did not answer in time"):
            read(url, replace(LIMITS, read_s=0.2))


def test_a_closed_port_is_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(TemporaryError, match="does not answer"):
        read(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, TemporaryError), (503, TemporaryError), (429, TemporaryError), (408, TemporaryError),
     (404, PermanentError), (401, PermanentError), (410, PermanentError)],
)  # fmt: skip
def test_which_answers_may_pass_by_themselves(status: int, error: type[Exception]) -> None:
    with peer(Reply(status)) as shop, pytest.raises(error, match=str(status)):
        read(shop.url)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("9999999999", 86_400), ("Fri, 31 Dec 1999 23:59:59 GMT", 0), ("soon", None)],
)
def test_retry_after_is_heard(text: str, seconds: float | None) -> None:
    with (
        peer(Reply(503, headers={"Retry-After": text})) as shop,
        pytest.raises(TemporaryError) as refused,
    ):
        read(shop.url)
    assert refused.value.retry_after_s == seconds


def test_errors_do_not_tell_what_an_address_holds() -> None:
    with peer(Reply(404)) as shop, pytest.raises(PermanentError) as refused:
        read(f"{shop.url}/feed?token=s3cret")
    assert "s3cret" not in str(refused.value)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(Reply(body=b"direct")) as shop, peer(Reply(body=b"proxied")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert read(shop.url) == b"direct"


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def shake_hands() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=shake_hands)
        thread.start()
        with pytest.raises(TemporaryError, match="has no valid certificate"):
            read(f"https://127.0.0.1:{listening.getsockname()[1]}/")
        thread.join()


def test_an_address_that_speaks_no_https_is_told_from_a_bad_certificate() -> None:
    with (
        peer(Reply(body=b"plain")) as shop,
        pytest.raises(TemporaryError, match="does not speak https"),
    ):
        read(shop.url.replace("http:", "https:"))


def test_a_certificate_that_has_expired_is_told_as_that() -> None:
    verify = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired"
    assert "shop.example has expired" in str(uncertified("shop.example", verify))


def self_signed(folder: Path) -> Path:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .sign(key, None)
    )
    file = folder / "shop.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file
