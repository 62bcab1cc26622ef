"""Clauses and schedules in words: a sentence of pieces, some of which open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date, get_day_names

from playlists.conditions import All, Any, Condition, Not, Within
from playlists.schedule import Daypart, Edge, Schedule
from server.web.fact_words import degrees, fact_name, needed
from server.web.phrases import Language
from server.web.sentences import (
    DAY_MINUTES,
    EVERY_DAY,
    HERE,
    PLACE,
    Clause,
    Crowd,
    Other,
    Rain,
    Sky,
    Stock,
    StockBetween,
    Temperature,
    clauses_of,
    times_of,
)
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

HEAVY_TENTHS = 40
"""Tenths of a millimetre an hour from which rain is called hard: four, "heavy" of the weather
services.
"""
WEEKDAYS = frozenset(range(5))
WEEKEND = frozenset({5, 6})
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
_OPENED = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a sentence; `phrase` names the menu that they open, empty: none."""

    text: str
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What people call products (by SKU) and stores (by id); `own` is the item's only product."""

    goods: Mapping[str, str]
    stores: Mapping[str, str]
    own: str = ""


def sentence(
    condition: Condition | None, schedule: Schedule, names: Names, language: Language
) -> tuple[Piece, ...]:
    """When an item plays, as one sentence."""
    said: list[Piece] = []
    for at, clause in enumerate(clauses_of(condition)):
        said.append(Piece(_(" and ") if said else _("When ")))
        said += clause_pieces(clause, f"c{at}", names, language)
    when = [list(part) for part in _schedule(schedule, language)]
    for part in when:
        if said:
            said.append(Piece(", "))
        elif part:
            part[0] = Piece(part[0].text[:1].upper() + part[0].text[1:], part[0].phrase)
        said += part
    if not said:
        said = [Piece(_("Always"), "add")]
    return (*said, Piece("."))


def clause_pieces(
    clause: Clause, phrase: str, names: Names, language: Language
) -> tuple[Piece, ...]:
    """One clause; its opened words carry `phrase`."""
    template, values = _said(clause, names, language)
    return _pieces(template, phrase, values)


def clause_text(clause: Clause, names: Names, language: Language, *, whole: bool) -> str:
    """A clause as the choice of a menu: all of it, or only the words that opened the menu."""
    pieces = clause_pieces(clause, "x", names, language)
    return "".join(piece.text for piece in pieces if whole or piece.phrase)


def day_words(day: date, language: Language) -> str:
    """`24 October`, `1er octobre`."""
    text = str(format_date(day, "d MMMM", locale=_LOCALES[language]))
    return re.sub(r"^1 ", "1er ", text) if language == "fr" else text


def minutes_words(minutes: int) -> str:
    """Minutes after midnight on the clock: `7:30`, `20:00`."""
    hours, left = divmod(minutes % DAY_MINUTES, 60)
    return "24:00" if minutes == DAY_MINUTES else f"{hours}:{left:02d}"


def weekday_words(days: frozenset[int], language: Language) -> str:
    """`weekdays`, `Monday, Thursday`."""
    if days == WEEKDAYS:
        return _("weekdays")
    if days == WEEKEND:
        return _("weekends")
    named = get_day_names("wide", locale=_LOCALES[language])
    return ", ".join(str(named[day]) for day in sorted(days))


def last_day(end: str) -> date:
    """The last day that an exclusive end (local date or date-time) still has."""
    day = date.fromisoformat(end[:10])
    at_midnight = end[10:] in ("", "T00:00", "T00:00:00")
    return day - timedelta(days=1) if at_midnight else day


def _pieces(template: str, phrase: str, values: Mapping[str, object]) -> tuple[Piece, ...]:
    parts = _OPENED.split(template)
    made = (Piece(part % values, phrase if at % 2 else "") for at, part in enumerate(parts) if part)
    return tuple(made)


