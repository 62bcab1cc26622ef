"""Proof of play: /api/v1/plays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from server.api.kit import Call, Done, operation, resource
from server.api.shapes import MAX_MS, PageQuery, Shape
from server.services.base.paging import Cut
from server.services.screens import plays

blueprint = resource("plays")


class RunShape(Shape):
    """A run of one card in a zone, chained by its hash to the run before; `body` as the screen said
    it. `chain` counts the chains that the screen's devices wrote: each has its own numbers.
    """

    chain: int
    seq: int
    hash: str
    prev: str
    zone: str
    from_ms: int
    until_ms: int
    received_at: int
    body: dict[str, Any]


class RunPage(Shape):
    """Some runs, newest first."""

    items: list[RunShape]
    next: str


class RunQuery(PageQuery):
    """Which runs: those of a screen that touch `[from_ms, until_ms)`."""

    screen: Annotated[str, Field(max_length=64)]
    from_ms: Annotated[int, Field(ge=0, le=MAX_MS)] = 0
    until_ms: Annotated[int, Field(ge=0, le=MAX_MS)] | None = None


@blueprint.get("/plays")
@operation("plays", RunPage, query=RunQuery, errors=(404,))
def list_runs(call: Call, query: RunQuery) -> Done:
    """List what a screen proved that it played."""
    page = plays.list_runs(
        call.ctx,
        call.actor,
        query.screen,
        Cut(query.after, query.limit),
        from_ms=query.from_ms,
        until_ms=query.until_ms,
    )
    return Done({"items": [asdict(one) for one in page.items], "next": page.next})
