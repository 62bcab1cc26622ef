"""Updates of the player: /api/v1/updates, /api/v1/rollouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from server.api.kit import Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Sha, Shape, Version
from server.services.screens import rollout_views, rollouts
from server.services.screens.rollout_plans import Fault, Held, Stage, State
from server.services.screens.rollout_views import Rollout, ScreenProgress
from server.services.screens.rollouts import MAX_PILOTS, Step, Wish

blueprint = resource("rollouts")

WAIT_S = 30 * 86_400
ROWS = 100
"""Screens of one page."""


class PackageShape(Shape):
    """A version of the player that is kept here, at `/player/packages/<sha256>.deb`."""

    sha256: str
    version: str
    size: int
    kept_at: Ms


class RunningShape(Shape):
    """How many screens run a version; an empty one is that they say none."""

    version: str
    screens: int


class UpdatesShape(Shape):
    """What runs and what could: `own` is this server's version (null: it has none), `behind` counts
    the screens that run another, `current` names the rollout that counts.
    """

    own: PackageShape | None
    behind: int
    running: list[RunningShape]
    kept: list[PackageShape]
    current: str | None


class RolloutNew(Shape):
    """A version to roll out, by its package's hash. `screens`, `stores` and `tag` say which are the
    first; without any some are chosen. They run well for `wait_s` before `share_percent` of the
    others follows each night. `now`: the first heed no hours.
    """

    package: Sha
    screens: Annotated[list[Id], Field(max_length=MAX_PILOTS)] = []
    stores: Annotated[list[Id], Field(max_length=MAX_PILOTS)] = []
    tag: Annotated[str, Field(max_length=40)] = ""
    wait_s: Annotated[int, Field(ge=0, le=WAIT_S)] | None = None
    share_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    now: bool = False


class RolloutEdit(Shape):
    """pause, resume; now: heed no hours for a while; rest: wait no longer; give_up: tell nobody
    more; back: bring the version before to all that have this one, as a rollout of its own.
    """

    to: Step


class RolloutShape(Shape):
    """A rollout. Its states: pilots (the first are told), waiting (they are watched), rest (the
    others follow), done, over (given up, or taken back). `held`: it stands still, paused by a
    person or halted by itself (`why`, at `at_screen`). `next_at` is what comes next.
    """

    id: str
    version: str
    package: str
    state: State
    held: Held
    why: str
    at_screen: str
    phase_at: Ms
    wait_s: int
    share_percent: int
    now_until: Ms
    back: bool
    started_at: Ms
    started_by: str
    ended_at: Ms | None
    ended_by: str
    edition: Version


class RolloutList(Shape):
    """The latest rollouts, newest first."""

    items: list[RolloutShape]


class ProgressShape(Shape):
    """A screen of a rollout: how it stands since when, what its device said, what harm was done,
    the version that it reports, when it was heard (0: never), when it is told at the earliest.
    """

    screen: str
    store: str
    wave: int
    stage: Stage
    since: Ms
    said: str
    fault: Fault
    excused: bool
    version: str
    heard_at: Ms
    next_at: Ms | None


class ProgressQuery(Shape):
    """Which screens; `page` counts from 0."""

    page: Annotated[int, Field(strict=False, ge=0, le=100_000)] = 0


class ProgressPage(Shape):
    """How many have it, how many had their turn, of how many; some of the screens, those with
    faults first; what comes next (null: nothing).
    """

    has: int
    told: int
    all: int
    next_at: Ms | None
    screens: list[ProgressShape]
    more: bool


@blueprint.get("/updates")
@operation("devices", UpdatesShape)
def get_updates(call: Call) -> Done:
    """Which versions of the player run where, and which could."""
    found = rollout_views.updates(call.ctx, call.actor)
    return Done(
        {
            "own": asdict(found.own) if found.own else None,
            "behind": found.behind,
            "running": [asdict(one) for one in found.running],
            "kept": [asdict(one) for one in found.kept],
            "current": found.current.id if found.current else None,
        }
    )


@blueprint.get("/rollouts")
@operation("devices", RolloutList)
def list_rollouts(call: Call) -> Done:
    """List the latest rollouts of the player."""
    found = rollout_views.listing(call.ctx, call.actor)
    return Done({"items": [_rollout(one) for one in found]})


@blueprint.post("/rollouts")
@operation("devices", RolloutShape, status=201, body=RolloutNew, creates=True, versioned=True)
def create_rollout(call: Call, body: RolloutNew) -> Done:
    """Roll a version of the player out: to some screens first, at night."""
    wish = Wish(
        body.package,
        body.screens,
        body.stores,
        body.tag,
        body.wait_s,
        body.share_percent,
        body.now,
    )
    made = rollouts.start(call.ctx, call.actor, wish)
    return _done(call, made, located("rollouts", made))


@blueprint.get("/rollouts/<rollout_id>")
@operation("devices", RolloutShape, versioned=True, errors=(404,))
def get_rollout(call: Call, rollout_id: str) -> Done:
    """One rollout."""
    return _done(call, rollout_id)


@blueprint.patch("/rollouts/<rollout_id>")
@operation("devices", RolloutShape, body=RolloutEdit, edits=True, versioned=True)
def change_rollout(call: Call, rollout_id: str, body: RolloutEdit, if_version: int | None) -> Done:
    """Have a rollout stand still, go on, hurry, end, or be taken back; the one that counts then."""
    return _done(call, rollouts.change(call.ctx, call.actor, rollout_id, body.to, if_version))


@blueprint.get("/rollouts/<rollout_id>/screens")
@operation("devices", ProgressPage, query=ProgressQuery, errors=(404,))
def list_rollout_screens(call: Call, rollout_id: str, query: ProgressQuery) -> Done:
    """How each screen fares in a rollout."""
    found = rollout_views.get_rollout(call.ctx, call.actor, rollout_id)
    begin = query.page * ROWS
    return Done(
        {
            "has": found.has,
            "told": found.told,
            "all": len(found.screens),
            "next_at": found.next_at,
            "screens": [_screen(one) for one in found.screens[begin : begin + ROWS]],
            "more": len(found.screens) > begin + ROWS,
        }
    )


def _done(call: Call, rollout: str, location: str = "") -> Done:
    found = rollout_views.get_rollout(call.ctx, call.actor, rollout)
    return Done(_rollout(found), found.edition, location)


def _rollout(found: Rollout) -> Mapping[str, Any]:
    course = found.course
    return {
        "id": found.id,
        "version": found.version,
        "package": found.sha256,
        "state": course.state,
        "held": course.held,
        "why": course.why,
        "at_screen": course.at_screen,
        "phase_at": course.phase_at,
        "wait_s": course.wait_ms // 1_000,
        "share_percent": found.share_percent,
        "now_until": course.now_until,
        "back": found.back,
        "started_at": found.started_at,
        "started_by": found.started_by,
        "ended_at": found.ended_at,
        "ended_by": found.ended_by,
        "edition": found.edition,
    }


def _screen(one: ScreenProgress) -> Mapping[str, Any]:
    return {name: getattr(one, name) for name in ProgressShape.model_fields}
