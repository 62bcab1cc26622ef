"""Every wish that people express: screens and stores, playlists, campaigns, overrides,
emergencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from playlists.conditions import Condition
from playlists.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    OverrideId,
    PlaylistId,
    ScreenId,
    Sha256,
    Sku,
    StoreId,
    ZoneId,
)
from playlists.schedule import ALWAYS, Calendar, Schedule

MAIN = ZoneId("main")
BasisPoints = int
"""Hundredths of a percent; 10,000 is all."""


@dataclass(frozen=True, slots=True)
class Store:
    """A shop. `lat_e6` and `lon_e6` are millionths of a degree; `channel` is where its offers come
    from.
    """

    id: StoreId
    name: str
    calendar: Calendar
    lat_e6: int = 0
    lon_e6: int = 0
    regions: frozenset[str] = frozenset()
    channel: ChannelId | None = None
    brand: Mapping[str, str] = field(default_factory=dict)
    """name, slogan, and BRAND_DRAWINGS by their sha256."""


@dataclass(frozen=True, slots=True)
class ZoneBox:
    """A zone's place on the screen in ten-thousandths of its width and height. A locked zone takes
    no override.
    """

    id: ZoneId
    x: int
    y: int
    w: int
    h: int
    locked: bool = False


FULL_SCREEN = (ZoneBox(MAIN, 0, 0, 10_000, 10_000),)


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen as wished for. `place` is its counting zone in the store, as footfall facts name
    it.
    """

    id: ScreenId
    store: StoreId
    width: int
    height: int
    tags: frozenset[str] = frozenset()
    place: str = ""
    language: str = "fr"
    layout: tuple[ZoneBox, ...] = FULL_SCREEN


@dataclass(frozen=True, slots=True)
class Good:
    """A product on a card: its offer (price, texts, stock) is looked up in `channel`, the store's
    own if None.
    """

    sku: Sku
    picture: Sha256 | None = None
    channel: ChannelId | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a template paints. `texts` are by parameter then language; `params` need no language.

    `live` maps a parameter to a live text (`weather:{store}`) that freshness messages carry.
    `assets` are the files it needs, pictures of goods included by resolve. `price_loss` says what
    plays when a price may not show: the same card without prices, or the slot's fallback. `drawn`:
    a picture of it carries prices of its goods, so there is no such card without prices.
    """

    template: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    goods: tuple[Good, ...] = ()
    live: Mapping[str, str] = field(default_factory=dict)
    assets: tuple[Sha256, ...] = ()
    qr: Sha256 | None = None
    price_loss: Literal["price_free", "fallback"] = "price_free"
    drawn: bool = False


Transition = Literal["brand", "cut", "fade", "slide"]
"""How a card comes on: in the brand's own motion, at once, by a crossfade, from the side."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a playlist: a card for `duration_ms` that comes on by `transition`, or a nested
    playlist (both unused).
    """

    id: ItemId
    content: Card | PlaylistId
    duration_ms: int = 10_000
    schedule: Schedule = ALWAYS
    condition: Condition | None = None
    fallback: Card | None = None
    title: str = ""
    transition: Transition = "brand"


@dataclass(frozen=True, slots=True)
class Playlist:
    """Items in order. `edited_at` is unix milliseconds."""

    id: PlaylistId
    name: str
    items: tuple[Item, ...]
    edited_at: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Which screens: every part that is given must match; an empty Target is all screens.

    `tags_any`/`tags_all`/`tags_none` of the screen; `stores`, `regions`, `screens` each a choice;
    `radius` is (lat_e6, lon_e6, metres) around a point.
    """

    stores: frozenset[StoreId] = frozenset()
    regions: frozenset[str] = frozenset()
    screens: frozenset[ScreenId] = frozenset()
    tags_any: frozenset[str] = frozenset()
    tags_all: frozenset[str] = frozenset()
    tags_none: frozenset[str] = frozenset()
    radius: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A playlist that plays on its target in its time: as a takeover, or at a share of voice of
    the base's loop.
    """

    id: CampaignId
    name: str
    playlist: PlaylistId
    target: Target = Target()
    schedule: Schedule = ALWAYS
    condition: Condition | None = None
    layer: Literal["takeover", "campaign"] = "campaign"
    share: BasisPoints = 1_000
    priority: int = 0
    zone: ZoneId = MAIN
    edited_at: int = 0


@dataclass(frozen=True, slots=True)
class Override:
    """A store's hand on its own screens, `[from_ms, until_ms)`, always with an end: show a
    playlist, or pause a campaign or item (`subject`).
    """

    id: OverrideId
    store: StoreId
    kind: Literal["show", "pause"]
    from_ms: int
    until_ms: int
    playlist: PlaylistId | None = None
    subject: str = ""
    screens: frozenset[ScreenId] = frozenset()
    zone: ZoneId = MAIN
    edited_at: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Emergency:
    """A message that beats everything at once, on its target, until its end."""

    id: OverrideId
    playlist: PlaylistId
    target: Target
    from_ms: int
    until_ms: int
    edited_at: int = 0


@dataclass(frozen=True, slots=True)
class Base:
    """The playlist that plays when nothing else does: of a screen, a store, or the chain (`scope`
    "chain", `id` "").
    """

    scope: Literal["screen", "store", "chain"]
    id: str
    playlist: PlaylistId
    zone: ZoneId = MAIN
