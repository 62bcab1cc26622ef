"""Releases in words: what, by whom, where, until when, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_datetime

from server.services.drafting.release_rows import ON_TRIAL, Release
from server.services.rehearsing.naming import Names
from server.services.rehearsing.proving import Differs, Proof
from server.web.edit_words import ago
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_NAMED = 4
MAX_TOLD = 6
"""Screens of which it is told how they differ."""
PROVEN_MS = 35 * 86_400_000
"""For so long a release is held against what plays."""
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class Row:
    """One release. `mark` is its shape; `back` and `to_all` what the buttons say, empty: none."""

    id: str
    mark: str
    state: str
    title: str
    said: str
    note: str
    back: str
    to_all: str
    proven: bool


@dataclass(frozen=True, slots=True)
class ReleaseWords:
    """The page: what waits or is on trial, what is on air, what is over."""

    first: str
    second: str
    standing: tuple[Row, ...]
    done: tuple[Row, ...]
    over: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ProofWords:
    """How a prediction came out."""

    said: str
    differing: tuple[str, ...]


def release_words(
    found: Sequence[Release], names: Names, people: Mapping[str, str], now: int, language: Language
) -> ReleaseWords:
    """The page of releases."""
    rows = [(one, _row(one, names, people, now, language)) for one in found]
    waiting = sum(one.state == "waiting" for one in found)
    trials = sum(one.state in ON_TRIAL for one in found)
    first = _("Nothing waits, nothing is on trial.") if found else _("Nothing was published yet.")
    if trials or waiting:
        said = []
        if trials:
            said.append(
                ngettext("%(num)s release is on trial.", "%(num)s releases are on trial.", trials)
            )
        if waiting:
            said.append(
                ngettext("%(num)s waits for its time.", "%(num)s wait for their time.", waiting)
            )
        first = " ".join(said)
    return ReleaseWords(
        first=first,
        second=_("Each can be taken back with one press.")
        if found
        else _("What goes on air stands here."),
        standing=tuple(row for one, row in rows if one.state in ("waiting", *ON_TRIAL)),
        done=tuple(row for one, row in rows if one.state == "done"),
        over=tuple(row for one, row in rows if one.state not in ("waiting", "done", *ON_TRIAL)),
    )


def proof_words(found: Proof, names: Names, language: Language) -> ProofWords:
    """`As predicted on 12 of 14 screens; 2 have not told yet; 1 differs.`"""
    parts = [
        ngettext(
            "As predicted on %(num)s of %(all)s screens",
            "As predicted on %(num)s of %(all)s screens",
            found.as_predicted,
            all=found.screens,
        )
    ]
    if found.waiting:
        parts.append(
            ngettext("%(num)s has not told yet", "%(num)s have not told yet", found.waiting)
        )
    if found.differing:
        parts.append(ngettext("%(num)s differs", "%(num)s differ", len(found.differing)))
    return ProofWords(
        said="; ".join(parts) + ".",
        differing=tuple(_differs(one, names) for one in found.differing[:MAX_TOLD]),
    )


def _differs(one: Differs, names: Names) -> str:
    subject = one.subject
    reasons = {
        "asset": _("a file had not come yet"),
        "stale": _("a source had fallen silent"),
        "price": _("its price could not show"),
        "paused": _("it was paused by hand"),
        "hand": _("a hand held it"),
        "late": _("it had not heard of the release yet"),
        "fact": _("%(fact)s is another since", fact=subject),
        "edited": _("%(wish)s was changed since", wish=subject.partition(":")[2] or subject),
        "elsewhere": _("the screen was changed since"),
    }
    why = reasons.get(one.why, _("nobody can tell why"))
    return _("%(screen)s: %(why)s.", screen=names.screens.get(one.screen, one.screen), why=why)


def _row(
    one: Release, names: Names, people: Mapping[str, str], now: int, language: Language
) -> Row:
    marks = {"waiting": "draft", "rolling": "hand", "pilot": "hand", "done": "plan"}
    over = {"refused": "trouble"}
    trial = one.state in ON_TRIAL
    back = {"waiting": _("Cancel"), "done": _("Take back")}.get(one.state, "")
    return Row(
        id=one.id,
        mark={**marks, **over}.get(one.state, "none"),
        state=_state(one),
        title=", ".join(part.name for part in one.parts),
        said=_said(one, names, people, now, language),
        note=one.note,
        back=_("Take back") if trial else back,
        to_all=_("Bring to all") if trial else _("Publish now") if one.state == "waiting" else "",
        proven=bool(one.rehearsal)
        and (trial or one.state == "done")
        and (one.done_at or now) > now - PROVEN_MS,
    )


def _state(one: Release) -> str:
    return {
        "waiting": _("Waiting"),
        "rolling": _("Rolling out"),
        "pilot": _("On trial"),
        "done": _("On air"),
        "back": _("Taken back"),
        "cancelled": _("Cancelled"),
        "refused": _("Not published"),
        "over": _("Replaced"),
    }[one.state]


def _said(
    one: Release, names: Names, people: Mapping[str, str], now: int, language: Language
) -> str:
    who = people.get(one.created_by, one.created_by)
    stores = _stores(one, names)
    if one.state == "waiting":
        return _("%(who)s, %(where)s, %(when)s.", who=who, where=stores, when=_when(one, language))
    if one.state == "rolling":
        return _(
            "%(who)s, %(where)s: stores whose clocks are behind follow at their time, %(when)s.",
            who=who,
            where=stores,
            when=_when(one, language),
        )
    if one.state == "pilot":
        return _(
            "%(who)s, %(where)s, %(ago)s. Other stores keep what they had.",
            who=who,
            where=stores,
            ago=ago(one.done_at or one.created_at, now),
        )
    if one.state == "done":
        return _(
            "%(who)s, %(where)s, %(ago)s.",
            who=who,
            where=stores,
            ago=ago(one.done_at or one.created_at, now),
        )
    ender = people.get(one.ended_by, one.ended_by)
    return _("%(who)s, %(ago)s.", who=ender, ago=ago(one.ended_at or one.created_at, now))


def _stores(one: Release, names: Names) -> str:
    if one.stores is None:
        return _("in all stores")
    named = [names.stores.get(store, store) for store in one.stores]
    if len(named) <= MAX_NAMED:
        return _("in %(stores)s", stores=", ".join(named))
    return ngettext("in %(num)s store", "in %(num)s stores", len(named))


def _when(one: Release, language: Language) -> str:
    if one.local:
        at = datetime.fromisoformat(one.local)
        said = format_datetime(at, "EEEE d MMMM, HH:mm", locale=_LOCALES[language])
        return _("when each store’s clock shows %(when)s", when=said)
    at = datetime.fromtimestamp((one.at_ms or 0) / 1000, UTC)
    said = format_datetime(at, "EEEE d MMMM, HH:mm", locale=_LOCALES[language])
    return _("at %(when)s UTC", when=said)
