"""Targets: which screens they take in, which part leaves one out, and which of two is narrower."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from playlists.ids import ScreenId, StoreId
from playlists.model import Store, Target
from playlists.resolving.targets import distance_m, mismatch, narrowness
from playlists.schedule import Calendar

LILLE = Store(
    StoreId("lille"),
    "Lille",
    Calendar("Europe/Paris"),
    lat_e6=50_637_000,
    lon_e6=3_063_000,
    regions=frozenset({"nord"}),
)
TAGS = frozenset({"window", "new"})
ME = ScreenId("lille-1")
PARIS = (48_853_000, 2_349_000)


@pytest.mark.parametrize(
    ("target", "part"),
    [
        (Target(), None),
        (Target(stores=frozenset({LILLE.id})), None),
        (Target(stores=frozenset({StoreId("lyon")})), "stores"),
        (Target(regions=frozenset({"nord", "est"})), None),
        (Target(regions=frozenset({"est"})), "regions"),
        (Target(screens=frozenset({ME})), None),
        (Target(screens=frozenset({ScreenId("lille-2")})), "screens"),
        (Target(tags_any=frozenset({"window", "till"})), None),
        (Target(tags_any=frozenset({"till"})), "tags"),
        (Target(tags_all=TAGS), None),
        (Target(tags_all=frozenset({"window", "till"})), "tags"),
        (Target(tags_none=frozenset({"till"})), None),
        (Target(tags_none=frozenset({"new"})), "tags"),
        (Target(radius=(*PARIS, 210_000)), None),
        (Target(radius=(*PARIS, 190_000)), "radius"),
        (Target(stores=frozenset({LILLE.id}), tags_any=frozenset({"till"})), "tags"),
    ],
)
def test_every_part_that_is_given_must_match(target: Target, part: str | None) -> None:
    assert mismatch(target, LILLE, TAGS, ME) == part


def test_a_screen_that_nobody_names_is_in_no_list_of_screens() -> None:
    assert mismatch(Target(screens=frozenset({ME})), LILLE, TAGS, None) == "screens"


def test_narrower_targets_rank_higher() -> None:
    one, two = frozenset({"a"}), frozenset({"a", "b"})
    widening = [
        Target(screens=frozenset({ME}), stores=frozenset({LILLE.id})),
        Target(screens=frozenset({ME})),
        Target(screens=frozenset({ME, ScreenId("x")})),
        Target(stores=frozenset({LILLE.id}), tags_any=one),
        Target(stores=frozenset({LILLE.id})),
        Target(stores=frozenset({LILLE.id, StoreId("x")})),
        Target(radius=(0, 0, 0)),
        Target(radius=(0, 0, 500)),
        Target(regions=one, tags_all=one),
        Target(regions=one),
        Target(regions=two),
        Target(tags_all=two),
        Target(tags_all=one),
        Target(),
    ]
    ranks = [narrowness(target) for target in widening]
    assert all(first > second for first, second in pairwise(ranks))


def test_distances_are_those_of_a_globe() -> None:
    assert distance_m(*PARIS, *PARIS) == 0
    assert abs(distance_m(*PARIS, LILLE.lat_e6, LILLE.lon_e6) - 204_800) < 1_500
    assert distance_m(0, 179_900_000, 0, -179_900_000) == distance_m(0, -100_000, 0, 100_000)
    antipode = replace(LILLE, lat_e6=0, lon_e6=180_000_000)
    assert abs(distance_m(0, 0, antipode.lat_e6, antipode.lon_e6) - 20_015_000) < 1_000
