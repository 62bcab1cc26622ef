"""What the pages of recalls say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services.base.naming import name_in
from server.services.recalls.hearing import Heard, Hearing, ScreenHeard
from server.services.recalls.recalls import Recall
from server.web.clock import usual_zone, when
from server.web.edit_words import ago
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MARKS: dict[Heard, str] = {
    "away": "offline",
    "coming": "none",
    "over": "prices",
    "confirmed": "playing",
}
MAX_STORES_SAID = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A recall in the list."""

    id: str
    name: str
    sku: str
    where: str
    said: str
    note: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many screens stand so."""

    heard: Heard
    mark: str
    number: int
    said: str
    until: str


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """A screen, how it stands, until when, and when it was last heard."""

    screen: str
    name: str
    store: str
    mark: str
    state: str
    until: str
    seen: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The list."""

    first: str
    second: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RecallWords:
    """One recall: counts first."""

    name: str
    first: str
    second: str
    counts: tuple[Count, ...]
    summary: str
    screens: tuple[ScreenLine, ...]


def listed(found: Sequence[Recall], lifted: bool, now: int, language: Language) -> Listed:
    """The list in a language."""
    lines = tuple(
        Line(
            one.id,
            name_in(one.names, language, one.sku),
            one.sku,
            _where(one),
            _said(one, now),
            one.note,
        )
        for one in found
    )
    if lifted:
        first = _("Prices that were given back.") if lines else _("No price was given back yet.")
        return Listed(first, "", lines)
    if not lines:
        return Listed(_("No price is withdrawn."), _("Screens show what the shop says."), ())
    first = ngettext("%(num)s price is withdrawn.", "%(num)s prices are withdrawn.", len(lines))
    second = ngettext(
        "It stays off the screens until a person gives it back.",
        "They stay off the screens until a person gives them back.",
        len(lines),
    )
    return Listed(first, second, lines)


def recall_words(found: Recall, told: Hearing, language: Language) -> RecallWords:
    """One recall in a language."""
    zone = usual_zone(one.zone for one in told.screens) or "UTC"
    until = when(told.until, told.now, zone, language) if told.until else ""
    counts = tuple(
        Count(
            heard,
            MARKS[heard],
            told.counts[heard],
            _heard(heard),
            _("until %(at)s at most", at=until) if heard == "away" and until else "",
        )
        for heard in ("confirmed", "coming", "away", "over")
    )
    return RecallWords(
        name=name_in(found.names, language, found.sku),
        first=_("The price is back.") if found.lifted_at else _("No screen may show its price."),
        second=_said(found, told.now),
        counts=counts,
        summary=_summary(found, told, until),
        screens=tuple(_line(one, told.now, language) for one in told.screens),
    )


def _summary(found: Recall, told: Hearing, until: str) -> str:
    if found.lifted_at:
        return _("Screens show again what the shop says.")
    if not told.all:
        return _("No screen shows prices of these stores.")
    confirmed = ngettext(
        "%(num)s of %(all)s screens confirmed.",
        "%(num)s of %(all)s screens confirmed.",
        told.counts["confirmed"],
        all=told.all,
    )
    if not told.counts["away"]:
        if told.counts["coming"]:
            return confirmed
        none = _("None can show the price any more.")
        return f"{confirmed} {none}"
    away = ngettext(
        "%(num)s is out of reach and may show the price until %(at)s at most.",
        "%(num)s are out of reach and may show the price until %(at)s at most.",
        told.counts["away"],
        at=until,
    )
    return f"{confirmed} {away}"


def _line(one: ScreenHeard, now: int, language: Language) -> ScreenLine:
    until = ""
    if one.until:
        until = _("until %(at)s at most", at=when(one.until, now, one.zone, language))
    seen = _("spoke %(ago)s", ago=ago(one.seen_at, now)) if one.seen_at else ""
    return ScreenLine(
        one.screen, one.name, one.store_name, MARKS[one.heard], _heard(one.heard), until, seen
    )


def _heard(heard: Heard) -> str:
    return {
        "confirmed": _("confirmed"),
        "coming": _("on the way"),
        "away": _("out of reach"),
        "over": _("out of reach, cannot show it any more"),
    }[heard]


def _where(one: Recall) -> str:
    if one.stores is None:
        return _("everywhere")
    if len(one.stores) <= MAX_STORES_SAID:
        return _("in %(stores)s", stores=", ".join(one.called))
    return ngettext("in %(num)s store", "in %(num)s stores", len(one.stores))


def _said(one: Recall, now: int) -> str:
    if one.lifted_at is not None:
        return _("Given back by %(who)s, %(ago)s.", who=one.lifted_by, ago=ago(one.lifted_at, now))
    return _(
        "Withdrawn %(where)s by %(who)s, %(ago)s.",
        where=_where(one),
        who=one.by,
        ago=ago(one.at_ms, now),
    )
