"""The golden vectors' scenarios: each yields plans' questions; the oracle gives the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.stage import (
    BASE,
    CAMPAIGN,
    CODE,
    EMERGENCY,
    HOUR,
    LEAD,
    LILLE,
    LYON,
    MINUTE,
    PICTURE,
    POSTER,
    STOCK,
    UNKNOWN_CARD,
    WEATHER,
    bounds,
    case,
    chunk,
    hand,
    offer,
    plan,
    slot,
)

Doc = dict[str, Any]
Question = tuple[str, Doc | None, Doc]
Scenario = Callable[[], Iterator[Question]]
SCENARIOS: dict[str, list[Scenario]] = {}

WEDNESDAY = "2025-10-22"
T0 = bounds(WEDNESDAY)[0]
NOON = T0 + 12 * HOUR
DAY = 24 * HOUR


def scenario(topic: str) -> Callable[[Scenario], Scenario]:
    """Put a scenario among those of a vector file."""

    def put(made: Scenario) -> Scenario:
        SCENARIOS.setdefault(topic, []).append(made)
        return made

    return put


def around(*instants: int) -> list[int]:
    """Each instant, the millisecond before and the one after."""
    return sorted({at + step for at in instants for step in (-1, 0, 1)})


def one_slot(card: str, **more: Any) -> Doc:
    """A plan of one Wednesday on which a card turns every ten minutes."""
    return plan({WEDNESDAY: chunk(DAY, {"main": [(0, [slot(card, 600, **more)])]})})


# --- the timeline ---------------------------------------------------------------------------------


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


# --- gates and files ------------------------------------------------------------------------------


@scenario("gates")
def a_gate_shuts_when_its_source_falls_silent() -> Iterator[Question]:
    for fallback in ({}, {"f": "message"}):
        made = one_slot("service", g=[[WEATHER, 3 * HOUR]], **fallback)
        for at in around(NOON, NOON + 10 * MINUTE):
            fresh = {"channels": {}, "sources": {WEATHER: NOON - 3 * HOUR}}
            name = f"fallback {'f' in fallback}, at noon {at - NOON:+} ms"
            yield name, made, case(at, freshness=fresh)
            yield f"unknown source, {name}", made, case(at)


@scenario("gates")
def every_gate_must_be_open() -> Iterator[Question]:
    gates = [[WEATHER, 3 * HOUR], [STOCK, 4 * HOUR], [WEATHER, HOUR]]
    made = one_slot("service", f="message", g=gates)
    minute = NOON + MINUTE
    for weather in (NOON, minute - 3 * HOUR, minute - HOUR, minute + MINUTE - HOUR):
        for stock in (NOON, minute - 4 * HOUR):
            fresh = {"channels": {}, "sources": {WEATHER: weather, STOCK: stock}}
            for at in around(minute):
                name = f"weather of {NOON - weather}, stock of {NOON - stock}, at {at - NOON}"
                yield name, made, case(at, freshness=fresh)


@scenario("gates")
def a_file_is_missing() -> Iterator[Question]:
    for card in ("poster", "boot", "message"):
        for fallback in ("", "message", "poster", "boot", UNKNOWN_CARD):
            made = one_slot(card, **({"f": fallback} if fallback else {}))
            for held in ([], [PICTURE, CODE], [PICTURE], [POSTER, CODE]):
                name = f"{card} or {fallback or 'nothing'}, held {[sha[0] for sha in held]}"
                yield name, made, case(NOON, held=held)


@scenario("gates")
def a_card_is_not_in_the_deck() -> Iterator[Question]:
    for fallback in ({}, {"f": "message"}, {"f": UNKNOWN_CARD}):
        made = one_slot(UNKNOWN_CARD, **fallback)
        yield f"fallback {fallback.get('f')}", made, case(NOON)


@scenario("gates")
def reasons_add_up() -> Iterator[Question]:
    made = one_slot("poster", f="boot", g=[[WEATHER, HOUR]])
    pause = [hand("stop", "pause", "poster", NOON - 5, NOON + 5)]
    for at in around(NOON - 5, NOON + 5):
        yield f"at noon {at - NOON:+} ms", made, case(at, held=[], overrides=pause)


# --- prices ---------------------------------------------------------------------------------------


def _shop(version: int, *offers: Doc) -> Doc:
    return {"version": version, "offers": list(offers)}


def _fresh(as_of: int, lease: int = 4 * HOUR, version: int = 7) -> Doc:
    return {"channels": {LILLE: [version, as_of, lease], LYON: [3, as_of, lease]}, "sources": {}}


@scenario("prices")
def a_price_runs_from_step_to_step() -> Iterator[Question]:
    steps = [
        (NOON - HOUR, NOON + MINUTE),
        (NOON + MINUTE, NOON + 2 * MINUTE),
        (NOON + 3 * MINUTE, None),
    ]
    offers = {LILLE: _shop(7, offer("COAT", *steps))}
    for card, more in (("coat", {}), ("strict", {}), ("strict", {"f": "message"})):
        made = one_slot(card, **more)
        edges = [NOON - HOUR, NOON + MINUTE - 1_000, NOON + MINUTE]
        edges += [NOON + 2 * MINUTE - 1_000, NOON + 3 * MINUTE]
        for at in around(*edges):
            asked = case(at, offers=offers, freshness=_fresh(NOON - HOUR))
            yield f"{card} {more}, at noon {at - NOON:+} ms", made, asked


@scenario("prices")
def an_uncertain_clock_narrows_a_step() -> Iterator[Question]:
    offers = {LILLE: _shop(7, offer("COAT", (NOON, NOON + 5 * MINUTE)))}
    for uncertainty in (0, 1, 999, 1_000, 1_001, 30_000, 150_000, 150_001):
        early = max(1_000, uncertainty)
        for at in around(NOON + uncertainty, NOON + 5 * MINUTE - early):
            asked = case(at, uncertainty, offers=offers, freshness=_fresh(NOON))
            yield f"±{uncertainty} ms, at noon {at - NOON:+} ms", one_slot("coat"), asked


@scenario("prices")
def no_trusted_time_no_price() -> Iterator[Question]:
    offers = {LILLE: _shop(7, offer("COAT", (T0, None)))}
    for card in ("coat", "strict", "message"):
        for fallback in ({}, {"f": "message"}, {"f": "coat"}):
            asked = case(NOON, None, offers=offers, freshness=_fresh(NOON))
            yield f"{card} or {fallback.get('f')}", one_slot(card, **fallback), asked


@scenario("prices")
def a_lease_runs_out() -> Iterator[Question]:
    offers = {LILLE: _shop(7, offer("COAT", (T0, None)))}
    for uncertainty in (0, 30_000):
        for at in around(NOON - max(1_000, uncertainty), NOON):
            for card in ("coat", "strict"):
                fresh = _fresh(NOON - 4 * HOUR)
                asked = case(at, uncertainty, offers=offers, freshness=fresh)
                name = f"{card} ±{uncertainty} ms, at the end {at - NOON:+} ms"
                yield name, one_slot(card, f="service"), asked


@scenario("prices")
def versions_differ() -> Iterator[Question]:
    for held, leased in ((7, 7), (6, 7), (8, 7)):
        offers = {LILLE: _shop(held, offer("COAT", (T0, None)))}
        for as_of in (NOON, NOON - DAY):
            asked = case(NOON, offers=offers, freshness=_fresh(as_of, version=leased))
            yield f"held {held}, leased {leased}, as of {as_of - NOON}", one_slot("coat"), asked


@scenario("prices")
def a_version_brings_its_own_lease() -> Iterator[Question]:
    """A changed price shows at once; a player that is behind shows none, whatever it holds."""
    coat = offer("COAT", (T0, None))
    for held, said in ((8, 7), (7, 7), (6, 7), (7, None)):
        for own in ([NOON, HOUR], [NOON - HOUR, HOUR], [NOON - HOUR, HOUR + 1_001], [0, 0]):
            offers = {LILLE: {**_shop(held, coat), "lease": own}}
            fresh = _fresh(NOON - 3 * HOUR, version=said or 0)
            if said is None:
                fresh["channels"] = {}
            for at in around(NOON, NOON + HOUR - 1_000):
                asked = case(at, offers=offers, freshness=fresh)
                name = f"held {held}, told {said}, own {own[0] - NOON} + {own[1]}"
                yield f"{name}, at noon {at - NOON:+} ms", one_slot("coat"), asked


@scenario("prices")
def a_price_confirmed_alone_outlives_its_channel() -> Iterator[Question]:
    """The shop named the coat an hour ago, and all its prices long before: only the coat stays."""
    coat = {**offer("COAT", (T0, None)), "at": NOON - HOUR}
    offers = {LILLE: {**_shop(7, coat, offer("BOOT", (T0, None))), "lease": [NOON - DAY, 2 * HOUR]}}
    for said in (7, 6, 8, None):
        fresh = _fresh(NOON - DAY, 2 * HOUR, said or 0)
        if said is None:
            fresh["channels"] = {}
        for at in around(NOON + HOUR - 1_000):
            for card in ("coat", "trio"):
                name = f"{card}, told {said}, at noon {at - NOON:+} ms"
                yield name, one_slot(card), case(at, offers=offers, freshness=fresh)
    leaseless = {LILLE: _shop(7, coat)}
    for said in (7, 6):
        fresh = _fresh(NOON - DAY, 2 * HOUR, said)
        asked = case(NOON, offers=leaseless, freshness=fresh)
        yield f"no lease of its own, told {said}", one_slot("coat"), asked


@scenario("prices")
def what_a_channel_does_not_say() -> Iterator[Question]:
    coat = offer("COAT", (T0, None))
    for name, offers in {
        "no channel": {},
        "another channel": {LYON: _shop(3, coat)},
        "no such offer": {LILLE: _shop(7, offer("BOOT", (T0, None)))},
        "an offer without steps": {LILLE: _shop(7, offer("COAT"))},
        "an offer that is over": {LILLE: _shop(7, offer("COAT", (T0, NOON)))},
        "an offer to come": {LILLE: _shop(7, offer("COAT", (NOON + MINUTE, None)))},
        "an offer too short to show": {LILLE: _shop(7, offer("COAT", (NOON + 5, NOON + 1_005)))},
        "an offer": {LILLE: _shop(7, coat)},
    }.items():
        for fresh in (_fresh(NOON), {"channels": {}, "sources": {}}):
            for card in ("coat", "strict"):
                asked = case(NOON, offers=offers, freshness=fresh)
                leased = "leased" if fresh["channels"] else "no lease"
                yield f"{card}: {name}, {leased}", one_slot(card), asked


@scenario("prices")
def a_head_expires() -> Iterator[Question]:
    offers = {LILLE: _shop(7, offer("COAT", (T0, None)))}
    for uncertainty in (0, 30_000, None):
        made = {**one_slot("coat"), "expires_at": NOON}
        for at in around(NOON - 30_000, NOON - 1_000, NOON):
            asked = case(at, uncertainty, offers=offers, freshness=_fresh(NOON - MINUTE))
            yield f"±{uncertainty} ms, at its end {at - NOON:+} ms", made, asked


@scenario("prices")
def each_good_of_a_trio_for_itself() -> Iterator[Question]:
    boot, coat = offer("BOOT", (T0, NOON + 5_000)), offer("COAT", (NOON + 2_000, None))
    offers = {LILLE: _shop(7, boot, coat), LYON: _shop(3, offer("TENT", (T0, None)))}
    for at in around(NOON, NOON + 2_000, NOON + 4_000):
        yield (
            f"at noon {at - NOON:+} ms",
            one_slot("trio"),
            case(at, offers=offers, freshness=_fresh(NOON)),
        )
    stale = {"channels": {LYON: [3, NOON - DAY, HOUR]}, "sources": {}}
    yield "no lease in two channels", one_slot("trio"), case(NOON, offers=offers, freshness=stale)


@scenario("prices")
def a_fallback_has_prices_of_its_own() -> Iterator[Question]:
    offers = {LILLE: _shop(7, offer("COAT", (T0, NOON)), offer("BOOT", (T0, NOON + MINUTE)))}
    for fallback in ("boot", "strict-boot"):
        made = one_slot("strict", f=fallback)
        for at in around(NOON - 1_000, NOON + MINUTE - 1_000):
            asked = case(at, offers=offers, freshness=_fresh(NOON))
            yield f"{fallback} at noon {at - NOON:+} ms", made, asked


# --- hands on the screen --------------------------------------------------------------------------


@scenario("overrides")
def a_card_is_shown_by_hand() -> Iterator[Question]:
    shown = [hand("h1", "show", "service", NOON, NOON + 25_000)]
    made = plan({WEDNESDAY: chunk(DAY, {"main": [(0, [slot("message", 10)])]})})
    for at in around(NOON, NOON + 10_000, NOON + 25_000):
        yield f"at {at - NOON:+} ms", made, case(at, overrides=shown)


@scenario("overrides")
def a_card_is_paused_by_hand() -> Iterator[Question]:
    for fallback in ({}, {"f": "service"}, {"f": "message"}):
        made = one_slot("message", **fallback)
        paused = [hand("p1", "pause", "message", NOON + 1_000, NOON + 25_000)]
        for at in around(NOON + 1_000, NOON + 25_000):
            yield f"or {fallback.get('f')}, at {at - NOON:+} ms", made, case(at, overrides=paused)


@scenario("overrides")
def two_hands_at_once() -> Iterator[Question]:
    made = one_slot("message")
    for name, hands in {
        "the later begin wins": [
            hand("z", "show", "service", NOON, NOON + 9_000),
            hand("a", "show", "poster", NOON + 2_000, NOON + 5_000),
        ],
        "then the greater id": [
            hand("a", "show", "service", NOON, NOON + 9_000),
            hand("b", "show", "poster", NOON, NOON + 5_000),
            hand("ab", "show", "film", NOON, NOON + 7_000),
        ],
        "the one that may not show gives way": [
            hand("a", "show", "service", NOON, NOON + 9_000),
            hand("b", "show", UNKNOWN_CARD, NOON + 2_000, NOON + 5_000),
        ],
        "a pause beats a show of its card": [
            hand("a", "show", "service", NOON, NOON + 9_000),
            hand("b", "pause", "service", NOON + 2_000, NOON + 5_000),
        ],
        "two pauses of one card": [
            hand("a", "pause", "message", NOON, NOON + 5_000),
            hand("b", "pause", "message", NOON + 2_000, NOON + 9_000),
        ],
    }.items():
        for at in around(NOON, NOON + 2_000, NOON + 5_000, NOON + 7_000, NOON + 9_000):
            yield f"{name}: at {at - NOON:+} ms", made, case(at, overrides=hands)


@scenario("overrides")
def a_hand_that_changes_nothing() -> Iterator[Question]:
    zones = {"main": [(0, [slot("message", 600)])], "side": [(0, [slot("film", 600)])]}
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("main", 1), ("side", 0)))
    for name, hands in {
        "in a locked zone": [
            hand("a", "show", "service", T0, NOON + 5),
            hand("b", "pause", "message", T0, NOON + 5),
        ],
        "over": [hand("a", "show", "service", T0, NOON, "side")],
        "to come": [hand("a", "show", "service", NOON + 1, NOON + 5, "side")],
        "never": [hand("a", "show", "service", NOON + 5, NOON + 5, "side")],
        "backwards": [hand("a", "show", "service", NOON + 50, NOON + 5, "side")],
        "a pause of another card": [hand("a", "pause", "poster", T0, NOON + 5, "side")],
        "a pause to come of another card": [
            hand("a", "pause", "poster", NOON + 3, NOON + 5, "side")
        ],
        "in no zone of this screen": [hand("a", "show", "service", T0, NOON + 5, "roof")],
    }.items():
        yield name, made, case(NOON, overrides=hands)


@scenario("overrides")
def a_hand_where_the_plan_has_nothing() -> Iterator[Question]:
    hands = [hand("h", "show", "message", T0 + DAY, T0 + DAY + HOUR)]
    for name, made in (("after the last day", one_slot("film")), ("no days", plan({}))):
        for at in around(T0 + DAY, T0 + DAY + HOUR):
            yield f"{name}: at {at - T0 - DAY:+} ms", made, case(at, overrides=hands)


@scenario("overrides")
def a_price_shown_by_hand() -> Iterator[Question]:
    offers = {LILLE: _shop(7, offer("COAT", (T0, NOON + 5_000)))}
    for card in ("coat", "strict"):
        hands = [hand("h", "show", card, NOON, NOON + 9_000)]
        for at in around(NOON, NOON + 4_000, NOON + 9_000):
            asked = case(at, offers=offers, freshness=_fresh(NOON), overrides=hands)
            yield f"{card} at {at - NOON:+} ms", one_slot("message"), asked


@scenario("overrides")
def one_hand_a_zone() -> Iterator[Question]:
    zones = {"main": [(0, [slot("message", 10)])], "side": [(0, [slot("film", 7, BASE)])]}
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("main", 0), ("side", 0)))
    hands = [
        hand("a", "show", "service", NOON, NOON + 5_000, "side"),
        hand("b", "pause", "message", NOON + 3_000, NOON + 8_000),
    ]
    for at in around(NOON, NOON + 3_000, NOON + 5_000, NOON + 8_000):
        yield f"at {at - NOON:+} ms", made, case(at, overrides=hands)


# --- what comes next ------------------------------------------------------------------------------


@scenario("timelines")
def what_comes_next() -> Iterator[Question]:
    zones = {
        "main": [(0, [slot("message", 10), slot("coat", 20), slot("film", 7)])],
        "side": [(0, [slot("service", 60)])],
    }
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("main", 0), ("side", 0)))
    offers = {LILLE: _shop(7, offer("COAT", (T0, T0 + 25_000), (T0 + 25_000, None)))}
    hands = [hand("h", "show", "poster", T0 + 80_000, T0 + 95_000)]
    for begin, end, limit in (
        (T0 + 3, T0 + 120_000, 50),
        (T0 + 3, T0 + 120_000, 4),
        (T0, T0, 4),
        (T0, T0 + 9, 0),
        (T0 + DAY - 30_000, T0 + 9 * DAY, 10),
        (T0 - DAY, T0 + 30_000, 10),
    ):
        for uncertainty in (0, None):
            asked = case(begin, uncertainty, offers=offers, freshness=_fresh(T0), overrides=hands)
            name = f"from {begin - T0} ms to {end - T0} ms, at most {limit}, ±{uncertainty} ms"
            yield name, made, {**asked, "walk": [begin, end, limit]}
    yield "without a plan", None, {**case(NOON), "walk": [NOON, NOON + DAY, 3]}
    yield "without a plan, none", None, {**case(NOON), "walk": [NOON, NOON, 3]}
