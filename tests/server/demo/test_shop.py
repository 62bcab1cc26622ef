"""The web shop's feeds, its actions and its ways to break, over HTTP requests."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.demo.world.breakage import Breakage
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.shop import Shop, shop_app
from server.demo.world.stall import Stall
from server.demo.world.webhook import Webhook

G = "{http://base.google.com/ns/1.0}"
ESTRAN = "PLV-ESTRAN-28"


@pytest.fixture
def web(shop: Shop) -> FlaskClient:
    return shop_app(shop).test_client()


def items(answer: TestResponse) -> list[dict[str, str]]:
    root = ElementTree.fromstring(answer.data)
    return [
        {child.tag.removeprefix(G): child.text or "" for child in item}
        for item in root.iter("item")
    ]


def feed_item(web: FlaskClient, sku: str = ESTRAN) -> dict[str, str]:
    return next(item for item in items(web.get("/feed.xml")) if item["id"] == sku)


def act(web: FlaskClient, action: str, **body: Any) -> TestResponse:
    return web.post(f"/admin/{action}", json=body)


def test_the_product_feed_is_a_merchant_center_feed(web: FlaskClient) -> None:
    answer = web.get("/feed.xml")
    assert answer.mimetype == "application/xml"
    assert len(items(answer)) == 25
    item = feed_item(web)
    assert item["price"] == "119.90 EUR"
    assert item["sale_price"] == "89.90 EUR"
    begins, ends = item["sale_price_effective_date"].split("/")
    assert datetime.fromisoformat(begins) < datetime.now(UTC) < datetime.fromisoformat(ends)
    assert item["availability"] == "in_stock"
    assert web.get(item["image_link"]).mimetype == "image/svg+xml"
    assert "89,90" in web.get(item["link"]).text


def test_the_feed_speaks_english_too(web: FlaskClient) -> None:
    english = items(web.get("/feed.xml?lang=en"))[0]
    assert english["title"] == "Estran 28"
    assert english["description"] == "Waxed canvas backpack, 28 litres"


def test_the_local_feed_has_each_article_in_each_store(web: FlaskClient) -> None:
    local = items(web.get("/local.xml"))
    assert len(local) == 25 * 4
    galet = {
        i["store_code"]: (i["quantity"], i["availability"]) for i in local if i["id"] == "PLV-GALET"
    }
    assert galet["prado"] == ("0", "out_of_stock")
    assert galet["vieux-port"] == ("5", "in_stock")


@pytest.mark.parametrize("path", ["/feed.xml", "/local.xml"])
def test_an_unchanged_feed_answers_304_by_etag_and_by_date(web: FlaskClient, path: str) -> None:
    first = web.get(path)
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    assert web.get(path, headers={"If-None-Match": etag}).status_code == 304
    dated = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert web.get(path, headers=dated).status_code == 304


def test_a_change_gives_a_new_etag_even_within_the_same_second(web: FlaskClient) -> None:
    first = web.get("/feed.xml")
    act(web, "price", sku="PLV-BRUINE", price="139.90")
    known = {
        "If-None-Match": first.headers["ETag"],
        "If-Modified-Since": first.headers["Last-Modified"],
    }
    again = web.get("/feed.xml", headers=known)
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]
    assert feed_item(web, "PLV-BRUINE")["price"] == "139.90 EUR"


def test_the_compressed_feed_is_the_same_feed_under_its_own_etag(web: FlaskClient) -> None:
    plain = web.get("/feed.xml")
    packed = web.get("/feed.xml", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert web.get("/feed.xml", headers=known).status_code == 304


def test_a_sale_begins_ends_and_is_dropped_when_its_time_is_over(journal: Journal) -> None:
    now = datetime(2026, 10, 15, 12, tzinfo=UTC)
    stall = Stall(JsonFile(None), journal, lambda: now)
    shop = Shop(stall, Breakage(journal), Webhook(None, "", stall, journal))
    web = shop_app(shop).test_client()
    until = (now + timedelta(minutes=1)).isoformat()
    act(web, "sale", sku="PLV-BRUINE", sale_price="99.90", until=until)
    assert feed_item(web, "PLV-BRUINE")["sale_price"] == "99.90 EUR"
    now += timedelta(minutes=1)
    assert "sale_price" not in feed_item(web, "PLV-BRUINE")
    act(web, "sale", sku="PLV-BRUINE", sale_price="89.90")
    assert "sale_price_effective_date" not in feed_item(web, "PLV-BRUINE")
    act(web, "sale-end", sku="PLV-BRUINE")
    assert "sale_price" not in feed_item(web, "PLV-BRUINE")


@pytest.mark.parametrize(
    ("action", "body", "said"),
    [
        ("price", {"sku": "NOPE", "price": "1.00"}, "sku must be one of"),
        ("price", {"sku": ESTRAN, "price": "1.001"}, 'such as "79.90"'),
        ("price", {"sku": ESTRAN, "price": "NaN"}, 'such as "79.90"'),
        ("price", {"sku": ESTRAN, "price": "-1"}, "between 0.01"),
        ("sale", {"sku": ESTRAN, "sale_price": "500"}, "below the price"),
        ("sale", {"sku": ESTRAN, "sale_price": "5", "until": "2020-01-01T00:00:00Z"}, "future"),
        ("sale", {"sku": ESTRAN, "sale_price": "5", "until": "tomorrow"}, "with its zone"),
        ("stock", {"sku": ESTRAN, "store": "paris", "quantity": 1}, "store must be one of"),
        ("stock", {"sku": ESTRAN, "store": "lille", "quantity": -1}, "whole number"),
        ("break", {"mode": "fire"}, "mode must be one of"),
    ],
)
def test_an_action_that_cannot_be_is_refused_with_a_reason_and_changes_nothing(
    web: FlaskClient, action: str, body: dict[str, Any], said: str
) -> None:
    before = web.get("/feed.xml").headers["ETag"]
    answer = act(web, action, **body)
    assert answer.status_code == 400
    assert said in answer.get_json()["error"]
    assert web.get("/feed.xml").headers["ETag"] == before


def test_an_action_must_be_json_so_that_no_foreign_form_can_send_it(web: FlaskClient) -> None:
    assert web.post("/admin/reset", data={"a": "b"}).status_code == 415
    assert web.post("/admin/explode", json={}).status_code == 404


def test_the_feeds_break_in_each_way_and_mend(web: FlaskClient) -> None:
    healthy = web.get("/feed.xml")

    def broken(mode: str) -> TestResponse:
        assert act(web, "break", mode=mode).status_code == 200
        return web.get("/feed.xml", headers={"If-None-Match": healthy.headers["ETag"]})

    assert items(broken("empty")) == []
    assert broken("blank").data == b""
    assert broken("html").mimetype == "text/html"
    with pytest.raises(ElementTree.ParseError):
        items(broken("truncated"))
    assert {item["price"] for item in items(broken("zero"))} == {"0.00 EUR"}
    assert all(item["price"].endswith(" USD") for item in items(broken("currency")))
    assert broken("500").status_code == 500
    assert broken("down").status_code == 503
    assert broken("none").status_code == 304


def test_a_slow_feed_comes_in_drops(web: FlaskClient) -> None:
    act(web, "break", mode="slow")
    answer = web.get("/feed.xml", buffered=False)
    first = next(iter(answer.response))
    answer.close()
    assert 0 < len(first) < 1000


def test_what_was_changed_is_still_so_after_a_restart(tmp_path: Path, journal: Journal) -> None:
    kept = JsonFile(tmp_path / "shop.json")
    stall = Stall(kept, journal)
    stall.set_price({"sku": "PLV-BRUINE", "price": "139.90"})
    stall.set_stock({"sku": "PLV-BRUINE", "store": "prado", "quantity": 0})
    assert Stall(kept, journal).state() == stall.state()


def test_a_state_file_that_cannot_be_read_is_put_aside(tmp_path: Path, journal: Journal) -> None:
    path = tmp_path / "shop.json"
    path.write_text("{not json", encoding="utf-8")
    assert len(Stall(JsonFile(path), journal).articles()) == 25
    assert (tmp_path / "shop.unreadable").read_text(encoding="utf-8") == "{not json"


def test_reset_brings_back_the_first_day_under_newer_versions(stall: Stall) -> None:
    opening = stall.item(ESTRAN)
    stall.set_price({"sku": ESTRAN, "price": "99.90"})
    stall.reset({})
    again = stall.item(ESTRAN)
    assert again | {"version": 0} == opening | {"version": 0}
    assert again["version"] > 2
