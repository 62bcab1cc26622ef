"""What a people counter may say, and how its readings become facts.

A reading is a number, a place and an instant. Anything else in it (the address of somebody's phone,
a face, a name) makes it refused as a whole, and it is neither stored nor logged.

The rule for footfall, whose unit is people in 15 minutes: of the readings whose windows do not
overlap, the newest that together cover `average_s` are summed, and the sum is brought from the
seconds that they cover to 15 minutes. Full cover of 15 minutes gives the very count; less cover is
an estimate from what was seen, never filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from playlists.errors import Invalid
from playlists.facts import KINDS, Fact, FactKey
from playlists.ids import SourceId, check_id
from server.connectors.plausible import AHEAD_MS, COUNTED, MAX_PEOPLE, names_a_device
from server.connectors.source import Config, Setup

FOOTFALL, OCCUPANCY = COUNTED
QUARTER_S = 900
MAX_WINDOW_S = 3_600
MAX_SOURCE_CHARACTERS = 140
_KEYS = {FOOTFALL: frozenset({"count", "window_s", "at"}), OCCUPANCY: frozenset({"count", "at"})}

Recent = dict[str, list[tuple[int, int, int]]]
"""By `store/zone`: readings as (end in unix ms, window in seconds, count), oldest first."""

WORDS = {
    "personal": "holds more than a count, its place and its time",
    "negative": "counts less than nobody",
    "huge": f"counts over {MAX_PEOPLE} people",
    "future": "is from the future: check the counter’s clock",
    "late": "is older than five minutes: check the counter’s clock",
    "bad_time": "has no instant such as 2026-10-24T09:30:00Z in “at”",
    "not_a_count": "has no whole number in “count”",
    "bad_window": f"has no window_s of 1 to {MAX_WINDOW_S} seconds",
    "bad_place": "has no store and zone of a-z, 0-9, - and _",
    "unknown_kind": "is neither footfall nor occupancy",
    "unknown_store": "names a store that this source may not speak of",
    "too_large": "is longer than a count can be",
    "repeated": "is not newer than the one before",
}
"""Why a reading is refused, by the word that is counted."""


class CountsConfig(Config):
    """How readings become facts."""

    average_s: int = Field(
        default=QUARTER_S,
        ge=10,
        le=QUARTER_S,
        description="Footfall is averaged over readings of this many seconds, then given as people "
        "in 15 minutes. Short follows a crowd at once; long does not mistake a group for one.",
    )


class Refused(ValueError):
    """A reading that is not taken; `reason` is one of WORDS."""

    def __init__(self, reason: str) -> None:
        super().__init__(WORDS[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reading:
    """People who passed in the `window_s` seconds before `at_ms`, or who are there at `at_ms`."""

    kind: str
    store: str
    zone: str
    count: int
    window_s: int
    at_ms: int


def read(
    setup: Setup, kind: str, store: str, zone: str, said: Mapping[str, Any], now_ms: int
) -> Reading:
    """Check one reading. Raises Refused, with nothing of what it said."""
    if kind not in COUNTED:
        raise Refused("unknown_kind")
    if not said.keys() <= _KEYS[kind] or names_a_device(zone):
        raise Refused("personal")
    try:
        check_id(zone)
    except Invalid:
        raise Refused("bad_place") from None
    ours = setup.store(store)
    if ours is None or len(_source(setup.id, zone, ours)) > MAX_SOURCE_CHARACTERS:
        raise Refused("unknown_store")
    window = _whole(said.get("window_s"), "bad_window") if kind == FOOTFALL else 0
    if kind == FOOTFALL and not 1 <= window <= MAX_WINDOW_S:
        raise Refused("bad_window")
    return Reading(kind, ours, zone, _count(said.get("count")), window, _at(said, kind, now_ms))


def _count(value: object) -> int:
    count = _whole(value, "not_a_count")
    if count < 0:
        raise Refused("negative")
    if count > MAX_PEOPLE:
        raise Refused("huge")
    return count


def _whole(value: object, reason: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(reason)
    return value


def _at(said: Mapping[str, Any], kind: str, now_ms: int) -> int:
    text = said.get("at")
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        at_ms = round(moment.timestamp() * 1000) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        at_ms = None
    if at_ms is None:
        raise Refused("bad_time")
    if at_ms > now_ms + AHEAD_MS:
        raise Refused("future")
    if at_ms <= now_ms - KINDS[kind].max_age_ms:
        raise Refused("late")
    return min(at_ms, now_ms)


def fact_of(setup: Setup, reading: Reading, recent: Recent) -> Fact:
    """The fact that a reading makes, remembered in `recent`. Raises Refused (`repeated`).

    Each zone is a source of its own: a counter that fell silent is not kept young by its neighbour.
    """
    value = reading.count
    if reading.kind == FOOTFALL:
        value = _in_a_quarter(reading, recent, setup.config.average_s)
    life = KINDS[reading.kind].max_age_ms
    return Fact(
        key=FactKey(f"{reading.kind}:{reading.zone}@{reading.store}"),
        value=value,
        valid_from=reading.at_ms,
        valid_until=None,
        observed_at=reading.at_ms,
        expires_at=reading.at_ms + life,
        source=SourceId(_source(setup.id, reading.zone, reading.store)),
    )


def _source(connector: str, zone: str, store: str) -> str:
    return f"{connector}.{zone}@{store}"


def _in_a_quarter(reading: Reading, recent: Recent, average_s: int) -> int:
    """The rule of this module's docstring. Keeps no more readings than it may need again."""
    place = f"{reading.store}/{reading.zone}"
    kept = recent.get(place, [])
    if kept and reading.at_ms <= kept[-1][0]:
        raise Refused("repeated")
    people, seconds = reading.count, reading.window_s
    begins = reading.at_ms - reading.window_s * 1000
    oldest = reading.at_ms - average_s * 1000
    for at_ms, window_s, count in reversed(kept):
        if at_ms <= begins and at_ms - window_s * 1000 >= oldest:
            people, seconds = people + count, seconds + window_s
            begins = at_ms - window_s * 1000
    new = (reading.at_ms, reading.window_s, reading.count)
    within = [one for one in kept if one[0] - one[1] * 1000 >= oldest]
    recent[place] = [*_apart(within), new]
    return (people * QUARTER_S * 2 + seconds) // (seconds * 2)


def _apart(kept: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Readings thinned to one a window: counters that repeat a sliding window every few seconds
    would fill the memory. The newest always stays, as the next one's predecessor.
    """
    thinned: list[tuple[int, int, int]] = []
    for at_ms, window_s, count in kept:
        if not thinned or at_ms - window_s * 1000 >= thinned[-1][0]:
            thinned.append((at_ms, window_s, count))
    if kept and thinned[-1] != kept[-1]:
        thinned.append(kept[-1])
    return thinned
