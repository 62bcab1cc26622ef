"""A manager minds a store: holds with an end within a budget, pauses, products that are out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import update

from playlists.facts import FactKey, fact_line, value_at
from playlists.ids import CampaignId, OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import MAIN, Emergency, Override, Target, ZoneBox
from server.db.models import ProductRow
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import SYSTEM, Actor, Scope
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.minding import holding, running_out
from server.services.minding.on_air import airings, goods_here, offered
from server.services.minding.shop import Shop, mind, stores_of
from server.services.observed import facts
from server.services.showing.explaining import what_plays
from server.services.wishes import content, messages, overrides
from tests.support.record import TestClock, make_context
from tests.support.small_shop import publish
from tests.support.studio import furnish, set_fact, set_prices

HOUR = 3_600_000
STORE = "vieux-port"
MINUTE = 60_000


def manager(*more: Scope) -> Actor:
    """Inès, who minds Vieux-Port."""
    return Actor("ines", "Inès", frozenset({"read", "override", *more}), frozenset({STORE}))


INES = manager()


@dataclass
class Minded:
    """The demo's chain, published, at 14:32 on a Thursday."""

    ctx: Context
    clock: TestClock

    def shop(self, actor: Actor = INES) -> Shop:
        return mind(self.ctx, actor, STORE, "fr")

    def hold(self, minutes: int, actor: Actor = INES, **changes: object) -> str:
        """Show something by hand for so long; its id."""
        now = self.clock()
        wish = Override(
            OverrideId(""),
            StoreId(STORE),
            "show",
            now,
            now + minutes * MINUTE,
            PlaylistId("base"),
        )
        wish = replace(wish, **changes)  # type: ignore[arg-type]
        return overrides.create_override(self.ctx, actor, wish).value.id

    def on_screens(self, store: str = STORE) -> set[str]:
        """The products on the screens of a store that nobody said are out."""
        publish(self.ctx)
        return {one.sku for one in goods_here(self.ctx, SYSTEM, store, "fr") if not one.out_until}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's record, published."""
    folder = tmp_path_factory.mktemp("minded")
    context = make_context(folder)
    furnish(context)
    publish(context)
    context.db.close()
    return folder


@pytest.fixture
def minded(furnished: Path, tmp_path: Path) -> Iterator[Minded]:
    """That record, of the test's own."""
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    clock = TestClock()
    context = make_context(tmp_path, clock=clock)
    yield Minded(context, clock)
    context.db.close()


def test_the_store_as_it_stands(minded: Minded) -> None:
    assert stores_of(minded.ctx, INES) == ((STORE, "Vieux-Port"),)
    assert len(stores_of(minded.ctx, SYSTEM)) == 4
    held = minded.hold(60)
    overrides.create_override(
        minded.ctx,
        INES,
        Override(
            OverrideId(""),
            StoreId(STORE),
            "pause",
            minded.clock(),
            minded.clock() + HOUR,
            subject="fine-marseille",
        ),
    )
    shop = minded.shop()
    assert [(one.id, one.name, one.by) for one in shop.shown] == [(held, "Fond de rayon", "Inès")]
    assert [one.name for one in shop.paused] == ["Grand beau à Marseille"]
    minded.clock.advance(HOUR)
    assert minded.shop().shown == minded.shop().paused == ()


def test_a_hand_that_another_goes_before_is_behind_it(minded: Minded) -> None:
    window = frozenset({ScreenId("vieux-port-window")})
    first = minded.hold(90)
    minded.clock.advance(MINUTE)
    later = minded.hold(60, playlist=PlaylistId("sale"))
    narrow = minded.hold(30, playlist=PlaylistId("cold"), screens=window)
    behind = {one.id: one.behind for one in minded.shop().shown}
    assert behind == {first: "Les prix d’automne", later: "", narrow: ""}
    overrides.end_override(minded.ctx, INES, later)
    assert [one.behind for one in minded.shop().shown] == ["", ""]


def test_a_hold_lasts_to_closing_time_unless_the_day_is_spent(minded: Minded) -> None:
    closes = minded.shop().default_ms
    assert minded.shop().closing_ms == closes
    minded.clock.now = closes + MINUTE
    assert minded.shop().default_ms == closes + (24 * 60 - 19 * 60 - 30) * MINUTE


def test_holds_beyond_the_budget_are_refused_and_the_latest_end_is_known(minded: Minded) -> None:
    minded.ctx.settings.hold_minutes_per_day = 90
    held = minded.hold(60)
    assert minded.shop().latest_ms == minded.clock() + 90 * MINUTE
    minded.hold(90)  # at the same time, and half an hour more
    with pytest.raises(BadInput) as refused:
        minded.hold(91)
    assert (refused.value.field, refused.value.code) == ("until", "hold_budget")
    minded.clock.advance(30 * MINUTE)
    overrides.end_override(minded.ctx, INES, held)
    with pytest.raises(BadInput):
        holding.longer(minded.ctx, INES, minded.shop().shown[0].id, 30 * MINUTE)
    minded.hold(600, SYSTEM)  # whoever edits content is not bound


