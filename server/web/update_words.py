"""What the page of updates says: which versions run where, how far the rollout is, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.services.screens.rollout_views import OfScreen, Rollout, ScreenProgress, Updates
from server.web.clock import length, usual_zone, when
from server.web.edit_words import ago
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext
from server.web.update_lines import Group, group

NBSP = "\u00a0"
HASH_SHOWN = 7
"""Characters of a version's hash."""
MAX_VERSIONS = 8
"""Versions on the page; those of few screens are put together."""
BAR = 1_000
"""The bar's length, in its own units."""
STEPS = ("pilots", "waiting", "rest", "done")
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Version:
    """A version that runs: its piece of the bar, how many screens, what it is to this server."""

    name: str
    kind: str
    count: str
    about: str
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a rollout: over, now or to come."""

    name: str
    state: str
    said: str


@dataclass(frozen=True, slots=True)
class Act:
    """What may be done with the rollout: its address, its button, what comes of it; with `asks`,
    only after a second look.
    """

    way: str
    label: str
    said: str
    asks: bool = False
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier rollout."""

    name: str
    mark: str
    state: str
    said: str


@dataclass(frozen=True, slots=True)
class Words:
    """The page."""

    first: str
    second: str
    versions: tuple[Version, ...]
    steps: tuple[Step, ...]
    begun: str
    groups: tuple[Group, ...]
    acts: tuple[Act, ...]
    earlier: tuple[Past, ...]
    offer: str
    waits: bool


def page_words(found: Updates, hurry_s: int, now: int, language: Language) -> Words:
    """The page in a language; for `hurry_s` no hours are heeded when somebody says so."""
    current, earlier = found.current, found.earlier
    zone = usual_zone(one.zone for one in current.screens) if current else ""
    first, second = _headline(found, zone or "UTC", now, language)
    if current is not None and current.course.state == "over":
        earlier = (current, *earlier)
        current = None
    return Words(
        first=first,
        second=second,
        versions=_versions(found),
        steps=_steps(current, zone or "UTC", now, language) if current else (),
        begun=_begun(current, now) if current else "",
        groups=_groups(current, now, language) if current else (),
        acts=_acts(current, hurry_s, now) if current else (),
        earlier=tuple(
            _past(one, newer, now) for one, newer in zip(earlier, (current, *earlier), strict=False)
        ),
        offer=_offer(found),
        waits=current is not None and _is_awaited(current),
    )


def short(version: str) -> str:
    """`0.1.0+63e417a`."""
    release, plus, digest = version.partition("+")
    return f"{release}{plus}{digest[:HASH_SHOWN]}" if version else _("no version")


def screen_words(found: OfScreen) -> str:
    """How one screen stands in the rollout that counts; "" where it is not in one."""
    if found.stage is None or found.state == "over":
        return ""
    wanted = short(found.wanted)
    stages = {
        "due": _("It is told of %(version)s when its time comes.", version=wanted),
        "told": _("It was told of %(version)s, and has not answered yet.", version=wanted),
        "done": _("It says that it has %(version)s; its report is to confirm it.", version=wanted),
        "has": _("It has the version of the rollout."),
        "failed": _("It could not install %(version)s.", version=wanted),
        "back": _("It went back from %(version)s by itself.", version=wanted),
        "refused": _("Its player does not run from the package: install it once by hand."),
        "old": _("Its player is too old to update itself: install it once by hand."),
        "other": _("Somebody gave it another version, which stays."),
    }
    return stages[found.stage]


def _headline(found: Updates, zone: str, now: int, language: Language) -> tuple[str, str]:
    one = found.current
    if one is None or not one.course.is_active:
        return _resting(found)
    version, total = short(one.version), len(one.screens)
    if one.course.held == "halted":
        return _("The rollout of %(version)s halted by itself.", version=version), _why(one)
    if one.course.held:
        since = ago(one.course.held_at or now, now)
        second = _("Paused %(ago)s. No screen is told until somebody goes on.", ago=since)
        return _("The rollout of %(version)s stands still.", version=version), second
    if one.course.state == "pilots":
        first = _("%(version)s goes to its first screens.", version=version)
        return first, _next(one, zone, now, language)
    if one.course.state == "waiting":
        first = _("The first screens have %(version)s.", version=version)
        until = when(one.next_at or now, now, zone, language)
        return first, _("The others follow from %(at)s on, if all stays well.", at=until)
    if one.back:
        first = ngettext(
            "%(has)s of %(num)s screen is back at %(version)s.",
            "%(has)s of %(num)s screens are back at %(version)s.",
            total,
            has=one.has,
            version=version,
        )
        return first, _next(one, zone, now, language)
    first = ngettext(
        "%(has)s of %(num)s screen has %(version)s.",
        "%(has)s of %(num)s screens have %(version)s.",
        total,
        has=one.has,
        version=version,
    )
    return first, _next(one, zone, now, language)


