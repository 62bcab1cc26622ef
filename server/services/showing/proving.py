"""Every price of a card at an instant: which offer said it, which ledger rows it stands on, or why
there was none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.manifest import DeckGood
from server.services.base.naming import name_in, said_in
from server.services.prices import past
from server.services.showing.holding import Holding
from server.services.showing.worlds import Playing

UNKNOWN = "unknown"
"""Why no price is told: nobody knows any more what the screen held."""
PRICE_CODES = ("no_time", "head_expired", "no_offer", "no_step", "lease_over", "version_differs")
"""Reasons of slot_at for which a price is off the screen."""


@dataclass(frozen=True, slots=True)
class PriceThen:
    """What was said of one product's price.

    `price` and `prior` are minor units of `currency`, `[from_ms, until_ms)` the step's times (unix
    ms); `version` is the channel's that first said it (unix ms), `ledger` and `prior_ledger` the
    rows that they stand on. `unit` and `comparison` were said beside it; `because` are the codes of
    what may be and what may not (playlists.law.display). Without a price `off` says why (a code of
    slot_at, or unknown); `doubt` is what the offer itself says of a missing price.
    """

    sku: Sku
    channel: ChannelId
    name: str
    version: int | None = None
    currency: str = ""
    price: int | None = None
    prior: int | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    ledger: int | None = None
    prior_ledger: int | None = None
    unit: str = ""
    comparison: str = ""
    because: tuple[str, ...] = ()
    off: str = ""
    doubt: str = ""


def prices_then(
    session: Session, playing: Playing, held: Holding, at_ms: int, language: str
) -> tuple[PriceThen, ...]:
    """The prices of the goods of a card as it is, or was, shown at `at_ms` (unix ms)."""
    goods = playing.card.goods if playing.card else ()
    return tuple(_price(session, playing, good, held, at_ms, language) for good in goods)


def price_code(because: Sequence[str]) -> str:
    """The first reason for which a price is off, without its subject; empty where none is."""
    codes = (reason.partition(":")[0] for reason in because)
    return next((code for code in codes if code in PRICE_CODES), "")


def _price(
    session: Session, playing: Playing, good: DeckGood, held: Holding, at_ms: int, language: str
) -> PriceThen:
    said = playing.offers.get((good.channel, good.sku))
    if said is None:
        off = UNKNOWN if good.channel in playing.unknown else "no_offer"
        return PriceThen(good.sku, good.channel, str(good.sku), off=off)
    offer = said.offer
    name = name_in(offer.names, language, good.sku)
    bare = PriceThen(good.sku, good.channel, name, said.version, doubt=offer.reason)
    mine = (
        one for one in playing.shown.prices if (one.channel, one.sku) == (good.channel, good.sku)
    )
    priced = next(mine, None)
    if priced is None:
        off = _off(playing.shown.because, good)
        # Its record names no shortfall, and yet no offer that is kept gives a price.
        lost = held.basis == "run" and not off
        return replace(bare, off=UNKNOWN if lost else off or "no_step")
    step = offer.steps[priced.step]
    beside = said_in(step.texts, language)
    behind = past.rows_behind(session, good.channel, good.sku, said, step, at_ms)
    return replace(
        bare,
        currency=offer.currency,
        price=step.price,
        prior=step.prior,
        from_ms=step.from_ms,
        until_ms=step.until_ms,
        ledger=behind.price,
        prior_ledger=behind.prior,
        unit=beside.get("unit", ""),
        comparison=beside.get("comparison", ""),
        because=step.because,
        doubt=offer.reason if priced.step == 0 else "",
    )


def _off(because: Sequence[str], good: DeckGood) -> str:
    """The code for which this product has no price; empty where none is said."""
    for reason in because:
        code, _, subject = reason.partition(":")
        if code in PRICE_CODES and subject in ("", good.sku, good.channel):
            return code
    return ""
