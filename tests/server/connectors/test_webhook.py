"""The shop's signed calls: made by the shop, now, once, in order, about its own things."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from server.connectors.shops import webhook
from server.connectors.shops.versions import MAX_VERSIONS
from server.connectors.source import Delivery, Received, Setup
from server.demo.world.signed import sign as shop_signs
from server.errors import BadInput, Unauthenticated
from server.ports import PermanentError, StockReport, TemporaryError
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.peers import Reply, peer
from tests.support.record import START_MS

SECRET = "a secret of the shop's own"
ITEM = {
    "sku": "BAG",
    "price": "119.90",
    "currency": "EUR",
    "sale_price": None,
    "availability": "in_stock",
    "version": 7,
}


@pytest.fixture
def setup(make_setup: MakeSetup) -> Setup:
    return make_setup("webhook", {"shop": "pluvier"}, secret=SECRET)


def call(
    *items: object,
    event: str = "product.updated",
    shop: str = "pluvier",
    at: int = START_MS,
    secret: str = SECRET,
    name: str = "delivery-1",
) -> Delivery:
    body = json.dumps({"shop": shop, "event": event, "items": list(items)}).encode()
    return signed(body, at, secret, name)


def signed(body: bytes, at: int = START_MS, secret: str = SECRET, name: str = "d") -> Delivery:
    timestamp = str(at // 1000)
    headers = {
        "x-enseigne-timestamp": timestamp,
        "x-enseigne-delivery": name,
        "x-enseigne-signature": shop_signs(secret, timestamp, body),
    }
    return Delivery(headers, body, START_MS)


def item(**fields: Any) -> dict[str, Any]:
    return {**ITEM, **fields}


def stock(**fields: Any) -> dict[str, Any]:
    return item(store="lille", quantity=3, **fields)


def after(setup: Setup, received: Received) -> Setup:
    """The setup of the next call. What was kept went through JSON, as in the record."""
    return replace(setup, state=json.loads(json.dumps(dict(received.batch.state))))


def test_a_price_is_taken_with_its_version(setup: Setup) -> None:
    batch = webhook.receive(setup, call(item())).batch
    (product,) = batch.products
    assert (product.price, product.currency, product.version) == (11990, "EUR", "7")
    assert not batch.whole
    assert batch.observed_at == START_MS


def test_a_sale_is_taken_with_its_dates(setup: Setup) -> None:
    sale = item(
        sale_price="89.90", sale_from="2026-10-24T00:00:00+02:00", sale_until="2026-11-02T00:00Z"
    )
    (product,) = webhook.receive(setup, call(sale)).batch.products
    assert (product.sale_price, product.problem) == (8990, "")
    assert product.sale_from == 1_792_792_800_000
    assert product.sale_until == 1_793_577_600_000


def test_stock_is_taken_for_its_store(setup: Setup) -> None:
    batch = webhook.receive(setup, call(stock(), event="inventory.updated")).batch
    assert batch.stock == (StockReport("BAG", "lille", 3, "7"),)
    assert batch.products == ()


def test_a_call_signed_with_another_secret_is_refused(setup: Setup) -> None:
    with pytest.raises(Unauthenticated) as refused:
        webhook.receive(setup, call(item(), secret="a secret of somebody else"))
    assert refused.value.code == "forged"


def test_the_secret_before_is_good_until_it_is_forgotten(setup: Setup) -> None:
    changed = replace(setup, secrets={"secret": "the shop's next secret", "before": SECRET})
    assert webhook.receive(changed, call(item())).batch.products
    assert webhook.receive(changed, call(item(), secret="the shop's next secret")).batch.products
    forgotten = replace(changed, secrets={"secret": "the shop's next secret"})
    with pytest.raises(Unauthenticated):
        webhook.receive(forgotten, call(item()))


def test_a_shop_without_a_feed_describes_its_products(setup: Setup) -> None:
    words = {"name": "Sac", "description": "<b>Cuir</b>.", "brand": "Pluvier", "measure": "750 ml"}
    (found,) = webhook.receive(setup, call(item(**words, link="no address"))).batch.products
    assert found.names == {"fr": {"name": "Sac", "lead": "Cuir ."}}
    assert (found.maker, found.measure, found.link) == ("Pluvier", "750 ml", "")


@pytest.mark.parametrize("header", ["x-enseigne-signature", "x-enseigne-timestamp"])
@pytest.mark.parametrize("value", ["", "sha256=", "1792067520", "€", None])
def test_a_call_without_a_right_signature_is_refused(
    setup: Setup, header: str, value: str | None
) -> None:
    good = call(item(), at=START_MS - 1000)
    headers = {name: text for name, text in good.headers.items() if name != header}
    forged = replace(good, headers=headers if value is None else {**headers, header: value})
    with pytest.raises(Unauthenticated):
        webhook.receive(setup, forged)


def test_a_changed_body_is_refused(setup: Setup) -> None:
    good = call(item())
    with pytest.raises(Unauthenticated):
        webhook.receive(setup, replace(good, body=good.body.replace(b"119.90", b"1.00")))


@pytest.mark.parametrize("seconds", [-61, 61, -86_400])
def test_a_call_of_another_time_is_refused(setup: Setup, seconds: int) -> None:
    with pytest.raises(Unauthenticated) as refused:
        webhook.receive(setup, call(item(), at=START_MS + seconds * 1000))
    assert refused.value.code == "late"


def test_a_call_within_the_window_is_taken(setup: Setup) -> None:
    assert webhook.receive(setup, call(item(), at=START_MS - 59_000)).batch.products


def test_a_repeat_under_another_name_has_the_same_signature(setup: Setup) -> None:
    """The name of a delivery is not signed: who listened in could change it."""
    first = webhook.receive(setup, call(item(), name="one"))
    replayed = webhook.receive(setup, call(item(), name="two"))
    assert set(first.once) & set(replayed.once)


def test_a_retry_has_the_same_name(setup: Setup) -> None:
    first = webhook.receive(setup, call(item(), at=START_MS - 5000))
    retried = webhook.receive(setup, call(item()))
    assert set(first.once) & set(retried.once)


def test_without_a_secret_nothing_is_taken(make_setup: MakeSetup) -> None:
    open_door = make_setup("webhook", {"shop": "pluvier"})
    with pytest.raises(PermanentError, match="no secret"):
        webhook.receive(open_door, call(item(), secret=""))


def test_an_older_version_is_ignored_and_counted(setup: Setup) -> None:
    newer = webhook.receive(setup, call(item(version=8, price="99.90")))
    older = webhook.receive(after(setup, newer), call(item(version=7)))
    assert older.batch.products == ()
    assert older.batch.refused == {"out_of_order": 1}


def test_versions_of_stock_are_kept_by_store(setup: Setup) -> None:
    lille = stock(version=8)
    prado = {**stock(version=7), "store": "prado"}
    first = webhook.receive(setup, call(lille, event="inventory.updated"))
    second = webhook.receive(after(setup, first), call(prado, event="inventory.updated"))
    third = webhook.receive(after(setup, second), call(stock(version=7), event="inventory.updated"))
    assert len(second.batch.stock) == 1
    assert third.batch.refused == {"out_of_order": 1}


def test_the_memory_of_versions_is_bounded(setup: Setup) -> None:
    for lot in range(4):
        items = [item(sku=f"SKU-{lot}-{number}") for number in range(webhook.MAX_ITEMS)]
        setup = after(setup, webhook.receive(setup, call(*items)))
    assert len(setup.state["versions"]) == MAX_VERSIONS
    old = webhook.receive(setup, call(item(sku="SKU-3-999", version=6)))
    assert old.batch.refused == {"out_of_order": 1}


def test_another_shops_call_is_refused(setup: Setup) -> None:
    with pytest.raises(BadInput) as refused:
        webhook.receive(setup, call(item(), shop="corsaire"))
    assert refused.value.code == "other_shop"


def test_a_store_that_is_not_ours_is_counted(setup: Setup) -> None:
    elsewhere = {**stock(), "store": "paris"}
    batch = webhook.receive(setup, call(elsewhere, stock(), event="inventory.updated")).batch
    assert [one.store for one in batch.stock] == ["lille"]
    assert batch.refused == {"unknown_store": 1}


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"price": "free"}, "price"),
        ({"price": None}, "price"),
        ({"price": 119.9}, "price"),
        ({"price": "119.901"}, "price"),
        ({"currency": "euro"}, "currency"),
        ({"currency": None}, "currency"),
        ({"sale_price": "cheap"}, "price"),
        ({"sale_price": "89.90", "sale_until": "soon"}, "sale_dates"),
        ({"sale_price": "89.90", "sale_from": "2026-11-02T00:00Z", "sale_until": "2026-10-02"},
         "sale_dates"),
    ],
)  # fmt: skip
def test_a_price_that_cannot_be_believed_is_a_problem(
    setup: Setup, bad: dict[str, Any], problem: str
) -> None:
    (product,) = webhook.receive(setup, call(item(**bad))).batch.products
    assert product.problem == problem


def test_a_product_that_is_gone_is_not_believed_any_more(setup: Setup) -> None:
    (product,) = webhook.receive(setup, call(item(), event="product.deleted")).batch.products
    assert (product.gone, product.problem, product.price) == (True, "gone", None)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("a word", "no_id"),
        ({}, "bad_sku"),
        ({"sku": "a b", "quantity": 1}, "bad_sku"),
        ({**ITEM, "store": "lille", "quantity": -1}, "negative_stock"),
        ({**ITEM, "store": "lille", "quantity": 10**9}, "huge"),
        ({**ITEM, "store": "lille", "quantity": 1.5}, "no_quantity"),
        ({**ITEM, "store": "lille", "quantity": True}, "no_quantity"),
        ({**ITEM, "quantity": 1}, "unknown_store"),
        ({**ITEM, "store": "lille", "quantity": 1, "version": "9" * 30}, "version"),
    ],
)
def test_an_item_that_says_nothing_is_counted(setup: Setup, bad: object, reason: str) -> None:
    batch = webhook.receive(setup, call(bad, stock(), event="inventory.updated")).batch
    assert batch.refused == {reason: 1}
    assert len(batch.stock) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"{}", b'{"items": {}}', b"[" * 100_000, b"\xff",
     b'{"shop": "pluvier", "event": "product.exploded", "items": []}'],
)  # fmt: skip
def test_a_body_that_says_nothing_is_refused(setup: Setup, body: bytes) -> None:
    with pytest.raises(BadInput):
        webhook.receive(setup, signed(body))


def test_too_many_items_are_refused(setup: Setup) -> None:
    with pytest.raises(BadInput, match="at most"):
        webhook.receive(setup, call(*[item()] * (webhook.MAX_ITEMS + 1)))


def test_a_sign_of_life_says_that_all_still_stands(make_setup: MakeSetup) -> None:
    with peer(Reply(body=b'{"status": "open"}')) as shop:
        config = {"shop": "pluvier", "heartbeat_url": shop.url, "heartbeat_text": '"open"'}
        setup = make_setup("webhook", config, secret=SECRET, state={"versions": [["1", 2]]})
        batch = webhook.fetch(setup)
        assert batch.unchanged


@pytest.mark.parametrize("reply", [Reply(500), Reply(body=b"closed"), Reply(body=b"")])
def test_no_sign_of_life_renews_nothing(make_setup: MakeSetup, reply: Reply) -> None:
    with peer(reply) as shop:
        config = {"shop": "pluvier", "heartbeat_url": shop.url, "heartbeat_text": "open"}
        with pytest.raises(TemporaryError):
            webhook.fetch(make_setup("webhook", config, secret=SECRET))


@pytest.mark.parametrize("field", ["heartbeat_url", "stock_source", "currency"])
def test_a_wrong_configuration_is_named(field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        webhook.WebhookConfig.model_validate({"shop": "pluvier", field: "not this"})
    assert refused.value.errors()[0]["loc"] == (field,)
