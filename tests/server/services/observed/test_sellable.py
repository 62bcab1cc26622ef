"""Pieces that a screen may promise, while counts flap, reservations come and buffers stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.services.observed.sellable import Shelf, StockRules, left_of, promised, shelve

RULES = StockRules(buffer=2, back_at=3, settle_ms=600_000)
MINUTE = 60_000


def lived(*counts: int, rules: StockRules = RULES, every_ms: int = MINUTE) -> list[int]:
    """What is promised after each count, one a minute."""
    shelf: Shelf | None = None
    said = []
    for number, counted in enumerate(counts):
        shelf = shelve(counted, 0, shelf, rules, number * every_ms)
        said.append(promised(shelf, rules))
    return said


def test_reservations_and_the_buffer_are_never_promised() -> None:
    assert left_of(12, 3, RULES) == 7
    assert left_of(4, 3, RULES) == 0
    assert promised(shelve(12, 3, None, RULES, 0), RULES) == 7


def test_a_count_that_flaps_about_the_edge_is_out_until_enough_is_there() -> None:
    assert lived(3, 2, 3, 2, 3, 4, 5) == [1, 0, 0, 0, 0, 0, 3]


def test_a_few_pieces_that_stay_are_back_after_a_while() -> None:
    assert lived(2, *[3] * 12) == [0, *[0] * 10, 1, 1]


def test_the_while_begins_anew_when_they_are_gone_again() -> None:
    assert lived(2, *[3] * 9, 2, *[3] * 10) == [0] * 21


def test_the_last_piece_goes_at_once() -> None:
    assert lived(9, 8, 2) == [7, 6, 0]


def test_without_a_buffer_one_piece_is_one() -> None:
    assert lived(1, 0, 1, 2, rules=StockRules(back_at=2)) == [1, 0, 0, 2]


COUNTS = st.lists(st.integers(0, 12), min_size=2, max_size=60)


@given(COUNTS)
def test_never_more_than_what_is_left_and_nothing_where_nothing_is(counts: list[int]) -> None:
    for counted, said in zip(counts, lived(*counts), strict=True):
        assert said in (0, left_of(counted, 0, RULES))


@given(COUNTS)
def test_between_two_times_out_it_was_really_back(counts: list[int]) -> None:
    """Each return is earned: by enough pieces, or by minutes of some."""
    said = lived(*counts)
    for at in range(1, len(said)):
        if said[at] and not said[at - 1]:
            left = [left_of(one, 0, RULES) for one in counts[: at + 1]]
            stayed = all(one > 0 for one in left[-11:]) and len(left) > 10
            assert left[-1] >= RULES.back_at or stayed
