"""What is refused of a store or screen as a person describes it, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from zoneinfo import available_timezones

from playlists.fields import text
from playlists.ids import check_id
from playlists.model import ZoneBox
from server.errors import BadInput
from server.services.base.editing import as_bad_input, check_name
from server.services.chain.brand_checks import check_brand
from server.services.chain.calendars import Hours, check_country
from server.services.chain.place_wishes import ScreenWish, StoreWish

MAX_SIDE_PX = 16_384
MAX_ZONES = 8
MAX_TAGS = 64
MAX_REGIONS = 32
MAX_SPECIAL_DAYS = 400
MAX_STRETCHES = 6
"""Opening stretches of one day."""
MAX_DETAILS = 50
MAX_DETAIL_CHARACTERS = 500
FULL = 10_000
"""A side of the screen, in the unit of zone boxes."""
LANGUAGES = ("fr", "en")

_TAG = re.compile(r"[^\W_][\w .&'’-]{0,63}")
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}@[a-z0-9][a-z0-9_-]{0,63}")


def check_store(wish: StoreWish, store_id: str) -> None:
    """Raises BadInput naming the field that is wrong."""
    check_name(wish.name)
    if wish.zone not in available_timezones():
        raise BadInput("Write the time zone as in Europe/Paris.", field="zone")
    _within(wish.lat_e6, 90_000_000, "lat_e6", "the latitude in millionths of a degree")
    _within(wish.lon_e6, 180_000_000, "lon_e6", "the longitude in millionths of a degree")
    _words(wish.regions, MAX_REGIONS, "regions")
    check_country(wish.country)
    _hours(wish)
    if wish.channel is not None and not _channel_of(wish.channel, store_id):
        raise BadInput(f"A channel of this store is written shop@{store_id}.", field="channel")
    check_brand(wish.brand)
    if len(wish.details) > MAX_DETAILS:
        raise BadInput(f"At most {MAX_DETAILS} details.", field="details")
    with as_bad_input("details"):
        for key, value in wish.details.items():
            text(value, text(key, "", 64), MAX_DETAIL_CHARACTERS, empty=True)


def check_screen(wish: ScreenWish) -> None:
    """Raises BadInput naming the field that is wrong."""
    check_name(wish.name)
    for side, name in ((wish.width, "width"), (wish.height, "height")):
        if not 1 <= side <= MAX_SIDE_PX:
            raise BadInput(f"A screen has 1 to {MAX_SIDE_PX} pixels a side.", field=name)
    _words(wish.tags, MAX_TAGS, "tags")
    with as_bad_input():
        check_id(wish.store, "store")
        if wish.place:
            check_id(wish.place, "place")
    if wish.language not in LANGUAGES:
        raise BadInput(f"Use one of {', '.join(LANGUAGES)}.", field="language")
    _layout(wish.layout)


def _layout(layout: tuple[ZoneBox, ...]) -> None:
    if not 1 <= len(layout) <= MAX_ZONES or len({box.id for box in layout}) != len(layout):
        raise BadInput(f"Give 1 to {MAX_ZONES} zones, each with its own id.", field="layout")
    for index, box in enumerate(layout):
        path = f"layout/{index}"
        with as_bad_input():
            check_id(box.id, f"{path}/id")
        fits = min(box.x, box.y) >= 0 and box.x + box.w <= FULL and box.y + box.h <= FULL
        if not fits or box.w < 1 or box.h < 1:
            message = f"A zone lies within the screen, whose sides are {FULL} each."
            raise BadInput(message, field=path)
        for other in layout[:index]:
            if _overlap(box, other):
                message = f"The zones “{other.id}” and “{box.id}” overlap: set them side by side."
                raise BadInput(message, field=path, code="overlap")


def _overlap(one: ZoneBox, other: ZoneBox) -> bool:
    beside = one.x + one.w <= other.x or other.x + other.w <= one.x
    return not beside and one.y < other.y + other.h and other.y < one.y + one.h


def _hours(wish: StoreWish) -> None:
    if len(wish.hours) != 7:
        raise BadInput("Give seven days of hours, Monday first.", field="hours")
    for index, day in enumerate(wish.hours):
        _stretches(day, f"hours/{index}")
    days = [day for day, _ in wish.special_hours]
    if len(days) > MAX_SPECIAL_DAYS or len(set(days)) != len(days):
        message = f"At most {MAX_SPECIAL_DAYS} special days, each once."
        raise BadInput(message, field="special_hours")
    for index, (date_text, stretches) in enumerate(wish.special_hours):
        path = f"special_hours/{index}"
        if not _is_date(date_text):
            raise BadInput("Write the day as in 2026-12-24.", field=path)
        _stretches(stretches, path)


def _stretches(stretches: Hours, path: str) -> None:
    fit = all(0 <= begin < 1440 and 0 < end <= 2880 for begin, end in stretches)
    if len(stretches) > MAX_STRETCHES or not fit:
        message = (
            f"A day has at most {MAX_STRETCHES} opening stretches, in minutes after midnight: "
            "0 to 1439 for the opening, 1 to 2880 for the closing."
        )
        raise BadInput(message, field=path)


def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


def _words(words: Iterable[str], limit: int, field: str) -> None:
    listed = list(words)
    if len(listed) > limit or not all(_TAG.fullmatch(word) for word in listed):
        message = f"At most {limit} {field}, each a word of 1 to 64 letters, digits, spaces and -."
        raise BadInput(message, field=field)


def _within(value: int, most: int, field: str, what: str) -> None:
    if not -most <= value <= most:
        raise BadInput(f"Give {what}, {-most} to {most}.", field=field)


def _channel_of(channel: str, store_id: str) -> bool:
    return bool(_CHANNEL.fullmatch(channel)) and channel.endswith(f"@{store_id}")
