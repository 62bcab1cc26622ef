"""What screens play at any instant, and why: past and present from their heads, future as planned.

One way only: the plan of the head in force, `slot_at`, and the inputs that the plan was resolved
from. At other instants than now sources and leases are taken as fresh.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.cards import files_of
from playlists.errors import Invalid
from playlists.explain import Explanation
from playlists.explain import explain as explained
from playlists.ids import ChannelId, Sha256, Sku, SourceId, ZoneId
from playlists.manifest import DeckCard, Manifest, Plan
from playlists.model import MAIN
from playlists.pricing import ChannelState
from playlists.resolve import lead_from_json
from playlists.slot import Freshness, Lease, Now, Shown, slot_at, timeline
from playlists.wire.offers import offer_from_json
from server.db.models import ChannelRow, HeadRow, OfferRow, ScreenHeadRow, ScreenRow
from server.errors import BadInput, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Plans
from server.services.prices.freshness import leases_of, sources_of
from server.services.publishing.inputs import recall

NOW_MS = 2_000
"""An instant this near the present is asked of the present: with leases and ages as they are."""


@dataclass(frozen=True, slots=True)
class Playing:
    """What one zone of a screen shows; `card` None is the slate."""

    zone: ZoneId
    shown: Shown
    card: DeckCard | None


@dataclass(frozen=True, slots=True)
class Explained:
    """An instant of a screen's zone: what is shown, why, and under which head."""

    playing: Playing
    explanation: Explanation
    revision: int
    manifest: Manifest


def what_plays(
    ctx: Context, actor: Actor, screens: Collection[str], at_ms: int, plans: Plans | None = None
) -> dict[str, tuple[Playing, ...]]:
    """What each of these screens shows at an instant (unix ms), those without a plan left out.

    Screens outside the actor's stores are left out too. `plans` remembers between calls.
    """
    actor.require("read")
    coming = what_comes(ctx, actor, screens, at_ms, at_ms + 1, 1, plans)
    return {
        screen: tuple(turns[0] for turns in zones.values() if turns)
        for screen, zones in coming.items()
    }


def what_comes(
    ctx: Context,
    actor: Actor,
    screens: Collection[str],
    from_ms: int,
    until_ms: int,
    limit: int,
    plans: Plans | None = None,
) -> dict[str, dict[ZoneId, tuple[Playing, ...]]]:
    """What each zone of these screens shows one after another on `[from_ms, until_ms)` (unix ms),
    at most `limit` turns, under the head in force at `from_ms`; otherwise as `what_plays`.
    """
    actor.require("read")
    plans = plans or Plans()
    found: dict[str, dict[ZoneId, tuple[Playing, ...]]] = {}
    told: dict[tuple[str, int], dict[ZoneId, tuple[Playing, ...]]] = {}
    with ctx.db.read() as session:
        seen = {
            screen for screen, store in _stores_of(session, screens).items() if actor.sees(store)
        }
        heads = _heads_at(session, sorted(seen), from_ms)
        days = {manifest for _, _, manifest, _, _ in heads.values()}
        made = {sha: _plan_at(session, plans, sha, from_ms, until_ms) for sha in days}
        world = _World.of(session, [plan for plan in made.values() if plan], from_ms, ctx.clock())
        for screen, (_, _, manifest, expires_at, _) in heads.items():
            plan = made[manifest]
            if plan is None:
                continue
            if (manifest, expires_at) not in told:
                coming = world.coming(plan, expires_at, from_ms, until_ms, limit)
                told[manifest, expires_at] = coming
            found[screen] = told[manifest, expires_at]
    return found


def explain(
    ctx: Context, actor: Actor, screen_id: str, at_ms: int, zone: ZoneId = MAIN
) -> Explained:
    """Why a zone of a screen shows what it shows at `at_ms` (unix ms), past, present or future.

    Raises NotFound for a screen that is not the actor's, or where nothing was published for that
    instant; BadInput where the screen has no such zone.
    """
    actor.require("read")
    with ctx.db.read() as session:
        store = _stores_of(session, [screen_id]).get(screen_id)
        if store is None or not actor.sees(store):
            raise NotFound("There is no such screen among your stores.")
        head = _heads_at(session, [screen_id], at_ms).get(screen_id)
        if head is None or head[4] is None:
            raise NotFound("Nothing was published for this screen at that time.")
        revision, _, manifest, expires_at, inputs = head
        plan = _plan_at(session, Plans(), manifest, at_ms)
        if plan is None:
            raise NotFound("What was published then is not kept any more.")
        world = _World.of(session, [plan], at_ms, ctx.clock())
        shown = {playing.zone: playing for playing in world.playing(plan, expires_at, at_ms)}
        if zone not in shown:
            raise BadInput("This screen has no such zone.", field="zone")
        recalled = recall(session, inputs or "")
    try:
        why = explained(
            recalled.profile,
            recalled,
            recalled.days,
            at_ms,
            zone=zone,
            shown=shown[zone].shown,
            freshness=world.freshness,
            lead=lead_from_json(recalled.lead, plan) if recalled.lead else None,
        )
    except Invalid as wrong:
        raise BadInput(str(wrong), field=wrong.field) from wrong
    return Explained(shown[zone], why, revision, plan.manifest)


