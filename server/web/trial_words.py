"""What a trial of a source saw, in words for whoever set it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.services.connectors import Seen
from server.services.connectors.trial import Calls, Goods
from server.services.prices.texts import money
from server.web import source_labels
from server.web.entry_words import ago
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said


@dataclass(frozen=True, slots=True)
class Told:
    """A trial's page: `first` is its headline, `wrong` what went wrong; then a few of the goods,
    what would not show and why, and what to do about it.
    """

    good: bool
    first: str
    wrong: str
    goods: tuple[str, ...]
    notes: tuple[str, ...]
    strangers: tuple[str, ...] = ()
    """Stores that it speaks of and that are none of ours, to be told apart."""


def told(seen: Seen, language: Language, now: int) -> Told:
    """What a trial saw."""
    calls = [*_called(seen.calls, now)] if seen.calls is not None else []
    if not seen.ok:
        return Told(False, "", said(seen.error), (), tuple(calls))
    return Told(
        good=not seen.products or seen.priced > 0,
        first=_first(seen),
        wrong="",
        goods=tuple(_line(one, language) for one in seen.goods) or seen.samples,
        notes=(*_notes(seen), *calls),
        strangers=seen.unknown_stores,
    )


def topics(kind: str) -> str:
    """What is to be chosen on the vendor's page, for those that call."""
    return {
        "shopify": _(
            "In Shopify, have products/create, products/update, products/delete and "
            "inventory_levels/update sent there as JSON."
        ),
        "woocommerce": _(
            "In WooCommerce, make webhooks for products created, updated, deleted and restored."
        ),
        "webhook": _("The guide “Connect a shop” has programs that call it."),
    }.get(kind, "")


def _first(seen: Seen) -> str:
    counted = (
        (seen.products, ngettext("%(num)s product", "%(num)s products", seen.products)),
        (seen.priced, ngettext("%(num)s with a price", "%(num)s with a price", seen.priced)),
        (seen.reduced, ngettext("%(num)s reduced", "%(num)s reduced", seen.reduced)),
        (seen.stock, ngettext("%(num)s stock", "%(num)s stocks", seen.stock)),
        (seen.facts, ngettext("%(num)s fact", "%(num)s facts", seen.facts)),
    )
    parts = ", ".join(words for number, words in counted if number)
    if not parts:
        if seen.calls is not None:
            return _("It calls; there is nothing to ask.")
        return _("It answers, with nothing to take.")
    return _("At the beginning: %(parts)s.", parts=parts) if seen.partial else f"{parts}."


def _line(goods: Goods, language: Language) -> str:
    name = goods.name or goods.sku
    if goods.doubt or goods.price is None:
        return _("%(name)s: no price, %(why)s", name=name, why=_why(goods.doubt))
    price = money(goods.price, goods.currency, language)
    if goods.sale_price is None:
        return _("%(name)s: %(price)s", name=name, price=price)
    sale = money(goods.sale_price, goods.currency, language)
    return _("%(name)s: %(sale)s, in a sale; %(price)s else", name=name, sale=sale, price=price)


def _notes(seen: Seen) -> list[str]:
    notes = [
        ngettext(
            "%(num)s price would not show: %(why)s",
            "%(num)s prices would not show: %(why)s",
            many,
            why=_why(code),
        )
        for code, many in sorted(seen.doubted.items())
    ]
    notes += [
        ngettext(
            "%(num)s row would be left out: %(why)s",
            "%(num)s rows would be left out: %(why)s",
            many,
            why=_why(code),
        )
        for code, many in sorted(seen.refused.items())
    ]
    return notes


def _called(calls: Calls, now: int) -> list[str]:
    notes = []
    if not calls.ready:
        notes.append(_("Its calls cannot be checked: give it the secret that signs them."))
    if calls.last_at is None:
        notes.append(_("No call has come yet. Change a price there, then try again."))
    else:
        notes.append(_("The last call came %(ago)s.", ago=ago(calls.last_at, now)))
    if calls.forged:
        notes.append(
            ngettext(
                "%(num)s call was not signed with the secret that is kept here: compare the two.",
                "%(num)s calls were not signed with the secret that is kept here: compare the two.",
                calls.forged,
            )
        )
    return notes


def _why(code: str) -> str:
    if code.startswith("translation_"):
        return _("the feed in another language cannot be read.")
    return _reasons().get(code, _("unreadable (%(code)s).", code=code))


def _reasons() -> Mapping[str, str]:
    return {
        "blank": _("the shop says none."),
        "zero": _("zero."),
        "currency": _("in another currency than this source’s: change it here, or in the shop."),
        "sale": _("a sale price above the price."),
        "price": _("an amount without its currency, one that may mean two things, or none."),
        "sale_dates": _("dates of a sale that cannot be read."),
        "duplicate": _("one number for two products that differ."),
        "gone": _("sold no more."),
        "not_sold": _("a draft, or archived."),
        "no_id": _("without a product number."),
        "bad_sku": _("a product number that cannot be one."),
        "unknown_sku": _("of a product that the shop’s own source never named."),
        "unknown_store": _("of a store that is none of ours."),
        "no_store": _("of no store."),
        "no_quantity": _("pieces that are no number."),
        "negative_stock": _("less than no pieces."),
        "huge": _("more pieces than a store can hold."),
        **source_labels.doubts(),
    }
