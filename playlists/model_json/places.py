"""Stores with their calendars, and screens with their layouts, as JSON.

store    {"id", "name", "calendar": {..}, "lat_e6", "lon_e6", "regions": [..], "channel",
          "brand": {"name": .., "slogan": .., "mark": sha256, "mascot": sha256,
          "skyline": sha256}}
calendar {"zone": IANA, "hours": [[[from, until], ..] for Monday to Sunday],
          "special_hours": {date: [[from, until], ..]}, "holidays": [date],
          "sun": {date: [rise ms, set ms]}}
screen   {"id", "store", "size": [w, h], "tags": [..], "place", "language", "layout": [..]}
layout   [{"id", "x", "y", "w", "h", "locked"}]
"""

from __future__ import annotations

from playlists.errors import Invalid
from playlists.fields import MAX_WHOLE, Fields, entries, row, text, whole
from playlists.ids import ChannelId, Json, ScreenId, StoreId, ZoneId
from playlists.localtime import parse_date, zone_of
from playlists.model import FULL_SCREEN, Screen, Store, ZoneBox
from playlists.model_json.members import (
    channel,
    flag,
    identifier,
    listed,
    name_of,
    number,
    opened,
    table,
    tags,
    without_defaults,
)
from playlists.model_json.wishes import MAX_LAT_E6, MAX_LON_E6
from playlists.schedule import Calendar

MAX_TAGS = 64
MAX_ZONES = 16
MAX_PIXELS = 32_768
"""Pixels along one side of a screen."""
WHOLE_SCREEN = 10_000
"""A zone's box counts in ten-thousandths of the screen."""
MAX_STRETCHES = 8
"""Opening stretches of one day."""
MAX_MINUTES = 2_880
"""Minutes after midnight of an opening or closing: closing may be the next day."""
MAX_DATES = 1_500
"""Dates in one table of a calendar."""
MAX_BRAND = 16
MAX_BRAND_CHARS = 4_000
MAX_PLACE_CHARS = 64
MAX_ZONE_NAME_CHARS = 64
_WEEK = 7
_DATE_CHARS = 10
Stretches = tuple[tuple[int, int], ...]


def store_to_json(store: Store) -> dict[str, Json]:
    """The JSON form of a store."""
    return without_defaults(
        {
            "id": store.id,
            "name": store.name,
            "calendar": calendar_to_json(store.calendar),
            "lat_e6": store.lat_e6,
            "lon_e6": store.lon_e6,
            "regions": sorted(store.regions),
            "channel": store.channel,
            "brand": dict(store.brand),
        },
        lat_e6=0,
        lon_e6=0,
    )


def store_from_json(value: object, path: str = "") -> Store:
    """Read a store. Raises Invalid."""
    names = ("id", "name", "calendar", "lat_e6", "lon_e6", "regions", "channel", "brand")
    fields = opened(value, path, *names)
    shop = channel(fields, "channel")
    return Store(
        id=StoreId(identifier(fields, "id")),
        name=name_of(fields),
        calendar=calendar_from_json(fields.value("calendar"), fields.at("calendar")),
        lat_e6=number(fields, "lat_e6", -MAX_LAT_E6, MAX_LAT_E6, 0),
        lon_e6=number(fields, "lon_e6", -MAX_LON_E6, MAX_LON_E6, 0),
        regions=tags(fields, "regions", MAX_TAGS),
        channel=ChannelId(shop) if shop else None,
        brand={
            name: text(said, f"{fields.at('brand')}/{name}", MAX_BRAND_CHARS, empty=True)
            for name, said in table(fields, "brand", MAX_BRAND, MAX_TAGS)
        },
    )


def calendar_to_json(calendar: Calendar) -> dict[str, Json]:
    """The JSON form of a calendar."""
    hours: list[Json] = [_stretches_to_json(day) for day in calendar.hours]
    return without_defaults(
        {
            "zone": calendar.zone,
            "hours": hours,
            "special_hours": {
                date: _stretches_to_json(day) for date, day in calendar.special_hours
            },
            "holidays": sorted(calendar.holidays),
            "sun": {date: list(rise_set) for date, rise_set in calendar.sun},
        },
        hours=[[]] * _WEEK,
    )


