"""What people say of a file: its name, tags, the prices that it shows."""

from __future__ import annotations

import pytest

from server.errors import BadInput, Forbidden
from server.ports import Batch, ProductReport
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.library import assets, filing
from server.services.library.describing import MAX_PRICES, describe
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.wishes import content
from server.services.wishes.drawn import Drawn
from tests.server.services.keys_seen import last_audit, marked
from tests.server.services.library.test_assets import png, showing

BAG = Drawn("BAG", 8_990, "EUR")
LILLE = Actor("anne", "Anne", ALL_SCOPES, frozenset({"lille"}))


@pytest.fixture
def poster(ctx: Context) -> str:
    """A poster, in a chain whose shop sells a bag at 89,90 €."""
    wish = StoreWish("Lille", "Europe/Paris", channel="pluvier@lille")
    places.create_store(ctx, SYSTEM, wish, "lille")
    report = ProductReport("BAG", "EUR", 8_990, names={"fr": {"name": "Estran 28"}})
    take(ctx, Source("feed", shop="pluvier"), Batch(ctx.clock(), products=(report,)))
    sha = assets.upload(ctx, SYSTEM, "poster.png", [png()]).asset.sha
    marked(ctx)
    return sha


def test_all_that_is_said_is_kept_and_written_down(ctx: Context, poster: str) -> None:
    view = describe(
        ctx, SYSTEM, poster, name="Autumn", tags=[" Shop  window ", "autumn"], prices=[BAG]
    )
    assert (view.name, view.tags, view.prices) == ("Autumn", ("autumn", "shop window"), (BAG,))
    assert assets.get_asset(ctx, SYSTEM, poster) == view
    assert marked(ctx) == {f"asset:{poster}"}
    said = last_audit(ctx)
    assert said.action == "asset.update"
    assert said.after["prices"] == [["BAG", 8_990, "EUR", ""]]  # type: ignore[index]
    describe(ctx, SYSTEM, poster, tags=[])
    assert assets.get_asset(ctx, SYSTEM, poster).prices == (BAG,)
    assert marked(ctx) == set()


@pytest.mark.parametrize(
    ("prices", "code", "field"),
    [
        ([Drawn("NONE", 8_990, "EUR")], "no_such_product", "prices/0/sku"),
        ([BAG, Drawn("BAG", 7_990, "EUR")], "named_twice", "prices"),
        ([Drawn("BAG", 0, "EUR")], "bad_price", "prices/0/price"),
        ([Drawn("BAG", 8_990, "ABC")], "bad_currency", "prices/0/currency"),
        ([Drawn("BAG", 8_990, "CHF")], "other_currency", "prices/0/currency"),
        ([Drawn("BAG", 8_990, "EUR", "pluvier@rome")], "no_such_channel", "prices/0/channel"),
        ([Drawn("BAG", 8_990, "EUR", "other@lille")], "no_such_product", "prices/0/sku"),
        ([Drawn(f"BAG{n}", 1, "EUR") for n in range(MAX_PRICES + 1)], "bad_input", "prices"),
    ],
)
def test_a_price_that_no_shop_can_say_is_refused(
    ctx: Context, poster: str, prices: list[Drawn], code: str, field: str
) -> None:
    describe(ctx, SYSTEM, poster, prices=[BAG])
    with pytest.raises(BadInput) as refused:
        describe(ctx, SYSTEM, poster, prices=prices)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert assets.get_asset(ctx, SYSTEM, poster).prices == (BAG,)


@pytest.mark.parametrize(
    "tags", [[""], ["x" * 41], ["a,b"], ["a\u0000"], [f"t{n}" for n in range(21)]]
)
def test_tags_that_nobody_could_find_again_are_refused(
    ctx: Context, poster: str, tags: list[str]
) -> None:
    with pytest.raises(BadInput):
        describe(ctx, SYSTEM, poster, tags=tags)


def test_only_who_uploaded_it_says_it_where_rights_end(ctx: Context, poster: str) -> None:
    content.create_playlist(
        ctx,
        LILLE,
        showing(assets.upload(ctx, LILLE, "mine.png", [png(colour="red")]).asset.sha),
    )
    places.update_store(
        ctx,
        SYSTEM,
        "lille",
        StoreWish("Lille", "Europe/Paris", channel="pluvier@lille", brand={"mark": poster}),
    )
    with pytest.raises(Forbidden):
        describe(ctx, LILLE, poster, prices=[])


def test_a_deleted_file_leaves_nothing_that_was_said(ctx: Context, poster: str) -> None:
    describe(ctx, SYSTEM, poster, tags=["autumn"], prices=[BAG])
    assets.delete_asset(ctx, SYSTEM, poster)
    again = assets.upload(ctx, SYSTEM, "poster.png", [png()]).asset
    assert (again.tags, again.prices) == ((), ())


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("89,90", 8_990),
        ("89.90 €", 8_990),
        (" € 89,9 ", 8_990),
        ("89", 8_900),
        ("1299,00", 129_900),
    ],
)
def test_a_price_is_read_as_it_stands_in_the_picture(
    ctx: Context, poster: str, text: str, price: int
) -> None:
    assert filing.read_price(ctx, "BAG", text, "prices/0") == Drawn("BAG", price, "EUR")


@pytest.mark.parametrize(
    ("sku", "text", "code"),
    [("BAG", "", "bad_price"), ("BAG", "cheap", "bad_price"), ("NONE", "1", "no_such_product")],
)
def test_what_is_no_price_is_refused(
    ctx: Context, poster: str, sku: str, text: str, code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        filing.read_price(ctx, sku, text, "prices/0")
    assert refused.value.code == code


def test_goods_are_found_by_name_and_sku(ctx: Context, poster: str) -> None:
    for asked in ("", "estran", "bag"):
        assert [one.name for one in filing.goods(ctx, SYSTEM, asked, "fr")] == ["Estran 28"]
    assert filing.goods(ctx, SYSTEM, "tent", "fr") == ()
