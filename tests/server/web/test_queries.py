"""No page asks the database more often because there is more of everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flask.testing import FlaskClient

from playlists.wire.door import Report
from server.app import create_app
from server.db.engine import Database
from server.db.models import ScreenStateRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.entry import people, sessions
from server.services.prices import offers
from server.services.showing.explaining import explain
from tests.bench.pages import queries_of
from tests.bench.pages_addresses import addresses
from tests.bench.pages_chain import (
    HOUR_MS,
    Sizes,
    screen_id,
    seed_people,
    seed_places,
    seed_shop,
)
from tests.bench.pages_samples import samples_of
from tests.bench.pages_wishes import seed_wishes
from tests.support.record import make_context
from tests.support.small_shop import publish

FEW = Sizes(stores=4, screens=8, products=6, assets=6, playlists=5, campaigns=5, people=5, audit=20)
MANY = Sizes(
    stores=8, screens=48, products=40, assets=60, playlists=24, campaigns=24, people=24, audit=120
)


def test_no_page_asks_more_often_because_there_is_more(tmp_path: Path) -> None:
    few, many = (counted(tmp_path / name, sizes) for name, sizes in (("few", FEW), ("many", MANY)))
    grown = [
        f"{name}: {few.get(name, 0)} -> {n}" for name, n in many.items() if n > few.get(name, 0)
    ]
    assert not grown, "\n".join(grown)
    assert "/wall" in few


def counted(folder: Path, sizes: Sizes) -> dict[str, int]:
    """What each page of such a chain takes of the database, each by a process that knows nothing
    yet of what it shows.
    """
    folder.mkdir()
    ctx = make_context(folder)
    for seed in (seed_places, seed_shop, seed_wishes, seed_people):
        seed(ctx, sizes)
    publish(ctx)
    cut_off(ctx, sizes)
    client = come_in(ctx)
    app = client.application
    found = addresses(app, client, samples_of(ctx))
    counts = {}
    for one in found.addresses:
        ctx.db.close()
        ctx = replace(ctx, db=Database(ctx.settings.db_url))
        app.extensions["enseigne"] = ctx
        counts[one.name] = queries_of(ctx, client, one.path)
    ctx.db.close()
    return counts


def cut_off(ctx: Context, sizes: Sizes) -> None:
    """Of most stores one screen has been silent since a report of its own time."""
    with ctx.db.read() as session:
        versions = offers.versions(session)
    for number in (n for n in range(sizes.stores) if n % 4 != 3):
        screen = screen_id(number, sizes.stores)
        said_at = ctx.clock() - 3 * HOUR_MS - number
        revision = explain(ctx, SYSTEM, screen, ctx.clock()).revision
        held = Report(revision, versions, said_at, 0, 20, {})
        with ctx.db.write() as session:
            row = session.get_one(ScreenStateRow, screen)
            row.report = held.to_json()  # type: ignore[assignment]
            row.seen_at = said_at


def come_in(ctx: Context) -> FlaskClient:
    """The owner's browser."""
    client = create_app(ctx).test_client()
    secret = people.owner_link(ctx).rpartition("/")[2]
    signed_in = people.redeem_owner_link(ctx, secret)
    client.set_cookie(sessions.COOKIE, sessions.seal(ctx, signed_in.secret))
    return client
