"""What resolving reads, as one snapshot of the record; decoded wishes stay between snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.facts import HOUR_MS, KINDS, Fact, FactKey, FactLine, fact_line
from playlists.ids import ChannelId, PlaylistId, Sha256, Sku, StoreId
from playlists.localtime import LocalDay, local_days
from playlists.model import Base, Campaign, Emergency, Override, Playlist, Store
from playlists.model_json import (
    campaign_from_json,
    emergency_from_json,
    override_from_json,
    playlist_from_json,
)
from playlists.resolve import DAYS, AssetState, Profile
from playlists.resolving.reading import Scope
from playlists.resolving.targets import mismatch
from server.db.mappers import base_from, fact_from, store_from
from server.db.models import (
    AssetRow,
    BaseRow,
    CampaignRow,
    EmergencyRow,
    FactRow,
    OverrideRow,
    PlaylistRow,
    ProductRow,
    RenditionRow,
    ScreenRow,
    StoreRow,
)
from server.services.calendars import calendar_of
from server.services.fitting import Rendition, best_rendition, files_in, fitted, goods_in
from server.services.kept import MAX_IN, Kept, Wish, batched

OVER_MS = 48 * HOUR_MS
"""Overrides and emergencies are read until this long after their end: today's past stays."""

_SUN = (b'"sunrise"', b'"sunset"')


class Library:
    """Everything decoded so far. One per thread: a snapshot uses it while it is open."""

    def __init__(self, days: int = DAYS) -> None:
        self.days = days
        self.campaigns: Kept[Campaign] = Kept(
            CampaignRow, lambda row: campaign_from_json(row["body"])
        )
        self.playlists: Kept[Playlist] = Kept(
            PlaylistRow, lambda row: playlist_from_json(row["body"])
        )
        self.overrides: Kept[Override] = Kept(
            OverrideRow, lambda row: override_from_json(row["body"])
        )
        self.emergencies: Kept[Emergency] = Kept(
            EmergencyRow, lambda row: emergency_from_json(row["body"])
        )
        self.stores: Kept[StoreRow] = Kept(StoreRow, lambda row: StoreRow(**row))
        self.made_stores: dict[str, tuple[Wish[StoreRow], object, Store]] = {}
        self.concerning: dict[str, tuple[object, tuple[Wish[Campaign], ...]]] = {}
        self.fits: dict[object, tuple[Playlist, object, Playlist]] = {}
        self.lines: dict[tuple[str, str], FactLine | None] = {}
        self.sun = False
        self._sun_of = (-1, -1)

    def snapshot(self, session: Session, now: int) -> Snapshot:
        """Read everything as `session` sees it, at the instant `now` (unix milliseconds)."""
        self.campaigns.refresh(session)
        self.playlists.refresh(session)
        self.overrides.refresh(session, OverrideRow.until_ms > now - OVER_MS)
        self.emergencies.refresh(session, EmergencyRow.until_ms > now - OVER_MS)
        self.stores.refresh(session)
        seen = (self.campaigns.generation, self.playlists.generation)
        if seen != self._sun_of:
            self.sun = self.campaigns.mentions(_SUN) or self.playlists.mentions(_SUN)
            self._sun_of = seen
        return Snapshot(self, session, now)


@dataclass(slots=True)
class _File:
    """A file of the store of media, as far as it was looked up."""

    there: bool = False
    renditions: list[Rendition] = field(default_factory=list)


