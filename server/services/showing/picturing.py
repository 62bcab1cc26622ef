"""Cards of drafts as a store's screens would paint them now, for thumbnails and previews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.facts import fact_line
from playlists.ids import CardId, ChannelId, Sha256, Sku
from playlists.manifest import FOREVER_MS, DeckCard
from playlists.model import Card, Item, Playlist
from playlists.prices import prices_of
from playlists.pricing import ChannelState
from playlists.resolving.carding import Ready, bind_card
from playlists.resolving.memo import Memo
from playlists.slot import Freshness, Lease, Now, Priced
from playlists.wire.freshness import LiveText
from server.db.mappers import store_from
from server.db.models import PlaylistRow, ProductRow, StoreRow
from server.errors import BadInput, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.chain.calendars import calendar_of
from server.services.observed.facts import facts_for
from server.services.observed.live_texts import HORIZON_MS, facts_in, live_text
from server.services.prices import past
from server.services.prices.freshness import leases_of
from server.services.prices.past import Held
from server.services.wishes.card_checks import check_card
from server.services.wishes.wish_rows import playlist_of

MAX_PICTURES = 60
"""Cards that are drawn at one request."""
MAX_NESTING = 8
"""Playlists inside playlists that are opened to find a card to draw."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A card bound to a store, with the prices that may show now and what they are said from;
    `card` None is drawn as the brand slate.
    """

    id: CardId | None
    card: DeckCard | None
    language: str
    brand: Mapping[str, str]
    prices: tuple[Priced, ...]
    offers: Mapping[tuple[ChannelId, Sku], Held]
    texts: Mapping[str, LiveText]


def pictures(
    ctx: Context, actor: Actor, store: str, items: Iterable[Item], language: str
) -> dict[str, Picture]:
    """Some items, at most MAX_PICTURES, by id, as the store's screens in a language would paint
    them now. Raises NotFound.
    """
    actor.require("read", store)
    now = ctx.clock()
    with ctx.db.read() as session:
        row = session.get(StoreRow, store)
        if row is None:
            raise NotFound("There is no such store among yours.")
        home = store_from(row, calendar_of(row, now, 1, sun=False))
        some = list(items)[:MAX_PICTURES]
        cards = {str(item.id): _card(session, item, MAX_NESTING) for item in some}
        shots = _photographs(session, [card for card in cards.values() if card], home.channel or "")
        memo = Memo()
        ready: dict[str, Ready | None] = {}
        for name, card in cards.items():
            bound = bind_card(_fitted(card, shots), language, home, memo) if card else None
            ready[name] = bound if isinstance(bound, Ready) else None
        bound_cards = [one.card for one in ready.values() if one]
        offers, states, leases = _prices(session, bound_cards)
        texts = _texts(session, bound_cards, row.zone, now)
    freshness = Freshness(leases, {})
    found: dict[str, Picture] = {}
    for name, one in ready.items():
        brand = dict(home.brand)
        if one is None:
            found[name] = Picture(None, None, language, brand, (), {}, {})
            continue
        on = prices_of(one.card, states, freshness, FOREVER_MS, Now(now)).on
        goods = [(good.channel, good.sku) for good in one.card.goods]
        mine = {good: offers[good] for good in goods if good in offers}
        said = {key: texts[key] for key in one.card.live.values() if key in texts}
        found[name] = Picture(one.id, one.card, language, brand, tuple(on), mine, said)
    return found


def _card(session: Session, item: Item, depth: int) -> Card | None:
    """What stands for an item: its card, or the first one of the playlist that it holds; None
    where a screen could not show it.
    """
    if isinstance(item.content, Card):
        try:
            check_card(item.content, "")
        except BadInput:
            return None
        return item.content
    row = session.get(PlaylistRow, item.content) if depth else None
    inner: Playlist | None = playlist_of(row) if row is not None else None
    return _card(session, inner.items[0], depth - 1) if inner and inner.items else None


def _photographs(session: Session, cards: Sequence[Card], channel: str) -> dict[Sku, Sha256]:
    """The shop's own pictures of the goods that have none on their card."""
    wanted = {good.sku for card in cards for good in card.goods if good.picture is None}
    found: dict[Sku, Sha256] = {}
    for some in batched(sorted(wanted), MAX_IN):
        rows = select(ProductRow.sku, ProductRow.picture_sha).where(
            ProductRow.shop == channel.partition("@")[0], ProductRow.sku.in_(some)
        )
        for sku, sha in session.execute(rows):
            if sha:
                found[Sku(sku)] = Sha256(sha)
    return found


def _fitted(card: Card, shots: Mapping[Sku, Sha256]) -> Card:
    goods = tuple(replace(good, picture=good.picture or shots.get(good.sku)) for good in card.goods)
    return replace(card, goods=goods)


def _prices(
    session: Session, cards: Sequence[DeckCard]
) -> tuple[
    dict[tuple[ChannelId, Sku], Held], dict[ChannelId, ChannelState], dict[ChannelId, Lease]
]:
    skus: dict[ChannelId, set[Sku]] = {}
    for card in cards:
        for good in card.goods:
            skus.setdefault(good.channel, set()).add(good.sku)
    leases = leases_of(session, skus)
    offers: dict[tuple[ChannelId, Sku], Held] = {}
    states: dict[ChannelId, ChannelState] = {}
    for channel, wanted in skus.items():
        said = past.offers_at(session, channel, wanted, None)
        offers.update({(channel, sku): one for sku, one in said.items()})
        version = leases[channel].version if channel in leases else 0
        named = {sku: one.offer for sku, one in said.items()}
        states[channel] = ChannelState(channel, version, named)
    return offers, states, {ChannelId(name): lease for name, lease in leases.items()}


def _texts(session: Session, cards: Iterable[DeckCard], zone: str, now: int) -> dict[str, LiveText]:
    names = sorted({name for card in cards for name in card.live.values()})
    rows = facts_for(session, [key for name in names for key in facts_in(name)])
    found: dict[str, LiveText] = {}
    for name in names:
        said = live_text(
            name, lambda key: fact_line(rows.get(key, ()), key, now, now + HORIZON_MS), zone, now
        )
        if said is not None:
            found[name] = said
    return found
