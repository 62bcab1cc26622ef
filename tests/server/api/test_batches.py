"""What waits for a person: batches held whole and suspect prices, seen and settled over the API."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from server.ports import Batch, ProductReport
from server.services.base.actors import ALL_SCOPES, SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.server.api.programs import Api, token_for
from tests.support.record import TestClock

FEEDS = ("feed", "other")
GOODS = tuple(
    ProductReport(f"P{at:02}", "EUR", 1000 + at, names={"fr": {"name": f"P{at}"}})
    for at in range(30)
)
ODD = (
    *(replace(one, price=0) for one in GOODS[:3]),
    replace(GOODS[3], sale_price=900),
    *GOODS[4:],
)


@pytest.fixture
def held(ctx: Context, api: Api, clock: TestClock) -> Context:
    """Two shops with a store each, whose feeds said zero for three prices out of thirty."""
    for name in FEEDS:
        wish = StoreWish(name, "Europe/Paris", 0, 0, channel=f"{name}@{name}")
        create_store(ctx, SYSTEM, wish, name)
        config = {"shop": name, "url": "https://shop.example/feed.xml"}
        api.make("/connectors", id=name, kind="merchant", name=name, config=config)
        for goods in (GOODS, ODD):
            batch = Batch(clock.advance(1000), whole=True, products=goods)
            take(ctx, Source(name, shop=name), batch)
    return ctx


def test_a_held_batch_says_what_it_would_change(held: Context, api: Api) -> None:
    (batch,) = api.get("/batches?connector=feed")["items"]
    assert (batch["connector"], batch["reason"], batch["settled"]) == ("feed", "suspects", "")
    assert batch["counts"] == {
        "reported": 30,
        "known": 30,
        "suspect": 3,
        "gone": 0,
        "changed": 4,
        "believable": 1,
    }
    examples = [(row["sku"], row["old"], row["new"], row["why"]) for row in batch["examples"]]
    assert examples == [
        *((f"P{at:02}", 1000 + at, 0, "zero") for at in range(3)),
        ("P03", 1003, 900, ""),
    ]
    assert {row["old_currency"] for row in batch["examples"]} == {"EUR"}
    assert api.get("/connectors/feed")["held"] == batch["id"]


def test_held_batches_come_page_by_page_newest_first(held: Context, api: Api) -> None:
    first = api.get("/batches?limit=1")
    assert [one["connector"] for one in first["items"]] == ["other"]
    rest = api.get(f"/batches?limit=1&after={first['next']}")
    assert [one["connector"] for one in rest["items"]] == ["feed"]
    assert rest["next"] == ""
    assert api.call("GET", "/batches?state=lost").status_code == 422
    assert api.call("GET", "/batches?after=nothing").status_code == 422


@pytest.mark.parametrize(("accept", "settled"), [(True, "accepted"), (False, "rejected")])
def test_a_person_settles_a_held_batch_once(
    held: Context, api: Api, accept: bool, settled: str
) -> None:
    (batch,) = api.get("/batches?connector=feed")["items"]
    word = {"batch": batch["id"], "accept": accept}
    assert api.make("/settlements/batches", **word) == {"batch": batch["id"], "settled": settled}
    assert api.call("POST", "/settlements/batches", json=word).status_code == 404
    assert api.get("/batches?connector=feed")["items"] == []
    assert api.get("/connectors/feed")["held"] == ""
    (kept,) = api.get("/batches?state=settled")["items"]
    assert (kept["id"], kept["settled"]) == (batch["id"], settled)
    assert len(api.get("/batches?state=all")["items"]) == 2


def test_held_batches_are_for_those_who_may_price_the_whole_chain(
    held: Context, app: Flask
) -> None:
    assert token_for(app, frozenset({"prices"})).get("/batches")["items"]
    for nobody in (
        token_for(app, ALL_SCOPES - {"prices"}),
        token_for(app, ALL_SCOPES, frozenset({"feed"})),
    ):
        assert nobody.call("GET", "/batches").status_code == 403
        refused = nobody.call("POST", "/settlements/batches", json={"batch": "x", "accept": True})
        assert refused.status_code == 403


def test_suspect_prices_are_listed_and_settled_with_the_same_word(held: Context, api: Api) -> None:
    suspects = api.get("/offers?suspect=true&channel=feed@feed")["items"]
    assert [(one["sku"], one["pending"]["price"]) for one in suspects][:1] == [("P00", 0)]
    meant = next(one for one in suspects if one["suspect"] == "held_suspects")
    word = {"channel": "feed@feed", "sku": meant["sku"], "accept": True}
    assert api.make("/settlements/prices", **word)["settled"] == "accepted"
    assert len(api.get("/offers?suspect=true&channel=feed@feed")["items"]) == len(suspects) - 1


def test_whether_another_store_has_a_suspect_price_is_not_told(held: Context, app: Flask) -> None:
    other = token_for(app, ALL_SCOPES, frozenset({"other"}))
    words = [
        other.call("POST", "/settlements/prices", json={"channel": of, "sku": sku, "accept": True})
        for of, sku in (("feed@feed", "P00"), ("feed@feed", "P20"), ("no@where", "P00"))
    ]
    assert {answer.status_code for answer in words} == {404}
    assert len({answer.json["title"] for answer in words}) == 1
    nobody = token_for(app, ALL_SCOPES - {"prices"})
    for of in ("feed@feed", "no@where"):
        word = {"channel": of, "sku": "P00", "accept": True}
        assert nobody.call("POST", "/settlements/prices", json=word).status_code == 403
