"""Remembers what a shop's listing said of each SKU when the record last agreed with it, so that
what it says again costs neither a look into the record nor a write.

A digest covers every field of every row of a SKU, in order, under a key made of everything that
rows are judged by: other thresholds, stores or channels make every digest another one. Who
otherwise writes what a SKU's offers stand on forgets its digest in the same transaction, so that
the listing is compared with the record again. A digest that is missing costs work, never truth.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from operator import attrgetter
from typing import cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.ids import Sku
from server.connectors.numbers import BYTES, Numbers, number
from server.db.models import ListedRow
from server.ports import ProductReport
from server.services.base.kept import MAX_IN, batched
from server.services.prices.batches import Source
from server.services.prices.quarantine import Rules
from server.services.prices.seeing import ChannelOf

FORM = 1
"""Raised when what a row does to the record changes: then everything is compared anew."""

_FIELDS = attrgetter(*(field.name for field in fields(ProductReport)))
_TABLE = cast(Table, ListedRow.__table__)
_LISTED = _TABLE.c


def key_of(source: Source, rules: Rules, channels: Sequence[ChannelOf]) -> bytes:
    """What the digests of a source's rows hang on beside the rows."""
    judged = [rules.currency, rules.jump_percent, rules.batch_percent]
    told = [[one.id, one.store, one.zone] for one in channels]
    stores = sorted(source.stores.items())
    return blake2b(repr([FORM, source.id, judged, stores, told]).encode()).digest()


class Said:
    """What a listing says, by SKU, as digests.

    SKUs are told apart by digests too. Two that were ever alike would share one entry, and a change
    of either would be seen.
    """

    def __init__(self, key: bytes, rows: int) -> None:
        """For at most so many rows."""
        self._key = key
        self._numbers = Numbers(rows)
        self._stands = bytearray(len(self._numbers))
        self.changed = 0

    @property
    def skus(self) -> int:
        """How many are named."""
        return self._numbers.taken

    def add(self, report: ProductReport) -> None:
        """One more row."""
        sku = number(report.sku.encode())
        at = self._numbers.place(sku)
        if not self._numbers.holds(at):
            at = self._numbers.add(sku, 0)
            self.changed += 1
        text = repr(_FIELDS(report)).encode("utf-8", "surrogatepass")
        before = self._numbers.values[at].to_bytes(BYTES, signed=True)
        self._numbers.values[at] = number(before + text, self._key)

    def meets(self, sku: str, digest: int | None) -> bool:
        """Compare with what was remembered of a SKU; whether the listing names it."""
        at = self._at(sku)
        if not self._numbers.holds(at):
            return False
        if not self._stands[at] and self._numbers.values[at] == digest:
            self._stands[at] = True
            self.changed -= 1
        return True

    def is_new(self, sku: str) -> bool:
        """Whether the listing says something of a SKU that is not known to stand."""
        at = self._at(sku)
        return self._numbers.holds(at) and not self._stands[at]

    def print(self) -> int:
        """Of all that is said, in whatever order the SKUs came."""
        return sum(self._numbers.values)

    def digest(self, sku: str) -> int:
        """Of a SKU that the listing names."""
        return self._numbers.values[self._at(sku)]

    def _at(self, sku: str) -> int:
        return self._numbers.place(number(sku.encode()))


def remembered(session: Session, shop: str, products: Table) -> Iterator[tuple[str, int | None]]:
    """Every SKU that the shop sells, as far as it said, with its digest if there is one."""
    joined = products.outerjoin(
        _TABLE, (_LISTED.shop == products.c.shop) & (_LISTED.sku == products.c.sku)
    )
    query = select(products.c.sku, _LISTED.digest).select_from(joined)
    wanted = query.where(products.c.shop == shop).execution_options(yield_per=1_000)
    for row in session.execute(wanted):
        yield row.sku, row.digest


def token() -> int:
    """What stands in a digest's place while a SKU is being brought up to a listing."""
    return int.from_bytes(secrets.token_bytes(BYTES), signed=True)


def intact(session: Session, shop: str, skus: Collection[Sku], mark: int) -> set[Sku]:
    """The SKUs of which nobody wrote since `mark` was put in their digests' place."""
    query = select(_LISTED.sku).where(_LISTED.shop == shop, _LISTED.digest == mark)
    return {
        Sku(sku)
        for some in batched(sorted(skus), MAX_IN)
        for sku in session.scalars(query.where(_LISTED.sku.in_(some)))
    }


def put(session: Session, shop: str, digests: Mapping[Sku, int]) -> None:
    """Remember these in the caller's transaction."""
    if not digests:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    adding = dialect.insert(_TABLE)
    putting = adding.on_conflict_do_update(
        index_elements=[_LISTED.shop, _LISTED.sku], set_={"digest": adding.excluded.digest}
    )
    rows = [{"shop": shop, "sku": sku, "digest": one} for sku, one in digests.items()]
    session.connection().execute(putting, rows)


def forget(session: Session, shop: str, skus: Iterable[str]) -> None:
    """Have the next listing compared with the record, in the caller's transaction."""
    for some in batched(sorted(set(skus)), MAX_IN):
        session.execute(delete(_TABLE).where(_LISTED.shop == shop, _LISTED.sku.in_(some)))
