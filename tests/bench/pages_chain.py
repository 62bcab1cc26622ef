"""A large chain in a record, written in bulk: stores, screens with devices and reports, the goods
of one shop with their offers, stock and weather, people and what they did.

Each store shows the same few goods (PRICED); the first DEEP stores carry the whole catalogue with
price history and stock, as what a shop sells is mostly on no screen.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from playlists.facts import Fact, FactKey, FactValue
from playlists.ids import ChannelId, Sku, SourceId
from playlists.model import FULL_SCREEN
from playlists.pricing import Offer, Step
from playlists.wire.door import Report
from playlists.wire.offers import offer_to_json
from server.db.mappers import fact_values, layout_rows
from server.db.models import (
    AccountRow,
    ActorRow,
    AuditRow,
    Base,
    ChannelRow,
    ConnectorRow,
    DeviceRow,
    FactRow,
    LedgerEntry,
    OfferRow,
    ProductRow,
    ScreenRow,
    ScreenStateRow,
    StoreRow,
)
from server.services.base.context import Context

SHOP = "shop"
TABLE = "table"
TOWNS = ("Lille", "Lyon", "Nantes", "Brest", "Nice", "Metz", "Tours", "Dijon", "Rouen", "Caen")
REGIONS = ("nord", "rhone", "loire", "bretagne", "sud", "est", "centre", "bourgogne", "normandie")
KINDS = ("window", "checkout", "aisle", "entrance")
PRICED = 40
DEEP = 4
HOURS_AHEAD = 24
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
AT_ONCE = 20_000
"""Rows of one transaction."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything there is."""

    stores: int
    screens: int
    products: int
    assets: int
    playlists: int
    campaigns: int
    people: int
    audit: int


def store_id(number: int) -> str:
    """The id of the n-th store."""
    return f"store-{number:03d}"


def screen_id(number: int, stores: int) -> str:
    """The id of the n-th screen, in the store that it hangs in."""
    return f"{store_id(number % stores)}-{number // stores:02d}"


def sku_of(number: int) -> str:
    """The n-th product."""
    return f"SKU-{number:05d}"


