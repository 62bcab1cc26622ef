"""A shop that keeps its own book, and a hundred ways in which what it says arrives spoiled."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tests.bench.truth_oracle import Word

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SKUS = 60
Text = dict[str, str]


@dataclass(slots=True)
class Shop:
    """The truth: what each product costs, and the version of that."""

    dice: random.Random
    now: int
    words: dict[str, Word] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(SKUS):
            self.words[f"SKU-{number:03d}"] = Word(self.dice.randrange(301, 99_999))
            self.versions[f"SKU-{number:03d}"] = 1

    def price_at(self, sku: str, at: int) -> int:
        """What the shop sells it for at an instant, cents."""
        return self.words[sku].price_at(at)

    def move(self) -> str:
        """The shop changes a price, by less than half, or begins, plans or ends a sale."""
        sku = self.dice.choice(list(self.words))
        word, kind = self.words[sku], self.dice.random()
        if kind < 0.5:
            listed = max(100, word.listed * self.dice.randrange(65, 136) // 100)
            sale = word.sale if word.sale is not None and word.sale <= listed else None
            self.words[sku] = replace(word, listed=listed, sale=sale) if sale else Word(listed)
        elif kind < 0.85:
            since = _whole_seconds(self.now + self.dice.randrange(-HOUR_MS, 3 * HOUR_MS))
            until = since + self.dice.randrange(1, 400) * MINUTE_MS
            percent = self.dice.randrange(15, 95)
            self.words[sku] = Word(word.listed, word.listed * percent // 100, since, until)
        else:
            self.words[sku] = Word(word.listed)
        self.versions[sku] += 1
        return sku

    def rows(self) -> list[Text]:
        """The whole listing as it is true now."""
        return [self.row(sku) for sku in self.words]

    def row(self, sku: str) -> Text:
        """One product as it is true now."""
        word = self.words[sku]
        row = {"id": sku, "price": euros(word.listed), "version": str(self.versions[sku])}
        if word.sale is not None and word.since is not None and word.until is not None:
            row["sale_price"] = euros(word.sale)
            row["dates"] = f"{moment(word.since)}/{moment(word.until)}"
        return row


def euros(amount: int) -> str:
    """`12.50 EUR`."""
    return f"{amount // 100}.{amount % 100:02d} EUR"


def moment(at: int) -> str:
    """An instant as shops write it."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _whole_seconds(at: int) -> int:
    return at // 1000 * 1000


Spoil = Callable[[random.Random, Text], Text]
SpoilDates = Callable[[random.Random, Text, int], Text]
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
NO_NUMBERS = ("NaN EUR", "null", "inf EUR", "1e3 EUR")


def _price(spoil: Callable[[random.Random, str], str]) -> Spoil:
    def one(dice: random.Random, row: Text) -> Text:
        return row | {"price": spoil(dice, row["price"])}

    return one


def _scaled(number: int, parts: int) -> Spoil:
    def one(dice: random.Random, row: Text) -> Text:
        amount = int(row["price"].removesuffix(" EUR").replace(".", ""))
        return row | {"price": euros(amount * number // parts)}

    return one


def _digit(dice: random.Random, text: str) -> str:
    at = dice.choice([place for place, letter in enumerate(text) if letter.isdigit()])
    return text[:at] + dice.choice("0123456789") + text[at + 1 :]


def _point(dice: random.Random, text: str) -> str:
    digits = text.removesuffix(" EUR").replace(".", "")
    at = dice.randrange(len(digits) + 1)
    return f"{digits[:at]}.{digits[at:]} EUR"


def _insert(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice("0123456789.,-+ e%xNaN\u00a0\u0660€") + text[at:]


def _swap(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _undated(dice: random.Random, row: Text) -> Text:
    amount = int(row["price"].removesuffix(" EUR").replace(".", ""))
    return {**row, "sale_price": euros(amount * dice.randrange(1, 100) // 100), "dates": ""}


def _dearer_sale(dice: random.Random, row: Text) -> Text:
    amount = int(row["price"].removesuffix(" EUR").replace(".", ""))
    return {**row, "sale_price": euros(amount * 2), "dates": ""}


def _hours(now: int, begin: int, end: int) -> str:
    return f"{moment(now + begin * HOUR_MS)}/{moment(now + end * HOUR_MS)}"


def _dates(
    spoil: Callable[[random.Random, int], str],
) -> SpoilDates:
    def one(dice: random.Random, row: Text, now: int) -> Text:
        amount = int(row["price"].removesuffix(" EUR").replace(".", ""))
        return {**row, "sale_price": euros(amount * 7 // 10), "dates": spoil(dice, now)}

    return one


ROWS: dict[str, Spoil] = {
    "zero": lambda _dice, row: row | {"price": "0.00 EUR"},
    "blank": lambda _dice, row: row | {"price": ""},
    "another currency": _price(lambda dice, text: text.replace("EUR", dice.choice(("USD", "JPY")))),
    "no currency": _price(lambda _dice, text: text.removesuffix(" EUR")),
    "times 100": _scaled(100, 1),
    "divided by 100": _scaled(1, 100),
    "times 10": _scaled(10, 1),
    "moved point": _price(_point),
    "no point": _price(lambda _dice, text: text.replace(".", "")),
    "comma": _price(lambda _dice, text: text.replace(".", ",")),
    "another digit": _price(_digit),
    "a letter more": _price(_insert),
    "two letters swapped": _price(_swap),
    "cut": _price(lambda dice, text: text[: dice.randrange(len(text))]),
    "negative": _price(lambda _dice, text: "-" + text),
    "no number": _price(lambda dice, _text: dice.choice(NO_NUMBERS)),
    "markup": _price(lambda _dice, text: f"<b>{text}</b>"),
    "arabic digits": _price(lambda _d, text: text.translate(ARABIC)),
    "said twice in one": _price(lambda _dice, text: f"{text} {text}"),
    "a sale without dates": _undated,
    "a sale above the price": _dearer_sale,
}
DATES = {
    "a sale long past": _dates(
        lambda dice, now: (
            f"{moment(now - 90 * HOUR_MS)}/{moment(now - dice.randrange(1, 80) * HOUR_MS)}"
        )
    ),
    "a sale far ahead": _dates(
        lambda dice, now: (
            f"{moment(now + dice.randrange(1, 900) * HOUR_MS)}/{moment(now + 999 * HOUR_MS)}"
        )
    ),
    "a sale that ends before it begins": _dates(lambda _dice, now: _hours(now, 5, -5)),
    "dates that are none": _dates(
        lambda dice, _now: dice.choice(("2026-13-45T99:00/2026-14-01", "demain/hier", "/", "soon"))
    ),
}


def spoiled_row(dice: random.Random, row: Text, now: int) -> tuple[str, Text]:
    """A row that went through one mutation, and that one's name."""
    name = dice.choice([*ROWS, *DATES])
    if name in DATES:
        return name, DATES[name](dice, row, now)
    plain = {key: text for key, text in row.items() if key not in ("sale_price", "dates")}
    return name, ROWS[name](dice, row if dice.random() < 0.3 else plain)
