"""Golden vectors of the plan's turns and days."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.asking import DAY, NOON, T0, WEDNESDAY, Doc, Question, around, scenario
from tests.contract.stage import (
    CAMPAIGN,
    EMERGENCY,
    HOUR,
    LEAD,
    bounds,
    case,
    chunk,
    hand,
    plan,
    slot,
)


@scenario("turns")
def a_loop_turns() -> Iterator[Question]:
    turns = [slot("message", 10), slot("service", 20, CAMPAIGN), slot("poster", 7)]
    made = plan({WEDNESDAY: chunk(DAY, {"main": [(0, turns)]})})
    for at in [*around(T0 + 10_000, T0 + 30_000, T0 + 37_000, NOON), T0, NOON + 12_345]:
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def a_slot_that_would_outlast_the_day_is_not_begun() -> Iterator[Question]:
    made = plan(
        {WEDNESDAY: chunk(DAY, {"main": [(0, [slot("message", 50_000), slot("film", 17)])]})}
    )
    last = T0 + DAY
    for before in (36_383_000, 36_400_000, 36_500_000, 20_000, 1_000, 1):
        yield f"{before} ms before midnight", made, case(last - before)
    for at in around(last):
        yield f"{at - last:+} ms from midnight", made, case(at)


@scenario("turns")
def a_slot_that_ends_with_its_segment_is_begun() -> Iterator[Question]:
    parts = [(0, [slot("message", 10), slot("film", 20)]), (60_000, [slot("poster", 5)])]
    made = plan({WEDNESDAY: chunk(DAY, {"main": parts})})
    for at in around(T0 + 30_000, T0 + 40_000, T0 + 60_000):
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def one_slot_is_held_to_the_next_segment() -> Iterator[Question]:
    parts = [(0, [slot("message", 10), slot("film", 20)]), (75_000, [slot("poster", 5, CAMPAIGN)])]
    made = plan({WEDNESDAY: chunk(DAY, {"main": parts})})
    for at in around(T0 + 40_000, T0 + 60_000, T0 + 70_000, T0 + 75_000, T0 + 80_000):
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def a_segments_first_slot_is_begun_and_cut() -> Iterator[Question]:
    parts = [(0, [slot("film", 60)]), (25_000, [slot("alarm", 40, EMERGENCY), slot("message", 5)])]
    parts.append((50_000, [slot("message", 10)]))
    made = plan({WEDNESDAY: chunk(DAY, {"main": parts})})
    for at in around(T0 + 25_000, T0 + 50_000):
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def a_loop_of_one_is_held_too() -> Iterator[Question]:
    parts = [(0, [slot("film", 20)]), (50_000, [slot("message", 10)])]
    made = plan({WEDNESDAY: chunk(DAY, {"main": parts})})
    for at in around(T0 + 20_000, T0 + 40_000, T0 + 50_000):
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def a_change_leads_in_from_the_plan_before() -> Iterator[Question]:
    noon = 12 * HOUR
    parts = [
        (0, [slot("service", 15)]),
        (noon - 5_000, [slot("lead", 15, LEAD)]),
        (noon + 10_000, [slot("boot", 10, CAMPAIGN), slot("message", 8)]),
    ]
    made = plan({WEDNESDAY: chunk(DAY, {"main": parts})})
    for at in around(NOON - 5_000, NOON, NOON + 10_000, NOON + 20_000, NOON + 28_000):
        yield f"at noon {at - NOON:+} ms", made, case(at)


@scenario("turns")
def an_empty_loop_is_the_slate() -> Iterator[Question]:
    parts = [(0, []), (HOUR, [slot("message", 10)]), (2 * HOUR, []), (3 * HOUR, [])]
    made = plan({WEDNESDAY: chunk(DAY, {"main": parts})})
    for at in around(T0 + HOUR, T0 + 2 * HOUR, T0 + 3 * HOUR, T0 + DAY):
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def a_zone_begins_late_or_never() -> Iterator[Question]:
    zones = {"main": [(HOUR, [slot("message", 10)])]}
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("main", 0), ("side", 0)))
    for at in [T0, *around(T0 + HOUR), T0 + 5 * HOUR]:
        yield f"at {at - T0} ms", made, case(at)


@scenario("turns")
def zones_have_their_own_loops() -> Iterator[Question]:
    zones = {
        "main": [(0, [slot("film", 30), slot("message", 10)])],
        "side": [(0, [slot("service", 7)]), (20_000, [slot("poster", 9, CAMPAIGN)])],
        "strip": [(0, [slot("coat", 13), slot("message", 10)])],
    }
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("strip", 1), ("main", 0), ("side", 0)))
    for at in around(T0 + 7_000, T0 + 13_000, T0 + 20_000, T0 + 30_000, NOON):
        yield f"at {at - T0} ms", made, case(at)


def _three_days(first: str, second: str, third: str) -> tuple[Doc, list[int]]:
    days = {}
    for day, seconds in ((first, 30), (second, 50), (third, 70)):
        begin, end = bounds(day)
        days[day] = chunk(
            end - begin, {"main": [(0, [slot("message", seconds), slot("film", 40)])]}
        )
    made = plan(days)
    return made, [row[1] for row in made["manifest"]["days"]] + [bounds(third)[1]]


@scenario("days")
def a_spring_day_has_23_hours() -> Iterator[Question]:
    made, edges = _three_days("2025-03-29", "2025-03-30", "2025-03-31")
    lost_hour = edges[1] + 2 * HOUR
    for at in around(*edges, lost_hour, edges[1] + 23 * HOUR, edges[2] - 70_000):
        yield f"at {at - edges[0]} ms", made, case(at)


@scenario("days")
def an_autumn_day_has_25_hours() -> Iterator[Question]:
    made, edges = _three_days("2025-10-25", "2025-10-26", "2025-10-27")
    first_two = edges[1] + 2 * HOUR
    for at in around(*edges, first_two, first_two + HOUR, edges[1] + 24 * HOUR, edges[2] - 40_000):
        yield f"at {at - edges[0]} ms", made, case(at)


@scenario("days")
def equal_days_share_a_chunk() -> Iterator[Question]:
    made_chunk = chunk(DAY, {"main": [(0, [slot("message", 11), slot("film", 13)])]})
    made = plan({f"2025-06-{day}": made_chunk for day in ("16", "17", "18")})
    for day in ("16", "17", "18"):
        begin = bounds(f"2025-06-{day}")[0]
        for at in around(begin, begin + 11_000, begin + 8 * HOUR):
            yield f"the {day}th, {at - begin} ms in", made, case(at)


@scenario("days")
def days_that_are_not_there() -> Iterator[Question]:
    full = chunk(DAY, {"main": [(0, [slot("message", 10)])]})
    gap = plan({"2025-10-21": full, "2025-10-23": full})
    for at in around(T0 - DAY, T0, T0 + DAY, T0 + 2 * DAY):
        yield f"a gap at {at - T0} ms", gap, case(at)
    unheld = plan({WEDNESDAY: full}, held_chunks=False)
    for at in around(T0, T0 + DAY):
        yield f"no chunk at {at - T0} ms", unheld, case(at)
    for at in (0, NOON, T0 + 400 * DAY):
        yield f"no days at {at}", plan({}), case(at)
        yield (
            f"no plan at {at}",
            None,
            case(at, overrides=[hand("h", "show", "message", 0, at + 5)]),
        )
