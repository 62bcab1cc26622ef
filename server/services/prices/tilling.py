"""What the screens and the till of a store owe each other for one price, as a state machine. Pure.

A customer pays at most what a screen says. So a price that goes up is on the screens before the
till may ask for it (`raising`: all connected screens confirm, or the time is over; then the till is
called, `releasing`), and one that goes down is at the till before a screen says it (`lowering`: the
old price stays, which the till still asks for; when the time is over, none does: `silent`). Only
changes that come unannounced are put in order: of a planned step the till knows as well as the
screens do. Beside that order, a till that is known to ask for another price than screens may show
is `apart`, once that lasted longer than the grace.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from playlists.manifest import FOREVER_MS

Phase = Literal["even", "lowering", "silent", "raising", "releasing"]
Show = Literal["wanted", "kept", "none"]
CALLS = 6
"""A till that cannot be called is called so often in all; then the mismatch says the rest."""
FIRST_PAUSE_MS = 2_000
"""Before the second call; each later one waits twice as long."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How one till is minded. `ordered`: changes wait for each other; else mismatches are only
    told. `calls`: it has an address to be called at. `price_free`: where it is apart from the
    screens, these show no price. Milliseconds.
    """

    connector: str
    ordered: bool = True
    calls: bool = False
    price_free: bool = False
    timeout_ms: int = 120_000
    grace_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Said:
    """A price as the till says that it has it, in force there since `at` (unix ms)."""

    price: int
    currency: str
    version: str = ""
    at: int = 0

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Of two sayings the greater counts, in whichever order they came: the version where it is
        a number, then the instant.
        """
        counts = self.version.isascii() and self.version.isdecimal()
        return (int(self.version) if counts else -1, self.at, self.price, self.currency)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the shop wants on the screens now, and the stretch of that step (unix ms)."""

    price: int
    currency: str
    from_ms: int = 0
    until_ms: int = FOREVER_MS


@dataclass(frozen=True, slots=True)
class State:
    """One price between its till and its screens. Every field is told in TillPriceRow's columns.

    `old` is the price that is kept, or that the till asked for before; `target` where it goes,
    `version` the channel's that first says so. `owed` is the most that the till was called to ask
    for since it last said what it does, so that its last word no longer counts. `apart_since` 0:
    not apart; `same_at`: last seen not apart.
    """

    said: Said | None = None
    phase: Phase = "even"
    old: int | None = None
    target: int | None = None
    target_currency: str = ""
    since: int = 0
    deadline: int = 0
    version: int = 0
    calls: int = 0
    call_at: int = 0
    owed: int | None = None
    apart_since: int = 0
    apart: bool = False
    same_at: int = 0


EMPTY = State()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state to keep, what screens may show, and when it must be looked at again (unix ms)."""

    state: State
    show: Show
    look_at: int


def acknowledged(state: State, said: Said) -> State:
    """The till says which price it has; what is older than it said before changes nothing."""
    if state.said is not None and state.said.order >= said.order:
        return state
    return replace(state, said=said, owed=None)


def decide(
    state: State, rules: Rules, shown: int | None, wanted: Wanted | None, version: int, now: int
) -> Outcome:
    """What screens may show that now show the price `shown` (None: none) where the shop wants
    another, to be said at the channel's `version`.
    """
    if wanted is None:
        state = replace(_even(state), apart_since=0, apart=False, same_at=now)
        return Outcome(state, "wanted", FOREVER_MS)
    if not rules.ordered or _has(state, wanted):
        state = _even(state)
    else:
        state = _ordered(state, rules, shown, wanted, version, now)
    show = _show(state, shown)
    state = _compared(state, rules, show, shown, wanted, now)
    if rules.price_free and state.apart:
        show = "none"
    return Outcome(state, show, _look_at(state, rules, wanted, now))


def confirmed(state: State, screens: Iterable[int], rules: Rules, now: int) -> State:
    """`raising` ends once each connected screen (by the channel's version that it holds) has the
    new price, or the time is over: then the till is to be called.
    """
    if state.phase != "raising":
        return state
    if now < state.deadline and any(held < state.version for held in screens):
        return state
    if not rules.calls:
        return _even(state)
    return replace(state, phase="releasing", calls=0, call_at=now)


