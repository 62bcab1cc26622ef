"""Rehearsals of drafts, and their releases: /api/v1/rehearsals, /api/v1/releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field

from server.api.kit import Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Shape
from server.services.drafting import releases
from server.services.drafting.drafts import Kind
from server.services.drafting.release_rows import Part, Release
from server.services.drafting.releases import MAX_PARTS, When
from server.services.rehearsing import rehearsals
from server.services.rehearsing.proving import prove
from server.services.rehearsing.rehearsals import Rehearsal

blueprint = resource("releases")

WAIT_S = 1.0
"""A rehearsal that takes longer is answered as it is, still running."""
Text = Annotated[str, Field(max_length=4_000)]
Names = list[Annotated[str, Field(max_length=64)]]


class DraftName(Shape):
    """A draft of a playlist or campaign."""

    kind: Kind
    id: Id


Drafts = Annotated[list[DraftName], Field(min_length=1, max_length=MAX_PARTS)]


class RehearsalNew(Shape):
    """Which drafts to rehearse together."""

    drafts: Drafts


class MoveShape(Shape):
    """What becomes of an item: seconds a day on screen, before and after; `rewritten`: its card is
    another one.
    """

    layer: str
    source: str
    item: str
    before_s: int
    after_s: int
    rewritten: bool


class GroupShape(Shape):
    """Screens that change alike from `local`, by their stores' clocks; `first_ms` is that of
    `example`, where it is plain to see at `seen_ms`. `size` counts them where not all are named.
    """

    local: str
    first_ms: Ms
    seen_ms: Ms
    example: str
    zone: str
    moves: list[MoveShape]
    screens: Names
    size: int
    stores: Names
    days: int


class NeverShape(Shape):
    """An item without airtime in the whole window, and the one rule that rules it out."""

    source: str
    item: str
    rule: str
    detail: dict[str, Any]


class PriceShape(Shape):
    """no_price: it plays price-free there. no_prior: the ledger proves no prior price."""

    sku: str
    fault: Literal["no_price", "no_prior"]
    stores: Names


class FileShape(Shape):
    """A file that is missing, lacks a form, or is hard to play."""

    sha: str
    name: str
    fault: str


class HeldShape(Shape):
    """A store (empty: all) whose screens are held by hand or by an emergency, until then."""

    store: str
    kind: str
    until: Ms


class FoundShape(Shape):
    """What would change, were the drafts put on air at `at`."""

    at: Ms
    screens: int
    stores: int
    changed: int
    changed_stores: int
    days: int
    groups: list[GroupShape]
    more_groups: int
    never: list[NeverShape]
    prices: list[PriceShape]
    files: list[FileShape]
    held: list[HeldShape]
    locked: int


class RehearsalShape(Shape):
    """A rehearsal: `done` of `total` stores are reckoned; `found` is there once it is done."""

    id: str
    state: Literal["running", "done", "failed"]
    drafts: list[DraftName]
    done: int
    total: int
    found: FoundShape | None
    note: Text
    created_at: Ms
    created_by: str


class ReleaseNew(Shape):
    """Which drafts to bring on air: `stores` to begin in (null: all of them), at an instant `at`,
    or when each store's clock shows `local`; at once without either. `rehearsal`: the one whose
    predictions are to be held against what plays.
    """

    drafts: Drafts
    stores: Annotated[list[Id], Field(max_length=2_000)] | None = None
    at: Ms | None = None
    local: Annotated[str, Field(max_length=19, description="YYYY-MM-DDTHH:MM")] | None = None
    rehearsal: Annotated[str, Field(max_length=64)] | None = None


class ReleaseEdit(Shape):
    """all: bring what is on trial, or waits, to all stores now. back: have everything play as
    before; what waits is cancelled.
    """

    to: Literal["all", "back"]


class PartShape(DraftName):
    """A draft of a release; `version` is what it became for all stores, 0 until then."""

    id: str
    name: str
    version: int


class ReleaseShape(Shape):
    """A release. Its states: waiting, rolling (some stores' clocks are ahead), pilot, done, back,
    cancelled, refused (`note` says why), over (a later one took its place).
    """

    id: str
    state: Literal["waiting", "rolling", "pilot", "done", "back", "cancelled", "refused", "over"]
    parts: list[PartShape]
    stores: Names | None
    at: Ms | None
    local: str
    next_at: Ms | None
    rehearsal: str
    note: Text
    created_at: Ms
    created_by: str
    done_at: Ms | None
    ended_at: Ms | None
    ended_by: str


class ReleaseList(Shape):
    """The latest releases, newest first."""

    items: list[ReleaseShape]


class DiffersShape(Shape):
    """A screen that played something else than foreseen, and why."""

    screen: str
    at: Ms
    why: str
    subject: str


class ProofShape(Shape):
    """Of `screens` foreseen, so many played as predicted by their play records; `waiting` have told
    of none of the foreseen instants yet.
    """

    screens: int
    as_predicted: int
    waiting: int
    differing: list[DiffersShape]


@blueprint.post("/rehearsals")
@operation("releases", RehearsalShape, body=RehearsalNew, errors=(404,))
def rehearse(call: Call, body: RehearsalNew) -> Done:
    """Find out what drafts would change. A long one goes on; ask for it again."""
    made = rehearsals.begin(call.ctx, call.actor, _subjects(body.drafts))
    rehearsals.background.start(call.ctx, call.actor, made.id, WAIT_S)
    found = rehearsals.get(call.ctx, call.actor, made.id)
    return Done(_rehearsal(found))


@blueprint.get("/rehearsals/<rehearsal_id>")
@operation("releases", RehearsalShape, errors=(404,))
def get_rehearsal(call: Call, rehearsal_id: str) -> Done:
    """One rehearsal."""
    return Done(_rehearsal(rehearsals.get(call.ctx, call.actor, rehearsal_id)))


@blueprint.get("/releases")
@operation("releases", ReleaseList)
def list_releases(call: Call) -> Done:
    """The latest releases."""
    return Done({"items": [_release(one) for one in releases.listing(call.ctx, call.actor)]})


@blueprint.post("/releases")
@operation(
    "releases", ReleaseShape, status=201, body=ReleaseNew, creates=True, errors=(404, 409, 412)
)
def create_release(call: Call, body: ReleaseNew) -> Done:
    """Bring drafts on air: in all stores or in some, at once or at a time."""
    made = releases.release(
        call.ctx,
        call.actor,
        _subjects(body.drafts),
        stores=body.stores,
        when=When(body.at, body.local or ""),
        rehearsal=body.rehearsal or "",
    )
    return Done(_release(made), location=located("releases", made.id))


@blueprint.get("/releases/<release_id>")
@operation("releases", ReleaseShape, errors=(404,))
def get_release(call: Call, release_id: str) -> Done:
    """One release."""
    return Done(_release(releases.get(call.ctx, call.actor, release_id)))


@blueprint.patch("/releases/<release_id>")
@operation("releases", ReleaseShape, body=ReleaseEdit, errors=(404, 409, 412))
def change_release(call: Call, release_id: str, body: ReleaseEdit) -> Done:
    """Bring a release to all stores, or take it back."""
    act = releases.to_all if body.to == "all" else releases.take_back
    return Done(_release(act(call.ctx, call.actor, release_id)))


@blueprint.get("/releases/<release_id>/proof")
@operation("releases", ProofShape, errors=(404,))
def prove_release(call: Call, release_id: str) -> Done:
    """How what was foreseen of a release compares with what screens say they played; all zero
    where nothing was foreseen or it is not on air.
    """
    found = prove(call.ctx, call.actor, release_id)
    if found is None:
        return Done({"screens": 0, "as_predicted": 0, "waiting": 0, "differing": []})
    return Done({**asdict(found), "differing": [asdict(one) for one in found.differing]})


def _subjects(drafts: Sequence[DraftName]) -> list[tuple[Kind, str]]:
    return [(one.kind, one.id) for one in drafts]


def _named(part: Part) -> dict[str, Any]:
    return {"kind": part.kind, "id": part.id}


def _rehearsal(found: Rehearsal) -> Mapping[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "drafts": [_named(part) for part in found.parts],
        "done": found.done,
        "total": found.total,
        "found": found.found.to_json() if found.found is not None else None,
        "note": found.note,
        "created_at": found.created_at,
        "created_by": found.created_by,
    }


def _release(found: Release) -> Mapping[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "parts": [
            {**_named(part), "name": part.name, "version": part.version} for part in found.parts
        ],
        "stores": None if found.stores is None else list(found.stores),
        "at": found.at_ms,
        "local": found.local,
        "next_at": found.next_at,
        "rehearsal": found.rehearsal,
        "note": found.note,
        "created_at": found.created_at,
        "created_by": found.created_by,
        "done_at": found.done_at,
        "ended_at": found.ended_at,
        "ended_by": found.ended_by,
    }
