"""A recalled price is off everywhere at once, stays off whatever the shop says, and one sees who
has heard.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from playlists.ids import ChannelId
from playlists.signing import verify
from playlists.wire.offers import OffersMessage
from server.db.models import (
    AuditRow,
    OfferRow,
    ProfileRow,
    RecalledRow,
    RecallRow,
    ScreenHeadRow,
    ScreenRow,
    ScreenStateRow,
)
from server.errors import BadInput, Forbidden, NotFound
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import offers
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.recalls import recalls
from server.services.recalls.hearing import hearing
from tests.support.record import START_MS, TestClock

HOUR = 3_600_000
SHOP = Source("feed", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}}, version="1")
TENT = ProductReport("TENT", "EUR", 19_900, names={"fr": {"name": "Lande"}}, version="1")
LILLE, PRADO = "pluvier@lille", "pluvier@prado"
MANAGER = Actor("m", "Lille", frozenset({"read", "override"}), frozenset({"lille"}))
MARKETING = Actor("k", "Marketing", frozenset({"read", "content"}))


@pytest.fixture
def chain(ctx: Context) -> Context:
    """Two stores that sell a bag and a tent."""
    return two_stores(ctx)


@pytest.fixture
def any_chain(any_ctx: Context) -> Context:
    """The same in either database."""
    return two_stores(any_ctx)


def two_stores(ctx: Context) -> Context:
    for store in ("lille", "prado"):
        open_store(ctx, store)
    feed(ctx, START_MS)
    return ctx


def open_store(ctx: Context, store: str) -> None:
    wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
    create_store(ctx, SYSTEM, wish, store)


def feed(ctx: Context, at: int, *products: ProductReport) -> None:
    take(ctx, SHOP, Batch(at, whole=True, products=products or (BAG, TENT)))


def prices(ctx: Context, channel: str = LILLE, sku: str = "BAG") -> list[int]:
    with ctx.db.read() as session:
        row = session.get(OfferRow, (channel, sku))
        assert row is not None
        return [step[2] for step in row.body["st"]]


def version(ctx: Context, channel: str = LILLE) -> int:
    with ctx.db.read() as session:
        return offers.versions(session)[ChannelId(channel)]


def test_no_word_of_the_shop_brings_it_back(any_chain: Context, clock: TestClock) -> None:
    found = recalls.recall(any_chain, SYSTEM, "BAG", note="The strap breaks.")
    assert (found.stores, found.may_lift, found.lifted_at) == (None, True, None)
    assert prices(any_chain) == prices(any_chain, PRADO) == []
    assert prices(any_chain, sku="TENT") == [19_900]
    with any_chain.db.read() as session:
        told = offers.messages_from(any_chain, session, LILLE, held_before(session))
        message = OffersMessage.from_json(verify(told[0], "offers", any_chain.keys.ring, clock()))
        (offer,) = message.changed
    assert (offer.steps, offer.reason) == ((), "recalled")
    feed(any_chain, clock.advance(1_000), replace(BAG, price=9_990, version="2"), TENT)
    assert prices(any_chain) == []
    recalls.lift(any_chain, SYSTEM, found.id)
    assert prices(any_chain) == prices(any_chain, PRADO) == [9_990]
    with any_chain.db.read() as session:
        said = session.scalars(select(AuditRow.action).where(AuditRow.subject.like("recall:%")))
        assert list(said) == ["price.recall", "price.lift"]


def held_before(session) -> int:  # type: ignore[no-untyped-def]
    return session.scalars(select(RecalledRow.was).where(RecalledRow.channel == LILLE)).one()


def test_in_some_stores_only_by_who_minds_them(chain: Context) -> None:
    with pytest.raises(NotFound):
        recalls.recall(chain, MANAGER, "BAG", ["prado"])
    found = recalls.recall(chain, MANAGER, "BAG")
    assert found.stores == ("lille",)
    assert (prices(chain), prices(chain, PRADO)) == ([], [11_990])
    recalls.lift(chain, MANAGER, found.id)
    assert prices(chain) == [11_990]


def test_who_may_lift_it(chain: Context) -> None:
    found = recalls.recall(chain, MARKETING, "BAG")
    for actor in (MANAGER, replace(MARKETING, id="other")):
        with pytest.raises(Forbidden):
            recalls.lift(chain, actor, found.id)
    assert not recalls.get_recall(chain, MANAGER, found.id).may_lift
    assert recalls.get_recall(chain, MARKETING, found.id).may_lift
    recalls.lift(chain, SYSTEM, found.id)
    with pytest.raises(NotFound):
        recalls.lift(chain, SYSTEM, found.id)
    viewer = Actor("v", "Viewer", frozenset({"read"}))
    with pytest.raises(Forbidden):
        recalls.recall(chain, viewer, "BAG")


def test_pressed_twice_it_is_one_and_two_are_lifted_one_by_one(chain: Context) -> None:
    here = recalls.recall(chain, MANAGER, "BAG")
    assert recalls.recall(chain, MANAGER, "BAG") == here
    everywhere = recalls.recall(chain, SYSTEM, "BAG")
    recalls.lift(chain, SYSTEM, everywhere.id)
    assert (prices(chain), prices(chain, PRADO)) == ([], [11_990])
    recalls.lift(chain, SYSTEM, here.id)
    assert prices(chain) == [11_990]
    assert recalls.in_force(chain, SYSTEM) == 0
    assert len(recalls.list_recalls(chain, SYSTEM, lifted=True).items) == 2


@pytest.mark.parametrize("sku", ["NONE", "no such\x00sku", ""])
def test_what_nobody_sells_is_not_found(chain: Context, sku: str) -> None:
    with pytest.raises(NotFound):
        recalls.recall(chain, SYSTEM, sku)


def test_a_note_stays_short_and_stores_are_named_or_not(chain: Context) -> None:
    with pytest.raises(BadInput):
        recalls.recall(chain, SYSTEM, "BAG", note="x" * 501)
    with pytest.raises(BadInput):
        recalls.recall(chain, SYSTEM, "BAG", [])


def test_stores_that_open_later_and_a_crash_are_made_good(chain: Context, clock: TestClock) -> None:
    with chain.db.write() as session:  # all that was written before the power went
        session.add(RecallRow(id="r", sku="BAG", stores=None, at_ms=clock(), by="system"))
    assert prices(chain) == [11_990]
    recalls.complete(chain)
    assert prices(chain) == []
    open_store(chain, "lyon")
    feed(chain, clock.advance(1_000))
    assert prices(chain, "pluvier@lyon") == []
    recalls.complete(chain)
    with chain.db.read() as session:
        assert len(session.scalars(select(RecalledRow.channel)).all()) == 3


def hang(
    ctx: Context, screen: str, connected: bool, held: int | None, store: str = "lille"
) -> None:
    """A screen of a store that follows its channel, and what it last said that it holds of it."""
    channel = f"pluvier@{store}"
    with ctx.db.write() as session:
        if session.get(ProfileRow, store) is None:
            body = {"channels": [channel], "sources": [], "live": []}
            session.add(ProfileRow(key=store, store_id=store, body=body, lead={}))
        session.add(
            ScreenRow(
                id=screen,
                name=screen,
                store_id=store,
                width=1920,
                height=1080,
                tags=[],
                place="window",
                language="fr",
                layout=[],
                edited_at=0,
            )
        )
        session.flush()
        head = {"revision": 1, "profile": store, "manifest": "m", "expires_at": 0, "jws": ""}
        session.add(ScreenHeadRow(screen_id=screen, **head))
        said = {} if held is None else {"channels": {channel: held} if held else {}}
        session.add(
            ScreenStateRow(screen_id=screen, seen_at=START_MS, connected=connected, report=said)
        )


def test_the_page_counts_who_has_heard_and_until_when_others_may_show_it(
    any_chain: Context, clock: TestClock
) -> None:
    before = version(any_chain)
    found = recalls.recall(any_chain, SYSTEM, "BAG")
    now = version(any_chain)
    hang(any_chain, "heard", True, now)
    hang(any_chain, "soon", True, before)
    hang(any_chain, "cellar", False, before)
    hang(any_chain, "older", False, before - 5_000)
    hang(any_chain, "mute", False, None)
    hang(any_chain, "empty", False, 0)
    hang(any_chain, "prado", True, version(any_chain, PRADO), "prado")
    lease_end = START_MS + any_chain.settings.lease_ms
    told = hearing(any_chain, SYSTEM, found.id)
    assert told.counts == {"away": 3, "coming": 1, "over": 1, "confirmed": 2}
    assert (told.all, told.until) == (7, lease_end)
    assert {one.screen: (one.heard, one.until) for one in told.screens} == {
        "heard": ("confirmed", 0),
        "soon": ("coming", 0),
        "cellar": ("away", lease_end),
        "older": ("away", lease_end),
        "mute": ("away", lease_end),
        "empty": ("over", 0),
        "prado": ("confirmed", 0),
    }
    assert hearing(any_chain, MANAGER, found.id).all == 6
    assert [one.screen for one in hearing(any_chain, SYSTEM, found.id, "coming").screens] == [
        "soon"
    ]
    clock.advance(any_chain.settings.lease_ms)
    assert hearing(any_chain, SYSTEM, found.id).counts["away"] == 0


def test_a_sale_that_ends_before_the_lease_ends_it_sooner(chain: Context, clock: TestClock) -> None:
    end = clock() + HOUR
    sale = replace(BAG, sale_price=9_990, sale_until=end, version="2")
    feed(chain, clock.advance(1_000), sale, TENT)
    with chain.db.write() as session:  # nothing follows the sale
        row = session.get(OfferRow, (LILLE, "BAG"))
        assert row is not None
        row.body = {**row.body, "st": row.body["st"][:1]}
    before = version(chain)
    found = recalls.recall(chain, SYSTEM, "BAG")
    hang(chain, "cellar", False, before)
    hang(chain, "older", False, before - 1)
    ends = {one.screen: one.until for one in hearing(chain, SYSTEM, found.id).screens}
    assert ends == {"cellar": end, "older": clock() + chain.settings.lease_ms}
