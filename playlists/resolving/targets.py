"""Whom a wish is for: whether a target takes in a screen, which part does not, and which target is
narrower."""

from __future__ import annotations

import math
from typing import Literal

from playlists.ids import ScreenId
from playlists.model import Store, Target

EARTH_RADIUS_M = 6_371_009
"""The mean radius of the Earth in metres (IUGG)."""

Part = Literal["stores", "regions", "screens", "tags", "radius"]
Narrowness = tuple[int, int, int]


def mismatch(
    target: Target, store: Store, tags: frozenset[str], screen: ScreenId | None
) -> Part | None:
    """The first part of the target that leaves the screen out, or None where it is meant.

    `screen` None is any screen that no wish names; no target that names screens takes it in.
    """
    if target.stores and store.id not in target.stores:
        return "stores"
    if target.regions and not target.regions & store.regions:
        return "regions"
    if target.screens and screen not in target.screens:
        return "screens"
    if not _tags_agree(target, tags):
        return "tags"
    if (
        target.radius
        and distance_m(*target.radius[:2], store.lat_e6, store.lon_e6) > target.radius[2]
    ):
        return "radius"
    return None


def narrowness(target: Target) -> Narrowness:
    """How narrow a target is, greater for narrower: a total order up to equally narrow ones.

    First by the narrowest part that is given: screens, then stores, a radius, regions, tags,
    nothing. Then by how many parts are given. Then by how few that narrowest part names (for tags:
    how many are asked).
    """
    tags = len(target.tags_any) + len(target.tags_all) + len(target.tags_none)
    parts = (
        (5, -len(target.screens)),
        (4, -len(target.stores)),
        (3, -target.radius[2] if target.radius else 0),
        (2, -len(target.regions)),
        (1, tags),
    )
    given = [part for part in parts if part[1] or (part[0] == 3 and target.radius)]
    return (given[0][0], len(given), given[0][1]) if given else (0, 0, 0)


def distance_m(lat_e6: int, lon_e6: int, to_lat_e6: int, to_lon_e6: int) -> int:
    """The great-circle distance in whole metres between two points in millionths of a degree
    (haversine)."""
    lat, to_lat = math.radians(lat_e6 / 1e6), math.radians(to_lat_e6 / 1e6)
    turn = math.radians((to_lon_e6 - lon_e6) / 1e6)
    half = math.sin((to_lat - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(to_lat) * math.sin(turn / 2) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half))))


def _tags_agree(target: Target, tags: frozenset[str]) -> bool:
    return (
        target.tags_all <= tags
        and not target.tags_none & tags
        and (not target.tags_any or bool(target.tags_any & tags))
    )
