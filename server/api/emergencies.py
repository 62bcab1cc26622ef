"""Emergencies: /api/v1/emergencies."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from playlists.model import Emergency
from playlists.model_json import emergency_from_json, emergency_to_json
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, PageQuery, Shape, Version, given
from server.api.wish_shapes import TargetShape
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.wishes import overrides

blueprint = resource("emergencies")


class EmergencyEdit(Shape):
    """A message that beats everything on its target until its end."""

    playlist: Id
    target: TargetShape = TargetShape()
    from_: Annotated[Ms, Field(alias="from")]
    until: Ms


class EmergencyNew(EmergencyEdit):
    """An emergency to put out."""

    id: Id | None = None


class EmergencyShape(EmergencyEdit):
    """An emergency."""

    id: Id
    edited_at: Ms
    version: Version


class EmergencyPage(Shape):
    """Some emergencies."""

    items: list[EmergencyShape]
    next: str


@blueprint.get("/emergencies")
@operation("emergencies", EmergencyPage, query=PageQuery)
def list_emergencies(call: Call, query: PageQuery) -> Done:
    """List the emergencies that concern your stores and are not over."""
    page = overrides.list_emergencies(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/emergencies")
@operation(
    "emergencies", EmergencyShape, status=201, body=EmergencyNew, creates=True, errors=(404,)
)
def create_emergency(call: Call, body: EmergencyNew) -> Done:
    """Put a message over everything on its target, at once."""
    wish = _wish(body, body.id or new_id("emergency"))
    made = overrides.create_emergency(call.ctx, call.actor, wish)
    return Done(_body(made), made.version, located("emergencies", made.value.id))


@blueprint.get("/emergencies/<emergency_id>")
@operation("emergencies", EmergencyShape, versioned=True, errors=(404,))
def get_emergency(call: Call, emergency_id: str) -> Done:
    """One emergency."""
    found = overrides.get_emergency(call.ctx, call.actor, emergency_id)
    return Done(_body(found), found.version)


@blueprint.put("/emergencies/<emergency_id>")
@operation("emergencies", EmergencyShape, body=EmergencyEdit, edits=True, versioned=True)
def update_emergency(
    call: Call, emergency_id: str, body: EmergencyEdit, if_version: int | None
) -> Done:
    """Replace an emergency."""
    wish = _wish(body, emergency_id)
    made = overrides.update_emergency(call.ctx, call.actor, wish, if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/emergencies/<emergency_id>")
@operation("emergencies", status=204, edits=True)
def end_emergency(call: Call, emergency_id: str, if_version: int | None) -> Done:
    """End an emergency now."""
    overrides.end_emergency(call.ctx, call.actor, emergency_id, if_version)
    return NOTHING


def _wish(body: EmergencyEdit, emergency_id: str) -> Emergency:
    return emergency_from_json({**given(body), "id": emergency_id})


def _body(emergency: Versioned[Emergency]) -> dict[str, Any]:
    value = emergency.value
    body = {"target": {}, **emergency_to_json(value)}
    return {**body, "edited_at": value.edited_at, "version": emergency.version}
