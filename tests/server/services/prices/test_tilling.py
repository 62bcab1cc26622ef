"""Screens and till in order: whatever comes in whichever order, repeated or never."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import permutations
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.services.prices import withholding
from server.services.prices.tilling import (
    CALLS,
    EMPTY,
    Rules,
    Said,
    State,
    Wanted,
    acknowledged,
    called,
    confirmed,
    decide,
)

RULES = Rules("till", calls=True, timeout_ms=60_000, grace_ms=30_000)


@dataclass
class Store:
    """A store's screens and till as the machine sees them; `painted` is what screens may show."""

    rules: Rules = RULES
    now: int = 1_000
    state: State = EMPTY
    painted: int | None = None
    wants: int | None = None
    version: int = 0
    screens: list[int] = field(default_factory=lambda: [0, 0])
    released: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Compile, as each event makes the server do."""
        self.version += 1
        wanted = None if self.wants is None else Wanted(self.wants, "EUR", 0)
        out = decide(self.state, self.rules, self.painted, wanted, self.version, self.now)
        self.state = out.state
        if out.show != "kept":
            self.painted = self.wants if out.show == "wanted" else None

    def price(self, price: int | None) -> None:
        self.wants = price
        self.look()

    def till(self, price: int, version: int, at: int | None = None) -> None:
        self.state = acknowledged(self.state, Said(price, "EUR", str(version), at or self.now))
        self.look()

    def screen(self, which: int) -> None:
        self.screens[which] = self.version
        self.tick(0)

    def tick(self, ms: int, *, hears: bool = True) -> None:
        """Time passes, and the timer runs."""
        self.now += ms
        self.state = confirmed(self.state, self.screens, self.rules, self.now)
        if self.state.phase == "releasing" and self.state.call_at <= self.now:
            if hears:
                self.released.append(self.now)
            self.state = called(self.state, self.now, heard=hears)
        self.look()

    def restart(self) -> None:
        """All that survives is the row."""
        row = SimpleNamespace(**withholding.columns_of(self.state))
        assert withholding.state_of(row) == self.state
        self.state = withholding.state_of(row)


def at_ten(**rules: object) -> Store:
    store = Store(replace(RULES, **rules))
    store.price(1_000)
    store.till(1_000, 1)
    return store


def test_a_lower_price_waits_for_the_till_and_the_old_one_stays() -> None:
    store = at_ten()
    store.price(800)
    assert (store.painted, store.state.phase) == (1_000, "lowering")
    store.tick(30_000)
    assert store.painted == 1_000
    store.till(800, 2)
    assert (store.painted, store.state.phase) == (800, "even")


def test_a_till_that_never_answers_leaves_no_price_and_then_the_one_it_has() -> None:
    store = at_ten()
    store.price(800)
    store.tick(60_000)
    assert (store.painted, store.state.phase) == (None, "silent")
    store.till(800, 2)
    assert store.painted == 800


def test_changes_that_follow_each_other_do_not_wait_longer_than_the_first() -> None:
    store = at_ten()
    for price in (900, 800, 700, 600):
        store.price(price)
        store.tick(20_000)
    assert store.painted is None


def test_a_higher_price_shows_at_once_and_the_till_is_called_when_screens_have_it() -> None:
    store = at_ten()
    store.price(1_200)
    assert (store.painted, store.state.phase) == (1_200, "raising")
    store.screen(0)
    assert store.released == []
    store.screen(1)
    assert store.released == [store.now]
    store.till(1_200, 2)
    assert store.state.phase == "even"


def test_a_screen_that_does_not_confirm_holds_the_till_no_longer_than_the_time() -> None:
    store = at_ten()
    store.price(1_200)
    store.tick(59_999)
    assert store.released == []
    store.tick(1)
    assert len(store.released) == 1


def test_a_till_that_cannot_be_called_is_called_a_few_times() -> None:
    store = at_ten()
    store.price(1_200)
    tries = 0
    for _ in range(200):
        before = store.state.calls
        store.tick(10_000, hears=False)
        tries += store.state.calls != before
    assert (store.painted, store.state.phase, store.state.apart) == (1_200, "even", True)
    assert tries == CALLS


def test_a_till_without_an_address_is_not_waited_for() -> None:
    store = at_ten(calls=False)
    store.price(1_200)
    assert (store.painted, store.state.phase) == (1_200, "even")


def test_a_price_taken_back_meanwhile_is_no_change() -> None:
    store = at_ten()
    store.price(800)
    store.price(1_000)
    assert (store.painted, store.state.phase) == (1_000, "even")
    store.price(1_200)
    store.price(1_000)
    assert (store.painted, store.state.phase) == (1_000, "even")


def test_what_a_till_was_called_for_counts_until_it_speaks_again() -> None:
    store = at_ten()
    store.price(1_200)
    store.screen(0)
    store.screen(1)
    store.price(1_000)
    assert (store.painted, store.state.phase) == (1_200, "lowering")
    store.till(1_000, 3)
    assert (store.painted, store.state.phase) == (1_000, "even")


def test_what_is_only_reported_is_not_put_in_order() -> None:
    store = at_ten(ordered=False)
    store.price(800)
    assert store.painted == 800
    store.tick(29_999)
    assert not store.state.apart
    store.tick(1)
    assert (store.painted, store.state.apart, store.state.apart_since) == (800, True, 1_000)
    store.till(800, 2)
    assert not store.state.apart


def test_a_till_that_asks_for_another_price_takes_it_off_where_the_shop_chose_so() -> None:
    store = at_ten(price_free=True)
    store.till(1_100, 2)
    assert store.painted == 1_000
    store.tick(30_000)
    assert (store.painted, store.state.apart) == (None, True)
    store.tick(30_000)
    assert store.painted is None
    store.till(1_000, 3)
    assert (store.painted, store.state.apart) == (1_000, False)


def test_a_first_price_and_one_that_ends_wait_for_nobody() -> None:
    store = Store()
    store.price(1_000)
    assert (store.painted, store.state) == (1_000, replace(EMPTY, same_at=store.now))
    store.price(None)
    assert store.painted is None
    store.price(900)
    assert store.painted == 900


def test_a_planned_step_is_not_held() -> None:
    """The sale of 18:00 was told before: what screens show changes by itself, and so does S."""
    store = at_ten()
    store.painted = store.wants = 800  # both moved to the step that was planned
    store.look()
    assert (store.painted, store.state.phase) == (800, "even")


SAID = [Said(1_000, "EUR", "1", 5), Said(900, "EUR", "2", 4), Said(800, "EUR", "", 9)]


@pytest.mark.parametrize("order", list(permutations([*SAID, SAID[1]])))
def test_in_whichever_order_a_till_is_heard_the_last_word_counts(order: Iterable[Said]) -> None:
    state = EMPTY
    for said in order:
        state = acknowledged(state, said)
    assert state.said == SAID[1]


EVENT = st.one_of(
    st.tuples(st.just("price"), st.sampled_from([None, 700, 800, 900, 1_000, 1_200])),
    st.tuples(st.just("till"), st.sampled_from([700, 800, 900, 1_000, 1_200]), st.integers(0, 9)),
    st.tuples(st.just("screen"), st.integers(0, 1)),
    st.tuples(st.just("tick"), st.sampled_from([0, 1, 1_000, 30_000, 60_000]), st.booleans()),
    st.tuples(st.just("restart")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENT, max_size=25), st.booleans(), st.booleans())
def test_whatever_happens_screens_ask_for_no_less_than_the_till(
    events: list[tuple], calls: bool, free: bool
) -> None:
    store = Store(replace(RULES, calls=calls, price_free=free))
    for name, *given_ in events:
        before, painted, said = store.state, store.painted, store.state.said
        released = len(store.released)
        if name == "tick":
            store.tick(given_[0], hears=given_[1])
        else:
            getattr(store, name)(*given_)
        state, now = store.state, store.now
        fell = painted is not None and store.painted is not None and store.painted < painted
        if fell:  # a lower price than before only where the till is known to have it, or less
            assert (state.owed or 0) <= store.painted
            taken_back = before.phase == "raising" and store.painted >= (before.old or 0)
            assert (state.said and state.said.price <= store.painted) or taken_back
        if state.phase in ("lowering", "silent") and state.said and store.painted is not None:
            assert store.painted >= state.said.price
        if state.phase == "lowering":
            assert now < state.deadline <= state.since + RULES.timeout_ms
        if state.phase == "silent":
            assert store.painted is None
        if len(store.released) > released:
            all_have = min(store.screens) >= before.version
            assert before.phase == "releasing" or all_have or now >= before.deadline
        if said is not None and state.said is not None:
            assert state.said.order >= said.order
        assert state.calls < CALLS
    for _ in range(20):  # nothing waits for ever
        store.tick(30_000, hears=False)
    assert store.state.phase in ("even", "silent")
    if store.wants is not None and store.state.phase == "even" and not store.state.apart:
        assert store.painted == store.wants
