"""Asking why, in one call, for tests of explaining."""

from __future__ import annotations

from typing import Any

from playlists.conditions import Compare
from playlists.explain import Explanation, Loser, explain
from playlists.facts import FactKey
from playlists.localtime import local_days
from playlists.model import Screen
from playlists.resolve import profile_of, wishes_of
from tests.playlists.small_chain import PARIS, SmallChain, a_screen, at

DAY = "2026-10-05"
RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
HOUR = 3_600_000


def why(chain: SmallChain, when: str, screen: Screen | None = None, **more: Any) -> Explanation:
    """Explain a local time."""
    screen = screen or a_screen()
    reader = chain.reader()
    profile = profile_of(screen, wishes_of(reader, screen.store, [screen.id]))
    days = local_days(PARIS, at(f"{DAY}T12:00"), 2)
    return explain(profile, reader, days, at(when), **more)


def loser(explanation: Explanation, wish: str, item: str = "") -> Loser:
    """The one loser of that name."""
    (found,) = (x for x in explanation.losers if (x.wish, x.item) == (wish, item))
    return found