def test_every_day_has_its_own_budget(minded: Minded) -> None:
    minded.ctx.settings.hold_minutes_per_day = 600
    day = 24 * HOUR
    minded.hold(600)
    tomorrow = minded.clock() + day
    with pytest.raises(BadInput):
        minded.hold(0, from_ms=tomorrow, until_ms=tomorrow + day)
    minded.hold(0, from_ms=tomorrow, until_ms=tomorrow + 9 * HOUR)


def test_half_an_hour_more_ended_and_once_more(minded: Minded) -> None:
    held = minded.hold(60)
    until = holding.longer(minded.ctx, INES, held, 30 * MINUTE).value.until_ms
    assert until == minded.clock() + 90 * MINUTE
    minded.clock.advance(MINUTE)
    overrides.end_override(minded.ctx, INES, held)
    minded.clock.advance(MINUTE)
    anew = holding.again(minded.ctx, INES, held, until).value
    assert (anew.from_ms, anew.until_ms, anew.playlist) == (minded.clock(), until, "base")
    stranger = Actor("otto", "Otto", INES.scopes, frozenset({"lille"}))
    with pytest.raises(NotFound):
        holding.again(minded.ctx, stranger, held, until)
    with pytest.raises(NotFound):
        holding.longer(minded.ctx, stranger, anew.id, MINUTE)


def test_what_plays_may_be_paused_by_its_name(minded: Minded) -> None:
    found = {one.title: one for one in airings(minded.ctx, INES, STORE)}
    fine = found["Grand beau à Marseille"]
    assert (fine.subject, fine.sky) == ("fine-marseille", "sun")
    assert "Vitrine" in fine.screens
    assert found["Embrun"].subject == "embrun"
    with pytest.raises(NotFound):
        airings(minded.ctx, INES, "lille")


def test_what_is_locked_is_out_of_a_hands_reach(minded: Minded) -> None:
    locked = (ZoneBox(MAIN, 0, 0, 10_000, 10_000, locked=True),)
    notice = ScreenWish("Mentions", STORE, layout=locked)
    places.create_screen(minded.ctx, SYSTEM, notice, "notice")
    publish(minded.ctx)
    assert all("Mentions" not in one.screens for one in airings(minded.ctx, INES, STORE))
    with pytest.raises(BadInput) as refused:
        minded.hold(60, screens=frozenset({ScreenId("notice")}))
    assert refused.value.code == "no_such_zone"
    held = minded.hold(60)  # of all the store's screens
    publish(minded.ctx)
    minded.clock.advance(MINUTE)
    now = minded.clock()
    playing = what_plays(minded.ctx, INES, ["notice", "vieux-port-tents"], now)
    layers = {screen: turns[0].shown.why for screen, turns in playing.items()}
    assert layers["vieux-port-tents"] is not None
    assert layers["vieux-port-tents"].source == held
    assert layers["notice"] is None or layers["notice"].layer != "override"


def test_a_product_that_is_out_leaves_this_store_and_comes_back(minded: Minded) -> None:
    ctx, until = minded.ctx, minded.clock() + 3 * HOUR
    here, there = minded.on_screens(), minded.on_screens("prado")
    by_name = {one.name.partition(" ")[0]: one.sku for one in goods_here(ctx, INES, STORE, "fr")}
    with_rule, without = by_name["Lande"], by_name["Rade"]
    for sku in (with_rule, without):
        running_out.say_out(ctx, INES, STORE, sku, until)
    assert minded.on_screens() & {with_rule, without} == set()
    assert minded.on_screens("prado") == there
    assert [one.until_ms for one in minded.shop().outs] == [until, until]
    assert minded.shop().paused == ()  # pauses that go with it are not told apart
    minded.clock.advance(MINUTE)
    set_prices(ctx)  # the shop goes on saying that there are some
    assert minded.on_screens() & {with_rule, without} == set()
    for sku in (with_rule, without):
        running_out.say_back(ctx, INES, STORE, sku)
    assert minded.shop().outs == ()
    assert minded.on_screens() == here


def test_out_ends_by_itself_and_the_shop_counts_again(minded: Minded) -> None:
    ctx, now = minded.ctx, minded.clock()
    sku = goods_here(ctx, INES, STORE, "fr")[0].sku
    key = FactKey(f"stock:{sku}@{STORE}")
    set_fact(ctx, key, 7, f"shop@{STORE}")
    running_out.say_out(ctx, INES, STORE, sku, now + HOUR)
    with ctx.db.read() as session:
        line = fact_line(facts.facts_for(session, [key])[key], key, now, now + 9 * HOUR)
    assert [value_at(line, now + at) for at in (0, HOUR - 1, HOUR)] == [0, 0, 7]
    assert next(one for one in goods_here(ctx, INES, STORE, "fr") if one.sku == sku).stock == 7


