"""The menus that a sentence's phrases open: other things it could say, and where each is true now.

A choice carries the operations that it stands for, with what stood there when the menu was made: a
choice from a menu that has grown old is told so instead of taking somebody's change back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from playlists.condition_json import condition_to_json
from playlists.conditions import Condition, Truth
from playlists.model import Card, Item
from playlists.schedule import ALWAYS, Schedule
from playlists.schedule_json import schedule_to_json
from server.services.showing.truths import Scene
from server.web.phrases import Language
from server.web.sentence_words import Names, clause_text
from server.web.sentences import (
    HERE,
    Clause,
    Crowd,
    Rain,
    Sky,
    Stock,
    StockBetween,
    Temperature,
    clauses_of,
    condition_of,
)
from server.web.tongue import gettext as _

RAIN = Rain(">=", 2)
DRY = Rain("<", 2)
SUNNY = Sky(0, 1)
COLD = Temperature("<", 50)
WARM = Temperature(">=", 180)
WEATHER: tuple[Clause, ...] = (RAIN, DRY, SUNNY, COLD, WARM)
CROWD = (5, 10, 20)
"""People from which a menu offers to react."""
MAX_ZONES = 6
"""Counting zones that the menu of a new condition names."""
Form = Literal["", "number", "times", "dates"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu: what it says, where that is true now, the edit that it makes (JSON)."""

    label: str
    where: str
    icon: str
    current: bool
    ops: str


@dataclass(frozen=True, slots=True)
class Menu:
    """A phrase's menu. `form`: what may be typed beside the choices; `drop`: the edit that takes
    the phrase away; `goes` are other menus, by phrase and label.
    """

    title: str
    choices: tuple[Choice, ...]
    form: Form = ""
    n: int = 0
    drop: str = ""
    goes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """A clause that a menu offers, and the condition that the item would then have."""

    clause: Clause
    whole: Condition | None


def offered(item: Item, phrase: str, zones: Sequence[str]) -> tuple[Offered, ...]:
    """What the menu of a clause (`c0`, `c1`, …) or of a new one (`add`) offers."""
    held = clauses_of(item.condition)
    if phrase == "add":
        fresh = [one for one in _new(item, zones) if one not in held]
        return tuple(Offered(one, condition_of((*held, one))) for one in fresh)
    at = index_of(phrase, held)
    if at is None:
        return ()
    now = held[at]
    others = _like(now)
    shown = others if now in others else (now, *others)
    return tuple(Offered(one, condition_of((*held[:at], one, *held[at + 1 :]))) for one in shown)


def index_of(phrase: str, held: Sequence[Clause]) -> int | None:
    """Which clause a phrase is, None where there is no such."""
    number = phrase[1:] if phrase[:1] == "c" else ""
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1
    return at if 0 <= at < len(held) else None


def clause_menu(
    item: Item,
    raw: dict[str, Any],
    phrase: str,
    found: Sequence[Offered],
    scene: Scene,
    names: Names,
    language: Language,
) -> Menu:
    """The menu of a clause, or of one more."""
    held = clauses_of(item.condition)
    at = index_of(phrase, held)
    now = held[at] if at is not None else None
    choices = tuple(
        Choice(
            clause_text(one.clause, names, language, whole=now is None),
            _where(one.clause, scene),
            _icon(one.clause),
            one.clause == now,
            condition_ops(item.id, raw, one.whole),
        )
        for one in found
    )
    if at is None:
        goes = (("times", _("on some days or hours")), ("dates", _("from or until a date")))
        return Menu(_("Only when"), choices, goes=(*goes, ("more", _("holidays, opening hours"))))
    rest = condition_of((*held[:at], *held[at + 1 :]))
    n = number_of(held[at])
    return Menu(
        _("Say instead"),
        choices,
        "number" if n is not None else "",
        n or 0,
        condition_ops(item.id, raw, rest),
        (("add", _("and also")),),
    )


