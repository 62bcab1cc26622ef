"""A shop's site is asked as it wants to be: what robots.txt allows, a page at a time, and not again
what did not change.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from server.connectors import http
from server.connectors.shops import jsonld, site
from server.ports import Batch, PermanentError, TemporaryError
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.test_jsonld import OFFER, Shop, offer, page, product, read, setup_of


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were made, none of them waited for."""
    made: list[float] = []
    monkeypatch.setattr(site.Site.__init__, "__defaults__", (made.append,))
    return made


class TestPoliteness:
    """How a site is asked."""

    def test_pages_come_one_by_one_with_a_pause(
        self, make_setup: MakeSetup, waits: list[float]
    ) -> None:
        robots = Reply(body=b"User-agent: *\nCrawl-delay: 3\n")
        pages = {name: page(product(OFFER, sku=name)) for name in "abc"}
        with peer(Shop(robots_txt=robots, **pages)) as shop:
            batch = jsonld.fetch(setup_of(make_setup, shop, "/a", "/b", "/c"))
            assert shop.paths() == ["/robots.txt", "/a", "/b", "/c"]
            agents = {headers["user-agent"] for _, headers in shop.asked}
        assert (len(batch.products), waits) == (3, [3.0, 3.0])
        assert agents == {http.USER_AGENT}

    def test_what_robots_forbid_is_not_asked_for(self, make_setup: MakeSetup) -> None:
        robots = Reply(body=b"User-agent: Enseigne\nDisallow: /secret\n\nUser-agent: *\nAllow: /\n")
        shop_of = Shop(robots_txt=robots, bag=page(product(OFFER)), secret=page(product(OFFER)))
        with peer(shop_of) as shop:
            batch = jsonld.fetch(setup_of(make_setup, shop, "/secret", "/bag"))
            assert shop.paths() == ["/robots.txt", "/bag"]
            assert (batch.whole, batch.refused) == (True, {"robots": 1})
            with pytest.raises(PermanentError, match=r"robots\.txt"):
                jsonld.fetch(setup_of(make_setup, shop, "/secret"))

    def test_rules_that_cannot_be_had_allow_nothing_and_missing_ones_all(
        self, make_setup: MakeSetup
    ) -> None:
        with peer(Shop(robots_txt=Reply(503), bag=page(product(OFFER)))) as shop:
            with pytest.raises(TemporaryError):
                jsonld.fetch(setup_of(make_setup, shop, "/bag"))
            assert shop.paths() == ["/robots.txt"]
        assert len(read(make_setup, product(OFFER)).products) == 1

    def test_a_page_that_did_not_change_costs_a_short_answer(self, make_setup: MakeSetup) -> None:
        says = Shop(a=page(product(OFFER)), b=page(product(OFFER, sku="TENT")))
        with peer(says) as shop:
            setup = setup_of(make_setup, shop, "/a", "/b")
            first = jsonld.fetch(setup)
            sent = shop.sent
            says.pages["/b"] = page(product(offer(price="9.90"), sku="TENT"))
            again = jsonld.fetch(replace(setup, state=json.loads(json.dumps(first.state))))
            assert shop.sent - sent == len(says.pages["/b"].body)
        assert {one.sku: one.price for one in again.products} == {"BAG": 11990, "TENT": 990}
        assert again.whole

    def test_many_pages_are_read_in_turns(self, make_setup: MakeSetup) -> None:
        pages = {name: page(product(OFFER, sku=name)) for name in "abcde"}
        with peer(Shop(**pages)) as shop:
            setup = setup_of(make_setup, shop, *(f"/{name}" for name in "abcde"), pages_at_once=2)
            seen = []
            for turn in range(3):
                setup = replace(setup, clock=lambda turn=turn: 1_790_000_000_000 + turn)
                batch = jsonld.fetch(setup)
                assert not batch.whole
                seen.append([one.sku for one in batch.products])
                setup = replace(setup, state=batch.state)
            glance = jsonld.fetch(replace(setup, glance=True, state={}))
        assert seen == [["a", "b"], ["c", "d"], ["e", "a"]]
        assert (len(glance.products), glance.whole) == (3, False)

    def test_a_site_that_asks_for_patience_gets_it(self, make_setup: MakeSetup) -> None:
        busy = Reply(429, headers={"Retry-After": "600"})
        says = Shop(a=page(product(OFFER)), b=busy, c=page(product(OFFER, sku="C")))
        with peer(says) as shop:
            setup = setup_of(make_setup, shop, "/a", "/b", "/c")
            batch = jsonld.fetch(setup)
            assert [one.sku for one in batch.products] == ["BAG"]
            assert (batch.whole, batch.refused) == (False, {"page_failed": 1})
            assert "/c" not in shop.paths()
            asked = len(shop.asked)
            with pytest.raises(TemporaryError) as refused:
                jsonld.fetch(replace(setup, state=batch.state))
            assert (refused.value.retry_after_s, len(shop.asked)) == (600, asked)
            with pytest.raises(TemporaryError) as alone:
                jsonld.fetch(setup_of(make_setup, shop, "/b"))
        assert alone.value.retry_after_s == 600

    def test_a_page_that_is_gone_sells_nothing_and_one_that_fails_keeps_its_price(
        self, make_setup: MakeSetup
    ) -> None:
        says = Shop(a=page(product(OFFER)), b=page(product(OFFER, sku="B")))
        with peer(says) as shop:
            setup = setup_of(make_setup, shop, "/a", "/b")
            first = jsonld.fetch(setup)
            says.pages["/b"] = Reply(410)
            gone = jsonld.fetch(replace(setup, state=first.state))
            assert (gone.whole, gone.refused) == (True, {"page_gone": 1})
            says.pages["/b"] = Reply(500)
            failed = jsonld.fetch(replace(setup, state=first.state))
        assert [one.sku for one in gone.products] == ["BAG"]
        assert (failed.whole, [one.sku for one in failed.products]) == (False, ["BAG"])

    def test_a_page_cut_short_is_not_taken(self, make_setup: MakeSetup) -> None:
        cut = replace(page(product(OFFER)), claimed_length=99_999)
        with peer(Shop(bag=cut)) as shop, pytest.raises(TemporaryError):
            jsonld.fetch(setup_of(make_setup, shop, "/bag"))


MAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
INDEX = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'


class TestSitemap:
    """Pages that a site names itself."""

    def says(self, path: str, _headers: dict[str, str]) -> Reply:
        here = self.url
        maps = {
            "/sitemap.xml": INDEX.format(
                f"<sitemap><loc>{here}/products.xml.gz</loc></sitemap>"
                "<sitemap><loc>https://elsewhere.example/x.xml</loc></sitemap>"
            ).encode(),
            "/products.xml.gz": gzip.compress(
                MAP.format(
                    f"<url><loc>{here}/products/bag</loc></url><url><loc>{here}/about</loc></url>"
                    f"<url><loc> {here}/products/tent </loc></url>"
                    "<url><loc>https://elsewhere.example/products/spy</loc></url>"
                ).encode()
            ),
            "/empty.xml": MAP.format("").encode(),
            "/dtd.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><urlset/>',
            "/cut.xml": b"<urlset><url><loc>",
        }
        if path in maps:
            return Reply(body=maps[path])
        name = path.rpartition("/")[2]
        return page(product(OFFER, sku=name)) if "/products/" in path else Reply(404)

    def fetched(self, make_setup: MakeSetup, name: str) -> Batch:
        with peer(self.says) as shop:
            self.url = shop.url
            config = {"sitemap": f"{shop.url}/{name}", "part": "/products/"}
            return jsonld.fetch(setup_of(make_setup, shop, **config))

    def test_its_product_pages_are_read_and_nobody_elses(self, make_setup: MakeSetup) -> None:
        batch = self.fetched(make_setup, "sitemap.xml")
        assert {one.sku for one in batch.products} == {"bag", "tent"}
        assert batch.whole

    @pytest.mark.parametrize(
        ("name", "words"),
        [("empty.xml", "no page"), ("dtd.xml", "DTD"), ("cut.xml", "cut short"),
         ("absent.xml", "404")],
    )  # fmt: skip
    def test_one_that_names_nothing_says_so(
        self, make_setup: MakeSetup, name: str, words: str
    ) -> None:
        with pytest.raises((TemporaryError, PermanentError), match=words):
            self.fetched(make_setup, name)