def _resting(found: Updates) -> tuple[str, str]:
    if not found.screens:
        return _("No screen runs the player yet."), _("Once one does, its version stands here.")
    if found.own is None:
        first = ngettext("%(num)s screen runs.", "%(num)s screens run.", found.screens)
        return first, _("This server was installed without the player’s package.")
    own = short(found.own.version)
    if not found.behind:
        first = ngettext(
            "The screen runs this server’s version.",
            "All %(num)s screens run this server’s version.",
            found.screens,
        )
        return first, _("It is %(version)s.", version=own)
    if found.behind == found.screens:
        first = _("No screen runs this server’s version of the player.")
        return first, _("This server has %(version)s.", version=own)
    first = ngettext(
        "%(num)s of %(all)s screens runs another version of the player.",
        "%(num)s of %(all)s screens run another version of the player.",
        found.behind,
        all=found.screens,
    )
    if found.behind == _still_due(found):
        return first, _("Whatever was offline gets %(version)s when it is back.", version=own)
    return first, _("This server has %(version)s.", version=own)


def _still_due(found: Updates) -> int:
    """Screens that a rollout of this server's version, which is done, tells by itself."""
    one = found.current
    if one is None or found.own is None or one.course.state != "done":
        return 0
    if one.version != found.own.version:
        return 0
    return sum(it.stage in ("due", "told", "done") for it in one.screens)


def _next(one: Rollout, zone: str, now: int, language: Language) -> str:
    if one.course.now_until > now:
        until = when(one.course.now_until, now, zone, language)
        return _("Until %(at)s it heeds no opening hours.", at=until)
    screen = next((it for it in one.screens if it.store == one.next_store), None)
    if one.next_at is None or screen is None:
        if _is_awaited(one):
            return _("Answers are awaited.")
        return _("It waits for screens that are offline.")
    store = screen.store_name
    if one.next_at <= now:
        return _("It is the turn of %(store)s.", store=store)
    at = when(one.next_at, now, screen.zone, language)
    return _("%(store)s is next, from %(at)s on its clock.", store=store, at=at)


def _is_awaited(one: Rollout) -> bool:
    return any(it.stage in ("told", "done") for it in one.screens)


def _why(one: Rollout) -> str:
    screen = next((it for it in one.screens if it.screen == one.course.at_screen), None)
    where = f"{screen.store_name}, {screen.name}" if screen else one.course.at_screen
    said = {
        "failed": _("It could not be installed: %(where)s.", where=where),
        "back": _("A screen painted nothing with it, and went back: %(where)s.", where=where),
        "silent": _("A screen fell silent after it: %(where)s.", where=where),
        "dark": _("A screen shows something else than the plan since: %(where)s.", where=where),
        "none": _("None of the first screens can take it."),
    }
    return said.get(one.course.why, one.course.why)


def _versions(found: Updates) -> tuple[Version, ...]:
    own = found.own.version if found.own else ""
    wanted = found.current.version if found.current else ""
    order = sorted(found.running, key=lambda one: (one.version != own, -one.screens))
    shown, rare = order[:MAX_VERSIONS], order[MAX_VERSIONS:]
    rows = [(one.screens, short(one.version), *_kind(one.version, own, wanted)) for one in shown]
    if rare:
        rows.append((sum(one.screens for one in rare), _("other versions"), "other", ""))
    made, at = [], 0
    for screens, name, kind, about in rows:
        length = screens * BAR // found.screens
        count = ngettext("%(num)s screen", "%(num)s screens", screens)
        made.append(Version(name, kind, count, about, at, length))
        at += length
    return tuple(made)


def _kind(version: str, own: str, wanted: str) -> tuple[str, str]:
    """What a version is to this server, for its colour and in words."""
    if not version:
        return "unsaid", _("not run from the package, or older than packages")
    if version == own:
        return "own", _("this server’s")
    if version == wanted:
        return "wanted", _("of the rollout")
    return "other", ""


