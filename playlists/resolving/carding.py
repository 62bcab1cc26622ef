"""A card made ready for one store in one language: its bytes, its name, or why it may not be on
air."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
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
    """A card bound to a store: what the deck holds of it, and what files and products it needs."""

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
    goods: list[DeckGood] = []
    for good in card.goods:
        channel = good.channel or store.channel
        if channel is None:
            return "channel", good.sku
        bound = ChannelId(_local(channel, store.id))
        goods.append(DeckGood(good.sku, bound, good.picture))
    pictures = [good.picture for good in goods if good.picture]
    deck_card = DeckCard(
        template=card.template,
        params=in_language(card, language),
        goods=tuple(goods),
        live={name: _local(text, store.id) for name, text in card.live.items()},
        assets=tuple(dict.fromkeys([*card.assets, *pictures])),
        qr=card.qr,
        price_loss=card.price_loss,
    )
    fault = memo.keep(("checked", memo.mark(card), language), lambda: _check(deck_card))
    if fault is not None:
        return fault
    body = _written(deck_card)
    return Ready(
        id=CardId(sha256(body)[:10]),
        body=body,
        card=deck_card,
        products=tuple((good.sku, good.channel) for good in goods),
        files=(*deck_card.assets, card.qr) if card.qr else deck_card.assets,
    )


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
