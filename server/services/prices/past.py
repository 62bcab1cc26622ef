"""Keeps what offers said and when shops were silent, so that any past instant is drawn as it was.

An offer that is replaced or withdrawn is put aside with the channel versions between which it held;
a lease that ran out before the shop spoke again leaves the stretch behind. Nothing else is written:
offers that never changed, and leases that were renewed in time, are as they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import BigInteger, Table, bindparam, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.law.reductions import reduction_at, window_begin
from playlists.ledger import effective
from playlists.pricing import LedgerRow, Offer, Step
from playlists.wire.offers import offer_from_json
from server.db.models import (
    ChannelRow,
    LedgerEntry,
    OfferRow,
    PastDeltaRow,
    PastOfferRow,
    SilenceRow,
    StoreRow,
)
from server.services.base.kept import MAX_IN, batched
from server.services.prices.freshness import leases_of

_OFFERS = cast(Table, OfferRow.__table__).c
_PAST = cast(Table, PastOfferRow.__table__)
_SILENCES = cast(Table, SilenceRow.__table__)
_DELTAS = cast(Table, PastDeltaRow.__table__)
_CHANNELS = cast(Table, ChannelRow.__table__).c

MAX_DELTA = 256 * 1024
"""Characters of a signed message that is kept once another replaced it: many prices at once, but
not a shop's whole first answer.
"""


Asked = tuple[ChannelId, int | None]
"""A channel, and its version (unix ms) that counts; None: the one in force."""


@dataclass(frozen=True, slots=True)
class Held:
    """An offer as it was said, and the channel's version that first said it."""

    offer: Offer
    version: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The ledger's rows that a price and its prior price stand on; None where none is found."""

    price: int | None
    prior: int | None


def keep_offers(session: Session, replaced: Sequence[Mapping[str, Any]]) -> None:
    """Put aside the offers (`c` channel, `s` SKU) that a channel's `version` replaces."""
    if not replaced:
        return
    now_past = select(
        _OFFERS.channel,
        _OFFERS.sku,
        _OFFERS.version,
        bindparam("until", type_=BigInteger),
        _OFFERS.body,
    ).where(_OFFERS.channel == bindparam("c"), _OFFERS.sku == bindparam("s"))
    names = ["channel", "sku", "version", "until_version", "body"]
    session.connection().execute(
        insert(_PAST).from_select(names, now_past),
        [{"c": row["c"], "s": row["s"], "until": row["version"]} for row in replaced],
    )


def keep_deltas(session: Session, moved: Sequence[Mapping[str, Any]]) -> None:
    """Put aside the signed messages of channels (`c`) that are about to have another."""
    if not moved:
        return
    last = select(_CHANNELS.id, _CHANNELS.version, _CHANNELS.delta).where(
        _CHANNELS.id == bindparam("c"),
        _CHANNELS.version > 0,
        func.length(_CHANNELS.delta).between(1, MAX_DELTA),
    )
    session.connection().execute(
        insert(_DELTAS).from_select(["channel", "version", "jws"], last),
        [{"c": row["c"]} for row in moved],
    )


def delta_of(session: Session, channel: str, version: int) -> str:
    """The signed message that brought a channel to a version; empty where it is not kept."""
    row = session.get(ChannelRow, channel)
    if row is not None and row.version == version:
        return row.delta
    kept = session.get(PastDeltaRow, (channel, version))
    return kept.jws if kept is not None else ""


def keep_silences(session: Session, confirmed: Iterable[tuple[str, int]]) -> None:
    """Channels are about to be confirmed as of an instant: keep the stretch that had no lease."""
    as_of = dict(confirmed)
    ends = {
        name: lease.as_of + lease.lease_ms if lease.as_of else 0
        for name, lease in leases_of(session, as_of).items()
    }
    rows = [
        {"channel": name, "from_ms": end, "until_ms": as_of[name]}
        for name, end in ends.items()
        if end < as_of[name]
    ]
    if rows:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        session.execute(dialect.insert(_SILENCES).on_conflict_do_nothing(), rows)


def offers_at(
    session: Session, channel: ChannelId, skus: Collection[Sku], version: int | None
) -> dict[Sku, Held]:
    """What a channel at a version (unix ms; None: the one in force) says of `skus`."""
    return offers_of(session, {(channel, version): skus})[channel, version]


def offers_of(
    session: Session, wanted: Mapping[Asked, Collection[Sku]]
) -> dict[Asked, dict[Sku, Held]]:
    """What channels at their versions say of some SKUs, all read together."""
    said = _Said(session, wanted)
    found: dict[Asked, dict[Sku, Held]] = {}
    for (channel, version), skus in wanted.items():
        told = {sku: said.held(channel, sku, version) for sku in skus}
        found[channel, version] = {sku: one for sku, one in told.items() if one is not None}
    return found


