"""The server's HTTP for players: each call returns what was asked for or raises a PlayerError."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import HTTPError

from player.errors import BadAnswer, Denied, Missing, PlayerError, Unreachable
from player.link.tls import http_session
from playlists.codec import MAX_CHUNK_BYTES
from playlists.credentials import sign_proof
from playlists.errors import DomainError
from playlists.fields import Fields, parse_json
from playlists.ids import ChannelId, Json, ScreenId, Sha256, canonical
from playlists.runs import Run
from playlists.signing import MAX_BYTES, SigningKey
from playlists.wire.commands import Answers
from playlists.wire.door import Challenge, Report
from playlists.wire.hands import Acts, Verdict, verdicts_from_json
from playlists.wire.http import (
    SIGNED_REFUSAL,
    Difference,
    Paired,
    PairingGiven,
    PairingRequest,
    SessionGiven,
    SessionProof,
    offers_from_json,
    paired_from_json,
    plays_json,
    refusal_nonce,
)

API = "/player/v1"
CONNECT_S = 5.0
READ_S = 20.0
"""Longest silence within an answer."""
ANSWER_S = 60.0
"""Longest time for a whole answer but an asset."""
MAX_ANSWER_BYTES = 4 * MAX_BYTES["offers"]
PROBLEM_BYTES = 64 * 1024
BLOCK_BYTES = 16 * 1024
"""Read at once: what a cut of the line costs at most, and what time is looked at after."""
MAX_FILE_BYTES = 4 * 1024 * 1024 * 1024
"""Of one picture or film."""
MAX_RETRY_AFTER_S = 600
"""The longest that a server's own wish for patience is heard: not all that answers is a server."""

T = TypeVar("T")


