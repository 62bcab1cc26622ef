"""Held prices in words, as every page that lists them says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.services.base.naming import Names, name_in
from server.services.prices.texts import money
from server.web.phrases import Language
from server.web.tongue import gettext as _


@dataclass(frozen=True, slots=True)
class Row:
    """A price, old and new side by side; the form's `channels` where it is settled by itself."""

    name: str
    sku: str
    where: str
    before: str
    after: str
    why: str
    note: str = ""
    channels: tuple[str, ...] = ()
    may_release: bool = False


def example(
    row: Mapping[str, Any],
    names: Mapping[str, Names],
    stores: Mapping[str, str],
    language: Language,
) -> Row:
    """One of the examples that a held answer keeps, as batches.Difference says."""
    sku, currency = str(row["sku"]), row["currency"]
    return Row(
        name=name_in(names.get(sku, {}), language, sku),
        sku=sku,
        where=stores.get(row["store"], row["store"]) or _("All stores"),
        before=amount(row["old"], row.get("old_currency") or currency, language),
        after=amount(row["new"], currency, language),
        why=doubt(str(row["why"])) or _("in a held answer"),
    )


def amount(minor: int | None, currency: str, language: Language) -> str:
    """A price, which may be none, or of no known currency."""
    if minor is None:
        return _("none")
    return money(minor, currency, language) if currency else str(minor)


def hopeless() -> str:
    """What is said of a held answer none of whose prices a person may believe."""
    return _(
        "None of its prices can ever show: they are missing, zero or less, or in another currency. "
        "Correct them in the shop."
    )


def reason(code: str) -> str:
    """Why an answer is held whole."""
    return {
        "empty": _("It lists nothing although products are known."),
        "shrunk": _("It lists less than half of what is known."),
        "suspects": _("Too many of its prices look wrong."),
        "html": _("It is a web page."),
        "truncated": _("It is cut short."),
        "unread": _("It cannot be read."),
    }.get(code, code)


def doubt(code: str) -> str:
    """What is held against a price."""
    return {
        "blank": _("no price"),
        "zero": _("zero or less"),
        "currency": _("another currency"),
        "sale": _("sale above the price"),
        "jump": _("a leap"),
        "duplicate": _("told twice, otherwise"),
        "gone": _("sold no more"),
        "": "",
    }.get(code, "" if code.startswith("held_") else _("unreadable"))
