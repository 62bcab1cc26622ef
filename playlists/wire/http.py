"""Bodies of the HTTP requests that players make: pairing, sessions, offers, reports, plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playlists.errors import Invalid
from playlists.fields import Fields, row, text, whole
from playlists.ids import Json, ScreenId, check_id, sha256
from playlists.runs import Run
from playlists.signing import MAX_BYTES, public_key
from playlists.wire.door import MAX_TOKEN, Cap, caps_from
from playlists.wire.signed import MAX_NONCE

MAX_SIDE = 16_384
MAX_QR_CHARS = 32_768
"""Pixels of a screen's width or height."""
MAX_SCREEN_NAME = 120
MAX_MESSAGES = 1_000
"""Signed messages in one answer."""
MAX_RUNS = 500
"""Play runs in one request."""
PARTED = frozenset(("unknown_screen", "bad_signature"))
"""Codes of `POST sessions/prove` that say that this device is not (or no more) that screen's."""
SIGNED_REFUSAL = "Enseigne-Signed"
"""The header in which such a refusal comes signed: over plain HTTP anybody could say it."""


@dataclass(frozen=True, slots=True)
class PairingRequest:
    """A device asks to become a screen. `device_key` is its raw public key, base64url."""

    device_key: str
    name: str
    size: tuple[int, int]
    caps: Mapping[str, Cap] = field(default_factory=dict)

    def to_json(self) -> Json:
        """The request's body."""
        return {
            "device_key": self.device_key,
            "name": self.name,
            "size": list(self.size),
            "caps": dict(self.caps),
        }

    @classmethod
    def from_json(cls, value: object) -> PairingRequest:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        public_key(given.base64url("device_key"), "device_key")
        width, height = row(given.value("size"), "size", 2)[:2]
        size = (whole(width, "size", 1, MAX_SIDE), whole(height, "size", 1, MAX_SIDE))
        name = given.text("name", MAX_SCREEN_NAME, empty=True)
        return cls(given.base64url("device_key"), name, size, caps_from(given))


@dataclass(frozen=True, slots=True)
class RootKey:
    """The server's root public key (`x`, base64url) with its id; people see its fingerprint."""

    kid: str
    x: str

    def to_json(self) -> Json:
        """As inside pairing answers."""
        return {"kid": self.kid, "x": self.x}

    @classmethod
    def from_json(cls, given: Fields) -> RootKey:
        """Undo `to_json`. Raises Invalid."""
        public_key(given.base64url("x"), given.at("x"))
        return cls(given.kid("kid"), given.base64url("x"))


@dataclass(frozen=True, slots=True)
class PairingGiven:
    """The server's answer: show `code` and `fingerprint`, ask again with `secret` as bearer.

    `qr` is a picture (a data: address) that leads a phone to where the code is typed, "" where no
    phone could get there.
    """

    pairing: str
    secret: str
    code: str
    root: RootKey
    fingerprint: str
    expires_at: int
    qr: str = ""

    def to_json(self) -> Json:
        """The answer's body."""
        picture = {"qr": self.qr} if self.qr else {}
        return {
            "pairing": self.pairing,
            "secret": self.secret,
            "code": self.code,
            "root": self.root.to_json(),
            "fingerprint": self.fingerprint,
            "expires_at": self.expires_at,
            **picture,
        }

    @classmethod
    def from_json(cls, value: object) -> PairingGiven:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(
            given.text("pairing", 128),
            given.text("secret", 128),
            given.text("code", 16),
            RootKey.from_json(given.fields("root")),
            given.text("fingerprint", 32),
            given.whole("expires_at"),
            given.text("qr", MAX_QR_CHARS, empty=True) if given.has("qr") else "",
        )


@dataclass(frozen=True, slots=True)
class Paired:
    """The pairing was accepted: which screen this is, whom to believe, and the signed keys."""

    screen: ScreenId
    root: RootKey
    keys: str

    def to_json(self) -> Json:
        """The answer's body (200)."""
        return {"screen": self.screen, "root": self.root.to_json(), "keys": self.keys}