def _said(clause: Clause, names: Names, language: Language) -> tuple[str, Mapping[str, object]]:
    """A clause's sentence with its values apart, so that no name is read as a bracket."""
    if isinstance(clause, Rain):
        return _rain(clause), {}
    if isinstance(clause, Temperature):
        return _temperature(clause), {"degrees": degrees(clause.tenths)}
    if isinstance(clause, Sky):
        return _sky(clause), {}
    if isinstance(clause, Crowd):
        return _crowd(clause, names)
    if isinstance(clause, Other):
        text = _generic(clause.condition, names, language).replace("%", "%%")
        return f"[{text.replace('[', '(').replace(']', ')')}]", {}
    return _stock(clause, names)


def _rain(clause: Rain) -> str:
    if clause.op in (">=", ">"):
        if clause.tenths >= HEAVY_TENTHS:
            return _("it is [raining hard] in the store’s town")
        return _("it is [raining] in the store’s town")
    if clause.op in ("<", "<="):
        return _("it is [dry] in the store’s town")
    return _("rain is [exactly so] in the store’s town")


def _temperature(clause: Temperature) -> str:
    return {
        "<": _("it is [colder than %(degrees)s]"),
        "<=": _("it is [%(degrees)s or colder]"),
        ">": _("it is [warmer than %(degrees)s]"),
        ">=": _("it is [%(degrees)s or warmer]"),
    }.get(clause.op, _("it is [exactly %(degrees)s]"))


SKIES: Mapping[tuple[int, int], str] = {(0, 1): "sunny", (71, 77): "snow", (95, 99): "storm"}


def _sky(clause: Sky) -> str:
    known = SKIES.get((clause.low, clause.high))
    if known == "sunny":
        return _("it is [sunny] in the store’s town")
    if known == "snow":
        return _("it is [snowing] in the store’s town")
    if known == "storm":
        return _("there is [a storm] over the store’s town")
    return _("the sky is [of some kinds] over the store’s town")


def _stock(clause: Stock | StockBetween, names: Names) -> tuple[str, Mapping[str, object]]:
    name = names.goods.get(clause.sku, clause.sku)
    store = names.stores.get(clause.where, clause.where)
    values: dict[str, object] = {"name": name, "store": store}
    own, here = clause.sku == names.own, clause.where == HERE
    if isinstance(clause, StockBetween):
        values |= {"low": clause.low, "high": clause.high}
        if here:
            own_said = _("[%(low)s to %(high)s] are left here")
            return (
                own_said if own else _("[%(low)s to %(high)s] of %(name)s are left here")
            ), values
        return _("[%(low)s to %(high)s] of %(name)s are left in %(store)s"), values
    values["n"] = clause.n
    none = (clause.op, clause.n) in (("==", 0), ("<", 1), ("<=", 0))
    if none and here:
        return (_("there are [none here]") if own else _("there is [no %(name)s here]")), values
    if none:
        return _("there is [no %(name)s in %(store)s]"), values
    amount = {
        ">=": _("at least %(n)s"),
        ">": _("more than %(n)s"),
        "<": _("fewer than %(n)s"),
        "<=": _("at most %(n)s"),
        "!=": _("anything but %(n)s"),
    }.get(clause.op, _("exactly %(n)s"))
    values["amount"] = amount % values
    if here:
        own_said = _("[%(amount)s] is in stock here")
        return (own_said if own else _("[%(amount)s] of %(name)s is in stock here")), values
    return _("[%(amount)s] of %(name)s is in stock in %(store)s"), values


def _crowd(clause: Crowd, names: Names) -> tuple[str, Mapping[str, object]]:
    people = ngettext("%(num)s person", "%(num)s people", clause.n)
    store = "" if clause.where == HERE else names.stores.get(clause.where, clause.where)
    values = {"people": people, "zone": clause.zone, "store": store}
    amount = {
        ">=": _("%(people)s or more"),
        ">": _("more than %(people)s"),
        "<": _("fewer than %(people)s"),
        "<=": _("at most %(people)s"),
        "!=": _("any number but %(people)s"),
    }.get(clause.op, _("exactly %(people)s"))
    values["amount"] = amount % values
    if clause.kind == "footfall":
        if clause.zone == PLACE:
            return _("[%(amount)s] come past the screen in 15 minutes"), values
        return _("[%(amount)s] come past “%(zone)s” in 15 minutes"), values
    if clause.zone == PLACE:
        return _("[%(amount)s] are near the screen"), values
    if store:
        return _("[%(amount)s] are at “%(zone)s” in %(store)s"), values
    return _("[%(amount)s] are at “%(zone)s”"), values


