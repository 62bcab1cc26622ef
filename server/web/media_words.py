"""Files in words: how large and long, where used, which price differs where, what to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from media.advice import Advice
from server.services.library.browsing import Disagreement, Gallery, Shelved
from server.services.library.drawings import KIND as DRAWING
from server.services.library.filing import Filed, Place
from server.services.library.renditions import RenditionView
from server.services.prices.texts import money
from server.web.clock import NBSP
from server.web.edit_words import ago, lasts
from server.web.phrases import Language
from server.web.price_words import drawn_differs
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MIB, KIB = 1024 * 1024, 1024
STORES_NAMED = 6
"""Stores that one line names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the grid."""

    sha: str
    name: str
    thumb: str
    film: bool
    facts: str
    used: str
    price: str
    tags: tuple[str, ...]
    warned: str
    off: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A choice among kinds or states."""

    kind: str
    state: str
    title: str
    n: int | None


@dataclass(frozen=True, slots=True)
class MediaWords:
    """What the page of all files says."""

    first: str
    second: str
    tabs: tuple[Tab, ...]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A price that a file shows, as its form has it."""

    sku: str
    name: str
    price: str
    currency: str


@dataclass(frozen=True, slots=True)
class FileWords:
    """What the page of one file says. `at` are where it is used, as (text, address); `off` which
    stores its prices keep it from, and why.
    """

    first: str
    second: str
    facts: str
    warned: tuple[str, ...]
    forms: tuple[str, ...]
    at: tuple[tuple[str, str], ...]
    prices: tuple[PriceLine, ...]
    off: tuple[tuple[str, str], ...]


def media_words(found: Gallery, language: Language) -> MediaWords:
    """The grid."""
    total = sum(n for kind, n in found.kinds.items() if kind != DRAWING)
    tabs = [Tab("", "", _("Pictures and films"), total)]
    titles = {"image": _("Pictures"), "video": _("Films"), "drawing": _("Drawings")}
    tabs += [Tab(kind, "", title, found.kinds.get(kind, 0)) for kind, title in titles.items()]
    tabs += [
        Tab("", "unused", _("Not in use"), None),
        Tab("", "priced", _("With a price"), None),
    ]
    return MediaWords(
        first=ngettext("%(num)s file.", "%(num)s files.", total) if total else _("No file yet."),
        second=_second(found, total),
        tabs=tuple(tabs),
        tiles=tuple(_tile(one, language) for one in found.files),
    )


def file_words(found: Filed, now: int, language: Language) -> FileWords:
    """One file."""
    file = found.file
    second = ngettext(
        "It is used in one place.", "It is used in %(num)s places.", len(found.places)
    )
    return FileWords(
        first=file.name,
        second=second if found.places else _("Nothing uses it yet."),
        facts=f"{_facts(file)}, {ago(file.created_at, now)}",
        warned=tuple(advice_words(one) for one in file.advice),
        forms=tuple(filter(None, (_form(one, language) for one in found.forms))),
        at=tuple(_place(one) for one in found.places),
        prices=tuple(
            PriceLine(
                one.sku,
                found.goods.get(one.sku, one.sku),
                money(one.price, one.currency, language).replace(NBSP, " "),
                one.currency,
            )
            for one in file.prices
        ),
        off=_off_where(found, language),
    )


def advice_words(one: Advice) -> str:
    """One thing to know before screens play it, and what to do about it."""
    size = f"{one.width}{NBSP}×{NBSP}{one.height}"
    return {
        "codec_browser": _(
            "Its codec plays nowhere as it is: screens wait for the H.264 copy made here."
        ),
        "codec_pi": _(
            "A Raspberry Pi stutters on this codec: screens wait for the H.264 copy made here."
        ),
        "over_pi": _(
            "On %(size)s screens a Raspberry Pi stutters: export it in 1920 × 1080.", size=size
        ),
        "soft": _("It looks soft on %(size)s screens: export it larger.", size=size),
        "shape": _("Its shape is none of your screens’: bars show, or edges are cut."),
        "heavy": _("It is heavy: shops with a slow line fetch it late. Export it lighter."),
    }[one.code]


def size_words(size: int) -> str:
    """`640 kB`, `12.5 MB`."""
    if size < MIB:
        unit = _("kB")
        return f"{max(1, size // KIB)}{NBSP}{unit}"
    unit, point = _("MB"), _(".")
    tenths = size * 10 // MIB
    whole, part = divmod(tenths, 10)
    return f"{whole}{f'{point}{part}' if part and whole < 100 else ''}{NBSP}{unit}"


def _second(found: Gallery, total: int) -> str:
    if not total:
        return _("Drop pictures and films here.")
    if found.off:
        return ngettext(
            "One shows a price that a shop does not say, and is off the air there.",
            "%(num)s show a price that a shop does not say, and are off the air there.",
            found.off,
        )
    return _("Every price drawn in them is the shop’s.")


def _tile(one: Shelved, language: Language) -> Tile:
    return Tile(
        sha=one.sha,
        name=one.name,
        thumb=one.thumb,
        film=one.kind == "video",
        facts=_facts(one),
        used=_used(one.uses),
        price=", ".join(money(p.price, p.currency, language) for p in one.prices),
        tags=one.tags,
        warned=advice_words(one.advice[0]) if one.advice else "",
        off=_off(one.differs, language),
    )


def _facts(one: Shelved) -> str:
    parts = [f"{one.width}{NBSP}×{NBSP}{one.height}", size_words(one.bytes)]
    if one.duration_ms:
        parts.append(lasts(one.duration_ms))
    return ", ".join(parts)


def _used(n: int) -> str:
    return ngettext("in one place", "in %(num)s places", n) if n else _("not in use")


def _off(differs: tuple[Disagreement, ...], language: Language) -> str:
    if not differs:
        return ""
    said = Counter(drawn_differs(one.agreement, language) for one in differs)
    first = said.most_common(1)[0][0]
    stores = len({one.store for one in differs})
    return ngettext(
        "Off the air in one store: %(why)s.",
        "Off the air in %(num)s stores: %(why)s.",
        stores,
        why=first,
    )


def _off_where(found: Filed, language: Language) -> tuple[tuple[str, str], ...]:
    why: dict[str, list[str]] = {}
    for one in found.file.differs:
        stores = why.setdefault(drawn_differs(one.agreement, language), [])
        stores.append(found.stores.get(one.store, one.store))
    lines = []
    for said, names in why.items():
        shown = ", ".join(names[:STORES_NAMED])
        more = len(names) - STORES_NAMED
        if more > 0:
            shown = ngettext(
                "%(stores)s and one more", "%(stores)s and %(num)s more", more, stores=shown
            )
        lines.append((_("%(stores)s:", stores=shown), said))
    return tuple(lines)


def _place(one: Place) -> tuple[str, str]:
    if one.kind == "store":
        return _("the brand of %(name)s", name=one.name), ""
    if one.kind == "product":
        address = f"/promotions?{urlencode({'sku': one.id})}"
        return _("the shop’s picture of %(name)s", name=one.name), address
    address = f"/playlists/{one.id}"
    if one.kind == "draft":
        return _("a draft of “%(name)s”", name=one.name), address
    return _("playlist “%(name)s”", name=one.name), address


def _form(one: RenditionView, language: Language) -> str:
    if one.state == "ready":
        return ""
    said: Mapping[str, str] = one.said
    if one.state == "failed":
        return said.get(language, "")
    box = one.spec.split("-")[0].replace("x", f"{NBSP}×{NBSP}")
    return _("The copy for %(size)s is being made.", size=box)
