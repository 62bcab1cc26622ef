"""What profiles were last resolved from, in this worker's memory: a change of facts alone asks the
facts anew and nothing else.

It holds for a profile only while its row is the one that this worker stored last: whoever else
resolves it moves `resolved_at`. Whatever else changes is marked, and a mark of another kind makes
everything be read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from playlists.localtime import LocalDay
from playlists.model import Store
from playlists.resolve import Situation
from server.services.publishing.viewing import View

PROFILES_KEPT = 6_000
"""A large chain's profiles, three times over."""


@dataclass(slots=True)
class Remembered:
    """A profile as it was resolved: its wishes and what was read. `seen` is its row's
    `resolved_at` once that was stored, else 0."""

    situation: Situation
    view: View
    seen: int = 0

    def holds(self, store: Store, days: Sequence[LocalDay]) -> bool:
        """Whether the store and the days to resolve are still those."""
        return self.situation.store is store and self.situation.days == days


class Memory:
    """The profiles resolved last, by key."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Remembered] = OrderedDict()

    def keep(self, key: str, situation: Situation, view: View) -> None:
        """Remember what a profile was resolved from, until `confirm` in vain."""
        self._kept[key] = Remembered(situation.to_keep(), view.let_go())
        self._kept.move_to_end(key)
        if len(self._kept) > PROFILES_KEPT:
            self._kept.popitem(last=False)

    def confirm(self, key: str, seen: int) -> None:
        """It was stored, its row's `resolved_at` is `seen`."""
        if key in self._kept:
            self._kept[key].seen = seen

    def get(self, key: str, seen: int) -> Remembered | None:
        """What is known of a profile whose row says `seen`; None where that is not this one's."""
        found = self._kept.get(key)
        return found if found is not None and found.seen == seen and seen else None
