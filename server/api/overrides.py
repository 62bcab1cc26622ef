"""A store's overrides: /api/v1/overrides."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from playlists.model import Override
from playlists.model_json import override_from_json, override_to_json
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, PageQuery, Shape, Version, given
from server.api.wish_shapes import Ids
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.wishes import overrides

blueprint = resource("overrides")


class OverrideEdit(Shape):
    """Show a playlist on a store's screens, or pause a campaign or item (`subject`) there, until an
    end.
    """

    store: Id
    kind: Literal["show", "pause"]
    from_: Annotated[Ms, Field(alias="from")]
    until: Ms
    playlist: Id | None = None
    subject: Id | None = None
    screens: Ids = []
    zone: Id = "main"


class OverrideNew(OverrideEdit):
    """An override to make."""

    id: Id | None = None


class OverrideShape(OverrideEdit):
    """An override, and who set it."""

    id: Id
    by: str
    edited_at: Ms
    version: Version


class OverridePage(Shape):
    """Some overrides."""

    items: list[OverrideShape]
    next: str


class OverrideQuery(PageQuery):
    """Which overrides."""

    store: Annotated[str, Field(max_length=64)] = ""


@blueprint.get("/overrides")
@operation("overrides", OverridePage, query=OverrideQuery, errors=(404,))
def list_overrides(call: Call, query: OverrideQuery) -> Done:
    """List the overrides of your stores that are not over."""
    page = overrides.list_overrides(
        call.ctx, call.actor, Cut(query.after, query.limit), store=query.store
    )
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/overrides")
@operation("overrides", OverrideShape, status=201, body=OverrideNew, creates=True, errors=(404,))
def create_override(call: Call, body: OverrideNew) -> Done:
    """Lay a hand on a store's screens."""
    wish = _wish(body, body.id or new_id(f"{body.store} {body.kind}"))
    made = overrides.create_override(call.ctx, call.actor, wish)
    return Done(_body(made), made.version, located("overrides", made.value.id))


@blueprint.get("/overrides/<override_id>")
@operation("overrides", OverrideShape, versioned=True, errors=(404,))
def get_override(call: Call, override_id: str) -> Done:
    """One override."""
    found = overrides.get_override(call.ctx, call.actor, override_id)
    return Done(_body(found), found.version)


@blueprint.put("/overrides/<override_id>")
@operation("overrides", OverrideShape, body=OverrideEdit, edits=True, versioned=True)
def update_override(
    call: Call, override_id: str, body: OverrideEdit, if_version: int | None
) -> Done:
    """Replace an override of the same store."""
    wish = _wish(body, override_id)
    made = overrides.update_override(call.ctx, call.actor, wish, if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/overrides/<override_id>")
@operation("overrides", status=204, edits=True)
def end_override(call: Call, override_id: str, if_version: int | None) -> Done:
    """End an override now."""
    overrides.end_override(call.ctx, call.actor, override_id, if_version)
    return NOTHING


def _wish(body: OverrideEdit, override_id: str) -> Override:
    return override_from_json({**given(body), "id": override_id})


def _body(override: Versioned[Override]) -> dict[str, Any]:
    value = override.value
    return {
        **override_to_json(value),
        "zone": value.zone,
        "by": value.by,
        "edited_at": value.edited_at,
        "version": override.version,
    }