class _Said:
    """Rows of offers, in force and past, that somebody asks about; decoded when they are named."""

    def __init__(self, session: Session, wanted: Mapping[Asked, Collection[Sku]]) -> None:
        self._now: dict[tuple[str, str], tuple[int, Any]] = {}
        self._past: dict[tuple[str, str], list[tuple[int, int, Any]]] = {}
        self._held: dict[tuple[str, str, int], Held] = {}
        versions = [version for _, version in wanted if version is not None]
        channels = sorted({channel for channel, _ in wanted})
        for skus in batched(sorted({sku for named in wanted.values() for sku in named}), MAX_IN):
            for some in batched(channels, MAX_IN):
                self._read(session, some, skus, versions)

    def _read(
        self,
        session: Session,
        channels: Sequence[str],
        skus: Sequence[str],
        versions: Sequence[int],
    ) -> None:
        now = select(_OFFERS.channel, _OFFERS.sku, _OFFERS.version, _OFFERS.body).where(
            _OFFERS.channel.in_(channels), _OFFERS.sku.in_(skus)
        )
        for channel, sku, version, body in session.execute(now):
            self._now[channel, sku] = version, body
        if not versions:
            return
        one = _PAST.c
        past = select(one.channel, one.sku, one.version, one.until_version, one.body).where(
            one.channel.in_(channels),
            one.sku.in_(skus),
            one.until_version > min(versions),
            one.version <= max(versions),
        )
        for channel, sku, version, until, body in session.execute(past):
            self._past.setdefault((channel, sku), []).append((version, until, body))

    def held(self, channel: ChannelId, sku: Sku, version: int | None) -> Held | None:
        """What was said of a SKU at a version; None where nothing was."""
        found = self._now.get((channel, sku))
        if version is None or (found is not None and found[0] <= version):
            return self._decoded(channel, sku, *found) if found else None
        for since, until, body in self._past.get((channel, sku), ()):
            if since <= version < until:
                return self._decoded(channel, sku, since, body)
        return None

    def _decoded(self, channel: str, sku: str, version: int, body: Any) -> Held:
        key = channel, sku, version
        if key not in self._held:
            self._held[key] = Held(offer_from_json(body), version)
        return self._held[key]


def silences_of(
    session: Session, channels: Collection[str], since_ms: int
) -> dict[str, list[tuple[int, int]]]:
    """Of each channel the stretches without a lease that ended after an instant (unix ms)."""
    found: dict[str, list[tuple[int, int]]] = {}
    one = _SILENCES.c
    for some in batched(sorted(channels), MAX_IN):
        rows = select(one.channel, one.from_ms, one.until_ms).where(
            one.channel.in_(some), one.until_ms > since_ms
        )
        for channel, from_ms, until_ms in session.execute(rows.order_by(one.from_ms)):
            found.setdefault(channel, []).append((from_ms, until_ms))
    return found


def lease_end(silences: Iterable[tuple[int, int]], at_ms: int) -> int | None:
    """When a lease that was over at an instant, or ran out after it, ended; None: it held on."""
    return next((from_ms for from_ms, until_ms in silences if until_ms > at_ms), None)


def rows_behind(
    session: Session, channel: ChannelId, sku: Sku, held: Held, step: Step, at_ms: int
) -> Behind:
    """The ledger's rows that a step stood on at `at_ms`, among those the server knew by then."""
    entries = session.scalars(
        select(LedgerEntry).where(
            LedgerEntry.channel == channel,
            LedgerEntry.sku == sku,
            LedgerEntry.written_at <= held.version,
        )
    ).all()
    rows = {entry.id: _row(entry) for entry in entries}
    at = max(at_ms, step.from_ms)
    price = _latest(rows, step.price, at, at + 1)
    if step.prior is None:
        return Behind(price, None)
    reduction = reduction_at(effective(rows.values()), at)
    if reduction is None:
        return Behind(price, None)
    zone = session.scalar(
        select(StoreRow.zone)
        .join(ChannelRow, ChannelRow.store_id == StoreRow.id)
        .where(ChannelRow.id == channel)
    )
    of_first = {"was:first_step", "was:before"} & set(step.because)
    began = reduction.first_ms if of_first else reduction.step_ms
    return Behind(price, _latest(rows, step.prior, window_begin(began, zone or "UTC"), began))


def _row(entry: LedgerEntry) -> LedgerRow:
    return LedgerRow(
        Sku(entry.sku),
        ChannelId(entry.channel),
        entry.price,
        entry.currency,
        entry.valid_from,
        entry.valid_until,
        entry.reduced,
        entry.recorded_at,
    )


def _latest(rows: Mapping[int, LedgerRow], price: int, from_ms: int, until_ms: int) -> int | None:
    """The row last recorded that says this price somewhere on `[from_ms, until_ms)`."""
    found = [
        (row.recorded_at, row.reduced, number)
        for number, row in rows.items()
        if row.price == price
        and row.valid_from < until_ms
        and (row.valid_until is None or row.valid_until > from_ms)
    ]
    return max(found)[2] if found else None


def sweep(session: Session, before_ms: int) -> None:
    """Forget what was replaced, and silences that ended, before an instant."""
    session.execute(delete(_PAST).where(_PAST.c.until_version < before_ms))
    session.execute(delete(_DELTAS).where(_DELTAS.c.version < before_ms))
    session.execute(delete(_SILENCES).where(_SILENCES.c.until_ms < before_ms))
