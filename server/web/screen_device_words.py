"""The device behind a screen in words: what it knows of itself, what it was told, what it answered,
when its display is off, and whether the right picture is on the glass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.services.chain.place_views import StoreView
from server.services.screens.commands import CommandView
from server.services.screens.displays import DisplayView
from server.services.screens.fetch_rules import Pace, PaceView
from server.services.screens.offs import PowerRunView
from server.services.screens.power_plans import Rule
from server.web.clock import clock, day, length, when
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext
from server.web.update_words import short

NBSP = "\u00a0"
MARKS = {"done": "playing", "": "none", "overdue": "trouble"}
GIB = 1024


@dataclass(frozen=True, slots=True)
class Fact:
    """A line: its name and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Order:
    """A command on its line: what, by whom and when, how it stands; `said` is the device's own
    sentence, where it did not do it; `file` is where what it brought can be had.
    """

    what: str
    about: str
    mark: str
    state: str
    said: str
    file: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest real picture: how it stands against the plan, on what that rests, and when."""

    mark: str
    first: str
    second: str
    when: str
    src: str
    at: int


@dataclass(frozen=True, slots=True)
class Night:
    """A stretch in which the display was off."""

    span: str
    why: str
    how: str
    good: bool


@dataclass(frozen=True, slots=True)
class Fetching:
    """How files are fetched: in a sentence, and as the form's fields have it."""

    said: str
    kib_s: int
    windows: str
    of_chain: bool


def fetching(view: PaceView) -> Fetching:
    """The rule of a store."""
    pace = view.pace
    windows = ", ".join(f"{_minute(begin)}-{_minute(end)}" for begin, end in pace.windows)
    parts = [_("Files are fetched as fast as the line allows.")]
    if pace.kib_s:
        parts = [_("Each screen fetches files with %(n)s KiB a second at most.", n=pace.kib_s)]
    if windows:
        hours = windows.replace("-", "\u2013")
        parts.append(
            _("What is not needed within the hour waits for %(hours)s of the store.", hours=hours)
        )
    if view.of_chain and pace != Pace():
        parts.append(_("This is the chain’s rule."))
    return Fetching(" ".join(parts), pace.kib_s, windows, view.of_chain)


