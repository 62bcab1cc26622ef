"""Shopify's own ways: two secrets, costs and cursors, numbers instead of SKUs, list prices."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from server.connectors.shops import shopify
from server.connectors.shops.shopify import ShopifyConfig
from server.connectors.shops.shopify_goods import FREED, SEVERAL
from server.connectors.source import Delivery, Received, Setup
from server.errors import BadInput, Unauthenticated
from server.ports import Batch, PermanentError, StockReport, TemporaryError
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, SCARF, Call
from tests.server.connectors.shops.shopify import LILLE, SECRET, TOKEN, Shopify, product_body
from tests.support.record import START_MS

NOW = datetime.fromtimestamp(START_MS / 1000, UTC)
SECOND_SECRET = "shpss_the-secret-before-it"


@pytest.fixture
def shop() -> Iterator[Shopify]:
    made = Shopify()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def setup(make_setup: MakeSetup, shop: Shopify) -> Setup:
    given = shop.set_up()
    return make_setup("shopify", dict(given.config), secrets=dict(given.secrets))


def knowing(setup: Setup, known: dict[str, str]) -> Setup:
    """The setup of a connector that learned these names."""
    return replace(setup, aliases=lambda names: {n: known[n] for n in names if n in known})


def delivery(call: Call) -> Delivery:
    return Delivery(
        {name.lower(): text for name, text in call.headers.items()}, call.body, START_MS
    )


def hear(setup: Setup, call: Call) -> Received:
    return shopify.receive(setup, delivery(call))


def after(setup: Setup, received: Received) -> Setup:
    return replace(setup, state=json.loads(json.dumps(dict(received.batch.state))))


def told(
    shop: Shopify, setup: Setup, body: dict[str, Any], topic: str = "products/update"
) -> Batch:
    return hear(setup, shop.call(topic, body, NOW)).batch


def variants(shop: Shopify, of: str, *others: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A product's body: its variant changed, and others beside it."""
    body = product_body(shop.goods[of])
    first = {**body["variants"][0], **changes}
    more = [{**first, "id": first["id"] + 100 + at, **one} for at, one in enumerate(others)]
    return {**body, "variants": [first, *more], "variant_gids": [{}] * (1 + len(more))}


def test_the_whole_shop_is_read_page_by_page_at_its_pace(shop: Shopify, setup: Setup) -> None:
    shop.stock(BAG, "lille", -2, NOW)
    shop.stock(COAT, "lille", 4, NOW)
    batch = shopify.fetch(setup)
    assert batch.whole
    assert {one.sku: one.price for one in batch.products} == dict(GOODS)
    coat = next(one for one in batch.products if one.sku == COAT)
    assert (coat.names["fr"]["name"], coat.maker, coat.category) == (
        f"Article {COAT}", "Pluvier", "Vêtements",
    )  # fmt: skip
    assert (coat.measure, coat.base, coat.availability) == ("750 ml", "1 l", "in_stock")
    assert {(one.sku, one.store, one.quantity) for one in batch.stock} == {
        (COAT, str(LILLE), 4), (BAG, str(LILLE), 0),
    }  # fmt: skip
    assert batch.unknown_stores == ("Entrepôt",), "“prado” is called as we call it"
    assert shop.throttled <= 2, "only where another listing begins, whose pages may cost more"


def test_a_glance_asks_for_one_page_and_says_nothing_of_the_rest(
    shop: Shopify, setup: Setup
) -> None:
    batch = shopify.fetch(replace(setup, glance=True))
    assert 0 < len(batch.products) < len(GOODS)
    assert not batch.whole


def test_a_throttled_query_is_asked_again_when_it_can_be_paid(shop: Shopify, setup: Setup) -> None:
    for _ in range(3):  # nobody else leaves us anything
        shop._pay(50)
    assert len(shopify.fetch(setup).products) == len(GOODS)
    assert shop.throttled > 0


def test_a_read_that_breaks_in_the_middle_is_no_read(shop: Shopify, setup: Setup) -> None:
    def spoil(response: Any) -> Any:
        if len(shop.asked) > 6:
            shop.break_with("500")
        return response

    shop.app.after_request(spoil)
    with pytest.raises(TemporaryError):
        shopify.fetch(setup)
    assert len(shop.asked) > 6


