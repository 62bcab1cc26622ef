"""How long a store's screens showed which price, and how that compares with the shop's, summed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow
from server.db.models import LedgerEntry
from server.services.alignment.records import Stretch
from server.services.alignment.replaying import Spell, spells
from server.services.alignment.shop_line import PROPAGATION_MS, Span, compare, shop_line
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Plans

Good = tuple[ChannelId, Sku]
Line = tuple[Span, ...]
Key = tuple[Sku, str, str, str, ChannelId]
"""A SKU, what is counted (equal, late, other, bare, free), its code, the zone and the channel."""
NO_LINE: Line = ()


@dataclass(slots=True)
class Sum:
    """Milliseconds of one SKU, all screens together."""

    equal: int = 0
    late: int = 0
    other: int = 0
    bare: dict[str, int] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)

    @property
    def shown(self) -> int:
        """For how long a price was on."""
        return self.equal + self.late + self.other

    def add(self, kind: str, code: str, ms: int) -> None:
        """So much more of a kind."""
        if kind in ("bare", "free"):
            named: dict[str, int] = getattr(self, kind)
            named[code] = named.get(code, 0) + ms
        else:
            setattr(self, kind, getattr(self, kind) + ms)


def summed(
    session: Session, plans: Plans, played: Iterable[Stretch], from_ms: int, until_ms: int
) -> dict[Sku, Sum]:
    """The sums of these stretches, which lie in `[from_ms, until_ms)`.

    Screens that played one plan with the same offers are reckoned together, however many.
    """
    alike: dict[object, list[Stretch]] = {}
    for one in played:
        key = (one.manifest, one.versions, one.exceptions)
        alike.setdefault(repr(key) if one.exceptions else key, []).append(one)
    groups = [(group, _spells(session, plans, group)) for group in alike.values()]
    goods = {(one.channel, one.sku) for _, found in groups for one in found}
    lines = shop_lines(session, goods, from_ms - PROPAGATION_MS, until_ms)
    sums: dict[Sku, Sum] = {}
    for group, found in groups:
        ramps = _ramps(found, lines)
        for (sku, kind, code, *_), ramp in ramps.items():
            ms = sum(ramp.over(one.from_ms, one.until_ms) for one in group)
            if ms:
                sums.setdefault(sku, Sum()).add(kind, code, ms)
    return sums


def _spells(session: Session, plans: Plans, group: list[Stretch]) -> list[Spell]:
    one = group[0]
    begin, end = min(s.from_ms for s in group), max(s.until_ms for s in group)
    return spells(session, plans, one.manifest, one.versions, begin, end, one.exceptions)


@dataclass(slots=True)
class _Ramp:
    """How much of something there was up to any instant."""

    froms: list[int] = field(default_factory=list)
    untils: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=lambda: [0])

    def add(self, from_ms: int, until_ms: int) -> None:
        """A piece; pieces come in order."""
        self.froms.append(from_ms)
        self.untils.append(until_ms)
        self.before.append(self.before[-1] + until_ms - from_ms)

    def over(self, from_ms: int, until_ms: int) -> int:
        """How much of it lies in `[from_ms, until_ms)`."""
        return self._upto(until_ms) - self._upto(from_ms)

    def _upto(self, at_ms: int) -> int:
        at = bisect_right(self.froms, at_ms)
        if not at:
            return 0
        return self.before[at - 1] + min(at_ms, self.untils[at - 1]) - self.froms[at - 1]


def _ramps(found: Iterable[Spell], lines: Mapping[Good, Line]) -> dict[Key, _Ramp]:
    """What is counted of each SKU, by zone: there, one thing after another."""
    ramps: dict[Key, _Ramp] = {}

    def add(one: Spell, kind: str, code: str, begin: int, end: int) -> None:
        key = one.sku, kind, code, one.zone, one.channel
        ramps.setdefault(key, _Ramp()).add(begin, end)

    for one in found:
        if one.price is None:
            add(one, "free", one.why, one.from_ms, one.until_ms)
            continue
        if one.why:
            add(one, "bare", one.why, one.from_ms, one.until_ms)
        line = lines.get((one.channel, one.sku), NO_LINE)
        for kind, begin, end in compare(line, (one.price, one.currency), one.from_ms, one.until_ms):
            add(one, kind, "", begin, end)
    return ramps


def shop_lines(
    session: Session, goods: Collection[Good], from_ms: int, until_ms: int
) -> dict[Good, Line]:
    """What the shop said of each of these goods over `[from_ms, until_ms)`."""
    rows: dict[Good, list[LedgerRow]] = {good: [] for good in goods}
    channels = sorted({channel for channel, _ in goods})
    for skus in batched(sorted({sku for _, sku in goods}), MAX_IN):
        for some in batched(channels, MAX_IN):
            found = session.scalars(
                select(LedgerEntry).where(
                    LedgerEntry.channel.in_(some),
                    LedgerEntry.sku.in_(skus),
                    LedgerEntry.valid_from < until_ms,
                    or_(LedgerEntry.valid_until.is_(None), LedgerEntry.valid_until > from_ms),
                )
            )
            for row in found:
                good = ChannelId(row.channel), Sku(row.sku)
                if good in rows:
                    rows[good].append(_row(row, good))
    return {good: shop_line(told, from_ms, until_ms) for good, told in rows.items()}


def _row(row: LedgerEntry, good: Good) -> LedgerRow:
    return LedgerRow(
        *(good[1], good[0], row.price, row.currency, row.valid_from, row.valid_until),
        *(row.reduced, row.recorded_at),
    )
