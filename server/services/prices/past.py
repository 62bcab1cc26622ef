"""Keeps what offers said and when shops were silent, so that any past instant is drawn as it was.

An offer that is replaced or withdrawn is put aside with the channel versions between which it held;
a lease that ran out before the shop spoke again leaves the stretch behind. Nothing else is written:
offers that never changed, and leases that were renewed in time, are as they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import BigInteger, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists import ledger as law
from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow, Offer, Step
from playlists.wire.offers import offer_from_json
from server.db.models import LedgerEntry, OfferRow, PastOfferRow, SilenceRow
from server.services.base.kept import MAX_IN, batched
from server.services.prices.freshness import leases_of

_OFFERS = cast(Table, OfferRow.__table__).c
_PAST = cast(Table, PastOfferRow.__table__)
_SILENCES = cast(Table, SilenceRow.__table__)


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
    return offers_of(session, {channel: skus}, {channel: version})[channel]


def offers_of(
    session: Session,
    skus: Mapping[ChannelId, Collection[Sku]],
    versions: Mapping[ChannelId, int | None],
) -> dict[ChannelId, dict[Sku, Held]]:
    """What each channel at its version says of its `skus`; channels at one version are asked
    together.
    """
    found: dict[ChannelId, dict[Sku, Held]] = {channel: {} for channel in skus}
    for version in sorted({versions[one] for one in skus}, key=lambda one: one or 0):
        alike = {one: frozenset(skus[one]) for one in skus if versions[one] == version}
        for some in batched(sorted({sku for named in alike.values() for sku in named}), MAX_IN):
            for channels in batched(sorted(alike), MAX_IN):
                for row in _said(session, channels, some, version):
                    channel, sku, body, since = row
                    if sku in alike[channel]:
                        found[channel][sku] = Held(offer_from_json(body), since)
    return found


def _said(
    session: Session, channels: Sequence[ChannelId], skus: Sequence[Sku], version: int | None
) -> Iterator[tuple[ChannelId, Sku, Any, int]]:
    """Channel, SKU, offer as kept, since which version."""
    columns = (_OFFERS.channel, _OFFERS.sku, _OFFERS.body, _OFFERS.version)
    rows = select(*columns).where(_OFFERS.channel.in_(channels), _OFFERS.sku.in_(skus))
    if version is not None:
        rows = rows.where(_OFFERS.version <= version)
    yield from session.execute(rows)
    if version is None:
        return
    past = _PAST.c
    gone = select(past.channel, past.sku, past.body, past.version).where(
        past.channel.in_(channels),
        past.sku.in_(skus),
        past.version <= version,
        past.until_version > version,
    )
    yield from session.execute(gone)


def lease_ends(session: Session, channels: Collection[str], at_ms: int) -> dict[str, int]:
    """Of each channel whose lease was over at `at_ms`, or ran out after it, the first such end."""
    ends: dict[str, int] = {}
    for some in batched(sorted(channels), MAX_IN):
        rows = select(_SILENCES.c.channel, _SILENCES.c.from_ms).where(
            _SILENCES.c.channel.in_(some), _SILENCES.c.until_ms > at_ms
        )
        for channel, from_ms in session.execute(rows.order_by(_SILENCES.c.from_ms.desc())):
            ends[channel] = from_ms
    return ends


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
    began = law.reduction_began(law.effective(rows.values()), at)
    if began is None:
        return Behind(price, None)
    return Behind(price, _latest(rows, step.prior, began - law.PRIOR_DAYS * law.DAY_MS, began))


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
    session.execute(delete(_SILENCES).where(_SILENCES.c.until_ms < before_ms))
