"""Cards of the chain's goods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playlists.ids import Sha256, Sku
from playlists.model import Card, Good
from server.demo.goods import BY_SLUG

CTA = {"fr": "Réservez le vôtre", "en": "Reserve yours"}


@dataclass(frozen=True)
class Art:
    """Where the chain's drawings lie, by sha256: goods by slug, QR codes by slug."""

    goods: Mapping[str, str]
    codes: Mapping[str, str]


class Cards:
    """Makes cards of the chain's goods."""

    def __init__(self, art: Art) -> None:
        self._art = art

    def good(self, slug: str) -> Good:
        """A product bound to its SKU, with its picture."""
        return Good(Sku(BY_SLUG[slug].sku), Sha256(self._art.goods[slug]))

    def code(self, slug: str) -> Sha256:
        """The QR code of its page in the shop."""
        return Sha256(self._art.codes[slug])

    def price(self, slug: str) -> Card:
        """One good and its price."""
        return Card("price", {}, {"cta": CTA}, (self.good(slug),), qr=self.code(slug))

    def trio(
        self, sky: str, headline: dict[str, str], second: dict[str, str], slugs: tuple[str, ...]
    ) -> Card:
        """Three goods under one sky, with the weather's own words in the corner."""
        return Card(
            "trio",
            {"sky": sky},
            {"headline": headline, "second": second},
            tuple(self.good(slug) for slug in slugs),
            {"chip": "weather:{store}"},
        )
