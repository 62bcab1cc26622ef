"""Promotions and the goods that they show, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services.prices.texts import money
from server.services.promoting.catalogue import Asking, Catalogue, Cost, Product, Shelf
from server.services.promoting.formats import Format
from server.services.promoting.promotions import Looked, Promotion
from server.web.clock import NBSP
from server.web.edit_words import ago
from server.web.law_words import because_words
from server.web.phrases import Language
from server.web.playlists_words import use_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_USES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One promotion of the list; `uses` are what holds it, with where to look at that."""

    id: str
    name: str
    mark: str
    state: str
    uses: str
    edited: str
    may_go: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What the page of all promotions says."""

    first: str
    second: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Good:
    """A product in words. `stock` is by store: its name, what it has, whether that is any."""

    sku: str
    name: str
    about: str
    price: str
    was: str
    why: str
    pictured: bool
    stock: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class CatalogueWords:
    """What the page of goods says."""

    first: str
    second: str
    goods: tuple[Good, ...]


def listed_words(found: Looked, now: int) -> Listed:
    """The promotions of a page, `now` in unix ms."""
    return Listed(
        first=ngettext("%(num)s promotion.", "%(num)s promotions.", found.found)
        if found.found
        else _("No promotion yet."),
        second=_("Each is bound to its products: prices come and go with the shop’s."),
        rows=tuple(_row(one, now) for one in found.rows),
    )


def state_words(one: Promotion) -> tuple[str, str]:
    """A promotion's mark and state."""
    if not one.on_air:
        return "draft", _("Draft")
    if one.changed:
        return "hand", _("Changed since")
    return ("playing", _("On air")) if one.uses else ("idle", _("Ready, not in use"))


def uses_words(one: Promotion) -> str:
    """What plays it."""
    if not one.uses:
        return _("Nothing plays it.")
    said = ", ".join(use_words(use) for use in one.uses[:MAX_USES])
    more = len(one.uses) - MAX_USES
    if more > 0:
        return ngettext("%(said)s and one more", "%(said)s and %(num)s more", more, said=said)
    return said


def use_links(one: Promotion) -> tuple[tuple[str, str], ...]:
    """All that plays it, with where to look at that; an empty address is nowhere of its own."""
    rooms = {"playlist": "/playlists/", "campaign": "/calendar/campaigns/"}
    return tuple(
        (use_words(use), f"{rooms[use.kind]}{use.id}" if use.kind in rooms else "")
        for use in one.uses
    )


def catalogue_words(found: Catalogue, asking: Asking, language: Language) -> CatalogueWords:
    """A page of goods."""
    if found.store is None or not (found.goods or asking.words or asking.after):
        first, second = (
            _("No product yet."),
            _("Connect the shop: its goods appear here with their prices."),
        )
    else:
        first = _("Pick what you promote.")
        second = _("Prices are those of %(store)s, now.", store=found.store.name)
    goods = tuple(good_words(one, found.stores, language) for one in found.goods)
    return CatalogueWords(first, second, goods)


def good_words(one: Product, stores: Sequence[Shelf], language: Language) -> Good:
    """One product."""
    about = " · ".join(part for part in (one.sku, one.maker, one.category) if part)
    price = money(one.cost.price, one.cost.currency, language) if one.cost else ""
    was = ""
    if one.cost and one.cost.prior is not None:
        was = money(one.cost.prior, one.cost.currency, language)
    why = _beside(one.cost, language) if one.cost else _no_price(one.why)
    return Good(one.sku, one.name, about, price, was, why, one.pictured, _stock(one, stores))


def format_words(one: Format) -> str:
    """A shape of screens: what it is, how many."""
    if one.width > one.height * 2:
        shape = _("Wide strip")
    elif one.width > one.height:
        shape = _("Landscape")
    elif one.width == one.height:
        shape = _("Square")
    else:
        shape = _("Portrait")
    size = f"{one.width}{NBSP}×{NBSP}{one.height}"
    if not one.screens:
        return f"{shape}, {size}"
    screens = ngettext("%(num)s screen", "%(num)s screens", one.screens)
    tags = f" ({', '.join(one.tags)})" if one.tags else ""
    return f"{shape}, {size}, {screens}{tags}"


def _row(one: Promotion, now: int) -> Row:
    mark, state = state_words(one)
    return Row(
        one.id,
        one.form.name,
        mark,
        state,
        uses_words(one),
        ago(one.edited_at, now),
        not one.uses,
    )


def _beside(cost: Cost, language: Language) -> str:
    """What stands beside a price, and why or why not."""
    parts = [*because_words(cost.because, language), cost.unit, cost.comparison]
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in parts if part)


def _no_price(why: str) -> str:
    return {
        "stale": _("No price: the shop has not confirmed it in time."),
        "recalled": _("No price: a person withdrew it."),
        "withheld": _("No price: what the shop says of it is doubtful."),
    }.get(why, _("No price: the shop names none."))


def _stock(one: Product, stores: Sequence[Shelf]) -> tuple[tuple[str, str, bool], ...]:
    found = []
    for store in stores:
        pieces = one.stock.get(store.id)
        if pieces is None:
            said = _("not known")
        elif pieces < 1:
            said = _("none left")
        else:
            said = ngettext("%(num)s left", "%(num)s left", pieces)
        counted = count_words(pieces, one.counts.get(store.id))
        found.append((store.name, f"{said} ({counted})" if counted else said, bool(pieces)))
    return tuple(found)


def count_words(pieces: int | None, counts: tuple[int, int] | None) -> str:
    """How a number of pieces came about: `12 counted, 3 reserved, 2 kept back`; empty where that is
    what was counted.
    """
    if pieces is None or counts is None or counts[0] == pieces:
        return ""
    counted, reserved = counts
    parts = [_("%(n)s counted", n=counted)]
    if reserved:
        parts.append(ngettext("%(num)s reserved", "%(num)s reserved", reserved))
    kept = counted - reserved - pieces
    if kept > 0:
        parts.append(_("%(n)s kept back", n=kept))
    return ", ".join(parts)