def write(ctx: Context, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows, many at a time."""
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == AT_ONCE:
            _write(ctx, table, some)
            some = []
    _write(ctx, table, some)


def _write(ctx: Context, table: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        with ctx.db.write() as session:
            session.execute(insert(table), rows)


def seed_places(ctx: Context, sizes: Sizes) -> None:
    """Stores and screens. Of twenty screens one has been silent for hours, one tells of trouble;
    the last of every hundred has no device yet.
    """
    now = ctx.clock()
    numbers = range(sizes.screens)
    write(ctx, StoreRow, (_store(number, now) for number in range(sizes.stores)))
    write(ctx, ScreenRow, (_screen(number, sizes.stores, now) for number in numbers))
    write(ctx, DeviceRow, (_device(n, sizes.stores, now) for n in numbers if n % 100 != 99))
    write(ctx, ScreenStateRow, (_state(n, sizes.stores, now) for n in numbers if n % 100 != 99))


def _store(number: int, now: int) -> dict[str, Any]:
    name = store_id(number)
    return {
        "id": name,
        "name": f"{TOWNS[number % len(TOWNS)]} {number:03d}",
        "zone": ("Europe/Paris", "Europe/London")[number % 10 == 9],
        "lat_e6": 44_000_000 + number * 9_000,
        "lon_e6": 1_000_000 + number * 7_000,
        "regions": [REGIONS[number % len(REGIONS)]],
        "country": "FR",
        "hours": [[[540, 1170]]] * 6 + [[]],
        "special_hours": [],
        "channel": f"{SHOP}@{name}",
        "brand": {"name": "Pluvier"},
        "details": {"address": f"{number} rue du Port", "city": TOWNS[number % len(TOWNS)]},
        "edited_at": now,
    }


def _screen(number: int, stores: int, now: int) -> dict[str, Any]:
    kind = KINDS[number // stores % len(KINDS)]
    upright = kind == "window"
    return {
        "id": screen_id(number, stores),
        "name": f"{kind.capitalize()} {number // stores + 1}",
        "store_id": store_id(number % stores),
        "width": 1080 if upright else 1920,
        "height": 1920 if upright else 1080,
        "tags": [kind],
        "place": "",
        "language": "fr",
        "layout": layout_rows(FULL_SCREEN),
        "edited_at": now,
    }


def _device(number: int, stores: int, now: int) -> dict[str, Any]:
    return {
        "screen_id": screen_id(number, stores),
        "public_key": number.to_bytes(32, "big"),
        "name": "Pi",
        "caps": {},
        "paired_at": now - DAY_MS,
    }


def _state(number: int, stores: int, now: int) -> dict[str, Any]:
    troubles = {"disk_full": now - HOUR_MS} if number % 20 == 7 else {}
    return {
        "screen_id": screen_id(number, stores),
        "seen_at": now - 60 * DAY_MS if number % 20 == 3 else now,
        "connected": False,
        "report": Report(0, {}, 0, 0, 20, {}, troubles=troubles).to_json(),
    }


def seed_shop(ctx: Context, sizes: Sizes) -> None:
    """One shop with its products; offers, price history and stock by store; weather."""
    now, draw = ctx.clock(), random.Random(3)
    write(ctx, ProductRow, (_product(number, now) for number in range(sizes.products)))
    write(ctx, ChannelRow, (_channel(number, now) for number in range(sizes.stores)))
    sold = [
        (store, number)
        for store in range(sizes.stores)
        for number in range(sizes.products if store < DEEP else min(PRICED, sizes.products))
    ]
    write(ctx, OfferRow, (_offer(store, number, now) for store, number in sold))
    write(ctx, LedgerEntry, (_entry(store, number, now) for store, number in sold))
    write(ctx, FactRow, (_stock(draw, store, number, now) for store, number in sold))
    write(ctx, FactRow, _weather(draw, sizes.stores, now))
    write(ctx, ConnectorRow, [_connector(now), _table(now)])


def _product(number: int, now: int) -> dict[str, Any]:
    return {
        "shop": SHOP,
        "sku": sku_of(number),
        "names": _names(number),
        "link": f"https://shop.example/p/{number}",
        "picture_url": "",
        "availability": "in_stock",
        "seen_at": now,
    }


def _names(number: int) -> dict[str, dict[str, str]]:
    return {
        "fr": {"name": f"Veste {number}", "lead": "Pour la pluie."},
        "en": {"name": f"Jacket {number}", "lead": "For the rain."},
    }


def _channel(number: int, now: int) -> dict[str, Any]:
    name = store_id(number)
    lease = {"version": now, "as_of": now, "lease_ms": 4 * HOUR_MS}
    return {"id": f"{SHOP}@{name}", "shop": SHOP, "store_id": name, **lease}


def _price(number: int) -> int:
    return 1990 + number * 10


def _offer(store: int, number: int, now: int) -> dict[str, Any]:
    price = _price(number)
    said = {"figures": str(price // 100), "cents": f"{price % 100:02d}"}
    texts = {"fr": {**said, "currency": "€", "currency_first": ""}}
    texts["en"] = {**said, "currency": "€", "currency_first": "1"}
    step = Step(now - 30 * DAY_MS, None, price, None, texts)
    offer = Offer(Sku(sku_of(number)), "EUR", (step,), _names(number))
    channel = ChannelId(f"{SHOP}@{store_id(store)}")
    return {
        "channel": channel,
        "sku": offer.sku,
        "body": offer_to_json(offer),
        "version": now,
        "suspect": "jump" if number in (5, 39) and store == 0 else "",
        "pending": None,
    }


def _entry(store: int, number: int, now: int) -> dict[str, Any]:
    return {
        "channel": f"{SHOP}@{store_id(store)}",
        "sku": sku_of(number),
        "price": _price(number),
        "currency": "EUR",
        "valid_from": now - 60 * DAY_MS,
        "valid_until": None,
        "reduced": False,
        "recorded_at": now - 60 * DAY_MS,
        "written_at": now - 60 * DAY_MS,
        "source": SHOP,
        "source_version": "1",
    }


def _stock(draw: random.Random, store: int, number: int, now: int) -> dict[str, Any]:
    name = store_id(store)
    key = f"stock:{sku_of(number)}@{name}"
    return _fact(key, draw.randint(0, 20), now, None, now, f"{SHOP}@{name}")


def _weather(draw: random.Random, stores: int, now: int) -> Iterator[dict[str, Any]]:
    begin = now - now % HOUR_MS
    for store in map(store_id, range(stores)):
        for name, most in (("weather.temperature", 250), ("weather.rain", 15), ("weather.code", 3)):
            for hour in range(begin, begin + HOURS_AHEAD * HOUR_MS, HOUR_MS):
                value = draw.randint(0, most)
                key = f"{name}:{store}"
                yield _fact(key, value, hour, hour + HOUR_MS, now, f"sky@{store}")
        yield _fact(f"footfall:{store}", draw.randint(0, 60), now, None, now, f"counters@{store}")


def _fact(
    key: str, value: FactValue, since: int, until: int | None, now: int, source: str
) -> dict[str, Any]:
    fact = Fact(FactKey(key), value, since, until, now, now + DAY_MS, SourceId(source))
    return fact_values(fact)


def _connector(now: int) -> dict[str, Any]:
    return {
        "id": SHOP,
        "kind": "webhook",
        "name": "Shop",
        "config": {"shop": SHOP},
        "secret": "a secret of the bench's shop",
        "state": {},
        "last_success_at": now,
        "counters": {},
    }


def _table(now: int) -> dict[str, Any]:
    """A person's own table, which has a page for its file."""
    return _connector(now) | {"id": TABLE, "kind": "csv", "name": "Table", "secret": ""}


def seed_people(ctx: Context, sizes: Sizes) -> None:
    """People of every kind, and the log of what they did."""
    now = ctx.clock()
    numbers = range(sizes.people)
    write(ctx, ActorRow, (_person(number, sizes.stores, now) for number in numbers))
    write(
        ctx,
        AccountRow,
        ({"actor_id": f"person-{n}", "email": f"person-{n}@shops.example"} for n in numbers),
    )
    write(ctx, AuditRow, (_deed(number, sizes, now) for number in range(sizes.audit)))


def _person(number: int, stores: int, now: int) -> dict[str, Any]:
    role = ("manager", "viewer", "marketing", "it")[number % 4]
    own = [store_id(number % stores)] if role in ("manager", "viewer") else None
    return {
        "id": f"person-{number}",
        "name": f"Person {number}",
        "scopes": [],
        "stores": own,
        "created_at": now - number,
        "role": role,
    }


def _deed(number: int, sizes: Sizes, now: int) -> dict[str, Any]:
    return {
        "at": now - (sizes.audit - number) * 60_000,
        "actor_id": f"person-{number % sizes.people}",
        "action": ("playlist.update", "campaign.update", "override.create")[number % 3],
        "subject": f"playlist:list-{number % sizes.playlists:03d}",
        "before": {"name": f"Before {number}"},
        "after": {"name": f"After {number}"},
    }