def _generic(condition: Condition, names: Names, language: Language) -> str:
    """An unknown tree, from its parts."""
    if isinstance(condition, All | Any):
        word = _(" and ") if isinstance(condition, All) else _(" or ")
        joined = word.join(_generic(part, names, language) for part in condition.parts)
        return joined or (_("always") if isinstance(condition, All) else _("never"))
    if isinstance(condition, Not):
        return _("not so that %(what)s", what=_generic(condition.part, names, language))
    clause = clauses_of(condition)[0]
    if not isinstance(clause, Other):
        return "".join(p.text for p in clause_pieces(clause, "", names, language))
    name = fact_name(condition.fact, names.goods, language)
    if isinstance(condition, Within):
        asked = needed(
            *(condition.fact, "within", condition.low, condition.high, language), negated=False
        )
    else:
        asked = needed(
            *(condition.fact, condition.op, condition.value, None, language), negated=False
        )
    return f"{name} {asked}"


def _schedule(schedule: Schedule, language: Language) -> Iterator[Sequence[Piece]]:
    times = times_of(schedule)
    if times is not None:
        yield _times(times.days, times.start, times.end, language)
    elif schedule.dayparts:
        joined = _(" and ").join(_daypart(part, language) for part in schedule.dayparts)
        yield (Piece(joined, "times"),)
    if schedule.holidays == "only":
        yield (Piece(_("on public holidays"), "more"),)
    elif schedule.holidays == "except":
        yield (Piece(_("except on public holidays"), "more"),)
    if schedule.open_hours_only:
        yield (Piece(_("while the store is open"), "more"),)
    if schedule.recurrences:
        yield (Piece(_("on its own dates"), "more"),)
    begin = day_words(date.fromisoformat(schedule.start[:10]), language) if schedule.start else ""
    end = day_words(last_day(schedule.end), language) if schedule.end else ""
    if begin and end:
        values = {"start": begin, "end": end}
        yield _pieces(_("from [%(start)s] until [%(end)s]"), "dates", values)
    elif begin:
        yield _pieces(_("[from %(start)s] on"), "dates", {"start": begin})
    elif end:
        yield _pieces(_("[until %(end)s]"), "dates", {"end": end})


def _times(days: frozenset[int], start: int, end: int, language: Language) -> Sequence[Piece]:
    values = {
        "days": weekday_words(days, language),
        "start": minutes_words(start),
        "end": minutes_words(end),
    }
    if (start, end) == (0, DAY_MINUTES):
        return _pieces(_("on [%(days)s]"), "times", values)
    if days == EVERY_DAY:
        return _pieces(_("between [%(start)s and %(end)s]"), "times", values)
    return _pieces(_("on [%(days)s] between [%(start)s and %(end)s]"), "times", values)


def _daypart(part: Daypart, language: Language) -> str:
    hours = _("from %(start)s to %(end)s", start=_edge(part.start), end=_edge(part.end))
    if part.weekdays == EVERY_DAY:
        return hours
    days = weekday_words(part.weekdays, language)
    return _("on %(days)s %(hours)s", days=days, hours=hours)


def _edge(edge: Edge) -> str:
    if edge.anchor == "clock":
        return minutes_words(edge.minutes)
    anchor = {
        "open": _("opening"),
        "close": _("closing"),
        "sunrise": _("sunrise"),
        "sunset": _("sunset"),
    }[edge.anchor]
    if edge.minutes < 0:
        return _("%(n)s min before %(anchor)s", n=-edge.minutes, anchor=anchor)
    if edge.minutes > 0:
        return _("%(n)s min after %(anchor)s", n=edge.minutes, anchor=anchor)
    return anchor
