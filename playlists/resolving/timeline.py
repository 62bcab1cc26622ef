"""One zone's day: from sets of active parts to segments whose changes fall on the ends of slots."""

from __future__ import annotations

from collections.abc import Sequence

from playlists.resolving.stage import Loop, Stage

Edges = tuple[tuple[int, int], ...]
"""`(at, active)`: from `at` (ms of the day) on this set of parts is active. The first is at 0."""
Segments = tuple[tuple[int, Loop], ...]
"""`(from, loop)`: from `from` (ms of the day) on this loop plays, begun there."""


def segments_of(
    stage: Stage, edges: Edges, length_ms: int, start_ms: int = 0, epoch_ms: int | None = None
) -> Segments:
    """The segments of a day of `length_ms` from `start_ms` on.

    A change takes effect at the first end of a slot at or after it, an emergency's begin and end
    at once. What is over by then never begins. A loop goes on uninterrupted where nothing changes
    for it. `epoch_ms` is where the first loop began, if it plays already.
    """
    loops = [stage.loop(active) for _, active in edges]
    at = edge_at(edges, start_ms)
    loop = loops[at]
    begun = start_ms if epoch_ms is None else epoch_ms
    segments: list[tuple[int, Loop]] = [(begun, loop)]
    at += 1
    while at < len(edges):
        if loops[at] is loop:
            at += 1
            continue
        cut, at = _cut(edges, loops, at, loop, begun)
        if cut >= length_ms:
            break
        if loops[at] is not loop:
            loop, begun = loops[at], cut
            segments.append((begun, loop))
        at += 1
    return tuple(segments)


def edge_at(edges: Edges, at_ms: int) -> int:
    """The number of the last edge at or before an instant."""
    return max(number for number, (at, _) in enumerate(edges) if at <= at_ms)


def _cut(edges: Edges, loops: Sequence[Loop], at: int, loop: Loop, begun: int) -> tuple[int, int]:
    """When the loop gives way to the change at edge `at`, and the last edge at or before that."""
    nominal = edges[at][0]
    if loop.urgent or loops[at].urgent:
        return nominal, at
    cut = loop.end_at_or_after(begun, nominal)
    while at + 1 < len(edges) and edges[at + 1][0] <= cut:
        at += 1
        if loops[at].urgent:
            return edges[at][0], at
    return cut, at
