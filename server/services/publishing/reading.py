"""What resolving reads, as one snapshot of the record; decoded wishes stay between snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.facts import HOUR_MS, KINDS, Fact, FactKey, FactLine, fact_line
from playlists.ids import Sha256
from playlists.localtime import LocalDay, local_days
from playlists.model import Base, Campaign, Emergency, Override, Playlist, Store
from playlists.model_json import (
    campaign_from_json,
    emergency_from_json,
    override_from_json,
    playlist_from_json,
)
from playlists.resolve import DAYS
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
from server.services.base.kept import MAX_IN, Kept, Wish, batched
from server.services.chain.calendars import calendar_of
from server.services.publishing.fitting import Rendition, best_rendition, files_in, fitted, goods_in
from server.services.publishing.on_air import OnAir
from server.services.publishing.piloting import Pilots
from server.services.wishes.drawn import DrawnPrices

OVER_MS = 48 * HOUR_MS
"""Overrides and emergencies are read until this long after their end: today's past stays."""

_SUN = (b'"sunrise"', b'"sunset"')


@dataclass(frozen=True, slots=True)
class Fitted:
    """A playlist with what was filled in: pictures by `sku@shop`, renditions by file."""

    wish: Wish[Playlist]
    playlist: Playlist
    pictures: dict[str, Sha256]
    swaps: dict[str, Sha256]


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
        self.pilots = Pilots()
        self.stores: Kept[StoreRow] = Kept(StoreRow, lambda row: StoreRow(**row))
        self.made_stores: dict[str, tuple[Wish[StoreRow], object, Store]] = {}
        self.concerning: dict[str, tuple[object, tuple[Wish[Campaign], ...]]] = {}
        self.fits: dict[tuple[str, bool, str, tuple[int, int]], Fitted] = {}
        self.lines: dict[tuple[str, str], FactLine | None] = {}
        self.sun = False
        self._sun_of = (-1, -1, -1)
        self._on_air = OnAir()
        self._on_air_of = (-1, -1, -1)

    def on_air(self, store: Store, places: Iterable[str]) -> list[str]:
        """The keys of the facts, products and files that any wish may put on a store's screens."""
        seen = self._seen()
        if seen != self._on_air_of:
            self._on_air = OnAir.of(
                [*self.campaigns.wishes.values(), *self.pilots.every("campaign")],
                [*self.playlists.wishes.values(), *self.pilots.every("playlist")],
            )
            self._on_air_of = seen
        return self._on_air.keys(store, places)

    def snapshot(self, session: Session, now: int) -> Snapshot:
        """Read everything as `session` sees it, at the instant `now` (unix milliseconds)."""
        self._refresh(session, now)
        return Snapshot(self, session, now)

    def facts_only(self, session: Session, now: int) -> Snapshot:
        """A snapshot to read facts on; wishes and stores are those of the snapshot before."""
        return Snapshot(self, session, now)

    def _refresh(self, session: Session, now: int) -> None:
        self.campaigns.refresh(session)
        self.playlists.refresh(session)
        self.overrides.refresh(session, OverrideRow.until_ms > now - OVER_MS)
        self.emergencies.refresh(session, EmergencyRow.until_ms > now - OVER_MS)
        self.pilots.refresh(session)
        self.stores.refresh(session)
        seen = self._seen()
        if seen != self._sun_of:
            kept = (self.campaigns, self.playlists, self.pilots)
            self.sun = any(wishes.mentions(_SUN) for wishes in kept)
            self._sun_of = seen

    def _seen(self) -> tuple[int, int, int]:
        return self.campaigns.generation, self.playlists.generation, self.pilots.generation


@dataclass(slots=True)
class _File:
    """A file of the store of media, as far as it was looked up; `origins` are the files that it is
    or was made from.
    """

    there: bool = False
    renditions: list[Rendition] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)


