"""The screens of some stores, and which of them a target takes in, as bits of a number. Pure.

The same rule as `playlists.resolving.targets.mismatch`, for all screens at once: a chain's ten
thousand screens against five hundred campaigns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from playlists.model import Target
from playlists.resolving.targets import distance_m
from playlists.schedule import Calendar

Mask = int
"""Bit n is the floor's screen n."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A store, its clock, the channel of its prices."""

    id: str
    name: str
    calendar: Calendar
    country: str = ""
    regions: frozenset[str] = frozenset()
    lat_e6: int = 0
    lon_e6: int = 0
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A screen: its store, its tags, the zones of its layout."""

    id: str
    name: str
    store: str
    tags: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset({"main"})


class Floor:
    """Shops and their screens."""

    def __init__(self, shops: Sequence[Shop], spots: Sequence[Spot]) -> None:
        self.shops = tuple(shops)
        # Screens of one clock lie together: a mask of theirs has few digits that matter.
        different = dict.fromkeys(shop.calendar for shop in self.shops)
        kinds = {one: at for at, one in enumerate(sorted(different, key=lambda one: one.zone))}
        kind = {shop.id: kinds[shop.calendar] for shop in self.shops}
        self.spots = tuple(sorted(spots, key=lambda spot: kind.get(spot.store, len(kinds))))
        self.every: Mask = (1 << len(self.spots)) - 1
        stores: dict[str, list[int]] = defaultdict(list)
        tags: dict[str, list[int]] = defaultdict(list)
        zones: dict[str, list[int]] = defaultdict(list)
        for at, spot in enumerate(self.spots):
            stores[spot.store].append(at)
            for tag in spot.tags:
                tags[tag].append(at)
            for zone in spot.zones:
                zones[zone].append(at)
        self._places = {spot.id: at for at, spot in enumerate(self.spots)}
        self._stores = {name: mask_of(places) for name, places in stores.items()}
        self._tags = {name: mask_of(places) for name, places in tags.items()}
        self._zones = {name: mask_of(places) for name, places in zones.items()}
        masks = [0] * len(kinds)
        for shop in self.shops:
            masks[kind[shop.id]] |= self._stores.get(shop.id, 0)
        self.kinds = [(calendar, mask) for calendar, mask in zip(kinds, masks, strict=True) if mask]
        """The calendars there are, each with the screens that live by it."""

    def tags(self) -> list[tuple[str, int]]:
        """Every tag and how many screens have it."""
        return sorted((tag, mask.bit_count()) for tag, mask in self._tags.items())

    def zones(self) -> list[str]:
        """The zones that some screen has."""
        return sorted(self._zones)

    def store(self, name: str) -> Mask:
        """A store's screens."""
        return self._stores.get(name, 0)

    def hit(self, target: Target, zone: str | None = None) -> Mask:
        """The screens that a target takes in; those that have `zone`, where it is given."""
        found = self.every if zone is None else self._zones.get(zone, 0)
        if target.stores:
            found &= _any(self._stores.get(store, 0) for store in target.stores)
        if target.regions:
            found &= _any(
                self._stores.get(shop.id, 0) for shop in self.shops if shop.regions & target.regions
            )
        if target.screens:
            found &= mask_of(
                self._places[screen] for screen in target.screens if screen in self._places
            )
        if target.tags_any:
            found &= _any(self._tags.get(tag, 0) for tag in target.tags_any)
        for tag in target.tags_all:
            found &= self._tags.get(tag, 0)
        for tag in target.tags_none:
            found &= ~self._tags.get(tag, 0)
        if target.radius is not None:
            found &= self._near(target.radius)
        return found

    def concerns(self, target: Target) -> bool:
        """Whether a target may concern one of these stores, whatever its screens' tags."""
        named = {self.spots[self._places[s]].store for s in target.screens if s in self._places}
        return any(
            (not target.stores or shop.id in target.stores)
            and (not target.regions or bool(shop.regions & target.regions))
            and (not target.screens or shop.id in named)
            and (target.radius is None or _is_near(shop, target.radius))
            for shop in self.shops
        )

    def at(self, mask: Mask) -> Iterator[Spot]:
        """The screens of a mask."""
        while mask:
            low = mask & -mask
            yield self.spots[low.bit_length() - 1]
            mask ^= low

    def shops_of(self, mask: Mask, most: int | None = None) -> list[Shop]:
        """The shops in which a mask has screens, the first `most` of them."""
        found = (shop for shop in self.shops if self._stores.get(shop.id, 0) & mask)
        return list(islice(found, most))

    def _near(self, radius: tuple[int, int, int]) -> Mask:
        return _any(self._stores.get(shop.id, 0) for shop in self.shops if _is_near(shop, radius))


def _is_near(shop: Shop, radius: tuple[int, int, int]) -> bool:
    lat, lon, metres = radius
    return distance_m(lat, lon, shop.lat_e6, shop.lon_e6) <= metres


def mask_of(places: Iterable[int]) -> Mask:
    """The bits at some places."""
    found = sorted(places)
    if not found:
        return 0
    data = bytearray(found[-1] // 8 + 1)
    for at in found:
        data[at // 8] |= 1 << at % 8
    return int.from_bytes(data, "little")


def _any(masks: Iterable[Mask]) -> Mask:
    found = 0
    for mask in masks:
        found |= mask
    return found
