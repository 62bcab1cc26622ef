"""A candidate's rotation with its cards bound to the store, and those that may not be on air told
apart."""

from __future__ import annotations

from dataclasses import dataclass

from playlists.ids import ChannelId, Sha256, Sku
from playlists.model import Card, Store
from playlists.resolving.candidates import Candidate
from playlists.resolving.carding import Fault, Ready, bind_card, fault_of
from playlists.resolving.memo import Memo
from playlists.resolving.reading import AssetState, Reader
from playlists.resolving.rotation import Rotation, rotation_of


@dataclass(frozen=True, slots=True)
class Cast:
    """A rotation, and each entry's card and fallback: ready, at fault, or (fallback) none.

    `stand_ins` says for each entry whether the fallback plays for it; None where neither may be on
    air. `backed` says whether its slot has the fallback behind it. `price_free` are the cards that
    give way without their price, as they are where nothing else is there.
    """

    rotation: Rotation
    cards: tuple[Ready | Fault, ...]
    fallbacks: tuple[Ready | Fault | None, ...]
    stand_ins: tuple[bool | None, ...]
    backed: tuple[bool, ...]
    price_free: tuple[Ready | Fault | None, ...]


@dataclass(frozen=True, slots=True)
class Casting:
    """A candidate with its cast."""

    candidate: Candidate
    cast: Cast


@dataclass(frozen=True, slots=True)
class _Bound:
    """A cast as it is if all its products and files are there, and which those are."""

    cast: Cast
    products: tuple[tuple[Sku, ChannelId], ...]
    files: tuple[Sha256, ...]


def casting_of(
    candidate: Candidate, language: str, store: Store, reader: Reader, memo: Memo
) -> Casting:
    """Read a candidate's playlists, and check that its products are known and its files may be on
    air."""
    rotation = rotation_of(candidate.playlist, reader, memo)
    key = ("cast", memo.mark(rotation), language, store.id, store.channel)
    bound = memo.keep(key, lambda: _bound(rotation, language, store, memo))
    absent = {product for product in bound.products if not reader.product(*product)}
    barred: dict[Sha256, AssetState] = {}
    for sha in bound.files:
        state = reader.asset(sha)
        if state != "showable":
            barred[sha] = state
    if not absent and not barred:
        return Casting(candidate, bound.cast)

    def checked(card: Ready | Fault) -> Ready | Fault:
        return (fault_of(card, absent, barred) if isinstance(card, Ready) else None) or card

    cards = tuple([checked(card) for card in bound.cast.cards])
    fallbacks = tuple([card and checked(card) for card in bound.cast.fallbacks])
    return Casting(candidate, _cast(rotation, cards, fallbacks, bound.cast.price_free))


def _bound(rotation: Rotation, language: str, store: Store, memo: Memo) -> _Bound:

    def bind(card: Card | None) -> Ready | Fault | None:
        return bind_card(card, language, store, memo) if card else None

    cards = tuple([bind_card(entry.card, language, store, memo) for entry in rotation.entries])
    fallbacks = tuple([bind(entry.fallback) for entry in rotation.entries])
    price_free = tuple([bind(entry.price_free) for entry in rotation.entries])
    readies = [card for card in (*cards, *fallbacks) if isinstance(card, Ready)]
    return _Bound(
        cast=_cast(rotation, cards, fallbacks, price_free),
        products=tuple(dict.fromkeys(product for card in readies for product in card.products)),
        files=tuple(dict.fromkeys(sha for card in readies for sha in card.files)),
    )


def _cast(
    rotation: Rotation,
    cards: tuple[Ready | Fault, ...],
    fallbacks: tuple[Ready | Fault | None, ...],
    price_free: tuple[Ready | Fault | None, ...],
) -> Cast:
    stand_ins = tuple(
        False if isinstance(card, Ready) else True if isinstance(fallback, Ready) else None
        for card, fallback in zip(cards, fallbacks, strict=True)
    )
    backed = tuple(
        isinstance(card, Ready) and isinstance(fallback, Ready)
        for card, fallback in zip(cards, fallbacks, strict=True)
    )
    return Cast(rotation, cards, fallbacks, stand_ins, backed, price_free)
