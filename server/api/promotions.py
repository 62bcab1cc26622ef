"""Promotions, items bound to products: /api/v1/promotions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from playlists.model import Item
from playlists.model_json import item_from_json, item_to_json
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, PageQuery, Shape, Version, given
from server.api.wish_shapes import CardShape, ConditionShape, ScheduleShape
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.wishes import promotions
from server.services.wishes.promotions import Promotion

blueprint = resource("promotions")


class PromotionEdit(Shape):
    """A card that shows products. Prices, reductions and their ends come from the shop; none is
    typed.
    """

    title: Annotated[str, Field(max_length=200)] = ""
    card: CardShape
    duration_ms: Annotated[int, Field(ge=1_000, le=1_800_000)] = 10_000
    schedule: ScheduleShape | None = None
    condition: ConditionShape | None = None
    fallback: CardShape | None = None


class PromotionNew(PromotionEdit):
    """A promotion to add at the end of a playlist."""

    playlist: Id
    id: Id | None = None


class PromotionShape(PromotionEdit):
    """A promotion; its version is its playlist's."""

    playlist: Id
    id: Id
    version: Version


class PromotionPage(Shape):
    """Some promotions."""

    items: list[PromotionShape]
    next: str


class PromotionQuery(PageQuery):
    """Which promotions; `limit` counts their playlists."""

    sku: Annotated[str, Field(max_length=64)] = ""


@blueprint.get("/promotions")
@operation("promotions", PromotionPage, query=PromotionQuery)
def list_promotions(call: Call, query: PromotionQuery) -> Done:
    """List the promotions that you may see, of one SKU where given."""
    cut = Cut(query.after, query.limit)
    page = promotions.list_promotions(call.ctx, call.actor, cut, sku=query.sku)
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/promotions")
@operation("promotions", PromotionShape, status=201, body=PromotionNew, creates=True, errors=(404,))
def create_promotion(call: Call, body: PromotionNew) -> Done:
    """Add a promotion to a playlist. Texts that name a price or a percentage are refused."""
    item = _item(body, body.id or new_id(body.title))
    made = promotions.create_promotion(call.ctx, call.actor, body.playlist, item)
    return Done(_body(made), made.version, located("promotions", body.playlist, item.id))


@blueprint.get("/promotions/<playlist_id>/<item_id>")
@operation("promotions", PromotionShape, versioned=True, errors=(404,))
def get_promotion(call: Call, playlist_id: str, item_id: str) -> Done:
    """One promotion."""
    found = promotions.get_promotion(call.ctx, call.actor, playlist_id, item_id)
    return Done(_body(found), found.version)


@blueprint.put("/promotions/<playlist_id>/<item_id>")
@operation("promotions", PromotionShape, body=PromotionEdit, edits=True, versioned=True)
def update_promotion(
    call: Call, playlist_id: str, item_id: str, body: PromotionEdit, if_version: int | None
) -> Done:
    """Replace a promotion."""
    item = _item(body, item_id)
    made = promotions.update_promotion(call.ctx, call.actor, playlist_id, item, if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/promotions/<playlist_id>/<item_id>")
@operation("promotions", status=204, edits=True)
def delete_promotion(call: Call, playlist_id: str, item_id: str, if_version: int | None) -> Done:
    """Take a promotion out of its playlist."""
    promotions.delete_promotion(call.ctx, call.actor, playlist_id, item_id, if_version)
    return NOTHING


def _item(body: PromotionEdit, item_id: str) -> Item:
    members = given(body)
    members.pop("playlist", None)
    card = members.pop("card")
    return item_from_json({**members, "content": {"card": card}, "id": item_id})


def _body(promotion: Versioned[Promotion]) -> dict[str, Any]:
    item = item_to_json(promotion.value.item)
    content: Any = item.pop("content")
    return {
        **item,
        "card": content["card"],
        "playlist": promotion.value.playlist,
        "version": promotion.version,
    }
