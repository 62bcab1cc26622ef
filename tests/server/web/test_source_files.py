"""A price list is uploaded in the studio, looked at, its columns named, and taken."""

from __future__ import annotations

import html
import re
from io import BytesIO

import pytest

from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.connectors import run_due
from server.services.prices import offers
from tests.server.web.conftest import Chain
from tests.server.web.test_places import LILLE, Hand

FORM = {
    "kind": "csv",
    "name": "Price list",
    "shop": "pluvier",
    "currency": "EUR",
    "enabled": "1",
    "sells": "1",
    "whole": "1",
    "day_first": "1",
    "decimal": ",",
}
TABLE = """Code;Nom;PV;Promo;Fin
BAG;Sac;119,90;89,90;31/12/2030
TENT;Tente;249,00;;
LAMP;Lampe;gratuit;;
HAT;Bonnet
"""
CHOICE = {
    "column": ["Code", "Nom", "PV", "Promo", "Fin"],
    "field": ["id", "title", "price", "sale_price", "sale_until"],
}


@pytest.fixture
def hand(chain: Chain) -> Hand:
    """The owner."""
    return Hand(chain.owner())


def bring(hand: Hand, where: str, text: str = TABLE) -> str:
    answer = hand.reader.client.post(
        where,
        data={"csrf": hand.csrf, "file": (BytesIO(text.encode("cp1252")), "prices.csv")},
    )
    assert answer.status_code == 303
    return seen(hand, answer.headers["Location"])


def seen(hand: Hand, where: str) -> str:
    return plain(hand.reader.text(where))


