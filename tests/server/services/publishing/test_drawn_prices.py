"""A picture that shows a price leaves the air when the shop says another one, and comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from playlists.cards import files_of
from playlists.ids import ChannelId, ItemId, PlaylistId, Sha256, Sku
from playlists.manifest import Plan
from playlists.model import MAIN, Base, Card, Item, Playlist
from playlists.pricing import ChannelState
from playlists.shown import Freshness, Now, Shown
from playlists.slot import slot_at, timeline
from playlists.wire.offers import offer_from_json
from server.db.models import ChannelRow, OfferRow, ScreenHeadRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.objects import Plans
from server.services.library import assets, renditions
from server.services.library.describing import describe
from server.services.prices.batches import Source
from server.services.prices.freshness import leases_of
from server.services.prices.intake import take
from server.services.publishing.inputs import recall
from server.services.showing.explaining import explain
from server.services.wishes import bases, content
from server.services.wishes.drawn import LOOK_AGAIN_MS, MARGIN_MS, Drawn
from tests.server.services.library.test_assets import png
from tests.server.services.publishing.published import DAY, MINUTE, later, published
from tests.support.record import prepared
from tests.support.shops import STORES, Watched, heads, screen_ids

FEED = Source("feed", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 8_990, names={"fr": {"name": "Estran"}})


@dataclass
class Poster:
    """The chain with a poster of a bag at 89,90 € as its base, and a message after it."""

    chain: Watched
    sha: str

    def price(self, report: ProductReport) -> None:
        """The shop delivers."""
        take(self.chain.ctx, FEED, Batch(self.chain.ctx.clock(), products=(report,)))

    def is_on_air(self, screen: str = "lille-window") -> bool:
        """Whether a screen's plan shows it in this round."""
        at = self.chain.ctx.clock()
        shows = [shown(self.chain.ctx, screen, at + ms).card for ms in (0, 10_000)]
        return len(set(shows)) == 2


@pytest.fixture
def poster(ctx: Context) -> Poster:
    return poster_of(ctx)


@pytest.fixture
def any_poster(any_ctx: Context) -> Poster:
    """On PostgreSQL too, where it is about what the record is asked."""
    return poster_of(any_ctx)


def poster_of(ctx: Context) -> Poster:
    found = Poster(Watched(ctx), hang(ctx))
    later(found.chain)
    return found


@prepared
def hang(ctx: Context) -> str:
    chain = published(ctx)
    sha = assets.upload(ctx, SYSTEM, "poster.png", [png()]).asset.sha
    while (missing := renditions.next_missing(ctx)) is not None:
        assert renditions.make(ctx, missing)
    Poster(chain, sha).price(BAG)
    describe(ctx, SYSTEM, sha, prices=[Drawn("BAG", 8_990, "EUR")])
    items = (
        Item(ItemId("poster"), Card("image", assets=(Sha256(sha),))),
        Item(ItemId("words"), Card("message", texts={"headline": {"fr": "Bonjour"}})),
    )
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId("window"), "Window", items))
    bases.set_base(ctx, SYSTEM, Base("chain", "", PlaylistId("window")))
    chain.publish()
    return sha


def test_it_plays_while_the_shop_says_the_same(poster: Poster) -> None:
    assert poster.is_on_air()
    poster.price(replace(BAG, names={"fr": {"name": "Estran 28"}}))
    poster.chain.publish()
    assert poster.is_on_air()


def test_another_price_takes_it_off_every_screen_and_the_old_one_brings_it_back(
    any_poster: Poster,
) -> None:
    later(any_poster.chain)
    any_poster.price(replace(BAG, price=7_990))
    assert any_poster.chain.publish() == screen_ids(*STORES)
    assert not any(any_poster.is_on_air(screen) for screen in screen_ids(*STORES))
    later(any_poster.chain)
    any_poster.price(BAG)
    assert any_poster.chain.publish() == screen_ids(*STORES)
    later(any_poster.chain)
    assert any_poster.is_on_air()