class Snapshot:
    """The record at one instant, as far as it was looked at."""

    def __init__(self, library: Library, session: Session, now: int) -> None:
        self.library = library
        self.now = now
        self.drawn = DrawnPrices(session, now)
        self._session = session
        self._facts: dict[str, list[Fact]] = {}
        self._products: dict[tuple[str, str], str | None] = {}
        self._known: set[tuple[str, str]] = set()
        self._files: dict[str, _File] = {}
        self._bases: dict[tuple[str, str], list[Base]] | None = None
        self._screens: dict[str, str] | None = None
        self._stores: dict[str, Store | None] = {}
        self._lines: dict[tuple[str, str], FactLine | None] = {}
        self._fits: dict[object, Fitted] = {}

    def days(self, store: Store) -> tuple[LocalDay, ...]:
        """The store-local days to resolve, from today on."""
        return local_days(store.calendar.zone, self.now, self.library.days)

    def store(self, name: str) -> Store | None:
        """A store with its calendar, the same object while nothing in it moves."""
        if name not in self._stores:
            self._stores[name] = self._store(name)
        return self._stores[name]

    def _store(self, name: str) -> Store | None:
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
        library = self.library
        key = (
            *(library.campaigns.generation, library.pilots.generation),
            *(store, tuple((self._screens or {}).items())),
        )
        known = self.library.concerning.get(store.id)
        if known is not None and known[0] == key:
            return known[1]
        found = tuple(
            wish
            for wish in {**library.campaigns.wishes, **library.pilots.campaigns(store.id)}.values()
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

    def line(self, key: FactKey, zone: str) -> FactLine | None:
        """A fact's values as a store of this time zone reads them; equal lines are one object."""
        if (key, zone) not in self._lines:
            self._lines[key, zone] = self._line(key, zone)
        return self._lines[key, zone]

    def playlist(self, name: str, store: str, shop: str, size: tuple[int, int]) -> Fitted | None:
        """A playlist as screens of this size play it in a store, which sells for `shop`."""
        pilot = self.library.pilots.here("playlist", name, store)
        wish = pilot or self.library.playlists.wishes.get(name)
        if wish is None:
            return None
        key = (name, pilot is not None, shop, size)
        if key not in self._fits:
            self._fits[key] = self._fit(wish, key)
        return self._fits[key]

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

    def prepare(self, shop: str) -> None:
        """Read the products and files of all playlists at once, for stores that sell for `shop`."""
        wishes = [wish.value for wish in self.library.playlists.wishes.values()]
        sold: dict[str, set[str]] = {}
        for good in (good for playlist in wishes for good in goods_in(playlist)):
            sold.setdefault(shop_of(good.channel) if good.channel else shop, set()).add(good.sku)
        for sells, skus in sold.items():
            self._load_products(sells, skus)
        pictures = [picture for picture in self._products.values() if picture]
        self._load_files([*pictures, *(sha for playlist in wishes for sha in files_in(playlist))])

    def facts(self, key: str) -> list[Fact]:
        """The rows of a fact."""
        if key not in self._facts:
            self._load_facts([key])
        return self._facts[key]

    def knows(self, shop: str, sku: str) -> bool:
        """Whether the shop knows the product."""
        if (shop, sku) not in self._known:
            self._load_products(shop, {sku})
        return (shop, sku) in self._products

    def file(self, sha: str) -> _File:
        """A file with its renditions."""
        if sha not in self._files:
            self._load_files([sha])
        return self._files[sha]

    def _line(self, key: FactKey, zone: str) -> FactLine | None:
        days = local_days(zone, self.now, 2)
        until, since = days[1].until_ms, days[0].from_ms
        try:
            made = fact_line(self.facts(key), key, self.now, until, since_ms=since)
        except Invalid:
            made = None
        known = self.library.lines.get((key, zone))
        if known is not None and known == made:
            return known
        self.library.lines[key, zone] = made
        return made

    def _fit(self, wish: Wish[Playlist], key: tuple[str, bool, str, tuple[int, int]]) -> Fitted:
        _name, _pilot, shop, size = key
        pictures = self._pictures(wish.value, shop)
        swaps = self._swaps([*files_in(wish.value), *pictures.values()], size)
        known = self.library.fits.get(key)
        made = Fitted(wish, wish.value, pictures, swaps)
        if known is not None and (known.wish, known.pictures, known.swaps) == (
            wish,
            pictures,
            swaps,
        ):
            return known
        if pictures or swaps:
            made = replace(made, playlist=fitted(wish.value, shop, pictures, swaps))
        self.library.fits[key] = made
        return made

    def _pictures(self, playlist: Playlist, shop: str) -> dict[str, Sha256]:
        """By `sku@shop`: the product's picture for the goods that have none of their own."""
        found: dict[str, Sha256] = {}
        for good in goods_in(playlist):
            if good.picture is not None:
                continue
            sells = shop_of(good.channel) if good.channel else shop
            self._load_products(sells, {good.sku})
            picture = self._products.get((sells, good.sku))
            if picture:
                found[f"{good.sku}@{sells}"] = Sha256(picture)
        return found

    def _swaps(self, shas: Sequence[Sha256], size: tuple[int, int]) -> dict[str, Sha256]:
        """By file: the rendition that stands for it on screens of this size."""
        self._load_files(shas)
        best = {sha: best_rendition(self._files[sha].renditions, size) for sha in shas}
        return {sha: rendition for sha, rendition in best.items() if rendition is not None}

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
        pilots = self.library.pilots.every("campaign")
        campaigns = [*self.library.campaigns.wishes.values(), *pilots]
        named = {screen for wish in campaigns for screen in wish.value.target.screens}
        self._screens = {}
        for some in batched(sorted(named), MAX_IN):
            rows = select(ScreenRow.id, ScreenRow.store_id).where(ScreenRow.id.in_(some))
            self._screens.update(self._session.execute(rows).all())

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
                self._files[sha].origins.add(sha)
            rows = select(
                RenditionRow.asset_sha, RenditionRow.sha, RenditionRow.spec, RenditionRow.mime
            )
            mine = RenditionRow.asset_sha.in_(some) | RenditionRow.sha.in_(some)
            for asset, sha, spec, mime in self._session.execute(rows.where(mine)):
                if asset in self._files:
                    self._files[asset].renditions.append(Rendition(Sha256(sha), spec, mime))
                if sha in self._files:
                    self._files[sha].there = True
                    self._files[sha].origins.add(asset)


def shop_of(channel: str) -> str:
    """The shop of a channel `shop@store`."""
    return channel.partition("@")[0]
