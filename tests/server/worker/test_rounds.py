"""Freshness by turns: every store once in a round, never all at once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from server.worker.rounds import Rounds

MINUTE = 60_000
STORES = [f"store-{number}" for number in range(300)]


def test_every_store_has_its_turn_once_in_a_round_and_a_round_is_spread_out() -> None:
    rounds = Rounds(MINUTE, 5_000)
    turns = [rounds.due(STORES, 5_000 + second * 1_000) for second in range(1, 61)]
    assert Counter(name for turn in turns for name in turn) == Counter(STORES)
    assert max(map(len, turns)) < 20
    assert [rounds.due(STORES, 5_000 + (60 + second) * 1_000) for second in range(1, 61)] == turns


def test_turns_that_were_missed_are_made_up_for_once() -> None:
    rounds = Rounds(MINUTE, 0)
    assert sorted(rounds.due(STORES, 10 * MINUTE)) == sorted(STORES)
    assert rounds.due(STORES, 10 * MINUTE) == []


def test_two_turns_of_a_store_are_a_round_apart_however_often_it_is_asked() -> None:
    rounds = Rounds(MINUTE, 0)
    seen: list[int] = []
    for now_ms in range(7, 5 * MINUTE, 7):
        seen += [now_ms for _ in rounds.due(["lille"], now_ms)]
    assert len(seen) == 5
    assert all(abs(later - before - MINUTE) <= 7 for before, later in pairwise(seen))


def test_a_store_that_is_new_is_in_the_round_at_once() -> None:
    rounds = Rounds(MINUTE, 0)
    rounds.due(["lille"], 1_000)
    assert sorted(rounds.due(["lille", "paris"], 1_000 + MINUTE)) == ["lille", "paris"]
