"""What people write of stores and screens, read into wishes; and how the same is written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from playlists.ids import ZoneId
from playlists.model import FULL_SCREEN, MAIN, ZoneBox
from server.errors import BadInput
from server.services.chain.calendars import Hours
from server.services.chain.place_views import ScreenView, StoreView
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.web.tongue import gettext as _

MICRO = 1_000_000
DAY_MINUTES = 1_440
USUAL: tuple[Hours, ...] = ((((600, 1_140),),) * 6) + ((),)
"""From ten to seven, Monday to Saturday: what a new store's form begins with."""
SIZES = ((1920, 1080), (1080, 1920), (3840, 2160), (2160, 3840), (1280, 720), (720, 1280))
LAYOUTS: Mapping[str, tuple[ZoneBox, ...]] = {
    "whole": FULL_SCREEN,
    "foot": (
        ZoneBox(MAIN, 0, 0, 10_000, 8_800),
        ZoneBox(ZoneId("legal"), 0, 8_800, 10_000, 1_200, locked=True),
    ),
    "side": (
        ZoneBox(MAIN, 0, 0, 7_000, 10_000),
        ZoneBox(ZoneId("side"), 7_000, 0, 3_000, 10_000),
    ),
}
AS_IS = "as-is"
_AT = re.compile(r"(-?\d+(?:[.,]\d+)?)\s*[,;\s]\s*(-?\d+(?:[.,]\d+)?)")
_STRETCH = re.compile(r"(\d{1,2})\s*[:h]?\s*(\d{2})?\s*[-–—]\s*(\d{1,2})\s*[:h]?\s*(\d{2})?\s*")
Form = Mapping[str, str]


def store_wish(form: Form, store: str, was: StoreView | None) -> StoreWish:
    """A store as its form says; what the form does not ask for stays as it was. Raises BadInput."""
    old = _kept(was)
    shop, country = form.get("shop", ""), form.get("country", "")
    lat, lon = _at(form.get("at", ""))
    details = {**old.details, "address": form.get("address", "").strip()}
    return replace(
        old,
        name=form.get("name", ""),
        zone=form.get("zone", "").strip(),
        lat_e6=lat,
        lon_e6=lon,
        country=country,
        regions=_words(form.get("regions", "")),
        hours=tuple(_hours(form.get(f"day{day}", ""), day) for day in range(7)),
        channel=f"{shop}@{store}" if shop else None,
        details={name: text for name, text in details.items() if text},
    )


def store_form(store: StoreView) -> dict[str, str]:
    """The form's fields as a store has them."""
    known = bool(store.lat_e6 or store.lon_e6)
    return {
        "name": store.name,
        "address": store.details.get("address", ""),
        "zone": store.zone,
        "at": f"{_degrees(store.lat_e6)}, {_degrees(store.lon_e6)}" if known else "",
        "country": store.country,
        "regions": ", ".join(store.regions),
        "shop": shop_of(store),
        **week_form(store.hours),
    }


def week_form(week: tuple[Hours, ...]) -> dict[str, str]:
    """Opening hours as they are written: `10:00–12:30, 14:00–19:00`; empty where closed."""
    return {
        f"day{day}": ", ".join(f"{_clock(begin)}–{_clock(end)}" for begin, end in stretches)
        for day, stretches in enumerate(week)
    }


def shop_of(store: StoreView) -> str:
    """The shop whose prices a store shows, "" where none."""
    return (store.channel or "").partition("@")[0]


def screen_wish(form: Form, store: str, was: ScreenView | None) -> ScreenWish:
    """A screen as its form says. Raises BadInput."""
    width, _by, height = form.get("size", "").partition("x")
    layout = LAYOUTS.get(form.get("layout", ""), was.layout if was is not None else FULL_SCREEN)
    return ScreenWish(
        name=form.get("name", ""),
        store=store,
        width=int(width) if width.isdecimal() and len(width) < 6 else 0,
        height=int(height) if height.isdecimal() and len(height) < 6 else 0,
        tags=_words(form.get("tags", "")),
        place=form.get("place", "").strip(),
        language=form.get("language", "fr"),
        layout=layout,
    )


def screen_form(screen: ScreenView) -> dict[str, str]:
    """The form's fields as a screen has them."""
    named = (name for name, boxes in LAYOUTS.items() if boxes == tuple(screen.layout))
    return {
        "name": screen.name,
        "size": f"{screen.width}x{screen.height}",
        "tags": ", ".join(screen.tags),
        "place": screen.place,
        "language": screen.language,
        "layout": next(named, AS_IS),
    }


def _kept(was: StoreView | None) -> StoreWish:
    if was is None:
        return StoreWish("", "")
    return StoreWish(
        name=was.name,
        zone=was.zone,
        lat_e6=was.lat_e6,
        lon_e6=was.lon_e6,
        regions=frozenset(was.regions),
        country=was.country,
        hours=was.hours,
        special_hours=was.special_hours,
        channel=was.channel,
        brand=was.brand,
        details=was.details,
    )


def _at(text: str) -> tuple[int, int]:
    if not text.strip():
        return 0, 0
    found = _AT.fullmatch(text.strip())
    if found is None:
        raise BadInput(_("Write two numbers, as in 50.6372, 3.0633."), field="at")
    north, east = (round(Decimal(part.replace(",", ".")) * MICRO) for part in found.groups())
    if abs(north) > 90 * MICRO or abs(east) > 180 * MICRO:
        raise BadInput(_("The first number lies within 90, the second within 180."), field="at")
    return north, east


def _degrees(millionths: int) -> str:
    return f"{Decimal(millionths) / MICRO:f}"


def _hours(text: str, day: int) -> Hours:
    made = []
    for part in re.split(r"[,;]", text):
        if not part.strip():
            continue
        found = _STRETCH.fullmatch(part.strip())
        opens, closes = _minutes(found, 1), _minutes(found, 3)
        if opens is None or closes is None or opens >= DAY_MINUTES:
            raise BadInput(_("Write the hours as in 10:00–19:00."), field=f"day{day}")
        made.append((opens, closes if closes > opens else closes + DAY_MINUTES))
    return tuple(made)


def _minutes(found: re.Match[str] | None, group: int) -> int | None:
    if found is None:
        return None
    hour, minute = int(found[group]), int(found[group + 1] or 0)
    return hour * 60 + minute if minute < 60 and hour * 60 + minute <= DAY_MINUTES else None


def _clock(minutes: int) -> str:
    at = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{at // 60:02d}:{at % 60:02d}"


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
