"""The product feed: read as it is, and never believed where it cannot be."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from threading import Event

import pytest
from pydantic import ValidationError

from server.connectors.shops import merchant, values
from server.connectors.shops.values import Unreadable
from server.demo.goods import PRODUCTS
from server.ports import Batch, PermanentError, ProductReport, TemporaryError
from tests.server.connectors.conftest import LIMITS, MakeSetup, ShopPeer
from tests.server.connectors.peers import Reply, peer

HEAD = b'<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
TAIL = b"</channel></rss>"
XML = {"Content-Type": "application/xml"}


def item(**fields: str) -> bytes:
    given = {"id": "BAG", "title": "Estran 28", "price": "119.90 EUR", **fields}
    inner = "".join(f"<g:{name}>{text}</g:{name}>" for name, text in given.items())
    return f"<item>{inner}</item>".encode()


def feed(*items: bytes) -> Reply:
    return Reply(body=HEAD + b"".join(items) + TAIL, headers=XML)


def take(make_setup: MakeSetup, url: str, **config: object) -> Batch:
    return merchant.fetch(make_setup("merchant", {"shop": "pluvier", "url": url, **config}))


def one(make_setup: MakeSetup, **fields: str) -> ProductReport:
    with peer(feed(item(**fields))) as shop:
        (product,) = take(make_setup, shop.url).products
    return product


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_the_demo_shop_is_read_whole(make_setup: MakeSetup, shop: ShopPeer) -> None:
    batch = take(make_setup, f"{shop.url}/feed.xml")
    assert batch.whole
    assert {one.sku: one.price for one in batch.products} == {
        product.sku: product.price_minor for product in PRODUCTS
    }
    bag = next(one for one in batch.products if one.sku == "PLV-ESTRAN-28")
    assert (bag.price, bag.sale_price, bag.currency) == (11990, 8990, "EUR")
    assert bag.sale_from is not None
    assert bag.sale_until is not None
    assert bag.sale_from < bag.sale_until
    assert bag.names["fr"] == {
        "name": "Estran 28",
        "lead": "Sac à dos en toile cirée, 28 litres",
    }
    assert bag.link.startswith(shop.url)
    assert not [one for one in batch.products if one.problem]


def test_a_feed_that_did_not_change_is_a_304(make_setup: MakeSetup, shop: ShopPeer) -> None:
    setup = make_setup("merchant", {"shop": "pluvier", "url": f"{shop.url}/feed.xml"})
    first = merchant.fetch(setup)
    again = merchant.fetch(replace(setup, state=first.state))
    assert again.unchanged
    assert again.products == ()
    shop.act("price", sku="PLV-BRUINE", price="139.00")
    changed = merchant.fetch(replace(setup, state=again.state))
    assert {one.sku: one.price for one in changed.products}["PLV-BRUINE"] == 13900


def test_words_of_other_languages_come_along(make_setup: MakeSetup, shop: ShopPeer) -> None:
    config = {
        "shop": "pluvier",
        "url": f"{shop.url}/feed.xml",
        "translations": {"en": f"{shop.url}/feed.xml?lang=en"},
    }
    setup = make_setup("merchant", config)
    batch = merchant.fetch(setup)
    bag = next(one for one in batch.products if one.sku == "PLV-ESTRAN-28")
    assert bag.names["en"]["lead"] == "Waxed canvas backpack, 28 litres"
    assert merchant.fetch(replace(setup, state=batch.state)).unchanged


def test_a_broken_translation_does_not_stop_a_price(make_setup: MakeSetup) -> None:
    def says(path: str, _headers: dict[str, str]) -> Reply:
        return Reply(500) if "en" in path else feed(item())

    with peer(says) as shop:
        batch = take(make_setup, f"{shop.url}/fr", translations={"en": f"{shop.url}/en"})
    assert [one.price for one in batch.products] == [11990]
    assert batch.refused == {"translation_en": 1}


def test_a_new_translation_is_taken_though_the_prices_stand(make_setup: MakeSetup) -> None:
    words = {"title": "Bag"}

    def says(path: str, headers: dict[str, str]) -> Reply:
        tag = f'"{words["title"]}"' if "en" in path else '"fr"'
        if headers.get("if-none-match") == tag:
            return Reply(304)
        reply = feed(item(**words) if "en" in path else item())
        return replace(reply, headers={**XML, "ETag": tag})

    with peer(says) as shop:
        config = {"shop": "pluvier", "url": f"{shop.url}/fr"}
        config |= {"translations": {"en": f"{shop.url}/en"}}
        setup = make_setup("merchant", config)
        first = merchant.fetch(setup)
        words["title"] = "Backpack"
        second = merchant.fetch(replace(setup, state=first.state))
    assert next(iter(second.products)).names["en"]["name"] == "Backpack"
    assert next(iter(second.products)).price == 11990


def test_an_empty_feed_lists_nothing(make_setup: MakeSetup, shop: ShopPeer) -> None:
    shop.act("break", mode="empty")
    batch = take(make_setup, f"{shop.url}/feed.xml")
    assert (batch.whole, list(batch.products)) == (True, [])


@pytest.mark.parametrize("mode", ["blank", "html", "truncated", "500", "down"])
def test_a_feed_that_is_none_now_is_temporary(
    make_setup: MakeSetup, shop: ShopPeer, mode: str
) -> None:
    shop.act("break", mode=mode)
    with pytest.raises(TemporaryError):
        take(make_setup, f"{shop.url}/feed.xml")


def test_html_under_a_feeds_type_is_seen(make_setup: MakeSetup) -> None:
    page = Reply(body=b"\xef\xbb\xbf\n<!DOCTYPE html><html><p>Closed", headers=XML)
    with peer(page) as shop, pytest.raises(TemporaryError, match="web page"):
        take(make_setup, shop.url)


@pytest.mark.parametrize("cut", range(20, 360, 23))
def test_wherever_a_feed_is_cut_nothing_of_it_is_taken(make_setup: MakeSetup, cut: int) -> None:
    whole = feed(item(), item(id="TENT"), item(id="LAMP")).body
    assert cut < len(whole)
    with peer(Reply(body=whole[:cut], headers=XML)) as shop, pytest.raises(TemporaryError):
        take(make_setup, shop.url)


def test_another_currency_is_reported_as_it_is(make_setup: MakeSetup, shop: ShopPeer) -> None:
    shop.act("break", mode="currency")
    batch = take(make_setup, f"{shop.url}/feed.xml")
    assert {one.currency for one in batch.products} == {"USD"}


def test_entities_and_dtds_are_refused(make_setup: MakeSetup) -> None:
    laughs = b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with (
        peer(Reply(body=laughs + HEAD + item(title="&b;") + TAIL, headers=XML)) as shop,
        pytest.raises(PermanentError, match="DTD"),
    ):
        take(make_setup, shop.url)


def test_another_format_is_said_to_be_one(make_setup: MakeSetup) -> None:
    opml = b'<opml version="2.0"></opml>'
    with peer(Reply(body=opml)) as shop, pytest.raises(PermanentError, match="<opml>"):
        take(make_setup, shop.url)


def test_a_zip_bomb_of_a_feed_is_cut(make_setup: MakeSetup) -> None:
    bomb = gzip.compress(HEAD + b" " * 64 * 1024 * 1024)
    headers = {**XML, "Content-Encoding": "gzip"}
    with peer(Reply(body=bomb, headers=headers)) as shop, pytest.raises(PermanentError):
        take(make_setup, shop.url)


def test_an_endless_tag_is_cut_long_before_the_cap(make_setup: MakeSetup) -> None:
    limits = replace(LIMITS, max_bytes=512 * 1024 * 1024)

    def drip(_stopping: Event) -> Iterator[bytes]:
        yield HEAD + b'<item a="'
        while True:
            yield b"a" * 65_536

    with peer(Reply(drip=drip, headers=XML)) as shop:
        setup = make_setup("merchant", {"shop": "s", "url": shop.url}, limits=limits)
        with pytest.raises(PermanentError, match="megabyte"):
            merchant.fetch(setup)
        assert shop.sent < 32 * 1024 * 1024


def test_a_huge_field_does_not_fill_the_memory(make_setup: MakeSetup) -> None:
    text = b"<item><g:id>BAG</g:id><g:description>" + b"word " * 4_000_000
    body = HEAD + text + b"</g:description></item>" + TAIL
    limits = replace(LIMITS, max_bytes=32 * 1024 * 1024)
    with peer(Reply(body=body, headers=XML)) as shop:
        setup = make_setup("merchant", {"shop": "s", "url": shop.url}, limits=limits)
        tracemalloc.start()
        try:
            (product,) = merchant.fetch(setup).products
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(product.names.get("fr", {}).get("lead", "")) <= values.MAX_LEAD_CHARACTERS
    assert most < 8 * 1024 * 1024


def test_too_many_rows_are_refused(make_setup: MakeSetup) -> None:
    rows = [item(id=f"SKU-{number}") for number in range(6)]
    with peer(feed(*rows)) as shop:
        limits = replace(LIMITS, max_rows=5)
        setup = make_setup("merchant", {"shop": "s", "url": shop.url}, limits=limits)
        with pytest.raises(PermanentError, match="over 5 items"):
            merchant.fetch(setup)


def test_deep_nesting_is_refused(make_setup: MakeSetup) -> None:
    with (
        peer(feed(b"<a>" * 100 + b"</a>" * 100)) as shop,
        pytest.raises(PermanentError, match="levels"),
    ):
        take(make_setup, shop.url)


def test_a_sale_with_dates_is_read_to_the_second(make_setup: MakeSetup) -> None:
    product = one(
        make_setup,
        sale_price="89.90 EUR",
        sale_price_effective_date="2026-10-24T00:00:00+0200/2026-11-02T00:00:00+0100",
    )
    assert (product.sale_price, product.problem) == (8990, "")
    assert product.sale_from == instant("2026-10-23T22:00:00Z")
    assert product.sale_until == instant("2026-11-01T23:00:00Z")


def test_days_are_whole_days_of_the_shops_zone(make_setup: MakeSetup) -> None:
    dated = item(sale_price="89.90 EUR", sale_price_effective_date="2026-10-24/2026-10-25")
    with peer(feed(dated)) as shop:
        (product,) = take(make_setup, shop.url, time_zone="Europe/Paris").products
    assert product.sale_from == instant("2026-10-23T22:00:00Z")
    assert product.sale_until == instant("2026-10-25T23:00:00Z")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"price": "free"}, "price"),
        ({"price": "119.905 EUR"}, "price"),
        ({"price": "1,299 EUR"}, "price"),
        ({"price": "-5.00 EUR"}, "price"),
        ({"price": "1e9 EUR"}, "price"),
        ({"price": "119.90 €"}, "price"),
        ({"price": "119.90"}, "price"),
        ({"sale_price": "cheap"}, "price"),
        ({"sale_price": "89.90 USD"}, "currency"),
        ({"sale_price": "89.90 EUR", "sale_price_effective_date": "tomorrow"}, "sale_dates"),
        ({"sale_price": "89.90 EUR", "sale_price_effective_date": "2026-10-25/2026-10-01"},
         "sale_dates"),
    ],
)  # fmt: skip
def test_what_cannot_be_believed_is_a_problem_not_a_guess(
    make_setup: MakeSetup, fields: dict[str, str], problem: str
) -> None:
    assert one(make_setup, **fields).problem == problem


@pytest.mark.parametrize(
    ("text", "minor"),
    [("89.90 EUR", 8990), ("89,90 EUR", 8990), ("89 EUR", 8900), ("1200 JPY", 1200),
     ("1.234 KWD", 1234), ("0.00 EUR", 0)],
)  # fmt: skip
def test_prices_are_read_exactly(text: str, minor: int) -> None:
    assert values.price(text).minor == minor


@pytest.mark.parametrize("text", ["12.50 JPY", "1,234 KWD", "9999999999999 EUR"])
def test_prices_that_may_mean_something_else_are_not_read(text: str) -> None:
    with pytest.raises(Unreadable):
        values.price(text)


def test_a_missing_price_is_left_for_the_judge(make_setup: MakeSetup) -> None:
    product = one(make_setup, price="")
    assert (product.price, product.problem) == (None, "")


def test_one_sku_with_two_prices_is_believed_in_neither(make_setup: MakeSetup) -> None:
    with peer(feed(item(), item(price="99.90 EUR"), item(id="TENT"), item(id="TENT"))) as shop:
        problems = {one.sku: one.problem for one in take(make_setup, shop.url).products}
    assert problems == {"BAG": "duplicate", "TENT": ""}


def test_a_row_without_a_name_of_its_own_is_counted(make_setup: MakeSetup) -> None:
    with peer(feed(item(id=""), item())) as shop:
        batch = take(make_setup, shop.url)
    assert [one.sku for one in batch.products] == ["BAG"]
    assert batch.refused == {"no_id": 1}


def test_markup_and_novels_do_not_reach_a_screen(make_setup: MakeSetup) -> None:
    novel = "&lt;b&gt;Sac&lt;/b&gt; à dos. " + "Très grand. " * 50
    product = one(make_setup, description=novel)
    assert product.names["fr"]["lead"] == "Sac à dos."
    assert one(make_setup, link="javascript:alert(1)").link == ""


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"url": "feed.xml"}, "url"),
        ({"url": "https://a/", "currency": "euro"}, "currency"),
        ({"url": "https://a/", "time_zone": "Paris"}, "time_zone"),
        ({"url": "https://a/", "translations": {"english": "https://a/"}}, "translations"),
        ({"url": "https://a/", "adress": "typo"}, "adress"),
        ({"url": "https://a/", "only": ["Lille !"]}, "only"),
    ],
)
def test_a_wrong_configuration_is_named(config: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        merchant.MerchantConfig.model_validate({"shop": "pluvier", **config})
    assert refused.value.errors()[0]["loc"][0] == field


def test_a_shop_that_answers_404_is_to_be_mended(make_setup: MakeSetup) -> None:
    with peer(Reply(404)) as shop, pytest.raises(PermanentError, match="Check the address"):
        take(make_setup, shop.url)
