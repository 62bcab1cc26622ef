"""Reads the values that shops write: prices as text, sale dates, availability, words, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from babel.numbers import get_currency_precision

MAX_PRICE_MINOR = 10**12
MAX_PRICE_CHARACTERS = 40
MAX_NAME_CHARACTERS = 150
MAX_LEAD_CHARACTERS = 160
MAX_LINK_CHARACTERS = 2_000
MAX_MAKER_CHARACTERS = 100
MAX_CATEGORY_CHARACTERS = 200
MAX_MEASURE_CHARACTERS = 40
MAX_GROUP_CHARACTERS = 100
READ_CHARACTERS = 2_000
"""Of a text for people: a description may be a novel, and only its first sentence is shown."""

REMEMBERED = 4_096
"""Texts that were read lately: a feed writes the same prices and dates again and again."""

_APART = re.compile(r"[.,'’ ]")
_WHOLE = re.compile(r"[0-9]{1,13}")
_PLAIN = re.compile(r"[0-9]{1,13}(?:[.,][0-9]{1,3})?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<apart>[.,'’ ])[0-9]{3}(?:(?P=apart)[0-9]{3})*")
_CURRENCY_LAST = re.compile(r"(.*[0-9]) ?([A-Za-z]{3})")
_CURRENCY_FIRST = re.compile(r"([A-Za-z]{3}) ?([0-9].*)")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " "})
_TAG = re.compile(r"<[^<>]{0,500}>")
_SENTENCE = re.compile(r"(?<=[.!?…])\s")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r" ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


class Unreadable(ValueError):
    """A value that does not say what it should; `reason` is the word that is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in minor units of an ISO 4217 currency."""

    minor: int
    currency: str


@lru_cache(maxsize=REMEMBERED)
def price(text: str) -> Price:
    """`89.90 EUR`, as https://support.google.com/merchants/answer/6324371 defines it, and as it
    occurs: the currency first, a comma before the cents, thousands apart (`amount`). Raises
    Unreadable (`price`).
    """
    text = text.translate(_SPACES).strip()
    if len(text) > MAX_PRICE_CHARACTERS:
        raise Unreadable("price")
    if parts := _CURRENCY_LAST.fullmatch(text):
        digits, currency = parts[1], parts[2].upper()
    elif parts := _CURRENCY_FIRST.fullmatch(text):
        currency, digits = parts[1].upper(), parts[2]
    else:
        raise Unreadable("price")
    return Price(amount(digits, currency), currency)


def amount(text: str, currency: str, mark: str = "") -> int:
    """A decimal number as minor units of `currency`: `1234.50`, `1234,50`, and with thousands apart
    `1 234,50`, `1.234,50`, `1,234.50`, `1'234.50`, `1 234`, `1,234,567`.

    `mark` is what stands before the decimals, where somebody said so; then `1,234` says one thing.

    Never rounds and never guesses: what may be read in two ways (`1,234`, `1.234`), more decimals
    than the currency has, or groups that are not of three raise Unreadable (`price`).
    """
    text = text.translate(_SPACES).strip()
    if len(text) > MAX_PRICE_CHARACTERS:
        raise Unreadable("price")
    precision = _precision(currency)
    if mark:
        whole, decimals = _marked(text, mark)
        if len(decimals) > precision:
            raise Unreadable("price")
    elif _PLAIN.fullmatch(text):
        whole, decimals = _split(text)
        # A comma and three digits may part thousands, whatever the currency.
        if len(decimals) > precision or ("," in text and len(decimals) == 3):
            raise Unreadable("price")
    else:
        whole, decimals = _grouped(text, precision)
    minor = int(Decimal(f"{whole}.{decimals or 0}").scaleb(precision))
    if minor > MAX_PRICE_MINOR:
        raise Unreadable("price")
    return minor


@lru_cache(maxsize=64)
def _precision(currency: str) -> int:
    return get_currency_precision(currency)


def _split(text: str) -> tuple[str, str]:
    whole, _mark, decimals = text.replace(",", ".").partition(".")
    return whole, decimals


def _marked(text: str, mark: str) -> tuple[str, str]:
    """A number whose decimal mark is known, as digits before and after it."""
    whole, found, decimals = text.partition(mark)
    parts = _GROUPED.fullmatch(whole)
    grouped = parts is not None and parts["apart"] != mark
    good = bool(_WHOLE.fullmatch(whole)) or grouped
    if not good or bool(found) != bool(_WHOLE.fullmatch(decimals)):
        raise Unreadable("price")
    return _APART.sub("", whole), decimals


def _grouped(text: str, precision: int) -> tuple[str, str]:
    """A number with thousands apart as digits before and after the decimal mark."""
    at = max(text.rfind("."), text.rfind(","))
    groups, decimals = text, ""
    if at >= 0 and text.count(text[at]) == 1 and len(text) - at - 1 != 3:
        groups, decimals = text[:at], text[at + 1 :]
    parts = _GROUPED.fullmatch(groups)
    good = parts is not None and (not decimals or parts["apart"] != text[at])
    # `1.234` alone was plain; with one mark only, three digits after it may be decimals.
    lone = at >= 0 and not decimals and text.count(text[at]) == 1
    empty = at == len(text) - 1
    if not good or lone or empty or (decimals and not decimals.isdecimal()):
        raise Unreadable("price")
    if len(decimals) > precision:
        raise Unreadable("price")
    return _APART.sub("", groups), decimals


@lru_cache(maxsize=REMEMBERED)
def period(text: str, zone: tzinfo) -> tuple[int | None, int | None]:
    """`begin/end` in ISO 8601 as unix milliseconds, a side that is not written as None; `zone`
    where no offset is written. A day as the end is that whole day. Raises Unreadable
    (`sale_dates`).
    """
    if not text.strip():
        return None, None
    begin, slash, end = text.partition("/")
    if not slash:
        raise Unreadable("sale_dates")
    return between(begin, end, zone)


def between(begin: str, end: str, zone: tzinfo) -> tuple[int | None, int | None]:
    """The same where begin and end stand apart."""
    since = instant(begin, zone) if begin.strip() else None
    until = instant(end, zone, end_of_day=True) if end.strip() else None
    if since is not None and until is not None and until <= since:
        raise Unreadable("sale_dates")
    return since, until


def instant(text: str, zone: tzinfo, *, end_of_day: bool = False) -> int:
    """An ISO 8601 instant, or a day, as unix milliseconds. Raises Unreadable (`sale_dates`)."""
    text = text.strip()
    try:
        if _DAY.fullmatch(text):
            following = date.fromisoformat(text).toordinal() + (1 if end_of_day else 0)
            moment = datetime.fromordinal(following)
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "").upper())
        else:
            raise Unreadable("sale_dates")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Unreadable("sale_dates") from None


@lru_cache(maxsize=256)
def availability(text: str) -> str:
    """`in_stock`, `out_of_stock`, `preorder`, `backorder`, or nothing where it says neither. Read
    as it occurs: `in stock`, `InStock`, `https://schema.org/InStock`.
    """
    word = text.strip().rpartition("/")[2].lower().replace(" ", "").replace("_", "")
    return _AVAILABLE.get(word, "")


_AVAILABLE = {
    "instock": "in_stock",
    "instoreonly": "in_stock",
    "onlineonly": "in_stock",
    "limitedavailability": "in_stock",
    "outofstock": "out_of_stock",
    "soldout": "out_of_stock",
    "discontinued": "out_of_stock",
    "preorder": "preorder",
    "presale": "preorder",
    "backorder": "backorder",
}


def words(text: str, most: int) -> str:
    """Text for people on one line: without markup, cut after a sentence or a word."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    plain = " ".join(text[:READ_CHARACTERS].split())
    if not plain.isprintable():
        plain = "".join(character for character in plain if character.isprintable())
    if len(plain) <= most:
        return plain
    first = _SENTENCE.split(plain, maxsplit=1)[0]
    if len(first) <= most:
        return first
    return plain[:most].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def link(text: str) -> str:
    """A web address, or nothing where it is none."""
    found = text.strip()
    good = found.startswith(("https://", "http://")) and found.isprintable() and " " not in found
    return found if good and len(found) <= MAX_LINK_CHARACTERS else ""
