"""Calls of a WooCommerce shop, and what the server makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.connectors.shops import woocommerce, woocommerce_read
from server.errors import BadInput, Unauthenticated
from server.ports import PermanentError
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import run_due
from tests.server.connectors.conftest import web_app
from tests.server.connectors.polled import lease, prices, view
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, Call
from tests.server.connectors.shops.woocommerce import WooShop, gmt
from tests.server.connectors.woocommerce.reading import SECOND, TWICE, Reader, by_sku, said
from tests.support.record import TestClock


def test_a_changed_price_comes_with_the_call(reader: Reader, shop: WooShop) -> None:
    reader.read()
    (call,) = shop.price(COAT, 9_900, shop.at + SECOND)
    heard = reader.hear(call)
    assert {sku: one.price for sku, one in by_sku(heard.batch).items()} == {COAT: 9_900}
    assert not heard.soon


def test_a_greeting_is_no_call(reader: Reader) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    heard = reader.hear(Call(form, b"webhook_id=12"))
    assert heard.greeting
    assert not heard.once
    with pytest.raises(Unauthenticated):
        reader.hear(Call(form, b"webhook_id=12&id=10"))


@pytest.mark.parametrize("secret", ["", "another"])
def test_a_call_that_the_shop_did_not_sign_is_refused(
    reader: Reader, shop: WooShop, secret: str
) -> None:
    reader.read()
    with pytest.raises(Unauthenticated):
        reader.hear(shop.call("product.updated", shop.by_sku(COAT), secret))


def test_without_a_secret_nobody_is_believed(reader: Reader, shop: WooShop) -> None:
    for secrets, match in (({}, "no secret"), ({"calls": "short"}, "guessed")):
        reader.setup = replace(reader.setup, secrets=secrets)
        with pytest.raises(PermanentError, match=match):
            reader.hear(shop.call("product.updated", shop.by_sku(COAT), "short"))


def test_orders_and_copies_of_the_shop_are_refused(reader: Reader, shop: WooShop) -> None:
    with pytest.raises(BadInput, match="products"):
        reader.hear(shop.call("order.created", {"id": 1}))
    copied = shop.call("product.updated", shop.by_sku(COAT))
    elsewhere = {**copied.headers, "X-WC-Webhook-Source": "https://staging.example/"}
    with pytest.raises(BadInput, match="copy"):
        reader.hear(Call(elsewhere, copied.body))


def test_two_products_of_one_second_share_a_name_and_are_two_calls(
    reader: Reader, shop: WooShop
) -> None:
    reader.read()
    one, other = (shop.price(sku, 9_900, shop.at)[0] for sku in (COAT, BAG))
    name = "X-WC-Webhook-Delivery-ID"
    assert one.headers[name] == other.headers[name]
    first, second, again = reader.hear(one).once, reader.hear(other).once, reader.hear(one).once
    assert first == again != second


def test_a_delete_says_only_a_number(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    reader.read()
    heard = reader.hear(shop.delete(COAT, shop.at)[0])
    assert [(one.sku, one.gone) for one in heard.batch.products] == [(COAT, True)]
    heard = reader.hear(shop.call("product.deleted", {"id": parent["id"]}))
    assert {one.sku for one in heard.batch.products if one.gone} == set(TWICE)
    assert not heard.soon


def test_a_delete_of_a_number_that_is_not_known_has_the_shop_read(
    reader: Reader, shop: WooShop
) -> None:
    reader.read()
    heard = reader.hear(shop.call("product.deleted", {"id": 999}))
    assert heard.soon
    assert not heard.batch.products
    assert heard.batch.refused == {"unknown_id": 1}


def test_what_was_said_before_a_delete_wakes_nothing_after_it(
    reader: Reader, shop: WooShop
) -> None:
    reader.read()
    (late,) = shop.price(COAT, 100, shop.at + SECOND)
    item = shop.by_sku(COAT)
    reader.hear(shop.delete(COAT, shop.at + SECOND)[0])
    heard = reader.hear(late)
    assert heard.batch.refused == {"out_of_order": 1}
    assert not heard.batch.products
    item["date_modified_gmt"] = gmt(shop.at + SECOND)
    back = reader.hear(shop.call("product.restored", item))
    assert said(by_sku(back.batch)[COAT]) == (100, None, "")


def test_a_familys_prices_are_read_after_its_call(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    reader.read()
    small = shop.variations[parent["id"]][0]
    small.update(regular_price="9.00", price="9.00")
    as_product = {**small, "type": "variation", "parent_id": parent["id"]}
    heard = reader.hear(shop.call("product.updated", as_product))
    assert heard.soon
    assert not heard.batch.products
    batch = reader.read(after_s=1)
    assert {sku: one.price for sku, one in by_sku(batch).items()} == {"T-S": 900, "T-M": 1_700}
    assert reader.read().unchanged


def test_before_the_first_read_a_call_only_says_that_there_is_something(
    reader: Reader, shop: WooShop
) -> None:
    heard = reader.hear(shop.price(COAT, 9_900, shop.at)[0])
    assert heard.soon
    assert not heard.batch.products


def test_too_many_to_remember_means_all(
    reader: Reader, shop: WooShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(woocommerce_read, "MAX_ASKED", 2)
    monkeypatch.setattr(woocommerce, "MAX_ASKED", 2)
    families = [shop.add_family(f"Tee {n}", {f"T{n}": 100}) for n in range(3)]
    reader.read()
    for parent in families:
        reader.hear(shop.touch(parent, shop.at)[0])
    assert reader.read().whole


def test_a_signature_is_the_vendors() -> None:
    """`echo -n '{"id":1}' | openssl dgst -sha256 -hmac secret -binary | base64`"""
    assert woocommerce.signature("secret", b'{"id":1}') == (
        "A971iWIMgT8Zj9A9eWfikrFj7wQ16/Qwcc4OlRl2PLc="
    )


def test_a_greeting_is_answered_with_200_and_leaves_no_trace(served: Context) -> None:
    before = view(served, "woo")
    web = web_app(served).test_client()
    answer = web.post("/hooks/woo", data={"webhook_id": "12"})
    assert answer.status_code == 200
    assert view(served, "woo") == before
    assert web.post("/hooks/woo", data={"webhook_id": "12", "id": "10"}).status_code == 401


def test_a_call_about_a_family_has_it_read_at_once(served: Context, shop: WooShop) -> None:
    assert run_due(served) == []
    parent = next(item for item in shop.items.values() if item["type"] == "variable")
    shop.variations[parent["id"]][0].update(regular_price="9.00", price="9.00")
    (call,) = shop.touch(parent, shop.at + SECOND)
    headers = dict(call.headers)
    answer = web_app(served).test_client().post("/hooks/woo", data=call.body, headers=headers)
    assert answer.status_code == 202
    assert [ran.error for ran in run_due(served)] == [""]
    assert (prices(served, "T-S"), prices(served, "T-M")) == ([900], [1_700])


def test_a_read_of_what_changed_renews_what_did_not(
    served: Context, shop: WooShop, clock: TestClock
) -> None:
    for minor in (13_900, 13_800, 13_700):
        clock.advance(60_000)
        shop.price(COAT, minor, shop.at + 60 * SECOND)
        assert [ran.error for ran in run_due(served)] == [""]
        assert prices(served, COAT) == [minor]
        assert lease(served) == clock()


def test_a_delete_by_number_takes_all_its_prices_away(served: Context, shop: WooShop) -> None:
    parent = next(item for item in shop.items.values() if item["type"] == "variable")
    call = shop.call("product.deleted", {"id": parent["id"]})
    connectors.receive(served, "hooks", "woo", call.headers, call.body)
    assert [prices(served, sku) for sku in (*TWICE, COAT)] == [[], [], [14_900]]


def test_a_trial_takes_the_beginning_of_the_goods(served: Context) -> None:
    before = view(served, "woo")
    seen = connectors.test_connector(served, SYSTEM, "woo")
    assert seen.ok
    assert 0 < seen.products <= len(GOODS) + len(TWICE)
    assert view(served, "woo") == before
