"""The record that the feed's bench stands on: its writes are counted by the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import inspect, select, text, update

from server.app import build_context
from server.config import Settings
from server.db import migrate
from server.db.models import ConnectorRow, OfferRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors.edits import ConnectorWish
from tests.bench.feed_shop import Goods

SHOP = "pluvier"


def make(folder: Path, url: str, stores: int) -> Context:
    """A chain of so many stores that sell what a feed lists, which was never read."""
    folder.mkdir(exist_ok=True)
    ctx = build_context(Settings(data_dir=folder, allow_private=True))
    migrate.upgrade(ctx.db)
    for number in range(stores):
        wish = StoreWish(f"S{number}", "Europe/Paris", 0, 0, channel=f"{SHOP}@s{number}")
        create_store(ctx, SYSTEM, wish, f"s{number}")
    config = {"url": url, "shop": SHOP, "currency": "EUR"}
    connectors.create_connector(ctx, SYSTEM, ConnectorWish("merchant", "Shop", config), "feed")
    return ctx


def count_writes(ctx: Context) -> None:
    """From now on the database counts every row that is written, by table; the feed is due."""
    due(ctx)
    with ctx.db.write() as session:
        session.execute(text("CREATE TABLE written (name TEXT)"))
        for name in inspect(ctx.db.engine).get_table_names():
            for what in ("INSERT", "UPDATE", "DELETE"):
                session.execute(
                    text(
                        f"CREATE TRIGGER counted_{what}_{name} AFTER {what} ON {name} "
                        f"BEGIN INSERT INTO written VALUES ('{name}'); END"
                    )
                )


def written(ctx: Context) -> dict[str, int]:
    """Rows written since, by table; counting ends, and the feed is due again."""
    with ctx.db.write() as session:
        found = session.execute(text("SELECT name, count(*) FROM written GROUP BY name")).all()
        triggers = text("SELECT name FROM sqlite_master WHERE name LIKE 'counted_%'")
        for name in session.scalars(triggers).all():
            session.execute(text(f"DROP TRIGGER {name}"))
    due(ctx)
    return dict(found)


def due(ctx: Context) -> None:
    """The feed is to be read anew."""
    with ctx.db.write() as session:
        session.execute(update(ConnectorRow).values(next_run_at=0))


def wrong(ctx: Context, listed: Iterator[Goods], stores: int) -> int:
    """Offers that do not say what the feed lists: another price, one too few or too many."""
    with ctx.db.read() as session:
        said: dict[tuple[str, str], list[int]] = {}
        query = select(OfferRow.channel, OfferRow.sku, OfferRow.body)
        for channel, sku, body in session.execute(query.execution_options(yield_per=1_000)):
            said[channel, sku] = [step[2] for step in body["st"]][:1]
    count = 0
    for one in listed:
        price = one.price if one.sale is None else one.sale
        for store in range(stores):
            count += said.pop((f"{SHOP}@s{store}", one.sku), []) != [price]
    return count + len(said)
