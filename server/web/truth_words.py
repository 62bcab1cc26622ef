"""Whether a turn can play in a store now, in a mark, a word, and the fact in two."""

from __future__ import annotations

from dataclasses import dataclass

from playlists.conditions import Reason, Truth
from playlists.facts import FactValue
from playlists.schedule import Schedule
from server.services.showing.truths import Judged, StoreNow
from server.web import clock
from server.web.fact_words import fact_value
from server.web.phrases import Language
from server.web.sentence_words import day_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

DAY_MS = clock.DAY_MS


@dataclass(frozen=True, slots=True)
class Cell:
    """One store's column of a row; `kind` is yes, no or unknown."""

    kind: str
    word: str
    fact: str


def cell(judged: Judged, schedule: Schedule, store: StoreNow, now: int, language: Language) -> Cell:
    """What stands in a store's column."""
    kind = "yes" if judged.plays else "no"
    if judged.planned and judged.truth is Truth.UNKNOWN:
        kind = "unknown"
    word = {"yes": _("Yes"), "no": _("No"), "unknown": _("Unknown")}[kind]
    return Cell(kind, word, _fact(judged, schedule, store, now, language))


def _fact(judged: Judged, schedule: Schedule, store: StoreNow, now: int, language: Language) -> str:
    zone = store.store.calendar.zone
    if not judged.planned:
        return _not_planned(judged, schedule, zone, now, language)
    if judged.reasons:
        return reason_words(judged.reasons[0], store.id, language)
    if schedule.dayparts or schedule.open_hours_only:
        return clock.clock(now, zone)
    return _("today") if schedule.start or schedule.end else _("always")


def _not_planned(
    judged: Judged, schedule: Schedule, zone: str, now: int, language: Language
) -> str:
    if judged.changes_at is None:
        today = clock.local(now, zone).date().isoformat()
        return _("over") if schedule.end and schedule.end <= today else _("not yet")
    begins = clock.local(judged.changes_at, zone)
    if begins.date() == clock.local(now, zone).date():
        return _("from %(at)s", at=begins.strftime("%H:%M"))
    return _("from %(at)s", at=day_words(begins.date(), language))


def reason_words(reason: Reason, store: str, language: Language) -> str:
    """The fact that decided in a store: `3 here`, `rain`, `11°`, `8 people`, `no sensor`."""
    kind = reason.key.partition(":")[0]
    had = reason.had
    if had is None:
        return _("no sensor") if kind in ("occupancy", "footfall") else _("not known")
    if isinstance(had, int) and not isinstance(had, bool):
        if kind == "stock":
            here = reason.key.endswith(f"@{store}")
            return _("%(n)s here", n=had) if here else _("%(n)s there", n=had)
        if kind == "weather.rain":
            return _("rain") if had else _("dry")
        if kind in ("occupancy", "footfall"):
            return ngettext("%(num)s person", "%(num)s people", had)
    return _value(reason, had, language)


def _value(reason: Reason, had: FactValue, language: Language) -> str:
    return fact_value(reason.key, had, language)
