"""Batches that were held whole because too much of them was suspect: /api/v1/batches, and a
person's word on them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from server.api.kit import Call, Done, operation, resource
from server.api.shapes import PageQuery, Shape
from server.services import connectors
from server.services.base.paging import Cut
from server.services.prices import held

blueprint = resource("batches")


class CountsShape(Shape):
    """Rows that the batch reported, SKUs that were known (of a whole listing: all), suspect rows,
    known SKUs that a whole listing no longer names, and prices it would change.
    """

    reported: int
    known: int
    suspect: int
    gone: int
    changed: int
    believable: int = 0


class DifferenceShape(Shape):
    """A price that the batch would change: minor units in force before (of `old_currency`) and
    after (of `currency`), null for none. `why` it is suspect, empty where it is not; `store` where
    the price is that store's own.
    """

    sku: str
    store: str
    currency: str
    old: int | None
    new: int | None
    why: str
    old_currency: str = ""


class BatchShape(Shape):
    """A batch that was held; `examples` are some of its prices, suspect ones first. Unix ms.
    `detail`: what was wrong with an answer that could not be read. `passed`: nobody had to decide,
    the source said something better.
    """

    id: str
    connector: str
    reason: str
    counts: CountsShape
    examples: list[DifferenceShape]
    received_at: int
    settled_at: int | None
    settled: Literal["", "accepted", "rejected", "passed"]
    detail: str


class BatchPage(Shape):
    """Some batches."""

    items: list[BatchShape]
    next: str


class BatchQuery(PageQuery):
    """Which batches."""

    state: Annotated[
        Literal["held", "settled", "all"], Field(description="Those that wait for a person: held.")
    ] = "held"
    connector: Annotated[str, Field(max_length=64)] = ""


class BatchSettlement(Shape):
    """A person's word on a held batch: accepted, what its source says next is believed as it
    stands.
    """

    batch: Annotated[str, Field(min_length=1, max_length=64)]
    accept: bool


class BatchSettled(Shape):
    """What was decided."""

    batch: str
    settled: Literal["accepted", "rejected"]


@blueprint.get("/batches")
@operation("connectors", BatchPage, query=BatchQuery)
def list_batches(call: Call, query: BatchQuery) -> Done:
    """List held batches, newest first, with what they would change. They concern the whole
    chain.
    """
    cut = Cut(query.after, query.limit)
    page = held.list_batches(call.ctx, call.actor, query.state, query.connector, cut)
    items = [{**asdict(one), "examples": list(one.examples)} for one in page.items]
    return Done({"items": items, "next": page.next})


@blueprint.post("/settlements/batches")
@operation(
    "connectors", BatchSettled, status=201, body=BatchSettlement, creates=True, errors=(404,)
)
def settle_batch(call: Call, body: BatchSettlement) -> Done:
    """Decide on a batch that was held because too much of it was suspect."""
    connectors.settle_batch(call.ctx, call.actor, body.batch, body.accept)
    return Done({"batch": body.batch, "settled": "accepted" if body.accept else "rejected"})