def _minute(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def kind_words(kind: str, arguments: Mapping[str, Any]) -> str:
    """What is asked, as a button or a line says it."""
    words = {
        "identify": _("Say who it is"),
        "screenshot": _("Take a real picture"),
        "reload": _("Load the page anew"),
        "restart": _("Restart the player"),
        "reboot": _("Restart the machine"),
        "rotate": _("Turn the picture"),
        "volume": _("Set the loudness"),
        "logs": _("Fetch its logs"),
        "forget": _("Forget this screen"),
        "update": _("Install the player"),
    }
    said = words.get(kind, kind)
    if "degrees" in arguments:
        return f"{said}, {arguments['degrees']}{NBSP}°"
    if "percent" in arguments:
        return f"{said}, {arguments['percent']}{NBSP}%"
    if "version" in arguments:
        return f"{said}, {short(str(arguments['version']))}"
    return said


def order(one: CommandView, now: int, zone: str, language: Language) -> Order:
    """A command and its answer."""
    states = {
        "done": _("done"),
        "failed": _("could not be done"),
        "refused": _("refused"),
        "unknown": _("its player is too old for this"),
        "overdue": _("no answer in time, so it is not done"),
        "replaced": _("taken back"),
    }
    if not one.state:
        until = when(one.deadline, now, zone, language)
        states[""] = _("waits for its answer, until %(until)s", until=until)
    at = when(one.issued_at, now, zone, language)
    about = _("%(by)s, %(at)s", by=one.by, at=at)
    if one.answered_at is not None:
        took = length(max(1_000, one.answered_at - one.issued_at))
        about = _("%(by)s, %(at)s, answered after %(took)s", by=one.by, at=at, took=took)
    folder = {"screenshot": "pictures", "logs": "logs"}.get(one.kind, "")
    return Order(
        what=kind_words(one.kind, one.arguments),
        about=about,
        mark=MARKS.get(one.state, "offline"),
        state=states.get(one.state, one.state),
        said=one.said if one.state in ("failed", "refused") else "",
        file=f"/screens/{one.screen}/{folder}/{one.id}" if one.file and folder else "",
    )


def seen(shots: Sequence[CommandView], now: int, zone: str, language: Language) -> Seen | None:
    """The newest picture that there is."""
    one = next((shot for shot in shots if shot.file and shot.verdict), None)
    if one is None:
        return None
    state, why = str(one.verdict.get("state")), str(one.verdict.get("why"))
    mark, first = glass_words(state)
    at = int(one.verdict.get("at", one.issued_at))
    return Seen(
        mark=mark,
        first=first,
        second=_reason(why, int(one.verdict.get("like", -1))),
        when=when(at, now, zone, language),
        src=f"/screens/{one.screen}/pictures/{one.id}",
        at=at,
    )


def glass_words(state: str) -> tuple[str, str]:
    """The mark and the sentence for how a real picture stands against the plan."""
    words = {
        "right": ("playing", _("The right thing is on the glass.")),
        "wrong": ("trouble", _("What is on the glass is not what the plan says.")),
    }
    return words.get(state, ("none", _("The machine cannot tell what is on the glass.")))


def facts(known: Mapping[str, Any], language: Language) -> tuple[Fact, ...]:
    """What the device knows of itself; what it does not say is left out."""
    rows = (
        (_("Machine"), known.get("model")),
        (_("Player"), known.get("package") or known.get("agent")),
        ("Chromium", known.get("chromium")),
        (_("Temperature"), _unit(known, "temperature", "°C")),
        (_("Slowed down by"), _limits(str(known.get("limits", "")))),
        (_("Disk"), _free(known, "disk", language)),
        (_("Memory"), _free(known, "memory", language)),
        ("Wi-Fi", _unit(known, "wifi_dbm", "dBm")),
        (_("Display"), _display(known)),
        (_("Its clock is off by"), _unit(known, "clock_offset_ms", "ms")),
        (_("Switched by"), _switched(known)),
    )
    return tuple(Fact(name, str(value)) for name, value in rows if value not in (None, ""))


def nights(runs: Sequence[PowerRunView], zone: str, language: Language) -> tuple[Night, ...]:
    """When the display was off."""
    whys = {"law": _("by law"), "hours": _("by its hours")}
    return tuple(
        Night(
            span=_(
                "%(day)s, %(from_)s to %(until)s",
                day=day(run.from_ms, zone, language),
                from_=clock(run.from_ms, zone, seconds=True),
                until=clock(run.until_ms, zone, seconds=True),
            ),
            why=whys.get(run.why, run.why),
            how=_means(run.how, run.said),
            good=run.follows,
        )
        for run in runs
    )


def rule_words(view: DisplayView, store: StoreView, now: int, language: Language) -> str:
    """How the display is switched, in a sentence or two."""
    rule = view.display.rule
    hours = _("It is on in the store’s opening hours.")
    if rule.before_min or rule.after_min:
        hours = _(
            "It is on from %(before)s min before opening to %(after)s min after closing.",
            before=rule.before_min,
            after=rule.after_min,
        )
    said = {
        "always": _("It is on at all hours."),
        "hours": hours,
        "own": _("It has hours of its own."),
    }[rule.mode]
    law = night_words(rule)
    parts = [said, *([law] if law else [])]
    if view.off is not None:
        until = when(view.off.until_ms, now, store.zone, language)
        parts.append(_("It is to be off now, until %(at)s.", at=until))
    if view.of_store and rule != Rule():
        parts.append(_("This is its store’s rule."))
    return " ".join(parts)


def night_words(rule: Rule) -> str:
    """The law that reaches it."""
    return {
        "none": "",
        "advert": _("As advertising, it is off from 01:00 to 06:00 (R. 581-35)."),
        "sign": _("As a sign, it is off from 01:00 to 06:00 while the shop is shut (R. 581-59)."),
    }[rule.night]


def _reason(why: str, like: int) -> str:
    percent = f"{like // 10}{NBSP}%"
    return {
        "picture": _("The planned picture is there: they agree by %(percent)s.", percent=percent),
        "page": _(
            "So says its page, and the picture is neither black nor empty. The machine does not "
            "read its words."
        ),
        "black": _("It is black."),
        "one_colour": _("It is of one colour only."),
        "lies": _("The picture is turned: it lies where the screen stands, or the reverse."),
        "other_card": _("The page says that it shows another message."),
        "other_picture": _(
            "Another picture is there: they agree by %(percent)s only.", percent=percent
        ),
        "at_cut": _("It was taken just as one message followed another."),
        "off": _("The display was to be off then."),
        "no_plan": _("There was no plan for that instant."),
        "no_word": _("The page said nothing of what it shows."),
        "unsure": _("It is somewhat like the planned picture: %(percent)s.", percent=percent),
        "unreadable": _("The picture cannot be read."),
    }.get(why, why)


def _limits(limits: str) -> str:
    words = {"undervoltage": _("a weak power supply"), "throttled": _("heat or power")}
    return ", ".join(words.get(one, one) for one in limits.split())


def _unit(known: Mapping[str, Any], name: str, unit: str) -> str:
    value = known.get(name)
    if not isinstance(value, int):
        return ""
    return f"{value}{NBSP}{unit}".replace("-", "\u2212")


def _free(known: Mapping[str, Any], name: str, language: Language) -> str:
    free, whole = known.get(f"{name}_free_mib"), known.get(f"{name}_mib")
    if not isinstance(free, int) or not isinstance(whole, int):
        return ""
    return _("%(free)s of %(whole)s free", free=_size(free, language), whole=_size(whole, language))


def _size(mib: int, language: Language) -> str:
    units = ("Mio", "Gio") if language == "fr" else ("MiB", "GiB")
    if mib < GIB:
        return f"{mib}{NBSP}{units[0]}"
    return f"{mib // GIB}{NBSP}{units[1]}"


def _display(known: Mapping[str, Any]) -> str:
    count = known.get("displays")
    if not isinstance(count, int):
        return ""
    if count == 0:
        return _("none is connected")
    said = ngettext("%(num)s is connected", "%(num)s are connected", count)
    about = [str(known[name]) for name in ("display", "display_mode") if known.get(name)]
    return ", ".join((*about, said)) if about else said


def _switched(known: Mapping[str, Any]) -> str:
    how = str(known.get("power_how", ""))
    return _means(how, str(known.get("power_said", ""))) if how else ""


def _means(how: str, said: str) -> str:
    """By which means a display was switched, and what these answered."""
    if how == "page":
        return _("the page alone, which is black; the panel may be lit")
    return f"{how} ({said})" if said else how
