"""Keeps what the shops say of their products: names, picture, link."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.ids import Sku
from playlists.law.reductions import Goods
from server.db.models import ProductRow
from server.ports import ProductReport
from server.services.base import outbox
from server.services.prices.seeing import LAWFUL, ChannelOf, Product

_TABLE = cast(Table, ProductRow.__table__)
_PRODUCT = _TABLE.c
MAX_TERMS = 500
"""Characters that a product is found by."""
MAX_MEASURE = 40
MAX_SOURCE = 100
"""Characters of a product's contents, and of whose price its own is compared with."""


@dataclass(frozen=True, slots=True)
class Described:
    """What reports change of the products: rows to add and to change; those products as they are
    then (`merged`, with all others); the SKUs that screens show otherwise (`touched`).
    """

    merged: Mapping[Sku, Product]
    new: Sequence[dict[str, Any]]
    changed: Sequence[dict[str, Any]]
    touched: Collection[Sku]


def describe(
    shop: str, reports: Sequence[ProductReport], known: Mapping[Sku, Product], now: int
) -> Described:
    """What `reports` say of products that are not `known`, or otherwise."""
    merged = dict(known)
    touched: set[Sku] = set()
    links: dict[Sku, str] = {}
    for report in reports:
        sku = Sku(report.sku)
        names = {language: dict(parts) for language, parts in report.names.items()}
        last = merged.get(sku)
        if last is None:
            merged[sku] = Product(
                *(names, report.picture_url, report.availability, report.maker, report.category),
                *_lawful(report),
            )
            links[sku] = report.link
            touched.add(sku)
            continue
        found = Product(
            {**last.names, **names},
            report.picture_url or last.picture_url,
            report.availability or last.availability,
            report.maker or last.maker,
            report.category or last.category,
            # What names a product says all of it; a bare price takes nothing away.
            *(_lawful(report) if names else (last.tax_permyriad, last.goods)),
        )
        if _shown(found) != _shown(last):
            touched.add(sku)
        merged[sku] = found
    new = [
        {"shop": shop, "link": link, **_columns(sku, merged[sku]), "seen_at": now}
        for sku, link in links.items()
    ]
    changed = [
        {"of_shop": shop, "of_sku": sku, **_columns(sku, merged[sku]), "seen_at": now}
        for sku, last in known.items()
        if merged[sku] != last
    ]
    return Described(merged, new, changed, touched)


def _shown(product: Product) -> tuple[Any, ...]:
    return (product.names, product.picture_url, product.goods)


def _lawful(report: ProductReport) -> tuple[int | None, Goods]:
    """What the law of displayed prices asks, as far as the shop says it."""
    goods = Goods(
        report.measure.strip()[:MAX_MEASURE],
        report.base.strip()[:MAX_MEASURE],
        report.perishable,
        report.sold_since,
        report.comparison,
        report.comparison_source.strip()[:MAX_SOURCE],
    )
    return report.tax_permyriad, goods


def _columns(sku: Sku, product: Product) -> dict[str, Any]:
    return {
        "sku": sku,
        "names": product.names,
        "picture_url": product.picture_url,
        "availability": product.availability,
        "maker": product.maker,
        "category": product.category,
        "terms": terms_of(sku, product),
        "tax_permyriad": product.tax_permyriad,
        **asdict(product.goods),
    }


def terms_of(sku: Sku, product: Product) -> str:
    """What a product is found by: SKU, names, maker and category, folded as searches are."""
    names = (said.get(part, "") for said in product.names.values() for part in ("name", "lead"))
    return folded(" ".join([sku, product.maker, product.category, *names]))[:MAX_TERMS]


def folded(text: str) -> str:
    """Small letters without accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(plain.translate(_UNMARKED).split())


class _Unmarked(dict[int, int | None]):
    """Characters without those that only mark others, each looked up once."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_UNMARKED = _Unmarked()


_CHANGING = (
    *("names", "picture_url", "availability", "maker", "category", "terms", "seen_at"),
    *("tax_permyriad", *LAWFUL),
)
_CHANGE = (
    update(_TABLE)
    .where(_PRODUCT.shop == bindparam("of_shop"), _PRODUCT.sku == bindparam("of_sku"))
    .values({name: bindparam(name) for name in _CHANGING})
)


def store_new(session: Session, described: Described) -> None:
    """Add products in the caller's transaction; one that somebody else added meanwhile stays."""
    if described.new:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        adding = dialect.insert(_TABLE).on_conflict_do_nothing()
        session.connection().execute(adding, list(described.new))


def store_changed(
    session: Session, described: Described, channels: Sequence[ChannelOf], now: int
) -> None:
    """Change products in the caller's transaction, and mark what screens show otherwise."""
    if described.changed:
        session.connection().execute(_CHANGE, list(described.changed))
        skus = {row["of_sku"] for row in described.changed} & set(described.touched)
        mark(session, [(channel.id, sku) for channel in channels for sku in skus], now)


def forget(
    session: Session, shop: str, skus: Sequence[Sku], channels: Sequence[ChannelOf], now: int
) -> None:
    """Remove products in the caller's transaction."""
    session.execute(delete(ProductRow).where(_PRODUCT.shop == shop, _PRODUCT.sku.in_(skus)))
    mark(session, [(channel.id, sku) for channel in channels for sku in skus], now)


def lawful(session: Session, shop: str, skus: Sequence[Sku]) -> dict[Sku, Goods]:
    """What the law of displayed prices asks of some products of a shop."""
    columns = (_PRODUCT[name] for name in LAWFUL)
    query = select(_PRODUCT.sku, *columns).where(_PRODUCT.shop == shop, _PRODUCT.sku.in_(skus))
    return {Sku(sku): Goods(*rest) for sku, *rest in session.execute(query)}


def mark(session: Session, offers: Iterable[tuple[str, str]], now: int) -> None:
    """Whether there is such a product in a channel, or what it is, changed."""
    outbox.mark(session, (f"product:{sku}@{channel}" for channel, sku in offers), now)
