"""Golden vectors of hands on the screen, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.asking import DAY, NOON, T0, WEDNESDAY, Question, around, one_slot, scenario
from tests.contract.scenarios_prices import leased_at, shop
from tests.contract.stage import (
    BASE,
    HOUR,
    LILLE,
    UNKNOWN_CARD,
    WEATHER,
    case,
    chunk,
    hand,
    offer,
    plan,
    slot,
)


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
def a_fallback_is_paused_by_hand() -> Iterator[Question]:
    """What stands in for a stale card may be paused too; a hand that shows a card goes before."""
    made = one_slot("service", f="message", g=[[WEATHER, HOUR]])
    hands = [
        hand("p", "pause", "message", NOON, NOON + 9_000),
        hand("s", "show", "poster", NOON + 4_000, NOON + 6_000),
    ]
    for at in around(NOON, NOON + 4_000, NOON + 6_000, NOON + 9_000):
        for as_of in (NOON, NOON - HOUR + 5_000, NOON - HOUR):
            fresh = {"channels": {}, "sources": {WEATHER: as_of}}
            name = f"at {at - NOON:+} ms, weather of {NOON - as_of} ms before"
            yield name, made, case(at, freshness=fresh, overrides=hands)


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
    offers = {LILLE: shop(7, offer("COAT", (T0, NOON + 5_000)))}
    for card in ("coat", "strict"):
        hands = [hand("h", "show", card, NOON, NOON + 9_000)]
        for at in around(NOON, NOON + 4_000, NOON + 9_000):
            asked = case(at, offers=offers, freshness=leased_at(NOON), overrides=hands)
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


@scenario("timelines")
def what_comes_next() -> Iterator[Question]:
    zones = {
        "main": [(0, [slot("message", 10), slot("coat", 20), slot("film", 7)])],
        "side": [(0, [slot("service", 60)])],
    }
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("main", 0), ("side", 0)))
    offers = {LILLE: shop(7, offer("COAT", (T0, T0 + 25_000), (T0 + 25_000, None)))}
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
            asked = case(
                begin, uncertainty, offers=offers, freshness=leased_at(T0), overrides=hands
            )
            name = f"from {begin - T0} ms to {end - T0} ms, at most {limit}, ±{uncertainty} ms"
            yield name, made, {**asked, "walk": [begin, end, limit]}
    yield "without a plan", None, {**case(NOON), "walk": [NOON, NOON + DAY, 3]}
    yield "without a plan, none", None, {**case(NOON), "walk": [NOON, NOON, 3]}
