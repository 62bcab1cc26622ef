"""The one pure function: what is on screen at an instant, since when, until when, and why.

For each zone, the first of these that may show now: a planned emergency's card or its fallback, a
hand on this screen (`LocalOverride`), the planned card, its named fallback, the brand slate. A card
may show while nobody has paused it, its gates are fresh and its files are held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from playlists.cards import files_of
from playlists.ids import CardId, ChannelId, ItemId, Sha256, SourceId, ZoneId
from playlists.manifest import FOREVER_MS, DeckCard, Plan, Why
from playlists.model import FULL_SCREEN, ZoneBox
from playlists.prices import Prices, prices_of
from playlists.pricing import ChannelState
from playlists.shown import (
    PRICE_MARGIN_MS,
    Freshness,
    Lease,
    LocalOverride,
    Now,
    Priced,
    Shown,
)
from playlists.turns import Turn, turn_at, urgent_turns

__all__ = [
    "PRICE_MARGIN_MS",
    "Freshness",
    "Lease",
    "LocalOverride",
    "Now",
    "Priced",
    "Shown",
    "slot_at",
    "timeline",
]


@dataclass(frozen=True, slots=True)
class _World:
    """All that slot_at is told."""

    plan: Plan | None
    offers: Mapping[ChannelId, ChannelState]
    freshness: Freshness
    held_assets: Set[Sha256]
    overrides: Sequence[LocalOverride]
    now: Now


@dataclass(frozen=True, slots=True)
class _Tried:
    """Whether a card may show now, why not (or which prices are off), until when that stands."""

    shows: bool
    because: list[str]
    until: int
    prices: tuple[Priced, ...] = ()


def slot_at(
    plan: Plan | None,
    offers: Mapping[ChannelId, ChannelState],
    freshness: Freshness,
    held_assets: Set[Sha256],
    local_overrides: Sequence[LocalOverride],
    now: Now,
) -> dict[ZoneId, Shown]:
    """What each zone shows at `now`, in the layout's order; without a plan, the slate in main."""
    world = _World(plan, offers, freshness, held_assets, local_overrides, now)
    return {box.id: _zone_at(world, box) for box in _layout(plan)}


def timeline(
    plan: Plan | None,
    offers: Mapping[ChannelId, ChannelState],
    freshness: Freshness,
    held_assets: Set[Sha256],
    local_overrides: Sequence[LocalOverride],
    from_ms: int,
    until_ms: int,
    limit: int,
    uncertainty_ms: int | None = 0,
) -> dict[ZoneId, tuple[Shown, ...]]:
    """What each zone shows one after another over `[from_ms, until_ms)`, at most `limit` entries.

    The first is on screen at `from_ms`; each later one takes over at the `until` of the one before.
    """
    at = Now(from_ms, uncertainty_ms)
    world = _World(plan, offers, freshness, held_assets, local_overrides, at)
    return {box.id: tuple(_walk(world, box, until_ms, limit)) for box in _layout(plan)}


def _layout(plan: Plan | None) -> tuple[ZoneBox, ...]:
    return FULL_SCREEN if plan is None else plan.manifest.layout


def _walk(world: _World, box: ZoneBox, until_ms: int, limit: int) -> Iterator[Shown]:
    at = world.now.ms
    while at < until_ms and limit > 0:
        shown = _zone_at(replace(world, now=replace(world.now, ms=at)), box)
        yield shown
        at = shown.until
        limit -= 1


def _zone_at(world: _World, box: ZoneBox) -> Shown:
    plan, now = world.plan, world.now.ms
    if plan is None:
        return Shown(box.id, None, 0, FOREVER_MS, None, "slate", ("no_plan",))
    turn = turn_at(plan, box.id, now)
    if turn.urgent:
        urgent = _planned(world, plan, box.id, turn)
        if urgent.card is not None:
            return urgent
    hands = _hands(world, box)
    until = FOREVER_MS
    because: list[str] = []
    for hand in hands:
        if hand.kind == "pause":
            continue
        if hand.from_ms > now:
            until = min(until, hand.from_ms)
            continue
        tried = _try(world, plan, hand.card, hands)
        because += tried.because
        until = min(until, hand.until_ms, tried.until)
        if tried.shows:
            return Shown(
                zone=box.id,
                card=hand.card,
                since=hand.from_ms,
                until=_emergency_begin(world, plan, box.id, until),
                why=Why("override", hand.id, ItemId("")),
                variant="override",
                because=tuple(because),
                prices=tried.prices,
            )
        because.append(f"not_shown:{hand.id}")
    planned = _planned(world, plan, box.id, turn, () if turn.urgent else hands)
    return replace(planned, until=min(until, planned.until), because=(*because, *planned.because))


