"""A screen of a rollout on its line: how it stands, since when, and what comes next for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services.screens.rollout_plans import AWAY_MS, FAR
from server.services.screens.rollout_views import Rollout, ScreenProgress
from server.web.clock import when
from server.web.phrases import Language
from server.web.tongue import gettext as _

MAX_SHOWN = 60
"""So many of the first screens, and of the others, the page names; the rest are counted."""


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


def lines(
    screens: Sequence[ScreenProgress], current: Rollout | None, now: int, language: Language
) -> tuple[Line, ...]:
    """The first of some screens, each on its line."""
    return tuple(_line(one, current, now, language) for one in screens[:MAX_SHOWN])


def _line(one: ScreenProgress, current: Rollout | None, now: int, language: Language) -> Line:
    mark, state, about = _stands(one, current, now, language)
    if one.excused and one.stage != "has":
        about = _("It is left out.")
    return Line(one.screen, one.name, one.store_name, mark, state, about, one.said)


def _stands(
    one: ScreenProgress, current: Rollout | None, now: int, language: Language
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
        after = current is not None and current.course.state in ("pilots", "waiting") and one.wave
        return "none", _("waits"), _("After the first screens.") if after else ""
    if one.next_at <= now:
        return "none", _("waits"), _("Its turn is now.")
    return "none", _("waits"), _("From %(at)s on.", at=when(one.next_at, now, one.zone, language))
