"""Asks other people's servers, carefully: every limit holds while bytes arrive, not afterwards."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from server.connectors import addresses
from server.connectors.body import Body, Deadline
from server.connectors.source import Limits
from server.ports import PermanentError, TemporaryError

MAX_RETRY_AFTER_S = 86_400.0
MAX_URL_CHARACTERS = 2_000
REDIRECTING = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429})
"""Client errors that may pass by themselves; 5xx may too."""
REFUSING = frozenset({401, 403})
NOTHING: Mapping[str, str] = MappingProxyType({})

Dial = Callable[[str, int, float], socket.socket]


def _user_agent() -> str:
    try:
        return f"Enseigne/{version('enseigne')}"
    except PackageNotFoundError:
        return "Enseigne"


USER_AGENT = _user_agent()


@dataclass(frozen=True, slots=True)
class Validators:
    """What to ask “changed since?” with (RFC 9110 §8.8): strings as the server gave them."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """As request headers."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}

    def to_state(self) -> dict[str, str]:
        """As a connector keeps them."""
        return {"etag": self.etag, "last_modified": self.last_modified}

    @classmethod
    def from_state(cls, state: object) -> Validators:
        """From what a connector kept; none where that is not it."""
        if not isinstance(state, Mapping):
            return cls()
        return cls(str(state.get("etag", "")), str(state.get("last_modified", "")))


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 2xx, or 304 as `unchanged`. The body is read while it is open; header
    names are in lower case.
    """

    unchanged: bool
    validators: Validators
    content_type: str
    body: Body
    headers: Mapping[str, str]


def check_url(url: str) -> str:
    """Return `url` if it may be asked at all: http or https, a host, no user name or password.
    Raises ValueError with what to write instead.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("Write a whole address, such as https://shop.example/feed.xml.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave user name and password out of the address.")
    if len(url) > MAX_URL_CHARACTERS or not url.isprintable() or " " in url:
        raise ValueError(f"An address has at most {MAX_URL_CHARACTERS} characters and no spaces.")
    _ = parts.port  # raises where it is no number
    return url


@contextmanager
def get(
    url: str,
    limits: Limits,
    validators: Validators = NO_VALIDATORS,
    accept: str = "*/*",
    headers: Mapping[str, str] = NOTHING,
) -> Iterator[Answer]:
    """GET `url` within `limits`. Redirects are followed a few times, each checked like the first;
    `headers`, which can hold a token, go with them only as long as the place is the same.

    Raises TemporaryError (no answer, cut short, too slow, 429, 5xx) and PermanentError (an address
    that may not be reached, too many redirects, 4xx, over the cap).
    """
    sent = {
        "User-Agent": USER_AGENT,
        "Accept": accept,
        "Accept-Encoding": "gzip",
        **validators.headers(),
    }
    with Deadline(limits.total_s) as deadline, _session(limits, deadline) as session:
        response = _follow(session, url, sent, headers, limits, deadline)
        with response:
            _check_status(response, _host(url))
            with _reading(deadline):
                yield _answer(response, limits, deadline)


@contextmanager
def posted(url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> Iterator[Answer]:
    """POST `body` to `url` within `limits` and read what it answers; redirects are not followed.

    Raises as `get` does.
    """
    with Deadline(limits.total_s) as deadline, _session(limits, deadline) as session:
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **headers}
        with _ask(session, url, sent, limits, deadline, body) as response:
            if response.status_code in REDIRECTING:
                raise PermanentError(f"{_host(url)} redirects. Use the last address.")
            _check_status(response, _host(url))
            with _reading(deadline):
                yield _answer(response, limits, deadline)


@contextmanager
def _reading(deadline: Deadline) -> Iterator[None]:
    """What goes wrong now goes wrong with what was answered, not with getting an answer."""
    try:
        yield
    except (TemporaryError, PermanentError) as error:
        if not deadline.passed:
            error.unread = error.unread or "unread"
        raise


