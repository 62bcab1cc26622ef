"""What a server asks of one device by a signed command, what the device answers, and the record of
when its display was off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from playlists.errors import Invalid
from playlists.fields import Fields, whole
from playlists.ids import Json, ScreenId, Sha256, canonical, check_id, sha256
from playlists.runs import GENESIS
from playlists.wire.door import Cap, caps_from

MAX_ARGUMENTS = 16
MAX_ANSWERS = 50
"""Answers in one request."""
MAX_OFF = 500
"""Stretches in one power plan, and records of them in one request."""
MAX_WINDOWS = 8
"""Windows of the day in one rule for fetching."""
DAY_MINUTES = 1_440
MAX_SAID = 500
"""Characters of the sentence that an answer is told with."""

State = Literal["done", "failed", "refused", "unknown"]
Why = Literal["hours", "law"]


@dataclass(frozen=True, slots=True)
class Command:
    """`enseigne.command`: that screen's device is to do this once, before `deadline` (unix ms).

    A kind that the device does not know is answered so; `arguments` are the kind's own.
    """

    id: str
    screen: ScreenId
    kind: str
    arguments: Mapping[str, Json]
    issued_at: int
    deadline: int

    def to_json(self) -> Json:
        """The payload."""
        return {
            "v": 1,
            "id": self.id,
            "screen": self.screen,
            "kind": self.kind,
            "arguments": dict(self.arguments),
            "issued_at": self.issued_at,
            "deadline": self.deadline,
        }

    @classmethod
    def from_json(cls, value: object) -> Command:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        issued_at = given.whole("issued_at")
        return cls(
            check_id(given.text("id"), "id"),
            ScreenId(check_id(given.text("screen"), "screen")),
            check_id(given.text("kind"), "kind"),
            dict(given.members("arguments", MAX_ARGUMENTS, 64)),  # type: ignore[arg-type]
            issued_at,
            given.whole("deadline", issued_at + 1),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to, at `at` (unix ms): a state, a sentence, and what more there is."""

    id: str
    state: State
    said: str
    at: int
    detail: Mapping[str, Cap] = field(default_factory=dict)

    def to_json(self) -> Json:
        """As in `POST answers`."""
        return {
            "id": self.id,
            "state": self.state,
            "said": self.said,
            "at": self.at,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_json(cls, value: object, path: str = "") -> Answer:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value, path)
        for state in get_args(State):
            if given.value("state") == state:
                return cls(
                    check_id(given.text("id"), given.at("id")),
                    state,
                    given.text("said", MAX_SAID, empty=True),
                    given.whole("at"),
                    caps_from(given, "detail"),
                )
        raise Invalid(f"A command is {', '.join(get_args(State))}.", given.at("state"))


@dataclass(frozen=True, slots=True)
class Off:
    """The display is to be off for `[from_ms, until_ms)`, for its hours or because the law says."""

    from_ms: int
    until_ms: int
    why: Why

    def to_json(self) -> Json:
        """As in a power plan."""
        return [self.from_ms, self.until_ms, self.why]

    @classmethod
    def from_json(cls, value: object, path: str = "") -> Off:
        """Undo `to_json`. Raises Invalid."""
        if not isinstance(value, list | tuple) or len(value) < 3 or value[2] not in get_args(Why):
            raise Invalid("A stretch is its begin, its end, and why: hours or law.", path)
        from_ms = whole(value[0], path)
        return cls(from_ms, whole(value[1], path, from_ms + 1), value[2])


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """When a display is to be off; `id` says which plan, by its content."""

    off: tuple[Off, ...] = ()

    @property
    def id(self) -> str:
        """Equal for equal plans."""
        return sha256(canonical([one.to_json() for one in self.off]))[:16]

    def at(self, now_ms: int) -> Off | None:
        """The stretch in which the display is off now; None where it is on."""
        return next((one for one in self.off if one.from_ms <= now_ms < one.until_ms), None)

    def to_json(self) -> Mapping[str, Json]:
        """The arguments of a `power` command."""
        return {"off": [one.to_json() for one in self.off]}

    @classmethod
    def from_json(cls, value: object) -> PowerPlan:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(tuple(Off.from_json(one, at) for at, one in given.items("off", MAX_OFF)))


@dataclass(frozen=True, slots=True)
class FetchRule:
    """How the files of a plan are fetched from the server: at most `bytes_s` a second (0: as fast
    as it goes); what is not needed soon in `windows` of the store's day, `(from, until)` minutes
    of it, some over midnight (none: always). `id` says which rule, by its content.
    """

    bytes_s: int = 0
    windows: tuple[tuple[int, int], ...] = ()

    @property
    def id(self) -> str:
        """Equal for equal rules."""
        return sha256(canonical(self.to_json()))[:16]

    def to_json(self) -> Mapping[str, Json]:
        """The arguments of a `fetch` command."""
        return {"bytes_s": self.bytes_s, "windows": [list(one) for one in self.windows]}

    @classmethod
    def from_json(cls, value: object) -> FetchRule:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        windows = (_window(one, at) for at, one in given.items("windows", MAX_WINDOWS))
        return cls(given.whole("bytes_s"), tuple(windows))


def _window(value: object, path: str) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise Invalid("A window is its begin and its end.", path)
    begin, end = (whole(one, path, 0, DAY_MINUTES) for one in value)
    if begin == end:
        raise Invalid("A window ends at another minute than it begins.", path)
    return begin, end


@dataclass(frozen=True, slots=True)
class PowerRun:
    """The display was off for `[from_ms, until_ms)`: why, by which means, and what these said.

    Numbered from 1 and bound to the record before, as play runs are (GENESIS before the first).
    """

    seq: int
    prev: Sha256
    from_ms: int
    until_ms: int
    why: Why
    how: str
    said: str

    @property
    def hash(self) -> Sha256:
        """What the next record is chained to."""
        return sha256(canonical(self.to_json()))

    def to_json(self) -> Json:
        """As in `POST answers`."""
        return {
            "seq": self.seq,
            "prev": self.prev,
            "from": self.from_ms,
            "until": self.until_ms,
            "why": self.why,
            "how": self.how,
            "said": self.said,
        }

    @classmethod
    def from_json(cls, value: object, path: str = "") -> PowerRun:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value, path)
        off = Off.from_json([given.value(it) for it in ("from", "until", "why")], path)
        return cls(
            given.whole("seq", 1),
            Sha256(given.sha("prev")),
            off.from_ms,
            off.until_ms,
            off.why,
            given.text("how", 64, empty=True),
            given.text("said", MAX_SAID, empty=True),
        )

    def follows(self, seq: int, hashed: Sha256 = GENESIS) -> bool:
        """Whether it is the next record after number `seq`, whose hash is `hashed`."""
        return self.seq == seq + 1 and self.prev == hashed


@dataclass(frozen=True, slots=True)
class Answers:
    """The body of `POST answers`: what commands came to, and when the display was off."""

    answers: tuple[Answer, ...] = ()
    power: tuple[PowerRun, ...] = ()

    def to_json(self) -> Json:
        """The request's body."""
        return {
            "answers": [one.to_json() for one in self.answers],
            "power": [one.to_json() for one in self.power],
        }

    @classmethod
    def from_json(cls, value: object) -> Answers:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(
            tuple(Answer.from_json(one, at) for at, one in given.items("answers", MAX_ANSWERS)),
            tuple(PowerRun.from_json(one, at) for at, one in given.items("power", MAX_OFF)),
        )
