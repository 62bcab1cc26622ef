"""A little shop for player tests: cards, days, a boot with a price, as canonical bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from playlists.cards import card_json
from playlists.codec import chunk_json, deck_json, encode_manifest
from playlists.ids import (
    CardId,
    ChannelId,
    ItemId,
    ScreenId,
    Sha256,
    Sku,
    StoreId,
    ZoneId,
    canonical,
    sha256,
)
from playlists.manifest import Chunk, Day, DeckCard, DeckGood, Manifest, Segment, Slot, Why
from playlists.model import FULL_SCREEN
from playlists.pricing import Offer, Step

NOON = 1_795_000_000_000
"""When every story begins, unless told otherwise (18 November 2026)."""
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
SHOP = ChannelId("shop@lille")
STORE = StoreId("lille")
SCREEN = ScreenId("lille-1")
BOOT = Sku("BOOT")
TEN_S = 10_000
NOTHING = Sha256("0" * 64)


def card(headline: str, *, sku: Sku | None = None, picture: Sha256 | None = None) -> DeckCard:
    """A card of the deck."""
    goods = (DeckGood(sku, SHOP, picture),) if sku else ()
    assets = (picture,) if picture and not sku else ()
    return DeckCard("price" if sku else "message", {"headline": headline}, goods, assets=assets)


def card_id(made: DeckCard) -> CardId:
    """Its name in the deck."""
    return CardId(sha256(canonical(card_json(made)))[:10])


def boot_offer(price: int = 8_990) -> Offer:
    """The boot's offer, for ever."""
    text = {"figures": str(price // 100), "cents": f"{price % 100:02}", "currency": "€"}
    step = Step(0, None, price, None, {"fr": {**text, "currency_first": ""}})
    return Offer(BOOT, "EUR", (step,), {"fr": {"name": "Bottes", "pricefree": "En rayon"}})


@dataclass(frozen=True)
class Content:
    """A manifest and all that it names, as bytes by address."""

    manifest: Sha256
    objects: Mapping[Sha256, bytes]


def content(
    *headlines: str,
    picture: Sha256 | None = None,
    priced: bool = True,
    first_day_ms: int = NOON - NOON % DAY_MS,
    days: int = 35,
    channels: tuple[ChannelId, ...] = (SHOP,),
) -> Content:
    """Days on which the headlines take turns of ten seconds, the boot's price among them."""
    cards = [card(text, picture=picture) for text in headlines]
    if priced:
        cards.append(card("Bottes", sku=BOOT))
    turns = [(made, TEN_S) for made in cards]
    return loop(turns, first_day_ms=first_day_ms, days=days, channels=channels)


def loop(
    turns: Sequence[tuple[DeckCard, int]],
    *,
    first_day_ms: int,
    days: int = 35,
    channels: tuple[ChannelId, ...] = (SHOP,),
    why: Why = Why("base", "loop", ItemId("i")),  # noqa: B008
) -> Content:
    """Days on which these cards take turns of so many ms, over and over from midnight."""
    slots = tuple(Slot(card_id(made), turn_ms, why) for made, turn_ms in turns)
    segments = (Segment(0, tuple(range(len(slots)))),)
    chunk = Chunk(DAY_MS, slots, {ZoneId("main"): segments})
    begins = [first_day_ms + at * DAY_MS for at in range(days)]
    dates = [datetime.fromtimestamp(begin / 1000, UTC).date().isoformat() for begin in begins]
    rows = [(day, at, chunk) for day, at in zip(dates, begins, strict=True)]
    return planned([made for made, _ in turns], rows, channels=channels)


def planned(
    cards: Iterable[DeckCard],
    days: Iterable[tuple[str, int, Chunk]],
    *,
    time_zone: str = "UTC",
    channels: tuple[ChannelId, ...] = (SHOP,),
) -> Content:
    """A manifest of these cards and days: each its date, its begin (unix ms) and what it plays."""
    deck = canonical(deck_json({card_id(made): made for made in cards}))
    objects = {sha256(deck): deck}
    rows = []
    for date, begin, chunk in days:
        data = canonical(chunk_json(chunk))
        objects[sha256(data)] = data
        rows.append(Day(date, begin, begin + chunk.length_ms, sha256(data)))
    manifest = encode_manifest(
        Manifest(
            store=STORE,
            language="fr",
            time_zone=time_zone,
            size=(1920, 1080),
            layout=FULL_SCREEN,
            brand={"name": "Pluvier"},
            channels=channels,
            deck=sha256(deck),
            days=tuple(rows),
        )
    )
    return Content(sha256(manifest), {**objects, sha256(manifest): manifest})