class Snapshot:
    """The record at one instant. `reader` gives what resolving one profile asks for."""

    def __init__(self, library: Library, session: Session, now: int) -> None:
        self.library = library
        self.now = now
        self._session = session
        self._facts: dict[str, list[Fact]] = {}
        self._products: dict[tuple[str, str], str | None] = {}
        self._known: set[tuple[str, str]] = set()
        self._files: dict[str, _File] = {}
        self._bases: dict[tuple[str, str], list[Base]] | None = None
        self._screens: dict[str, str] | None = None

    def reader(self, profile: Profile) -> View:
        """The reader for one profile."""
        return View(self, profile)

    def days(self, store: Store) -> tuple[LocalDay, ...]:
        """The store-local days to resolve, from today on."""
        return local_days(store.calendar.zone, self.now, self.library.days)

    def store(self, name: str) -> Store | None:
        """A store with its calendar, the same object while nothing in it moves."""
        wish = self.library.stores.wishes.get(name)
        if wish is None:
            return None
        try:
            today = local_days(wish.value.zone, self.now, 1)[0].date
        except Invalid:
            return None
        key = (today, self.library.sun)
        known = self.library.made_stores.get(name)
        if known is not None and known[0] is wish and known[1] == key:
            return known[2]
        calendar = calendar_of(wish.value, self.now, self.library.days, sun=self.library.sun)
        made = store_from(wish.value, calendar)
        if known is not None and known[2] == made:
            made = known[2]
        self.library.made_stores[name] = (wish, key, made)
        return made

    def campaigns(self, store: Store) -> tuple[Wish[Campaign], ...]:
        """The campaigns whose target may take in a screen of the store."""
        self._load_screens()
        key = (self.library.campaigns.generation, store, tuple((self._screens or {}).items()))
        known = self.library.concerning.get(store.id)
        if known is not None and known[0] == key:
            return known[1]
        found = tuple(
            wish
            for wish in self.library.campaigns.wishes.values()
            if self._concerns(wish.value, store)
        )
        self.library.concerning[store.id] = (key, found)
        return found

    def bases(self, scope: str, owner: str) -> list[Base]:
        """The base playlists of a screen, a store or the chain."""
        if self._bases is None:
            self._bases = {}
            for row in self._session.scalars(select(BaseRow)):
                self._bases.setdefault((row.scope, row.subject), []).append(base_from(row))
        return self._bases.get((scope, owner), [])

    def prefetch(self, keys: Iterable[str]) -> None:
        """Read the facts, products and files behind these keys in a few statements."""
        facts: list[str] = []
        products: dict[str, set[str]] = {}
        files: list[str] = []
        for key in keys:
            kind, _, subject = key.partition(":")
            if kind == "product":
                sku, _, channel = subject.partition("@")
                products.setdefault(shop_of(channel), set()).add(sku)
            elif kind == "asset":
                files.append(subject)
            elif kind in KINDS:
                facts.append(key)
        self._load_facts(facts)
        for shop, skus in products.items():
            self._load_products(shop, skus)
        self._load_files(files)

    def facts(self, key: str) -> list[Fact]:
        """The rows of a fact."""
        if key not in self._facts:
            self._load_facts([key])
        return self._facts[key]

    def knows(self, shop: str, sku: str) -> bool:
        """Whether the shop knows the product."""
        self._load_products(shop, {sku})
        return (shop, sku) in self._products

    def picture(self, shop: str, sku: str) -> Sha256 | None:
        """The product's picture, where the shop gave one."""
        self._load_products(shop, {sku})
        found = self._products.get((shop, sku))
        return Sha256(found) if found else None

    def file(self, sha: str) -> _File:
        """A file with its renditions."""
        if sha not in self._files:
            self._load_files([sha])
        return self._files[sha]

    def load_files(self, shas: Iterable[str]) -> None:
        """Look up several files at once."""
        self._load_files(shas)

    def _concerns(self, campaign: Campaign, store: Store) -> bool:
        target = campaign.target
        if target.screens and not any(
            (self._screens or {}).get(screen) == store.id for screen in target.screens
        ):
            return False
        return mismatch(target, store, frozenset(), None) not in ("stores", "regions", "radius")

    def _load_screens(self) -> None:
        """The stores of the screens that campaigns name."""
        if self._screens is not None:
            return
        campaigns = self.library.campaigns.wishes.values()
        named = {screen for wish in campaigns for screen in wish.value.target.screens}
        self._screens = {}
        for some in batched(sorted(named), MAX_IN):
            rows = select(ScreenRow.id, ScreenRow.store_id).where(ScreenRow.id.in_(some))
            self._screens.update(self._session.execute(rows).tuples().all())

    def _load_facts(self, keys: Iterable[str]) -> None:
        missing = [key for key in dict.fromkeys(keys) if key not in self._facts]
        for some in batched(missing, MAX_IN):
            self._facts.update({key: [] for key in some})
            rows = self._session.execute(select(FactRow.__table__).where(FactRow.key.in_(some)))
            for row in rows:
                self._facts[row.key].append(fact_from(row))

    def _load_products(self, shop: str, skus: set[str]) -> None:
        missing = [sku for sku in skus if (shop, sku) not in self._known]
        for some in batched(missing, MAX_IN):
            self._known.update((shop, sku) for sku in some)
            rows = select(ProductRow.sku, ProductRow.picture_sha).where(
                ProductRow.shop == shop, ProductRow.sku.in_(some)
            )
            for sku, picture in self._session.execute(rows):
                self._products[shop, sku] = picture

    def _load_files(self, shas: Iterable[str]) -> None:
        missing = [sha for sha in dict.fromkeys(shas) if sha not in self._files]
        for some in batched(missing, MAX_IN):
            self._files.update({sha: _File() for sha in some})
            for sha in self._session.scalars(select(AssetRow.sha).where(AssetRow.sha.in_(some))):
                self._files[sha].there = True
            rows = select(
                RenditionRow.asset_sha, RenditionRow.sha, RenditionRow.spec, RenditionRow.mime
            )
            mine = RenditionRow.asset_sha.in_(some) | RenditionRow.sha.in_(some)
            for asset, sha, spec, mime in self._session.execute(rows.where(mine)):
                if asset in self._files:
                    self._files[asset].renditions.append(Rendition(Sha256(sha), spec, mime))
                if sha in self._files:
                    self._files[sha].there = True


