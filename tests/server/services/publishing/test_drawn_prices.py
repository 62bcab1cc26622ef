"""A picture that shows a price leaves the air when the shop says another one, and comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from playlists.ids import ItemId, PlaylistId, Sha256
from playlists.model import Base, Card, Item, Playlist
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.library import assets, renditions
from server.services.library.describing import describe
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.publishing.inputs import recall
from server.services.showing.explaining import explain
from server.services.wishes import bases, content
from server.services.wishes.drawn import LOOK_AGAIN_MS, MARGIN_MS, Drawn
from tests.server.services.library.test_assets import png
from tests.server.services.publishing.published import DAY, MINUTE, later
from tests.support.shops import STORES, Watched, heads, screen_ids, shown

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
def poster(chain: Watched) -> Poster:
    ctx = chain.ctx
    sha = assets.upload(ctx, SYSTEM, "poster.png", [png()]).asset.sha
    while (missing := renditions.next_missing(ctx)) is not None:
        assert renditions.make(ctx, missing)
    found = Poster(chain, sha)
    found.price(BAG)
    describe(ctx, SYSTEM, sha, prices=[Drawn("BAG", 8_990, "EUR")])
    items = (
        Item(ItemId("poster"), Card("image", assets=(Sha256(sha),))),
        Item(ItemId("words"), Card("message", texts={"headline": {"fr": "Bonjour"}})),
    )
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId("window"), "Window", items))
    bases.set_base(ctx, SYSTEM, Base("chain", "", PlaylistId("window")))
    chain.publish()
    later(chain)
    return found


def test_it_plays_while_the_shop_says_the_same(poster: Poster) -> None:
    assert poster.is_on_air()
    poster.price(replace(BAG, names={"fr": {"name": "Estran 28"}}))
    poster.chain.publish()
    assert poster.is_on_air()


def test_another_price_takes_it_off_every_screen_and_the_old_one_brings_it_back(
    poster: Poster,
) -> None:
    later(poster.chain)
    poster.price(replace(BAG, price=7_990))
    assert poster.chain.publish() == screen_ids(*STORES)
    assert not any(poster.is_on_air(screen) for screen in screen_ids(*STORES))
    later(poster.chain)
    poster.price(BAG)
    assert poster.chain.publish() == screen_ids(*STORES)
    later(poster.chain)
    assert poster.is_on_air()


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


def test_a_price_of_one_store_takes_it_off_there_alone(poster: Poster) -> None:
    poster.price(replace(BAG, price=7_990, store="lille"))
    assert poster.chain.publish() == screen_ids("lille")
    assert not poster.is_on_air("lille-window")
    assert poster.is_on_air("marseille-window")


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


def test_days_later_it_still_decides(poster: Poster) -> None:
    later(poster.chain, DAY)
    poster.price(BAG)
    poster.chain.publish()
    later(poster.chain)
    assert poster.is_on_air()


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
