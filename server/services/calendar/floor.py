"""The screens of some stores, and which of them a target takes in, as bits of a number. Pure.

The same rule as `playlists.resolving.targets.mismatch`, for all screens at once: a chain's ten
thousand screens against five hundred campaigns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from playlists.model import Target
from playlists.resolving.targets import distance_m
from playlists.schedule import Calendar

Mask = int
"""Bit n is the floor's screen n."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A store and its clock."""

    id: str
    name: str
    calendar: Calendar
    country: str = ""
    regions: frozenset[str] = frozenset()
    lat_e6: int = 0
    lon_e6: int = 0


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
        self.spots = tuple(spots)
        self.every: Mask = (1 << len(self.spots)) - 1
        self._stores: dict[str, Mask] = defaultdict(int)
        self._screens: dict[str, Mask] = {}
        self._tags: dict[str, Mask] = defaultdict(int)
        self._zones: dict[str, Mask] = defaultdict(int)
        for at, spot in enumerate(self.spots):
            bit = 1 << at
            self._stores[spot.store] |= bit
            self._screens[spot.id] = bit
            for tag in spot.tags:
                self._tags[tag] |= bit
            for zone in spot.zones:
                self._zones[zone] |= bit
        self._kinds: dict[Calendar, Mask] = defaultdict(int)
        for shop in self.shops:
            self._kinds[shop.calendar] |= self._stores.get(shop.id, 0)

    @property
    def kinds(self) -> list[tuple[Calendar, Mask]]:
        """The calendars there are, each with the screens that live by it."""
        return [(calendar, mask) for calendar, mask in self._kinds.items() if mask]

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
            found &= _any(self._screens.get(screen, 0) for screen in target.screens)
        if target.tags_any:
            found &= _any(self._tags.get(tag, 0) for tag in target.tags_any)
        for tag in target.tags_all:
            found &= self._tags.get(tag, 0)
        for tag in target.tags_none:
            found &= ~self._tags.get(tag, 0)
        if target.radius is not None:
            found &= self._near(target.radius)
        return found

    def at(self, mask: Mask) -> Iterator[Spot]:
        """The screens of a mask."""
        while mask:
            low = mask & -mask
            yield self.spots[low.bit_length() - 1]
            mask ^= low

    def shops_of(self, mask: Mask) -> list[Shop]:
        """The shops in which a mask has screens."""
        return [shop for shop in self.shops if self._stores.get(shop.id, 0) & mask]

    def _near(self, radius: tuple[int, int, int]) -> Mask:
        lat, lon, metres = radius
        return _any(
            self._stores.get(shop.id, 0)
            for shop in self.shops
            if distance_m(lat, lon, shop.lat_e6, shop.lon_e6) <= metres
        )


def _any(masks: Iterable[Mask]) -> Mask:
    found = 0
    for mask in masks:
        found |= mask
    return found