class Server:
    """One server as one device sees it. Every method may be called from any thread.

    Every call raises Unreachable, Missing, Denied or BadAnswer.
    """

    def __init__(self, url: str, key: SigningKey, ca: str = "") -> None:
        self.url = url
        self.dates = False
        """Whether certificates' dates count: only once the wall clock is known to be right."""
        self._key = key
        self._ca = ca
        self._screen = ""
        self._token = ""
        self._local = threading.local()
        self._proving = threading.Lock()

    @property
    def is_certain(self) -> bool:
        """Whether what it says is its own: over TLS, or on this machine."""
        return urlsplit(self.url).scheme == "https" or self.is_here

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        return urlsplit(self.url).hostname in ("127.0.0.1", "::1", "localhost")

    def be(self, screen: str) -> None:
        """Speak as this screen from now on."""
        self._screen, self._token = screen, ""

    def use_token(self, token: str) -> None:
        """Use the bearer token that the door gave."""
        self._token = token

    def register(self, request: PairingRequest) -> PairingGiven:
        """Begin to pair: a code for people to type."""
        return self._json("POST", "/pairings", PairingGiven.from_json, body=request.to_json())

    def paired(self, given: PairingGiven) -> Paired | None:
        """Whether a person has typed the code; None while not. Missing: the code is over."""
        path = f"/pairings/{quote(given.pairing, safe='')}"
        return self._json("GET", path, paired_from_json, token=given.secret)

    def door(self) -> str:
        """Where the door is. Missing: the server does not say, so it is at the same origin."""
        return self._json("GET", "/door", lambda body: Fields.of(body).text("url"))

    def keys(self) -> str:
        """The signed keys document; for anybody, so that a device that is refused can read why."""
        return _answered(self._send("GET", "/keys", "", {}, None), _token_of, MAX_BYTES["keys"])

    def fetch_object(self, address: Sha256) -> bytes:
        """A manifest, deck or chunk; its hash is for the caller to check."""
        return self._proved("GET", f"/objects/{address}", bytes, limit=MAX_CHUNK_BYTES)

    def offers(self, channel: ChannelId, since: int) -> tuple[str, ...]:
        """The signed messages that lead from version `since` to the newest."""
        path = f"/offers/{quote(channel, safe='@')}?from={since}"
        return self._proved("GET", path, _as(offers_from_json))

    def report(self, report: Report) -> Difference:
        """Say what is held; the answer is what lacks."""
        return self._proved("POST", "/reports", _as(Difference.from_json), body=report.to_json())

    def plays(self, runs: tuple[Run, ...]) -> int:
        """Hand over play records; the number up to which the server now holds them."""
        read = _as(lambda body: Fields.of(body).whole("acked"))
        return self._proved("POST", "/plays", read, body=plays_json(runs))

    def answers(self, said: Answers) -> int:
        """Say what commands came to, and when the display was off; up to which of those it has."""
        read = _as(lambda body: Fields.of(body).whole("acked"))
        return self._proved("POST", "/answers", read, body=said.to_json())

    def hands(self, said: Acts) -> dict[str, Verdict]:
        """Say what was done by hand without the server; its word on each."""
        return self._proved("POST", "/hands", _as(verdicts_from_json), body=said.to_json())

    def bring(self, command: str, data: bytes) -> None:
        """Hand over the file that a command asks for."""
        path = f"/commands/{quote(command, safe='')}/file"
        _answered(self._with_token("POST", path, {}, data), bytes, MAX_ANSWER_BYTES)

    def asset(self, address: Sha256, offset: int) -> tuple[tuple[int, int], Iterator[bytes]]:
        """A file from `offset` on, as far as the server goes along: `(from, until)`, its blocks.

        The blocks raise Unreachable when the connection breaks. An offset at the end has none, one
        beyond it begins anew from 0.
        """
        answer = self._with_token("GET", f"/assets/{address}", _from(address, offset))
        if answer.status_code == 416 and offset:
            return rest_of(answer, offset) or self.asset(address, 0)
        return file_of(answer, offset)

    def package(self, address: Sha256, offset: int) -> tuple[tuple[int, int], Iterator[bytes]]:
        """A package of the player, in the same way; it is for anybody."""
        path = f"/player/packages/{address}.deb"
        answer = self._send("GET", path, "", _from(address, offset), None, api="")
        if answer.status_code == 416 and offset:
            return rest_of(answer, offset) or self.package(address, 0)
        return file_of(answer, offset)

    def _proved(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        *,
        body: Json = None,
        limit: int = MAX_ANSWER_BYTES,
    ) -> T:
        answer = self._with_token(method, path, {}, body)
        return _answered(answer, read, limit)

    def _json(
        self,
        method: str,
        path: str,
        read: Callable[[object], T],
        *,
        body: Json = None,
        token: str = "",
    ) -> T:
        return _answered(self._send(method, path, token, {}, body), _as(read), MAX_ANSWER_BYTES)

    def _with_token(
        self, method: str, path: str, headers: Mapping[str, str], body: Json | bytes = None
    ) -> requests.Response:
        token = self._token or self._prove("")
        answer = self._send(method, path, token, headers, body)
        if answer.status_code == 401:
            answer.close()
            answer = self._send(method, path, self._prove(token), headers, body)
        return answer

    def _prove(self, worn: str) -> str:
        """A new bearer token in place of `worn`, unless another thread has just got one."""
        with self._proving:
            if self._token and self._token != worn:
                return self._token
            asked: Json = {"screen": self._screen}
            nonce = self._json("POST", "/sessions", Challenge.from_json, body=asked).nonce
            sig = sign_proof(self._key, nonce, self._screen)
            proof = SessionProof(ScreenId(self._screen), nonce, sig)
            try:
                given = self._json(
                    "POST", "/sessions/prove", SessionGiven.from_json, body=proof.to_json()
                )
            except Denied as denied:
                denied.refusal = refusal_nonce(denied.code, proof)
                raise
            self._token = given.token
            return given.token

    def _send(
        self,
        method: str,
        path: str,
        token: str,
        headers: Mapping[str, str],
        body: Json | bytes,
        api: str = API,
    ) -> requests.Response:
        sent = {"Accept-Encoding": "gzip", **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        data = None if body is None else body if isinstance(body, bytes) else canonical(body)
        if body is not None:
            is_file = isinstance(body, bytes)
            sent["Content-Type"] = "application/octet-stream" if is_file else "application/json"
        try:
            return self._session().request(
                method,
                self.url + api + path,
                data=data,
                headers=sent,
                timeout=(CONNECT_S, READ_S),
                stream=True,
                allow_redirects=False,
            )
        except requests.RequestException as wrong:
            raise Unreachable(f"{self.url} does not answer: {wrong}") from wrong

    def _session(self) -> requests.Session:
        held: dict[bool, requests.Session] = self._local.__dict__.setdefault("sessions", {})
        if self.dates not in held:
            held[self.dates] = http_session(self._ca, dates=self.dates)
        return held[self.dates]


def _from(address: Sha256, offset: int) -> Mapping[str, str]:
    """The headers that ask for a file from `offset` on, as it is."""
    whole = {"Accept-Encoding": "identity"}
    if not offset:
        return whole
    return {**whole, "Range": f"bytes={offset}-", "If-Range": f'"{address}"'}


def file_of(answer: requests.Response, offset: int) -> tuple[tuple[int, int], Iterator[bytes]]:
    """Which part of a file an answer holds `(from, until)`, and its blocks, as many as promised.

    Raises what the answer means. The blocks raise Unreachable where fewer come.
    """
    _check(answer)
    try:
        begin = offset if answer.status_code == 206 else 0
        if begin and not answer.headers.get("Content-Range", "").startswith(f"bytes {begin}-"):
            raise BadAnswer("The server sent another range than was asked for.")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise BadAnswer("The server sent a file in a form that was not asked for.")
        length = answer.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length[:20]) > MAX_FILE_BYTES - begin:
            raise BadAnswer(f"A file has a length, of at most {MAX_FILE_BYTES} bytes.")
    except BadAnswer:
        answer.close()
        raise
    return (begin, begin + int(length)), _exactly(answer, int(length))


