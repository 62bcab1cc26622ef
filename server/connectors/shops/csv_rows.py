"""What the rows of a person's table say, as reports of products and stock, and which rows say
nothing that can be taken, with their lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from server.connectors.shops import values
from server.connectors.shops.columns import folded
from server.connectors.shops.goods import Listing, Money, Reader
from server.connectors.shops.local_inventory import quantity
from server.connectors.shops.rows import Row
from server.connectors.shops.values import Unreadable
from server.connectors.source import Setup
from server.connectors.spool import Spool
from server.ports import ProductReport, StockReport

MAX_TOLD = 100
"""Rows that are told with their line; the others are counted."""
_SYMBOLS = {"€": "EUR", "£": "GBP"}


@dataclass(frozen=True, slots=True)
class Complaint:
    """A row that is not taken, or not believed (`kept` with that): its line, its SKU, why."""

    line: int
    sku: str
    why: str


class Rows:
    """Reads rows one by one and gathers what they say."""

    def __init__(self, setup: Setup, mapped: frozenset[str]) -> None:
        self._setup, self._config = setup, setup.config
        self._reader = Reader.of(setup)
        self._priced, self._by_store = "price" in mapped, "store_code" in mapped
        self._counted = "quantity" in mapped
        self._listing = Listing()
        self._stock: dict[tuple[str, str], int | None] = {}
        self.refused: Counter[str] = Counter()
        self.complaints: list[Complaint] = []
        self.rows = 0

    def take(self, row: Row) -> None:
        """One row more."""
        self.rows += 1
        sku, store = row.fields.get("id", ""), row.fields.get("store_code", "")
        why = self._unusable(row, sku, store)
        if why:
            self.refused[why] += 1
            self._complain(row, why)
            return
        if self._priced:
            product = self._product(row)
            if product.problem:
                self._complain(row, product.problem)
            elif product.price is None:
                self._complain(row, "blank")
            self._listing.add(replace(product, store=store) if self._by_store else product)
        if self._counted and not row.problem:
            many = quantity(row.fields)
            if isinstance(many, str):
                self.refused[many] += 1
                self._complain(row, many)
            else:
                same = self._stock.get((sku, store), many) == many
                self._stock[sku, store] = many if same else None

    def products(self) -> Spool:
        """The products so far."""
        return self._listing.products()

    def stock(self) -> tuple[StockReport, ...]:
        """The stock so far; what is said twice, and differs, is left out and counted."""
        doubled = sum(many is None for many in self._stock.values())
        if doubled:
            self.refused["duplicate"] = doubled
        pairs = self._stock.items()
        return tuple(StockReport(*key, many) for key, many in pairs if many is not None)

    def _unusable(self, row: Row, sku: str, store: str) -> str:
        if not sku:
            return row.problem or "no_id"
        if sku.startswith("="):
            return "formula"
        if self._by_store and not store:
            return row.problem or "no_store"
        if self._by_store and self._setup.store(store) is None:
            return "unknown_store"
        return ""

    def _product(self, row: Row) -> ProductReport:
        problem = row.problem
        if not problem and any(text.startswith("=") for text in row.fields.values()):
            problem = "formula"
        plain = {name: text for name, text in row.fields.items() if name not in _OWN}
        if plain.get("availability"):
            plain["availability"] = _available(plain["availability"])
        read = self._reader.report(Row(row.number, plain, problem))
        if problem:
            return read
        try:
            tax = self._tax(row.fields.get("tax_percent", ""))
            return replace(
                read,
                **self._money(row.fields),
                comparison=self._comparison(row.fields),
                comparison_source=row.fields.get("comparison_source", ""),
                tax_permyriad=read.tax_permyriad if tax is None else tax,
            )
        except Unreadable as error:
            return replace(read, problem=error.reason)

    def _money(self, fields: Mapping[str, str]) -> Money:
        money = Money()
        if not fields.get("price"):
            return money
        currency = fields.get("currency", "").upper() or self._config.currency
        money["price"], money["currency"] = self._amount(fields["price"], currency), currency
        if fields.get("sale_price"):
            money["sale_price"] = self._amount(fields["sale_price"], currency)
            zone, both = self._reader.zone, fields.get("sale_price_effective_date", "")
            since, until = fields.get("sale_from", ""), fields.get("sale_until", "")
            money["sale_from"], money["sale_until"] = (
                values.period(both, zone)
                if both
                else values.between(self._day(since), self._day(until), zone)
            )
        return money

    def _amount(self, text: str, currency: str) -> int:
        for symbol, code in _SYMBOLS.items():
            if symbol in text and code == currency:
                text = text.replace(symbol, "", 1).strip()
        if text[:3].isalpha() or text[-3:].isalpha():
            price = values.price(text)
            if price.currency != currency:
                raise Unreadable("currency")
            return price.minor
        return values.amount(text, currency, self._config.decimal)

    def _comparison(self, fields: Mapping[str, str]) -> int | None:
        text = fields.get("comparison_price", "")
        currency = fields.get("currency", "").upper() or self._config.currency
        return self._amount(text, currency) if text else None

    def _tax(self, text: str) -> int | None:
        plain = text.replace("%", "").replace(",", ".").strip()
        if not plain:
            return None
        whole, _mark, decimals = plain.partition(".")
        digits = (whole + decimals).isdecimal() and plain.isascii()
        if not digits or len(whole) > 2 or len(decimals) > 2:
            raise Unreadable("tax")
        return int(Decimal(plain) * 100)

    def _day(self, text: str) -> str:
        """`24/10/2026` and `24.10.2026` as days are written everywhere; anything else as it is."""
        for mark in "/.":
            parts = text.strip().split(mark)
            if len(parts) == 3 and all(map(str.isdecimal, parts)) and len(parts[2]) == 4:
                day_first = mark == "." or self._config.day_first
                day, month = parts[:2] if day_first else reversed(parts[:2])
                return f"{parts[2]}-{month:0>2}-{day:0>2}"
        return text

    def _complain(self, row: Row, why: str) -> None:
        if len(self.complaints) < MAX_TOLD:
            sku = row.fields.get("id", "")[:100]
            self.complaints.append(Complaint(row.number, sku, why))


_OWN = frozenset({"price", "sale_price", "currency", "comparison_price", "tax_percent"})
"""Fields that are read here, as people write them."""

_WORDS = {
    "in_stock": "oui yes ja true vrai disponible verfugbar verfuegbar enstock auflager lieferbar",
    "out_of_stock": "non no nein false faux indisponible epuise rupture enrupture rupturedestock "
    "nichtverfugbar nichtverfuegbar nichtauflager nichtlieferbar ausverkauft",
}
_SAYS = {word: said for said, words in _WORDS.items() for word in words.split()}


def _available(text: str) -> str:
    """Availability as people write it: a count, a yes or no, in words; anything else as it is."""
    try:
        return "in_stock" if Decimal(text.strip().replace(",", ".")) > 0 else "out_of_stock"
    except ArithmeticError:
        return _SAYS.get(folded(text), text)


def reading(rows: Iterator[Row], setup: Setup, mapped: frozenset[str]) -> Rows:
    """All rows, read."""
    found = Rows(setup, mapped)
    for row in rows:
        found.take(row)
    return found