def test_it_goes_at_once_and_is_not_played_to_its_end(poster: Poster) -> None:
    at = poster.chain.ctx.clock()
    while shown(poster.chain.ctx, "lille-window", at).why.item != "poster":  # type: ignore[union-attr]
        at += 1_000
    later(poster.chain, at - poster.chain.ctx.clock())
    poster.price(replace(BAG, price=7_990))
    poster.chain.publish()
    now = shown(poster.chain.ctx, "lille-window")
    assert now.why is not None
    assert now.why.item == "words"


def test_a_price_of_one_store_takes_it_off_there_alone(any_poster: Poster) -> None:
    any_poster.price(replace(BAG, price=7_990, store="lille"))
    assert any_poster.chain.publish() == screen_ids("lille")
    assert not any_poster.is_on_air("lille-window")
    assert any_poster.is_on_air("marseille-window")


def test_a_suspect_price_takes_it_off(poster: Poster) -> None:
    poster.price(replace(BAG, price=None, problem="blank"))
    poster.chain.publish()
    assert not poster.is_on_air()


def test_it_is_off_before_an_announced_sale_begins_and_back_after_it(poster: Poster) -> None:
    ctx = poster.chain.ctx
    begin = ctx.clock() + 60 * MINUTE
    sale = replace(BAG, sale_price=6_990, sale_from=begin, sale_until=begin + 60 * MINUTE)
    poster.price(sale)
    poster.chain.publish()
    assert poster.is_on_air()
    later(poster.chain, begin - MARGIN_MS + 1_000 - ctx.clock())
    poster.chain.publish()
    assert not poster.is_on_air()
    later(poster.chain, begin + 61 * MINUTE - ctx.clock())
    poster.chain.publish()
    later(poster.chain)
    assert poster.is_on_air()


def test_it_is_off_when_the_shop_is_silent_over_the_lease_and_back_when_it_answers(
    poster: Poster,
) -> None:
    later(poster.chain, poster.chain.ctx.settings.lease_ms)
    poster.chain.publish()
    assert not poster.is_on_air()
    poster.price(BAG)
    later(poster.chain, LOOK_AGAIN_MS)
    poster.chain.publish()
    later(poster.chain)
    assert poster.is_on_air()


def test_no_price_at_all_and_a_new_declaration_decide_too(poster: Poster) -> None:
    ctx = poster.chain.ctx
    describe(ctx, SYSTEM, poster.sha, prices=[Drawn("BAG", 7_990, "EUR")])
    assert poster.chain.publish() == screen_ids(*STORES)
    assert not poster.is_on_air()
    describe(ctx, SYSTEM, poster.sha, prices=[])
    poster.chain.publish()
    later(poster.chain)
    assert poster.is_on_air()
    before = heads(ctx)
    poster.price(replace(BAG, price=4_990))
    poster.chain.publish()
    assert heads(ctx) == before


def test_why_it_does_not_play_says_both_prices(poster: Poster) -> None:
    ctx = poster.chain.ctx
    poster.price(replace(BAG, price=7_990))
    poster.chain.publish()
    later(poster.chain)
    found = explain(ctx, SYSTEM, "lille-window", ctx.clock())
    lost = [loser for loser in found.explanation.losers if loser.rule == "price"]
    assert lost
    assert found.held.head.inputs is not None
    with ctx.db.read() as session:
        differing = recall(session, found.held.head.inputs).body["drawn"]
    assert list(differing.values()) == [["BAG", 8_990, "EUR", "other_price", 7_990, "EUR"]]


def test_days_later_it_still_decides(any_poster: Poster) -> None:
    later(any_poster.chain, DAY)
    any_poster.price(BAG)
    any_poster.chain.publish()
    later(any_poster.chain)
    assert any_poster.is_on_air()


