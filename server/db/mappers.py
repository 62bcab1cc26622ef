"""Between rows and the domain's dataclasses: places, facts and price history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from playlists.facts import Fact, FactKey, FactValue
from playlists.ids import ChannelId, PlaylistId, ScreenId, Sku, SourceId, StoreId, ZoneId
from playlists.model import FULL_SCREEN, Base, Screen, Store, ZoneBox
from playlists.pricing import LedgerRow
from playlists.schedule import Calendar
from server.db.models import BaseRow, FactRow, LedgerEntry, ScreenRow, StoreRow


def store_from(row: StoreRow, calendar: Calendar) -> Store:
    """A store with the calendar that was made for it."""
    return Store(
        id=StoreId(row.id),
        name=row.name,
        calendar=calendar,
        lat_e6=row.lat_e6,
        lon_e6=row.lon_e6,
        regions=frozenset(row.regions),
        channel=ChannelId(row.channel) if row.channel else None,
        brand=dict(row.brand),
    )


def screen_from(row: ScreenRow | Row[Any]) -> Screen:
    """A screen as wished for."""
    return Screen(
        id=ScreenId(row.id),
        store=StoreId(row.store_id),
        width=row.width,
        height=row.height,
        tags=frozenset(row.tags),
        place=row.place,
        language=row.language,
        layout=layout_from(row.layout),
    )


def layout_from(rows: Sequence[Any]) -> tuple[ZoneBox, ...]:
    """Zone boxes from `[[id, x, y, w, h, locked 0/1], ...]`; none is one zone, full screen."""
    boxes = tuple(
        ZoneBox(ZoneId(name), x, y, w, h, bool(locked)) for name, x, y, w, h, locked in rows
    )
    return boxes or FULL_SCREEN


def layout_rows(layout: Sequence[ZoneBox]) -> list[Any]:
    """What `layout_from` reads."""
    return [[box.id, box.x, box.y, box.w, box.h, int(box.locked)] for box in layout]


def base_from(row: BaseRow) -> Base:
    """A base playlist."""
    scopes: Mapping[str, Any] = {"screen": "screen", "store": "store", "chain": "chain"}
    return Base(scopes[row.scope], row.subject, PlaylistId(row.playlist_id), ZoneId(row.zone))


def fact_from(row: FactRow | Row[Any]) -> Fact:
    """A fact; its value is kept as `{"v": value}`."""
    return Fact(
        key=FactKey(row.key),
        value=value_from(row.value),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        observed_at=row.observed_at,
        expires_at=row.expires_at,
        source=SourceId(row.source),
    )


def value_from(kept: Mapping[str, Any]) -> FactValue:
    """The value of a fact from its column."""
    value: FactValue = kept["v"]
    return value


def fact_values(fact: Fact) -> dict[str, Any]:
    """The columns of a fact's row, by name."""
    return {
        "key": fact.key,
        "valid_from": fact.valid_from,
        "valid_until": fact.valid_until,
        "value": {"v": fact.value},
        "observed_at": fact.observed_at,
        "expires_at": fact.expires_at,
        "source": fact.source,
    }


def ledger_from(row: LedgerEntry) -> LedgerRow:
    """A price as received."""
    return LedgerRow(
        sku=Sku(row.sku),
        channel=ChannelId(row.channel),
        price=row.price,
        currency=row.currency,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        reduced=row.reduced,
        recorded_at=row.recorded_at,
    )
