"""Base playlists: /api/v1/bases, named by whose they are and their zone."""

from __future__ import annotations

from typing import Any, Literal, cast

from playlists.ids import PlaylistId, ZoneId
from playlists.model import Base
from server.api.kit import NOTHING, Call, Done, operation, resource
from server.api.shapes import Id, PageQuery, Shape, Version
from server.services.base.editing import Versioned, missing
from server.services.base.paging import Cut
from server.services.wishes import bases

blueprint = resource("bases")

CHAIN = "-"
"""Stands for the chain's empty owner in an address."""


class BaseEdit(Shape):
    """The playlist that plays when nothing else does."""

    playlist: Id


class BaseShape(Shape):
    """A base playlist: of the chain (`owner` -), a store or a screen, for one zone."""

    scope: Literal["chain", "store", "screen"]
    owner: str
    zone: Id
    playlist: Id | None
    version: Version


class BasePage(Shape):
    """Some base playlists."""

    items: list[BaseShape]
    next: str


@blueprint.get("/bases")
@operation("bases", BasePage, query=PageQuery)
def list_bases(call: Call, query: PageQuery) -> Done:
    """List the base playlists of the chain and of what you may see."""
    page = bases.list_bases(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.get("/bases/<scope>/<owner>/<zone>")
@operation("bases", BaseShape, versioned=True, errors=(404,))
def get_base(call: Call, scope: str, owner: str, zone: str) -> Done:
    """What plays there when nothing else does; `playlist` null where the wider scope's does."""
    named = _base(scope, owner, zone)
    found = bases.get_base(call.ctx, call.actor, named.scope, named.id, named.zone)
    return Done(_body(found), found.version)


@blueprint.put("/bases/<scope>/<owner>/<zone>")
@operation("bases", BaseShape, body=BaseEdit, edits=True, versioned=True)
def set_base(
    call: Call, scope: str, owner: str, zone: str, body: BaseEdit, if_version: int | None
) -> Done:
    """Say what plays there when nothing else does."""
    wish = _base(scope, owner, zone, body.playlist)
    made = bases.set_base(call.ctx, call.actor, wish, if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/bases/<scope>/<owner>/<zone>")
@operation("bases", status=204, edits=True)
def clear_base(call: Call, scope: str, owner: str, zone: str, if_version: int | None) -> Done:
    """Leave it to the base of the wider scope."""
    bases.clear_base(call.ctx, call.actor, _base(scope, owner, zone), if_version)
    return NOTHING


def _base(scope: str, owner: str, zone: str, playlist: str = "") -> Base:
    if scope not in ("chain", "store", "screen"):
        raise missing("base playlist")
    word = cast(Literal["chain", "store", "screen"], scope)
    return Base(word, "" if owner == CHAIN else owner, PlaylistId(playlist), ZoneId(zone))


def _body(base: Versioned[Base]) -> dict[str, Any]:
    value = base.value
    return {
        "scope": value.scope,
        "owner": value.id or CHAIN,
        "zone": value.zone,
        "playlist": value.playlist or None,
        "version": base.version,
    }
