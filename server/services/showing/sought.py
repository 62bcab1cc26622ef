"""Which screens have something by a name in the round they play now: a product, a playlist, a
campaign. The dependency index says which plans could, the plans of today which do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from playlists.manifest import Plan
from server.db.models import (
    CampaignRow,
    EmergencyRow,
    OverrideRow,
    PlaylistRow,
    ProductRow,
    ScreenHeadRow,
    ScreenRow,
)
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Plans
from server.services.prices.products import folded
from server.services.publishing.readsets import ReadIndex
from server.services.wishes.reach import children
from server.services.wishes.wish_rows import playlist_of

MAX_PRODUCTS = 500
"""Products of a name that are looked for on screens."""
_LAYERS = {"campaign": "campaign", "takeover": "campaign", "base": "playlist"}
"""What a slot's source is, by its layer; of all others it is a hand."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """What fits the words: wishes as (kind, id), SKUs, and the keys that plans with them read."""

    wishes: frozenset[tuple[str, str]]
    skus: frozenset[str]
    keys: frozenset[str]


def screens_playing(session: Session, plans: Plans, words: str, now: int) -> dict[str, set[str]]:
    """The screens, by store, in whose round at `now` (unix ms) something is called so."""
    sought = _sought(session, _plain(words))
    if not sought.keys:
        return {}
    profiles = ReadIndex().profiles_reading(session, sought.keys)
    heads: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for some in batched(sorted(profiles), MAX_IN):
        rows = select(ScreenHeadRow.manifest, ScreenRow.store_id, ScreenRow.id).join(
            ScreenRow, ScreenRow.id == ScreenHeadRow.screen_id
        )
        for manifest, store, screen in session.execute(rows.where(ScreenHeadRow.profile.in_(some))):
            heads[manifest].append((store, screen))
    plans.warm_between(session, heads, now, now + 1)
    found: dict[str, set[str]] = defaultdict(set)
    for manifest, screens in heads.items():
        if _plays(_today(session, plans, manifest, now), sought, now):
            for store, screen in screens:
                found[store].add(screen)
    return found


def _sought(session: Session, words: str) -> _Sought:
    if not words:
        return _Sought(frozenset(), frozenset(), frozenset())
    lists = _named(session, PlaylistRow, words)
    _add_holders(session, lists)
    campaigns = _named(session, CampaignRow, words)
    for some in batched(sorted(lists), MAX_IN):
        playing = select(CampaignRow.id).where(CampaignRow.playlist_id.in_(some))
        campaigns.update(session.scalars(playing))
    goods = select(ProductRow.shop, ProductRow.sku).where(
        *(ProductRow.terms.contains(word, autoescape=True) for word in words.split())
    )
    products = session.execute(goods.limit(MAX_PRODUCTS)).all()
    wishes = {("campaign", one) for one in campaigns} | {("playlist", one) for one in lists}
    keys = {f"{kind}:{one}" for kind, one in wishes}
    return _Sought(
        frozenset(wishes | {("hand", one) for one in _hands(session, lists)}),
        frozenset(sku for _shop, sku in products),
        frozenset(keys | {f"product:{sku}@{shop}" for shop, sku in products}),
    )


def _named(session: Session, table: type[PlaylistRow] | type[CampaignRow], words: str) -> set[str]:
    rows = session.execute(select(table.id, table.name))
    return {name for name, title in rows if words in _plain(title)}


def _plain(text: str) -> str:
    """As searches are: small letters without accents, and one kind of apostrophe."""
    return folded(text).replace("’", "'")


def _add_holders(session: Session, lists: set[str]) -> None:
    """Add the playlists that hold some of these, and those that hold them."""
    holds = cast(PlaylistRow.body, String).contains('"playlist"')
    held = {
        row.id: set(children(playlist_of(row)))
        for row in session.scalars(select(PlaylistRow).where(holds))
    }
    while more := {name for name, inner in held.items() if inner & lists} - lists:
        lists |= more


def _hands(session: Session, lists: Collection[str]) -> Iterator[str]:
    for table in (OverrideRow, EmergencyRow):
        rows = session.execute(select(table.id, table.body["playlist"].as_string()))
        yield from (name for name, playlist in rows if playlist in lists)


def _today(session: Session, plans: Plans, manifest: str, now: int) -> Plan | None:
    known = plans.manifest(session, manifest)
    if known is None:
        return None
    dates = {day.date for day in known.days if day.from_ms <= now < day.until_ms}
    return plans.plan(session, manifest, now, dates)


def _plays(plan: Plan | None, sought: _Sought, now: int) -> bool:
    """Whether a turn of the round that runs at `now`, in any zone, is of what is sought."""
    if plan is None:
        return False
    day = next((d for d in plan.manifest.days if d.from_ms <= now < d.until_ms), None)
    if day is None:
        return False
    chunk = plan.chunks[day.chunk]
    for segments in chunk.zones.values():
        begun = [one for one in segments if one.from_ms <= now - day.from_ms]
        for index in begun[-1].loop if begun else ():
            slot = chunk.slots[index]
            kind = _LAYERS.get(slot.why.layer, "hand")
            card = plan.cards.get(slot.card)
            goods = {good.sku for good in card.goods} if card is not None else set()
            if (kind, slot.why.source) in sought.wishes or not sought.skus.isdisjoint(goods):
                return True
    return False