def _steps(one: Rollout, zone: str, now: int, language: Language) -> tuple[Step, ...]:
    names = {
        "pilots": _("First screens"),
        "waiting": _("Watched"),
        "rest": _("Back") if one.back else _("The others"),
        "done": _("Done"),
    }
    present = STEPS.index(one.course.state)
    told = _step_said(one, zone, now, language)
    order = ("rest", "done") if one.back else STEPS
    return tuple(
        Step(names[step], _tense(STEPS.index(step), present, one), told[step]) for step in order
    )


def _tense(step: int, present: int, one: Rollout) -> str:
    if step == present:
        return "over" if one.course.state == "done" else one.course.held or "now"
    return "over" if step < present else "later"


def _step_said(one: Rollout, zone: str, now: int, language: Language) -> Mapping[str, str]:
    pilots = [it for it in one.screens if not it.wave]
    others = [it for it in one.screens if it.wave] if not one.back else list(one.screens)
    hours = one.course.wait_ms // 1_000 // HOUR_S
    watched = ngettext("for %(num)s hour", "for %(num)s hours", hours)
    if one.course.state == "waiting" and not one.course.held and one.next_at:
        watched = _("until %(at)s", at=when(one.next_at, now, zone, language))
    ended = ago(one.ended_at, now) if one.ended_at and one.course.state == "done" else ""
    return {
        "pilots": _have(pilots),
        "waiting": watched,
        "rest": _("%(have)s; %(share)s a night", have=_have(others), share=_percent(one)),
        "done": ended,
    }


def _groups(one: Rollout, now: int, language: Language) -> tuple[Group, ...]:
    pilots = [it for it in one.screens if one.back or not it.wave]
    others = [it for it in one.screens if not one.back and it.wave]
    first = _("Screens that go back") if one.back else _("First screens")
    parts = ((first, pilots), (_("The others"), others))
    return tuple(group(title, some, one, now, language) for title, some in parts if some)


def _begun(one: Rollout, now: int) -> str:
    return _("Begun by %(who)s, %(ago)s.", who=one.started_by, ago=ago(one.started_at, now))


def _percent(one: Rollout) -> str:
    return f"{100 if one.back else one.share_percent}{NBSP}%"


def _have(screens: Sequence[ScreenProgress]) -> str:
    has = sum(one.stage == "has" for one in screens)
    return _("%(has)s of %(all)s have it", has=has, all=len(screens))


def _acts(one: Rollout, hurry_s: int, now: int) -> tuple[Act, ...]:
    course = one.course
    acts = []
    if course.is_active and course.held and course.why != "none":
        said = _("Screens go on in turn. What went wrong so far is no reason to halt again.")
        if course.held == "paused":
            said = _("Screens go on in turn; the time it stood still does not count.")
        acts.append(Act("resume", _("Go on"), said, leads=True))
    if course.is_active and not course.held:
        acts.append(
            Act("pause", _("Pause"), _("No further screen is told until somebody goes on."))
        )
        if course.state == "waiting":
            acts.append(Act("rest", _("Wait no longer"), _("The others follow from tonight on.")))
        elif course.now_until <= now:
            said = _(
                "Screens whose turn it is update at once, in opening hours too, for %(long)s.",
                long=length(hurry_s * 1_000),
            )
            acts.append(Act("now", _("Update now"), said, asks=True))
    if course.state != "over" and not one.back and one.taken:
        said = _("All screens that have it get the version before, in one night.")
        acts.append(Act("back", _("Go back"), said, asks=True))
    if course.is_active:
        said = _("No screen is told any more. Those that have it keep it.")
        acts.append(Act("give-up", _("Give up"), said, asks=True))
    return tuple(acts)


def _past(one: Rollout, newer: Rollout | None, now: int) -> Past:
    who, at = one.started_by, one.started_at
    if one.course.state == "done":
        mark, state = "playing", _("Gone back to") if one.back else _("Done")
    else:
        is_undone = newer is not None and newer.back and newer.started_at == one.ended_at
        mark, state = "none", _("Taken back") if is_undone else _("Given up")
        who, at = one.ended_by or who, one.ended_at or at
    return Past(short(one.version), mark, state, _("%(who)s, %(ago)s.", who=who, ago=ago(at, now)))


def _offer(found: Updates) -> str:
    """What the button says that begins with this server's version; "" where there is nothing to."""
    active = found.current is not None and found.current.course.is_active
    if active or found.own is None or found.behind <= _still_due(found):
        return ""
    return _("Roll out %(version)s", version=short(found.own.version))