def test_what_is_refused_of_running_out(minded: Minded) -> None:
    until = minded.clock() + HOUR
    sku = goods_here(minded.ctx, INES, STORE, "fr")[0].sku
    with pytest.raises(NotFound):
        running_out.say_out(minded.ctx, INES, STORE, "NOTHING", until)
    with pytest.raises(NotFound):
        running_out.say_out(minded.ctx, INES, "lille", sku, until)
    with pytest.raises(NotFound):
        running_out.say_back(minded.ctx, INES, "lille", sku)
    with pytest.raises(BadInput) as refused:
        running_out.say_out(minded.ctx, INES, STORE, sku, minded.clock())
    assert refused.value.field == "until"
    reader = replace(INES, scopes=frozenset({"read"}))
    with pytest.raises(Forbidden):
        running_out.say_out(minded.ctx, reader, STORE, sku, until)


def message(minded: Minded) -> Override:
    """Where and how long a message shows."""
    now = minded.clock()
    return Override(OverrideId(""), StoreId(STORE), "show", now, now + HOUR, PlaylistId(""))


def test_a_stores_own_words(minded: Minded) -> None:
    words = {"headline": "Atelier à 16 h", "second": "Venez réparer", "lead": "Au fond"}
    hold = replace(message(minded), screens=frozenset({ScreenId("vieux-port-tents")}))
    made = messages.show_message(minded.ctx, INES, "message", words, hold).value
    shown = content.get_playlist(minded.ctx, INES, made.playlist or "").value
    assert shown.name == "Atelier à 16 h"
    assert [one.name for one in minded.shop().shown] == ["Atelier à 16 h"]
    assert made.playlist not in {one.id for one in offered(minded.ctx, INES, STORE)}
    assert "base" in {one.id for one in offered(minded.ctx, INES, STORE)}


def test_a_playlist_of_marketing_about_a_message_is_not_taken_for_a_stores_own(
    minded: Minded,
) -> None:
    base = content.get_playlist(minded.ctx, SYSTEM, "base").value
    weekly = replace(base, id=PlaylistId(""), name="Message de la semaine")
    made = content.create_playlist(minded.ctx, SYSTEM, weekly).value
    campaign = content.list_campaigns(minded.ctx, SYSTEM).items[0].value
    content.create_campaign(
        minded.ctx,
        SYSTEM,
        replace(campaign, id=CampaignId(""), playlist=made.id, target=Target()),
    )
    assert made.id in {one.id for one in offered(minded.ctx, INES, STORE)}


def test_what_may_be_shown_is_pictured_as_the_shop_pictures_it(minded: Minded) -> None:
    sha = "ab" * 32
    with minded.ctx.db.write() as session:
        azimut = ProductRow.sku == "PLV-AZIMUT"
        session.execute(update(ProductRow).where(azimut).values(picture_sha=sha))
    pictured = {one.id: one.picture for one in offered(minded.ctx, INES, STORE)}
    assert pictured["promo-azimut"] == sha
    assert pictured["calm-fitting"] is None


@pytest.mark.parametrize(
    ("words", "field", "code"),
    [
        ({"headline": " "}, "headline", "no_words"),
        ({"headline": "Tout à 5 €"}, "headline", "typed_price"),
        ({"headline": "Soldes", "second": "-20 % ici"}, "second", "typed_percent"),
        ({"headline": "x" * 10_000}, "headline", "too_long"),
        ({"headline": "Deux\nlignes"}, "headline", "one_line"),
    ],
)
def test_words_that_are_refused(
    minded: Minded, words: dict[str, str], field: str, code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        messages.show_message(minded.ctx, INES, "message", words, message(minded))
    assert (refused.value.field, refused.value.code) == (field, code)
    with pytest.raises(BadInput):
        messages.show_message(minded.ctx, INES, "price", words, message(minded))
    assert minded.shop().shown == ()


def test_an_emergency_of_ones_own_and_one_of_the_chain(minded: Minded) -> None:
    leave = Emergency(
        OverrideId("all"), PlaylistId("base"), Target(), minded.clock(), minded.clock() + HOUR
    )
    overrides.create_emergency(minded.ctx, SYSTEM, leave)
    here = Target(stores=frozenset({StoreId(STORE)}))
    chief = manager("emergency")
    own = replace(leave, id=OverrideId("own"), target=here)
    overrides.create_emergency(minded.ctx, chief, own)
    elsewhere = Target(stores=frozenset({StoreId("lille")}))
    overrides.create_emergency(
        minded.ctx, SYSTEM, replace(leave, id=OverrideId("there"), target=elsewhere)
    )
    assert {one.id: one.own for one in minded.shop(chief).alarms} == {"all": False, "own": True}
    assert not any(one.own for one in minded.shop().alarms)
