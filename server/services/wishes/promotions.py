"""Promotions: the items of playlists that are bound to products, as a list of their own.

A promotion never holds a price: its card names SKUs, and what they cost, was and save comes with
their offers. Its version is its playlist's, so that two editors of one playlist never lose a
change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from playlists.model import Card, Item, Playlist
from server.errors import BadInput, Conflict
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import StaleEdit, Versioned, missing
from server.services.base.paging import FIRST, Cut, Page
from server.services.wishes import content

TRIES = 5
"""Times that a new promotion is added again where someone edits its playlist at that moment."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One item that shows products, and the playlist that it stands in."""

    playlist: str
    item: Item


def list_promotions(
    ctx: Context, actor: Actor, cut: Cut = FIRST, *, sku: str = ""
) -> Page[Versioned[Promotion]]:
    """The promotions of the playlists that the actor may see, `cut.limit` playlists at a time."""
    page = content.list_playlists(ctx, actor, cut)
    found = [
        Versioned(Promotion(playlist.value.id, item), playlist.version)
        for playlist in page.items
        for item in playlist.value.items
        if (skus := skus_of(item)) and (not sku or sku in skus)
    ]
    return Page(tuple(found), page.next)


def get_promotion(
    ctx: Context, actor: Actor, playlist_id: str, item_id: str
) -> Versioned[Promotion]:
    """One promotion. Raises NotFound."""
    playlist = content.get_playlist(ctx, actor, playlist_id)
    item = playlist.value.items[_place(playlist.value, item_id)]
    return Versioned(Promotion(playlist_id, item), playlist.version)


def create_promotion(
    ctx: Context, actor: Actor, playlist_id: str, item: Item
) -> Versioned[Promotion]:
    """Add a promotion at the end of a playlist. Raises BadInput, NotFound, Forbidden, Conflict."""
    _check_bound(item)
    for attempt in range(TRIES):
        playlist = content.get_playlist(ctx, actor, playlist_id)
        if any(other.id == item.id for other in playlist.value.items):
            raise Conflict(f"This playlist already has an item “{item.id}”.", field="id")
        longer = replace(playlist.value, items=(*playlist.value.items, item))
        try:
            made = content.update_playlist(ctx, actor, longer, playlist.version)
        except StaleEdit:
            if attempt + 1 == TRIES:
                raise
        else:
            return Versioned(Promotion(playlist_id, item), made.version)
    raise AssertionError("TRIES must be positive")


def update_promotion(
    ctx: Context, actor: Actor, playlist_id: str, item: Item, if_version: int | None = None
) -> Versioned[Promotion]:
    """Replace a promotion where it stands. Raises BadInput, NotFound, Forbidden, Stale."""
    _check_bound(item)
    playlist = content.get_playlist(ctx, actor, playlist_id)
    place = _place(playlist.value, item.id)
    items = (*playlist.value.items[:place], item, *playlist.value.items[place + 1 :])
    made = _change(ctx, actor, playlist, items, if_version)
    return Versioned(Promotion(playlist_id, item), made.version)


def delete_promotion(
    ctx: Context, actor: Actor, playlist_id: str, item_id: str, if_version: int | None = None
) -> None:
    """Take a promotion out of its playlist. Raises NotFound, Forbidden, Stale."""
    playlist = content.get_playlist(ctx, actor, playlist_id)
    place = _place(playlist.value, item_id)
    items = (*playlist.value.items[:place], *playlist.value.items[place + 1 :])
    _change(ctx, actor, playlist, items, if_version)


def skus_of(item: Item) -> frozenset[str]:
    """The products that an item is bound to; none where it is no promotion."""
    goods = item.content.goods if isinstance(item.content, Card) else ()
    return frozenset(good.sku for good in goods)


def _change(
    ctx: Context,
    actor: Actor,
    playlist: Versioned[Playlist],
    items: tuple[Item, ...],
    if_version: int | None,
) -> Versioned[Playlist]:
    """Store the new items over the very playlist that was read, whatever `if_version` says."""
    if if_version is not None and if_version != playlist.version:
        raise StaleEdit(playlist.version)
    wish = replace(playlist.value, items=items)
    return content.update_playlist(ctx, actor, wish, playlist.version)


def _place(playlist: Playlist, item_id: str) -> int:
    for place, item in enumerate(playlist.items):
        if item.id == item_id and skus_of(item):
            return place
    raise missing("promotion")


def _check_bound(item: Item) -> None:
    if not skus_of(item):
        message = "A promotion shows products: name at least one by its SKU."
        raise BadInput(message, field="content/card/goods", code="no_product")