def rest_of(
    answer: requests.Response, offset: int
) -> tuple[tuple[int, int], Iterator[bytes]] | None:
    """Of a 416 that says that the file has just `offset` bytes (RFC 9110, 15.5.17): nothing is
    left to come. None where it says otherwise.
    """
    answer.close()
    is_whole = answer.headers.get("Content-Range", "") == f"bytes */{offset}"
    return ((offset, offset), iter(())) if is_whole else None


def _exactly(answer: requests.Response, length: int) -> Iterator[bytes]:
    with answer:
        yield from _blocks(answer, length)


def _answered(answer: requests.Response, read: Callable[[bytes], T], limit: int) -> T:
    with answer:
        _check(answer)
        data = _whole(answer, limit)
        try:
            return read(data)
        except DomainError as wrong:
            raise BadAnswer(f"The answer is not as it must be: {wrong}") from wrong


def _whole(answer: requests.Response, limit: int) -> bytes:
    """An answer's body. It is unpacked here, since some urllib3 unpack whatever comes of it."""
    form = answer.headers.get("Content-Encoding", "identity")
    if form not in ("identity", "gzip"):
        raise BadAnswer(f"The answer comes as {form[:40]}, which was not asked for.")
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if form == "gzip" else None
    data = bytearray()
    deadline = time.monotonic() + ANSWER_S
    length = answer.headers.get("Content-Length", "")[:20]
    for block in _blocks(answer, int(length) if length.isdecimal() else None):
        try:
            data += unpack.decompress(block, limit + 1 - len(data)) if unpack else block
        except zlib.error as wrong:
            raise BadAnswer(f"The answer cannot be unpacked: {wrong}") from wrong
        if len(data) > limit:
            raise BadAnswer(f"The answer has over {limit} bytes.")
        if time.monotonic() > deadline:
            raise Unreachable(f"The answer takes over {ANSWER_S:.0f} s.")
    if unpack and not unpack.eof:
        raise Unreachable("The connection broke before the answer's end.")
    return bytes(data)


def _blocks(answer: requests.Response, length: int | None) -> Iterator[bytes]:
    left = length
    try:
        while block := answer.raw.read(BLOCK_BYTES, decode_content=False):
            left = None if left is None else left - len(block)
            yield block
    except (HTTPError, HTTPException, OSError) as wrong:
        raise Unreachable(f"The connection broke: {wrong}") from wrong
    if left:  # an old urllib3 takes a cut for the end
        raise Unreachable(f"The connection broke {left} bytes before the end.")


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if status in (200, 201, 202, 206):
        return
    with answer:
        code, detail = _problem(answer)
    if status in (404, 410):
        raise Missing(detail or "The server does not have it.")
    if status in (401, 403, 409):
        signed = answer.headers.get(SIGNED_REFUSAL, "")
        text = detail or "The server refuses this device."
        raise Denied(code or f"http_{status}", text, signed)
    if status == 429 or status >= 500:
        wish = answer.headers.get("Retry-After", "")
        after = min(int(wish[:9]), MAX_RETRY_AFTER_S) if wish.isdecimal() else 0
        raise Unreachable(f"The server cannot answer now (HTTP {status}).", after)
    raise BadAnswer(f"The server answered HTTP {status}: {detail}")


def _problem(answer: requests.Response) -> tuple[str, str]:
    """The code and words of an RFC 9457 problem, "" where it is none."""
    try:
        body: Any = json.loads(_whole(answer, PROBLEM_BYTES))
        return str(body.get("code", "")), str(body.get("title", ""))
    except (ValueError, AttributeError, RecursionError, PlayerError):
        return "", ""


def _as(read: Callable[[object], T]) -> Callable[[bytes], T]:
    return lambda data: read(parse_json(data))


def _token_of(data: bytes) -> str:
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError as wrong:
        raise BadAnswer("The server sent something else than a signed message.") from wrong