def calendar_from_json(value: object, path: str = "") -> Calendar:
    """Read a calendar. Raises Invalid."""
    fields = opened(value, path, "zone", "hours", "special_hours", "holidays", "sun")
    zone = fields.text("zone", MAX_ZONE_NAME_CHARS)
    zone_of(zone, fields.at("zone"))
    hours = [_stretches(day, at) for at, day in listed(fields, "hours", _WEEK)]
    if hours and len(hours) != _WEEK:
        raise Invalid("Give the hours of seven days, Monday first.", fields.at("hours"))
    return Calendar(
        zone=zone,
        hours=tuple(hours) or ((),) * _WEEK,
        special_hours=tuple(
            (_date(date, fields.at("special_hours")), _stretches(day, _under(fields, date)))
            for date, day in sorted(table(fields, "special_hours", MAX_DATES, _DATE_CHARS))
        ),
        holidays=frozenset(_date(day, at) for at, day in listed(fields, "holidays", MAX_DATES)),
        sun=tuple(
            (_date(date, fields.at("sun")), _rise_set(value, f"{fields.at('sun')}/{date}"))
            for date, value in sorted(table(fields, "sun", MAX_DATES, _DATE_CHARS))
        ),
    )


def screen_to_json(screen: Screen) -> dict[str, Json]:
    """The JSON form of a screen."""
    return without_defaults(
        {
            "id": screen.id,
            "store": screen.store,
            "size": [screen.width, screen.height],
            "tags": sorted(screen.tags),
            "place": screen.place,
            "language": screen.language,
            "layout": None if screen.layout == FULL_SCREEN else layout_to_json(screen.layout),
        }
    )


def screen_from_json(value: object, path: str = "") -> Screen:
    """Read a screen. Raises Invalid."""
    fields = opened(value, path, "id", "store", "size", "tags", "place", "language", "layout")
    width, height = row(fields.value("size"), fields.at("size"), 2)[:2]
    place = fields.text("place", MAX_PLACE_CHARS, empty=True) if fields.has("place") else ""
    if any(char.isspace() or char in ":{}" for char in place):
        raise Invalid("A place has no space, colon or brace.", fields.at("place"))
    return Screen(
        id=ScreenId(identifier(fields, "id")),
        store=StoreId(identifier(fields, "store")),
        width=whole(width, fields.at("size"), 1, MAX_PIXELS),
        height=whole(height, fields.at("size"), 1, MAX_PIXELS),
        tags=tags(fields, "tags", MAX_TAGS),
        place=place,
        language=identifier(fields, "language") if fields.has("language") else "fr",
        layout=(
            layout_from_json(fields.value("layout"), fields.at("layout"))
            if fields.has("layout")
            else FULL_SCREEN
        ),
    )


def layout_to_json(layout: tuple[ZoneBox, ...]) -> list[Json]:
    """The JSON form of a layout."""
    return [
        {
            "id": box.id,
            "x": box.x,
            "y": box.y,
            "w": box.w,
            "h": box.h,
            **({"locked": True} if box.locked else {}),
        }
        for box in layout
    ]


def layout_from_json(value: object, path: str = "") -> tuple[ZoneBox, ...]:
    """Read a layout: at least one zone, each named once and on the screen. Raises Invalid."""
    boxes = tuple(_box(box, at) for at, box in entries(value, path, MAX_ZONES))
    if not boxes or len({box.id for box in boxes}) < len(boxes):
        raise Invalid("At least one zone is needed, each named once.", path)
    return boxes


def _box(value: object, path: str) -> ZoneBox:
    fields = opened(value, path, "id", "x", "y", "w", "h", "locked")
    x, y = (fields.whole(name, 0, WHOLE_SCREEN - 1) for name in ("x", "y"))
    return ZoneBox(
        id=ZoneId(identifier(fields, "id")),
        x=x,
        y=y,
        w=fields.whole("w", 1, WHOLE_SCREEN - x),
        h=fields.whole("h", 1, WHOLE_SCREEN - y),
        locked=flag(fields, "locked"),
    )


def _stretches_to_json(stretches: Stretches) -> list[Json]:
    return [list(stretch) for stretch in stretches]


def _stretches(value: object, path: str) -> Stretches:
    found: list[tuple[int, int]] = []
    for at, stretch in entries(value, path, MAX_STRETCHES):
        begin, end = row(stretch, at, 2)[:2]
        found.append((whole(begin, at, 0, MAX_MINUTES), whole(end, at, 0, MAX_MINUTES)))
    return tuple(found)


def _rise_set(value: object, path: str) -> tuple[int, int]:
    rise, down = row(value, path, 2)[:2]
    return whole(rise, path, -MAX_WHOLE), whole(down, path, -MAX_WHOLE)


def _date(value: object, path: str) -> str:
    return parse_date(text(value, path, _DATE_CHARS), path).isoformat()


def _under(fields: Fields, date: str) -> str:
    return f"{fields.at('special_hours')}/{date}"
