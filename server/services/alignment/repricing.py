"""When a price changed in the shop, and when the last screen held the change.

A play record begins anew where the versions of offers change: its begin is when that screen held
them, and painted from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import Sku
from playlists.runs import Play
from server.db.models import LedgerEntry, OfferRow, PastOfferRow
from server.services.alignment.records import HOUR_MS, Records
from server.services.base.kept import MAX_IN, batched

WAITS_MS = 2 * HOUR_MS
"""A screen that does not hold a change by then counts as one that was out of reach."""

Good = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Repriced:
    """A change at `at_ms`: of `screens` that played with its channel then, `waiting` have not said
    within WAITS_MS that they hold it; the last of all `delay_ms` later (None: some wait).
    """

    sku: Sku
    at_ms: int
    screens: int
    waiting: int
    delay_ms: int | None


def repriced(
    session: Session, told: Records, goods: Collection[Good], from_ms: int, until_ms: int
) -> list[Repriced]:
    """The changes of goods (channel, SKU) that shops made in `[from_ms, until_ms)`, valid at once.
    `told` are the play records from then on, for WAITS_MS longer.
    """
    moments = _moments(session, goods, from_ms, until_ms)
    versions = _versions(session, {good for good, _ in moments}, from_ms)
    found: dict[tuple[str, int], Repriced] = {}
    for (good, at_ms), written_at in sorted(moments.items()):
        version = min((one for one in versions.get(good, ()) if one >= written_at), default=None)
        if version is None:
            continue
        one = _change(told, good, at_ms, version)
        if one.screens:
            before = found.get((good[1], at_ms))
            found[good[1], at_ms] = one if before is None else _both(before, one)
    return list(found.values())


def _moments(
    session: Session, goods: Collection[Good], from_ms: int, until_ms: int
) -> dict[tuple[Good, int], int]:
    """When goods changed, with when the server wrote that down. The first price of all is none."""
    found: dict[tuple[Good, int], int] = {}
    for channel in {channel for channel, _ in goods}:
        skus = sorted(sku for one, sku in goods if one == channel)
        for some in batched(skus, MAX_IN):
            rows = select(
                LedgerEntry.sku,
                LedgerEntry.recorded_at,
                LedgerEntry.written_at,
                LedgerEntry.valid_from,
            ).where(LedgerEntry.channel == channel, LedgerEntry.sku.in_(some))
            first: dict[str, int] = {}
            told = list(session.execute(rows))
            for sku, recorded_at, _, _ in told:
                first[sku] = min(recorded_at, first.get(sku, recorded_at))
            for sku, recorded_at, written_at, valid_from in told:
                now = from_ms <= recorded_at < until_ms and valid_from <= recorded_at
                if now and recorded_at > first[sku]:
                    key = (channel, sku), recorded_at
                    found[key] = max(written_at, found.get(key, 0))
    return found


def _versions(
    session: Session, goods: Collection[Good], from_ms: int
) -> Mapping[Good, tuple[int, ...]]:
    """The versions at which offers of these goods were said, since an instant."""
    found: dict[Good, set[int]] = {}
    for table in (OfferRow, PastOfferRow):
        for channel in {channel for channel, _ in goods}:
            for skus in batched(sorted(sku for one, sku in goods if one == channel), MAX_IN):
                rows = select(table.sku, table.version).where(
                    table.channel == channel, table.sku.in_(skus), table.version >= from_ms
                )
                for sku, version in session.execute(rows):
                    found.setdefault((channel, sku), set()).add(version)
    return {good: tuple(sorted(versions)) for good, versions in found.items()}


def _change(told: Records, good: Good, at_ms: int, version: int) -> Repriced:
    channel, sku = good
    delays: list[int | None] = []
    for plays in told.values():
        mine = [play for _, play in plays if not play.because and _version(play, channel)]
        if any(play.from_ms <= at_ms < play.until_ms for play in mine):
            held = [play.from_ms for play in mine if _version(play, channel) >= version]
            at = min((begin for begin in held if begin >= at_ms), default=None)
            delays.append(at - at_ms if at is not None and at - at_ms <= WAITS_MS else None)
    known = [delay for delay in delays if delay is not None]
    waiting = len(delays) - len(known)
    last = max(known) if known and not waiting else None
    return Repriced(Sku(sku), at_ms, len(delays), waiting, last)


def _both(one: Repriced, other: Repriced) -> Repriced:
    """A change that two channels of a store brought at once."""
    waiting = one.waiting + other.waiting
    delays = [delay for delay in (one.delay_ms, other.delay_ms) if delay is not None]
    last = max(delays) if delays and not waiting else None
    return Repriced(one.sku, one.at_ms, one.screens + other.screens, waiting, last)


def _version(play: Play, channel: str) -> int:
    return next((held for name, held in play.offers.items() if name == channel), 0)
