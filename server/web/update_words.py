"""What the page of updates says: which versions run where, how far the rollout is, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.services.screens.rollout_plans import AWAY_MS, FAR
from server.services.screens.rollout_views import OfScreen, Rollout, ScreenProgress, Updates
from server.web.clock import usual_zone, when
from server.web.edit_words import ago
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

NBSP = "\u00a0"
HASH_SHOWN = 7
"""Characters of a version's hash."""
MAX_SHOWN = 60
"""Other screens than the first that the page names; the rest are counted."""
BAR = 1_000
"""The bar's length, in its own units."""
STEPS = ("pilots", "waiting", "rest", "done")
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Version:
    """A version that runs: its piece of the bar, how many screens, what it is to this server."""

    name: str
    whole: str
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
    pilots: tuple[Line, ...]
    others: tuple[Line, ...]
    more: str
    acts: tuple[Act, ...]
    earlier: tuple[Past, ...]
    offer: str
    waits: bool


def page_words(found: Updates, names: Mapping[str, str], now: int, language: Language) -> Words:
    """The page in a language; `names` are what stores are called."""
    current, earlier = found.current, found.earlier
    zone = usual_zone(one.zone for one in current.screens) if current else ""
    first, second = _headline(found, names, zone or "UTC", now, language)
    if current is not None and current.course.state == "over":
        current, earlier = None, (current, *earlier)
    shown = current.screens if current else ()
    lines = [(one, _line(one, current, now, language)) for one in shown]
    back = current is not None and current.back
    pilots = [line for one, line in lines if back or not one.wave]
    others = [line for one, line in lines if not back and one.wave]
    rest = len(others) - MAX_SHOWN
    return Words(
        first=first,
        second=second,
        versions=_versions(found),
        steps=_steps(current, zone or "UTC", now, language) if current else (),
        pilots=tuple(pilots[:MAX_SHOWN]),
        others=tuple(others[:MAX_SHOWN]),
        more=ngettext("and %(num)s more", "and %(num)s more", rest) if rest > 0 else "",
        acts=_acts(current) if current else (),
        earlier=tuple(_past(one, now) for one in earlier),
        offer=_offer(found),
        waits=any(one.stage in ("told", "done") for one, _line_ in lines),
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


def _headline(
    found: Updates, names: Mapping[str, str], zone: str, now: int, language: Language
) -> tuple[str, str]:
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
        return first, _next(one, names, now, language)
    if one.course.state == "waiting":
        first = _("The first screens have %(version)s.", version=version)
        until = when(one.next_at or now, now, zone, language)
        return first, _("The others follow from %(at)s on, if all stays well.", at=until)
    first = ngettext(
        "%(has)s of %(num)s screen has %(version)s.",
        "%(has)s of %(num)s screens have %(version)s.",
        total,
        has=one.has,
        version=version,
    )
    return first, _next(one, names, now, language)


def _resting(found: Updates) -> tuple[str, str]:
    if not found.screens:
        return _("No screen runs the player yet."), _("What runs where stands here.")
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
    return first, _("This server has %(version)s.", version=own)


def _next(one: Rollout, names: Mapping[str, str], now: int, language: Language) -> str:
    if one.course.now_until > now:
        return _("No hours are heeded for now.")
    if one.next_at is None:
        return _("Answers are awaited.")
    screen = next((it for it in one.screens if it.store == one.next_store), None)
    zone = screen.zone if screen else "UTC"
    store = names.get(one.next_store, one.next_store)
    if one.next_at <= now:
        return _("%(store)s is closed: its turn is now.", store=store)
    at = when(one.next_at, now, zone, language)
    return _("%(store)s is next, from %(at)s on its clock.", store=store, at=at)


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
    made, at = [], 0
    for one in sorted(found.running, key=lambda one: (one.version != own, -one.screens)):
        length = one.screens * BAR // found.screens
        kind, about = "other", ""
        if one.version == own:
            kind, about = "own", _("this server’s")
        elif not one.version:
            kind, about = "unsaid", _("not run from the package, or older than packages")
        elif one.version == wanted:
            kind, about = "wanted", _("of the rollout")
        count = ngettext("%(num)s screen", "%(num)s screens", one.screens)
        made.append(Version(short(one.version), one.version, kind, count, about, at, length))
        at += length
    return tuple(made)


def _steps(one: Rollout, zone: str, now: int, language: Language) -> tuple[Step, ...]:
    names = {
        "pilots": _("First screens"),
        "waiting": _("Watched"),
        "rest": _("The others"),
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


def _percent(one: Rollout) -> str:
    return f"{100 if one.back else one.share_percent}{NBSP}%"


def _have(screens: Sequence[ScreenProgress]) -> str:
    has = sum(one.stage == "has" for one in screens)
    return _("%(has)s of %(all)s have it", has=has, all=len(screens))


def _line(one: ScreenProgress, current: Rollout | None, now: int, language: Language) -> Line:
    mark, state, about = _stands(one, current, now, language)
    if one.excused:
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


def _acts(one: Rollout) -> tuple[Act, ...]:
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
        else:
            said = _("Screens whose turn it is update at once, in opening hours too.")
            acts.append(Act("now", _("Now"), said, asks=True))
    if course.state != "over" and not one.back and one.taken:
        said = _("All screens that have it get the version before, in one night.")
        acts.append(Act("back", _("Go back"), said, asks=True))
    if course.is_active:
        said = _("No screen is told any more. Those that have it keep it.")
        acts.append(Act("give-up", _("Give up"), said, asks=True))
    return tuple(acts)


def _past(one: Rollout, now: int) -> Past:
    states = {"done": ("playing", _("Done")), "over": ("none", _("Given up"))}
    mark, state = states.get(one.course.state, ("none", _("Replaced")))
    said = _("%(who)s, %(ago)s.", who=one.started_by, ago=ago(one.started_at, now))
    return Past(short(one.version), mark, state, said)


def _offer(found: Updates) -> str:
    """What the button says that begins with this server's version; "" where there is nothing to."""
    active = found.current is not None and found.current.course.is_active
    if active or found.own is None or not found.behind:
        return ""
    return _("Roll out %(version)s", version=short(found.own.version))
