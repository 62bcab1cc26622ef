"""A server for players, in memory: real keys, signatures and canonical bytes, faults on request.

`Sim` is the server's mind; `answer` is its HTTP as a function. `InMemory` lets requests reach it
without a socket; tests/fakes/server_peer.py puts it behind a real one, with the door beside it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from playlists.credentials import (
    check_proof,
    check_token,
    fingerprint,
    mint_token,
    pairing_code,
)
from playlists.errors import Refused
from playlists.ids import (
    Sha256,
    Sku,
    SourceId,
    sha256,
)
from playlists.pricing import Offer
from playlists.runs import GENESIS, Run, verify_chain
from playlists.shown import Lease
from playlists.signing import KeyDocument, OnlineKey, SigningKey, b64, public_key, sign
from playlists.wire.commands import Answer as CommandAnswer
from playlists.wire.commands import Answers, Command, PowerRun
from playlists.wire.door import Report
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.hands import Act, Acts, Verdict, verdicts_json
from playlists.wire.http import SIGNED_REFUSAL, SessionProof, plays_from_json, refusal_nonce
from playlists.wire.offers import OffersMessage
from playlists.wire.signed import Head, TimeMessage
from tests.fakes.shop_content import DAY_MS, HOUR_MS, NOTHING, SCREEN, SHOP, STORE, Content

Answer = tuple[int, dict[str, str], bytes]
_USES = frozenset({"head", "offers", "freshness", "command"})


@dataclass
class Faults:
    """What goes wrong on request. `hook` may answer a request in the server's place."""

    down: bool = False
    hook: Callable[[str, str], Answer | None] = lambda method, path: None


