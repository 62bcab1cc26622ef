"""What passes over the socket besides signed messages: challenge, prove, welcome, pull, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeGuard, get_args

from playlists.errors import Invalid
from playlists.fields import MAX_WHOLE, Fields, is_whole_text, text, whole
from playlists.ids import ChannelId, Json, ScreenId, ZoneId, check_id
from playlists.wire.signed import MAX_NONCE, asked_nonce
from playlists.wire.texts import MAX_NAME

MAX_CAPS = 64
"""Capabilities that a player may name."""
MAX_FORMATS = 16
MAX_ZONES = 32
MAX_CHANNELS_HELD = 200
MAX_BECAUSE = 100
"""Reasons that a zone may give."""
MAX_TROUBLES = 16
"""Things that a player may say are wrong with it."""
MAX_TOKEN = 65_536
"""Characters of any token or JWS carried inside a message but offers."""

Cap = bool | int | str
PullWhat = Literal["head", "offers", "freshness", "keys"]
RefusalCode = Literal["unknown_screen", "bad_signature", "cloned_key", "bad_watch", "format"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """Server to client, first: sign this."""

    nonce: str

    def to_json(self) -> Json:
        """The event's body."""
        return {"nonce": self.nonce}

    @classmethod
    def from_json(cls, value: object) -> Challenge:
        """Undo `to_json`. Raises Invalid."""
        return cls(Fields.of(value).text("nonce", MAX_NONCE))


@dataclass(frozen=True, slots=True)
class Prove:
    """A player's answer. `nonce` is the client's own, answered by the signed time."""

    screen: ScreenId
    sig: str
    nonce: str
    caps: Mapping[str, Cap] = field(default_factory=dict)
    formats: tuple[int, ...] = (1,)

    def to_json(self) -> Json:
        """The event's body."""
        return {
            "v": 1,
            "screen": self.screen,
            "sig": self.sig,
            "nonce": self.nonce,
            "caps": dict(self.caps),
            "formats": list(self.formats),
        }


@dataclass(frozen=True, slots=True)
class ProveWatch:
    """A studio page's answer: the signed `enseigne.watch` that it was given."""

    watch: str

    def to_json(self) -> Json:
        """The event's body."""
        return {"v": 1, "watch": self.watch}


def prove_from_json(value: object) -> Prove | ProveWatch:
    """Read either answer to a challenge. Raises Invalid."""
    given = Fields.of(value)
    given.format()
    if given.has("watch"):
        return ProveWatch(given.text("watch", MAX_TOKEN))
    formats = tuple(whole(number, at, 1) for at, number in given.items("formats", MAX_FORMATS))
    return Prove(
        ScreenId(check_id(given.text("screen"), "screen")),
        given.base64url("sig"),
        asked_nonce(given.text("nonce", MAX_NONCE), given.at("nonce")),
        caps_from(given),
        formats,
    )


def caps_from(given: Fields, table: str = "caps") -> dict[str, Cap]:
    """Read a table of flags, whole numbers and short texts; else it is a later format's."""
    return {name: value for name, value in given.members(table, MAX_CAPS) if _is_cap(value)}


def _is_cap(value: object) -> TypeGuard[Cap]:
    """One that a database can keep: where one screen's cannot be read, those of no screen can."""
    if isinstance(value, str):
        return len(value) <= MAX_NAME and is_whole_text(value)
    return isinstance(value, int) and abs(value) <= MAX_WHOLE


