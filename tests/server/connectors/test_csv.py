"""A person's own table: read as its columns were chosen, from an address, a folder or an upload."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from server.connectors.shops import csv_files
from server.connectors.shops.csv_files import CsvConfig
from server.connectors.source import Folders, Setup
from server.ports import (
    AwaitedError,
    Batch,
    PermanentError,
    ProductReport,
    StockReport,
    TemporaryError,
)
from tests.server.connectors.conftest import LIMITS, OUR_STORES, MakeSetup
from tests.server.connectors.peers import Reply, peer

COLUMNS = {
    "Réf": "id",
    "Nom": "title",
    "Prix TTC": "price",
    "Promo": "sale_price",
    "Du": "sale_from",
    "Au": "sale_until",
}
HEADER = "Réf;Nom;Prix TTC;Promo;Du;Au"
FRENCH = f"""{HEADER}
BAG;Estran 28;"1 119,90";;;
TENT;Tente;249,00 €;199,00;24/10/2026;31.10.2026
"""
CONFIG: dict[str, Any] = {
    "shop": "pluvier",
    "columns": COLUMNS,
    "time_zone": "Europe/Paris",
}
SUMMER_END, WINTER = 1_792_792_800_000, 1_793_487_600_000
"""The beginning of 24 October 2026 and the end of the 31st, in Paris."""
Place = Callable[..., Setup]


@pytest.fixture
def upload(make_setup: MakeSetup, tmp_path: Path) -> Place:
    """A connector whose file is uploaded."""

    def make(text: str | bytes = FRENCH, **config: Any) -> Setup:
        setup = make_setup("csv", {**CONFIG, **config})
        setup = replace(setup, folders=Folders(None, tmp_path))
        write(csv_files.uploaded(setup), text, setup)
        return setup

    return make


def write(path: Path, text: str | bytes, setup: Setup, age_s: int = 60) -> None:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    touch(path, setup, age_s)


def touch(path: Path, setup: Setup, age_s: int) -> None:
    at = setup.clock() / 1000 - age_s
    os.utime(path, (at, at))


def goods(batch: Batch) -> dict[str, ProductReport]:
    return {one.sku: one for one in batch.products}


def problems(batch: Batch) -> dict[str, str]:
    return {one.sku: one.problem for one in batch.products}


def test_a_french_table_is_read_as_it_is_written(upload: Place) -> None:
    batch = csv_files.fetch(upload())
    found = goods(batch)
    assert batch.whole
    assert (found["BAG"].price, found["BAG"].currency) == (111_990, "EUR")
    tent = found["TENT"]
    assert (tent.price, tent.sale_price) == (24_900, 19_900)
    assert (tent.sale_from, tent.sale_until) == (SUMMER_END, WINTER)
    assert tent.names == {"fr": {"name": "Tente", "lead": ""}}
    assert not any(one.problem for one in found.values())


@pytest.mark.parametrize(
    "body",
    [
        FRENCH.encode("cp1252"),
        FRENCH.encode("utf-8-sig"),
        FRENCH.encode("utf-16"),
        FRENCH.replace(";", "\t").encode(),
        FRENCH.replace("\n", "\r\n").encode(),
        gzip.compress(FRENCH.encode(), mtime=0),
        FRENCH.replace(",", ".").replace(";", ",").encode(),
    ],
)
def test_encoding_and_delimiter_are_told_from_the_file(upload: Place, body: bytes) -> None:
    found = goods(csv_files.fetch(upload(body)))
    assert {sku: one.price for sku, one in found.items()} == {"BAG": 111_990, "TENT": 24_900}


@pytest.mark.parametrize(
    ("cell", "decimal", "price"),
    [
        ("1,234", "", "price"),
        ("1,234", ",", "price"),
        ("1.234", ",", 123_400),
        ("1,234", ".", 123_400),
        ("1.234,5", ",", 123_450),
        ("12,5", ".", "price"),
        ("12 345,60", ",", 1_234_560),
        ("15,00 EUR", "", 1_500),
        ("€15.00", "", 1_500),
        ("15.00 USD", "", "currency"),
        ("$15.00", "", "price"),
        ("=A1*1.2", "", "formula"),
        ("-5", "", "price"),
    ],
)
def test_what_stands_before_the_cents_may_be_said(
    upload: Place, cell: str, decimal: str, price: int | str
) -> None:
    batch = csv_files.fetch(upload(f'{HEADER}\nBAG;Bag;"{cell}";;;\n', decimal=decimal))
    bag = goods(batch)["BAG"]
    assert (bag.problem or bag.price) == price


def test_a_column_may_say_the_currency_the_tax_and_another_price(upload: Place) -> None:
    columns = {
        "sku": "id",
        "p": "price",
        "c": "currency",
        "t": "tax_percent",
        "rrp": "comparison_price",
        "of": "comparison_source",
    }
    text = "sku,p,c,t,rrp,of\nA,5.00,usd,5.5 %,8.00,Maker\nB,5.00,,20,,\nC,5.00,,a lot,,\n"
    found = goods(csv_files.fetch(upload(text, columns=columns)))
    one, other = found["A"], found["B"]
    assert (one.currency, one.tax_permyriad) == ("USD", 550)
    assert (one.comparison, one.comparison_source) == (800, "Maker")
    assert (other.currency, other.tax_permyriad, other.comparison) == ("EUR", 2000, None)
    assert found["C"].problem == "tax"


def test_days_may_begin_with_the_month(upload: Place) -> None:
    row = f"{HEADER}\nBAG;Bag;9,90;8,90;10/24/2026;10/31/2026\n"
    found = goods(csv_files.fetch(upload(row, day_first=False)))
    assert (found["BAG"].sale_from, found["BAG"].sale_until) == (SUMMER_END, WINTER)
    assert goods(csv_files.fetch(upload(row)))["BAG"].problem == "sale_dates"


def test_stores_have_prices_and_pieces_of_their_own(upload: Place) -> None:
    columns = {"sku": "id", "price": "price", "store": "store_code", "pieces": "quantity"}
    text = (
        "sku,price,store,pieces\nA,5.00,0041,3\nA,6.00,nantes,\nA,7.00,paris,1\n,1.00,lille,1\n"
        "B,8.00,,1\nC,9.00,lille,-1\nD,1.00,lille,2\nD,1.00,lille,4\n"
    )
    stores = {"0041": "lille", "nantes": OUR_STORES[1].id}
    batch = csv_files.fetch(upload(text, columns=columns, stores=stores))
    assert {(one.sku, one.store): one.price for one in batch.products} == {
        ("A", "0041"): 500,
        ("A", "nantes"): 600,
        ("C", "lille"): 900,
        ("D", "lille"): 100,
    }
    assert batch.stock == (StockReport("A", "0041", 3),)
    assert batch.refused == {
        "unknown_store": 1,
        "no_id": 1,
        "no_store": 1,
        "no_quantity": 1,
        "negative_stock": 1,
        "duplicate": 1,
    }


def test_a_table_of_stock_says_nothing_of_prices(upload: Place) -> None:
    columns = {"sku": "id", "store": "store_code", "pieces": "quantity"}
    batch = csv_files.fetch(upload("sku,store,pieces\nA,lille,3\n", columns=columns, shop=""))
    assert (len(batch.products), batch.stock) == (0, (StockReport("A", "lille", 3),))


def test_rows_that_slipped_are_not_believed(upload: Place) -> None:
    text = (
        f"{HEADER}\nA;Bag;9,90;;;\nB;Bag;with;a;9,90;;;\nC;Bag;9,90\n"
        'D;"Best;9,90;;;\nE;Bag 19";8,90;;;\nF;=HYPERLINK("x");9,90;;;\n\n;;;;;\n'
        '="007";Bag;9,90;;;\nG;"two\nlines";9,90;;;\n' + "H;" + ";" * 10_000 + "\n"
    )
    batch = csv_files.fetch(upload(text))
    assert problems(batch) == {
        "A": "",
        "B": "columns",
        "C": "columns",
        "D": "quotes",
        "F": "formula",
        "G": "",
        "H": "columns",
    }
    assert batch.refused == {"formula": 1}


def test_one_number_with_two_prices_is_believed_in_neither(upload: Place) -> None:
    rows = "A;Bag;9,90;;;\nB;Bag;8,90;;;\nA;Bag;9,80;;;\nB;Other words;8,90;;;\n"
    assert problems(csv_files.fetch(upload(f"{HEADER}\n{rows}"))) == {"A": "duplicate", "B": ""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FRENCH.replace("Prix TTC", "Prix HT"), r"Missing now: “Prix TTC”.*“Prix HT”"),
        (FRENCH.replace("Nom;", "Prix TTC;"), "Missing now: “Nom”"),
        (FRENCH.replace(";Du;", ";Promo;"), "Missing now: “Du”"),
        ("Prix TTC;" + FRENCH.replace("\n", "\n;"), "Twice now: “Prix TTC”"),
        ("", "empty"),
        ("<!DOCTYPE html><p>Closed", "web page"),
        ("x;" * 600 + "\n", "over 500 columns"),
        (b"PK\x03\x04 a spreadsheet", "Save it as CSV"),
        (b"\x00\x01\x02", "neither text"),
        (f"{HEADER}\nBAG;Bag;9,9", "cut short"),
        (f'{HEADER}\nBAG;"' + "x" * 200_000, "quote"),
        (f"{HEADER}\n" + "x" * 2**20, "bytes that are accepted"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(upload: Place, text: str | bytes, words: str) -> None:
    with pytest.raises((TemporaryError, PermanentError), match=words) as refused:
        csv_files.fetch(upload(text))
    assert refused.value.unread, "it is held, not only not there"


def test_a_new_column_and_another_order_change_nothing(upload: Place) -> None:
    text = "Marge;Prix TTC;Réf;Nom;Promo;Du;Au\n3;9,90;BAG;Bag;;;\n"
    assert goods(csv_files.fetch(upload(text)))["BAG"].price == 990


def test_an_upload_that_did_not_change_is_confirmed_until_it_is_too_old(upload: Place) -> None:
    setup = upload(max_age_h=24)
    setup = replace(setup, state=csv_files.fetch(setup).state)
    assert csv_files.fetch(setup).unchanged
    touch(csv_files.uploaded(setup), setup, 25 * 3600)
    with pytest.raises(TemporaryError, match="older than 24 hours"):
        csv_files.fetch(setup)
    write(csv_files.uploaded(setup), FRENCH.replace("249,00", "239,00"), setup)
    assert goods(csv_files.fetch(setup))["TENT"].price == 23_900


def test_before_the_columns_are_chosen_nothing_is_taken(upload: Place) -> None:
    with pytest.raises(AwaitedError, match="which column"):
        csv_files.fetch(upload(columns={}))


def test_a_file_at_an_address_is_asked_for_as_a_feed_is(make_setup: MakeSetup) -> None:
    def says(_path: str, headers: dict[str, str]) -> Reply:
        if headers.get("if-none-match") == '"1"':
            return Reply(304)
        return Reply(body=gzip.compress(FRENCH.encode()), headers={"ETag": '"1"'})

    with peer(says) as shop:
        setup = make_setup("csv", {**CONFIG, "url": f"{shop.url}/goods.csv.gz"})
        first = csv_files.fetch(setup)
        assert goods(first)["BAG"].price == 111_990
        assert csv_files.fetch(replace(setup, state=first.state)).unchanged
        shop.says = lambda _path, _headers: Reply(429, headers={"Retry-After": "7"})
        with pytest.raises(TemporaryError) as refused:
            csv_files.fetch(setup)
    assert refused.value.retry_after_s == 7


def test_a_bomb_is_cut(upload: Place) -> None:
    bomb = gzip.compress(f"{HEADER}\n".encode() + b"A;B;1,00;;;\n" * 400_000)
    with pytest.raises(PermanentError, match="over"):
        csv_files.fetch(upload(bomb))


class TestWatchedFolder:
    """Files that another program puts down."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "drop" / "pluvier").mkdir(parents=True)
        return tmp_path / "drop"

    def watching(self, make_setup: MakeSetup, root: Path | None, folder: str) -> Setup:
        setup = make_setup("csv", {**CONFIG, "folder": folder})
        return replace(setup, folders=Folders(root, None))

    def test_the_newest_file_is_read(self, make_setup: MakeSetup, root: Path) -> None:
        setup = self.watching(make_setup, root, "pluvier")
        folder = root / "pluvier"
        write(folder / "monday.csv", FRENCH, setup, 7200)
        write(folder / "tuesday.CSV", FRENCH.replace("249,00", "239,00"), setup, 3600)
        write(folder / "notes.doc", "no", setup, 60)
        write(folder / ".half.csv", "no", setup, 60)
        batch = csv_files.fetch(setup)
        assert goods(batch)["TENT"].price == 23_900
        assert csv_files.fetch(replace(setup, state=batch.state)).unchanged

    def test_a_file_may_be_named(self, make_setup: MakeSetup, root: Path) -> None:
        setup = self.watching(make_setup, root, "pluvier/goods.csv")
        with pytest.raises(TemporaryError, match="no such file"):
            csv_files.fetch(setup)
        write(root / "pluvier/goods.csv", FRENCH, setup)
        assert len(csv_files.fetch(setup).products) == 2

    def test_a_file_that_is_being_written_waits(self, make_setup: MakeSetup, root: Path) -> None:
        setup = self.watching(make_setup, root, "pluvier")
        write(root / "pluvier/goods.csv", FRENCH, setup, age_s=1)
        with pytest.raises(TemporaryError, match="being written"):
            csv_files.fetch(setup)

    @pytest.mark.parametrize("folder", ["/etc", "../other", "pluvier/../..", "a\0b"])
    def test_a_path_that_leads_out_is_refused(self, folder: str) -> None:
        with pytest.raises(ValidationError, match="below the watched folder"):
            CsvConfig.model_validate({**CONFIG, "folder": folder})

    def test_nor_does_a_link(self, make_setup: MakeSetup, root: Path, tmp_path: Path) -> None:
        setup = self.watching(make_setup, root, "pluvier")
        write(tmp_path / "secret.csv", FRENCH, setup)
        (root / "pluvier/goods.csv").symlink_to(tmp_path / "secret.csv")
        with pytest.raises(PermanentError, match="leads out"):
            csv_files.fetch(setup)
        (root / "away").symlink_to(tmp_path)
        with pytest.raises(PermanentError, match="leads out"):
            csv_files.fetch(self.watching(make_setup, root, "away"))

    def test_without_a_setting_no_folder_is_read(self, make_setup: MakeSetup) -> None:
        with pytest.raises(PermanentError, match="ENSEIGNE_CSV_FOLDER"):
            csv_files.fetch(self.watching(make_setup, None, "pluvier"))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"columns": {"a": "id"}}, "price, or the quantity"),
        ({"columns": {"a": "price"}}, "number"),
        ({"columns": {"a": "id", "b": "prize"}}, "no field"),
        ({"columns": {"a": "id", "b": "price", "c": "price"}}, "Two columns"),
        ({"columns": {"a": "id", "b": "quantity"}}, "store_code"),
        ({"shop": ""}, "a shop’s"),
        ({"columns": {"a": "id", "b": "quantity", "c": "store_code"}}, "names no shop"),
        ({"url": "https://a.example/x.csv", "folder": "drop"}, "not both"),
        ({"max_age_h": 0}, "greater"),
    ],
)
def test_a_choice_that_is_none_says_why(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CsvConfig.model_validate({**CONFIG, **config})


@pytest.mark.parametrize(
    ("written", "known"),
    [
        *(("12", "in_stock"), ("0", "out_of_stock"), ("-2", "out_of_stock"), ("3,0", "in_stock")),
        *(("Oui", "in_stock"), ("épuisé", "out_of_stock"), ("nicht auf Lager", "out_of_stock")),
        *(("In Stock", "in_stock"), ("bientôt", "")),
    ],
)
def test_a_count_without_a_store_says_whether_the_shop_has_it(
    upload: Place, written: str, known: str
) -> None:
    columns = {"Réf": "id", "Prix TTC": "price", "Stock": "availability"}
    setup = upload(f'Réf;Prix TTC;Stock\nBAG;119,90;"{written}"\n', columns=columns)
    (bag,) = csv_files.fetch(setup).products
    assert bag.availability == known


def test_a_large_table_costs_little_memory(upload: Place) -> None:
    rows = "".join(f"SKU-{n};Product {n};{n % 90 + 10},90;;;\n" for n in range(900))
    setup = upload(f"{HEADER}\n{rows}")
    batch = csv_files.fetch(replace(setup, limits=replace(LIMITS, max_rows=900)))
    assert len(batch.products) == 900
    with pytest.raises(PermanentError, match="over 899"):
        csv_files.fetch(replace(setup, limits=replace(LIMITS, max_rows=899)))