def plain(page: str) -> str:
    text = re.sub(r"<(option|script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def post(hand: Hand, where: str, **form: object) -> str:
    spoken = {"Accept-Language": hand.reader.language}
    answer = hand.reader.client.post(where, data={"csrf": hand.csrf, **form}, headers=spoken)
    return plain(answer.text)


def test_from_a_file_to_prices_in_four_steps(chain: Chain, hand: Hand) -> None:
    status, where = hand.post("/sources/new", **FORM)
    assert (status, where.endswith("/file")) == (303, True)
    assert "There is no file yet." in seen(hand, where)
    run_due(chain.ctx)
    assert "waits for its first file" in seen(hand, "/sources"), "which is no fault of its"
    assert "Waits for its first file" in seen(hand, "/situation")
    said = bring(hand, where)
    assert "A new file waits. Nothing of it is taken before you say so." in said
    assert "Written in Windows-1252" in said or "Written in UTF-8" in said
    assert "semicolons" in said
    page = hand.reader.text(where)
    assert re.search(r'Nom</bdi>.*?<option value="title" selected>', page, re.DOTALL)
    said = post(hand, f"{where}/look", **CHOICE)
    assert "4 rows read, 2 prices good, 2 without a price" in said
    assert "€119.90 €89.90 until" in said
    assert "Line 4, LAMP: its price cannot be read for certain." in said
    assert "Line 5, HAT: it has more or fewer columns than the first line." in said
    assert not connectors.get_connector(chain.ctx, SYSTEM, where.split("/")[2]).value.config[
        "columns"
    ]
    assert hand.post(f"{where}/take", **CHOICE) == (303, where.removesuffix("/file") + "?done=1")
    assert [ran.error for ran in run_due(chain.ctx) if ran.connector == where.split("/")[2]] == [""]
    assert "This file is in use." in seen(hand, where)
    with chain.ctx.db.read() as session:
        assert {"BAG", "TENT"} <= offers.known_skus(session, "pluvier")


def test_a_file_that_goes_again_is_a_fault(chain: Chain, hand: Hand) -> None:
    _status, where = hand.post("/sources/new", **FORM)
    bring(hand, where)
    hand.post(f"{where}/take", **CHOICE)
    run_due(chain.ctx)
    source = where.split("/")[2]
    (chain.ctx.settings.data_dir / "feeds" / f"{source}.csv").unlink()
    connectors.ask_now(chain.ctx, SYSTEM, source)
    run_due(chain.ctx)
    said = seen(hand, f"/sources/{source}")
    assert "There is no such file yet." in said
    assert re.search(r"Asked again in \d+\W(s|min)\. Ask it now", said)
    status, location = hand.post(f"/sources/{source}/now")
    assert (status, location) == (303, f"/sources/{source}?done=asked")
    assert "Asked again in a moment." in seen(hand, location)


def test_a_choice_that_is_none_says_why_and_keeps_the_rest(hand: Hand) -> None:
    where = hand.post("/sources/new", **FORM)[1]
    bring(hand, where)
    without = {**CHOICE, "field": ["", "title", "price", "sale_price", "sale_until"]}
    assert "product’s number" in post(hand, f"{where}/look", **without)
    assert "product’s number" in post(hand, f"{where}/take", **without)
    twice = {**CHOICE, "field": ["id", "title", "price", "price", ""]}
    spoken = {"Accept-Language": "en"}
    sent = {"csrf": hand.csrf, **twice}
    answer = hand.reader.client.post(f"{where}/look", data=sent, headers=spoken)
    assert "Two columns" in html.unescape(answer.text)
    assert answer.text.count('<option value="title" selected>') == 1


def test_another_header_is_not_taken_before_somebody_looked(hand: Hand) -> None:
    where = hand.post("/sources/new", **FORM)[1]
    bring(hand, where)
    assert hand.post(f"{where}/take", **CHOICE)[0] == 303
    said = bring(hand, where, TABLE.replace("PV", "Prix HT"))
    assert "Missing now: “PV”" in said
    status, refused = hand.post(f"{where}/take", **CHOICE)
    assert status == 422
    assert "Missing now: “PV”" in refused


def test_a_form_without_a_file_and_a_file_of_another_source(hand: Hand) -> None:
    where = hand.post("/sources/new", **FORM)[1]
    status, refused = hand.post(where)
    assert (status, refused) == (422, "Choose a file first.")
    feed = {"kind": "merchant", "name": "Feed", "shop": "p", "url": "https://shop.example/f.xml"}
    other = hand.post("/sources/new", **feed)[1].partition("?")[0]
    assert hand.reader.get(f"{other}/file").status_code == 404


def test_the_page_is_french_for_who_reads_french(chain: Chain, hand: Hand) -> None:
    where = hand.post("/sources/new", **FORM)[1]
    bring(hand, where)
    text = plain(chain.owner("fr").text(where))
    for english in ("Left aside", "Its columns", "What it would do", "Look again", "row"):
        assert english not in text
    assert "colonne" in text


def test_only_who_connects_sees_files(chain: Chain, hand: Hand) -> None:
    where = hand.post("/sources/new", **FORM)[1]
    reader = chain.manager("lille", "read", "places")
    assert reader.get(where).status_code == 403
    spy = Hand(reader)
    for path in (where, f"{where}/look", f"{where}/take"):
        assert spy.post(path)[0] == 403


def test_product_pages_and_feeds_are_set_up_by_their_forms(chain: Chain, hand: Hand) -> None:
    hand.post("/places", **LILLE)
    assert places.list_stores(chain.ctx, SYSTEM).items
    pages = {
        "kind": "jsonld",
        "name": "Pages",
        "shop": "pages",
        "pages": "https://shop.example/a\n https://shop.example/b \n",
        "perishable": "Food > Bakery",
        "tax_percent": "5,5",
        "jump_percent": "",
        "delay_ms": "2000",
        "enabled": "1",
    }
    status, where = hand.post("/sources/new", **pages)
    assert status == 303
    config = connectors.get_connector(chain.ctx, SYSTEM, where.split("/")[2].partition("?")[0])
    assert config.value.config["pages"] == ["https://shop.example/a", "https://shop.example/b"]
    assert config.value.config["perishable"] == ["Food > Bakery"]
    assert config.value.config["jump_percent"] is None
    shown = html.unescape(hand.reader.text(where))
    assert "https://shop.example/a\nhttps://shop.example/b</textarea>" in shown
    for kind in ("csv", "jsonld"):
        assert "Connect it" in hand.reader.text(f"/sources/new?kind={kind}")
