"""Fills an empty record with Pluvier: stores, screens, drawings, playlists, campaigns, price
history, connectors.
"""

from __future__ import annotations

import json
import secrets
from datetime import date, datetime
from pathlib import Path
from typing import Any

from playlists.ids import ChannelId, PlaylistId, Sku
from playlists.localtime import local_date, zone_of
from playlists.model import Base
from playlists.pricing import LedgerRow
from server.demo import FEED_EVERY_S, catalogue
from server.demo.cards import Art
from server.demo.catalogue import CHAIN, GOODS_ART, SLOGAN_FR, STORES, Store
from server.demo.goods import PRODUCTS
from server.demo.history import price_history
from server.demo.screens import SCREENS
from server.demo.wishes import wishes
from server.demo.world.till import STORE as TILLS
from server.errors import NotFound
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.connectors import ConnectorWish
from server.services.drafting.tagging import tag
from server.services.library import drawings
from server.services.prices import settling
from server.services.promoting.codes import keep_code
from server.services.promoting.promotions import TAG, is_promotion
from server.services.wishes import bases, content

BRAND_ART = Path(__file__).parent / "art" / "brand"
SHOP_PAGES = "https://pluvier.example/p/"
MICRO = 1_000_000
WEATHER_EVERY_S = 10
"""More often than a real weather service would like."""
COUNT_S = 60
LANDSCAPE = (1920, 1080)
PORTRAIT = (1080, 1920)


def seed(context: Context) -> dict[str, str]:
    """Make whatever of the chain is not there yet. Returns the secrets that the outside world
    shares.
    """
    shared = _shared_secrets(context)
    try:
        places.get_store(context, SYSTEM, STORES[0].code)
    except NotFound:
        _make_places(context)
        _make_wishes(context)
    return shared


def _shared_secrets(context: Context) -> dict[str, str]:
    file = context.settings.data_dir / "demo.json"
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    made = {name: secrets.token_urlsafe(32) for name in ("webhook", "counts", "till")}
    if not made.keys() <= kept.keys():
        kept = made | kept
        file.write_text(json.dumps(kept))
        file.chmod(0o600)
    return kept


def _make_places(context: Context) -> None:
    mark = _drawing(context, BRAND_ART / "mark.svg")
    for store in STORES:
        skyline = _drawing(context, BRAND_ART / f"skyline-{store.code}.svg")
        wish = StoreWish(
            name=store.plate,
            zone=store.tz,
            lat_e6=round(store.latitude * MICRO),
            lon_e6=round(store.longitude * MICRO),
            regions=frozenset({store.region}),
            country="FR-MQ" if store.code == "fort-de-france" else store.country,
            hours=_week(store),
            channel=f"{CHAIN}@{store.code}",
            brand={
                "name": catalogue.CHAIN_NAME,
                "slogan": SLOGAN_FR,
                "mark": mark,
                "mascot": mark,
                "skyline": skyline,
            },
            details={"address": store.address, "city": store.city},
        )
        places.create_store(context, SYSTEM, wish, store.code)
    for screen in SCREENS:
        width, height = PORTRAIT if screen.portrait else LANDSCAPE
        place = ScreenWish(
            screen.name,
            screen.store,
            width,
            height,
            tags=frozenset({screen.tag}),
            place=screen.place,
        )
        places.create_screen(context, SYSTEM, place, screen.id)


def _week(store: Store) -> tuple[tuple[tuple[int, int], ...], ...]:
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for hours in store.hours:
        for weekday in hours.weekdays:
            stretch = (_minutes(hours.opens), _minutes(hours.closes))
            days[weekday].append(stretch)
    return tuple(tuple(day) for day in days)


def _minutes(clock: Any) -> int:
    return int(clock.hour * 60 + clock.minute)


