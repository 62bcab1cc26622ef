"""What the wall says: its headline, each store's day and weather, each screen's caption."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.services.chain.place_views import StoreView
from server.services.showing.shots import Shot
from server.services.showing.standing import State
from server.services.showing.titles import Told
from server.services.showing.wall import (
    EVERYTHING,
    KIND_OF,
    KINDS,
    Kind,
    Look,
    Wall,
    WallScreen,
    WallStore,
)
from server.web.clock import DAY_MS, MINUTE_MS, clock, day, length, local, usual_zone, when
from server.web.device_words import device_line
from server.web.phrases import Language, counted, say, sentence
from server.web.screen_device_words import glass_words
from server.web.trouble_words import trouble_line

FILTERS = ("all", "plan", "hand", "offline", "prices", "trouble", "unpaired")
SELDOM = ("trouble", "unpaired")
"""Filters that stand there only where there is something to filter."""
_MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest real picture of a screen: when it was taken, how it stands against the plan."""

    src: str
    mark: str
    said: str
    at: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A screen on its wires. `mark` is shape and colour, `word` says it; `turns` is JSON for the
    page: [[since, until, what, then], ...], empty where the caption does not follow them.
    """

    id: str
    name: str
    width: int
    height: int
    state: State
    filters: str
    mark: str
    word: str
    trouble: str
    device: str
    what: str
    then: str
    turns: str
    by_report: bool
    since: int
    until: int
    shot: Shown | None

    @property
    def portrait(self) -> bool:
        """Whether it hangs upright."""
        return self.height > self.width


@dataclass(frozen=True, slots=True)
class Rail:
    """A store on the wall."""

    id: str
    name: str
    address: str
    opening: str
    weather: str
    icon: str
    units: tuple[Unit, ...]
    more: int


@dataclass(frozen=True, slots=True)
class WallWords:
    """The whole page. `filters` are (name, how many); where `whole`, all screens are on it and the
    page filters them by itself.
    """

    first: str
    second: str
    today: str
    rails: tuple[Rail, ...]
    filters: tuple[tuple[str, int], ...]
    whole: bool
    now: int


def wall_words(wall: Wall, look: Look, shots: Mapping[str, Shot], language: Language) -> WallWords:
    """A wall in a language, with the screens' real pictures."""
    rails = tuple(_rail(store, shots, wall.now, language) for store in wall.stores)
    units = [unit for rail in rails for unit in rail.units]
    whole = look == EVERYTHING and not wall.next and not any(rail.more for rail in rails)
    if whole:
        counts = {name: sum(name in unit.filters.split() for unit in units) for name in FILTERS}
        counts["all"] = len(units)
    else:
        counts = {name: wall.kinds.get(_kind(name), 0) for name in FILTERS}
    shown = [(name, counts[name]) for name in FILTERS if name not in SELDOM or counts[name]]
    first, second = headline(wall.counts, counts["prices"], language)
    return WallWords(
        first=first,
        second=second,
        today=_today(wall, language),
        rails=rails,
        filters=tuple(shown),
        whole=whole,
        now=wall.now,
    )


def _kind(name: str) -> Kind:
    return next((kind for kind in KINDS if kind == name), "")


def headline(counts: Mapping[State, int], prices_off: int, language: Language) -> tuple[str, str]:
    """The state of all screens in a sentence, and its second voice; `prices_off` show none."""
    total = sum(counts.values())
    plan = counts.get("plan", 0)
    if total == 0:
        return say("head_empty", language), ""
    states: tuple[State, ...] = ("hand", "paused", "offline", "held", "unpaired")
    parts = [
        counted(f"head_{state}", counts[state], language)
        for state in states
        if counts.get(state, 0)
    ]
    if prices_off:
        parts.append(counted("head_prices", prices_off, language))
    second = sentence(", ".join(parts) + ".") if parts else ""
    if plan == total:
        key = "head_plan_one_only" if total == 1 else "head_plan_all"
    else:
        key = {0: "head_plan_none", 1: "head_plan_one"}.get(plan, "head_plan_some")
    return say(key, language, plan=plan, total=total), second


def opening(store: StoreView, now: int, language: Language) -> str:
    """Whether a store is open, and until or from when, today."""
    here = local(now, store.zone)
    special = dict(store.special_hours).get(here.date().isoformat())
    hours = special if special is not None else store.hours[here.weekday()]
    minute = here.hour * 60 + here.minute
    for begin, end in sorted(hours):
        if begin == 0 and end >= _MINUTES_A_DAY:
            return say("open_always", language)
        if minute < begin:
            return say("opens_at", language, at=_minute(begin))
        if minute < end:
            return say("open_until", language, at=_minute(end))
    last = max((end for _, end in hours), default=None)
    if last is None:
        return say("closed_today", language)
    return say("closed_since", language, at=_minute(last))


def _today(wall: Wall, language: Language) -> str:
    """The date and time on the clock that most stores go by."""
    if not wall.stores:
        return ""
    zone = usual_zone(found.store.zone for found in wall.stores)
    said = say("at", language, day=day(wall.now, zone, language), at=clock(wall.now, zone))
    return sentence(said)


