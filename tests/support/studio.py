"""The demo's chain in a record, with prices, facts and devices; and a studio that serves it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from werkzeug.serving import make_server

from playlists.facts import Fact, FactKey, FactValue, kind_of
from playlists.ids import SourceId
from server.app import build_context, create_app, prepare
from server.config import Settings
from server.db.models import DeviceRow
from server.demo.catalogue import CHAIN, CURRENCY, STORES
from server.demo.goods import PRODUCTS
from server.demo.screens import SCREENS
from server.demo.seed import seed
from server.ports import Batch, ProductReport, StockReport
from server.services.base.context import Context
from server.services.entry import people
from server.services.observed import facts
from server.services.prices import intake
from server.services.screens.screen_states import record_links
from tests.support.programs import answers, end, free_port, wait_until
from tests.support.small_shop import publish

WEATHER = {
    "lille": (110, 12, 61),
    "vieux-port": (240, 0, 0),
    "prado": (240, 0, 0),
    "fort-de-france": (290, 0, 2),
}
"""Tenths of a degree, tenths of a millimetre an hour, WMO code."""


def furnish(ctx: Context) -> None:
    """Pluvier as it stands on an autumn day: raining in Lille, fine elsewhere."""
    seed(ctx)
    set_prices(ctx)
    for store, (degrees, rain, code) in WEATHER.items():
        set_fact(ctx, f"weather.temperature:{store}", degrees, f"sky@{store}")
        set_fact(ctx, f"weather.rain:{store}", rain, f"sky@{store}")
        set_fact(ctx, f"weather.code:{store}", code, f"sky@{store}")
        for zone, people_there in (("tills", 14 if store == "lille" else 4), ("fitting", 9)):
            set_fact(ctx, f"occupancy:{zone}@{store}", people_there, f"counters@{store}")


def set_prices(ctx: Context) -> None:
    """The shop lists all that it sells, with its stock."""
    products = tuple(
        ProductReport(
            product.sku,
            CURRENCY,
            product.price_minor,
            names={
                lang: {"name": product.name, "lead": product.lead.in_(lang)}
                for lang in ("fr", "en")
            },
        )
        for product in PRODUCTS
    )
    stock = tuple(
        StockReport(product.sku, store, pieces)
        for product in PRODUCTS
        for store, pieces in product.stock
    )
    batch = Batch(ctx.clock(), products=products, stock=stock)
    intake.take(ctx, intake.Source("feed", shop=CHAIN), batch)


def set_fact(ctx: Context, key: str, value: FactValue, source: str) -> None:
    """Someone observed something just now."""
    now, kind = ctx.clock(), kind_of(FactKey(key))
    assert kind is not None
    fact = Fact(FactKey(key), value, now, None, now, now + kind.max_age_ms, SourceId(source))
    with ctx.db.write() as session:
        facts.record(session, [fact], now)


def pair(ctx: Context, *screens: str) -> None:
    """Give screens devices that are connected."""
    with ctx.db.write() as session:
        for screen in screens:
            key = secrets.token_bytes(32)
            session.merge(
                DeviceRow(
                    screen_id=screen, public_key=key, name="Pi", caps={}, paired_at=ctx.clock()
                )
            )
    record_links(ctx, screens, [])


@dataclass(frozen=True)
class Studio:
    """A running studio: its record, its address, its one-time link."""

    ctx: Context
    url: str

    def link(self) -> str:
        """A new one-time owner link."""
        return people.owner_link(self.ctx)


@contextmanager
def running_studio(folder: Path) -> Iterator[Studio]:
    """The furnished chain served by a real door, worker and web on free ports. `folder` has a short
    path: the bus lies in it.
    """
    env = {
        "ENSEIGNE_DATA_DIR": str(folder),
        "ENSEIGNE_PORT": str(free_port()),
        "ENSEIGNE_DOOR_PORT": str(free_port()),
        "ENSEIGNE_REPORT_EVERY_S": "3600",
    }
    settings = Settings(
        data_dir=folder,
        port=int(env["ENSEIGNE_PORT"]),
        door_port=int(env["ENSEIGNE_DOOR_PORT"]),
        report_every_s=3600,
        _env_file=None,  # type: ignore[call-arg]
    )
    prepare(settings, say=None)
    ctx = build_context(settings)
    furnish(ctx)
    pair(ctx, *(screen.id for screen in SCREENS))
    publish(ctx)
    server = make_server("127.0.0.1", settings.port, create_app(ctx), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "server.cli", name],
            env=os.environ | env,
            stderr=subprocess.DEVNULL,
        )
        for name in ("worker", "door")
    ]
    try:
        wait_until(lambda: answers(settings.door_port), children[1], "the door")
        yield Studio(ctx, settings.url)
    finally:
        for child in children:
            end(child)
        server.shutdown()
        ctx.db.close()


assert {store.code for store in STORES} == WEATHER.keys()