def post(url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> None:
    """POST `body` to `url`; any answer of 2xx will do. Raises as `posted` does."""
    with posted(url, body, headers, limits):
        pass


def _answer(response: requests.Response, limits: Limits, deadline: Deadline) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    encoding = headers.get("content-encoding", "").strip().lower()
    return Answer(
        unchanged=response.status_code == 304,
        validators=Validators(headers.get("etag", ""), headers.get("last-modified", "")),
        content_type=headers.get("content-type", "").split(";")[0].strip().lower(),
        body=Body(_Raw(response), encoding, limits.max_bytes, deadline),
        headers=headers,
    )


class _Raw:
    """The bytes as they came over the wire, still packed."""

    def __init__(self, response: requests.Response) -> None:
        self._raw = response.raw

    def read(self, amt: int, /) -> bytes:
        data: bytes = self._raw.read(amt, decode_content=False)
        return data


def _follow(
    session: requests.Session,
    url: str,
    sent: Mapping[str, str],
    own: Mapping[str, str],
    limits: Limits,
    deadline: Deadline,
) -> requests.Response:
    home = origin(url)
    for _ in range(limits.redirects + 1):
        headers = {**sent, **own} if origin(url) == home else sent
        response = _ask(session, url, headers, limits, deadline)
        target = response.headers.get("Location")
        if response.status_code not in REDIRECTING or not target:
            return response
        response.close()
        moved = urljoin(url, target)
        if urlsplit(url).scheme == "https" and urlsplit(moved).scheme != "https":
            raise PermanentError(f"{_host(url)} redirects to an address without encryption.")
        try:
            url = check_url(moved)
        except ValueError:
            raise PermanentError(f"{_host(url)} redirects to what is no address.") from None
    raise PermanentError(f"{_host(url)} redirects again and again. Use the last address.")


def _ask(
    session: requests.Session,
    url: str,
    headers: Mapping[str, str],
    limits: Limits,
    deadline: Deadline,
    body: bytes | None = None,
) -> requests.Response:
    try:
        return session.request(
            "GET" if body is None else "POST",
            url,
            data=body,
            headers=dict(headers),
            stream=True,
            allow_redirects=False,
            timeout=(limits.connect_s, limits.read_s),
        )
    except requests.exceptions.SSLError as error:
        raise uncertified(_host(url), str(error)) from None
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        if deadline.passed:
            raise deadline.error() from None
        late = isinstance(error, requests.Timeout)
        raise TemporaryError(
            f"{_host(url)} did not answer in time."
            if late
            else f"{_host(url)} broke off the connection."
        ) from None


def uncertified(host: str, why: str) -> TemporaryError:
    """What to say of an encrypted connection that did not come about, by OpenSSL's own words."""
    if "certificate has expired" in why:
        return TemporaryError(
            f"The certificate of {host} has expired. Nothing of it is believed until it is renewed "
            "there."
        )
    if "CERTIFICATE_VERIFY_FAILED" in why:
        return TemporaryError(
            f"{host} has no valid certificate. Nothing of it is believed until it has one for this "
            "name, from an authority that this server’s system knows."
        )
    return TemporaryError(f"{host} does not speak https there. Check the address and its port.")


def _check_status(response: requests.Response, host: str) -> None:
    status = response.status_code
    if 200 <= status < 300 or status == 304:
        return
    if status >= 500:
        raise TemporaryError(
            f"{host} was reached, but answered {status}: something failed over there. It is asked "
            "again by itself; where that lasts, show this to whoever runs it.",
            _retry_after_s(response),
        )
    if status in PASSING:
        raise TemporaryError(
            f"{host} was reached, but answered {status}: it wants to be asked less often or later. "
            "It is asked again by itself.",
            _retry_after_s(response),
        )
    if status in REFUSING:
        raise PermanentError(
            f"{host} refuses us ({status}): the token or password expired, was withdrawn or lacks "
            "a right. Make a new one there and save it here."
        )
    raise PermanentError(f"{host} answered {status}. Check the address and the access to it.")


def _retry_after_s(response: requests.Response) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what an address shares with those that may see the same token."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _host(url: str) -> str:
    """What may be said of an address: paths and queries can hold secrets."""
    return urlsplit(url).hostname or "the address"


def _session(limits: Limits, deadline: Deadline) -> requests.Session:
    session = requests.Session()
    guard(session, limits, deadline)
    return session


def guard(session: requests.Session, limits: Limits, deadline: Deadline, trusted: str = "") -> None:
    """Have a session connect only where `limits` allow, and end at the deadline. The host `trusted`
    may lie at a private address.
    """
    session.trust_env = False  # a proxy of the environment would connect elsewhere, unchecked

    def dial(host: str, port: int, timeout_s: float) -> socket.socket:
        private = limits.allow_private or host == trusted
        return addresses.connect(host, port, timeout_s, allow_private=private)

    adapter = _Adapter(dial, deadline, limits.connect_s)
    session.mount("http://", adapter)
    session.mount("https://", adapter)


class _Adapter(HTTPAdapter):
    """Has every connection made by `dial`, and watched by the deadline."""

    def __init__(self, dial: Dial, deadline: Deadline, connect_s: float) -> None:
        self._pools = _pools(dial, deadline, connect_s)
        super().__init__(max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs
        )
        self.poolmanager.pool_classes_by_scheme = self._pools


def _pools(dial: Dial, deadline: Deadline, connect_s: float) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self._dns_host, self.port, connect_s)

        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self._dns_host, self.port, connect_s)

        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
