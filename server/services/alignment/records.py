"""The play records of a store's screens over a while, each second of each zone told once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.runs import Play, Run
from server.db.models import PowerRunRow, RunRow, ScreenRow
from server.services.alignment.replaying import Versions
from server.services.base.kept import MAX_IN, batched

HOUR_MS = 3_600_000
LONGEST_MS = 3 * HOUR_MS
"""A player ends its records each hour: none that began longer ago still runs."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A screen played a plan with these offers on `[from_ms, until_ms)`; of a stretch that it
    recorded as short of plan, `exceptions` says how.
    """

    screen: str
    manifest: str
    versions: Versions
    from_ms: int
    until_ms: int
    exceptions: tuple[Play, ...] = ()


Records = Mapping[str, list[tuple[int, Play]]]
"""By screen: each record with the number of its chain, the newest chain first."""
Darks = Mapping[str, list[tuple[int, int]]]
"""By screen: the spans in which its display was off."""


def screens_of(session: Session, store: str) -> list[str]:
    """The screens of a store."""
    return list(session.scalars(select(ScreenRow.id).where(ScreenRow.store_id == store)))


def records(session: Session, screens: Collection[str], from_ms: int, until_ms: int) -> Records:
    """What these screens recorded of `[from_ms, until_ms)`."""
    found: dict[str, list[tuple[int, Play]]] = {}
    for some in batched(sorted(screens), MAX_IN):
        rows = select(RunRow.screen_id, RunRow.chain, RunRow.body).where(
            RunRow.from_ms > from_ms - LONGEST_MS,
            RunRow.from_ms < until_ms,
            RunRow.until_ms > from_ms,
            RunRow.screen_id.in_(some),
        )
        newest = rows.order_by(RunRow.screen_id, RunRow.chain.desc(), RunRow.seq)
        for screen, chain, body in session.execute(newest):
            found.setdefault(screen, []).append((chain, Run.from_json(body).play))
    return found


def darks(session: Session, screens: Collection[str], from_ms: int, until_ms: int) -> Darks:
    """When these screens' displays were off in `[from_ms, until_ms)`, by their own records."""
    found: dict[str, list[tuple[int, int]]] = {}
    for some in batched(sorted(screens), MAX_IN):
        rows = select(PowerRunRow.screen_id, PowerRunRow.from_ms, PowerRunRow.until_ms).where(
            PowerRunRow.from_ms < until_ms,
            PowerRunRow.until_ms > from_ms,
            PowerRunRow.screen_id.in_(some),
        )
        for screen, begin, end in session.execute(rows):
            found.setdefault(screen, []).append((begin, end))
    return found


def stretches(told: Records, dark: Darks, from_ms: int, until_ms: int) -> list[Stretch]:
    """The stretches of `[from_ms, until_ms)` on displays that were on; of chains that contradict
    each other the newest.
    """
    return [
        one
        for screen, plays in told.items()
        for one in _of_screen(screen, plays, dark.get(screen, []), from_ms, until_ms)
    ]


def _of_screen(
    screen: str,
    plays: list[tuple[int, Play]],
    dark: list[tuple[int, int]],
    from_ms: int,
    until_ms: int,
) -> list[Stretch]:
    found: list[Stretch] = []
    covered: dict[str, list[tuple[int, int]]] = {}
    for chain, play in plays:
        if play.because:
            continue
        mine = covered.setdefault(play.zone, [*dark])
        for begin, end in _left(max(from_ms, play.from_ms), min(until_ms, play.until_ms), mine):
            mine.append((begin, end))
            short = [
                one
                for other, one in plays
                if other == chain and one.because and one.zone == play.zone
                if one.from_ms < end and one.until_ms > begin
            ]
            found += _cut(screen, play, begin, end, short)
    return found


def _left(begin: int, end: int, covered: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of `[begin, end)` nothing covers yet."""
    left = [(begin, end)] if begin < end else []
    for since, until in covered:
        left = [
            part
            for one, other in left
            for part in ((one, min(other, since)), (max(one, until), other))
            if part[0] < part[1]
        ]
    return left


def _cut(screen: str, play: Play, begin: int, end: int, short: list[Play]) -> list[Stretch]:
    """A stretch in parts: those as planned, and those with what was short of plan in them."""
    versions = tuple(sorted((str(name), version) for name, version in play.offers.items()))
    edges = {begin, end}
    edges |= {at for one in short for at in (one.from_ms, one.until_ms) if begin < at < end}
    ordered = sorted(edges)
    return [
        Stretch(
            *(screen, play.manifest, versions, since, until),
            tuple(one for one in short if one.from_ms < until and one.until_ms > since),
        )
        for since, until in pairwise(ordered)
    ]
