"""When the players of a store may be updated, on its own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from server.config import Settings
from server.services.screens.power_plans import Hours, Opening
from server.services.screens.rollout_hours import Quiet

DAY: Hours = ((600, 1_140),)
NEVER: tuple[Hours, ...] = ((),) * 7
WEEK: tuple[Hours, ...] = (DAY,) * 6 + ((),)
QUIET = Quiet.of(Settings(_env_file=None))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("zone", "hours", "now", "stretch"),
    [
        ("Europe/Paris", WEEK, "2026-10-15T14:32", "15 19:30 to 16 09:30"),
        ("Europe/Paris", WEEK, "2026-10-15T19:29", "15 19:30 to 16 09:30"),
        ("Europe/Paris", WEEK, "2026-10-15T23:00", "15 23:00 to 16 09:30"),
        ("Europe/Paris", WEEK, "2026-10-16T09:30", "16 19:30 to 17 09:30"),
        ("Europe/Paris", WEEK, "2026-10-17T20:00", "17 20:00 to 18 20:00"),
        ("America/New_York", WEEK, "2026-10-15T14:32", "15 19:30 to 16 09:30"),
        ("Europe/Paris", (((600, 1_560),),) * 7, "2026-10-15T14:32", "16 02:30 to 16 09:30"),
        ("Europe/Paris", NEVER, "2026-10-15T14:32", "16 01:00 to 16 05:00"),
        ("Europe/Paris", NEVER, "2026-10-16T03:00", "16 03:00 to 16 05:00"),
        ("Europe/Paris", (((0, 1_440),),) * 7, "2026-10-15T14:32", "16 01:00 to 16 05:00"),
        ("Europe/Paris", (((30, 1_430),),) * 7, "2026-10-15T14:32", "16 01:00 to 16 05:00"),
    ],
)
def test_it_is_while_the_store_is_closed(
    zone: str, hours: tuple[Hours, ...], now: str, stretch: str
) -> None:
    assert said(QUIET, Opening(zone, hours), now) == stretch


@pytest.mark.parametrize(
    ("zone", "now", "length"),
    [
        ("Europe/Paris", "2026-10-25T00:00", 5),
        ("Europe/Paris", "2027-03-28T00:00", 3),
        ("America/New_York", "2026-11-01T00:00", 5),
        ("America/New_York", "2027-03-14T00:00", 3),
        ("Asia/Kolkata", "2026-10-25T00:00", 4),
    ],
)
def test_nights_in_which_clocks_change_have_their_real_length(
    zone: str, now: str, length: int
) -> None:
    begin, end = QUIET.at(Opening(zone, NEVER), at(now, zone))
    assert (end - begin) / 3_600_000 == length


def test_special_days_count_and_a_night_may_cross_midnight() -> None:
    late = Opening("Europe/Paris", WEEK, (("2026-10-15", ((600, 1_320),)),))
    assert said(QUIET, late, "2026-10-15T20:00") == "15 22:30 to 16 09:30"
    settings = Settings(update_night_from_hour=23, update_night_until_hour=2, _env_file=None)  # type: ignore[call-arg]
    over = Quiet.of(settings)
    assert said(over, Opening("Europe/Paris", NEVER), "2026-10-16T01:00") == "16 01:00 to 16 02:00"


def said(quiet: Quiet, opening: Opening, now: str) -> str:
    found = quiet.at(opening, at(now, opening.zone))
    begin, end = (
        datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(opening.zone)) for ms in found
    )
    return f"{begin:%d %H:%M} to {end:%d %H:%M}"


def at(text: str, zone: str) -> int:
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(wall.timestamp() * 1000)
