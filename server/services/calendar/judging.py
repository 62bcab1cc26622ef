"""Campaigns on a floor, judged: each as a voice, and where they clash. Kept by what it was made of:
the campaigns as planned, the floor, the window. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from playlists.conditions import Condition
from playlists.model import Campaign
from server.services.calendar.clashes import Clash, Told, clashes
from server.services.calendar.floor import Floor
from server.services.calendar.voices import Days, Voice, days_of, voice_of
from server.services.calendar.window import Window

KEPT = 24
"""Judgements that one process holds: of a few people, in a few windows."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The voices by their campaigns' ids, the window on every clock, the clashes."""

    voices: Mapping[str, Voice]
    days: tuple[Days, ...]
    told: Told

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """The sure ones, then those that hang on conditions."""
        return self.told.certain + self.told.possible


@lru_cache(maxsize=KEPT)
def judged(floor: Floor, shown: Window, campaigns: tuple[Campaign, ...]) -> Judged:
    """All campaigns together."""
    voices, days = heard(floor, shown, campaigns)
    told = clashes(list(voices.values()), days, _conditions(campaigns))
    return Judged(voices, days, told)


@lru_cache(maxsize=KEPT)
def judged_for(
    floor: Floor, shown: Window, campaigns: tuple[Campaign, ...], subject: Campaign
) -> Judged:
    """One campaign among the others: only what it is part of."""
    others, days = heard(floor, shown, campaigns)
    voices = {**others, subject.id: voice_of(subject, floor, days)}
    conditions = _conditions((*campaigns, subject))
    return Judged(voices, days, clashes(list(voices.values()), days, conditions, subject.id))


@lru_cache(maxsize=KEPT)
def heard(
    floor: Floor, shown: Window, campaigns: tuple[Campaign, ...]
) -> tuple[Mapping[str, Voice], tuple[Days, ...]]:
    """The campaigns as voices by their ids, and the window on every clock."""
    days = tuple(days_of(floor, shown))
    return {one.id: voice_of(one, floor, days) for one in campaigns}, days


def _conditions(campaigns: tuple[Campaign, ...]) -> dict[str, Condition]:
    return {one.id: one.condition for one in campaigns if one.condition is not None}
