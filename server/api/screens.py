"""Screens and their tags: /api/v1/screens, /api/v1/tags."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from playlists.ids import ZoneId
from playlists.model import FULL_SCREEN, ZoneBox
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Name, PageQuery, Shape, Version, Words
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.chain import places
from server.services.chain.place_views import ScreenView
from server.services.chain.place_wishes import ScreenWish

blueprint = resource("screens")

Side = Annotated[int, Field(ge=1, le=16_384, description="Pixels.")]
Part = Annotated[int, Field(ge=0, le=10_000, description="Ten-thousandths of the screen.")]


class ZoneShape(Shape):
    """A zone of a screen; zones lie side by side. A locked one takes no override."""

    id: Id
    x: Part
    y: Part
    w: Annotated[int, Field(ge=1, le=10_000)]
    h: Annotated[int, Field(ge=1, le=10_000)]
    locked: bool = False


class ScreenEdit(Shape):
    """A screen as a person describes it."""

    name: Name
    store: Id
    width: Side = 1920
    height: Side = 1080
    tags: Words = []
    place: Annotated[str, Field(max_length=64, description="Its counting zone in the store.")] = ""
    language: Literal["fr", "en"] = "fr"
    layout: Annotated[
        list[ZoneShape],
        Field(max_length=8, description="The screen's zones; if empty, the one zone “main”."),
    ] = []


class ScreenNew(ScreenEdit):
    """A screen to wish for; the id is made from its name where it is left out."""

    id: Id | None = None


class ScreenShape(ScreenEdit):
    """A screen, and what its device last said."""

    id: Id
    edited_at: Ms
    version: Version
    device: str | None
    held: str
    connected: bool
    seen_at: Ms | None


class ScreenPage(Shape):
    """Some screens."""

    items: list[ScreenShape]
    next: str


class ScreenQuery(PageQuery):
    """Which screens."""

    store: Annotated[str, Field(max_length=64)] = ""
    tag: Annotated[str, Field(max_length=64)] = ""


class TagShape(Shape):
    """A tag, and how many screens bear it."""

    tag: str
    screens: int


class TagList(Shape):
    """Every tag."""

    items: list[TagShape]


@blueprint.get("/screens")
@operation("screens", ScreenPage, query=ScreenQuery, errors=(404,))
def list_screens(call: Call, query: ScreenQuery) -> Done:
    """List the screens that you may see."""
    page = places.list_screens(
        call.ctx, call.actor, Cut(query.after, query.limit), store=query.store, tag=query.tag
    )
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/screens")
@operation("screens", ScreenShape, status=201, body=ScreenNew, creates=True, errors=(404,))
def create_screen(call: Call, body: ScreenNew) -> Done:
    """Wish for a screen; pair its device later."""
    screen_id = body.id or new_id(body.name)
    made = places.create_screen(call.ctx, call.actor, _wish(body), screen_id)
    return Done(_body(made), made.version, located("screens", made.value.id))


@blueprint.get("/screens/<screen_id>")
@operation("screens", ScreenShape, versioned=True, errors=(404,))
def get_screen(call: Call, screen_id: str) -> Done:
    """One screen."""
    found = places.get_screen(call.ctx, call.actor, screen_id)
    return Done(_body(found), found.version)


@blueprint.put("/screens/<screen_id>")
@operation("screens", ScreenShape, body=ScreenEdit, edits=True, versioned=True)
def update_screen(call: Call, screen_id: str, body: ScreenEdit, if_version: int | None) -> Done:
    """Replace what is known of a screen."""
    made = places.update_screen(call.ctx, call.actor, screen_id, _wish(body), if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/screens/<screen_id>")
@operation("screens", status=204, edits=True)
def delete_screen(call: Call, screen_id: str, if_version: int | None) -> Done:
    """Take a screen away that has no proof of play."""
    places.delete_screen(call.ctx, call.actor, screen_id, if_version)
    return NOTHING


@blueprint.get("/tags")
@operation("tags", TagList)
def list_tags(call: Call) -> Done:
    """Every tag of the screens that you may see."""
    counts = places.list_tags(call.ctx, call.actor)
    return Done({"items": [{"tag": tag, "screens": count} for tag, count in counts.items()]})


def _wish(body: ScreenEdit) -> ScreenWish:
    boxes = tuple(
        ZoneBox(ZoneId(box.id), box.x, box.y, box.w, box.h, box.locked) for box in body.layout
    )
    return ScreenWish(
        name=body.name,
        store=body.store,
        width=body.width,
        height=body.height,
        tags=frozenset(body.tags),
        place=body.place,
        language=body.language,
        layout=boxes or FULL_SCREEN,
    )


def _body(screen: Versioned[ScreenView]) -> dict[str, Any]:
    view = screen.value
    return {
        "id": view.id,
        "name": view.name,
        "store": view.store,
        "width": view.width,
        "height": view.height,
        "tags": list(view.tags),
        "place": view.place,
        "language": view.language,
        "layout": [
            {"id": b.id, "x": b.x, "y": b.y, "w": b.w, "h": b.h, "locked": b.locked}
            for b in view.layout
        ],
        "edited_at": view.edited_at,
        "version": screen.version,
        "device": view.device,
        "held": view.held,
        "connected": view.connected,
        "seen_at": view.seen_at,
    }
