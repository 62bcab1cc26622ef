"""The outside world's tills: lower prices a moment after the shop, higher ones when released."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from server.demo.world import till as tills
from server.demo.world.journal import Journal
from server.demo.world.signed import sign
from server.demo.world.stall import Stall
from server.demo.world.till import Till, till_app
from tests.server.demo.conftest import Receiver

SKU = "PLV-GALET"


@pytest.fixture
def till(
    receiver: Receiver, stall: Stall, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Till]:
    monkeypatch.setattr(tills, "LOOK_S", 0.01)
    monkeypatch.setattr(tills, "FOLLOW_S", 0.02)
    monkeypatch.setattr(tills, "PAUSE_S", 0.01)
    found = Till(f"{receiver.url}/hooks/tills", "s", stall, journal)
    found.start()
    yield found
    found.stop()


def said(receiver: Receiver, price: str) -> None:
    """Wait until the tills say that they charge this for the pebble bag, signed."""
    want = {"sku": SKU, "store": tills.STORE, "price": price, "currency": "EUR"}.items()
    calls = receiver.wait_for(
        lambda calls: any(want <= item.items() for call in calls for item in items(call.body))
    )
    headers = calls[-1].headers
    signed = sign("s", headers["X-Enseigne-Timestamp"], calls[-1].body)
    assert headers["X-Enseigne-Signature"] == signed


def items(body: bytes) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(body)["items"]
    return found


def test_they_follow_the_shop_in_the_order_that_customers_trust(
    till: Till, receiver: Receiver, stall: Stall
) -> None:
    receiver.statuses.append(503)
    receiver.wait_for(lambda calls: len(calls) >= 2)
    stall.set_price({"sku": SKU, "price": "109.90"})
    said(receiver, "109.90")
    stall.set_price({"sku": SKU, "price": "129.90"})
    body = json.dumps({"items": [{"sku": SKU, "price": "129.90"}]}).encode()
    headers = {"X-Enseigne-Timestamp": "1", "X-Enseigne-Signature": sign("s", "1", body)}
    client = till_app(till).test_client()
    assert client.get("/admin/state").json["charged"][SKU] == 10_990
    assert client.post("/released", data=body, headers={}).status_code == 401
    assert client.post("/released", data=body, headers=headers).status_code == 204
    said(receiver, "129.90")
    till.switch({"on": False})
    assert client.post("/released", data=body, headers=headers).status_code == 503
