"""Rows of facts become one line over time, whatever their order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlists.errors import Invalid
from playlists.facts import (
    HOUR_MS,
    KINDS,
    Fact,
    FactKey,
    FactLine,
    FactSpan,
    FactValue,
    bind,
    fact_key,
    fact_line,
    value_at,
)
from playlists.ids import SourceId

RAIN = FactKey("weather.rain:lille")
METEO = SourceId("meteo@lille")
NOW = 100 * HOUR_MS
HORIZON = NOW + 30 * HOUR_MS


def seen(value: FactValue, at: int = NOW, **changes: object) -> Fact:
    fact = Fact(RAIN, value, at, None, at, at + 3 * HOUR_MS, METEO)
    return replace(fact, **changes)  # type: ignore[arg-type]


def forecast(value: FactValue, from_hour: int, hours: int = 1, said: int = NOW) -> Fact:
    begin = NOW + from_hour * HOUR_MS
    return Fact(RAIN, value, begin, begin + hours * HOUR_MS, said, said + 3 * HOUR_MS, METEO)


def line(*facts: Fact, since: int | None = None) -> FactLine:
    found = fact_line(facts, RAIN, NOW, HORIZON, since_ms=since)
    assert found is not None
    return found


def hours(found: FactLine) -> list[tuple[int, int, FactValue]]:
    return [
        ((s.from_ms - NOW) // HOUR_MS, (s.until_ms - NOW) // HOUR_MS, s.value) for s in found.spans
    ]


def test_an_observation_holds_to_the_horizon() -> None:
    assert hours(line(seen(4))) == [(0, 30, 4)]


def test_the_later_observation_wins_from_when_it_holds() -> None:
    assert hours(line(seen(4, NOW - HOUR_MS), seen(5))) == [(-1, 0, 4), (0, 30, 5)]


def test_forecasts_are_spans_and_nothing_is_known_between_them() -> None:
    assert hours(line(forecast(0, 1), forecast(9, 3))) == [(1, 2, 0), (3, 4, 9)]


def test_equal_neighbours_are_one_span() -> None:
    assert hours(line(forecast(7, 1), forecast(7, 2), forecast(8, 3))) == [(1, 3, 7), (3, 4, 8)]


def test_true_and_1_are_not_equal_neighbours() -> None:
    assert [type(s.value) for s in line(forecast(True, 1), forecast(1, 2)).spans] == [bool, int]


def test_a_later_forecast_replaces_an_earlier_one_where_they_overlap() -> None:
    old, new = forecast(3, 1, hours=6, said=NOW - HOUR_MS), forecast(8, 2, hours=2)
    assert hours(line(old, new)) == [(1, 2, 3), (2, 4, 8), (4, 7, 3)]


def test_of_two_said_at_once_the_one_that_begins_later_wins() -> None:
    assert hours(line(forecast(3, 1, hours=6), forecast(8, 2, hours=2))) == [
        (1, 2, 3),
        (2, 4, 8),
        (4, 7, 3),
    ]


def test_an_observation_corrects_the_forecast_of_this_hour_but_not_tomorrows() -> None:
    earlier = NOW - HOUR_MS
    found = line(forecast(0, 0, said=earlier), forecast(9, 20, said=earlier), seen(5))
    assert hours(found) == [(0, 20, 5), (20, 21, 9)]


def test_an_observation_past_the_horizon_says_nothing() -> None:
    late = seen(4, HORIZON + 1)
    assert line(late).spans == ()


def test_expired_rows_are_left_out() -> None:
    assert fact_line([seen(4, expires_at=NOW)], RAIN, NOW, HORIZON) is None
    assert hours(line(seen(4, expires_at=NOW + 1))) == [(0, 30, 4)]


def test_rows_of_other_keys_are_left_out() -> None:
    other = FactKey("weather.rain:paris")
    assert fact_line([seen(4, key=other)], RAIN, NOW, HORIZON) is None


def test_of_several_sources_the_one_that_spoke_last_is_kept() -> None:
    station = seen(6, NOW + 1, source=SourceId("station@lille"))
    found = line(seen(4), forecast(2, 5), station)
    assert (found.source, [s.value for s in found.spans]) == ("station@lille", [6])


def test_what_a_person_said_with_an_end_holds_over_every_source_until_then() -> None:
    hand = replace(forecast(0, 2, 3), source=SourceId("manual@lille"))
    found = line(seen(6, NOW + 4 * HOUR_MS), seen(6, NOW - HOUR_MS), hand, since=NOW)
    assert found.source == METEO
    assert hours(found) == [(-1, 2, 6), (2, 5, 0), (5, 30, 6)]
    assert line(hand).source == "manual@lille"


def test_what_a_person_said_without_an_end_is_one_source_among_others() -> None:
    hand = seen(0, source=SourceId("manual@lille"))
    assert [s.value for s in line(hand, seen(6, NOW + 1)).spans] == [6]


def test_the_max_age_is_the_kinds_unless_given() -> None:
    assert line(seen(4)).max_age_ms == KINDS["weather.rain"].max_age_ms
    given_age = fact_line([seen(4)], RAIN, NOW, HORIZON, max_age_ms=7)
    assert given_age is not None
    assert given_age.max_age_ms == 7


def test_a_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(Invalid, match="No such kind of fact"):
        fact_line([], FactKey("tides:brest"), NOW, HORIZON)


def test_a_refresh_with_the_same_value_leaves_the_line_as_it_was() -> None:
    since = NOW - 9 * HOUR_MS
    tomorrow = forecast(9, 20)
    before = line(seen(4, NOW - HOUR_MS), tomorrow, since=since)
    assert before == line(seen(4), tomorrow, since=since)
    assert hours(before) == [(-9, 20, 4), (20, 21, 9)]


def test_before_the_first_observation_what_else_is_known_stands() -> None:
    found = line(forecast(2, -4), seen(4), since=NOW - 6 * HOUR_MS)
    assert hours(found) == [(-6, -4, 4), (-4, -3, 2), (-3, 30, 4)]


def test_since_says_nothing_of_forecasts() -> None:
    assert hours(line(forecast(2, 1), since=NOW - HOUR_MS)) == [(1, 2, 2)]


_values: st.SearchStrategy[FactValue] = st.one_of(
    st.integers(0, 2), st.booleans(), st.sampled_from(["a", "b"])
)
_rows = st.lists(
    st.builds(
        Fact,
        key=st.just(RAIN),
        value=_values,
        valid_from=st.integers(0, 12),
        valid_until=st.none() | st.integers(0, 16),
        observed_at=st.integers(0, 3),
        expires_at=st.integers(0, 4),
        source=st.sampled_from([METEO, SourceId("other@lille")]),
    ),
    max_size=7,
)


@given(
    _rows.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))), st.integers(0, 9)
)
def test_any_order_of_rows_gives_the_same_line(
    both: tuple[list[Fact], list[Fact]], since: int
) -> None:
    first, second = (fact_line(rows, RAIN, 1, 14, since_ms=since) for rows in both)
    assert repr(first) == repr(second)


@given(_rows)
def test_spans_are_disjoint_sorted_merged_and_show_the_winner(rows: list[Fact]) -> None:
    found = fact_line(rows, RAIN, 1, 14)
    alive = [row for row in rows if row.expires_at > 1]
    if found is None:
        assert not alive
        return
    for left, right in zip(found.spans, found.spans[1:], strict=False):
        assert left.until_ms <= right.from_ms
        assert left.until_ms < right.from_ms or repr(left.value) != repr(right.value)
    mine = [row for row in alive if row.source == found.source]
    for t in range(18):
        assert repr(value_at(found, t)) in winners(mine, t)


def winners(rows: list[Fact], t: int) -> set[str]:
    """The values that may hold at `t`, by the rule read aloud."""
    begins = [row.valid_from for row in rows if row.valid_until is not None]

    def holds(row: Fact) -> bool:
        if row.valid_until is not None:
            return row.valid_from <= t < row.valid_until
        superseded = any(row.valid_from < begin <= t for begin in begins)
        return row.valid_from <= t < 14 and not superseded

    held = [row for row in rows if holds(row)]
    best = max(((row.observed_at, row.valid_from) for row in held), default=None)
    return {repr(r.value) for r in held if (r.observed_at, r.valid_from) == best} or {"None"}


def test_a_value_is_looked_up_by_instant() -> None:
    found = FactLine(RAIN, METEO, 1, (FactSpan(10, 20, 4), FactSpan(30, 40, 5)))
    assert [value_at(found, t) for t in (9, 10, 19, 20, 30, 40)] == [None, 4, 4, None, 5, None]
    assert value_at(None, 10) is None


@pytest.mark.parametrize("text", ["rain", "Weather.rain:lille", "stock:a b", "stock:a:b", ""])
def test_a_key_without_name_and_subject_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="name:subject"):
        fact_key(text)


def test_a_key_of_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"Known: .*weather\.rain"):
        fact_key("tides:brest")


def test_a_key_is_bound_to_the_screens_store_and_place() -> None:
    assert bind(fact_key("footfall:{place}@{store}"), "lille", "window") == "footfall:window@lille"
