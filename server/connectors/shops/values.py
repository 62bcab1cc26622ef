"""Reads the values that shops write: prices as text, sale dates, availability, words, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from babel.numbers import get_currency_precision

MAX_PRICE_MINOR = 10**12
MAX_NAME_CHARACTERS = 150
MAX_LEAD_CHARACTERS = 160
MAX_LINK_CHARACTERS = 2_000
MAX_MAKER_CHARACTERS = 100
MAX_CATEGORY_CHARACTERS = 200

_AMOUNT = re.compile(r"(\d{1,13})(?:[.,](\d{1,3}))?")
_PRICE = re.compile(r"(\S+)\s+([A-Z]{3})")
_TAG = re.compile(r"<[^<>]{0,500}>")
_SENTENCE = re.compile(r"(?<=[.!?…])\s")


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


def price(text: str) -> Price:
    """`89.90 EUR`, as https://support.google.com/merchants/answer/6324371 defines it; a comma
    before the cents is read too. Raises Unreadable (`price`).
    """
    parts = _PRICE.fullmatch(text.strip())
    if parts is None:
        raise Unreadable("price")
    return Price(amount(parts[1], parts[2]), parts[2])


def amount(text: str, currency: str) -> int:
    """A decimal number as minor units of `currency`. Never rounds and never guesses: more decimals
    than the currency has, or a comma that may part thousands, raise Unreadable (`price`).
    """
    parts = _AMOUNT.fullmatch(text.strip())
    digits = get_currency_precision(currency)
    if parts is None or len(parts[2] or "") > digits or ("," in text and len(parts[2]) == 3):
        raise Unreadable("price")
    minor = int(Decimal(f"{parts[1]}.{parts[2] or 0}").scaleb(digits))
    if minor > MAX_PRICE_MINOR:
        raise Unreadable("price")
    return minor


def period(text: str, zone: tzinfo) -> tuple[int, int]:
    """`begin/end` in ISO 8601 as unix milliseconds; `zone` where no offset is written. A day as the
    end is that whole day. Raises Unreadable (`sale_dates`).
    """
    begin, slash, end = text.partition("/")
    if not slash:
        raise Unreadable("sale_dates")
    since, until = instant(begin, zone), instant(end, zone, end_of_day=True)
    if until <= since:
        raise Unreadable("sale_dates")
    return since, until


def instant(text: str, zone: tzinfo, *, end_of_day: bool = False) -> int:
    """An ISO 8601 instant, or a day, as unix milliseconds. Raises Unreadable (`sale_dates`)."""
    text = text.strip()
    try:
        if end_of_day and len(text) == len("2026-10-24"):
            following = date.fromisoformat(text).toordinal() + 1
            moment = datetime.fromordinal(following)
        else:
            moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Unreadable("sale_dates") from None


def availability(text: str) -> str:
    """`in_stock`, `out_of_stock`, `preorder`, `backorder`, or nothing where it says neither."""
    word = text.strip().lower().replace(" ", "_")
    return word if word in ("in_stock", "out_of_stock", "preorder", "backorder") else ""


def words(text: str, most: int) -> str:
    """Text for people on one line: without markup, cut after a sentence or a word."""
    plain = " ".join(_TAG.sub(" ", text).split())
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
