"""What the server knows of the world: facts, their keys, and how they run over time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

from playlists.errors import Invalid
from playlists.ids import SourceId

FactKey = NewType("FactKey", str)
"""`name:subject`, for example `weather.rain:lille`, `stock:PLV-01@lille`, `footfall:window@lille`.

In a condition the subject may hold `{store}` and `{place}`, which stand for the store and the place
(counting zone) of the screen that asks.
"""

FactValue = int | str | bool
"""Whole numbers only; the unit is part of the fact's name in the table KINDS."""

_KEY = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)?:[^\s:]{1,140}")


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of fact: `unit` for people, and how long an observation may be trusted (`max_age_ms`)."""

    name: str
    unit: str
    max_age_ms: int


MINUTE_MS = 60_000
HOUR_MS = 3_600_000

KINDS: dict[str, FactKind] = {
    kind.name: kind
    for kind in (
        FactKind("stock", "pieces", 4 * HOUR_MS),
        FactKind("weather.temperature", "tenths of a degree Celsius", 3 * HOUR_MS),
        FactKind("weather.rain", "tenths of a millimetre an hour", 3 * HOUR_MS),
        FactKind("weather.code", "WMO 4677 code", 3 * HOUR_MS),
        FactKind("footfall", "people in 15 minutes", 5 * MINUTE_MS),
        FactKind("occupancy", "people present", 5 * MINUTE_MS),
    )
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of one key. All instants are unix milliseconds, UTC.

    `valid_from` is when it begins to hold, `valid_until` (exclusive) when it ends to, None for an
    observation that holds until the next one; a forecast is a row of facts about the future.
    `observed_at` is when the source said so; `expires_at` when it is too old to be believed.
    """

    key: FactKey
    value: FactValue
    valid_from: int
    valid_until: int | None
    observed_at: int
    expires_at: int
    source: SourceId


@dataclass(frozen=True, slots=True)
class FactSpan:
    """A stretch `[from_ms, until_ms)` on which a key has one value."""

    from_ms: int
    until_ms: int
    value: FactValue


@dataclass(frozen=True, slots=True)
class FactLine:
    """A key's values over a window, as resolve reads them: disjoint spans in order; between them UNKNOWN.

    Ages are not in here: an observation's age moves at each refresh and must not move a hash. The slot
    names `source` and `max_age_ms` as a gate instead, and freshness messages keep the gate open.
    """

    key: FactKey
    source: SourceId
    max_age_ms: int
    spans: tuple[FactSpan, ...]


def fact_key(text: str, field: str = "fact") -> FactKey:
    """Check the grammar `name:subject` and that the kind is known. Raises Invalid."""
    if not _KEY.fullmatch(text):
        raise Invalid("A fact is written name:subject, for example weather.rain:{store}.", field)
    if kind_of(FactKey(text)) is None:
        raise Invalid(f"No such kind of fact. Known: {', '.join(sorted(KINDS))}.", field)
    return FactKey(text)


def kind_of(key: FactKey) -> FactKind | None:
    """The kind that a key belongs to, or None where it is unknown."""
    return KINDS.get(key.split(":", 1)[0])


def bind(key: FactKey, store: str, place: str) -> FactKey:
    """Fill `{store}` and `{place}` of a condition's key for one screen."""
    return FactKey(key.replace("{store}", store).replace("{place}", place))
