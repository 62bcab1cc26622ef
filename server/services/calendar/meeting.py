"""Which conditions can be true together: rain and no rain cannot. Pure.

Only what whole numbers rule out is ruled out; of anything else it is said that it may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from playlists.conditions import All, Compare, Condition, Within
from playlists.facts import FactKey

_FAR = 1 << 62


def can_meet(conditions: Iterable[Condition]) -> bool:
    """Whether all of these may hold at one instant in one store."""
    ranges: dict[FactKey, tuple[int, int]] = {}
    for condition in conditions:
        for key, low, high in _ranges(condition):
            begin, end = ranges.get(key, (-_FAR, _FAR))
            ranges[key] = max(begin, low), min(end, high)
    return all(begin <= end for begin, end in ranges.values())


def _ranges(condition: Condition) -> Iterator[tuple[FactKey, int, int]]:
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _ranges(part)
    elif isinstance(condition, Within):
        yield condition.fact, condition.low, condition.high
    elif isinstance(condition, Compare) and type(condition.value) is int:
        value = condition.value
        bounds = {
            "<": (-_FAR, value - 1),
            "<=": (-_FAR, value),
            "==": (value, value),
            ">=": (value, _FAR),
            ">": (value + 1, _FAR),
        }.get(condition.op)
        if bounds is not None:
            yield condition.fact, *bounds
