"""The screens of a rollout, each on its line: how it stands, since when, and what comes next.
Many that just wait, or have it, are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services.screens.rollout_plans import AWAY_MS, FAR
from server.services.screens.rollout_views import Rollout, ScreenProgress
from server.web.clock import when
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_SHOWN = 60
"""So many screens of one kind are named; the rest are counted."""
MAX_OPEN = 5
"""More screens that wait, or that have it, are put together."""


@dataclass(frozen=True, slots=True)
class Line:
    """A screen of the rollout; `own` is what its device said, in English."""

    screen: str
    name: str
    store: str
    mark: str
    state: str
    about: str
    own: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Screens that stand alike, behind one line: how many, and what comes next for the first."""

    mark: str
    said: str
    about: str
    lines: tuple[Line, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Group:
    """The first screens, or the others: those that are worth a look, and those that stand alike."""

    title: str
    lines: tuple[Line, ...]
    more: str
    folds: tuple[Fold, ...]


def group(
    title: str, screens: Sequence[ScreenProgress], current: Rollout, now: int, language: Language
) -> Group:
    """Some screens, each on its line or behind one."""
    waits = [one for one in screens if _waits(one, now)]
    has = [one for one in screens if one.stage == "has" and not one.fault]
    folds = []
    if len(waits) > MAX_OPEN:
        count = ngettext("%(num)s screen waits", "%(num)s screens wait", len(waits))
        waits.sort(key=lambda one: one.next_at or FAR)
        folds.append(_fold("none", count, waits, current, now, language))
    if len(has) > MAX_OPEN:
        count = ngettext("%(num)s screen has it", "%(num)s screens have it", len(has))
        folds.append(_fold("playing", count, has, current, now, language))
    behind = {one.screen for alike in (waits, has) if len(alike) > MAX_OPEN for one in alike}
    open_ = [one for one in screens if one.screen not in behind]
    shown, more = _lines(open_, current, now, language)
    return Group(title, shown, more, tuple(folds))


def _waits(one: ScreenProgress, now: int) -> bool:
    """Whether nothing is to be said of it but when its turn comes."""
    is_quiet = not one.fault and not one.excused and not one.said
    return one.stage == "due" and is_quiet and one.heard_at >= now - AWAY_MS


def _fold(
    mark: str,
    said: str,
    screens: Sequence[ScreenProgress],
    current: Rollout,
    now: int,
    language: Language,
) -> Fold:
    shown, more = _lines(screens, current, now, language)
    return Fold(mark, said, shown[0].about if mark == "none" else "", shown, more)


def _lines(
    screens: Sequence[ScreenProgress], current: Rollout, now: int, language: Language
) -> tuple[tuple[Line, ...], str]:
    rest = max(0, len(screens) - MAX_SHOWN)
    more = ngettext("and %(num)s more", "and %(num)s more", rest) if rest else ""
    return tuple(_line(one, current, now, language) for one in screens[:MAX_SHOWN]), more


def _line(one: ScreenProgress, current: Rollout, now: int, language: Language) -> Line:
    mark, state, about = _stands(one, current, now, language)
    if one.excused and one.stage != "has":
        about = _("It is left out.")
    return Line(one.screen, one.name, one.store_name, mark, state, about, one.said)


def _stands(
    one: ScreenProgress, current: Rollout, now: int, language: Language
) -> tuple[str, str, str]:
    since = when(one.since, now, one.zone, language)
    if one.fault == "silent":
        heard = when(one.heard_at, now, one.zone, language)
        return "offline", _("fell silent"), _("Last seen %(at)s.", at=heard)
    if one.fault == "dark":
        return "trouble", _("has it"), _("Its glass is not what the plan says.")
    found = {
        "has": ("playing", _("has it"), _("Since %(at)s.", at=since)),
        "told": ("none", _("told"), _("Since %(at)s; its answer is awaited.", at=since)),
        "done": ("none", _("installed"), _("Its report is awaited.")),
        "failed": ("trouble", _("could not install it"), since),
        "back": (
            "trouble",
            _("went back"),
            _("It runs the version before, since %(at)s.", at=since),
        ),
        "refused": ("held", _("refused"), _("Its player does not run from the package.")),
        "old": ("held", _("too old"), _("Install its player once by hand.")),
        "other": ("hand", _("another version"), _("Somebody gave it one, which stays.")),
    }
    if one.stage in found:
        return found[one.stage]
    if one.heard_at < now - AWAY_MS:
        return "offline", _("offline"), _("It is told when it is back.")
    if one.next_at is None or one.next_at >= FAR:
        if current.course.state in ("pilots", "waiting") and one.wave:
            return "none", _("waits"), _("After the first screens.")
        return "none", _("waits"), _("Once the rollout goes on.") if current.course.held else ""
    if one.next_at <= now:
        return "none", _("waits"), _("Its turn is now.")
    return "none", _("waits"), _("From %(at)s on.", at=when(one.next_at, now, one.zone, language))
