"""One shop's goods in every format that Merchant Center takes: told from the bytes, read the same,
and never believed where a row may have slipped.
"""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from server.connectors.shops import merchant
from server.connectors.shops.rows import field_name
from server.ports import Batch, PermanentError, ProductReport, TemporaryError
from tests.server.connectors.conftest import LIMITS, MakeSetup
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.test_merchant import HEAD, TAIL, item

RSS = HEAD + item(link="https://shop.example/bag", description="Sac à dos") + TAIL
RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:g="http://base.google.com/ns/1.0"><channel rdf:about="https://shop.example"><title>Shop</title>
</channel><item rdf:about="https://shop.example/bag"><title>Estran 28</title>
<link>https://shop.example/bag</link><description>Sac à dos</description>
<g:id>BAG</g:id><g:price>119.90 EUR</g:price></item></rdf:RDF>""".encode()
ATOM = """<?xml version="1.0" encoding="ISO-8859-1"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><id>tag:shop.example,2026:bag</id><title>Estran 28</title><summary>Sac à dos</summary>
<link rel="self" href="https://shop.example/atom"/><link href="https://shop.example/bag"/>
<g:id>BAG</g:id><g:price>119.90 EUR</g:price></entry></feed>""".encode("latin-1")
TSV = (
    "id\ttitle\tdescription\tlink\tprice\tsale price\n"
    "BAG\tEstran 28\tSac à dos\thttps://shop.example/bag\t119.90 EUR\t\n"
)


def read(make_setup: MakeSetup, reply: Reply | bytes | str, **config: object) -> Batch:
    body = reply.encode() if isinstance(reply, str) else reply
    given = {"shop": "pluvier", "time_zone": "Europe/Paris", **config}
    with peer(body if isinstance(body, Reply) else Reply(body=body)) as shop:
        return merchant.fetch(make_setup("merchant", {"url": shop.url, **given}))


def goods(batch: Batch) -> dict[str, ProductReport]:
    return {one.sku: one for one in batch.products}


@pytest.mark.parametrize(
    "body",
    [
        RSS,
        b"\xef\xbb\xbf" + RSS,
        b"\n  " + RSS,
        RSS.replace(b'"1.0"?>', b'"1.0" encoding="windows-1252"?>', 1).decode().encode("cp1252"),
        RSS.decode().encode("utf-16"),
        gzip.compress(RSS, mtime=0),
        gzip.compress(RSS[:90], mtime=0) + gzip.compress(RSS[90:], mtime=0),
        RDF,
        ATOM,
        TSV.encode(),
        TSV.encode("utf-8-sig"),
        TSV.encode("utf-16"),
        TSV.encode("cp1252"),
        TSV.replace("\n", "\r\n").encode(),
        gzip.compress(TSV.encode(), mtime=0),
        TSV.replace("Sac à dos", '"Sac à dos"').encode(),
        TSV.replace("\t", ",").encode(),
        TSV.replace("sale price", "Sale_Price").replace("id\t", "ID\t").encode(),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_each_format_says_the_same(make_setup: MakeSetup, body: bytes) -> None:
    for headers in ({}, {"Content-Type": "text/html; charset=utf-8"}):
        if headers and not body.lower().startswith((b"<?xml", b"id\t")):
            continue
        bag = goods(read(make_setup, Reply(body=body, headers=headers)))["BAG"]
        assert (bag.price, bag.currency, bag.problem) == (11990, "EUR", "")
        assert bag.names["fr"] == {"name": "Estran 28", "lead": "Sac à dos"}
        assert bag.link == "https://shop.example/bag"


def test_a_file_that_is_packed_twice_is_unpacked_under_one_cap(make_setup: MakeSetup) -> None:
    packed = gzip.compress(gzip.compress(RSS, mtime=0))
    reply = Reply(body=packed, headers={"Content-Encoding": "gzip"})
    assert goods(read(make_setup, reply))["BAG"].price == 11990


@pytest.mark.parametrize(
    ("head", "filler"), [(HEAD, b" "), (b"id\tprice\n", b"x")], ids=["xml", "tabs"]
)
def test_a_gzip_file_that_bursts_is_cut(make_setup: MakeSetup, head: bytes, filler: bytes) -> None:
    with pytest.raises(PermanentError, match=r"bytes that are accepted|over a megabyte"):
        read(make_setup, gzip.compress(head + filler * 64 * 2**20))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"PK\x03\x04" + b"\0" * 40, "zip"),
        (b"id,name,price\nBAG,", "cut short"),
        (b"name\tprice\nBag\t5 EUR\n", "column .id."),
        (b"id\tprice\tPrice\nBAG\t5 EUR\t6 EUR\n", "twice"),
        (b"id\t" + b"\t".join(b"c%d" % n for n in range(10_000)) + b"\n", "columns"),
        (b"Closed for repairs", "empty"),
        (b"   ", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither text"),
        (gzip.compress(TSV.encode(), mtime=0)[:-12], "cut short|broken"),
    ],
)
def test_what_is_no_feed_says_so(make_setup: MakeSetup, body: bytes, words: str) -> None:
    with pytest.raises((TemporaryError, PermanentError), match=words):
        read(make_setup, body)


@pytest.mark.parametrize("cut", range(60, len(TSV) + 60, 9))
def test_wherever_tabbed_text_is_cut_no_price_is_a_part_of_one(
    make_setup: MakeSetup, cut: int
) -> None:
    whole = TSV.encode() + b"TENT\tPtarmigan\tTente\thttps://shop.example/tent\t1249.00 EUR\t\n"
    try:
        found = goods(read(make_setup, whole[:cut]))
    except TemporaryError:
        return
    assert {one.price for one in found.values() if not one.problem} <= {11990, 124_900, None}


def test_a_row_that_slipped_is_not_believed(make_setup: MakeSetup) -> None:
    rows = [
        "A\tBag\twith\ta tab\thttps://a\t10.00 EUR\t",
        "B\tBag\thttps://b\t10.00 EUR\t",
        "C\tBag\tfine\thttps://c\t10.00 EUR\t",
    ]
    found = goods(read(make_setup, "\n".join([TSV.splitlines()[0], *rows, ""])))
    assert {sku: one.problem for sku, one in found.items()} == {
        "A": "columns",
        "B": "columns",
        "C": "",
    }


def test_a_quote_that_is_not_closed_gives_no_row_the_price_of_another(
    make_setup: MakeSetup,
) -> None:
    rows = [
        'A\t"Best bag\tfine\thttps://a\t10.00 EUR\t',
        "B\tBag\tfine\thttps://b\t20.00 EUR\t",
        'C\tScreen 19"\tfine\thttps://c\t30.00 EUR\t',
        "D\tBag\tfine\thttps://d\t40.00 EUR\t",
    ]
    found = goods(read(make_setup, "\n".join([TSV.splitlines()[0], *rows, ""])))
    assert {sku: one.problem for sku, one in found.items()} == {"A": "quotes", "D": ""}


def test_a_quoted_field_may_have_lines_and_tabs(make_setup: MakeSetup) -> None:
    row = 'A\t"Bag ""Estran"""\t"two\nlines, one\ttab"\thttps://a\t10.00 EUR\t\n'
    bag = goods(read(make_setup, f"{TSV.splitlines()[0]}\n{row}"))["A"]
    assert (bag.problem, bag.price) == ("", 1000)
    assert bag.names["fr"] == {"name": 'Bag "Estran"', "lead": "two lines, one tab"}


