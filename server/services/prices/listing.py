"""Goes over a batch's rows in bounded memory: what of it is news, and that sorted by SKU.

1. Every row goes into a digest of its SKU; what the record is known to agree with drops out.
2. The rows of what is left are dealt out, those of one SKU together, into as many piles on disk as
   it takes for one to be held in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from sqlalchemy import Table

from playlists.errors import Invalid
from playlists.ids import Sku, check_sku
from server.connectors.numbers import number
from server.connectors.spool import Spool
from server.db.models import ProductRow
from server.ports import Batch, ProductReport
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import digests, offers
from server.services.prices.batches import Source, Taken, product_name
from server.services.prices.digests import Said

PILE_ROWS = 2_000
"""Rows of one pile, about."""
MAX_PILES = 200
PILE_BYTES = 16 * 1024
"""Of a pile that are kept in memory before it goes to a file."""

Rows = Sequence[ProductReport]


@dataclass(slots=True)
class News:
    """What of a batch is to be compared with the record. `reported` rows of `listed` SKUs were
    read; `known` is how many of those, of a whole listing how many at all, were known before;
    `gone` are known ones that a whole listing does not name.
    """

    batch: Batch
    said: Said
    among: set[str] | None = None
    reported: int = 0
    listed: int = 0
    known: int = 0
    gone: list[Sku] = field(default_factory=list)
    _piles: list[Spool] = field(default_factory=list)

    def piles(self) -> Iterator[list[ProductReport]]:
        """The rows, those of one SKU in one pile; gone over as often as one likes."""
        if not self.said.changed:
            return
        rows = self.said.changed * self.reported // max(1, self.listed)
        wanted = min(MAX_PILES, -(-rows // PILE_ROWS))
        if wanted <= 1:
            yield list(self._rows())
            return
        if not self._piles:
            self._piles = [Spool(PILE_BYTES) for _ in range(wanted)]
            for report in self._rows():
                self._piles[number(report.sku.encode()) % wanted].add(report)
        for pile in self._piles:
            yield list(pile)

    def _rows(self) -> Iterator[ProductReport]:
        """What may be taken and is news."""
        for report in self.batch.products:
            if is_sku(report.sku) and self.said.is_new(report.sku) and self.takes(report):
                yield report

    def takes(self, report: ProductReport) -> bool:
        """Whether it may be taken: an update of a stranger may not."""
        return self.among is None or report.sku in self.among or bool(report.names)


def is_sku(text: str) -> bool:
    """Whether it may name a product."""
    try:
        check_sku(text)
    except Invalid:
        return False
    return True


def read(ctx: Context, source: Source, batch: Batch, key: bytes, taken: Taken) -> News:
    """Go over a batch once, and over what is remembered of a whole listing. A SKU that is none, or
    a stranger in an update, is counted.
    """
    news = News(batch, Said(key, len(batch.products)))
    if not batch.whole:
        named = {report.sku for report in batch.products}
        with ctx.db.read() as session:
            news.among = offers.known_skus(session, source.shop, named)
    for report in batch.products:
        if not is_sku(report.sku):
            taken.count("bad_sku", of=product_name(report.sku))
        elif not news.takes(report):
            taken.count("unknown_sku", of=product_name(report.sku))
        else:
            news.said.add(report)
            news.reported += 1
    news.listed = news.said.skus
    if news.among is not None:
        news.known = len(news.among)
        return news
    with ctx.db.read() as session:
        table = cast(Table, ProductRow.__table__)
        for sku, digest in digests.remembered(session, source.shop, table):
            news.known += 1
            if not news.said.meets(sku, digest):
                news.gone.append(Sku(sku))
    return news


def chunks(rows: Rows, skus_at_once: int, *, whole: bool) -> Iterator[dict[Sku, Rows]]:
    """Rows in chunks of a few SKUs. Of rows that speak of one price (SKU and store) the last
    counts; in a whole listing ones that differ contradict each other, and none is believed.
    """
    by_sku: dict[Sku, dict[str | None, ProductReport]] = {}
    for report in rows:
        mine = by_sku.setdefault(Sku(report.sku), {})
        twin = mine.get(report.store)
        if whole and twin is not None and (twin.problem == "duplicate" or _money(twin, report)):
            report = replace(report, problem="duplicate")
        mine[report.store] = report
    for some in batched(list(by_sku), skus_at_once):
        yield {sku: tuple(by_sku[sku].values()) for sku in some}


def flat(chunk: Mapping[Sku, Rows]) -> Iterable[ProductReport]:
    """All rows of a chunk."""
    return (report for rows in chunk.values() for report in rows)


def _money(one: ProductReport, other: ProductReport) -> bool:
    """Whether they name different prices."""
    return _price_of(one) != _price_of(other)


def _price_of(report: ProductReport) -> tuple[object, ...]:
    sale = (report.sale_price, report.sale_from, report.sale_until)
    return (report.price, report.currency, report.problem, *sale)
