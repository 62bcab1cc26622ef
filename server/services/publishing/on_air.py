"""Everything that any wish may put on air: what to read at once before a store is resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from playlists.conditions import Condition, facts_of
from playlists.facts import FactKey, bind
from playlists.ids import Sha256, Sku
from playlists.model import Campaign, Playlist, Store
from server.services.base.kept import Wish
from server.services.publishing.fitting import cards_in, files_in, goods_in

MOST = 5_000
"""Of each kind; a chain with more on air reads the rest when it comes to it."""


@dataclass(frozen=True, slots=True)
class OnAir:
    """Facts (with `{store}` and `{place}` unbound), goods and files of all wishes."""

    facts: tuple[FactKey, ...] = ()
    skus: tuple[Sku, ...] = ()
    files: tuple[Sha256, ...] = ()

    @classmethod
    def of(cls, campaigns: Iterable[Wish[Campaign]], playlists: Iterable[Wish[Playlist]]) -> OnAir:
        """Gather them."""
        lists = [wish.value for wish in playlists]
        asked = _conditions([wish.value for wish in campaigns], lists)
        facts = {key for condition in asked for key in facts_of(condition)}
        skus = {good.sku for playlist in lists for good in goods_in(playlist)}
        files = {sha for playlist in lists for sha in files_in(playlist)}
        files |= {card.qr for playlist in lists for card in cards_in(playlist) if card.qr}
        return cls(
            tuple(sorted(facts)[:MOST]), tuple(sorted(skus)[:MOST]), tuple(sorted(files)[:MOST])
        )

    def keys(self, store: Store, places: Iterable[str]) -> list[str]:
        """Their keys for one store; goods are looked up in its own channel."""
        names = list(places)
        bound = {bind(key, store.id, place) for key in self.facts for place in names}
        goods = [f"product:{sku}@{store.channel}" for sku in self.skus] if store.channel else []
        return [*bound, *goods, *(f"asset:{sha}" for sha in self.files)]


def _conditions(campaigns: list[Campaign], playlists: list[Playlist]) -> Iterator[Condition]:
    for campaign in campaigns:
        if campaign.condition is not None:
            yield campaign.condition
    for playlist in playlists:
        for item in playlist.items:
            if item.condition is not None:
                yield item.condition
