"""Prices that are drawn in pictures: whether each is still the shop's in a store, and until when.

A picture cannot change at the instant at which a price does. So it leaves the air MARGIN_MS before
a change that the shop announced, and before the lease of the price ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.pricing import Offer, Step
from playlists.wire.offers import offer_from_json
from server.db.models import AssetPriceRow, ChannelRow, OfferRow
from server.services.base.kept import MAX_IN, batched

MARGIN_MS = 90_000
"""Over the time between two looks of the worker at what the clock asks, and what a look takes."""
LOOK_AGAIN_MS = 60_000
"""A lease that is over begins anew when the shop answers, which marks no key."""

Reason = Literal["", "other_price", "other_currency", "no_price", "suspect", "lapsed"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A price as a picture shows it, minor units; `channel` as the goods of cards name one."""

    sku: str
    price: int
    currency: str
    channel: str = ""

    def channel_in(self, store: str, own: str | None) -> str:
        """The channel that prices it in a store whose own is `own`; empty where there is none."""
        return self.channel.replace("{store}", store) or own or ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether a drawn price is the shop's: `reason` says why not. `price` and `currency` are the
    shop's now, where it has one; `again_at` (unix ms) is when to look again, None: when it moves.
    """

    drawn: Drawn
    reason: Reason
    price: int | None
    currency: str
    again_at: int | None


def compare(drawn: Drawn, offer: Offer | None, lease_until: int, now: int) -> Agreement:
    """Hold a drawn price against the shop's offer, whose lease ends at `lease_until` (unix ms)."""
    if offer is None or not offer.steps:
        is_suspect = offer is not None and offer.reason.startswith("suspect")
        return Agreement(drawn, "suspect" if is_suspect else "no_price", None, "", None)
    soon = now + MARGIN_MS
    here = _step_at(offer, now)
    price = here.price if here is not None else None
    if lease_until <= soon:
        return Agreement(drawn, "lapsed", price, offer.currency, now + LOOK_AGAIN_MS)
    edges = [edge for step in offer.steps for edge in (step.from_ms, step.until_ms) if edge]
    coming = [at for edge in (*edges, lease_until) for at in (edge - MARGIN_MS, edge) if at > now]
    reason: Reason = ""
    if offer.currency != drawn.currency:
        reason = "other_currency"
    elif here is None:
        reason = "no_price"
    elif any(step.price != drawn.price for step in _steps_in(offer, now, soon)):
        reason = "other_price"
    elif not _covers(offer, now, soon):
        reason = "no_price"
    return Agreement(drawn, reason, price, offer.currency, min(coming))


class DrawnPrices:
    """All prices that pictures show, against the offers of one snapshot of the record."""

    def __init__(self, session: Session, now: int) -> None:
        self._session = session
        self._now = now
        self._drawn: dict[str, list[Drawn]] | None = None
        self._offers: dict[str, dict[str, tuple[Offer, int]]] = {}

    def of(self, files: Iterable[str]) -> list[Drawn]:
        """The prices that any of these files shows."""
        if self._drawn is None:
            self._drawn = {}
            for row in self._session.scalars(select(AssetPriceRow).order_by(AssetPriceRow.sku)):
                self._drawn.setdefault(row.asset_sha, []).append(drawn_of(row))
        return [drawn for sha in sorted(files) for drawn in self._drawn.get(sha, ())]

    def agreement(self, drawn: Drawn, channel: str) -> Agreement:
        """Whether it is what the channel says now."""
        if channel not in self._offers:
            self._offers[channel] = self._load(channel)
        offer, lease_until = self._offers[channel].get(drawn.sku, (None, 0))
        return compare(drawn, offer, lease_until, self._now)

    def ends_at(self, drawn: Drawn, channel: str) -> int | None:
        """When the channel's price ends to be the drawn one, as it was announced; None: never, or
        it is not.
        """
        if channel not in self._offers:
            self._offers[channel] = self._load(channel)
        offer, _ = self._offers[channel].get(drawn.sku, (None, 0))
        return ends_at(drawn, offer, self._now)

    def _load(self, channel: str) -> dict[str, tuple[Offer, int]]:
        """The offers of all that pictures show, each with the end of its lease."""
        row = self._session.get(ChannelRow, channel) if channel else None
        if row is None:
            return {}
        shown = select(AssetPriceRow.sku)
        bodies = select(OfferRow.body).where(OfferRow.channel == channel, OfferRow.sku.in_(shown))
        offers = [offer_from_json(body) for body in self._session.scalars(bodies)]
        return {
            offer.sku: (offer, max(row.as_of, offer.confirmed_at) + row.lease_ms)
            for offer in offers
        }


def ends_at(drawn: Drawn, offer: Offer | None, now: int) -> int | None:
    """When the price that the shop says now and that was drawn is over, unix ms; None: as far as is
    known never, or it is not the shop's now.
    """
    until: int | None = now
    for step in offer.steps if offer is not None else ():
        if step.until_ms is not None and step.until_ms <= now:
            continue
        if step.price != drawn.price or step.from_ms > (until or now):
            break
        until = step.until_ms
        if until is None:
            return None
    return None if until == now else until


def drawn_of(row: AssetPriceRow) -> Drawn:
    """A drawn price from its row."""
    return Drawn(row.sku, row.price, row.currency, row.channel)


def shown_in_pictures(session: Session, skus: Collection[str]) -> set[str]:
    """Those of `skus` whose price some picture shows."""
    return {
        sku
        for some in batched(sorted(skus), MAX_IN)
        for sku in session.scalars(
            select(AssetPriceRow.sku).where(AssetPriceRow.sku.in_(some)).distinct()
        )
    }


def _step_at(offer: Offer, at_ms: int) -> Step | None:
    return next(iter(_steps_in(offer, at_ms, at_ms + 1)), None)


def _steps_in(offer: Offer, from_ms: int, until_ms: int) -> list[Step]:
    return [
        step
        for step in offer.steps
        if step.from_ms < until_ms and (step.until_ms is None or step.until_ms > from_ms)
    ]


def _covers(offer: Offer, from_ms: int, until_ms: int) -> bool:
    """Whether there is a price at every instant of `[from_ms, until_ms)`."""
    for step in _steps_in(offer, from_ms, until_ms):
        if step.from_ms > from_ms:
            return False
        from_ms = until_ms if step.until_ms is None else step.until_ms
    return from_ms >= until_ms