def _emergency_begin(world: _World, plan: Plan, zone: ZoneId, until: int) -> int:
    """The first instant from now on at which an emergency may show, at most `until`."""
    for turn in urgent_turns(plan, zone, world.now.ms, until):
        at = max(world.now.ms, turn.since)
        while at < min(until, turn.until):
            there = replace(world, now=replace(world.now, ms=at))
            shown = _planned(there, plan, zone, turn)
            if shown.card is not None:
                return at
            at = shown.until
    return until


def _hands(world: _World, box: ZoneBox) -> list[LocalOverride]:
    """The zone's overrides that are not over yet, the one that wins first."""
    now = world.now.ms
    mine = [
        hand
        for hand in world.overrides
        if hand.zone == box.id and not box.locked and now < hand.until_ms > hand.from_ms
    ]
    return sorted(mine, key=lambda hand: (hand.from_ms, hand.id), reverse=True)


def _planned(
    world: _World, plan: Plan, zone: ZoneId, turn: Turn, hands: Sequence[LocalOverride] = ()
) -> Shown:
    """What the plan itself shows in this turn, where `hands` pause nothing of it."""
    slot, until = turn.slot, turn.until
    if slot is None:
        return Shown(zone, None, turn.since, until, None, "slate", (turn.missing,))
    because: tuple[str, ...] = ()
    ways: list[tuple[Literal["planned", "fallback"], CardId, tuple[tuple[SourceId, int], ...]]]
    ways = [("planned", slot.card, slot.gates)]
    if slot.fallback is not None:
        ways.append(("fallback", slot.fallback, ()))
    for variant, card, gates in ways:
        tried = _try(world, plan, card, hands, gates)
        because = (*because, *tried.because)
        until = min(until, tried.until)
        if tried.shows:
            return Shown(zone, card, turn.since, until, slot.why, variant, because, tried.prices)
    return Shown(zone, None, turn.since, until, slot.why, "slate", because)


def _try(
    world: _World,
    plan: Plan,
    name: CardId,
    hands: Sequence[LocalOverride],
    gates: tuple[tuple[SourceId, int], ...] = (),
) -> _Tried:
    """Whether a card may show: not paused, gates fresh, files held, prices on if it needs them."""
    because, until = _pauses(name, hands, world.now.ms)
    stale, gates_until = _stale(world, gates)
    because += stale
    until = min(until, gates_until)
    card = plan.cards.get(name)
    if card is None:
        return _Tried(False, [*because, f"card_missing:{name}"], until)
    because += [f"asset_missing:{sha}" for sha in files_of(card) if sha not in world.held_assets]
    if because:
        return _Tried(False, because, until)
    prices = prices_of(card, world.offers, world.freshness, plan.expires_at, world.now)
    if prices.off and card.price_loss == "fallback":
        until = min(until, _lost_until(world, plan, card, prices))
        return _Tried(False, [*prices.off, "price_lost"], until)
    return _Tried(True, prices.off, min(until, prices.until), tuple(prices.on))


def _lost_until(world: _World, plan: Plan, card: DeckCard, lost: Prices) -> int:
    """Until when a card is off for the same reasons. Other prices of it may come and go."""
    until = lost.until
    while until < FOREVER_MS:
        now = replace(world.now, ms=until)
        later = prices_of(card, world.offers, world.freshness, plan.expires_at, now)
        if later.off != lost.off:
            break
        until = later.until
    return until


def _pauses(name: CardId, hands: Sequence[LocalOverride], now: int) -> tuple[list[str], int]:
    because: list[str] = []
    until = FOREVER_MS
    for hand in hands:
        if hand.kind == "pause" and hand.card == name:
            if hand.from_ms <= now:
                because.append(f"paused:{hand.id}")
                until = min(until, hand.until_ms)
            else:
                until = min(until, hand.from_ms)
    return because, until


def _stale(world: _World, gates: tuple[tuple[SourceId, int], ...]) -> tuple[list[str], int]:
    """Reasons for the gates that are shut, and when the next shuts. An unknown source is stale."""
    ends: dict[SourceId, int] = {}
    for source, max_age in gates:
        as_of = world.freshness.sources.get(source)
        end = 0 if as_of is None else as_of + max_age
        ends[source] = min(end, ends.get(source, FOREVER_MS))
    now = world.now.ms
    because = [f"gate_stale:{source}" for source, end in ends.items() if end <= now]
    return because, min((end for end in ends.values() if end > now), default=FOREVER_MS)
