"""Playlists fitted to their screens: product pictures filled in, renditions of the right size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from playlists.ids import ChannelId, Sha256, Sku
from playlists.localtime import zone_of
from playlists.model import Card, Good, Item, Playlist


@dataclass(frozen=True, slots=True)
class Rendition:
    """A form of a file; `spec` begins with its box, as in `1920x1080-webp-q82`."""

    sha: Sha256
    spec: str
    mime: str


def best_rendition(renditions: Sequence[Rendition], size: tuple[int, int]) -> Sha256 | None:
    """The rendition made for screens of `size` (pixels), None where the file itself must do.

    Stills of videos (posters) and thumbnails never stand for the file.
    """
    box = f"{size[0]}x{size[1]}-"
    made = [
        rendition
        for rendition in renditions
        if rendition.spec.startswith(box) and not {"still", "poster"} & _words(rendition.spec)
    ]
    return min(made, key=lambda rendition: rendition.spec).sha if made else None


def cards_in(playlist: Playlist) -> Iterator[Card]:
    """Every card of a playlist's own items, fallbacks too."""
    for item in playlist.items:
        if isinstance(item.content, Card):
            yield item.content
        if item.fallback is not None:
            yield item.fallback


def goods_in(playlist: Playlist) -> Iterator[Good]:
    """Every good on them."""
    for card in cards_in(playlist):
        yield from card.goods


def files_in(playlist: Playlist) -> list[Sha256]:
    """Every file that they name, each once. A QR code has no size: it is drawn, not rendered."""
    cards = list(cards_in(playlist))
    assets = [sha for card in cards for sha in card.assets]
    pictures = [good.picture for card in cards for good in card.goods if good.picture is not None]
    return list(dict.fromkeys([*assets, *pictures]))


def fitted(
    playlist: Playlist,
    shop: str,
    pictures: Mapping[str, Sha256],
    swaps: Mapping[str, Sha256],
) -> Playlist:
    """The playlist with `pictures` (by `sku@shop`) on goods that have none, and files swapped.

    `shop` is that of goods that name no channel.
    """
    fit = _Fit(shop, pictures, swaps)
    return replace(playlist, items=tuple(fit.item(item) for item in playlist.items))


def ended(playlist: Playlist, ends: Mapping[Sha256, int], zone: str) -> Playlist:
    """The playlist whose items leave before a file of theirs must: `ends` by file, unix ms. What
    would begin only then is left out.
    """
    if not ends:
        return playlist
    kept = (_until(item, ends, zone) for item in playlist.items)
    return replace(playlist, items=tuple(item for item in kept if item is not None))


def _until(item: Item, ends: Mapping[Sha256, int], zone: str) -> Item | None:
    if not isinstance(item.content, Card):
        return item
    pictures = [good.picture for good in item.content.goods if good.picture is not None]
    found = [ends[sha] for sha in (*item.content.assets, *pictures) if sha in ends]
    if not found:
        return item
    local = datetime.fromtimestamp(min(found) // 1000, zone_of(zone)).strftime("%Y-%m-%dT%H:%M:%S")
    if item.schedule.start is not None and item.schedule.start >= local:
        return None
    end = min(item.schedule.end or local, local)
    return replace(item, schedule=replace(item.schedule, end=end))


def leased(playlist: Playlist, drawn: Mapping[Sha256, Sequence[Sequence[str]]]) -> Playlist:
    """The playlist whose pictures leave with the lease of the prices that they carry: `drawn` by
    file, each an SKU and its channel.

    A card that shows products stands on their prices; a picture is given those that it carries.
    """
    if not drawn:
        return playlist
    return replace(playlist, items=tuple(_leased_item(item, drawn) for item in playlist.items))


def _leased_item(item: Item, drawn: Mapping[Sha256, Sequence[Sequence[str]]]) -> Item:
    content = _leased(item.content, drawn) if isinstance(item.content, Card) else item.content
    fallback = _leased(item.fallback, drawn) if item.fallback is not None else None
    return replace(item, content=content, fallback=fallback)


def _leased(card: Card, drawn: Mapping[Sha256, Sequence[Sequence[str]]]) -> Card:
    pictures = [good.picture for good in card.goods if good.picture is not None]
    found = [price for sha in (*card.assets, *pictures) for price in drawn.get(sha, ())]
    if not found:
        return card
    carried = dict.fromkeys((sku, channel) for sku, channel in found)
    goods = card.goods or tuple(Good(Sku(sku), channel=ChannelId(at)) for sku, at in carried)
    return replace(card, goods=goods, price_loss="fallback", drawn=True)


@dataclass(frozen=True, slots=True)
class _Fit:
    shop: str
    pictures: Mapping[str, Sha256]
    swaps: Mapping[str, Sha256]

    def item(self, item: Item) -> Item:
        content = self.card(item.content) if isinstance(item.content, Card) else item.content
        fallback = self.card(item.fallback) if item.fallback is not None else None
        return replace(item, content=content, fallback=fallback)

    def card(self, card: Card) -> Card:
        return replace(
            card,
            goods=tuple(self.good(good) for good in card.goods),
            assets=tuple(self.swaps.get(sha, sha) for sha in card.assets),
        )

    def good(self, good: Good) -> Good:
        shop = good.channel.partition("@")[0] if good.channel else self.shop
        picture = good.picture or self.pictures.get(f"{good.sku}@{shop}")
        return replace(good, picture=self.swaps.get(picture, picture) if picture else None)


def _words(spec: str) -> set[str]:
    """The parts of a spec after its box; a poster's `at0ms` is said as poster."""
    parts = spec.split("-")[1:]
    return {"poster" if part.startswith("at") and part.endswith("ms") else part for part in parts}