def test_an_answer_of_another_form_is_no_read(
    shop: Shopify, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    for odd in ({"shop": None}, {"shop": {}}, {"shop": []}):
        monkeypatch.setattr(shop, "_data", lambda *_, odd=odd: odd)
        with pytest.raises(TemporaryError):
            shopify.fetch(setup)


def test_a_right_that_is_missing_is_named(shop: Shopify, setup: Setup) -> None:
    shop.scopes.discard("read_inventory")
    with pytest.raises(PermanentError, match="read_inventory"):
        shopify.fetch(setup)


def test_a_token_that_expired_says_what_to_do(shop: Shopify, setup: Setup) -> None:
    shop.token = "shpat_another"
    with pytest.raises(PermanentError, match=r"expired.*save it here"):
        shopify.fetch(setup)


def test_an_app_with_a_client_id_gets_its_own_token(shop: Shopify, make_setup: MakeSetup) -> None:
    config = {**shop.set_up().config, "client_id": "7e1"}
    setup = make_setup("shopify", config, secrets={"webhook": SECRET})
    assert len(shopify.fetch(setup).products) == len(GOODS)
    wrong = make_setup("shopify", config, secrets={"webhook": "another secret of sixteen"})
    with pytest.raises(PermanentError, match="401"):
        shopify.fetch(wrong)
    nothing = make_setup("shopify", dict(shop.set_up().config), secrets={"webhook": SECRET})
    with pytest.raises(PermanentError, match="client ID"):
        shopify.fetch(nothing)


def test_prices_without_tax_are_shown_only_where_somebody_said_so(
    shop: Shopify, setup: Setup
) -> None:
    shop.taxes_included = False
    with pytest.raises(PermanentError, match="taxes"):
        shopify.fetch(setup)
    allowed = replace(setup, config=setup.config.model_copy(update={"without_tax": True}))
    assert shopify.fetch(allowed).products


def test_the_shops_own_currency_is_told(shop: Shopify, setup: Setup) -> None:
    shop.currency = "USD"
    batch = shopify.fetch(setup)
    assert {one.currency for one in batch.products} == {"USD"}
    called = told(shop, knowing(setup, dict(batch.aliases)), variants(shop, COAT))
    assert called.products[0].currency == "USD", "a call does not say its currency"  # type: ignore[index]


@pytest.mark.parametrize("status", ["DRAFT", "ARCHIVED"])
def test_what_is_not_sold_is_not_listed_and_gone_when_called(
    shop: Shopify, setup: Setup, status: str
) -> None:
    shop.goods[SCARF].status = status
    batch = shopify.fetch(setup)
    assert SCARF not in {one.sku for one in batch.products}
    assert batch.refused == {"not_sold": 1}
    (gone,) = told(shop, setup, variants(shop, SCARF)).products
    assert (gone.sku, gone.gone, gone.price) == (SCARF, True, None)


def test_a_sku_that_two_variants_bear_is_nobodys_price(shop: Shopify, setup: Setup) -> None:
    shop.goods[BAG].sku = COAT
    batch = shopify.fetch(setup)
    twin = next(one for one in batch.products if one.sku == COAT)
    assert twin.problem == "duplicate"
    assert batch.aliases[f"sku:{COAT}"] == SEVERAL
    called = told(shop, knowing(setup, dict(batch.aliases)), variants(shop, COAT))
    assert [one.problem for one in called.products] == ["duplicate"]


def test_a_sku_that_moved_to_another_product_has_that_ones_price(
    shop: Shopify, setup: Setup
) -> None:
    """The copy was made before the first one was deleted: its own time is older."""
    known = dict(shopify.fetch(setup).aliases)
    moved = knowing(setup, {**known, f"sku:{COAT}": FREED})
    (now,) = (one for one in shopify.fetch(moved).products if one.sku == COAT)
    (before,) = (one for one in shopify.fetch(setup).products if one.sku == COAT)
    assert int(now.version) > int(before.version)


def test_either_secret_is_good_while_one_is_changed_for_the_other(
    shop: Shopify, setup: Setup
) -> None:
    shop.signs_with = SECOND_SECRET
    (call,) = shop.price(COAT, 13_900, NOW)
    with pytest.raises(Unauthenticated):
        hear(setup, call)
    both = replace(setup, secrets={**setup.secrets, "webhook_before": SECOND_SECRET})
    assert hear(both, call).batch.products
    nothing = replace(setup, secrets={"token": TOKEN})
    with pytest.raises(PermanentError, match="no signing secret"):
        hear(nothing, call)


def test_another_shop_of_the_same_app_is_not_ours(shop: Shopify, setup: Setup) -> None:
    (call,) = shop.price(COAT, 13_900, NOW)
    config = ShopifyConfig(shop="pluvier", url="corsaire.myshopify.com")
    with pytest.raises(BadInput):
        hear(replace(setup, config=config), call)
    ours = ShopifyConfig(shop="pluvier", url="Pluvier")
    assert hear(replace(setup, config=ours), call).batch.products


@pytest.mark.parametrize(
    ("price", "compare_at", "listed", "sale"),
    [
        ("79.90", "99.90", 9_990, 7_990),
        ("79.90", "79.90", 7_990, None),
        ("79.90", "0.00", 7_990, None),
        ("79.90", "69.90", 7_990, None),
        ("79.90", None, 7_990, None),
    ],
)
def test_a_price_under_its_list_price_is_a_reduction(
    shop: Shopify, setup: Setup, price: str, compare_at: str, listed: int, sale: int | None
) -> None:
    body = variants(shop, COAT, price=price, compare_at_price=compare_at)
    (found,) = told(shop, setup, body).products
    assert (found.price, found.sale_price, found.problem) == (listed, sale, "")


@pytest.mark.parametrize(
    ("price", "problem"), [("", "price"), ("79.901", "price"), (None, "price")]
)
def test_a_price_that_is_none_is_a_problem(
    shop: Shopify, setup: Setup, price: str, problem: str
) -> None:
    (found,) = told(shop, setup, variants(shop, COAT, price=price)).products
    assert (found.problem, found.price) == (problem, None)


@pytest.mark.parametrize("sku", ["", "  ", "A 12 B", "x" * 65, None])
def test_a_variant_without_a_sku_goes_by_its_number(
    shop: Shopify, setup: Setup, sku: str | None
) -> None:
    (found,) = told(shop, setup, variants(shop, COAT, sku=sku)).products
    assert found.sku == str(shop.goods[COAT].id)


def test_variants_have_their_own_names_and_those_that_went_are_gone(
    shop: Shopify, setup: Setup
) -> None:
    body = variants(shop, COAT, {"sku": "COAT-01-M", "title": "M"}, title="S")
    batch = told(shop, setup, body)
    assert [one.names["fr"]["name"] for one in batch.products] == [
        f"Article {COAT} – S", f"Article {COAT} – M",
    ]  # fmt: skip
    assert {one.group for one in batch.products} == {str(shop.goods[COAT].product)}
    later = told(shop, knowing(setup, dict(batch.aliases)), variants(shop, COAT))
    assert [(one.sku, one.gone) for one in later.products] == [(COAT, False), ("COAT-01-M", True)]
    cut = {**variants(shop, COAT), "variant_gids": [{}, {}, {}]}
    only = told(shop, knowing(setup, dict(batch.aliases)), cut).products
    assert [one.sku for one in only] == [COAT], "a call that does not list all buries none"


def test_a_deleted_product_is_known_by_its_number(shop: Shopify, setup: Setup) -> None:
    known = dict(shopify.fetch(setup).aliases)
    (call,) = shop.delete(COAT, NOW)
    batch = hear(knowing(setup, known), call).batch
    assert [(one.sku, one.gone) for one in batch.products] == [(COAT, True)]
    assert batch.aliases[f"sku:{COAT}"] == FREED
    assert hear(setup, call).batch.refused == {"unknown_product": 1}


def test_changes_of_one_second_are_in_the_order_in_which_shopify_told_them(
    shop: Shopify, setup: Setup
) -> None:
    """`updated_at` has whole seconds; the header has nanoseconds."""
    (first,) = shop.price(COAT, 13_900, NOW + timedelta(milliseconds=100))
    (second,) = shop.price(COAT, 12_900, NOW + timedelta(milliseconds=700))
    taken = hear(setup, second)
    late = hear(after(setup, taken), first)
    assert (late.batch.products, late.batch.refused) == ((), {"out_of_order": 1})


def test_stock_is_joined_by_its_inventory_item(shop: Shopify, setup: Setup) -> None:
    known = knowing(setup, dict(shopify.fetch(setup).aliases))
    (call,) = shop.stock(BAG, "lille", 3, NOW)
    (found,) = hear(known, call).batch.stock
    assert (found.sku, setup.store(found.store), found.quantity) == (BAG, "lille", 3)
    (call,) = shop.stock(BAG, "lille", -1, NOW)
    assert [one.quantity for one in hear(known, call).batch.stock] == [0]
    assert hear(setup, call).batch.refused == {"unknown_item": 1}


def test_a_place_may_be_given_by_its_name(shop: Shopify, make_setup: MakeSetup) -> None:
    config = {**shop.set_up().config, "stores": {"Lille centre": "lille"}}
    setup = make_setup("shopify", config, secrets=dict(shop.set_up().secrets))
    (call,) = shop.stock(BAG, "lille", 3, NOW)
    batch = shopify.fetch(setup)
    assert StockReport(BAG, "Lille centre", 3, batch.stock[0].version) in batch.stock
    (found,) = hear(knowing(setup, dict(batch.aliases)), call).batch.stock
    assert setup.store(found.store) == "lille"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"available": None}, "no_quantity"),
        ({"available": True}, "no_quantity"),
        ({"available": 10**9}, "huge"),
        ({"location_id": 24826420}, "unknown_store"),
        ({"location_id": "x"}, "no_id"),
        ({"updated_at": "2026-10-01T10:00:00Z"}, "late"),
        ({"updated_at": None}, "sale_dates"),
    ],
)
def test_a_level_that_says_nothing_is_counted(
    shop: Shopify, setup: Setup, change: dict[str, Any], reason: str
) -> None:
    known = knowing(setup, dict(shopify.fetch(setup).aliases))
    (call,) = shop.stock(BAG, "lille", 3, NOW)
    body = {**json.loads(call.body), **change}
    batch = told(shop, known, body, "inventory_levels/update")
    assert (batch.stock, batch.refused) == ((), {reason: 1})


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("orders/create", {"id": 1}, "other_topic"),
        ("products/update", [], "other_topic"),
        ("products/update", {}, "no_id"),
        ("products/update", {"id": 1, "variants": []}, "no_variants"),
        ("products/update", {"id": 1, "variants": ["x"]}, "no_id"),
        ("products/delete", {"id": None}, "no_id"),
    ],
)
def test_a_call_about_anything_else_is_well_and_counted(
    shop: Shopify, setup: Setup, topic: str, body: Any, reason: str
) -> None:
    """Refused, Shopify would repeat it, and end all calls in the end."""
    batch = told(shop, setup, body, topic)
    assert (batch.products, batch.refused) == ((), {reason: 1})


