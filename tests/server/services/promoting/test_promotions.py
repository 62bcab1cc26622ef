"""Promotions: goods picked from the shop, written as a form, played as a playlist of one turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from playlists.conditions import Truth, evaluate
from playlists.facts import Fact, FactKey, FactValue
from playlists.ids import PlaylistId, SourceId
from playlists.model import Item, Playlist
from playlists.model_json import playlist_from_json
from server.db.models import StoreRow
from server.errors import BadInput, Conflict, NotFound
from server.ports import Batch, ProductReport, StockReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.drafting import releases
from server.services.observed import facts
from server.services.observed.sellable import StockRules
from server.services.prices import intake
from server.services.promoting import promotions
from server.services.promoting.catalogue import GOODS_SHOWN, Asking, catalogue, chosen
from server.services.promoting.codes import ordered
from server.services.promoting.formats import formats
from server.services.promoting.forms import (
    AWAY,
    AWAY_SAID,
    GONES,
    PIECES,
    Form,
    Gone,
    body_of,
    form_of,
)
from server.services.showing.explaining import explain
from server.services.showing.picturing import pictures
from server.services.wishes import content
from tests.support.record import TestClock
from tests.support.small_shop import publish

BAG = Form("Le sac", skus=("BAG",))
DAY_MS = 86_400_000


def deliver(ctx: Context, *reports: ProductReport) -> None:
    intake.take(ctx, intake.Source("feed", shop="pluvier"), Batch(ctx.clock(), products=reports))


def boot(sku: str, name: str, **more: object) -> ProductReport:
    return ProductReport(sku, "EUR", 12_900, names={"fr": {"name": name}}, **more)  # type: ignore[arg-type]


def found(ctx: Context, words: str, after: str = "") -> list[str]:
    return [one.sku for one in catalogue(ctx, SYSTEM, Asking(words, "lille", after), "fr").goods]


def test_goods_are_found_by_name_without_accents_by_sku_brand_and_category(ctx: Context) -> None:
    deliver(
        ctx,
        boot("GAL-1", "Chaussure d’été", maker="Aigle", category="Chaussures > Randonnée"),
        boot("GAL-2", "Bottine", maker="Aigle"),
    )
    assert found(ctx, "ETE") == ["GAL-1"] == found(ctx, "randonnee aigle")
    assert found(ctx, "aigle") == ["GAL-1", "GAL-2"]
    assert found(ctx, "gal-2") == ["GAL-2"]
    assert found(ctx, "100%_") == []


def test_the_catalogue_comes_in_pages(ctx: Context) -> None:
    deliver(ctx, *(boot(f"N-{n:03}", f"Paire {n}") for n in range(GOODS_SHOWN + 6)))
    first = catalogue(ctx, SYSTEM, Asking("paire", "lille"), "fr")
    assert len(first.goods) == GOODS_SHOWN
    assert found(ctx, "paire", first.next) == [f"N-{n:03}" for n in range(GOODS_SHOWN, 30)]


def test_a_product_says_its_price_and_why_no_earlier_one(ctx: Context, clock: TestClock) -> None:
    now = clock()
    deliver(ctx, boot("SALE", "Soldée", sale_price=9_900, sale_until=now + DAY_MS))
    (sale,) = chosen(ctx, SYSTEM, ["SALE"], "lille", "fr")
    assert sale.cost is not None
    assert (sale.cost.price, sale.cost.prior, sale.cost.because) == (
        9_900,
        None,
        ("prior:history_too_short",),
    )
    clock.advance(40 * DAY_MS)
    (stale,) = chosen(ctx, SYSTEM, ["SALE"], "lille", "fr")
    assert (stale.cost, stale.why) == (None, "stale")


def test_what_was_counted_is_told_beside_what_is_promised(ctx: Context) -> None:
    rules = StockRules(buffer=2)
    stock = Batch(ctx.clock(), stock=(StockReport("BAG", "lille", 12, reserved=3),))
    intake.take(ctx, intake.Source("counts", stock=rules), stock)
    (bag,) = chosen(ctx, SYSTEM, ["BAG"], "lille", "en")
    assert (bag.stock["lille"], bag.counts) == (7, {"lille": (12, 3)})


def test_stock_is_told_by_store(ctx: Context, clock: TestClock) -> None:
    now = clock()
    with ctx.db.write() as session:
        fact = Fact(FactKey("stock:BAG@lille"), 4, now, None, now, now + DAY_MS, SourceId("erp"))
        facts.record(session, [fact], now)
    (bag,) = chosen(ctx, SYSTEM, ["BAG"], "lille", "fr")
    assert bag.stock == {"lille": 4, "prado": None}


@pytest.mark.parametrize(
    "form",
    [
        BAG,
        replace(BAG, texts={"headline": {"fr": "Il est là.", "en": "Here it is."}}, crop="top"),
        replace(BAG, gone="skip", lapsed="skip", duration_ms=12_000, qr="a" * 64),
        replace(BAG, gone="quiet", texts={"quiet": {"fr": "Bientôt", "en": "Soon"}}),
        replace(BAG, gone="other", other="HAT", texts={"quiet": {"fr": "Bientôt", "en": "Soon"}}),
        replace(
            BAG,
            gone="elsewhere",
            qr="b" * 64,
            texts={
                "cta": {"fr": "Voir", "en": "See"},
                "away": {"fr": "Là-bas.", "en": "Over there."},
                "quiet": {"fr": "Bientôt", "en": "Soon"},
            },
        ),
        replace(
            BAG, gone="order", order="c" * 64, texts={"away": {"fr": "Chez vous.", "en": "Home."}}
        ),
        replace(
            BAG,
            template="trio",
            skus=("BAG", "HAT"),
            sky="rain",
            texts={"headline": {"fr": "À deux", "en": "Two"}},
        ),
    ],
)
def test_a_form_comes_back_from_its_playlist(form: Form) -> None:
    again = form_of(body_of(form))
    assert again == replace(form, sky=again.sky if form.template == "price" else form.sky)
    assert body_of(again) == body_of(form)


@pytest.mark.parametrize("gone", sorted(set(GONES) - {"stays"}))
def test_of_all_that_stands_for_a_promotion_one_plays_at_most(gone: Gone) -> None:
    form = replace(BAG, gone=gone, other="HAT", order="a" * 64)
    items = playlist_from_json({**body_of(form), "id": "promo-x"}).items
    values: dict[str, tuple[FactValue | None, ...]] = {
        "stock:BAG@{store}": (None, 0, 3),
        "stock:HAT@{store}": (None, 0, 2),
        "nearest:BAG@{store}": (None, "", "Prado"),
    }
    playing = set()
    for world in product(*values.values()):
        facts_now = dict(zip(values, world, strict=True))
        on = [one.id for one in items if _plays(one, facts_now)]
        assert len(on) <= 1
        playing.update(on)
    assert playing == {one.id for one in items}
    assert len(items) == {"skip": 1, "elsewhere": 3, "other": 3}.get(gone, 2)


def _plays(item: Item, facts_now: Mapping[str, FactValue | None]) -> bool:
    assert item.condition is not None
    return evaluate(item.condition, facts_now.get).truth is Truth.TRUE


def test_a_promotion_says_where_else_its_product_waits(ctx: Context) -> None:
    with ctx.db.write() as session:
        for store in ("lille", "prado"):
            row = session.get(StoreRow, store)
            assert row is not None
            row.lat_e6, row.lon_e6 = (50_637_200, 3_063_300 + (store == "prado") * 60_000)
    stock = Batch(ctx.clock(), stock=(StockReport("BAG", "prado", 4),))
    intake.take(ctx, intake.Source("counts"), stock)
    made = promotions.begin(ctx, SYSTEM, replace(BAG, gone="elsewhere"))
    away = pictures(ctx, SYSTEM, "lille", promotions.items_of(made.form), "fr")["elsewhere"]
    said = {name: live.texts["fr"]["text"] for name, live in away.texts.items()}
    assert said == {
        "nearest:BAG@lille": "prado",
        "nearest.metres:BAG@lille": "4,2\u00a0km",
        "nearest.rough:BAG@lille": "quelques exemplaires",
    }
    for pieces in PIECES:
        form = replace(BAG, gone="elsewhere", pieces=pieces)
        assert form_of(body_of(form)).pieces == pieces


def test_words_that_nobody_wrote_change_with_what_plays_where_it_is_gone() -> None:
    near = form_of(body_of(replace(BAG, gone="elsewhere")))
    ordered_now = body_of(replace(near, gone="order", order="a" * 64))
    words = ordered_now["items"][1]["content"]["card"]["texts"]["headline"]
    assert words == AWAY_SAID["order"]
    own = {AWAY: {"fr": "Il est à côté.", "en": AWAY_SAID["elsewhere"]["en"]}}
    kept = form_of(body_of(replace(BAG, gone="elsewhere", texts=own)))
    assert kept.texts[AWAY] == {"fr": "Il est à côté."}


def test_where_it_is_ordered_is_its_page_or_its_own_code(ctx: Context) -> None:
    own = ordered(ctx, SYSTEM, replace(BAG, gone="order", qr="a" * 64))
    assert own.order == "a" * 64
    deliver(ctx, boot("PAGE", "Bottine", link="https://pluvier.example/PAGE"))
    paged = ordered(ctx, SYSTEM, replace(BAG, skus=("PAGE",), gone="order"))
    assert paged.order == promotions.begin(ctx, SYSTEM, paged).form.order
    assert ordered(ctx, SYSTEM, replace(paged, gone="skip")).order == ""


@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        (replace(BAG, skus=()), "skus", "choose_goods"),
        (replace(BAG, skus=("BAG", "HAT")), "skus", "choose_goods"),
        (replace(BAG, duration_ms=1), "duration", "bad_duration"),
        (replace(BAG, gone="other"), "other", "choose_other"),
        (replace(BAG, gone="other", other="BAG"), "other", "choose_other"),
        (replace(BAG, gone="order"), "gone", "no_order_page"),
        (
            replace(BAG, template="trio", skus=("BAG", "HAT"), gone="elsewhere"),
            "gone",
            "gone_of_one",
        ),
        (
            replace(BAG, texts={"headline": {"fr": "Dès 19 €"}}),
            "items/0/content/card/texts/headline/fr",
            "typed_price",
        ),
        (
            replace(BAG, gone="quiet", texts={"quiet": {"fr": "-20 %", "en": "Soon"}}),
            "items/1/content/card/texts/headline/fr",
            "typed_percent",
        ),
    ],
)
def test_what_a_promotion_may_not_say(ctx: Context, form: Form, field: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        promotions.begin(ctx, SYSTEM, form)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_promotion_is_written_undone_and_put_into_a_playlist(ctx: Context) -> None:
    made = promotions.begin(ctx, SYSTEM, BAG)
    changed = promotions.write(ctx, SYSTEM, made.id, replace(BAG, name="Autre", gone="quiet"))
    assert (changed.form.name, changed.undoable, changed.on_air) == ("Autre", 1, False)
    assert promotions.undo(ctx, SYSTEM, made.id).form.name == "Le sac"
    promotions.put_into(ctx, SYSTEM, made.id, "lille")
    releases.put_on_air(ctx, SYSTEM, "playlist", "lille")
    (row,) = promotions.look(ctx, SYSTEM).rows
    assert (row.on_air, [use.id for use in row.uses]) == (True, ["lille"])
    with pytest.raises(Conflict):
        promotions.throw(ctx, SYSTEM, made.id)


def test_why_judges_each_of_two_promotions_in_one_playlist(ctx: Context, clock: TestClock) -> None:
    now = clock()
    with ctx.db.write() as session:
        gone = Fact(FactKey("stock:BAG@lille"), 0, now, None, now, now + DAY_MS, SourceId("erp"))
        facts.record(session, [gone], now)
    for name in ("One", "Two"):
        made = promotions.begin(ctx, SYSTEM, replace(BAG, name=name, gone="quiet"))
        promotions.put_into(ctx, SYSTEM, made.id, "lille")
    releases.put_on_air(ctx, SYSTEM, "playlist", "lille")
    publish(ctx)
    explained = explain(ctx, SYSTEM, "lille-window", now + 600_000).explanation
    assert [loser.rule for loser in explained.losers].count("stock") == 2


def test_copies_the_bin_and_what_shows_a_product(ctx: Context) -> None:
    made = promotions.begin(ctx, SYSTEM, BAG)
    copy = promotions.duplicate(ctx, SYSTEM, made.id, "Le sac, copie")
    assert {one.id for one in promotions.look(ctx, SYSTEM, "SAC").rows} == {made.id, copy.id}
    assert promotions.look(ctx, SYSTEM, sku="HAT").rows == ()
    assert promotions.look(ctx, SYSTEM, sku="BAG").found == 2
    promotions.throw(ctx, SYSTEM, copy.id)
    assert [past.id for past in promotions.binned(ctx, SYSTEM)] == [copy.id]
    promotions.take_out(ctx, SYSTEM, copy.id)
    assert promotions.read(ctx, SYSTEM, copy.id).form.name == "Le sac, copie"


def test_other_playlists_are_no_promotions(ctx: Context) -> None:
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId("plain"), "Plain", ()))
    with pytest.raises(NotFound):
        promotions.read(ctx, SYSTEM, "plain")
    assert promotions.look(ctx, SYSTEM).rows == ()


def test_the_shapes_are_those_of_the_chains_screens(ctx: Context) -> None:
    assert [(one.width, one.height, one.screens) for one in formats(ctx, SYSTEM)] == [
        (1920, 1080, 2)
    ]
