"""Stretches of time behave like the sets of instants they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from playlists.intervals import (
    Intervals,
    clip,
    contains,
    intersect,
    next_edge,
    normalize,
    subtract,
    union,
)

SPAN = 30
_stretch = st.tuples(st.integers(0, SPAN), st.integers(0, SPAN))
some_intervals = st.lists(_stretch, max_size=8).map(normalize)


def instants(intervals: Intervals) -> set[int]:
    return {t for begin, end in intervals for t in range(begin, end)}


def is_canonical(intervals: Intervals) -> bool:
    edges = [edge for stretch in intervals for edge in stretch]
    return edges == sorted(set(edges))


@given(st.lists(_stretch, max_size=8))
def test_any_stretches_become_disjoint_sorted_and_lose_no_instant(
    stretches: list[tuple[int, int]],
) -> None:
    found = normalize(stretches)
    assert is_canonical(found)
    assert instants(found) == {t for begin, end in stretches for t in range(begin, end)}


@given(some_intervals, some_intervals)
def test_union_intersection_and_difference_are_those_of_sets(a: Intervals, b: Intervals) -> None:
    for found, expected in (
        (union(a, b), instants(a) | instants(b)),
        (intersect(a, b), instants(a) & instants(b)),
        (subtract(a, b), instants(a) - instants(b)),
    ):
        assert is_canonical(found)
        assert instants(found) == expected


@given(some_intervals, st.integers(-2, SPAN + 2), st.integers(-2, SPAN + 2))
def test_clipping_keeps_what_lies_in_the_window(a: Intervals, begin: int, end: int) -> None:
    assert instants(clip(a, begin, end)) == {t for t in instants(a) if begin <= t < end}


@given(some_intervals, st.integers(-2, SPAN + 2))
def test_looking_up_an_instant_and_the_edge_after_it(a: Intervals, t: int) -> None:
    assert contains(a, t) == (t in instants(a))
    later = [edge for stretch in a for edge in stretch if edge > t]
    assert next_edge(a, t) == min(later, default=None)


def test_stretches_that_touch_are_one() -> None:
    assert normalize([(5, 9), (1, 5)]) == ((1, 9),)
