"""What a person's table would do, in words: its columns, its rows, and those that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.connectors.shops.columns import FIELDS
from server.ports import ProductReport
from server.services.base.naming import said_in
from server.services.connectors import Preview
from server.services.prices.texts import money
from server.web.clock import day
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said

MAX_TOLD = 20
"""Rows left out that the page tells, of those that are known."""


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """A product as it would be taken."""

    sku: str
    name: str
    price: str
    sale: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Told:
    """The page of a file. `first` and `second` are its headline; `wrong` says why nothing of it
    can be taken.
    """

    first: str
    second: str
    wrong: str
    written: str
    counts: str
    goods: tuple[GoodsLine, ...]
    stock: tuple[str, ...]
    left_out: tuple[str, ...]
    more: str


def told(preview: Preview, language: Language, zone: str) -> Told:
    """What a file would do."""
    shown = preview.complaints[:MAX_TOLD]
    left = sum(preview.refused.values()) + preview.doubted - len(shown)
    return Told(
        first=_first(preview),
        second=_("Nothing of it is taken before you say so.") if preview.waits else "",
        wrong=said(preview.error),
        written=_written(preview),
        counts=_counts(preview),
        goods=tuple(_goods(one, language, zone) for one in preview.samples),
        stock=tuple(
            _("%(sku)s in %(store)s: %(many)s", sku=one.sku, store=one.store, many=one.quantity)
            for one in preview.stock_samples
        ),
        left_out=tuple(
            _(
                "Line %(line)s, %(sku)s: %(why)s",
                line=one.line,
                sku=one.sku or _("no number"),
                why=reason(one.why),
            )
            for one in shown
        ),
        more=ngettext("And %(num)s more row.", "And %(num)s more rows.", left) if left > 0 else "",
    )


def field_choices() -> list[tuple[str, str]]:
    """What a column can be: value and words; first that it is left aside."""
    names = {
        "id": _("Product number (SKU)"),
        "title": _("Name"),
        "description": _("Description"),
        "price": _("Price"),
        "currency": _("Currency"),
        "sale_price": _("Sale price"),
        "sale_from": _("Sale from"),
        "sale_until": _("Sale until"),
        "sale_price_effective_date": _("Sale from / until, in one"),
        "availability": _("Availability"),
        "store_code": _("Store"),
        "quantity": _("Pieces in that store"),
        "link": _("Address of its page"),
        "image_link": _("Address of its picture"),
        "brand": _("Maker"),
        "product_type": _("Category"),
        "item_group_id": _("Group of variants"),
        "unit_pricing_measure": _("Contents (750 ml)"),
        "unit_pricing_base_measure": _("Unit price of (1 l)"),
        "tax_percent": _("Tax rate, percent"),
        "sold_since": _("Sold since"),
        "comparison_price": _("Price to compare, not the shop’s"),
        "comparison_source": _("Whose price that is"),
    }
    return [("", _("Left aside")), *((field, names[field]) for field in FIELDS)]


def reason(code: str) -> str:
    """Why a row is not taken, or its price not believed."""
    return _reasons().get(code, _("it cannot be read."))


def _reasons() -> Mapping[str, str]:
    return {
        "no_id": _("it has no product number."),
        "no_store": _("it names no store."),
        "unknown_store": _("its store is none of ours."),
        "columns": _("it has more or fewer columns than the first line."),
        "quotes": _("a quotation mark before it is not closed, so rows ran together."),
        "formula": _("it holds a formula, not a value."),
        "price": _("its price cannot be read for certain."),
        "blank": _("it has no price."),
        "currency": _("its currency is another one."),
        "sale_dates": _("its sale dates cannot be read for certain."),
        "tax": _("its tax rate cannot be read."),
        "no_quantity": _("its pieces are no number."),
        "negative_stock": _("it has less than no pieces."),
        "huge": _("it has more pieces than a store can hold."),
    }


def _first(preview: Preview) -> str:
    if preview.waits:
        return _("A new file waits.")
    if preview.columns:
        return _("This file is in use.")
    return _("There is no file yet.")


def _written(preview: Preview) -> str:
    if not preview.columns:
        return ""
    marks = {"\t": _("tabs"), ";": _("semicolons"), ",": _("commas"), "|": _("upright strokes")}
    encodings = {
        "utf-8": "UTF-8",
        "utf-8-sig": "UTF-8",
        "utf-16": "UTF-16",
        "cp1252": "Windows-1252",
    }
    return _(
        "Written in %(encoding)s, its columns parted by %(mark)s.",
        encoding=encodings.get(preview.encoding, preview.encoding),
        mark=marks.get(preview.delimiter, preview.delimiter),
    )


def _counts(preview: Preview) -> str:
    good = preview.products - preview.doubted
    parts = [ngettext("%(num)s row read", "%(num)s rows read", preview.rows)]
    if preview.products:
        parts.append(ngettext("%(num)s price good", "%(num)s prices good", good))
    if preview.doubted:
        parts.append(
            ngettext("%(num)s without a price", "%(num)s without a price", preview.doubted)
        )
    if preview.stock:
        parts.append(ngettext("%(num)s stock", "%(num)s stocks", preview.stock))
    refused = sum(preview.refused.values())
    if refused:
        parts.append(ngettext("%(num)s row left out", "%(num)s rows left out", refused))
    return ", ".join(parts)


def _goods(one: ProductReport, language: Language, zone: str) -> GoodsLine:
    sale = ""
    if one.sale_price is not None and not one.problem:
        sale = money(one.sale_price, one.currency, language)
        if one.sale_until is not None:
            # An end at midnight is the end of the day before.
            last = day(one.sale_until - 1, zone, language)
            sale = _("%(price)s until %(day)s", price=sale, day=last)
    good = one.price is not None and not one.problem
    return GoodsLine(
        sku=f"{one.sku} · {one.store}" if one.store else one.sku,
        name=said_in(one.names, language).get("name", ""),
        price=money(one.price or 0, one.currency, language) if good else "",
        sale=sale,
        wrong="" if good else reason(one.problem or "blank"),
    )
