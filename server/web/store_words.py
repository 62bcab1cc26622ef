"""The phone page in words: its headline, what is held with what is left of it, the screens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from server.services.minding.shop import Hold, Shop
from server.services.showing.standing import State
from server.services.showing.wall import Wall, WallScreen
from server.web.clock import HOUR_MS, MINUTE_MS, NBSP, clock, when
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MORE_MS = 30 * MINUTE_MS
"""What “+ 30 min” adds."""
NAMED_SCREENS = 2
"""Screens that a hold names; more are counted."""


@dataclass(frozen=True, slots=True)
class HeldWords:
    """A hold on its card. `screen` is the one that is drawn; `big`, `unit` and `small` are what is
    left: 1, h, 28.
    """

    id: str
    title: str
    until: str
    by: str
    screen: str
    portrait: bool
    from_ms: int
    until_ms: int
    big: str
    unit: str
    small: str
    longer: bool


@dataclass(frozen=True, slots=True)
class RowWords:
    """Something that is paused, out or urgent, with what happens next."""

    id: str
    title: str
    then: str
    own: bool = True


@dataclass(frozen=True, slots=True)
class ScreenWords:
    """One of my screens; `mark` is shape and colour, `word` says it."""

    id: str
    name: str
    width: int
    height: int
    state: State
    mark: str
    word: str


@dataclass(frozen=True, slots=True)
class StoreWords:
    """The page. `until` is when a hold ends unless something else is chosen; `covered` are holds
    that another goes before.
    """

    name: str
    first: str
    second: str
    initials: str
    weather: str
    icon: str
    clock: str
    held: tuple[HeldWords, ...]
    covered: tuple[RowWords, ...]
    paused: tuple[RowWords, ...]
    outs: tuple[RowWords, ...]
    alarms: tuple[RowWords, ...]
    screens: tuple[ScreenWords, ...]
    until: str
    latest: str
    why: str


def store_words(shop: Shop, wall: Wall, by: str, language: Language) -> StoreWords:
    """A store in a language; `by` is who looks."""
    zone = shop.store.zone
    rail = wall.stores[0] if wall.stores else None
    screens = rail.screens if rail else ()
    said = rail.weather.texts.get(language, {}) if rail and rail.weather else {}
    first, second = headline(Counter(screen.state for screen in screens))
    by_id = {screen.id: screen for screen in screens}
    hands = [screen.id for screen in screens if screen.state == "hand"]
    why = next(iter([*hands, *by_id]), "")
    return StoreWords(
        name=shop.store.name,
        first=first,
        second=second,
        initials="".join(part[0] for part in by.split()[:2]).upper(),
        weather=said.get("text", "").partition(",")[0],
        icon=said.get("icon", ""),
        clock=clock(shop.now, zone),
        held=tuple(_held(one, by_id, shop, language) for one in shop.shown if not one.behind),
        covered=tuple(
            RowWords(
                one.id,
                _where(one, by_id),
                _(
                    "behind “%(what)s”, until %(at)s",
                    what=one.behind.rstrip("."),
                    at=when(one.until_ms, shop.now, zone, language),
                ),
            )
            for one in shop.shown
            if one.behind
        ),
        paused=tuple(
            RowWords(
                one.id,
                _("%(what)s paused", what=one.name.rstrip(".")),
                _("resumes at %(at)s", at=when(one.until_ms, shop.now, zone, language)),
            )
            for one in shop.paused
        ),
        outs=tuple(
            RowWords(
                one.sku,
                _("%(what)s is out", what=one.name),
                _("back at %(at)s", at=when(one.until_ms, shop.now, zone, language)),
            )
            for one in shop.outs
        ),
        alarms=tuple(
            RowWords(
                one.id,
                _("Emergency, %(what)s", what=one.name.rstrip(".")),
                _("until %(at)s", at=when(one.until_ms, shop.now, zone, language)),
                one.own,
            )
            for one in shop.alarms
        ),
        screens=tuple(_screen(screen, shop, language) for screen in screens),
        until=clock(shop.default_ms, zone),
        latest=clock(shop.latest_ms, zone),
        why=f"/screens/{why}/why" if why else "",
    )


def headline(counts: Mapping[State, int]) -> tuple[str, str]:
    """How the store's screens stand, and its second voice. A pause takes one thing away: what else
    plays is to plan.
    """
    total, plan = sum(counts.values()), counts.get("plan", 0) + counts.get("paused", 0)
    if total == 0:
        return _("No screen hangs here yet."), ""
    if plan == total:
        first = ngettext(
            "The screen follows the plan.", "All %(num)d screens follow the plan.", plan
        )
    elif plan == 0:
        first = _("No screen follows the plan.")
    else:
        first = ngettext("One screen follows the plan.", "%(num)d screens follow the plan.", plan)
    off = sum(counts.get(state, 0) for state in ("offline", "held", "unpaired"))
    hand = counts.get("hand", 0)
    parts = [
        ngettext("One is held by hand.", "%(num)d are held by hand.", hand) if hand else "",
        ngettext("One does not answer.", "%(num)d do not answer.", off) if off else "",
    ]
    return first, " ".join(part for part in parts if part)


def left(ms: int) -> tuple[str, str, str]:
    """What is left as a large figure, its unit and a second figure: (1, h, 28), (52, min, "")."""
    minutes = -(-max(0, ms) // MINUTE_MS)
    if ms < HOUR_MS:
        return str(minutes), "min", ""
    hours, minutes = divmod(minutes, 60)
    return str(hours), "h", f"{minutes:02d}"


def pieces(stock: int | None) -> str:
    """What the shop says of a stock."""
    if stock is None:
        return _("stock unknown")
    return _("stock says %(n)d", n=stock)


def _where(hold: Hold, screens: Mapping[str, WallScreen]) -> str:
    """The screens of a hold, and what it shows."""
    names = [screen.name for screen in screens.values() if screen.id in hold.screens]
    if not hold.screens or len(names) == len(screens):
        where = _("All screens")
    elif len(names) > NAMED_SCREENS:
        where = ngettext("One screen", "%(num)d screens", len(names))
    else:
        where = ", ".join(names)
    return f"{where}, {hold.name.rstrip('.')}"


def _held(
    hold: Hold, screens: Mapping[str, WallScreen], shop: Shop, language: Language
) -> HeldWords:
    mine = [one for one in screens.values() if not hold.screens or one.id in hold.screens]
    wide = sorted(mine, key=lambda one: one.height > one.width)
    drawn = wide[0] if wide else None
    big, unit, small = left(hold.until_ms - shop.now)
    at = when(hold.until_ms, shop.now, shop.store.zone, language)
    return HeldWords(
        id=hold.id,
        title=_where(hold, screens),
        until=_("until %(at)s, then back to plan", at=at),
        by=hold.by,
        screen=drawn.id if drawn else "",
        portrait=bool(drawn and drawn.height > drawn.width),
        from_ms=hold.from_ms,
        until_ms=hold.until_ms,
        big=big,
        unit=unit,
        small=small,
        longer=hold.until_ms + MORE_MS <= shop.latest_ms,
    )


def _screen(screen: WallScreen, shop: Shop, language: Language) -> ScreenWords:
    mark, word = "playing", _("To plan")
    if screen.state == "hand" and screen.hand is not None:
        mark = "hand"
        word = when(screen.hand.until_ms, shop.now, shop.store.zone, language)
    elif screen.state not in ("plan", "paused"):
        mark = screen.state
        word = {
            "offline": _("Offline"),
            "held": _("Key copied"),
            "unpaired": _("Not paired"),
        }.get(screen.state, "")
    return ScreenWords(
        screen.id, screen.name, screen.width, screen.height, screen.state, mark, word
    )


def lasts(ms: int) -> str:
    """How long a playlist is: `45 s`, `2 min`."""
    return f"{ms // 1000}{NBSP}s" if ms < 2 * MINUTE_MS else f"{ms // MINUTE_MS}{NBSP}min"


def lasts_hours(minutes: int) -> str:
    """A budget: `10 h`, `1 h 30`."""
    hours, rest = divmod(minutes, 60)
    return f"{hours}{NBSP}h{NBSP}{rest:02d}" if rest else f"{hours}{NBSP}h"
