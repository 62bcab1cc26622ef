"""A card made ready for one store in one language: its bytes, its name, or why it may not be on
air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playlists.cards import encode_card
from playlists.errors import Invalid
from playlists.ids import CardId, ChannelId, Sha256, Sku, StoreId, sha256
from playlists.manifest import DeckCard, DeckGood
from playlists.model import Card, Store
from playlists.resolving.memo import Memo
from playlists.resolving.reading import Reader

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


def ready(card: Card, language: str, store: Store, reader: Reader, memo: Memo) -> Ready | Fault:
    """Bind a card, and check that the shop knows its products and that its files may be on air."""
    key = ("ready", memo.mark(card), language, store.channel, store.id if _is_local(card) else "")
    bound = memo.keep(key, lambda: _bind(card, language, store))
    if not isinstance(bound, Ready):
        return bound
    fault: Fault | None = None
    for sku, channel in bound.products:
        if not reader.product(sku, channel):
            fault = fault or ("product", sku)
    for sha in bound.files:
        state = reader.asset(sha)
        if state != "showable":
            fault = fault or ("price" if state == "price_differs" else "asset", sha)
    return fault or bound


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


def _bind(card: Card, language: str, store: Store) -> Ready | Fault:
    goods: list[DeckGood] = []
    for good in card.goods:
        channel = _local(good.channel, store.id) if good.channel else store.channel
        if channel is None:
            return "channel", good.sku
        goods.append(DeckGood(good.sku, ChannelId(channel), good.picture))
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
    try:
        body = encode_card(deck_card)
    except Invalid as wrong:
        return "card", wrong.field
    return Ready(
        id=CardId(sha256(body)[:10]),
        body=body,
        card=deck_card,
        products=tuple((good.sku, good.channel) for good in goods),
        files=(*deck_card.assets, card.qr) if card.qr else deck_card.assets,
    )


def _local(text: str, store: StoreId) -> str:
    return text.replace("{store}", store)
