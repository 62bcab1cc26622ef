"""All that resolving may read, as a port; and a keeper of every read's key, absent things too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from playlists.facts import FactKey, FactLine
from playlists.ids import ChannelId, PlaylistId, Sha256, Sku, StoreId
from playlists.model import Base, Campaign, Emergency, Override, Playlist, Store

AssetState = Literal["showable", "unknown", "price_differs"]
"""Whether a file may be on air. `price_differs`: it carries a price that is no longer the shop's.
"""
Scope = Literal["screen", "store", "chain"]


class Reader(Protocol):
    """The record as one snapshot. Rows may come in any order.

    Lists may hold more than what concerns the screen (every target is checked here), never less.
    """

    def store(self, store: StoreId) -> Store | None:
        """A store with its calendar."""

    def campaigns(self, store: StoreId) -> Sequence[Campaign]:
        """The campaigns that may concern a store, takeovers too."""

    def overrides(self, store: StoreId) -> Sequence[Override]:
        """The overrides of a store, over or not."""

    def emergencies(self) -> Sequence[Emergency]:
        """Every emergency that is not over."""

    def bases(self, scope: Scope, owner: str) -> Sequence[Base]:
        """The base playlists, one per zone, of a screen, a store or (owner "") the chain."""

    def playlist(self, playlist: PlaylistId) -> Playlist | None:
        """A playlist."""

    def fact(self, key: FactKey) -> FactLine | None:
        """A fact's values over all the days that are resolved (see `playlists.facts.fact_line`).

        An observation is taken to hold to the end of the next store-local day; from there on it is
        unknown, so that far days hang on no sensor.
        """

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        """Whether the channel's shop knows the product (its price may well be unknown)."""

    def asset(self, sha: Sha256) -> AssetState:
        """Whether a file is in the store of media and may be on air."""


class Tracking:
    """A Reader that adds the key of each read to `keys`: the dependency index of what is made from
    it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.keys: set[str] = set()

    def store(self, store: StoreId) -> Store | None:
        """See Reader. Keys `store:` and `calendar:`."""
        self.keys.add(f"store:{store}")
        self.keys.add(f"calendar:{store}")
        return self._reader.store(store)

    def campaigns(self, store: StoreId) -> Sequence[Campaign]:
        """See Reader. Keys `campaigns@` of the store, and `campaign:` of each."""
        found = self._reader.campaigns(store)
        self.keys.add(f"campaigns@{store}")
        self.keys.update([f"campaign:{campaign.id}" for campaign in found])
        return found

    def overrides(self, store: StoreId) -> Sequence[Override]:
        """See Reader. Key `overrides@`."""
        self.keys.add(f"overrides@{store}")
        return self._reader.overrides(store)

    def emergencies(self) -> Sequence[Emergency]:
        """See Reader. Key `emergencies`."""
        self.keys.add("emergencies")
        return self._reader.emergencies()

    def bases(self, scope: Scope, owner: str) -> Sequence[Base]:
        """See Reader. Key `base:chain` or `base:scope:owner`."""
        self.keys.add(f"base:{scope}:{owner}" if owner else f"base:{scope}")
        return self._reader.bases(scope, owner)

    def playlist(self, playlist: PlaylistId) -> Playlist | None:
        """See Reader. Key `playlist:`."""
        self.keys.add(f"playlist:{playlist}")
        return self._reader.playlist(playlist)

    def fact(self, key: FactKey) -> FactLine | None:
        """See Reader. The fact's own key."""
        self.keys.add(key)
        return self._reader.fact(key)

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        """See Reader. Key `product:sku@channel`."""
        self.keys.add(f"product:{sku}@{channel}")
        return self._reader.product(sku, channel)

    def asset(self, sha: Sha256) -> AssetState:
        """See Reader. Key `asset:`."""
        self.keys.add(f"asset:{sha}")
        return self._reader.asset(sha)
