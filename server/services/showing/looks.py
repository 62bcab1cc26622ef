"""What a wish looks like in a list: the sky of a card, and a picture of its goods."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import Sha256
from playlists.model import Card, Item
from server.db.models import ProductRow
from server.services.base.kept import MAX_IN, batched

_SKIES: Mapping[str, str] = {"price": "price", "service": "tide"}


@dataclass(frozen=True, slots=True)
class Look:
    """A card's sky, and the picture of the first of its goods that has one."""

    sky: str = "mist"
    picture: Sha256 | None = None


def first_card(items: Iterable[Item]) -> Card | None:
    """The first card of a playlist, none where it only holds other playlists."""
    return next((item.content for item in items if isinstance(item.content, Card)), None)


def look_of(card: Card | None, pictured: Mapping[str, Sha256]) -> Look:
    """How a card looks; `pictured` are the shop's own pictures by SKU, for goods without one."""
    if card is None:
        return Look()
    pictures = (good.picture or pictured.get(str(good.sku)) for good in card.goods)
    sky = str(card.params.get("sky") or _SKIES.get(card.template, "mist"))
    return Look(sky, next(filter(None, pictures), None))


def shop_pictures(session: Session, skus: Collection[str]) -> dict[str, Sha256]:
    """The shop's own pictures of products: cards without one show those."""
    found: dict[str, Sha256] = {}
    for some in batched(sorted(skus), MAX_IN):
        rows = select(ProductRow.sku, ProductRow.picture_sha).where(
            ProductRow.sku.in_(some), ProductRow.picture_sha.is_not(None)
        )
        found |= {sku: Sha256(sha) for sku, sha in session.execute(rows) if sha}
    return found
