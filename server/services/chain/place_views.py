"""What people are shown of stores and screens, made from their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playlists.model import ZoneBox
from server.db.mappers import layout_from
from server.db.models import DeviceRow, ScreenRow, ScreenStateRow, StoreRow
from server.services.base.editing import Versioned
from server.services.chain.calendars import Hours, hours_from


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store; fields as in StoreWish. `edited_at` is unix milliseconds."""

    id: str
    name: str
    zone: str
    lat_e6: int
    lon_e6: int
    regions: tuple[str, ...]
    country: str
    hours: tuple[Hours, ...]
    special_hours: tuple[tuple[str, Hours], ...]
    channel: str | None
    brand: Mapping[str, str]
    details: Mapping[str, str]
    edited_at: int


@dataclass(frozen=True, slots=True)
class ScreenView:
    """A screen; fields as in ScreenWish. `device` is its device's name, None before the pairing;
    `held` says why that device is kept off; `seen_at` (unix milliseconds) is its last report.
    """

    id: str
    name: str
    store: str
    width: int
    height: int
    tags: tuple[str, ...]
    place: str
    language: str
    layout: tuple[ZoneBox, ...]
    edited_at: int
    device: str | None
    held: str
    connected: bool
    seen_at: int | None


def store_view(row: StoreRow) -> Versioned[StoreView]:
    """A store as people see it."""
    view = StoreView(
        id=row.id,
        name=row.name,
        zone=row.zone,
        lat_e6=row.lat_e6,
        lon_e6=row.lon_e6,
        regions=tuple(row.regions),
        country=row.country,
        hours=hours_from(row.hours),
        special_hours=tuple((day, _stretches(hours)) for day, hours in row.special_hours),
        channel=row.channel,
        brand=dict(row.brand),
        details=dict(row.details),
        edited_at=row.edited_at,
    )
    return Versioned(view, row.version)


def screen_view(
    row: ScreenRow, device: DeviceRow | None, state: ScreenStateRow | None
) -> Versioned[ScreenView]:
    """A screen as people see it, with what is known of its device."""
    view = ScreenView(
        id=row.id,
        name=row.name,
        store=row.store_id,
        width=row.width,
        height=row.height,
        tags=tuple(row.tags),
        place=row.place,
        language=row.language,
        layout=layout_from(row.layout),
        edited_at=row.edited_at,
        device=device.name if device is not None else None,
        held=device.held_reason if device is not None else "",
        connected=state is not None and state.connected,
        seen_at=state.seen_at if state is not None else None,
    )
    return Versioned(view, row.version)


def _stretches(rows: list[list[int]]) -> Hours:
    return tuple((begin, end) for begin, end in rows)
