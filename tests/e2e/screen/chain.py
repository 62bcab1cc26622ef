"""The little chain whose screens the tests look at: cards, loops, offers, put on a Peer."""

from __future__ import annotations

from typing import Any

from playlists.ids import canonical, sha256
from tests.e2e.screen.peer import HOUR_MS, Peer, now_ms

DAY_MS = 24 * HOUR_MS
CHANNEL, STORE = "shop@lille", "lille"
WHOLE = [["main", 0, 0, 10_000, 10_000, 0]]
SKU = "BAG"


def price_card(picture: str | None = None, sku: str = SKU, **more: Any) -> dict[str, Any]:
    """A good with its price."""
    good = {"k": sku, "c": CHANNEL, **({"i": picture} if picture else {})}
    assets = {"a": [picture]} if picture else {}
    return {"t": "price", "p": {}, "s": [good], **assets, **more}


def message_card(words: str, **more: Any) -> dict[str, Any]:
    """A few words."""
    return {"t": "message", "p": {"headline": words, "sky": "mist"}, "s": [], **more}


def offer(price: int, until_ms: int | None = None, sku: str = SKU) -> dict[str, Any]:
    """An offer of one step that began an hour ago; `price` in cents, of half a litre."""
    figures, cents = str(price // 100), f"{price % 100:02d}"
    said = {"figures": figures, "cents": cents, "currency": "€", "currency_first": ""}
    names = {"name": "Estran 28", "lead": "Sac à dos", "pricefree": "Prix indiqué en rayon"}
    said["unit"] = f"{price * 2 / 100:.2f} €/L"
    step = [now_ms() - HOUR_MS, until_ms, price, None, {"fr": said}, ["comparison:no_source"]]
    return {"k": sku, "cur": "EUR", "st": [step], "nm": {"fr": names}}


Turn = tuple[dict[str, Any], int] | tuple[dict[str, Any], int, dict[str, Any]]
"""A card, its seconds, and perhaps its fallback."""


def plan(peer: Peer, zones: dict[str, list[Turn]], layout: list[Any] = WHOLE) -> str:
    """A manifest of three equal days from two hours ago on; each zone's loop. Its address."""
    cards: dict[str, Any] = {}

    def name(card: dict[str, Any]) -> str:
        found = sha256(canonical(card))[:10]
        cards[found] = card
        return found

    slots: list[Any] = []
    made: dict[str, Any] = {}
    for zone, turns in sorted(zones.items()):
        loop = []
        for at, (card, seconds, *fallback) in enumerate(turns):
            slot = {"c": name(card), "d": seconds * 1_000, "w": ["base", "loop", f"{zone}{at}"]}
            slot |= {"f": name(fallback[0])} if fallback else {}
            loop.append(len(slots))
            slots.append(slot)
        made[zone] = {"loops": [loop], "segments": [[0, 0]]}
    chunk = peer.put({"v": 1, "length": DAY_MS, "slots": slots, "gates": [], "zones": made})
    begin = now_ms() - 2 * HOUR_MS
    days = [
        [f"2026-01-0{at + 1}", begin + at * DAY_MS, begin + (at + 1) * DAY_MS, chunk]
        for at in range(3)
    ]
    manifest = {"v": 1, "store": STORE, "lang": "fr", "zone": "Europe/Paris", "size": [960, 540]}
    manifest |= {"layout": layout, "brand": {"name": "Pluvier", "slogan": "Dehors."}}
    manifest |= {"channels": [CHANNEL], "deck": peer.put({"v": 1, "cards": cards}), "days": days}
    return peer.put(manifest)
