"""What slot_at is told beside the plan: offers and freshness, as screens hold or held them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from server.services.prices.past import Asked, Held
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
        return worlds(session, [(plans, held)], at_ms)[0]

    def coming(
        self, plan: Plan, held: Holding, from_ms: int, until_ms: int, limit: int
    ) -> dict[ZoneId, tuple[Playing, ...]]:
        """What a screen with this plan shows one after another, all files held."""
        files: set[Sha256] = {
            sha
            for card in (*held.hand_cards.values(), *plan.cards.values())
            for sha in files_of(card)
        }
        cards = {**held.hand_cards, **plan.cards}
        dated = Plan(plan.manifest, cards, plan.chunks, held.head.expires_at)
        turns = timeline(
            *(dated, self.states, self.freshness, files, held.hands),
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


def worlds(
    session: Session, groups: Sequence[tuple[Collection[Plan], Holding]], at_ms: int
) -> list[World]:
    """What screens with each holding, and some of these plans, go by at `at_ms` (unix ms); read
    together, however many they are.
    """
    names = {channel for plans, _ in groups for channel in _channels(plans)}
    leases = leases_of(session, names)
    versions = [_versions(plans, held, leases) for plans, held in groups]
    wanted: dict[Asked, set[Sku]] = {}
    for (plans, _), named in zip(groups, versions, strict=True):
        for asked in named.items():
            wanted.setdefault(asked, set()).update(_skus(plans, asked[0]))
    said = past.offers_of(session, wanted)
    gates = {gate for plans, _ in groups for gate in _gates(plans)}
    sources = sources_of(session, gates, at_ms)
    since = [held.as_of for _, held in groups if held.as_of is not None]
    silences = past.silences_of(session, names, min(since)) if since else {}
    known = _Known(leases, sources, silences, at_ms)
    return [
        known.world(plans, held, {asked[0]: said[asked] for asked in named.items()}, named)
        for (plans, held), named in zip(groups, versions, strict=True)
    ]


def _channels(plans: Iterable[Plan]) -> list[ChannelId]:
    return sorted({channel for plan in plans for channel in plan.manifest.channels})


def _skus(plans: Iterable[Plan], channel: ChannelId) -> set[Sku]:
    cards = (card for plan in plans for card in plan.cards.values())
    return {good.sku for card in cards for good in card.goods if good.channel == channel}


def _gates(plans: Iterable[Plan]) -> set[str]:
    chunks = (chunk for plan in plans for chunk in plan.chunks.values())
    return {source for chunk in chunks for slot in chunk.slots for source, _ in slot.gates}


def _versions(
    plans: Collection[Plan], held: Holding, leases: Mapping[str, Lease]
) -> dict[ChannelId, int | None]:
    """The version of each channel that counts; without those of which the screen held nothing, or
    a version that nobody knows any more.
    """
    if held.versions is None:
        return dict.fromkeys(_channels(plans), held.as_of)
    named = dict(held.versions)
    return {
        channel: named[channel]
        for channel in _channels(plans)
        if channel in named and named[channel] <= _version(leases, channel)
    }


def _version(leases: Mapping[str, Lease], channel: str) -> int:
    """The version in force."""
    return leases[channel].version if channel in leases else 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of all channels and sources, for an instant (unix ms)."""

    leases: Mapping[str, Lease]
    sources: Mapping[str, int]
    silences: Mapping[str, Sequence[tuple[int, int]]]
    at_ms: int

    def world(
        self,
        plans: Collection[Plan],
        held: Holding,
        said: Mapping[ChannelId, Mapping[Sku, Held]],
        versions: Mapping[ChannelId, int | None],
    ) -> World:
        """One holding's, of what its channels said at their versions."""
        offers = {(name, sku): one for name, told in said.items() for sku, one in told.items()}
        states = {}
        for channel, version in versions.items():
            at = _version(self.leases, channel) if version is None else version
            if held.versions is None and version is not None:
                at = max((one.version for one in said[channel].values()), default=0)
            offered = {sku: one.offer for sku, one in said[channel].items()}
            states[channel] = ChannelState(channel, at, offered)
        named = dict(held.versions or ())
        unknown = {
            channel
            for channel in _channels(plans)
            if named.get(channel, 0) > _version(self.leases, channel)
        }
        freshness = self._freshness(plans, held, states)
        return World(offers, states, freshness, frozenset(unknown))

    def _freshness(
        self, plans: Collection[Plan], held: Holding, states: Mapping[ChannelId, ChannelState]
    ) -> Freshness:
        """Leases and sources: as they are, as the screen last heard of them, or all as just
        renewed.
        """
        leases, gates = self.leases, _gates(plans)
        renewed = dict.fromkeys(states, self.at_ms)
        sources: Mapping[str, int] = dict.fromkeys(gates, self.at_ms)
        known = {name: self.sources[name] for name in gates if name in self.sources}
        if held.basis == "server":
            renewed = {name: leases[name].as_of for name in states if name in leases}
            sources = known
        elif held.basis in ("record", "report") and held.as_of is not None:
            renewed = self._renewed(states, held.as_of)
            if held.basis == "report":
                sources = {name: min(as_of, held.as_of) for name, as_of in known.items()}
        return Freshness(
            {
                name: Lease(states[name].version, as_of, leases[name].lease_ms)
                for name, as_of in renewed.items()
                if name in leases
            },
            {SourceId(name): as_of for name, as_of in sources.items()},
        )

    def _renewed(self, states: Collection[ChannelId], at_ms: int) -> dict[ChannelId, int]:
        """As of when each channel was confirmed, as far as that was known at `at_ms`."""
        found = {}
        for name in states:
            if name in self.leases:
                lease = self.leases[name]
                end = past.lease_end(self.silences.get(name, ()), at_ms)
                over = FOREVER_MS if end is None else end
                found[name] = max(0, min(at_ms, lease.as_of, over - lease.lease_ms))
        return found


def _exception(exceptions: Iterable[Play], shown: Shown, at_ms: int) -> Play | None:
    why = shown.why
    slot = (why.layer, why.source, why.item or why.source) if why else None
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