def _rail(store: WallStore, shots: Mapping[str, Shot], now: int, language: Language) -> Rail:
    said = store.weather.texts.get(language, {}) if store.weather else {}
    text = said.get("text", "")
    return Rail(
        id=store.store.id,
        name=store.store.name,
        address=store.store.details.get("address", ""),
        opening=opening(store.store, now, language),
        weather=sentence(text) if text else say("weather_unknown", language),
        icon=said.get("icon", ""),
        units=tuple(
            _unit(screen, shots.get(screen.id), store.store, now, language)
            for screen in store.screens
        ),
        more=store.more,
    )


def _unit(
    screen: WallScreen, shot: Shot | None, store: StoreView, now: int, language: Language
) -> Unit:
    off = bool(screen.prices_off)
    troubles = screen.standing.troubles
    filters = [
        KIND_OF[screen.state],
        *(["prices"] if off else []),
        *(["trouble"] if troubles else []),
    ]
    mark, word = _mark(screen, store, now, language)
    what, then = _caption(screen, store, now, language)
    follows = bool(screen.turns) and (screen.state in ("plan", "unpaired") or screen.by_report)
    rows = [
        [turn.since, turn.until, _title(turn, language), _then(screen, at, store, now, language)]
        for at, turn in enumerate(screen.turns)
    ]
    turn = screen.turns[0] if screen.turns else None
    # A turn that lasts for days has no progress worth drawing.
    lasts = turn is not None and turn.until - turn.since < DAY_MS
    return Unit(
        id=screen.id,
        name=screen.name,
        width=screen.width,
        height=screen.height,
        state=screen.state,
        filters=" ".join(filters),
        mark=mark,
        word=word,
        trouble=trouble_line(troubles, now, store.zone, language),
        device=device_line(screen.standing, now, store.zone, language),
        what=what,
        then=then,
        turns=json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if follows else "",
        by_report=screen.by_report,
        since=turn.since if turn and lasts else 0,
        until=turn.until if turn and lasts else 0,
        shot=_shown(screen.id, shot, store.zone, now, language) if shot else None,
    )


def _shown(screen: str, shot: Shot, zone: str, now: int, language: Language) -> Shown:
    mark, said = glass_words(shot.state)
    src = f"/screens/{screen}/pictures/{shot.command}?small=1"
    return Shown(src, mark, said, when(shot.at, now, zone, language))


def _mark(screen: WallScreen, store: StoreView, now: int, language: Language) -> tuple[str, str]:
    if screen.standing.is_dark:
        return "dark", say("dark", language)
    if screen.state in ("hand", "paused") and screen.hand is not None:
        if screen.state == "paused":
            return "paused", say("paused", language)
        if screen.hand.kind == "emergency":
            return "hand", say("emergency", language)
        at = when(screen.hand.until_ms, now, store.zone, language)
        return "hand", say("hand_until", language, at=at)
    if screen.state == "plan" and screen.prices_off:
        return "prices", say("prices_off", language)
    if screen.state == "plan":
        return "playing", say("playing", language)
    return screen.state, say(screen.state, language)


def _caption(screen: WallScreen, store: StoreView, now: int, language: Language) -> tuple[str, str]:
    seen = screen.standing.seen_at
    if screen.state == "offline" and screen.by_report and screen.turns:
        return _title(screen.turns[0], language), _then(screen, 0, store, now, language)
    if screen.state == "offline":
        at = when(seen, now, store.zone, language) if seen else ""
        said = say("last_seen", language, at=at) if seen else say("never_seen", language)
        return said, say("offline_why", language)
    if screen.state == "held":
        return say("held_why", language), say("held_next", language)
    if screen.state == "paused" and screen.hand is not None:
        back = say("back_at", language, at=when(screen.hand.until_ms, now, store.zone, language))
        return say("paused_by", language, by=screen.hand.by), back
    what = _title(screen.turns[0], language) if screen.turns else say("slate", language)
    if screen.state == "hand" and screen.hand is not None:
        left = length(max(MINUTE_MS, screen.hand.until_ms - now))
        if screen.hand.kind == "emergency":
            return what, say("emergency_by", language, left=left)
        return what, say("hand_by", language, by=screen.hand.by, left=left)
    return what, _then(screen, 0, store, now, language)


def _then(screen: WallScreen, at: int, store: StoreView, now: int, language: Language) -> str:
    """What follows turn `at`; or why its prices are off; or that its device is awaited."""
    if screen.state == "unpaired":
        return say("unpaired_why", language)
    if screen.by_report and screen.standing.seen_at:
        at_ms = screen.standing.seen_at
        return say("offline_since", language, at=when(at_ms, now, store.zone, language))
    if screen.prices_off == "lease_over" and screen.confirmed_at:
        return say("unconfirmed", language, at=when(screen.confirmed_at, now, store.zone, language))
    if screen.prices_off:
        return say("no_price_now", language, code=say(screen.prices_off, language))
    following = _following(screen.turns, at)
    if following is None:
        return say("stays", language)
    title = _title(following, language)
    return say("then", language, title=title, at=clock(following.since, store.zone))


def _following(turns: Sequence[Told], at: int) -> Told | None:
    """The next turn that says something else."""
    return next((turn for turn in turns[at + 1 :] if turn.title != turns[at].title), None)


def _title(turn: Told, language: Language) -> str:
    return turn.title.rstrip(".") or say("slate", language)


def _minute(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