class View:
    """The Reader that resolves one profile: pictures and renditions are filled in for its screens.

    `also` are keys that were read beside those that resolving itself notes. `taken` is what was
    used, for the kept inputs: (table, id) to the wish's hash, and what stood for what.
    """

    def __init__(self, snapshot: Snapshot, profile: Profile) -> None:
        self._snapshot = snapshot
        self._profile = profile
        self._playlists: dict[str, Playlist | None] = {}
        self.also: set[str] = set()
        self.wishes: dict[str, Wish[Any]] = {}
        self.swaps: dict[str, Sha256] = {}
        self.pictures: dict[str, Sha256] = {}
        self.lines: dict[FactKey, FactLine | None] = {}
        self.base_rows: dict[tuple[str, str], Sequence[Base]] = {}
        self.absent: set[str] = set()
        self.unshowable: dict[str, AssetState] = {}

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
        if playlist not in self._playlists:
            self._playlists[playlist] = self._fitted(playlist)
        return self._playlists[playlist]

    def fact(self, key: FactKey) -> FactLine | None:
        """See Reader."""
        if key not in self.lines:
            self.lines[key] = self._line(key)
        return self.lines[key]

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        """See Reader."""
        found = self._snapshot.knows(shop_of(channel), sku)
        if not found:
            self.absent.add(f"{sku}@{channel}")
        return found

    def asset(self, sha: Sha256) -> AssetState:
        """See Reader."""
        if self._snapshot.file(sha).there:
            return "showable"
        self.unshowable[sha] = "unknown"
        return "unknown"

    def _line(self, key: FactKey) -> FactLine | None:
        store = self._snapshot.store(self._profile.store)
        if store is None:
            return None
        library = self._snapshot.library
        days = local_days(store.calendar.zone, self._snapshot.now, 2)
        rows = self._snapshot.facts(key)
        try:
            made = fact_line(
                rows, key, self._snapshot.now, days[1].until_ms, since_ms=days[0].from_ms
            )
        except Invalid:
            made = None
        known = library.lines.get((key, store.calendar.zone))
        if known is not None and known == made:
            return known
        library.lines[key, store.calendar.zone] = made
        return made

    def _fitted(self, name: PlaylistId) -> Playlist | None:
        library = self._snapshot.library
        wish = library.playlists.wishes.get(name)
        if wish is None:
            return None
        self.wishes[f"playlist:{name}"] = wish
        original = wish.value
        store = self._snapshot.store(self._profile.store)
        pictures = self._pictures(original, store)
        swaps = self._swaps([*files_in(original), *pictures.values()])
        self.pictures.update(pictures)
        self.swaps.update(swaps)
        if not pictures and not swaps:
            return original
        channel = store.channel if store is not None else None
        key = (name, shop_of(channel or ""), self._profile.size)
        changes = (tuple(pictures.items()), tuple(swaps.items()))
        known = library.fits.get(key)
        if known is not None and known[0] is original and known[1] == changes:
            return known[2]
        made = fitted(original, channel, pictures, swaps)
        library.fits[key] = (original, changes, made)
        return made

    def _pictures(self, playlist: Playlist, store: Store | None) -> dict[str, Sha256]:
        """By `sku@shop`: the product's picture for the goods that have none of their own."""
        found: dict[str, Sha256] = {}
        own = store.channel if store is not None else None
        bare = [good for good in goods_in(playlist) if good.picture is None]
        for good in bare:
            channel = good.channel or own
            if channel is None:
                continue
            shop = shop_of(channel)
            picture = self._snapshot.picture(shop, good.sku)
            if picture is not None:
                found[f"{good.sku}@{shop}"] = picture
        return found

    def _swaps(self, shas: Iterable[Sha256]) -> dict[str, Sha256]:
        """By file: the rendition that stands for it on screens of the profile's size."""
        found: dict[str, Sha256] = {}
        self._snapshot.load_files(shas)
        for sha in shas:
            best = best_rendition(self._snapshot.file(sha).renditions, self._profile.size)
            if best is not None:
                self.also.add(f"asset:{sha}")
                found[sha] = best
        return found


def shop_of(channel: str) -> str:
    """The shop of a channel `shop@store`."""
    return channel.partition("@")[0]