@dataclass
class Sim:
    """The server. Times are unix ms; `clock` is what it takes for true."""

    clock: Callable[[], int]
    root: SigningKey = field(default_factory=SigningKey.generate)
    online: SigningKey = field(default_factory=SigningKey.generate)
    timer: SigningKey = field(default_factory=SigningKey.generate)
    secret: bytes = b"s" * 32
    faults: Faults = field(default_factory=Faults)
    requests: list[tuple[str, str]] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    keys_version: int = 1
    head: str = ""
    revision: int = 0
    manifest: Sha256 = NOTHING
    objects: dict[Sha256, bytes] = field(default_factory=dict)
    assets: dict[Sha256, bytes] = field(default_factory=dict)
    channel_version: int = 0
    offers: dict[Sku, Offer] = field(default_factory=dict)
    deltas: list[tuple[int, int, str]] = field(default_factory=list)
    freshness: FreshnessMessage | None = None
    device: bytes = b""
    signs: bool = True
    refused_instead: dict[str, Any] = field(default_factory=dict)
    """Whether refusals that part a device from its screen come signed."""
    runs: list[Run] = field(default_factory=list)
    posts: int = 0
    commands: dict[str, str] = field(default_factory=dict)
    """Signed commands that wait for their answers."""
    answers: list[CommandAnswer] = field(default_factory=list)
    power: list[PowerRun] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    """What was done by hand meanwhile, as it was told last."""
    verdict: Verdict | None = None
    """On acts that run; without it they are taken as they are."""
    files: dict[str, bytes] = field(default_factory=dict)
    pairings: dict[str, dict[str, Any]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)

    # --- what its people do -----------------------------------------------------------------------

    def keys(self) -> str:
        """The keys document."""
        until = self.clock() + 400 * DAY_MS
        online = (
            OnlineKey(self.online.public, _USES, 0, until),
            OnlineKey(self.timer.public, frozenset({"time"}), 0, until),
        )
        # `issued_at` and `until` are those of the version, so that a version has one form.
        fixed = tuple(replace(key, until_ms=4_000_000_000_000) for key in online)
        document = KeyDocument(self.keys_version, self.keys_version, fixed)
        return sign("keys", document.to_json(), self.root)

    def rotate(self) -> None:
        """Another online key; what the old one signed is signed anew."""
        self.online = SigningKey.generate()
        self.keys_version += 1

    def publish(
        self, made: Content, *, revision: int | None = None, life_ms: int = 36 * DAY_MS
    ) -> str:
        """A new head for the screen; the token."""
        self.objects |= made.objects
        self.revision = max(self.revision + 1, self.clock()) if revision is None else revision
        return self.sign_head(made.manifest, life_ms, self.revision)

    def sign_head(
        self, manifest: Sha256, life_ms: int = 36 * DAY_MS, revision: int | None = None
    ) -> str:
        """A head for that manifest, above the last unless told otherwise; the token."""
        self.revision = self.revision + 1 if revision is None else revision
        self.manifest = manifest
        issued = self.clock()
        head = Head(SCREEN, self.revision, manifest, issued, issued + life_ms)
        self.head = sign("head", head.to_json(), self.online)
        return self.head

    def price(self, *offers: Offer) -> str:
        """Change offers; the delta's token."""
        since = self.channel_version
        self.channel_version += 1
        self.offers |= {offer.sku: offer for offer in offers}
        message = OffersMessage(SHOP, since, self.channel_version, offers)
        token = sign("offers", message.to_json(), self.online)
        self.deltas.append((since, self.channel_version, token))
        return token

    def snapshot(self) -> str:
        """The whole channel."""
        every = tuple(self.offers.values())
        message = OffersMessage(SHOP, 0, self.channel_version, every)
        return sign("offers", message.to_json(), self.online)

    def renew(self, lease_ms: int = 4 * HOUR_MS) -> str:
        """The shop confirmed its prices; the freshness token."""
        now = self.clock()
        self.freshness = FreshnessMessage(
            STORE, now, {SHOP: Lease(self.channel_version, now, lease_ms)}, {SourceId("x"): now}
        )
        return self.fresh()

    def fresh(self) -> str:
        """The freshness token held."""
        if self.freshness is None:
            return ""
        return sign("freshness", self.freshness.to_json(), self.online)

    def command(self, kind: str, life_ms: int = HOUR_MS, **arguments: Any) -> Command:
        """Ask the device to do something, until it answers."""
        name, now = f"c{len(self.commands) + len(self.answers)}", self.clock()
        made = Command(name, SCREEN, kind, arguments, now, now + life_ms)
        self.commands[name] = sign("command", made.to_json(), self.online)
        return made

    def tell_time(self, nonce: str) -> str:
        """The signed time."""
        return sign("time", TimeMessage(nonce, self.clock()).to_json(), self.timer)

    def add_asset(self, data: bytes) -> Sha256:
        """A file that cards may name."""
        self.assets[sha256(data)] = data
        return sha256(data)

    def accept(self, code: str) -> None:
        """A person types the code."""
        for pairing in self.pairings.values():
            if pairing["code"] == code:
                pairing["accepted"] = True
                self.device = public_key(pairing["key"])

    def difference(self, report: Report) -> dict[str, Any]:
        """What this report lacks; a server that fell behind its players goes above them first."""
        held = report.channels.get(SHOP, 0)
        if report.revision > self.revision:
            self.revision = report.revision
            self.sign_head(self.manifest)
        if held > self.channel_version:
            self.channel_version = held + 1
            self.deltas.clear()
            self.renew()
        fresh = self.freshness is not None and self.freshness.issued_at > report.freshness
        return {
            "time": self.tell_time(report.nonce) if report.nonce else "",
            "head": self.head if self.revision != report.revision else "",
            "offers": self.offers_since(held),
            "freshness": self.fresh() if fresh else "",
            "commands": list(self.commands.values()),
        }

    def offers_since(self, held: int) -> list[str]:
        """Deltas, or the whole."""
        if held >= self.channel_version:
            return []
        fitting = [token for since, _, token in self.deltas if since >= held]
        return fitting if held and fitting else [self.snapshot()]

    # --- its HTTP ---------------------------------------------------------------------------------

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request's answer."""
        parts = urlsplit(url)
        path = parts.path.removeprefix("/player/v1")
        self.requests.append((method, path))
        put = self.faults.hook(method, path)
        if put is not None:
            return put
        if path.startswith("/player/packages/"):
            return self._asset(path.split("/")[3].removesuffix(".deb"), headers.get("Range", ""))
        if path.startswith("/commands/"):
            self.files[path.split("/")[2]] = body
            return _json({})
        given = json.loads(body) if body else {}
        bearer = headers.get("Authorization", "").removeprefix("Bearer ")
        query = parse_qs(parts.query)
        if path.startswith("/pairings"):
            return self._pairing(method, path, bearer, given)
        if path.startswith("/sessions"):
            return self._session(path, given)
        if path == "/door":
            return _problem(404, "not_found")
        if path == "/keys":
            return 200, {}, self.keys().encode()
        try:
            check_token(self.secret, bearer, self.clock())
        except Refused as refused:
            return _problem(401, refused.reason)
        return self._proved(method, path, query, headers, given)

    def _proved(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        given: Any,
    ) -> Answer:
        kind, _, name = path.strip("/").partition("/")
        if kind == "time":
            return 200, {}, self.tell_time(query["nonce"][0]).encode()
        if kind == "objects":
            data = self.objects.get(Sha256(name))
            return _problem(404, "not_found") if data is None else (200, {}, data)
        if kind == "assets":
            return self._asset(name, headers.get("Range", ""))
        if kind == "offers" and unquote(name) == SHOP:
            return _json({"messages": self.offers_since(int(query["from"][0]))})
        if kind == "reports":
            report = Report.from_json(given)
            self.reports.append(report)
            lacking = self.difference(report)
            needless = [name for name in ("head", "freshness") if not lacking[name]]
            return _json({name: it for name, it in lacking.items() if name not in needless})
        if kind == "plays":
            return self._plays(given)
        if kind == "answers":
            return self._answers(given)
        if kind == "hands":
            return self._hands(given)
        return _problem(404, "not_found")

    def _answers(self, given: Any) -> Answer:
        said = Answers.from_json(given)
        for one in said.answers:
            self.commands.pop(one.id, None)
            self.answers.append(one)
        self.power += [run for run in said.power if not self.power or run.seq > self.power[-1].seq]
        return _json({"acked": self.power[-1].seq if self.power else 0})

    def _hands(self, given: Any) -> Answer:
        self.acts = list(Acts.from_json(given).acts)
        said = {
            act.id: Verdict("over") if act.ended else self.verdict or Verdict("taken", act.until_ms)
            for act in self.acts
        }
        return _json(verdicts_json(said))

    def _plays(self, given: Any) -> Answer:
        """Idempotent by number; the chain is checked from the last run held on."""
        self.posts += 1
        runs = plays_from_json(given)
        last = self.runs[-1] if self.runs else None
        new = [run for run in runs if last is None or run.seq > last.seq]
        verify_chain(new, last.hash if last else GENESIS, last.seq + 1 if last else 1)
        self.runs += new
        return _json({"acked": self.runs[-1].seq if self.runs else 0})

    def _asset(self, name: str, wish: str) -> Answer:
        data = self.assets.get(Sha256(name))
        if data is None:
            return _problem(404, "not_found")
        found = re.fullmatch(r"bytes=([0-9]+)-", wish)
        if not found:
            return 200, {}, data
        self.ranges.append(wish)
        begin = int(found[1])
        if begin >= len(data):
            return 416, {"Content-Range": f"bytes */{len(data)}"}, b""
        span = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        return 206, {"Content-Range": span}, data[begin:]

    def _pairing(self, method: str, path: str, bearer: str, given: Any) -> Answer:
        if method == "POST":
            name = secrets.token_hex(8)
            made = {"key": given["device_key"], "secret": secrets.token_hex(8), "accepted": False}
            made["code"] = pairing_code(secrets.SystemRandom())
            self.pairings[name] = made
            root = {"kid": self.root.kid, "x": self.root.x}
            public = {"pairing": name, "secret": made["secret"], "code": made["code"]}
            more = {"fingerprint": fingerprint(self.root.x), "expires_at": self.clock() + 900_000}
            return _json({**public, "root": root, **more}, 201)
        held = self.pairings.get(path.removeprefix("/pairings/"))
        if held is None or held["secret"] != bearer:
            return _problem(404, "not_found")
        if not held["accepted"]:
            return _json({"state": "waiting"}, 202)
        root = {"kid": self.root.kid, "x": self.root.x}
        return _json({"screen": SCREEN, "root": root, "keys": self.keys()})

    def _session(self, path: str, given: Any) -> Answer:
        if path == "/sessions":
            nonce = secrets.token_urlsafe(16)
            self.nonces.add(nonce)
            return _json({"nonce": nonce})
        nonce = given["nonce"]
        if nonce not in self.nonces:
            return _problem(401, "nonce")
        self.nonces.discard(nonce)
        if not self.proves(nonce, given["screen"], given["sig"]):
            code = "bad_signature" if self.device else "unknown_screen"
            status, headers, body = _problem(401, code)
            refused = replace(SessionProof.from_json(given), **self.refused_instead)
            signed = self.tell_time(refusal_nonce(code, refused))
            return status, headers | ({SIGNED_REFUSAL: signed} if self.signs else {}), body
        expires = self.clock() + HOUR_MS
        token = mint_token(self.secret, SCREEN, expires)
        return _json({"token": token, "expires_at": expires})

    def proves(self, nonce: str, screen: str, sig: str) -> bool:
        """Whether the screen's device signed this."""
        return (
            screen == SCREEN and bool(self.device) and check_proof(self.device, nonce, screen, sig)
        )


def device_of(key: SigningKey) -> bytes:
    """A device key as the server keeps it."""
    return public_key(b64(key.public))


def _json(value: Any, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _problem(status: int, code: str) -> Answer:
    body = json.dumps({"status": status, "code": code, "title": code}).encode()
    return status, {"Content-Type": "application/problem+json"}, body
