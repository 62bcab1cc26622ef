"""What playlists look like from outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Face:
    """What a playlist looks like from outside: its name, its first card's template and sky, the
    item to draw, a picture, whether goods with prices stand in it, and which.
    """

    id: str
    name: str
    template: str = ""
    sky: str = ""
    item: str = ""
    picture: str = ""
    priced: bool = False
    goods: tuple[str, ...] = ()


def face_of(name: str, title: str, body: Mapping[str, Any]) -> Face:
    """A playlist's face, from its row."""
    items: Sequence[Mapping[str, Any]] = body.get("items", ())
    cards = [(item["id"], item["content"]["card"]) for item in items if "card" in item["content"]]
    if not cards:
        return Face(name, title)
    item, card = cards[0]
    goods = [good for _, one in cards for good in one.get("goods", ())]
    return Face(
        name,
        title,
        template=str(card.get("template", "")),
        sky=str(card.get("params", {}).get("sky", "")),
        item=item,
        picture=next((str(good["picture"]) for good in goods if good.get("picture")), ""),
        priced=any(one.get("template") == "price" for _, one in cards),
        goods=tuple(dict.fromkeys(str(good["sku"]) for good in goods if good.get("sku"))),
    )
