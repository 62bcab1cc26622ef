"""What screens play at any instant, and why: past and present from their heads, future as planned.

One way only: the plan of the head that the screen held, `slot_at` with the offers that it held, and
the inputs that the plan was resolved from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.explain import Explanation
from playlists.explain import explain as explained
from playlists.ids import ZoneId
from playlists.manifest import Manifest, Plan
from playlists.model import MAIN
from playlists.resolve import lead_from_json
from playlists.slot import Freshness, Shown
from server.db.models import ScreenRow
from server.errors import BadInput, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Plans
from server.services.publishing.inputs import Recalled, recall, with_facts_now
from server.services.screens.pages import PageThen, page_then
from server.services.showing.by_hand import hand_wishes
from server.services.showing.holding import Holding, holdings
from server.services.showing.proving import PriceThen, prices_then
from server.services.showing.worlds import Playing, World, worlds


@dataclass(frozen=True, slots=True)
class Explained:
    """An instant of a screen's zone: what is shown, why, under which head; what is known of that
    (`held`), each price of it, and which page drew it. Its plan ends at `planned_until` (unix ms);
    `recalled` is what it was made from, of the present and of what is to come with facts as they
    are now.
    """

    playing: Playing
    explanation: Explanation
    held: Holding
    prices: tuple[PriceThen, ...]
    planned_until: int
    page: PageThen | None
    recalled: Recalled

    @property
    def revision(self) -> int:
        """The head's."""
        return self.held.head.revision


class NotPlanned(NotFound):
    """The instant lies beyond the days that are planned; they end at `planned_until` (unix ms)."""

    code = "not_planned"

    def __init__(self, planned_until: int) -> None:
        end = datetime.fromtimestamp(planned_until / 1000, UTC).isoformat()
        super().__init__(
            f"This is not planned yet. Ask for an instant before {end} (unix ms {planned_until}), "
            "or again when that day is nearer: a day is added each night.",
            field="at",
        )
        self.planned_until = planned_until


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
    *,
    proven: bool = False,
) -> dict[str, dict[ZoneId, tuple[Playing, ...]]]:
    """What each zone of these screens shows one after another on `[from_ms, until_ms)` (unix ms),
    at most `limit` turns, under the head held at `from_ms`; otherwise as `what_plays`. Screens of
    which `from_ms` is not planned yet are left out. `proven`: as their play records say, where they
    do.
    """
    actor.require("read")
    plans = plans or Plans()
    found: dict[str, dict[ZoneId, tuple[Playing, ...]]] = {}
    with ctx.db.read() as session:
        seen = {
            screen for screen, store in _stores_of(session, screens).items() if actor.sees(store)
        }
        held = holdings(ctx, session, seen, from_ms, proven=proven)
        days = {one.head.manifest for one in held.values()}
        plans.warm_between(session, days, from_ms, until_ms)
        made = {sha: _plan_at(session, plans, sha, from_ms, until_ms) for sha in days}
        groups = list(_alike(held).values())
        gone_by = [(_plans_of(group, held, made), held[group[0]]) for group in groups]
        for group, world in zip(groups, worlds(session, gone_by, from_ms), strict=True):
            told: dict[tuple[str, int], dict[ZoneId, tuple[Playing, ...]]] = {}
            for screen in group:
                head = held[screen].head
                plan = made[head.manifest]
                if plan is None or _is_beyond(plan.manifest, held[screen], from_ms):
                    continue
                key = (head.manifest, head.expires_at)
                if key not in told:
                    told[key] = world.coming(plan, held[screen], from_ms, until_ms, limit)
                found[screen] = told[key]
    return found


