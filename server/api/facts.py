"""Facts: /api/v1/facts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from server.api.kit import Call, Done, operation, resource
from server.api.shapes import Ms, PageQuery, Scalar, Shape
from server.api.wish_shapes import FactName
from server.services.base.paging import Cut
from server.services.observed import world
from server.services.observed.world import FactView

blueprint = resource("facts")


class FactNew(Shape):
    """A fact entered by hand, for a test or where no source is. Without `valid_until` it is an
    observation.
    """

    key: FactName
    value: Scalar
    valid_from: Ms | None = None
    valid_until: Ms | None = None
    life_ms: Annotated[int, Field(ge=1, le=31 * 86_400_000)] | None = None


class FactShape(Shape):
    """A value of a key, who said it, how long ago, and whether it is still believed."""

    key: str
    value: Scalar
    unit: str
    source: str
    valid_from: Ms
    valid_until: Ms | None
    observed_at: Ms
    expires_at: int
    age_ms: int
    stale: bool


class FactPage(Shape):
    """Some facts."""

    items: list[FactShape]
    next: str


class FactQuery(PageQuery):
    """Which facts."""

    store: Annotated[str, Field(max_length=64)] = ""
    kind: Annotated[str, Field(max_length=64)] = ""


@blueprint.get("/facts")
@operation("facts", FactPage, query=FactQuery, errors=(404,))
def list_facts(call: Call, query: FactQuery) -> Done:
    """List what is known of your stores, with its age and its source."""
    cut = Cut(query.after, query.limit)
    page = world.list_facts(call.ctx, call.actor, cut, store=query.store, kind=query.kind)
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/facts")
@operation("facts", FactShape, status=201, body=FactNew, creates=True, errors=(404,))
def put_fact(call: Call, body: FactNew) -> Done:
    """Enter a fact by hand."""
    made = world.put_fact(
        call.ctx,
        call.actor,
        body.key,
        body.value,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        life_ms=body.life_ms,
    )
    return Done(_body(made))


def _body(view: FactView) -> dict[str, Any]:
    fact = view.fact
    return {
        "key": fact.key,
        "value": fact.value,
        "unit": view.unit,
        "source": fact.source,
        "valid_from": fact.valid_from,
        "valid_until": fact.valid_until,
        "observed_at": fact.observed_at,
        "expires_at": fact.expires_at,
        "age_ms": view.age_ms,
        "stale": view.stale,
    }
