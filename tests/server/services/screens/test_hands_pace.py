"""How often it is looked at what hands may do, and how much of what devices make up is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playlists.wire.hands import HandsPlan, Verdict
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import hand_acts, hand_codes, hand_plans
from server.services.wishes.local_use import set_local_use
from tests.server.services.screens.test_hands import (  # noqa: F401  (a fixture)
    CASH,
    HOUR_MS,
    MIA,
    STORE,
    act,
    chain,
    log,
    take,
    told,
)
from tests.support.record import TestClock


def test_what_may_be_shown_is_looked_at_now_and_then_and_who_may_at_once(
    chain: Context,  # noqa: F811
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    make = hand_plans.Plans._plan

    def count(self: hand_plans.Plans, key: Any, people: Any) -> HandsPlan:
        made.append(key[0])
        return make(self, key, people)

    monkeypatch.setattr(hand_plans.Plans, "_plan", count)
    hand_codes.issue(chain, MIA, STORE)
    plan = told(chain)
    assert plan is not None
    set_local_use(chain, SYSTEM, [])
    made.clear()
    for _ in range(3):
        assert told(chain, plan.id) is None
    assert not made, "it goes by what was found a moment ago"
    assert told(chain, "0" * 16), "who does not is told at once"
    clock.advance(hand_plans.LOOK_EVERY_MS)
    later = told(chain, plan.id)
    assert later is not None
    assert CASH not in {one.id for one in later.choices}
    hand_codes.issue(chain, MIA, STORE)
    assert told(chain, later.id) is not None, "a new code counts at once"


def test_a_screen_that_makes_acts_up_fills_neither_table_nor_log(
    chain: Context,  # noqa: F811
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hand_acts, "MAX_REFUSED_A_DAY", 2)
    one = act(chain, hand_codes.issue(chain, MIA, STORE))
    for n in range(4):
        made_up = replace(one, id=f"hand-{n:024}")
        assert take(chain, made_up) == Verdict("refused")
    assert len(log(chain, "hands.refuse")) == 2
    assert take(chain, one).state == "taken", "what is true counts all the same"
    clock.advance(24 * HOUR_MS + 1)
    take(chain, replace(one, id=f"hand-{7:024}"))
    assert len(log(chain, "hands.refuse")) == 3
