"""What a store's local days look like: opening hours from its row, public holidays, the sun.

Tables cover whole years and months, so that a store's calendar stays equal from one day to the next
and what was resolved with it stays shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from astral import Observer
from astral.sun import sunrise, sunset

from playlists.errors import Invalid
from playlists.localtime import local_date, zone_of
from playlists.schedule import Calendar
from server.db.models import StoreRow
from server.errors import BadInput

DAYS_BEFORE = 12
DAYS_AFTER = 9
"""A schedule may look this far beyond the window: a daypart from closing to the next opening."""
PLACE_E6 = 50_000
"""Sun tables are shared by places within 0.05 degrees: at most 12 seconds of the sun's way."""
CACHED_TABLES = 20_000

_DAY = timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)

Hours = tuple[tuple[int, int], ...]


def calendar_of(row: StoreRow, now: int, days: int, *, sun: bool) -> Calendar:
    """The calendar of a store for `days` days from the local day of `now` (unix milliseconds) on.

    `sun` False leaves the sun out: it is dear to compute and few schedules ask for it. Raises
    Invalid on an unknown time zone.
    """
    first = local_date(zone_of(row.zone), now)
    base = Calendar(
        zone=row.zone,
        hours=hours_from(row.hours),
        special_hours=tuple((day, _stretches(found)) for day, found in row.special_hours),
        holidays=holiday_table(row.country, first.year - 1, (first + days * _DAY).year + 1),
    )
    if not sun:
        return base
    begin = (first - DAYS_BEFORE * _DAY).replace(day=1)
    after = first + (days + DAYS_AFTER) * _DAY
    end = (after.replace(day=1) + 31 * _DAY).replace(day=1)
    table = sun_table(_rounded(row.lat_e6), _rounded(row.lon_e6), row.zone, begin, end)
    return replace(base, sun=table)


def hours_from(rows: list[Any]) -> tuple[Hours, ...]:
    """The week's opening stretches from a row's JSON: seven lists of [from, until] minutes."""
    week = tuple(_stretches(day) for day in rows)
    return week if len(week) == 7 else ((),) * 7


@lru_cache(maxsize=CACHED_TABLES)
def holiday_table(country: str, first_year: int, last_year: int) -> frozenset[str]:
    """Public holidays as `YYYY-MM-DD`; `country` as for `holiday_names`."""
    return frozenset(day.isoformat() for day in holiday_names(country, first_year, last_year))


@lru_cache(maxsize=CACHED_TABLES)
def holiday_names(
    country: str, first_year: int, last_year: int, language: str = ""
) -> Mapping[date, str]:
    """What the public holidays are called, in `language` where the country has words in it.

    `country` is ISO 3166-1, or -2 with its part: `FR-MQ`. One that is not known has none
    (`check_country` tells the person who writes it).
    """
    if not country:
        return {}
    code, _, part = country.partition("-")
    years = range(first_year, last_year + 1)
    try:
        known = holidays.country_holidays(code, subdiv=part or None)
        spoken = getattr(known, "supported_languages", ()) if language else ()
        wanted = next((one for one in spoken if one.startswith(language)), None)
        found = holidays.country_holidays(code, subdiv=part or None, years=years, language=wanted)
    except NotImplementedError:
        return {}
    return {day: str(name) for day, name in found.items()}


def check_country(country: str, field: str = "country") -> str:
    """Return `country` if its holidays are known, or if it is empty. Raises BadInput."""
    code, _, part = country.partition("-")
    try:
        if country:
            holidays.country_holidays(code, subdiv=part or None)
    except NotImplementedError:
        message = "Its holidays are not known. Write a country like FR, or FR-MQ for a part of it."
        raise BadInput(message, field=field) from None
    return country


@lru_cache(maxsize=CACHED_TABLES)
def sun_table(
    lat_e6: int, lon_e6: int, zone: str, begin: date, end: date
) -> tuple[tuple[str, tuple[int, int]], ...]:
    """(rise, set) in unix milliseconds for each local date of `[begin, end)` that has both."""
    observer = Observer(latitude=lat_e6 / 1e6, longitude=lon_e6 / 1e6)
    return tuple(_sun(observer, zone, begin, end))


def _sun(
    observer: Observer, zone: str, begin: date, end: date
) -> Iterator[tuple[str, tuple[int, int]]]:
    local = zone_of(zone)
    day = begin
    while day < end:
        try:
            rise = sunrise(observer, day, tzinfo=local)
            down = sunset(observer, day, tzinfo=local)
            yield day.isoformat(), (_ms(rise), _ms(down))
        except ValueError:  # the sun stays up, or down, all day
            pass
        day += _DAY


def _ms(moment: Any) -> int:
    """Whole seconds as unix milliseconds: the sun is not known more finely."""
    return int(moment.astimezone(UTC).timestamp()) * 1000


def _rounded(e6: int) -> int:
    return round(e6 / PLACE_E6) * PLACE_E6


def _stretches(rows: list[Any]) -> Hours:
    found = tuple((int(begin), int(end)) for begin, end in rows)
    if any(not 0 <= begin <= 1440 for begin, _ in found):
        raise Invalid("Opening hours are minutes after midnight, 0 to 1440.", "hours")
    return found