Head = tuple[int, int, str, int, str | None]
"""Revision, when it was issued, manifest, when it expires, inputs."""


@dataclass(frozen=True, slots=True)
class _World:
    """What slot_at is told beside the plan."""

    offers: Mapping[ChannelId, ChannelState]
    freshness: Freshness

    @classmethod
    def of(cls, session: Session, plans: Sequence[Plan], at_ms: int, now: int) -> _World:
        """As it is now or, for another instant, as if all sources had just spoken."""
        channels = {channel for plan in plans for channel in plan.manifest.channels}
        gates = {
            source
            for plan in plans
            for chunk in plan.chunks.values()
            for slot in chunk.slots
            for source, _ in slot.gates
        }
        leases = leases_of(session, channels)
        sources = sources_of(session, gates)
        if abs(at_ms - now) > NOW_MS:
            leases = {n: Lease(lease.version, at_ms, lease.lease_ms) for n, lease in leases.items()}
            sources = dict.fromkeys(gates, at_ms)
        goods = {(g.channel, g.sku) for p in plans for c in p.cards.values() for g in c.goods}
        return cls(
            {
                channel: _channel(session, channel, [sku for name, sku in goods if name == channel])
                for channel in sorted(channels)
            },
            Freshness(
                {ChannelId(name): lease for name, lease in leases.items()},
                {SourceId(name): as_of for name, as_of in sources.items()},
            ),
        )

    def playing(self, plan: Plan, expires_at: int, at_ms: int) -> tuple[Playing, ...]:
        """What a screen with this plan shows, all files held."""
        dated, files = _held(plan, expires_at)
        shown = slot_at(dated, self.offers, self.freshness, files, (), Now(at_ms))
        return tuple(_playing(plan, found) for found in shown.values())

    def coming(
        self, plan: Plan, expires_at: int, from_ms: int, until_ms: int, limit: int
    ) -> dict[ZoneId, tuple[Playing, ...]]:
        """What a screen with this plan shows one after another, all files held."""
        dated, files = _held(plan, expires_at)
        turns = timeline(dated, self.offers, self.freshness, files, (), from_ms, until_ms, limit)
        return {zone: tuple(_playing(plan, one) for one in found) for zone, found in turns.items()}


def _held(plan: Plan, expires_at: int) -> tuple[Plan, set[Sha256]]:
    """A plan under its head's end, and every file that it needs."""
    files: set[Sha256] = {sha for card in plan.cards.values() for sha in files_of(card)}
    return Plan(plan.manifest, plan.cards, plan.chunks, expires_at), files


def _playing(plan: Plan, shown: Shown) -> Playing:
    return Playing(shown.zone, shown, plan.cards.get(shown.card) if shown.card else None)


def _channel(session: Session, channel: ChannelId, skus: Sequence[Sku]) -> ChannelState:
    """The offers of a channel that plans name; it may have many thousands more."""
    offers = []
    for some in batched(sorted(skus), MAX_IN):
        rows = select(OfferRow.body).where(OfferRow.channel == channel, OfferRow.sku.in_(some))
        offers += [offer_from_json(body) for body in session.scalars(rows)]
    version = session.scalar(select(ChannelRow.version).where(ChannelRow.id == channel)) or 0
    return ChannelState(channel, version, {Sku(offer.sku): offer for offer in offers})


def _stores_of(session: Session, screens: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in batched(sorted(screens), MAX_IN):
        rows = select(ScreenRow.id, ScreenRow.store_id).where(ScreenRow.id.in_(some))
        found.update(session.execute(rows).all())
    return found


def _heads_at(session: Session, screens: Sequence[str], at_ms: int) -> dict[str, Head]:
    """The head of each screen that was, is, or as planned will be in force at an instant."""
    found: dict[str, Head] = {}
    columns = (
        HeadRow.screen_id,
        HeadRow.revision,
        HeadRow.issued_at,
        HeadRow.manifest,
        HeadRow.expires_at,
        HeadRow.inputs,
    )
    for some in batched(list(screens), MAX_IN):
        current = (
            select(*columns)
            .join(
                ScreenHeadRow,
                (ScreenHeadRow.screen_id == HeadRow.screen_id)
                & (ScreenHeadRow.revision == HeadRow.revision),
            )
            .where(HeadRow.screen_id.in_(some))
        )
        for name, *rest in session.execute(current):
            found[name] = tuple(rest)  # type: ignore[assignment]
    for name in [name for name, head in found.items() if head[1] > at_ms]:
        past = select(*columns).where(HeadRow.screen_id == name, HeadRow.issued_at <= at_ms)
        row = session.execute(past.order_by(HeadRow.revision.desc()).limit(1)).first()
        if row is None:
            del found[name]
        else:
            found[name] = tuple(row[1:])  # type: ignore[assignment]
    return found


def _plan_at(
    session: Session, plans: Plans, manifest: str, from_ms: int, until_ms: int | None = None
) -> Plan | None:
    """A manifest's plan with the chunk of the day that holds an instant, or of all to another."""
    known = plans.manifest(session, manifest)
    if known is None:
        return None
    last = from_ms if until_ms is None else until_ms - 1
    dates = {day.date for day in known.days if day.from_ms <= last and from_ms < day.until_ms}
    return plans.plan(session, manifest, 0, dates)
