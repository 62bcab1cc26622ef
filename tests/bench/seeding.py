"""Writes the scenario's chain into a database, in bulk, as services would one by one."""

from __future__ import annotations

from sqlalchemy import insert

from playlists.facts import Fact, FactKey
from playlists.model import Screen
from playlists.model_json import campaign_to_json, playlist_to_json
from server.db.engine import Database
from server.db.mappers import fact_values, layout_rows
from server.db.models import (
    AssetRow,
    BaseRow,
    CampaignRow,
    ChannelRow,
    FactRow,
    PlaylistRow,
    ProductRow,
    ScreenRow,
    StoreRow,
)
from server.services.publishing.fitting import files_in, goods_in
from tests.bench.scenario import START_MS, Chain

YEAR_MS = 365 * 24 * 3_600_000


def seed(db: Database, chain: Chain, screens: list[Screen] | None = None) -> None:
    """Write stores, screens, wishes, products, files and facts."""
    _seed_places(db, chain, chain.screens if screens is None else screens)
    _seed_wishes(db, chain)
    _seed_facts(db, chain)


def fact_rows(chain: Chain, key: FactKey) -> list[Fact]:
    """The rows behind one line of the scenario, all of them forecasts."""
    line = chain.lines[key]
    return [
        Fact(key, s.value, s.from_ms, s.until_ms, START_MS, START_MS + YEAR_MS, line.source)
        for s in line.spans
    ]


def _seed_places(db: Database, chain: Chain, screens: list[Screen]) -> None:
    stores = [
        {
            "id": store.id,
            "name": store.name,
            "zone": store.calendar.zone,
            "lat_e6": store.lat_e6,
            "lon_e6": store.lon_e6,
            "regions": sorted(store.regions),
            "country": "FR",
            "hours": [[list(span) for span in day] for day in store.calendar.hours],
            "special_hours": [],
            "channel": store.channel,
            "brand": dict(store.brand),
            "details": {},
            "edited_at": START_MS,
        }
        for store in chain.stores.values()
    ]
    rows = [
        {
            "id": screen.id,
            "name": screen.id,
            "store_id": screen.store,
            "width": screen.width,
            "height": screen.height,
            "tags": sorted(screen.tags),
            "place": screen.place,
            "language": screen.language,
            "layout": layout_rows(screen.layout),
            "edited_at": START_MS,
        }
        for screen in screens
    ]
    channels = [
        {"id": store.channel, "shop": "shop", "store_id": store.id, "lease_ms": 4 * 3_600_000}
        for store in chain.stores.values()
    ]
    with db.write() as session:
        session.execute(insert(StoreRow), stores)
        session.execute(insert(ScreenRow), rows)
        session.execute(insert(ChannelRow), channels)


def _seed_wishes(db: Database, chain: Chain) -> None:
    lists = chain.playlists.values()
    skus = {good.sku for playlist in lists for good in goods_in(playlist)}
    files = {sha for playlist in lists for sha in files_in(playlist)}
    edited = {"edited_at": START_MS, "edited_by": "bench"}
    with db.write() as session:
        session.execute(
            insert(PlaylistRow),
            [{"id": p.id, "name": p.name, "body": playlist_to_json(p), **edited} for p in lists],
        )
        session.execute(
            insert(CampaignRow),
            [
                {
                    "id": c.id,
                    "name": c.name,
                    "body": campaign_to_json(c),
                    "playlist_id": c.playlist,
                    **edited,
                }
                for c in chain.campaign_rows
            ],
        )
        session.execute(
            insert(BaseRow),
            [
                {
                    "scope": base.scope,
                    "subject": base.id,
                    "zone": base.zone,
                    "playlist_id": base.playlist,
                }
                for bases in chain.base_rows.values()
                for base in bases
            ],
        )
        session.execute(
            insert(ProductRow),
            [
                {
                    "shop": "shop",
                    "sku": sku,
                    "names": {},
                    "link": "",
                    "picture_url": "",
                    "availability": "in_stock",
                    "seen_at": START_MS,
                }
                for sku in sorted(skus)
            ],
        )
        session.execute(
            insert(AssetRow),
            [
                {
                    "sha": sha,
                    "name": "",
                    "kind": "image",
                    "mime": "image/webp",
                    "bytes": 1,
                    "width": 1,
                    "height": 1,
                    "created_at": START_MS,
                    "created_by": "bench",
                }
                for sha in sorted(files)
            ],
        )


def _seed_facts(db: Database, chain: Chain) -> None:
    rows = [fact_values(fact) for key in chain.lines for fact in fact_rows(chain, key)]
    with db.write() as session:
        session.execute(insert(FactRow), rows)
