"""What a rehearsal found, put together for people: screens that change alike stand together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from playlists.ids import ZoneId
from playlists.localtime import zone_of
from playlists.manifest import Plan
from playlists.turns import turn_at
from server.services.rehearsing.never import Never
from server.services.rehearsing.reckoning import Pair
from server.services.rehearsing.timelines import SHIFTS, Difference, Move
from server.services.rehearsing.warning import FileWarning, Price

MAX_GROUPS = 60
MAX_SCREENS = 2_000
"""Screens that one group names; the rest is counted."""
MAX_MOVES = 40
MAX_TURNS = 400
"""Turns that are walked through to find what comes."""


@dataclass(frozen=True, slots=True)
class Group:
    """Screens that change alike. `local` is when, on their stores' clocks; `first_ms` that of
    `example`, one of them, on which the difference is plain to see at `seen_ms`. The rest of
    `screens` is counted in `size`.
    """

    local: str
    first_ms: int
    seen_ms: int
    example: str
    zone: str
    moves: tuple[Move, ...]
    screens: tuple[str, ...]
    size: int
    stores: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Held:
    """A store's screens that a hand or an emergency holds at that instant, until (unix ms)."""

    store: str
    kind: str
    until: int


@dataclass(frozen=True, slots=True)
class Found:
    """What would change. `at` is the instant (unix ms) at which the drafts were taken to go on
    air; `screens` and `stores` were looked at, `changed` of the screens change. `locked` counts
    those whose locked zone changes.
    """

    at: int
    screens: int
    stores: int
    changed: int
    changed_stores: int
    days: int
    groups: tuple[Group, ...]
    more_groups: int
    never: tuple[Never, ...]
    prices: tuple[Price, ...]
    files: tuple[FileWarning, ...]
    held: tuple[Held, ...]
    locked: int

    def to_json(self) -> dict[str, Any]:
        """As it is kept and told."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


def found_from(kept: Mapping[str, Any]) -> Found:
    """Undo `Found.to_json`."""
    lists: dict[str, Any] = {
        "groups": tuple(_group(one) for one in kept["groups"]),
        "never": tuple(Never(**one) for one in kept["never"]),
        "prices": tuple(Price(**{**one, "stores": tuple(one["stores"])}) for one in kept["prices"]),
        "files": tuple(FileWarning(**one) for one in kept["files"]),
        "held": tuple(Held(**one) for one in kept["held"]),
    }
    return Found(**{**kept, **lists})


class Groups:
    """Gathers what changes."""

    def __init__(self) -> None:
        self._groups: dict[object, tuple[Group, list[str], set[str]]] = {}
        self.screens: set[str] = set()
        self.stores: set[str] = set()

    def add(self, pair: Pair, difference: Difference, plan: Callable[[], Plan]) -> None:
        """Screens that change to this plan, which is asked for where it is looked at."""
        zone = zone_of(pair.store.calendar.zone)
        local = datetime.fromtimestamp(difference.first_ms / 1000, zone).isoformat()[:16]
        moves = difference.moves[:MAX_MOVES]
        alike = [(m.layer, m.source, m.item, m.way) for m in moves if m.way not in SHIFTS]
        names = [str(screen.id) for screen in pair.screens]
        self.screens.update(names)
        self.stores.add(pair.store.id)
        key = (local, difference.zone, tuple(alike))
        if key not in self._groups:
            seen = _seen(plan(), difference)
            group = Group(
                *(local, difference.first_ms, seen, names[0], difference.zone, moves),
                *((), 0, (), difference.days),
            )
            self._groups[key] = (group, [], set())
        _first, screens, stores = self._groups[key]
        screens += names
        stores.add(pair.store.id)

    def groups(self) -> tuple[Group, ...]:
        """The largest first."""
        made = [
            replace(
                one,
                screens=tuple(sorted(screens)[:MAX_SCREENS]),
                size=len(screens),
                stores=tuple(sorted(stores)),
            )
            for one, screens, stores in self._groups.values()
        ]
        return tuple(sorted(made, key=lambda one: (-one.size, one.local, one.example)))


def _seen(plan: Plan, difference: Difference) -> int:
    """When what comes, or is rewritten, has its first turn; where nothing does, when the plans
    begin to differ. Unix ms.
    """
    new = {
        (move.source, move.item)
        for move in difference.moves
        if move.after_s and (move.rewritten or not move.before_s)
    }
    at = difference.first_ms
    for _ in range(MAX_TURNS if new else 0):
        turn = turn_at(plan, ZoneId(difference.zone), at)
        if turn.slot is not None and (turn.slot.why.source, turn.slot.why.item) in new:
            return at
        if turn.missing == "no_day":
            break
        at = turn.until
    return difference.first_ms


def _group(kept: Mapping[str, Any]) -> Group:
    lists: dict[str, Any] = {
        "moves": tuple(Move(**one) for one in kept["moves"]),
        "screens": tuple(kept["screens"]),
        "stores": tuple(kept["stores"]),
    }
    return Group(**{**kept, **lists})
