"""What slot_at is told beside the plan: offers and freshness, as screens hold or held them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.orm import Session

from playlists.cards import files_of
from playlists.ids import CardId, ChannelId, Sha256, Sku, SourceId, ZoneId
from playlists.manifest import FOREVER_MS, DeckCard, Manifest, Plan
from playlists.prices import prices_of
from playlists.pricing import ChannelState
from playlists.runs import Play
from playlists.slot import Freshness, Lease, Now, Priced, Shown, timeline
from server.services.prices import past
from server.services.prices.freshness import leases_of, sources_of
from server.services.prices.past import Held
from server.services.showing.holding import Basis, Holding

Good = tuple[ChannelId, Sku]


@dataclass(frozen=True, slots=True)
class Playing:
    """What one zone of a screen shows under a manifest; `card` None is the slate.

    `basis` is how that is known, `offers` what is said of the card's goods, `unknown` the channels
    of which nobody can tell any more what the screen held.
    """

    zone: ZoneId
    shown: Shown
    card: DeckCard | None
    manifest: Manifest
    basis: Basis
    offers: Mapping[Good, Held]
    unknown: frozenset[ChannelId] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """The offers and the freshness of some plans at an instant."""

    offers: Mapping[Good, Held]
    states: Mapping[ChannelId, ChannelState]
    freshness: Freshness
    unknown: frozenset[ChannelId]

    @classmethod
    def of(cls, session: Session, plans: Collection[Plan], held: Holding, at_ms: int) -> World:
        """What a screen with this holding goes by at `at_ms` (unix ms)."""
        channels = sorted({channel for plan in plans for channel in plan.manifest.channels})
        leases = leases_of(session, channels)
        named = None if held.versions is None else dict(held.versions)
        offers: dict[Good, Held] = {}
        states: dict[ChannelId, ChannelState] = {}
        unknown: set[ChannelId] = set()
        for channel in channels:
            version = held.as_of if named is None else named.get(channel)
            now_at = leases[channel].version if channel in leases else 0
            if named is not None and version is None:
                continue
            if named is not None and (version or 0) > now_at:
                unknown.add(channel)
                continue
            said = past.offers_at(session, channel, _skus(plans, channel), version)
            offers.update({(channel, sku): one for sku, one in said.items()})
            last = max((one.version for one in said.values()), default=0)
            states[channel] = ChannelState(
                channel,
                now_at if version is None else version if named is not None else last,
                {sku: one.offer for sku, one in said.items()},
            )
        freshness = _freshness(session, plans, held, leases, states, at_ms)
        return cls(offers, states, freshness, frozenset(unknown))

    def coming(
        self, plan: Plan, held: Holding, from_ms: int, until_ms: int, limit: int
    ) -> dict[ZoneId, tuple[Playing, ...]]:
        """What a screen with this plan shows one after another, all files held."""
        files: set[Sha256] = {sha for card in plan.cards.values() for sha in files_of(card)}
        dated = Plan(plan.manifest, plan.cards, plan.chunks, held.head.expires_at)
        turns = timeline(
            *(dated, self.states, self.freshness, files, ()),
            *(from_ms, until_ms, limit, held.uncertainty_ms),
        )
        return {
            zone: tuple(self._playing(dated, held, from_ms, one) for one in found)
            for zone, found in turns.items()
        }

    def _playing(self, plan: Plan, held: Holding, from_ms: int, shown: Shown) -> Playing:
        at_ms = max(from_ms, shown.since)
        said = _exception(held.exceptions, shown, at_ms)
        if said is not None:
            shown = self._as_said(plan, said, shown, at_ms)
        card = plan.cards.get(shown.card) if shown.card else None
        goods = [(good.channel, good.sku) for good in card.goods] if card else []
        offers = {good: self.offers[good] for good in goods if good in self.offers}
        unknown = self.unknown & {channel for channel, _ in goods}
        return Playing(shown.zone, shown, card, plan.manifest, held.basis, offers, unknown)

    def _as_said(self, plan: Plan, said: Play, shown: Shown, at_ms: int) -> Shown:
        """A turn as the screen recorded that it showed it."""
        card = plan.cards.get(CardId(said.card)) if said.card else None
        prices: tuple[Priced, ...] = ()
        if card is not None:
            on = prices_of(card, self.states, self.freshness, plan.expires_at, Now(at_ms)).on
            prices = tuple(price for price in on if not _is_off(price, said.because))
        variant: Literal["planned", "fallback", "slate"] = "slate"
        if card is not None:
            # A fallback is played only once something kept the planned card itself off.
            variant = "planned" if said.card == shown.card else "fallback"
        return replace(
            shown,
            card=CardId(said.card) if card is not None and said.card else None,
            variant=shown.variant if said.card == shown.card else variant,
            because=said.because,
            prices=prices,
        )


def _skus(plans: Iterable[Plan], channel: ChannelId) -> set[Sku]:
    cards = (card for plan in plans for card in plan.cards.values())
    return {good.sku for card in cards for good in card.goods if good.channel == channel}


def _freshness(
    session: Session,
    plans: Collection[Plan],
    held: Holding,
    leases: Mapping[str, Lease],
    states: Mapping[ChannelId, ChannelState],
    at_ms: int,
) -> Freshness:
    """Leases and sources: as they are, as the screen last heard of them, or all as just renewed."""
    gates = {
        source
        for plan in plans
        for chunk in plan.chunks.values()
        for slot in chunk.slots
        for source, _ in slot.gates
    }
    renewed = dict.fromkeys(states, at_ms)
    sources: Mapping[str, int] = dict.fromkeys(gates, at_ms)
    if held.basis == "server":
        renewed = {name: leases[name].as_of for name in states if name in leases}
        sources = sources_of(session, gates)
    elif held.basis in ("record", "report") and held.as_of is not None:
        renewed = _renewed(session, states, leases, held.as_of)
        if held.basis == "report":
            known = sources_of(session, gates)
            sources = {name: min(as_of, held.as_of) for name, as_of in known.items()}
    return Freshness(
        {
            name: Lease(states[name].version, as_of, leases[name].lease_ms)
            for name, as_of in renewed.items()
            if name in leases
        },
        {SourceId(name): as_of for name, as_of in sources.items()},
    )


def _renewed(
    session: Session,
    states: Collection[ChannelId],
    leases: Mapping[str, Lease],
    at_ms: int,
) -> dict[ChannelId, int]:
    """As of when each channel was confirmed, as far as that was known at `at_ms`."""
    ends = past.lease_ends(session, states, at_ms)
    found = {}
    for name in states:
        if name in leases:
            end = ends.get(name, FOREVER_MS)
            found[name] = max(0, min(at_ms, leases[name].as_of, end - leases[name].lease_ms))
    return found


def _exception(exceptions: Iterable[Play], shown: Shown, at_ms: int) -> Play | None:
    why = shown.why
    slot = (why.layer, why.source, why.item) if why else None
    return next(
        (
            play
            for play in exceptions
            if play.zone == shown.zone and play.slot == slot
            if play.from_ms <= at_ms < play.until_ms
        ),
        None,
    )


def _is_off(price: Priced, because: Collection[str]) -> bool:
    said = {"no_time", "head_expired", f"no_offer:{price.sku}", f"no_step:{price.sku}"}
    said |= {f"lease_over:{price.channel}", f"version_differs:{price.channel}"}
    return bool(said & set(because))
