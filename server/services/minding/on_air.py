"""What plays in a store within the next half hour: what may be paused there, and its products."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import Sha256
from playlists.model import Card
from server.db.mappers import layout_from
from server.db.models import CampaignRow, PlaylistRow, ScreenRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MESSAGE_ID
from server.services.minding.running_out import outs, product_names, shop_says
from server.services.showing.explaining import what_comes
from server.services.showing.looks import Look, first_card, look_of, shop_pictures
from server.services.showing.titles import Titles, Told
from server.services.showing.worlds import Playing
from server.services.wishes.local_use import local_playlists
from server.services.wishes.reach import Reach

AHEAD_MS = 30 * 60_000
MAX_TURNS = 120
"""Of one screen; a loop lasts half an hour at most."""
MAX_OFFERED = 100
"""Playlists that a store may choose from."""


@dataclass(frozen=True, slots=True)
class Airing:
    """Something that may be paused here: a campaign or an item (`subject`), on `screens`."""

    subject: str
    title: str
    sky: str
    picture: Sha256 | None
    screens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoodHere:
    """A product on the store's screens. `stock` is what the shop says, None where it does not;
    `out_until` (unix ms) where a person said that there is none.
    """

    sku: str
    name: str
    sky: str
    picture: Sha256 | None
    stock: int | None
    out_until: int | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A playlist that a store may show by hand; `local` where it is for every store's use."""

    id: str
    name: str
    sky: str
    picture: Sha256 | None
    length_ms: int
    local: bool


def airings(ctx: Context, actor: Actor, store: str) -> tuple[Airing, ...]:
    """What may be paused in a store, by title: campaigns, and items of what else plays. What a
    locked zone shows is left out. Raises NotFound.
    """
    actor.require("override", store)
    found: dict[str, Airing] = {}
    for screen, playing, told in _turns(ctx, actor, store):
        why = told.why
        if why is None or why.layer in ("override", "emergency") or not told.title:
            continue
        whole = why.layer in ("campaign", "takeover")
        subject = str(why.source if whole else why.item)
        last = found.get(subject)
        on = (*last.screens, screen) if last and screen not in last.screens else None
        if last is None:
            found[subject] = Airing(subject, told.title, told.sky, _picture(playing), (screen,))
        elif on:
            found[subject] = Airing(subject, last.title, last.sky, last.picture, on)
    named = _campaign_names(ctx, found)
    all_of_it = [
        Airing(one.subject, named.get(one.subject, one.title), one.sky, one.picture, one.screens)
        for one in found.values()
    ]
    return tuple(sorted(all_of_it, key=lambda one: (one.title.casefold(), one.subject)))


def goods_here(ctx: Context, actor: Actor, store: str, language: str) -> tuple[GoodHere, ...]:
    """The products on a store's screens, and those that are said to be out, by name. Raises
    NotFound.
    """
    actor.require("override", store)
    seen: dict[str, tuple[str, Sha256 | None]] = {}
    for _, playing, told in _turns(ctx, actor, store):
        for good in playing.card.goods if playing.card else ():
            seen.setdefault(str(good.sku), (told.sky, good.picture))
    now = ctx.clock()
    with ctx.db.read() as session:
        channel = session.scalar(select(StoreRow.channel).where(StoreRow.id == store))
        away = {one.sku: one.until_ms for one in outs(session, store, channel, now, language)}
        pictured = _pictures(session, away.keys() - seen.keys())
        skus = sorted({*seen, *away})
        names = product_names(session, channel, skus, language)
        stock = shop_says(session, store, skus, now)
    nothing: tuple[str, Sha256 | None] = ("mist", None)
    found = [
        GoodHere(
            sku,
            names.get(sku, sku),
            *seen.get(sku, pictured.get(sku, nothing)),
            stock.get(sku),
            away.get(sku),
        )
        for sku in skus
    ]
    return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.sku)))


def offered(ctx: Context, actor: Actor, store: str) -> tuple[Offered, ...]:
    """The playlists that a store may show: all that the actor sees, with something in them, but for
    messages that were written on a phone. By name.
    """
    actor.require("override", store)
    return _offered(ctx, actor)[:MAX_OFFERED]


def for_local_use(ctx: Context, actor: Actor) -> tuple[Offered, ...]:
    """All playlists, for whoever decides what every store may show. Raises Forbidden."""
    actor.require_chain("content")
    return _offered(ctx, actor)


def _offered(ctx: Context, actor: Actor) -> tuple[Offered, ...]:
    with ctx.db.read() as session:
        reach = Reach(session)
        local = local_playlists(session)
        rows = session.execute(
            select(PlaylistRow.id, PlaylistRow.name)
            .where(~PlaylistRow.id.startswith(MESSAGE_ID, autoescape=True))
            .order_by(PlaylistRow.name, PlaylistRow.id)
        )
        named = {
            playlist: name
            for playlist, name in rows
            if reach.playlists[playlist].items and reach.sees(actor, playlist)
        }
        cards = {playlist: first_card(reach.playlists[playlist].items) for playlist in named}
        goods = {str(good.sku) for card in cards.values() if card for good in card.goods}
        pictured = shop_pictures(session, goods)
    return tuple(
        _offer(playlist, name, reach, look_of(cards[playlist], pictured), local)
        for playlist, name in named.items()
    )


def _offer(playlist: str, name: str, reach: Reach, look: Look, local: Collection[str]) -> Offered:
    lasts = sum(item.duration_ms for item in reach.playlists[playlist].items)
    return Offered(playlist, name, look.sky, look.picture, lasts, playlist in local)


def _turns(ctx: Context, actor: Actor, store: str) -> list[tuple[str, Playing, Told]]:
    """(screen's name, what it plays, in words) of every zone of a store that is not locked."""
    now = ctx.clock()
    with ctx.db.read() as session:
        rows = session.scalars(
            select(ScreenRow).where(ScreenRow.store_id == store).order_by(ScreenRow.id)
        )
        here = {row.id: row for row in rows}
    coming = what_comes(ctx, actor, list(here), now, now + AHEAD_MS, MAX_TURNS)
    flat = [
        (here[screen], playing)
        for screen, zones in sorted(coming.items())
        for zone, turns in zones.items()
        if zone in {box.id for box in layout_from(here[screen].layout) if not box.locked}
        for playing in turns
    ]
    with ctx.db.read() as session:
        titles = Titles(session, [playing for _, playing in flat])
    return [(row.name, one, titles.told(one, row.language)) for row, one in flat]


def _campaign_names(ctx: Context, subjects: Mapping[str, Airing]) -> dict[str, str]:
    with ctx.db.read() as session:
        rows = select(CampaignRow.id, CampaignRow.name).where(CampaignRow.id.in_(subjects))
        return dict(session.execute(rows).all())


def _picture(playing: Playing) -> Sha256 | None:
    goods = playing.card.goods if playing.card else ()
    return next((good.picture for good in goods if good.picture), None)


def _pictures(session: Session, skus: set[str]) -> dict[str, tuple[str, Sha256 | None]]:
    """The picture of products that are not on any screen, from a playlist that has one."""
    found: dict[str, tuple[str, Sha256 | None]] = {}
    if not skus:
        return found
    for playlist in Reach(session).playlists.values():
        for item in playlist.items:
            for good in item.content.goods if isinstance(item.content, Card) else ():
                if good.sku in skus and good.picture:
                    found.setdefault(str(good.sku), ("price", good.picture))
    return found