def _make_wishes(context: Context) -> None:
    goods = {product.slug: _drawing(context, GOODS_ART / product.picture) for product in PRODUCTS}
    codes = {
        product.slug: keep_code(context, SYSTEM, SHOP_PAGES + product.slug) for product in PRODUCTS
    }
    wanted = wishes(Art(goods, codes), _today(context))
    for playlist in wanted.playlists:
        content.create_playlist(context, SYSTEM, playlist)
        if is_promotion(playlist.id):
            tag(context, SYSTEM, playlist.id, add=[TAG])
    for campaign in wanted.campaigns:
        content.create_campaign(context, SYSTEM, campaign)
    bases.set_base(context, SYSTEM, Base("chain", "", PlaylistId(wanted.base)))


def _today(context: Context) -> date:
    """The head office's day."""
    return local_date(zone_of(STORES[0].tz), context.clock())


def _drawing(context: Context, file: Path) -> str:
    return drawings.keep_drawing(context, SYSTEM, file.stem, file.read_bytes())


def settle_connectors(context: Context, world: dict[str, Any], shared: dict[str, str]) -> None:
    """Point the connectors at the world's peers as they run now; at first, import the past."""
    fresh = False
    for connector_id, wish in _connectors(world, shared).items():
        try:
            connectors.update_connector(context, SYSTEM, connector_id, wish)
        except NotFound:
            connectors.create_connector(context, SYSTEM, wish, connector_id)
            fresh = True
    if fresh:
        _import_history(context, date.fromisoformat(world["first_day"]))


def _connectors(world: dict[str, Any], shared: dict[str, str]) -> dict[str, ConnectorWish]:
    shop = world["shop_url"]
    return {
        "feed": ConnectorWish(
            "merchant",
            "Boutique en ligne · Web shop",
            {
                "shop": CHAIN,
                "url": f"{shop}/feed.xml",
                "translations": {"en": f"{shop}/feed.xml?lang=en"},
                "time_zone": "Europe/Paris",
            },
            every_s=FEED_EVERY_S,
        ),
        "inventory": ConnectorWish(
            "local_inventory",
            "Stock des magasins · Store stock",
            {"url": f"{shop}/local.xml"},
            every_s=FEED_EVERY_S,
        ),
        "shop": ConnectorWish(
            "webhook",
            "Appels de la boutique · Shop’s calls",
            {"shop": CHAIN, "stock_source": "inventory"},
            shared["webhook"],
        ),
        "tills": ConnectorWish(
            "till",
            "Caisses du Prado · Prado tills",
            {"only": [TILLS], "release_url": f"{world['till_url']}/released", "timeout_s": 60},
            shared["till"],
        ),
        "weather": ConnectorWish(
            "open_meteo", "Météo · Weather", {"url": world["weather_url"]}, every_s=WEATHER_EVERY_S
        ),
        "counters": ConnectorWish(
            "mqtt_counts", "Compteurs · Counters", {"url": world["mqtt_url"], "average_s": COUNT_S}
        ),
        "counters-http": ConnectorWish(
            "http_counts",
            "Compteurs de Fort-de-France · Fort-de-France counters",
            {"average_s": COUNT_S},
            shared["counts"],
        ),
    }


def _import_history(context: Context, first_day: date) -> None:
    """Forty days of prices as the shop had them, in every channel."""
    points = price_history(first_day)
    rows = []
    for at, point in enumerate(points):
        after = next((one for one in points[at + 1 :] if one.sku == point.sku), None)
        rows.append((point, _ms(after.from_utc) if after is not None else None))
    for store in STORES:
        channel = ChannelId(f"{CHAIN}@{store.code}")
        history = [
            LedgerRow(
                Sku(point.sku),
                channel,
                point.price_minor,
                catalogue.CURRENCY,
                _ms(point.from_utc),
                until_ms,
                point.sale,
                _ms(point.from_utc),
            )
            for point, until_ms in rows
        ]
        settling.import_history(context, SYSTEM, channel, history, "archive")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