def test_two_prices_in_one_item_are_believed_in_neither(make_setup: MakeSetup) -> None:
    twice = item().replace(b"</item>", b"<g:price>11.90 EUR</g:price></item>")
    same = item(id="TENT").replace(b"</item>", b"<g:price>119.90 EUR</g:price></item>")
    inner = item(id="LAMP").replace(
        b"</item>", b"<g:shipping><g:price>4.90 EUR</g:price></g:shipping></item>"
    )
    found = goods(read(make_setup, HEAD + twice + same + inner + TAIL))
    assert {sku: one.problem for sku, one in found.items()} == {
        "BAG": "twice",
        "TENT": "",
        "LAMP": "",
    }
    assert found["LAMP"].price == 11990


def test_what_the_law_asks_comes_along(make_setup: MakeSetup) -> None:
    bread = item(
        id="BREAD",
        product_type="Food &gt; Bakery &gt; Bread",
        unit_pricing_measure="750 g",
        unit_pricing_base_measure="1 kg",
        item_group_id="LOAVES",
        availability_date="2026-10-01T00:00+0200",
    )
    found = goods(
        read(
            make_setup,
            HEAD + bread + item() + TAIL,
            tax_percent="5,5",
            perishable=["food > bakery"],
        )
    )
    loaf, bag = found["BREAD"], found["BAG"]
    assert (loaf.measure, loaf.base, loaf.group) == ("750 g", "1 kg", "LOAVES")
    assert (loaf.perishable, loaf.tax_permyriad) == (True, 550)
    assert loaf.sold_since == 1_790_805_600_000
    assert (bag.perishable, bag.tax_permyriad, bag.sold_since) == (False, 550, None)
    assert goods(read(make_setup, RSS))["BAG"].tax_permyriad is None