def explain(
    ctx: Context, actor: Actor, screen_id: str, at_ms: int, zone: ZoneId = MAIN
) -> Explained:
    """Why a zone of a screen shows what it shows at `at_ms` (unix ms), past, present or future.

    Raises NotFound for a screen that is not the actor's, or where nothing was published for that
    instant (NotPlanned: nothing yet); BadInput where the screen has no such zone.
    """
    actor.require("read")
    with ctx.db.read() as session:
        store = _stores_of(session, [screen_id]).get(screen_id)
        if store is None or not actor.sees(store):
            raise NotFound("There is no such screen among your stores.")
        held = holdings(ctx, session, [screen_id], at_ms, proven=True).get(screen_id)
        if held is None or held.head.inputs is None:
            raise NotFound("Nothing was published for this screen at that time.")
        plan = _plan_at(session, Plans(), held.head.manifest, at_ms)
        if plan is None:
            raise NotFound("What was published then is not kept any more.")
        if _is_beyond(plan.manifest, held, at_ms):
            raise NotPlanned(_end_of(plan.manifest))
        world = World.of(session, [plan], held, at_ms)
        shown = world.coming(plan, held, at_ms, at_ms + 1, 1)
        if not shown.get(zone):
            raise BadInput("This screen has no such zone.", field="zone")
        playing = shown[zone][0]
        prices = prices_then(session, playing, held, at_ms, plan.manifest.language)
        recalled = recall(session, held.head.inputs)
        present = held.basis in ("server", "plan")
        lately = with_facts_now(session, recalled, ctx.clock()) if present else recalled
        page = page_then(session, screen_id, at_ms)
        hands = hand_wishes(session, [hand.id for hand in held.hands])
    # How old sources were at another instant is not kept: rather no age than a guess.
    freshness = world.freshness if held.basis in ("server", "report") else None
    if present:
        found = _reckoned(lately, plan, zone, at_ms, freshness)
        if found.winner == playing.shown.why:
            why = _as_shown(found, playing.shown)
            return Explained(playing, why, held, prices, _end_of(plan.manifest), page, lately)
        # A fact moved this moment and its plan is still being made: told by what plays.
    why = _reckoned(recalled, plan, zone, at_ms, freshness, playing.shown)
    # The plan of then knew nothing of a hand that was laid on the screen without it.
    told = replace(recalled, wishes={**recalled.wishes, **hands}) if hands else recalled
    return Explained(playing, why, held, prices, _end_of(plan.manifest), page, told)


def _reckoned(
    inputs: Recalled,
    plan: Plan,
    zone: ZoneId,
    at_ms: int,
    freshness: Freshness | None,
    shown: Shown | None = None,
) -> Explanation:
    """What plays, and why, by the inputs of a resolve alone, but for what is told of `shown`."""
    lead = lead_from_json(inputs.lead, plan) if inputs.lead else None
    try:
        return explained(
            *(inputs.profile, inputs, inputs.days, at_ms),
            zone=zone,
            shown=shown,
            freshness=freshness,
            lead=lead,
        )
    except Invalid as wrong:
        raise BadInput(str(wrong), field=wrong.field) from wrong


def _as_shown(why: Explanation, shown: Shown) -> Explanation:
    """An explanation of what is shown, with how that is shown."""
    return replace(
        why,
        since=shown.since,
        until=shown.until,
        variant=shown.variant,
        because=shown.because,
    )


def _end_of(manifest: Manifest) -> int:
    """When its last day ends, unix ms."""
    return max(day.until_ms for day in manifest.days)


def _is_beyond(manifest: Manifest, held: Holding, at_ms: int) -> bool:
    """Whether that instant is of a day to come, for which this plan will have a successor."""
    return held.basis == "plan" and at_ms >= _end_of(manifest)


def _alike(held: dict[str, Holding]) -> dict[object, list[str]]:
    """Screens that go by the same offers and the same freshness."""
    groups: dict[object, list[str]] = {}
    for screen, one in held.items():
        key = (one.basis, one.as_of, one.versions, one.uncertainty_ms, one.exceptions and screen)
        groups.setdefault(key, []).append(screen)
    return groups


def _plans_of(
    screens: Collection[str], held: dict[str, Holding], made: dict[str, Plan | None]
) -> list[Plan]:
    """The plans of some screens, each once."""
    named = {held[screen].head.manifest for screen in screens}
    return [plan for sha in named if (plan := made[sha]) is not None]


def _stores_of(session: Session, screens: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in batched(sorted(screens), MAX_IN):
        rows = select(ScreenRow.id, ScreenRow.store_id).where(ScreenRow.id.in_(some))
        found.update(session.execute(rows).all())
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
