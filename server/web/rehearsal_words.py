"""What a rehearsal found, in words: which screens change, from when, what comes and what leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date

from server.services.rehearsing.finding import Found, Group
from server.services.rehearsing.naming import Names
from server.services.rehearsing.never import UNUSED, Never
from server.services.rehearsing.rehearsals import Rehearsal
from server.services.rehearsing.timelines import SHIFTS, Move
from server.services.rehearsing.warning import FileWarning, Price
from server.web import clock
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_NAMED = 4
"""Stores that one line names; the rest is counted."""
MAX_DRAWN = 6
"""Changes that are drawn before and after."""
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class MoveWords:
    """One item: what becomes of it (comes, leaves, rewritten, more, less), and how."""

    way: str
    title: str
    said: str


@dataclass(frozen=True, slots=True)
class GroupWords:
    """Screens that change alike. `number` names its pictures, -1 where it is not drawn. `shifts`
    have more or less time than before, as `shifted` counts them.
    """

    number: int
    where: str
    when: str
    moves: tuple[MoveWords, ...]
    shifted: str
    shifts: tuple[MoveWords, ...]
    stores: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class RehearsalWords:
    """All that the page says. `unplayed` are rehearsed playlists (id, name) that nothing plays."""

    first: str
    second: str
    drafts: tuple[tuple[str, str, str], ...]
    groups: tuple[GroupWords, ...]
    more: str
    unplayed: tuple[tuple[str, str], ...]
    never: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    stores: tuple[tuple[str, str], ...]


def rehearsal_words(
    rehearsal: Rehearsal, found: Found, names: Names, where: Mapping[str, str], language: Language
) -> RehearsalWords:
    """The page of a rehearsal; `where` is the store of each screen that it names."""
    changed = sorted({store for group in found.groups for store in group.stores})
    idle = {one.source for one in found.never if one.rule == UNUSED}
    return RehearsalWords(
        first=_first(found),
        second=_second(found, language),
        drafts=tuple((part.kind, part.id, part.name) for part in rehearsal.parts),
        groups=tuple(
            _group(number, group, found.at, names, where, language)
            for number, group in enumerate(found.groups)
        ),
        more=ngettext("And %(num)s more change.", "And %(num)s more changes.", found.more_groups)
        if found.more_groups
        else "",
        unplayed=tuple(
            (part.id, part.name)
            for part in rehearsal.parts
            if part.kind == "playlist" and part.id in idle
        ),
        never=tuple(
            (names.item(one.source, one.item), rule_said(one))
            for one in found.never
            if one.rule != UNUSED
        ),
        warnings=tuple(_warnings(found, names, language)),
        stores=tuple((store, names.stores.get(store, store)) for store in changed),
    )


def _first(found: Found) -> str:
    if not found.changed:
        return _("No screen changes.")
    return ngettext(
        "%(num)s of %(all)s screens changes.",
        "%(num)s of %(all)s screens change.",
        found.changed,
        all=found.screens,
    )


def _second(found: Found, language: Language) -> str:
    if not found.changed:
        return _("Nothing of this plays differently in the next %(days)s days.", days=found.days)
    first = min(found.groups, key=lambda group: (group.first_ms, -group.size))
    if first.first_ms < found.at + clock.MINUTE_MS:
        return _("From the moment you publish; nothing moves until then.")
    return _("From %(when)s. Nothing moves until you publish.", when=_local(first.local, language))


def _local(text: str, language: Language) -> str:
    at = datetime.fromisoformat(text)
    day = format_date(at, "EEEE d MMMM", locale=_LOCALES[language])
    return _("%(day)s at %(time)s", day=day, time=at.strftime("%H:%M"))


def _group(
    number: int,
    group: Group,
    at: int,
    names: Names,
    where: Mapping[str, str],
    language: Language,
) -> GroupWords:
    shifts = tuple(_move(move, names) for move in group.moves if move.way in SHIFTS)
    by_store: dict[str, list[str]] = {}
    for screen in group.screens:
        by_store.setdefault(where.get(screen, ""), []).append(names.screens.get(screen, screen))
    return GroupWords(
        number=number if number < MAX_DRAWN and group.moves else -1,
        where=_(
            "%(screens)s in %(stores)s",
            screens=_screens(group.size),
            stores=_stores(group.stores, names),
        ),
        when=_("as soon as it is published")
        if group.first_ms < at + clock.MINUTE_MS
        else _("from %(when)s", when=_local(group.local, language)),
        moves=tuple(_move(move, names) for move in group.moves if move.way not in SHIFTS),
        shifted=_shifted(len(shifts), alone=len(shifts) == len(group.moves)),
        shifts=shifts,
        stores=tuple(
            (names.stores.get(store, store), tuple(sorted(screens)))
            for store, screens in sorted(by_store.items())
        ),
    )


def _shifted(n: int, *, alone: bool) -> str:
    if not n:
        return _("The same turns, at other moments.") if alone else ""
    return ngettext("%(num)s turn gets more or less time", "%(num)s turns get more or less time", n)


def _screens(n: int) -> str:
    return ngettext("%(num)s screen", "%(num)s screens", n)


def _stores(stores: Sequence[str], names: Names) -> str:
    named = [names.stores.get(store, store) for store in stores]
    if len(named) <= MAX_NAMED:
        return ", ".join(named)
    return ngettext(
        "%(names)s and %(num)s more store",
        "%(names)s and %(num)s more stores",
        len(named) - MAX_NAMED,
        names=", ".join(named[:MAX_NAMED]),
    )


def _move(move: Move, names: Names) -> MoveWords:
    title = names.item(move.source, move.item)
    before, after = (clock.length(seconds * 1000) for seconds in (move.before_s, move.after_s))
    said = {
        "comes": _("comes, %(time)s a day", time=after),
        "leaves": _("leaves, it had %(time)s a day", time=before),
        "rewritten": _("shows something new"),
    }.get(move.way) or _("%(before)s a day becomes %(after)s", before=before, after=after)
    return MoveWords(move.way, title, said)


def _warnings(found: Found, names: Names, language: Language) -> list[str]:
    lines = [_price(one, names) for one in found.prices]
    lines += [_file(one) for one in found.files]
    for one in found.held:
        store = names.stores.get(one.store, one.store)
        if one.kind == "emergency":
            lines.append(_("An emergency is on: the change shows behind it."))
        else:
            lines.append(
                _("A hand holds screens in %(store)s: there it shows afterwards.", store=store)
            )
    if found.locked:
        lines.append(
            ngettext(
                "This changes a locked area on %(num)s screen.",
                "This changes a locked area on %(num)s screens.",
                found.locked,
            )
        )
    return lines


def _price(one: Price, names: Names) -> str:
    name = names.goods.get(one.sku, one.sku)
    stores = _stores(one.stores, names)
    if one.fault == "no_price":
        return _(
            "“%(name)s” has no price in %(stores)s: it plays without one.", name=name, stores=stores
        )
    return _(
        "The price history of “%(name)s” does not reach back 30 days in %(stores)s: "
        "no struck price, no percentage.",
        name=name,
        stores=stores,
    )


def _file(one: FileWarning) -> str:
    name = one.name or one.sha[:8]
    return {
        "missing": _("The file %(name)s is not there: its turn cannot show.", name=name),
        "no_form": _("%(name)s could not be made in every size.", name=name),
        "heavy": _("%(name)s is heavy: screens take long to fetch it.", name=name),
        "codec_pi": _("%(name)s plays poorly on small players.", name=name),
        "codec_browser": _("%(name)s does not play in browsers.", name=name),
        "over_pi": _("%(name)s is larger than small players play smoothly.", name=name),
    }[one.fault]


def rule_said(one: Never) -> str:
    """The one rule that keeps an item off every screen."""
    rules = {
        "dates": _("its dates do not come in these days"),
        "daypart": _("its hours do not come in these days"),
        "weather": _("the weather is not as it asks, as far as is known"),
        "crowd": _("it asks for another crowd than there is"),
        "stock": _("stock is not as it asks"),
        "place": _("no screen is meant by it"),
        "layer": _("what takes the screens over leaves it no room"),
        "priority": _("another one goes before it"),
        "share": _("the shares before it fill the round"),
        "airtime": _("its share is too small for a turn"),
        "pause": _("it is paused by hand"),
        "product": _("the shop does not know its product"),
        "price": _("its price may not show"),
        "asset": _("its file is not there"),
        "card": _("its card is not complete"),
    }
    return rules.get(one.rule, _("its playlist has nothing to show"))
