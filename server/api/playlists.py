"""Playlists: /api/v1/playlists."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from playlists.model import Playlist
from playlists.model_json import playlist_from_json, playlist_to_json
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Name, PageQuery, Shape, Version, given
from server.api.wish_shapes import ItemShape
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.wishes import content

blueprint = resource("playlists")


class PlaylistEdit(Shape):
    """A playlist as a person writes it."""

    name: Name
    items: Annotated[list[ItemShape], Field(max_length=500)] = []


class PlaylistNew(PlaylistEdit):
    """A playlist to make; the id is made from its name where it is left out."""

    id: Id | None = None


class PlaylistShape(PlaylistEdit):
    """A playlist."""

    id: Id
    edited_at: Ms
    version: Version


class PlaylistPage(Shape):
    """Some playlists."""

    items: list[PlaylistShape]
    next: str


@blueprint.get("/playlists")
@operation("playlists", PlaylistPage, query=PageQuery)
def list_playlists(call: Call, query: PageQuery) -> Done:
    """List the playlists that play in your stores, and those that you made."""
    page = content.list_playlists(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/playlists")
@operation("playlists", PlaylistShape, status=201, body=PlaylistNew, creates=True)
def create_playlist(call: Call, body: PlaylistNew) -> Done:
    """Make a playlist. Texts that name a price or a percentage are refused."""
    made = content.create_playlist(call.ctx, call.actor, _wish(body, body.id or new_id(body.name)))
    return Done(_body(made), made.version, located("playlists", made.value.id))


@blueprint.get("/playlists/<playlist_id>")
@operation("playlists", PlaylistShape, versioned=True, errors=(404,))
def get_playlist(call: Call, playlist_id: str) -> Done:
    """One playlist."""
    found = content.get_playlist(call.ctx, call.actor, playlist_id)
    return Done(_body(found), found.version)


@blueprint.put("/playlists/<playlist_id>")
@operation("playlists", PlaylistShape, body=PlaylistEdit, edits=True, versioned=True)
def update_playlist(
    call: Call, playlist_id: str, body: PlaylistEdit, if_version: int | None
) -> Done:
    """Replace a playlist."""
    wish = _wish(body, playlist_id)
    made = content.update_playlist(call.ctx, call.actor, wish, if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/playlists/<playlist_id>")
@operation("playlists", status=204, edits=True)
def delete_playlist(call: Call, playlist_id: str, if_version: int | None) -> Done:
    """Delete a playlist that nothing uses."""
    content.delete_playlist(call.ctx, call.actor, playlist_id, if_version)
    return NOTHING


def _wish(body: PlaylistEdit, playlist_id: str) -> Playlist:
    return playlist_from_json({**given(body), "id": playlist_id})


def _body(playlist: Versioned[Playlist]) -> dict[str, Any]:
    body = {"items": [], **playlist_to_json(playlist.value)}
    return {**body, "edited_at": playlist.value.edited_at, "version": playlist.version}
