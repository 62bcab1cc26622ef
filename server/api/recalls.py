"""Prices that a person withdrew: /api/v1/recalls, and which screens have heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from server.api.kit import Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, PageQuery, Shape
from server.services.base.paging import Cut
from server.services.recalls import hearing, recalls
from server.services.recalls.recalls import Recall

blueprint = resource("recalls")


class RecallNew(Shape):
    """A SKU whose price no screen shows any more; in `stores`, or in all that are yours."""

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    stores: Annotated[list[Id], Field(min_length=1, max_length=recalls.MAX_STORES)] | None = None
    note: Annotated[str, Field(max_length=recalls.MAX_NOTE_CHARACTERS)] = ""


class RecallShape(Shape):
    """A recall; `stores` null: everywhere, later stores too. `lifted_at` null: in force."""

    id: str
    sku: str
    stores: list[str] | None
    note: str
    at: Ms
    by: str
    lifted_at: Ms | None
    lifted_by: str


class RecallPage(Shape):
    """Some recalls."""

    items: list[RecallShape]
    next: str


class RecallQuery(PageQuery):
    """Which recalls."""

    state: Literal["in_force", "lifted"] = "in_force"
    sku: Annotated[str, Field(max_length=64)] = ""


class HeardQuery(Shape):
    """Which screens; `page` counts from 0."""

    heard: Literal["away", "coming", "over", "confirmed"] | None = None
    page: Annotated[int, Field(strict=False, ge=0, le=100_000)] = 0


class HeardShape(Shape):
    """A screen. away: out of reach; it may show the price until `until` (unix ms) at most. coming:
    connected, and has not confirmed yet. over: out of reach, and can show it no more. confirmed:
    its report holds the recall. `seen_at` is its last word.
    """

    screen: str
    store: str
    heard: Literal["away", "coming", "over", "confirmed"]
    until: Ms
    seen_at: Ms | None


class CountsHeard(Shape):
    """How many screens of each kind."""

    away: int
    coming: int
    over: int
    confirmed: int


class HearingShape(Shape):
    """How far a recall has come; `until` is when the last screen out of reach may show the price at
    most, 0 where none may.
    """

    counts: CountsHeard
    until: Ms
    screens: list[HeardShape]
    more: bool


@blueprint.get("/recalls")
@operation("recalls", RecallPage, query=RecallQuery)
def list_recalls(call: Call, query: RecallQuery) -> Done:
    """List recalls that are in force, or were lifted; newest first."""
    cut = Cut(query.after, query.limit)
    lifted = query.state == "lifted"
    page = recalls.list_recalls(call.ctx, call.actor, lifted=lifted, sku=query.sku, cut=cut)
    return Done({"items": [_shown(one) for one in page.items], "next": page.next})


@blueprint.post("/recalls")
@operation("recalls", RecallShape, status=201, body=RecallNew, creates=True, errors=(404,))
def create_recall(call: Call, body: RecallNew) -> Done:
    """Withdraw a price at once. No later word of the shop brings it back; lifting does. Asked for
    again, it is the same recall.
    """
    made = recalls.recall(call.ctx, call.actor, body.sku, body.stores, body.note)
    return Done(_shown(made), location=located("recalls", made.id))


@blueprint.get("/recalls/<recall_id>")
@operation("recalls", RecallShape, errors=(404,))
def get_recall(call: Call, recall_id: str) -> Done:
    """One recall."""
    return Done(_shown(recalls.get_recall(call.ctx, call.actor, recall_id)))


@blueprint.delete("/recalls/<recall_id>")
@operation("recalls", RecallShape, errors=(404,))
def lift_recall(call: Call, recall_id: str) -> Done:
    """Give the price back as the shop says it by now. Whoever recalled it may, and who settles
    prices in all of its stores.
    """
    return Done(_shown(recalls.lift(call.ctx, call.actor, recall_id)))


@blueprint.get("/recalls/<recall_id>/screens")
@operation("recalls", HearingShape, query=HeardQuery, errors=(404,))
def hear_recall(call: Call, recall_id: str, query: HeardQuery) -> Done:
    """Which screens have confirmed, which not, and until when those may still show the price."""
    found = hearing.hearing(call.ctx, call.actor, recall_id, query.heard, query.page)
    screens = [
        {
            "screen": one.screen,
            "store": one.store,
            "heard": one.heard,
            "until": one.until,
            "seen_at": one.seen_at,
        }
        for one in found.screens
    ]
    body = {"counts": dict(found.counts), "until": found.until, "screens": screens}
    return Done({**body, "more": found.more})


def _shown(found: Recall) -> Mapping[str, Any]:
    return {
        "id": found.id,
        "sku": found.sku,
        "stores": None if found.stores is None else list(found.stores),
        "note": found.note,
        "at": found.at_ms,
        "by": found.by,
        "lifted_at": found.lifted_at,
        "lifted_by": found.lifted_by,
    }
