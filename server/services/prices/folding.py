"""Keeps long price histories folded in memory, so that a product's next call costs the same
however many came before.

Folded, a history says the same of everything that may still be asked of it by rows that are
recorded after it: the price in force, and the lowest price of the days that count before a
reduction. An earlier price that is not lower than the one that followed it is never the lowest of
days that end later, so the later one stands for both; of what is older than the days that count
only its beginning is kept. What comes late is judged by the whole history.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.law.reductions import reduction_at
from playlists.ledger import ABSENT_MS, Stretch
from playlists.pricing import LedgerRow
from server.services.prices import ledger
from server.services.prices.forgetting import WINDOW_MS
from server.services.prices.ledger import ANY, Pair, Past, Stamp

MIN_ROWS = 16
"""Shorter histories are read as they stand."""
MAX_FOLDS = 2_000
"""Histories kept, the last asked for; some kilobytes each."""
MARGIN_MS = 60_000
"""The last of a history stay as they stand: clocks of two processes differ."""


@dataclass(frozen=True, slots=True)
class _Fold:
    """A history folded: as of which stamp, and when its last row was recorded (unix ms)."""

    stamp: Stamp
    past: Past
    recorded_at: int


@dataclass(slots=True)
class _Folds:
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: OrderedDict[Pair, _Fold] = field(default_factory=OrderedDict)

    def find(self, pairs: Iterable[Pair], before_ms: int) -> dict[Pair, _Fold]:
        """Those that serve rows recorded at an instant."""
        found = {}
        with self.lock:
            for pair in pairs:
                fold = self.kept.get(pair)
                if fold is not None and fold.recorded_at < before_ms:
                    self.kept.move_to_end(pair)
                    found[pair] = fold
        return found

    def keep(self, folds: Mapping[Pair, _Fold]) -> None:
        """Keep these, and let go of those that were not asked for longest."""
        with self.lock:
            for pair, fold in folds.items():
                self.kept[pair] = fold
                self.kept.move_to_end(pair)
            while len(self.kept) > MAX_FOLDS:
                self.kept.popitem(last=False)


_FOLDS: WeakKeyDictionary[Any, _Folds] = WeakKeyDictionary()
_FOLDS_LOCK = threading.Lock()


def read(
    session: Session, channels: Sequence[ChannelId], skus: Sequence[Sku], at_ms: int | None
) -> tuple[Mapping[Pair, Past], Mapping[Pair, Stamp]]:
    """As `ledger.histories`, for whoever asks about no instant before `at_ms` (unix ms) and adds
    rows that are recorded then or later; None: about any.
    """
    if at_ms is None:
        return ledger.histories(session, channels, skus)
    with _FOLDS_LOCK:
        folds = _FOLDS.setdefault(session.get_bind(), _Folds())
    stamps = ledger.stamps(session, channels, skus)
    known = folds.find(stamps, at_ms)
    found = {pair: fold.past for pair, fold in known.items() if fold.stamp == stamps[pair]}
    behind = {pair: fold for pair, fold in known.items() if pair not in found}
    made = _brought_up(session, behind, stamps) if behind else {}
    found.update((pair, fold.past) for pair, fold in made.items())
    rest = stamps.keys() - found.keys()
    if rest:
        wanted = {sku for _, sku in rest}
        whole, now = ledger.histories(session, channels, wanted)
        found.update((pair, whole[pair]) for pair in rest)
        made |= _folded(whole, now, rest)
    folds.keep(made)
    return found, stamps


def _brought_up(
    session: Session, behind: Mapping[Pair, _Fold], stamps: Mapping[Pair, Stamp]
) -> dict[Pair, _Fold]:
    """Those with nothing new but rows recorded later, with these."""
    news = ledger.since(session, {pair: fold.stamp[1] for pair, fold in behind.items()})
    made: dict[Pair, _Fold] = {}
    alike: dict[tuple[Past, ledger.History, int | None], Past] = {}
    for pair, fold in behind.items():
        rows, tax = news.get(pair, ((), None))
        in_order = all(row.recorded_at > fold.recorded_at and not row.withdrawn for row in rows)
        if not in_order or fold.stamp[0] + len(rows) != stamps[pair][0]:
            continue
        last = max((row.recorded_at for row in rows), default=fold.recorded_at)
        key = fold.past, rows, tax
        if key not in alike:
            alike[key] = folded(fold.past.with_rows(rows, tax), last - MARGIN_MS)
        made[pair] = _Fold(stamps[pair], alike[key], last)
    return made


def _folded(
    pasts: Mapping[Pair, Past], stamps: Mapping[Pair, Stamp], pairs: Iterable[Pair]
) -> dict[Pair, _Fold]:
    """Those of the histories that are worth it."""
    made: dict[Pair, _Fold] = {}
    alike: dict[Past, Past] = {}
    for pair in pairs:
        past = pasts[pair]
        if stamps[pair][0] < MIN_ROWS:
            continue
        last = max(row.recorded_at for row in past.rows)
        if any(row.withdrawn and row.valid_from + ABSENT_MS >= last for row in past.rows):
            continue  # whether it was withdrawn at all hangs on what comes
        if past not in alike:
            alike[past] = folded(past, last - MARGIN_MS)
        made[pair] = _Fold(stamps[pair], alike[past], last)
    return made


def folded(past: Past, at_ms: int) -> Past:
    """A history that says the same of every instant from `at_ms` on, also once rows were added that
    are recorded later than all of it.
    """
    running = [one for one in past.stretches if one.from_ms < at_ms]
    if not running:
        return past
    reduction = reduction_at(past.stretches, running[-1].from_ms)
    since = running[-1].from_ms if reduction is None else reduction.first_ms
    before: list[Stretch] = []
    for one in past.stretches:
        if one.from_ms >= since:
            break
        if before and one.until_ms is not None and one.until_ms <= since - WINDOW_MS:
            continue
        begin = one.from_ms
        while len(before) > 1 and _hides(before[-1], replace(one, from_ms=begin)):
            begin = before.pop().from_ms
        before.append(replace(one, from_ms=begin))
    stretches = (*before, *(one for one in past.stretches if one.from_ms >= since))
    recorded_at = max(row.recorded_at for row in past.rows)
    sku = past.rows[0].sku
    rows = tuple(_row(sku, one, recorded_at) for one in stretches)
    return Past(rows, stretches, past.tax_permyriad, past.listed)


def _hides(earlier: Stretch, later: Stretch) -> bool:
    """Whether days that end after both are never the cheaper for the earlier one."""
    same = earlier.currency == later.currency and earlier.until_ms == later.from_ms
    return same and earlier.price >= later.price


def _row(sku: Sku, one: Stretch, recorded_at: int) -> LedgerRow:
    money = (one.price, one.currency, one.from_ms, one.until_ms)
    return LedgerRow(sku, ANY, *money, one.reduced, recorded_at)