def called(state: State, now: int, *, heard: bool) -> State:
    """The till was called. Heard, or not for too often: the rest is the till's."""
    if state.phase != "releasing":
        return state
    calls = state.calls + 1
    state = replace(state, owed=max(state.owed or 0, state.target or 0))
    if heard or calls >= CALLS:
        return replace(_even(state), same_at=now)
    return replace(state, calls=calls, call_at=now + FIRST_PAUSE_MS * 2 ** (calls - 1))


def _even(state: State) -> State:
    return replace(
        state,
        phase="even",
        old=None,
        target=None,
        target_currency="",
        since=0,
        deadline=0,
        version=0,
        calls=0,
        call_at=0,
    )


def _has(state: State, wanted: Wanted) -> bool:
    said = state.said
    if said is None or state.owed is not None:
        return False
    return (said.price, said.currency) == (wanted.price, wanted.currency)


def _ordered(
    state: State, rules: Rules, shown: int | None, wanted: Wanted, version: int, now: int
) -> State:
    if state.apart and rules.price_free:  # nothing shows until the till has the very price
        return _even(state)
    charged = _charged(state, shown, wanted.currency)
    down = state.phase in ("lowering", "silent")
    if down and charged is not None and wanted.price < charged:
        over = state.phase == "silent" or now >= state.deadline
        aim = replace(state, target=wanted.price, target_currency=wanted.currency)
        return replace(aim, phase="silent" if over else "lowering")
    going_up = state.phase in ("raising", "releasing") and state.target == wanted.price
    if going_up and charged is not None and wanted.price >= charged:
        return state
    if charged is None or wanted.price in (shown, charged):
        return _even(state)
    begun = replace(
        _even(state),
        old=shown if shown is not None else charged,
        target=wanted.price,
        target_currency=wanted.currency,
        since=now,
        deadline=now + rules.timeout_ms,
        version=version,
    )
    if wanted.price < charged:
        return replace(begun, phase="lowering")
    if not rules.calls:
        return _even(state)
    if state.phase == "raising":  # a price that goes up again and again waits no longer for it
        begun = replace(begun, since=state.since, deadline=state.deadline)
    return replace(begun, phase="raising", old=charged)


def _charged(state: State, shown: int | None, currency: str) -> int | None:
    """What a customer is asked for now, as far as is known: what the till said, else the price that
    was on the screens before anything changed.
    """
    price = state.old if state.phase != "even" else shown
    if state.said is not None and state.said.currency == currency:
        price = state.said.price
    return price if state.owed is None else max(state.owed, price or 0)


def _show(state: State, shown: int | None) -> Show:
    if state.phase == "silent":
        return "none"
    if state.phase != "lowering":
        return "wanted"
    charged = _charged(state, shown, state.target_currency)
    keeps = shown is not None and shown == state.old and charged is not None and shown >= charged
    return "kept" if keeps else "none"


def _compared(
    state: State, rules: Rules, show: Show, shown: int | None, wanted: Wanted, now: int
) -> State:
    """Whether the till asks for another price than screens may show; of a price that is off for
    just that, than they would.
    """
    price = {"wanted": wanted.price, "kept": shown, "none": None}[show]
    said = state.said
    ordering = state.phase in ("raising", "releasing")
    same = said is None or price is None or (said.price, said.currency) == (price, wanted.currency)
    if said is None or same or ordering:
        return replace(state, apart_since=0, apart=False, same_at=now)
    began = max(wanted.from_ms if show == "wanted" else state.since, said.at, state.same_at)
    since = state.apart_since or min(began, now)
    return replace(state, apart_since=since, apart=state.apart or now - since >= rules.grace_ms)


def _look_at(state: State, rules: Rules, wanted: Wanted, now: int) -> int:
    ends: list[int] = [FOREVER_MS]
    if state.phase in ("lowering", "raising"):
        ends.append(state.deadline)
    if state.phase == "releasing":
        ends.append(state.call_at)
    if state.apart_since and not state.apart:
        ends.append(state.apart_since + rules.grace_ms)
    if state.said is not None:
        ends.append(wanted.until_ms)
    return min(end for end in ends if end > now)
