"""Stores and screens as people describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playlists.model import FULL_SCREEN, ZoneBox
from server.services.chain.calendars import Hours


@dataclass(frozen=True, slots=True)
class StoreWish:
    """A store as a person describes it.

    `zone` is IANA; `lat_e6` and `lon_e6` are millionths of a degree; `country` is ISO 3166-1, or -2
    with its part (`FR-MQ`), and gives the public holidays; `hours` are seven days from Monday, each
    with its opening stretches in minutes after midnight; `channel` is where its offers come from,
    `shop@store`; `brand` is what it has of its own beside the chain's (see brand_checks), drawings
    by the sha256 of assets; `details` is free text for people, such as its address.
    """

    name: str
    zone: str
    lat_e6: int = 0
    lon_e6: int = 0
    regions: frozenset[str] = frozenset()
    country: str = ""
    hours: tuple[Hours, ...] = ((),) * 7
    special_hours: tuple[tuple[str, Hours], ...] = ()
    channel: str | None = None
    brand: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScreenWish:
    """A screen as a person describes it: size in pixels, `place` its counting zone, its zones."""

    name: str
    store: str
    width: int = 1920
    height: int = 1080
    tags: frozenset[str] = frozenset()
    place: str = ""
    language: str = "fr"
    layout: tuple[ZoneBox, ...] = FULL_SCREEN
