"""Recalls over the API: withdrawn, listed, heard, given back."""

from __future__ import annotations

from flask import Flask

from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.server.api.programs import Api, token_for

BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}})


def test_a_price_is_withdrawn_and_given_back(ctx: Context, app: Flask, api: Api) -> None:
    create_store(ctx, SYSTEM, StoreWish("Lille", "Europe/Paris", 0, 0, channel="p@lille"), "lille")
    take(ctx, Source("feed", shop="p"), Batch(ctx.clock(), whole=True, products=(BAG,)))
    made = api.make("/recalls", sku="BAG", stores=["lille"], note="It breaks.")
    assert (made["stores"], made["lifted_at"]) == (["lille"], None)
    path = f"/recalls/{made['id']}"
    assert api.get("/recalls?sku=BAG")["items"] == [made] == [api.get(path)]
    heard = api.get(f"{path}/screens?heard=away&page=0")
    assert (heard["screens"], heard["until"], heard["more"]) == ([], 0, False)
    assert set(heard["counts"]) == {"away", "coming", "over", "confirmed"}
    assert api.get("/offers?sku=BAG")["items"][0]["offer"]["r"] == "recalled"
    marketing = token_for(app, frozenset({"read", "content"}))
    assert marketing.call("DELETE", path).status_code == 403
    assert api.call("DELETE", path).json["lifted_at"] == ctx.clock()
    assert api.call("DELETE", path).status_code == 404
    assert api.get("/recalls")["items"] == []
    assert len(api.get("/recalls?state=lifted")["items"]) == 1
    assert api.call("POST", "/recalls", json={"sku": "NOTHING"}).status_code == 404
    assert api.call("POST", "/recalls", json={"sku": "BAG", "stores": []}).status_code == 422
