"""Share of voice: exact time where it can be, within a slot of it where not, evenly spread,
deterministic."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.resolving.share import LOOP_MAX_MS, Mix, Voice, mix, weights

S = 1_000
voices = st.builds(
    Voice,
    st.integers(1, 9_000),
    st.lists(st.integers(1, 60).map(lambda s: s * S), min_size=1, max_size=4).map(tuple),
)
mixes = st.lists(voices, min_size=1, max_size=9)


def airtimes(rows: list[Voice], mixed: Mix) -> list[int]:
    """Milliseconds on air of each voice."""
    found = []
    for voice, count in zip(rows, mixed.counts, strict=True):
        rounds, more = divmod(count, len(voice.durations))
        found.append(rounds * sum(voice.durations) + sum(voice.durations[:more]))
    return found


def starts(rows: list[Voice], mixed: Mix) -> list[list[int]]:
    """When each voice's turns begin, in ms of the loop."""
    now, done = 0, [0] * len(rows)
    found: list[list[int]] = [[] for _ in rows]
    for voice in mixed.order:
        slots = rows[voice].durations
        found[voice].append(now)
        now += slots[done[voice] % len(slots)]
        done[voice] += 1
    return found


@pytest.mark.parametrize(
    ("shares", "base", "expected"),
    [
        ([1_000, 2_000], True, ((1_000, 2_000), 7_000)),
        ([1_000, 2_000], False, ((1_000, 2_000), 0)),
        ([6_000, 4_000], True, ((6_000, 4_000), 0)),
        ([9_000, 9_000], True, ((9_000, 9_000), 0)),
        ([], True, ((), 10_000)),
        ([0], False, ((1,), 0)),
    ],
)
def test_weights(shares: list[int], base: bool, expected: object) -> None:
    assert weights(shares, base) == expected


def test_the_smallest_exact_loop_is_found() -> None:
    mixed = mix([Voice(2_500, (10 * S,)), Voice(7_500, (10 * S, 10 * S))])
    assert mixed == Mix((1, 0, 1, 1), (1, 3), exact=True)


def test_a_longer_exact_loop_is_taken_so_that_every_slot_airs() -> None:
    mixed = mix([Voice(1, (10 * S, 10 * S, 10 * S)), Voice(3, (10 * S,))])
    assert mixed.exact
    assert mixed.counts == (3, 9)


def test_where_no_loop_lets_every_slot_air_the_smallest_exact_one_plays() -> None:
    slots = (600 * S,) * 3
    mixed = mix([Voice(1, slots), Voice(1, slots)])
    assert mixed == Mix((0, 1), (1, 1), exact=True)


def test_a_rotation_alone_plays_once_as_far_as_it_fits() -> None:
    assert mix([Voice(1, (7 * S, 8 * S))]).order == (0, 0)
    assert mix([Voice(1, (LOOP_MAX_MS, S))]).order == (0,)
    assert mix([Voice(1, (700 * S,) * 4)]).counts == (2,)


def test_without_an_exact_loop_shares_are_near() -> None:
    rows = [Voice(3_333, (7 * S,)), Voice(6_667, (13 * S,))]
    mixed = mix(rows)
    assert not mixed.exact
    first, second = airtimes(rows, mixed)
    assert abs(3 * first - (first + second)) * 50 < first + second


def test_sixty_voices_of_a_sliver_each_leave_the_base_its_due() -> None:
    rows = [*(Voice(10, (10 * S,)) for _ in range(60)), Voice(9_400, (10 * S,))]
    mixed = mix(rows)
    time = airtimes(rows, mixed)
    assert abs(time[-1] * 10_000 - sum(time) * 9_400) <= 10 * S * 10_000


def test_voices_of_one_turn_do_not_clump() -> None:
    rows = [*(Voice(1_000, (10 * S,)) for _ in range(5)), Voice(5_000, (10 * S,))]
    assert all(first != second for first, second in pairwise(mix(rows).order))


LONG = [
    [Voice(3_220, (48 * S,)), Voice(10, (9 * S, 30 * S, 16 * S)), Voice(5_978, (S,))],
    [Voice(1, (88 * S, 479 * S)), Voice(1, (1_715 * S,))],
]


@pytest.mark.parametrize("rows", LONG)
def test_where_thirty_minutes_break_the_bounds_a_shorter_loop_plays(rows: list[Voice]) -> None:
    _check(rows)


@given(mixes)
@settings(max_examples=400, deadline=None)
def test_time_is_exact_or_within_a_slot_of_its_due(rows: list[Voice]) -> None:
    _check(rows)


def _check(rows: list[Voice]) -> None:
    mixed = mix(rows)
    time = airtimes(rows, mixed)
    length, whole = sum(time), sum(voice.weight for voice in rows)
    assert 0 < length <= LOOP_MAX_MS
    assert sorted(mixed.order) == sorted(
        voice for voice, count in enumerate(mixed.counts) for _ in range(count)
    )
    for voice, airtime in zip(rows, time, strict=True):
        error = abs(airtime * whole - length * voice.weight)
        if len(rows) > 1:
            assert error <= (0 if mixed.exact else max(voice.durations) * whole)


@given(mixes.filter(lambda rows: len(rows) > 1))
@settings(max_examples=200, deadline=None)
def test_an_exact_loop_is_found_whenever_there_is_one(rows: list[Voice]) -> None:
    whole = sum(voice.weight for voice in rows)
    reachable = []
    for voice in rows:
        turns = voice.durations * (1 + LOOP_MAX_MS // sum(voice.durations))
        reachable.append(set(accumulate(turns)))
    lengths = {
        airtime * whole // rows[0].weight
        for airtime in reachable[0]
        if airtime * whole % rows[0].weight == 0
        and airtime * whole // rows[0].weight <= LOOP_MAX_MS
    }
    exact = any(
        all(
            length * voice.weight % whole == 0 and length * voice.weight // whole in times
            for voice, times in zip(rows, reachable, strict=True)
        )
        for length in lengths
    )
    assert mix(rows).exact is exact


@given(mixes)
@settings(max_examples=200, deadline=None)
def test_turns_are_spread(rows: list[Voice]) -> None:
    """Between two turns of a voice each other one has at most its part of the turns, rounded up."""
    mixed = mix(rows)
    length = sum(airtimes(rows, mixed))
    for voice, begins in enumerate(starts(rows, mixed)):
        if not begins:
            continue
        most = max(rows[voice].durations) + sum(
            -(-count // mixed.counts[voice]) * max(rows[other].durations)
            for other, count in enumerate(mixed.counts)
            if other != voice
        )
        around = [*begins, begins[0] + length]
        assert all(after - before <= most for before, after in pairwise(around))


@given(mixes)
@settings(max_examples=50, deadline=None)
def test_the_same_voices_give_the_same_loop_in_whole_numbers(rows: list[Voice]) -> None:
    mixed = mix(rows)
    assert mix(list(rows)) == mixed
    assert all(type(number) is int for number in (*mixed.order, *mixed.counts))