def test_dates_without_a_zone_are_those_of_most_stores(make_setup: MakeSetup) -> None:
    dated = item(sale_price="99.90 EUR", sale_price_effective_date="2026-10-24/2026-10-24")
    with peer(Reply(body=HEAD + dated + TAIL)) as shop:
        setup = make_setup("merchant", {"shop": "pluvier", "url": shop.url})
        stores = tuple(replace(store, zone="Europe/Paris") for store in setup.stores)
        (bag,) = merchant.fetch(replace(setup, stores=stores)).products
    assert bag.sale_from == 1_792_792_800_000
    assert bag.sale_until == 1_792_792_800_000 + 86_400_000


def test_an_item_that_expired_is_sold_no_more_though_the_feed_stands(
    make_setup: MakeSetup,
) -> None:
    feed = HEAD + item() + item(id="TENT", expiration_date="2026-10-24T12:00Z") + TAIL
    noon = 1_792_843_200_000

    def says(_path: str, headers: dict[str, str]) -> Reply:
        if headers.get("if-none-match") == '"1"':
            return Reply(304)
        return Reply(body=feed, headers={"ETag": '"1"'})

    with peer(says) as shop:
        setup = make_setup("merchant", {"shop": "pluvier", "url": shop.url})
        setup = replace(setup, clock=lambda: noon - 1)
        first = merchant.fetch(setup)
        assert set(goods(first)) == {"BAG", "TENT"}
        setup = replace(setup, state=first.state)
        assert merchant.fetch(setup).unchanged
        after = merchant.fetch(replace(setup, clock=lambda: noon))
    assert (set(goods(after)), after.refused) == ({"BAG"}, {"expired": 1})


def test_a_shop_that_asks_for_patience_is_heard(make_setup: MakeSetup) -> None:
    with pytest.raises(TemporaryError) as refused:
        read(make_setup, Reply(429, headers={"Retry-After": "120"}))
    assert refused.value.retry_after_s == 120


def test_rows_are_counted_in_tabbed_text_too(make_setup: MakeSetup) -> None:
    rows = "id\tprice\n" + "".join(f"S{n}\t5.00 EUR\n" for n in range(6))
    with peer(Reply(body=rows.encode())) as shop:
        limits = replace(LIMITS, max_rows=5)
        setup = make_setup("merchant", {"shop": "s", "url": shop.url}, limits=limits)
        with pytest.raises(PermanentError, match="over 5"):
            merchant.fetch(setup)


@pytest.mark.parametrize(
    ("written", "name"),
    [("g:price", "price"), ("Sale Price", "sale_price"), ("storeCode", "store_code"),
     ("Store-Code", "store_code"), ("salePrice", "sale_price"), ("itemId", "id"),
     ("sale_price_effective_date", "sale_price_effective_date")],
)  # fmt: skip
def test_fields_are_known_by_their_spellings(written: str, name: str) -> None:
    assert field_name(written) == name
