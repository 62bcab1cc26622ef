"""What people call the wishes, items, stores and screens that a rehearsal or release speaks of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.model import Campaign, Card, Item, Playlist
from server.db.models import CampaignRow, PlaylistRow, ScreenRow, StoreRow
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.drafting.airing import read_wish
from server.services.drafting.release_rows import Part
from server.services.showing.shelf import names_of_goods
from server.services.wishes.wish_rows import campaign_of, playlist_of

MAX_DEPTH = 8
"""Playlists within playlists."""


@dataclass(frozen=True, slots=True)
class Names:
    """By id; `items` by (wish, item); `kinds` says what a wish is."""

    wishes: Mapping[str, str]
    kinds: Mapping[str, str]
    items: Mapping[tuple[str, str], str]
    stores: Mapping[str, str]
    screens: Mapping[str, str]
    goods: Mapping[str, str]

    def item(self, source: str, item: str) -> str:
        """What an item of a wish is called."""
        return self.items.get((source, item)) or self.wishes.get(source, source)


def names(
    ctx: Context,
    parts: Sequence[Part],
    sources: Collection[str],
    screens: Collection[str],
    skus: Collection[str],
    language: str,
) -> Names:
    """The names of these, `parts` as their drafts say, in the reader's language."""
    with ctx.db.read() as session:
        campaigns = _campaigns(session, parts, sources)
        wanted = {*sources, *(str(one.playlist) for one in campaigns.values())}
        lists = _playlists(session, parts, wanted)
        stores = dict(session.execute(select(StoreRow.id, StoreRow.name)).all())
        named: dict[str, str] = {}
        for some in batched(sorted(screens), MAX_IN):
            rows = select(ScreenRow.id, ScreenRow.name).where(ScreenRow.id.in_(some))
            named.update(session.execute(rows).all())
    goods = names_of_goods(ctx, {*skus, *_skus(lists.values())}, language)
    items: dict[tuple[str, str], str] = {}
    played = [(name, name) for name in lists]
    played += [(name, str(one.playlist)) for name, one in campaigns.items()]
    for source, playlist in played:
        for item in _unfolded(lists, playlist, MAX_DEPTH):
            items[source, str(item.id)] = _title(item, goods, language)
    wishes = {name: one.name for name, one in lists.items()}
    wishes |= {name: one.name for name, one in campaigns.items()}
    kinds = {**dict.fromkeys(lists, "playlist"), **dict.fromkeys(campaigns, "campaign")}
    return Names(wishes, kinds, items, stores, named, goods)


def stores_of(ctx: Context, screens: Collection[str]) -> dict[str, str]:
    """The store of each of these screens."""
    found: dict[str, str] = {}
    with ctx.db.read() as session:
        for some in batched(sorted(screens), MAX_IN):
            rows = select(ScreenRow.id, ScreenRow.store_id).where(ScreenRow.id.in_(some))
            found.update(session.execute(rows).all())
    return found


def _campaigns(
    session: Session, parts: Sequence[Part], sources: Collection[str]
) -> dict[str, Campaign]:
    found: dict[str, Campaign] = {}
    for some in batched(sorted(sources), MAX_IN):
        for row in session.scalars(select(CampaignRow).where(CampaignRow.id.in_(some))):
            found[row.id] = campaign_of(row)
    for part in parts:
        wish = read_wish(part.kind, part.body)
        if isinstance(wish, Campaign):
            found[part.id] = wish
    return found


def _playlists(
    session: Session, parts: Sequence[Part], wanted: Collection[str]
) -> dict[str, Playlist]:
    """Those, and what stands inside them."""
    written = [read_wish(part.kind, part.body) for part in parts if part.kind == "playlist"]
    found = {str(one.id): one for one in written if isinstance(one, Playlist)}
    left = {*wanted, *_inside(found.values())} - found.keys()
    for _ in range(MAX_DEPTH):
        for some in batched(sorted(left), MAX_IN):
            for row in session.scalars(select(PlaylistRow).where(PlaylistRow.id.in_(some))):
                found[row.id] = playlist_of(row)
        left = _inside(found.values()) - found.keys() - left
        if not left:
            break
    return found


def _inside(lists: Collection[Playlist]) -> set[str]:
    inner = (i.content for one in lists for i in one.items if not isinstance(i.content, Card))
    return {str(name) for name in inner}


def _unfolded(lists: Mapping[str, Playlist], name: str, depth: int) -> list[Item]:
    found: list[Item] = []
    playlist = lists.get(name)
    for item in playlist.items if playlist is not None and depth else ():
        if isinstance(item.content, Card):
            found.append(item)
        else:
            found += _unfolded(lists, item.content, depth - 1)
    return found


def _skus(lists: Collection[Playlist]) -> set[str]:
    cards = (i.content for one in lists for i in one.items if isinstance(i.content, Card))
    return {str(good.sku) for card in cards for good in card.goods}


def _title(item: Item, goods: Mapping[str, str], language: str) -> str:
    if item.title or not isinstance(item.content, Card):
        return item.title
    for texts in (item.content.texts.get("headline"), item.content.texts.get("second")):
        if texts and any(texts.values()):
            return texts.get(language) or next(text for text in texts.values() if text)
    return ", ".join(goods.get(good.sku, good.sku) for good in item.content.goods)