def test_a_screen_that_is_cut_off_drops_it_when_an_announced_sale_begins(poster: Poster) -> None:
    ctx = poster.chain.ctx
    begin = ctx.clock() + 3 * DAY
    poster.price(replace(BAG, sale_price=6_990, sale_from=begin))
    poster.chain.publish()
    rounds = [begin + ms for ms in (-25_000, -15_000, 5_000, 15_000)]
    cards = [shown(ctx, "lille-window", at).card for at in rounds]
    assert cards[0] != cards[1]
    assert cards[2] == cards[3]
    later(poster.chain)
    found = explain(ctx, SYSTEM, "lille-window", begin + 5_000)
    assert {loser.rule for loser in found.explanation.losers if loser.item == "poster"} == {"dates"}


def test_a_screen_that_is_cut_off_drops_it_when_the_lease_ends(poster: Poster) -> None:
    ctx = poster.chain.ctx
    poster.price(BAG)
    poster.chain.publish()
    plan, offers, freshness = held(ctx, "lille-window")
    confirmed_at = offers[ChannelId("pluvier@lille")].offers[Sku("BAG")].confirmed_at
    ends = confirmed_at + ctx.settings.lease_ms
    files = {sha for card in plan.cards.values() for sha in files_of(card)}

    def items(at_ms: int) -> set[str]:
        found = timeline(plan, offers, freshness, files, (), at_ms, at_ms + 30_000, 20)[MAIN]
        return {one.why.item for one in found if one.why is not None and one.variant == "planned"}

    assert items(ends - 60_000) == {"poster", "words"}
    assert items(ends + 1) == {"words"}
    shown_after = timeline(plan, offers, freshness, files, (), ends, ends + DAY, 10_000)[MAIN]
    posters = {name for name, card in plan.cards.items() if card.template == "image"}
    assert posters
    assert not {one.card for one in shown_after} & posters


def test_alone_it_gives_way_to_the_slate_and_is_never_shown_without_its_lease(
    poster: Poster,
) -> None:
    ctx = poster.chain.ctx
    alone = Playlist(
        PlaylistId("window"),
        "Window",
        (Item(ItemId("poster"), Card("image", assets=(Sha256(poster.sha),))),),
    )
    content.update_playlist(ctx, SYSTEM, alone)
    poster.price(BAG)
    poster.chain.publish()
    later(poster.chain)
    plan, offers, freshness = held(ctx, "lille-window")
    now, files = ctx.clock(), {sha for card in plan.cards.values() for sha in files_of(card)}
    later_on = now + ctx.settings.lease_ms
    assert slot_at(plan, offers, freshness, files, (), Now(now, 0))[MAIN].variant == "planned"
    gone = slot_at(plan, offers, freshness, files, (), Now(later_on, 0))[MAIN]
    assert (gone.variant, "price_lost" in gone.because) == ("slate", True)
    found = explain(ctx, SYSTEM, "lille-window", now)
    assert found.explanation.winner is not None


def shown(ctx: Context, screen: str, at_ms: int | None = None) -> Shown:
    """What a screen shows of its plan, the leases of its prices renewed."""
    plan, offers, freshness = held(ctx, screen)
    files = {sha for card in plan.cards.values() for sha in files_of(card)}
    at = ctx.clock() if at_ms is None else at_ms
    leases = {name: replace(lease, as_of=at) for name, lease in freshness.channels.items()}
    return slot_at(plan, offers, Freshness(leases, {}), files, (), Now(at, 0))[MAIN]


def held(ctx: Context, screen: str) -> tuple[Plan, dict[ChannelId, ChannelState], Freshness]:
    """What a screen holds when the network goes."""
    with ctx.db.read() as session:
        head = session.get_one(ScreenHeadRow, screen)
        plan = Plans().plan(session, head.manifest, head.expires_at)
        assert plan is not None
        offers = {
            name: ChannelState(
                name,
                session.get_one(ChannelRow, name).version,
                {
                    row.sku: offer_from_json(row.body)
                    for row in session.scalars(select(OfferRow).where(OfferRow.channel == name))
                },
            )
            for name in plan.manifest.channels
        }
        leases = leases_of(session, set(offers))
    return plan, offers, Freshness({ChannelId(name): lease for name, lease in leases.items()}, {})
