"""The algebra of stretches of time: disjoint half-open intervals in unix milliseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter

Intervals = tuple[tuple[int, int], ...]
"""Disjoint `[from, until)` stretches in unix milliseconds, in order; none empty, none touching."""

_begin = itemgetter(0)


def normalize(stretches: Iterable[tuple[int, int]]) -> Intervals:
    """Sort, drop empty stretches, and join those that overlap or touch."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return tuple(joined)


def union(*many: Intervals) -> Intervals:
    """The instants that lie in at least one."""
    return normalize(stretch for intervals in many for stretch in intervals)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """The instants that lie in both."""
    common: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        begin, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if begin < end:
            common.append((begin, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(left: Intervals, right: Intervals) -> Intervals:
    """The instants of `left` that do not lie in `right`."""
    if not left or not right:
        return left
    first, last = left[0][0], left[-1][1]
    edges = [first, *(edge for stretch in clip(right, first, last) for edge in stretch), last]
    gaps = normalize(zip(edges[::2], edges[1::2], strict=True))
    return intersect(left, gaps)


def clip(intervals: Intervals, from_ms: int, until_ms: int) -> Intervals:
    """What lies in `[from_ms, until_ms)`."""
    return intersect(intervals, ((from_ms, until_ms),)) if from_ms < until_ms else ()


def contains(intervals: Intervals, t: int) -> bool:
    """Whether the instant `t` lies in one of them."""
    at = bisect_right(intervals, t, key=_begin)
    return at > 0 and t < intervals[at - 1][1]


def next_edge(intervals: Intervals, t: int) -> int | None:
    """The first instant after `t` at which one begins or ends, or None."""
    at = bisect_right(intervals, t, key=_begin)
    if at > 0 and t < intervals[at - 1][1]:
        return intervals[at - 1][1]
    return intervals[at][0] if at < len(intervals) else None
