"""Price truth at an instant: which of a card's prices may show, until when, and why others may not.

Every end (of the step, of the channel's lease, of the signed head) is taken early by the margin,
and a step begins late by the clock's uncertainty: whatever the true time is, it lies inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playlists.ids import ChannelId
from playlists.manifest import FOREVER_MS, DeckCard, DeckGood
from playlists.pricing import ChannelState, Step
from playlists.shown import PRICE_MARGIN_MS, Freshness, Now, Priced


@dataclass(slots=True)
class Prices:
    """A card's prices that are `on`, reasons for those that are `off`, and how long both stand."""

    until: int
    on: list[Priced] = field(default_factory=list)
    off: list[str] = field(default_factory=list)


def prices_of(
    card: DeckCard,
    offers: Mapping[ChannelId, ChannelState],
    freshness: Freshness,
    expires_at: int,
    now: Now,
) -> Prices:
    """The prices of a card's goods at `now`, under a head that ends at `expires_at` (unix ms)."""
    if not card.goods:
        return Prices(FOREVER_MS)
    if now.uncertainty_ms is None:
        return Prices(FOREVER_MS, off=["no_time"])
    clock = _Clock(now.ms, now.uncertainty_ms, max(PRICE_MARGIN_MS, now.uncertainty_ms))
    last = expires_at - clock.margin
    if last <= clock.now:
        return Prices(FOREVER_MS, off=["head_expired"])
    prices = Prices(last)
    told: set[tuple[ChannelId, str]] = set()
    for good in card.goods:
        found, until = _price(good, offers.get(good.channel), freshness, clock, last)
        prices.until = min(prices.until, until)
        if isinstance(found, Priced):
            prices.on.append(found)
        elif (good.channel, found) not in told:
            told.add((good.channel, found))
            prices.off.append(found)
    return prices


@dataclass(frozen=True, slots=True)
class _Clock:
    now: int
    uncertainty: int
    margin: int


def _price(
    good: DeckGood,
    state: ChannelState | None,
    freshness: Freshness,
    clock: _Clock,
    last: int,
) -> tuple[Priced | str, int]:
    """One good's price or the reason for none, and until when that stands: never past `last`."""
    offer = None if state is None else state.offers.get(good.sku)
    if state is None or offer is None:
        return f"no_offer:{good.sku}", FOREVER_MS
    lease = freshness.channels.get(good.channel)
    leased = 0
    if state.lease_ms:
        leased = max(state.as_of, offer.confirmed_at) + state.lease_ms
    if lease is not None and lease.version != state.version:
        # Behind the server nothing may show; ahead of its last word the version's own lease counts.
        if lease.version > state.version or not leased:
            return f"version_differs:{good.channel}", FOREVER_MS
    elif lease is not None:
        leased = max(leased, max(lease.as_of, offer.confirmed_at) + lease.lease_ms)
    lease_end = leased - clock.margin
    if lease_end <= clock.now:
        return f"lease_over:{good.channel}", FOREVER_MS
    last = min(last, lease_end)
    until = last
    for at, step in enumerate(offer.steps):
        begin, end = _window(step, clock)
        if begin <= clock.now < end:
            ends_at = min(end, last)
            priced = Priced(good.sku, good.channel, state.version, at, ends_at)
            return priced, min(until, ends_at)
        if clock.now < begin < end:
            until = min(until, begin)
    return f"no_step:{good.sku}", until


def _window(step: Step, clock: _Clock) -> tuple[int, int]:
    """The stretch on which a step is surely running."""
    until = FOREVER_MS if step.until_ms is None else step.until_ms
    return step.from_ms + clock.uncertainty, until - clock.margin
