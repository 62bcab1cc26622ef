"""What a page paints an instant of a screen from, in the shapes of the player's own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playlists.manifest import DeckCard
from playlists.slot import Priced
from playlists.wire.freshness import LiveText
from playlists.wire.offers import offer_to_json
from server.services.showing.picturing import Picture
from server.services.showing.whys import offers_of
from server.services.showing.worlds import Playing


def still(playing: Playing, at_ms: int, texts: Mapping[str, LiveText]) -> dict[str, Any]:
    """One zone at an instant (unix ms) with the live texts that were known then."""
    shown, manifest = playing.shown, playing.manifest
    return {
        "at": at_ms,
        "language": manifest.language,
        "brand": dict(manifest.brand),
        "shown": {
            "card": shown.card,
            "since": shown.since,
            "until": shown.until,
            "prices": [_price(price) for price in shown.prices],
        },
        "card": playing.card and _card(playing.card),
        "offers": offers_of(playing),
        "texts": _texts(texts),
    }


def picture(drawn: Picture, at_ms: int) -> dict[str, Any]:
    """A card that nobody plays yet, as if it began at `at_ms` (unix ms)."""
    offers: dict[str, dict[str, Any]] = {}
    for (channel, sku), held in drawn.offers.items():
        offers.setdefault(channel, {})[sku] = offer_to_json(held.offer)
    return {
        "at": at_ms,
        "language": drawn.language,
        "brand": dict(drawn.brand),
        "shown": {
            "card": drawn.id,
            "since": at_ms,
            "until": at_ms,
            "prices": [_price(price) for price in drawn.prices],
        },
        "card": drawn.card and _card(drawn.card),
        "offers": offers,
        "texts": _texts(drawn.texts),
    }


def _price(price: Priced) -> dict[str, Any]:
    return {
        "sku": price.sku,
        "channel": price.channel,
        "version": price.version,
        "step": price.step,
        "endsAt": price.ends_at,
    }


def _texts(texts: Mapping[str, LiveText]) -> dict[str, Any]:
    return {name: {"source": text.gate[0], "texts": text.texts} for name, text in texts.items()}


def _card(card: DeckCard) -> dict[str, Any]:
    return {
        "template": card.template,
        "params": dict(card.params),
        "live": dict(card.live),
        "assets": list(card.assets),
        "goods": [
            {"sku": good.sku, "channel": good.channel, "picture": good.picture}
            for good in card.goods
        ],
        "qr": card.qr,
    }
