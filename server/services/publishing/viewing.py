"""What resolving one profile reads, on a snapshot: files and pictures are those for its screens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from typing import Any

from playlists.facts import FactKey, FactLine
from playlists.ids import ChannelId, PlaylistId, Sha256, Sku, StoreId
from playlists.model import Base, Campaign, Emergency, Override, Playlist, Store
from playlists.resolve import AssetState, Profile
from playlists.resolving.reading import Scope
from server.services.base.kept import Wish
from server.services.publishing.fitting import ended, files_in, leased
from server.services.publishing.reading import Snapshot, shop_of
from server.services.wishes.drawn import Agreement


class View:
    """The Reader for one profile, on a snapshot.

    `also` are keys that were read beside those that resolving itself notes; the other members are
    what was read, for the inputs that are kept. `differing` are, by file, the drawn prices that are
    not the shop's; at `again_at` (unix ms) that may be otherwise, None: not by itself. `ends` are,
    by file as it plays, when a drawn price is over, as announced; `drawn`, by the same, SKU and
    channel of its drawn prices.
    """

    def __init__(self, snapshot: Snapshot, profile: Profile) -> None:
        self._read_on: Snapshot | None = snapshot
        self._profile = profile
        store = snapshot.store(profile.store)
        self._zone = store.calendar.zone if store is not None else "UTC"
        self._channel = store.channel if store is not None else None
        self._shop = shop_of(self._channel or "")
        self.also: set[str] = set()
        self.wishes: dict[str, Wish[Any]] = {}
        self.swaps: dict[str, Sha256] = {}
        self.pictures: dict[str, Sha256] = {}
        self.lines: dict[FactKey, FactLine | None] = {}
        self.base_rows: dict[tuple[str, str], Sequence[Base]] = {}
        self.absent: set[str] = set()
        self._files: dict[str, AssetState] = {}
        self.differing: dict[str, Agreement] = {}
        self.again_at: int | None = None
        self.ends: dict[Sha256, int] = {}
        self.drawn: dict[Sha256, list[list[str]]] = {}

    def again(self, snapshot: Snapshot, moved: Collection[str]) -> View:
        """The same, with the facts in `moved` read anew on another snapshot."""
        view = copy(self)
        view._read_on = snapshot
        view.lines = {key: line for key, line in self.lines.items() if key not in moved}
        view._files = dict(self._files)
        return view

    def let_go(self) -> View:
        """The same without its snapshot, to be remembered for `again`."""
        view = copy(self)
        view._read_on = None
        return view

    @property
    def _snapshot(self) -> Snapshot:
        assert self._read_on is not None, "a view that is remembered reads nothing"
        return self._read_on

    @property
    def unshowable(self) -> dict[str, AssetState]:
        """The files that were asked for and may not be on air."""
        return {sha: state for sha, state in self._files.items() if state != "showable"}

    def store(self, store: StoreId) -> Store | None:
        """See Reader."""
        return self._snapshot.store(store)

    def campaigns(self, store: StoreId) -> Sequence[Campaign]:
        """See Reader."""
        made = self._snapshot.store(store)
        found = self._snapshot.campaigns(made) if made is not None else ()
        self.wishes.update((f"campaign:{wish.value.id}", wish) for wish in found)
        return [wish.value for wish in found]

    def overrides(self, store: StoreId) -> Sequence[Override]:
        """See Reader."""
        kept = self._snapshot.library.overrides
        found = [wish for wish in kept.wishes.values() if wish.value.store == store]
        self.wishes.update((f"override:{wish.value.id}", wish) for wish in found)
        return [wish.value for wish in found]

    def emergencies(self) -> Sequence[Emergency]:
        """See Reader."""
        found = self._snapshot.library.emergencies.wishes.values()
        self.wishes.update((f"emergency:{wish.value.id}", wish) for wish in found)
        return [wish.value for wish in found]

    def bases(self, scope: Scope, owner: str) -> Sequence[Base]:
        """See Reader."""
        found = self._snapshot.bases(scope, owner)
        self.base_rows[scope, owner] = found
        return found

    def playlist(self, playlist: PlaylistId) -> Playlist | None:
        """See Reader. Goods without a picture have their product's, files their best rendition."""
        profile = self._profile
        found = self._snapshot.playlist(playlist, profile.store, self._shop, profile.size)
        if found is None:
            return None
        self.wishes[f"playlist:{playlist}"] = found.wish
        self.pictures.update(found.pictures)
        self.swaps.update(found.swaps)
        self.also.update([f"asset:{sha}" for sha in found.swaps])
        files = [*files_in(found.wish.value), *found.pictures.values()]
        ends = {found.swaps.get(sha, sha): at for sha in files if (at := self._end_of(sha))}
        self.ends.update(ends)
        drawn = {found.swaps.get(sha, sha): of for sha in files if (of := self._drawn_in(sha))}
        self.drawn.update(drawn)
        return leased(ended(found.playlist, ends, self._zone), drawn)

    def fact(self, key: FactKey) -> FactLine | None:
        """See Reader."""
        if key not in self.lines:
            self.lines[key] = self._snapshot.line(key, self._zone)
        return self.lines[key]

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        """See Reader."""
        found = self._snapshot.knows(shop_of(channel), sku)
        if not found:
            self.absent.add(f"{sku}@{channel}")
        return found

    def asset(self, sha: Sha256) -> AssetState:
        """See Reader."""
        if sha not in self._files:
            self._files[sha] = self._state(sha)
        return self._files[sha]

    def _drawn_in(self, sha: Sha256) -> list[list[str]]:
        """The prices that a file carries, each an SKU and the channel that prices it here."""
        found = self._snapshot.drawn.of([sha])
        named = ((one.sku, one.channel_in(self._profile.store, self._channel)) for one in found)
        return [[sku, channel] for sku, channel in named if channel]

    def _end_of(self, sha: Sha256) -> int | None:
        """When a price that a file shows is over, as the shop announced it."""
        ends = []
        for drawn in self._snapshot.drawn.of([sha]):
            channel = drawn.channel_in(self._profile.store, self._channel)
            self.also.add(f"product:{drawn.sku}@{channel}")
            ends.append(self._snapshot.drawn.ends_at(drawn, channel))
        return min((at for at in ends if at is not None), default=None)

    def _state(self, sha: Sha256) -> AssetState:
        found = self._snapshot.file(sha)
        if not found.there:
            return "unknown"
        for drawn in self._snapshot.drawn.of(found.origins):
            channel = drawn.channel_in(self._profile.store, self._channel)
            self.also.update(f"asset:{origin}" for origin in found.origins)
            self.also.add(f"product:{drawn.sku}@{channel}")
            agreement = self._snapshot.drawn.agreement(drawn, channel)
            if agreement.again_at is not None:
                self.again_at = min(agreement.again_at, self.again_at or agreement.again_at)
            if agreement.reason:
                self.differing.setdefault(sha, agreement)
        return "price_differs" if sha in self.differing else "showable"
