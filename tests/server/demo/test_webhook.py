"""The shop's webhook against a real receiver: signed, in order, again after a refusal."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from server.demo.world.journal import Journal
from server.demo.world.stall import Stall
from server.demo.world.webhook import Webhook
from tests.server.demo.conftest import Call, Receiver

SECRET = "a secret of the test"
BRUINE = "PLV-BRUINE"


@pytest.fixture
def webhook(receiver: Receiver, stall: Stall, journal: Journal) -> Iterator[Webhook]:
    hook = Webhook(f"{receiver.url}/hook", SECRET, stall, journal)
    stall.listen(hook.tell)
    hook.start()
    yield hook
    hook.stop()


def message(call: Call) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(call.body)
    return body


def price(stall: Stall, euros: str, sku: str = BRUINE) -> None:
    stall.set_price({"sku": sku, "price": euros})


@pytest.mark.usefixtures("webhook")
def test_a_change_calls_the_server_with_a_signature_it_can_check(
    receiver: Receiver, stall: Stall
) -> None:
    price(stall, "139.90")
    (call,) = receiver.wait_for(lambda calls: len(calls) == 1)
    stamp = call.headers["X-Enseigne-Timestamp"]
    signed = stamp.encode() + b"." + call.body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert call.headers["X-Enseigne-Signature"] == f"sha256={expected}"
    assert abs(int(stamp) - time.time()) < 60
    assert call.path == "/hook"
    assert message(call) == {
        "shop": "pluvier",
        "event": "product.updated",
        "items": [
            {
                "sku": BRUINE,
                "price": "139.90",
                "currency": "EUR",
                "sale_price": None,
                "sale_from": None,
                "sale_until": None,
                "availability": "in_stock",
                "version": 2,
            }
        ],
    }


@pytest.mark.usefixtures("webhook")
def test_a_stock_change_names_the_store(receiver: Receiver, stall: Stall) -> None:
    stall.set_stock({"sku": BRUINE, "store": "prado", "quantity": 0})
    (call,) = receiver.wait_for(lambda calls: len(calls) == 1)
    assert message(call)["event"] == "inventory.updated"
    (item,) = message(call)["items"]
    assert (item["store"], item["quantity"]) == ("prado", 0)
    assert item["availability"] == "out_of_stock"


@pytest.mark.usefixtures("webhook")
def test_a_call_that_was_refused_for_now_is_made_again_with_the_same_delivery(
    receiver: Receiver, stall: Stall
) -> None:
    receiver.statuses = [503, 429]
    price(stall, "139.90")
    calls = receiver.wait_for(lambda calls: len(calls) == 3)
    assert len({call.headers["X-Enseigne-Delivery"] for call in calls}) == 1
    assert len({call.body for call in calls}) == 1


@pytest.mark.usefixtures("webhook")
def test_a_call_that_was_refused_for_good_is_not_made_again(
    receiver: Receiver, stall: Stall
) -> None:
    receiver.statuses = [401]
    price(stall, "139.90")
    receiver.wait_for(lambda calls: len(calls) == 1)
    price(stall, "129.90")
    calls = receiver.wait_for(lambda calls: len(calls) == 2)
    assert [message(call)["items"][0]["price"] for call in calls] == ["139.90", "129.90"]


@pytest.mark.usefixtures("webhook")
def test_while_the_server_is_away_newer_changes_replace_older_ones(
    receiver: Receiver, stall: Stall
) -> None:
    receiver.statuses = [503]
    price(stall, "139.90")
    receiver.wait_for(lambda calls: len(calls) == 1)
    for euros in ("138.90", "137.90", "136.90"):
        price(stall, euros)
    price(stall, "39.90", "PLV-EMBRUN")
    calls = receiver.wait_for(
        lambda calls: any("PLV-EMBRUN" in call.body.decode() for call in calls)
    )
    heard = [(item["sku"], item["price"]) for call in calls[1:] for item in message(call)["items"]]
    assert heard == [(BRUINE, "136.90"), ("PLV-EMBRUN", "39.90")]


@pytest.mark.usefixtures("webhook")
def test_versions_of_a_sku_never_go_back(receiver: Receiver, stall: Stall) -> None:
    receiver.statuses = [503]
    for n in range(20):
        price(stall, f"{100 + n}.00")
        stall.set_stock({"sku": BRUINE, "store": ("lille", "prado")[n % 2], "quantity": n})
    final = stall.article(BRUINE).version
    calls = receiver.wait_for(
        lambda calls: any(f'"version": {final}' in call.body.decode() for call in calls[1:])
    )
    versions = [item["version"] for call in calls for item in message(call)["items"]]
    assert versions == sorted(versions)


def test_switched_off_it_says_nothing_and_later_does_not_make_up_for_it(
    receiver: Receiver, stall: Stall, webhook: Webhook
) -> None:
    webhook.switch({"on": False})
    price(stall, "139.90")
    webhook.switch({"on": True})
    price(stall, "34.00", "PLV-EMBRUN")
    (call,) = receiver.wait_for(lambda calls: len(calls) == 1)
    assert [item["sku"] for item in message(call)["items"]] == ["PLV-EMBRUN"]


def test_a_webhook_without_a_secret_refuses_to_be(stall: Stall, journal: Journal) -> None:
    with pytest.raises(ValueError, match="--webhook-secret"):
        Webhook("http://127.0.0.1:1/hook", "", stall, journal)