def schedule_menu(item: Item, raw: dict[str, Any], phrase: str, language: Language) -> Menu:
    """The menu of hours, of dates, or of holidays and opening hours."""
    now = item.schedule
    if phrase == "times":
        drop = schedule_ops(item.id, raw, replace(now, dayparts=())) if now.dayparts else ""
        return Menu(_("On which days, between which hours"), (), "times", drop=drop)
    if phrase == "dates":
        bare = replace(now, start=None, end=None)
        drop = schedule_ops(item.id, raw, bare) if bare != now else ""
        return Menu(_("First and last day"), (), "dates", drop=drop)
    kinds: tuple[tuple[str, Schedule], ...] = (
        (_("on any day"), replace(now, holidays="any")),
        (_("on public holidays"), replace(now, holidays="only")),
        (_("except on public holidays"), replace(now, holidays="except")),
        (_("at any hour"), replace(now, open_hours_only=False)),
        (_("while the store is open"), replace(now, open_hours_only=True)),
    )
    choices = tuple(
        Choice(label, "", "", new == now, schedule_ops(item.id, raw, new)) for label, new in kinds
    )
    return Menu(_("Holidays and opening hours"), choices)


def condition_ops(item: str, raw: dict[str, Any], condition: Condition | None) -> str:
    """The edit that gives an item another condition, unless somebody else did meanwhile."""
    value = None if condition is None else condition_to_json(condition)
    return _ops(item, raw, "condition", value)


def schedule_ops(item: str, raw: dict[str, Any], schedule: Schedule) -> str:
    """The edit that gives an item another schedule, unless somebody else did meanwhile."""
    value = None if schedule == ALWAYS else schedule_to_json(schedule)
    return _ops(item, raw, "schedule", value)


def number_of(clause: Clause) -> int | None:
    """The number that a person may type in a clause: degrees, pieces, people."""
    if isinstance(clause, Temperature):
        return clause.tenths // 10
    return clause.n if isinstance(clause, Stock | Crowd) else None


def with_number(clause: Clause, n: int) -> Clause:
    """A clause with another number; a clause without one as it is."""
    if isinstance(clause, Temperature):
        return replace(clause, tenths=n * 10)
    return replace(clause, n=n) if isinstance(clause, Stock | Crowd) else clause


def _ops(item: str, raw: dict[str, Any], what: str, value: Any) -> str:
    op = {"op": "set", "path": f"items/{item}/{what}", "value": value, "was": raw.get(what)}
    return json.dumps([op])


def _like(clause: Clause) -> tuple[Clause, ...]:
    if isinstance(clause, Rain | Temperature | Sky):
        return WEATHER
    if isinstance(clause, Stock | StockBetween):
        sku, where = clause.sku, clause.where
        return (
            Stock(sku, where, ">=", 1),
            Stock(sku, where, ">=", 3),
            StockBetween(sku, where, 1, 5),
            Stock(sku, where, "==", 0),
        )
    if isinstance(clause, Crowd):
        many = tuple(replace(clause, op=">=", n=n) for n in CROWD)
        return (replace(clause, op="<", n=CROWD[0]), *many)
    return ()


def _new(item: Item, zones: Sequence[str]) -> list[Clause]:
    goods = item.content.goods if isinstance(item.content, Card) else ()
    own: list[Clause] = []
    if len(goods) == 1:
        sku = str(goods[0].sku)
        own = [
            Stock(sku, HERE, ">=", 1),
            StockBetween(sku, HERE, 1, 5),
            Stock(sku, HERE, "==", 0),
        ]
    crowds = [Crowd("occupancy", zone, HERE, ">=", CROWD[1]) for zone in zones[:MAX_ZONES]]
    return [*own, *WEATHER, *crowds]


def _where(clause: Clause, scene: Scene) -> str:
    condition = condition_of([clause])
    judged = [(one.name, scene.judge(one, condition, ALWAYS).truth) for one in scene.stores]
    true = [name for name, truth in judged if truth is Truth.TRUE]
    if true and len(true) == len(judged):
        return _("everywhere now")
    if true:
        return _("%(stores)s now", stores=", ".join(true))
    if all(truth is Truth.UNKNOWN for _name, truth in judged):
        return _("not known")
    return _("nowhere now")


def _icon(clause: Clause) -> str:
    if isinstance(clause, Rain):
        return "rain" if clause.op in (">=", ">") else "dry"
    if isinstance(clause, Sky):
        return "sun"
    if isinstance(clause, Temperature):
        return "cold" if clause.op in ("<", "<=") else "sun"
    return ""