WAITING: Json = {"state": "waiting"}
"""The answer's body (202) until a person accepts."""


def paired_from_json(value: object) -> Paired | None:
    """Read the answer to "am I paired?"; None while waiting. Raises Invalid."""
    given = Fields.of(value)
    if given.has("state"):
        if given.text("state") != "waiting":
            raise Invalid("A pairing waits or names its screen.", "state")
        return None
    return Paired(
        ScreenId(check_id(given.text("screen"), "screen")),
        RootKey.from_json(given.fields("root")),
        given.text("keys", MAX_BYTES["keys"]),
    )


@dataclass(frozen=True, slots=True)
class SessionProof:
    """`POST sessions/prove`: the device's signature over the nonce of `POST sessions`."""

    screen: ScreenId
    nonce: str
    sig: str

    def to_json(self) -> Json:
        """The request's body."""
        return {"screen": self.screen, "nonce": self.nonce, "sig": self.sig}

    @classmethod
    def from_json(cls, value: object) -> SessionProof:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        screen = ScreenId(check_id(given.text("screen"), "screen"))
        return cls(screen, given.text("nonce", MAX_NONCE), given.base64url("sig"))


def refusal_nonce(code: str, proof: SessionProof) -> str:
    """What the signed time in SIGNED_REFUSAL answers: that code to this very proof. A refusal of
    what somebody else sent, for another screen or with another signature, says nothing to a device.
    """
    said = f"{proof.screen}\n{proof.nonce}\n{proof.sig}"
    return f"{code}:{sha256(said.encode())}"


@dataclass(frozen=True, slots=True)
class SessionGiven:
    """The answer: a bearer token until `expires_at` (unix ms), and perhaps the signed time."""

    token: str
    expires_at: int
    time: str = ""

    def to_json(self) -> Json:
        """The answer's body."""
        given: dict[str, Json] = {"token": self.token, "expires_at": self.expires_at}
        return given | ({"time": self.time} if self.time else {})

    @classmethod
    def from_json(cls, value: object) -> SessionGiven:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        time = given.text("time", MAX_TOKEN) if given.has("time") else ""
        return cls(given.text("token", MAX_TOKEN), given.whole("expires_at"), time)


@dataclass(frozen=True, slots=True)
class Difference:
    """The answer to a report: the signed time and what the player lacks ("" is nothing), and the
    commands that it has not answered.
    """

    time: str
    head: str = ""
    offers: tuple[str, ...] = ()
    freshness: str = ""
    commands: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """The answer's body."""
        given: dict[str, Json] = {"time": self.time, "offers": list(self.offers)}
        given |= {"head": self.head} if self.head else {}
        given |= {"commands": list(self.commands)} if self.commands else {}
        return given | ({"freshness": self.freshness} if self.freshness else {})

    @classmethod
    def from_json(cls, value: object) -> Difference:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(
            given.text("time", MAX_TOKEN, empty=True),
            given.text("head", MAX_BYTES["head"]) if given.has("head") else "",
            _messages(given, "offers"),
            given.text("freshness", MAX_BYTES["freshness"]) if given.has("freshness") else "",
            _messages(given, "commands", "command") if given.has("commands") else (),
        )


def offers_json(messages: tuple[str, ...]) -> Json:
    """The answer to `GET offers/<channel>`."""
    return {"messages": list(messages)}


def offers_from_json(value: object) -> tuple[str, ...]:
    """Undo `offers_json`. Raises Invalid."""
    return _messages(Fields.of(value), "messages")


def plays_json(runs: tuple[Run, ...]) -> Json:
    """The body of `POST plays`."""
    return {"runs": [run.to_json() for run in runs]}


def plays_from_json(value: object) -> tuple[Run, ...]:
    """Undo `plays_json`. Raises Invalid."""
    return tuple(Run.from_json(run, at) for at, run in Fields.of(value).items("runs", MAX_RUNS))


def _messages(given: Fields, name: str, kind: str = "offers") -> tuple[str, ...]:
    limit = MAX_BYTES[kind]
    return tuple(text(token, at, limit) for at, token in given.items(name, MAX_MESSAGES))