@dataclass(frozen=True, slots=True)
class Welcome:
    """The proof holds: a bearer token for HTTP, the signed time, and how often to report."""

    token: str
    time: str
    report_ms: int

    def to_json(self) -> Json:
        """The event's body."""
        return {"token": self.token, "time": self.time, "report_ms": self.report_ms}

    @classmethod
    def from_json(cls, value: object) -> Welcome:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(
            given.text("token", MAX_TOKEN),
            given.text("time", MAX_TOKEN),
            given.whole("report_ms", 1_000),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """The proof does not hold; the server closes. `code` is a RefusalCode, or a newer server's."""

    code: RefusalCode | str
    message: str

    def to_json(self) -> Json:
        """The event's body."""
        return {"code": self.code, "message": self.message}

    @classmethod
    def from_json(cls, value: object) -> Refusal:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(given.text("code", 64), given.text("message", empty=True))


@dataclass(frozen=True, slots=True)
class Pull:
    """Server to client: fetch this over HTTP. `channel` goes with `offers` only."""

    what: PullWhat
    channel: ChannelId | None = None

    def to_json(self) -> Json:
        """The event's body."""
        return {"what": self.what} | ({"channel": self.channel} if self.channel else {})

    @classmethod
    def from_json(cls, value: object) -> Pull:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        for what in get_args(PullWhat):
            if given.value("what") == what:
                needed = what == "offers"
                return cls(what, ChannelId(given.text("channel", MAX_NAME)) if needed else None)
        raise Invalid(f"What is pulled is one of {', '.join(get_args(PullWhat))}.", "what")


@dataclass(frozen=True, slots=True)
class Playing:
    """What a zone shows as the report leaves. `card` None is the slate; unix milliseconds."""

    card: str | None
    since: int
    until: int
    because: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """As inside a report."""
        return {
            "card": self.card,
            "since": self.since,
            "until": self.until,
            "because": list(self.because),
        }

    @classmethod
    def from_json(cls, given: Fields) -> Playing:
        """Undo `to_json`. Raises Invalid."""
        return cls(
            given.text("card", 64) if given.has("card") else None,
            given.whole("since"),
            given.whole("until"),
            tuple(text(code, at) for at, code in given.items("because", MAX_BECAUSE)),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a player holds. `revision` and `freshness` (issued_at) are 0 where it has none.

    `missing` counts assets not yet held; `uncertainty_ms` None means no trusted time; `page` is the
    hash of the page's code; `nonce` asks for the signed time ("" does not). `troubles` is what is
    wrong with the player, by its code (such as disk_full), and since when (unix ms, by its clock).
    `device` is what it knows of its machine, by name; each may be missing.
    """

    revision: int
    channels: Mapping[ChannelId, int]
    freshness: int
    missing: int
    uncertainty_ms: int | None
    playing: Mapping[ZoneId, Playing]
    page: str = ""
    nonce: str = ""
    troubles: Mapping[str, int] = field(default_factory=dict)
    device: Mapping[str, Cap] = field(default_factory=dict)

    def to_json(self) -> Json:
        """The event's or request's body."""
        more: dict[str, Json] = {"troubles": dict(self.troubles)} if self.troubles else {}
        more |= {"device": dict(self.device)} if self.device else {}
        return {
            "revision": self.revision,
            "channels": {str(name): version for name, version in self.channels.items()},
            "freshness": self.freshness,
            "missing": self.missing,
            "clock": {"uncertainty": self.uncertainty_ms},
            "playing": {zone: shown.to_json() for zone, shown in self.playing.items()},
            "page": self.page,
            "nonce": self.nonce,
            **more,
        }

    @classmethod
    def from_json(cls, value: object) -> Report:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        channels, playing = given.fields("channels"), given.fields("playing")
        clock = given.fields("clock")
        return cls(
            given.whole("revision"),
            {
                ChannelId(channel): channels.whole(channel)
                for channel, _ in given.members("channels", MAX_CHANNELS_HELD, MAX_NAME)
            },
            given.whole("freshness"),
            given.whole("missing"),
            clock.whole("uncertainty") if clock.has("uncertainty") else None,
            {
                ZoneId(zone): Playing.from_json(playing.fields(zone))
                for zone, _ in given.members("playing", MAX_ZONES, 64)
            },
            given.text("page", 64, empty=True) if given.has("page") else "",
            asked_nonce(given.value("nonce"), given.at("nonce")) if given.has("nonce") else "",
            _troubles(given) if given.has("troubles") else {},
            caps_from(given, "device") if given.has("device") else {},
        )


def _troubles(given: Fields) -> dict[str, int]:
    since = given.fields("troubles")
    return {code: since.whole(code) for code, _ in given.members("troubles", MAX_TROUBLES, 64)}
