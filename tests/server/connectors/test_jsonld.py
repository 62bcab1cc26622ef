"""Product pages: what schema.org says of a price is read in all its ways, and nothing is chosen
between two of them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from server.connectors.shops import jsonld
from server.connectors.shops.jsonld import JsonLdConfig
from server.connectors.source import Setup
from server.ports import Batch, ProductReport
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.peers import Peer, Reply, peer

PRODUCT = {
    "@context": "https://schema.org/",
    "@type": "Product",
    "sku": "BAG",
    "name": "Estran 28",
    "description": "Sac &agrave; dos",
    "brand": {"@type": "Brand", "name": "Pluvier"},
    "image": [{"@type": "ImageObject", "url": "/bag.jpg"}],
}
OFFER = {
    "@type": "Offer",
    "price": "119.90",
    "priceCurrency": "EUR",
    "availability": "https://schema.org/InStock",
    "url": "/bag",
}
UNTIL = "2026-12-31"
UNTIL_MS = 1_798_758_000_000
"""The end of that day in Paris."""


def page(*blocks: object, extra: str = "") -> Reply:
    scripts = "".join(
        f'<script type="application/ld+json">{one if isinstance(one, str) else json.dumps(one)}'
        "</script>"
        for one in blocks
    )
    return Reply(
        body=f"<!doctype html><html><head>{scripts}{extra}</head><body>…</body></html>".encode(),
        headers={"Content-Type": "text/html; charset=utf-8"},
    )


def product(offers: object, **more: object) -> dict[str, object]:
    return {**PRODUCT, "offers": offers, **more}


def offer(**more: object) -> dict[str, object]:
    return {**OFFER, **more}


def spec(price: object, kind: str = "", **more: object) -> dict[str, object]:
    typed = {"priceType": f"https://schema.org/{kind}"} if kind else {}
    currency = {"priceCurrency": "EUR"}
    return {"@type": "UnitPriceSpecification", "price": price, **currency, **typed, **more}


def bare(*specs: object, **more: object) -> dict[str, object]:
    given = {name: value for name, value in OFFER.items() if name != "price"}
    return {**given, "priceSpecification": list(specs), **more}


class Shop:
    """A site whose pages are as given; others are not there."""

    def __init__(self, **pages: Reply) -> None:
        self.pages = {f"/{name.replace('_', '.')}": reply for name, reply in pages.items()}

    def __call__(self, path: str, headers: dict[str, str]) -> Reply:
        reply = self.pages.get(path, Reply(404))
        tag = f'"{hash(reply.body)}"'
        if reply.status == 200 and headers.get("if-none-match") == tag:
            return Reply(304)
        return replace(reply, headers={**reply.headers, "ETag": tag})


def setup_of(make_setup: MakeSetup, shop: Peer, *paths: str, **config: Any) -> Setup:
    pages = {"pages": [f"{shop.url}{path}" for path in paths]} if paths else {}
    given = {"shop": "pluvier", "time_zone": "Europe/Paris", **pages, **config}
    return make_setup("jsonld", given)


def read(make_setup: MakeSetup, *blocks: object, extra: str = "") -> Batch:
    with peer(Shop(bag=page(*blocks, extra=extra))) as shop:
        return jsonld.fetch(setup_of(make_setup, shop, "/bag"))


def one(make_setup: MakeSetup, offers: object, **more: object) -> ProductReport:
    (found,) = read(make_setup, product(offers, **more)).products
    return found


def asked(found: ProductReport) -> tuple[Any, ...]:
    return found.problem or (found.price, found.sale_price)


def test_a_product_page_is_read_whole(make_setup: MakeSetup) -> None:
    with peer(Shop(bag=page(product(OFFER, category="Sacs/Dos")))) as shop:
        batch = jsonld.fetch(setup_of(make_setup, shop, "/bag"))
        (bag,) = batch.products
        assert batch.whole
        assert (bag.sku, bag.price, bag.currency) == ("BAG", 11990, "EUR")
        assert bag.names == {"fr": {"name": "Estran 28", "lead": "Sac à dos"}}
        assert (bag.maker, bag.availability, bag.category) == ("Pluvier", "in_stock", "Sacs > Dos")
        assert (bag.link, bag.picture_url) == (f"{shop.url}/bag", f"{shop.url}/bag.jpg")


@pytest.mark.parametrize(
    ("offers", "wanted"),
    [
        (OFFER, (11990, None)),
        ([OFFER, OFFER], (11990, None)),
        (offer(price=119.9), (11990, None)),
        (offer(price=119), (11900, None)),
        (offer(price="119,90"), (11990, None)),
        (bare(spec("119.90")), (11990, None)),
        (bare(spec(119.9)), (11990, None)),
        (offer(priceSpecification=spec("119.90")), (11990, None)),
        (offer(priceSpecification=[spec("149.90", "ListPrice")]), (14990, 11990)),
        (offer(priceSpecification=[spec("149.90", "StrikethroughPrice")]), (14990, 11990)),
        (bare(spec("119.90"), spec("149.90", "ListPrice")), (14990, 11990)),
        (bare(spec("149.90", "ListPrice"), spec("119.90", "SalePrice")), (14990, 11990)),
        (offer(priceSpecification=[spec("99.90", "SalePrice")]), (11990, 9990)),
        (offer(priceSpecification=[spec("119.90", "ListPrice")]), (11990, None)),
        (offer(priceSpecification=[spec("99.90", validForMemberTier={"name": "x"})]),
         (11990, None)),
        (offer(priceSpecification=[spec("60", "InvoicePrice")]), (11990, None)),
        ({"@type": "AggregateOffer", "lowPrice": "9.90", "highPrice": 9.9,
          "priceCurrency": "EUR"}, (990, None)),
        ({"@type": "AggregateOffer", "lowPrice": "9.90", "highPrice": "19.90",
          "priceCurrency": "EUR"}, "range"),
        ({"@type": "AggregateOffer", "lowPrice": "9.90", "priceCurrency": "EUR"}, "range"),
        ([OFFER, offer(price="99.90")], "range"),
        (offer(priceSpecification=[spec("99.90")]), "twice"),
        (offer(priceSpecification=[spec("99.90", "ListPrice")]), "sale"),
        (offer(priceSpecification=[{"price": "119.90", "priceCurrency": "USD"}]), "currency"),
        (offer(priceCurrency="€"), "currency"),
        (offer(priceCurrency=None), "currency"),
        (offer(price="free"), "price"),
        (offer(price=119.905), "price"),
        (offer(price="1,299"), "price"),
        (offer(price=None), "price"),
        (offer(price=""), "price"),
        (offer(priceValidUntil="2020-01-01"), "expired"),
        (offer(priceValidUntil="soon"), "sale_dates"),
        (offer(priceValidUntil=UNTIL), (11990, None)),
    ],
)  # fmt: skip
def test_what_an_offer_says_is_read_and_what_says_two_things_is_not_chosen(
    make_setup: MakeSetup, offers: object, wanted: object
) -> None:
    assert asked(one(make_setup, offers)) == wanted


def test_a_sale_has_the_dates_that_the_page_gives(make_setup: MakeSetup) -> None:
    reduced = offer(priceValidUntil=UNTIL, priceSpecification=spec("149.90", "ListPrice"))
    found = one(make_setup, reduced)
    assert (found.sale_price, found.sale_from, found.sale_until) == (11990, None, UNTIL_MS)
    dated = spec("99.90", "SalePrice", validFrom="2026-12-01T00:00+0100", validThrough=UNTIL)
    found = one(make_setup, offer(priceSpecification=dated))
    assert (found.price, found.sale_price) == (11990, 9990)
    assert (found.sale_from, found.sale_until) == (1_796_079_600_000, UNTIL_MS)


def test_contents_and_the_makers_price_come_along(make_setup: MakeSetup) -> None:
    of_one = {"@type": "QuantitativeValue", "value": 1, "unitCode": "LTR"}
    held = {"value": "75", "unitCode": "CLT", "valueReference": of_one}
    specs = [
        spec("11.90", referenceQuantity=held),
        spec("15.87", referenceQuantity=of_one),
        spec("14.90", "MSRP"),
    ]
    found = one(make_setup, bare(*specs))
    assert (found.price, found.measure, found.base) == (1190, "75 cl", "1 l")
    assert (found.comparison, found.comparison_source) == (1490, "Pluvier")


@pytest.mark.parametrize(
    "block",
    [
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, product(OFFER)]},
        [{"@type": "BreadcrumbList"}, product(OFFER)],
        {"@type": "WebPage", "mainEntity": product(OFFER)},
        {**product(OFFER), "@type": ["Product", "Thing"]},
        {**product(OFFER), "@type": "http://schema.org/Product"},
        {"@graph": [product({"@id": "#offer"}), {**OFFER, "@id": "#offer"}]},
        "<!--" + json.dumps(product(OFFER)) + "-->",
        "//<![CDATA[\n" + json.dumps(product(OFFER)) + "\n//]]>",
        json.dumps(product(OFFER)).replace("Estran 28", "Estran\n28") + ";",
    ],
)
def test_wherever_the_product_stands_it_is_found(make_setup: MakeSetup, block: object) -> None:
    (found,) = read(make_setup, block).products
    assert (found.sku, found.price) == ("BAG", 11990)


def test_a_page_in_an_older_encoding_keeps_its_words(make_setup: MakeSetup) -> None:
    said = json.dumps(product(OFFER, name="Été"), ensure_ascii=False)
    body = f'<script type="application/ld+json">{said}</script>'.encode("cp1252")
    with peer(Shop(bag=Reply(body=body))) as shop:
        (bag,) = jsonld.fetch(setup_of(make_setup, shop, "/bag")).products
    assert bag.names["fr"]["name"] == "Été"


def test_variants_are_products_of_their_own(make_setup: MakeSetup) -> None:
    variants = [
        {"@type": "Product", "sku": f"BAG-{size}", "offers": offer(price=price)}
        for size, price in (("S", "99.90"), ("L", "119.90"))
    ]
    group = {
        "@type": "ProductGroup",
        "productGroupID": "BAGS",
        "name": "Estran",
        "hasVariant": [*variants, {"@id": "#m"}],
    }
    loose = {"@type": "Product", "@id": "#m", "sku": "BAG-M", "offers": offer(price="109.90")}
    found = {one.sku: one for one in read(make_setup, {"@graph": [group, loose]}).products}
    assert {sku: one.price for sku, one in found.items()} == {
        "BAG-S": 9990,
        "BAG-L": 11990,
        "BAG-M": 10990,
    }
    assert (found["BAG-S"].group, found["BAG-S"].names["fr"]["name"]) == ("BAGS", "Estran")


def test_offers_with_numbers_of_their_own_are_variants(make_setup: MakeSetup) -> None:
    offers = [offer(sku="BAG-S", price="99.90"), offer(sku="BAG-L")]
    nested = {"@type": "AggregateOffer", "lowPrice": 99, "highPrice": 120, "offers": offers}
    for given in (offers, nested):
        found = {one.sku: one for one in read(make_setup, product(given)).products}
        assert {sku: one.price for sku, one in found.items()} == {"BAG-S": 9990, "BAG-L": 11990}
        assert found["BAG-S"].group == "BAG"


def test_the_same_product_told_twice_must_agree(make_setup: MakeSetup) -> None:
    (same,) = read(make_setup, product(OFFER), product(OFFER)).products
    assert asked(same) == (11990, None)
    (other,) = read(make_setup, product(OFFER), product(offer(price="99.90"))).products
    assert other.problem == "duplicate"


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({"@type": "Article"}, "no_product"),
        (PRODUCT, "no_offer"),
        ({**product(OFFER), "sku": ""}, "no_offer"),
        ("{broken", "broken_json"),
        ("[" * 100_000, "broken_json"),
        (None, "no_product"),
    ],
)
def test_a_page_that_says_nothing_is_counted(
    make_setup: MakeSetup, block: object, reason: str
) -> None:
    batch = read(make_setup, block)
    assert len(batch.products) == 0
    assert batch.refused[reason] == 1


def test_what_is_commented_out_is_not_read(make_setup: MakeSetup) -> None:
    old = json.dumps(product(offer(price="99.90")))
    hidden = f'<!-- <script type="application/ld+json">{old}</script> --><script>var a</script>'
    (found,) = read(make_setup, product(OFFER), extra=hidden).products
    assert found.price == 11990


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "addresses of product pages"),
        ({"pages": ["https://a.example/"], "sitemap": "https://a.example/s.xml"}, "addresses"),
        ({"pages": ["a.example"]}, "whole address"),
        ({"pages": ["https://a.example/"], "delay_ms": 0}, "greater"),
    ],
)
def test_a_setup_that_is_none_says_why(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        JsonLdConfig.model_validate({"shop": "pluvier", **config})
