"""What a price was at an instant, what it stood on, or why there was none, in words."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from server.services.prices.texts import money
from server.services.showing.proving import PRICE_CODES, UNKNOWN, PriceThen
from server.services.wishes.drawn import Agreement
from server.web.clock import when
from server.web.law_words import because_words, of_prior
from server.web.phrases import Language, say

QUARANTINE = "/quarantine"
_DOUBTS = ("blank", "zero", "currency", "sale", "jump")


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A product's price: what it was, what is to be said of it, what proves it; where it is held,
    the address at which that is decided.
    """

    sku: str
    name: str
    value: str
    said: str
    proof: str
    off: bool
    held: str = ""


_WITHHELD = {
    "recalled": "doubt_recalled",
    "till:silent": "doubt_till_silent",
    "till:apart": "doubt_till_apart",
}


def price_line(price: PriceThen, now: int, zone: str, language: Language) -> PriceLine:
    """One price in a language."""
    at = when(price.version, now, zone, language) if price.version else ""
    if price.price is None:
        proof = say("price_offer", language, at=at) if at else ""
        said = _doubt(price.doubt, language) or say(price.off, language)
        none, held = say("price_none", language), _held(price)
        return PriceLine(price.sku, price.name, none, said, proof, off=True, held=held)
    proof = say("price_proof", language, at=at, row=_rows(price, language))
    value = money(price.price, price.currency, language)
    return PriceLine(price.sku, price.name, value, _said(price, language), proof, off=False)


def off_words(code: str, language: Language) -> str:
    """Why there was no price: a code of slot_at, or what the offer itself said."""
    known = code == UNKNOWN or code in PRICE_CODES
    return _doubt(code, language) or (say(code, language) if known else code)


def drawn_differs(found: Agreement, language: Language) -> str:
    """That a picture shows another price than the shop says, with both."""
    drawn = money(found.drawn.price, found.drawn.currency, language)
    if found.reason in ("other_price", "other_currency") and found.price is not None:
        shop = money(found.price, found.currency, language)
        if shop != drawn:
            return say("drawn_other", language, drawn=drawn, shop=shop)
        return say("drawn_soon_other", language, drawn=drawn)
    known = found.reason in ("suspect", "lapsed")
    return say(f"drawn_{found.reason}" if known else "drawn_no_price", language, drawn=drawn)


def _said(price: PriceThen, language: Language) -> str:
    """What stands beside a price, and why or why not."""
    because = price.because
    if price.prior is not None and not of_prior(because):
        because = ("was:lowest", *because)  # an offer of before reasons were sent with it
    said = list(because_words(because, language))
    if price.prior is not None:
        said[0] = f"{money(price.prior, price.currency, language)} {said[0]}"
    return ", ".join([*said, *(text for text in (price.unit, price.comparison) if text)])


def _doubt(reason: str, language: Language) -> str:
    """What the offer itself says of its missing price; empty where it says nothing."""
    kind, _, why = reason.partition(":")
    if kind == "no_price":
        return say("doubt_no_price", language)
    if reason in _WITHHELD:
        return say(_WITHHELD[reason], language)
    if kind != "suspect":
        return ""
    if why.startswith("held_"):
        return say("doubt_held", language)
    return say(f"doubt_{why}" if why in _DOUBTS else "doubt_other", language)


def _held(price: PriceThen) -> str:
    kind, _, why = price.doubt.partition(":")
    if kind != "suspect":
        return ""
    # One of a whole answer is decided with that one.
    return QUARANTINE if why.startswith("held_") else f"{QUARANTINE}#price-{quote(price.sku, '')}"


def _rows(price: PriceThen, language: Language) -> str:
    if price.ledger is None:
        return say("ledger_lost", language)
    if price.prior_ledger is not None and price.prior_ledger != price.ledger:
        return say("ledger_rows", language, n=price.ledger, m=price.prior_ledger)
    return say("ledger_row", language, n=price.ledger)