def test_a_body_that_is_no_json_is_refused(shop: Shopify, setup: Setup) -> None:
    good = shop.call("products/update", {}, NOW)
    signed = base64.b64encode(hmac.digest(SECRET.encode(), b"{", hashlib.sha256)).decode()
    with pytest.raises(BadInput):
        hear(setup, Call({**good.headers, "X-Shopify-Hmac-Sha256": signed}, b"{"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pluvier", "https://pluvier.myshopify.com"),
        (" pluvier.myshopify.com/ ", "https://pluvier.myshopify.com"),
        ("https://pluvier.myshopify.com/admin/products", "https://pluvier.myshopify.com"),
    ],
)
def test_a_shop_may_be_named_in_many_ways(written: str, meant: str) -> None:
    assert ShopifyConfig.model_validate({"shop": "p", "url": written}).url == meant


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "http://shop.example"), ("url", 7), ("api_version", "2026-11"), ("language", "fra")],
)
def test_a_wrong_configuration_is_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        ShopifyConfig.model_validate({"shop": "p", "url": "pluvier", field: value})
    assert refused.value.errors()[0]["loc"] == (field,)


def test_stock_decides_whether_it_can_be_ordered(shop: Shopify, setup: Setup) -> None:
    (found,) = told(shop, setup, variants(shop, COAT, inventory_quantity=0)).products
    assert (found.availability, found.picture_url) == (
        "out_of_stock", "https://cdn.shopify.com/a.jpg",
    )  # fmt: skip
    more = variants(shop, COAT, inventory_quantity=0, inventory_policy="continue")
    (orderable,) = told(shop, setup, more).products
    assert orderable.availability == "in_stock"
