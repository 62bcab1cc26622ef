"""A card made ready for one store in one language: its bytes, its name, or why it may not be on
air.

A card is named by what it says before it is bound to a store: days in which many stores play the
same are the same bytes, and each store's own deck says which channel prices them there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

from playlists.cards import card_json, encode_card
from playlists.errors import Invalid
from playlists.ids import CardId, ChannelId, Sha256, Sku, StoreId, sha256
from playlists.manifest import DeckCard, DeckGood
from playlists.model import Card, Store
from playlists.resolving.memo import Memo
from playlists.resolving.reading import AssetState

Fault = tuple[Literal["product", "asset", "price", "channel", "card"], str]
"""Why a card may not be on air, and the SKU, file or field at fault."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A card bound to a store: what the deck holds of it, and what files and products it needs.
    `id` is the same in all stores."""

    id: CardId
    body: bytes
    card: DeckCard
    products: tuple[tuple[Sku, ChannelId], ...]
    files: tuple[Sha256, ...]


def bind_card(card: Card, language: str, store: Store, memo: Memo) -> Ready | Fault:
    """Bind a card to a store in a language, or say why no deck can hold it."""
    key = ("ready", memo.mark(card), language, store.channel, store.id if _is_local(card) else "")
    return memo.keep(key, lambda: _bind(card, language, store, memo))


def fault_of(
    ready: Ready, absent: AbstractSet[tuple[Sku, ChannelId]], barred: Mapping[Sha256, AssetState]
) -> Fault | None:
    """Why a bound card may not be on air: products that are `absent`, files that are `barred`."""
    for product in ready.products:
        if product in absent:
            return "product", product[0]
    for sha in ready.files:
        if sha in barred:
            return "price" if barred[sha] == "price_differs" else "asset", sha
    return None


def in_language(card: Card, language: str) -> dict[str, str | int]:
    """The card's parameters in a language; a text that lacks it is taken from the first that it
    has, by name."""
    said: dict[str, str | int] = dict(card.params)
    for name, texts in card.texts.items():
        if texts:
            said[name] = texts.get(language) or texts[min(texts)]
    return said


def _is_local(card: Card) -> bool:
    """Whether it names `{store}`."""
    named = [*card.live.values(), *(good.channel or "" for good in card.goods)]
    return any("{store}" in name for name in named)


def _bind(card: Card, language: str, store: Store, memo: Memo) -> Ready | Fault:
    name, everywhere = memo.keep(
        ("named", memo.mark(card), language), lambda: _named(card, language)
    )
    goods: list[DeckGood] = []
    for good in everywhere.goods:
        channel = good.channel or store.channel
        if channel is None:
            return "channel", good.sku
        bound = ChannelId(_local(channel, store.id))
        goods.append(DeckGood(good.sku, bound, good.picture))
    deck_card = replace(
        everywhere,
        goods=tuple(goods),
        live={at: _local(text, store.id) for at, text in card.live.items()},
    )
    fault = memo.keep(("checked", memo.mark(card), language), lambda: _check(deck_card))
    if fault is not None:
        return fault
    return Ready(
        id=name,
        body=_written(deck_card),
        card=deck_card,
        products=tuple((good.sku, good.channel) for good in goods),
        files=(*deck_card.assets, card.qr) if card.qr else deck_card.assets,
    )


def _named(card: Card, language: str) -> tuple[CardId, DeckCard]:
    """A card as it is in all stores, its store's own channel left empty, and the name that gives
    it."""
    pictures = [good.picture for good in card.goods if good.picture]
    everywhere = DeckCard(
        template=card.template,
        params=in_language(card, language),
        goods=tuple(
            DeckGood(good.sku, ChannelId(good.channel or ""), good.picture) for good in card.goods
        ),
        live=card.live,
        assets=tuple(dict.fromkeys([*card.assets, *pictures])),
        qr=card.qr,
        price_loss=card.price_loss,
    )
    return CardId(sha256(_written(everywhere))[:10]), everywhere


def _check(card: DeckCard) -> Fault | None:
    """What no deck can hold of a card; stores and channels have names that all decks take."""
    try:
        encode_card(card)
    except Invalid as wrong:
        return "card", wrong.field
    return None


def _written(card: DeckCard) -> bytes:
    """The bytes of `encode_card`, of a card that was checked."""
    body = card_json(card)
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _local(text: str, store: StoreId) -> str:
    return text.replace("{store}", store)
