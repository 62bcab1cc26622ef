"""Golden vectors of emergencies, which go before every hand on the screen."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.asking import DAY, NOON, T0, WEDNESDAY, Doc, Question, around, scenario
from tests.contract.scenarios_prices import leased_at, shop
from tests.contract.stage import (
    BASE,
    EMERGENCY,
    HOUR,
    LILLE,
    MINUTE,
    UNKNOWN_CARD,
    WEATHER,
    case,
    chunk,
    hand,
    offer,
    plan,
    slot,
)

ALARM_AT, ALARM_END = NOON + 5_000, NOON + 35_000
LONG_SHOW = [hand("h", "show", "service", NOON, NOON + MINUTE)]


def drill(card: str = "alarm", seconds: int = 10, **more: object) -> Doc:
    """A day of messages with half a minute of emergency just after noon."""
    parts = [
        (0, [slot("message", 10)]),
        (ALARM_AT - T0, [slot(card, seconds, EMERGENCY, **more)]),
        (ALARM_END - T0, [slot("message", 10)]),
    ]
    return plan({WEDNESDAY: chunk(DAY, {"main": parts})})


@scenario("emergencies")
def an_emergency_goes_before_a_hand() -> Iterator[Question]:
    """A hand on the screen gives way when it begins, and is back when it ends."""
    for at in around(NOON, ALARM_AT, ALARM_AT + 10_000, ALARM_END, NOON + MINUTE):
        yield f"at noon {at - NOON:+} ms", drill(), case(at, overrides=LONG_SHOW)


@scenario("emergencies")
def a_hand_that_begins_during_an_emergency_waits() -> Iterator[Question]:
    hands = [hand("h", "show", "service", ALARM_AT + 3_000, NOON + MINUTE)]
    for at in around(ALARM_AT + 3_000, ALARM_AT + 10_000, ALARM_END):
        yield f"at noon {at - NOON:+} ms", drill(), case(at, overrides=hands)


@scenario("emergencies")
def no_pause_touches_an_emergency() -> Iterator[Question]:
    """Neither its card nor its fallback; by hand, the same card stays paused."""
    hands = [
        hand("p", "pause", "alarm", NOON, ALARM_AT + 4_000),
        hand("q", "pause", "message", NOON, ALARM_AT + 8_000),
    ]
    shown = [*hands, hand("s", "show", "alarm", NOON, NOON + MINUTE)]
    for name, made in (
        ("its card", drill(f="service")),
        ("its fallback", drill(UNKNOWN_CARD, f="alarm")),
        ("neither", drill(UNKNOWN_CARD, f="poster")),
    ):
        for at in around(NOON, ALARM_AT, ALARM_AT + 4_000, ALARM_AT + 8_000, ALARM_END):
            asked = case(at, overrides=hands, held=[])
            yield f"{name}, at noon {at - NOON:+} ms", made, asked
            asked = case(at, overrides=shown, held=[])
            yield f"{name}, shown by hand too, at noon {at - NOON:+} ms", made, asked


@scenario("emergencies")
def an_emergency_that_cannot_show_leaves_the_screen_to_the_hand() -> Iterator[Question]:
    for name, made in (
        ("not in the deck", drill(UNKNOWN_CARD)),
        ("no file, no fallback's file", drill("poster", f="film")),
        ("only its fallback", drill("poster", f="alarm")),
    ):
        for at in around(ALARM_AT, ALARM_AT + 10_000):
            yield (
                f"{name}, at noon {at - NOON:+} ms",
                made,
                case(at, held=[], overrides=LONG_SHOW),
            )
            hands = [hand("h", "show", UNKNOWN_CARD, NOON, NOON + MINUTE)]
            asked = case(at, held=[], overrides=hands)
            yield f"{name}, nor can the hand, at noon {at - NOON:+} ms", made, asked


@scenario("emergencies")
def a_hand_gives_way_in_the_middle_of_an_emergencys_turn() -> Iterator[Question]:
    """Its card must have its price, and the price begins and ends within the turn."""
    begin, end = ALARM_AT + 12_000, ALARM_AT + 26_000
    offers = {LILLE: shop(7, offer("COAT", (begin, end)))}
    for seconds in (10, 30):
        made = drill("strict", seconds)
        for at in around(NOON, ALARM_AT, begin, end - 1_000, ALARM_END):
            asked = case(at, offers=offers, freshness=leased_at(NOON), overrides=LONG_SHOW)
            yield f"turns of {seconds} s, at noon {at - NOON:+} ms", made, asked


@scenario("emergencies")
def an_emergency_falls_silent_under_a_hand() -> Iterator[Question]:
    made = drill(g=[[WEATHER, HOUR]])
    for left in (3_000, 7_000, 22_000):
        fresh = {"channels": {}, "sources": {WEATHER: NOON + left - HOUR}}
        for at in around(NOON, ALARM_AT, NOON + left):
            asked = case(at, freshness=fresh, overrides=LONG_SHOW)
            yield f"gate shuts at {left} ms, at noon {at - NOON:+} ms", made, asked


@scenario("emergencies")
def an_emergency_among_other_turns() -> Iterator[Question]:
    """A loop of which only one turn is an emergency's, and a zone that has none."""
    turns = [slot("message", 10), slot("alarm", 5, EMERGENCY), slot("film", 20)]
    zones = {"main": [(0, turns)], "side": [(0, [slot("film", 7, BASE)])]}
    made = plan({WEDNESDAY: chunk(DAY, zones)}, layout=(("main", 0), ("side", 0)))
    hands = [
        hand("a", "show", "service", T0 + 2_000, T0 + MINUTE),
        hand("b", "show", "service", T0 + 2_000, T0 + MINUTE, "side"),
    ]
    for at in around(T0 + 2_000, T0 + 10_000, T0 + 15_000, T0 + 45_000, T0 + MINUTE):
        yield f"at {at - T0} ms", made, case(at, overrides=hands)


@scenario("emergencies")
def an_emergency_of_the_day_after() -> Iterator[Question]:
    """The hand that shows over midnight; days that are not held hold no emergency."""
    calm = chunk(DAY, {"main": [(0, [slot("message", 10)])]})
    alarm = chunk(DAY, {"main": [(0, []), (4_000, [slot("alarm", 9, EMERGENCY)])]})
    made = plan({WEDNESDAY: calm, "2025-10-23": alarm})
    unheld = plan({WEDNESDAY: calm, "2025-10-23": alarm}, held_chunks=False)
    midnight = T0 + DAY
    for end in (midnight + 2_000, midnight + HOUR):
        hands = [hand("h", "show", "service", midnight - HOUR, end)]
        for at in around(midnight, midnight + 4_000, end):
            name = f"until {end - midnight:+} ms, at {at - midnight:+} ms"
            yield name, made, case(at, overrides=hands)
            yield f"{name}, not held", unheld, case(at, overrides=hands)


@scenario("emergencies")
def what_comes_next_in_an_emergency() -> Iterator[Question]:
    hands = [*LONG_SHOW, hand("p", "pause", "alarm", NOON, ALARM_END)]
    (day,) = drill()["chunks"].values()
    for locked in (0, 1):
        made = plan({WEDNESDAY: day}, layout=(("main", locked),))
        asked = {**case(NOON, overrides=hands), "walk": [NOON - 5_000, NOON + 2 * MINUTE, 50]}
        yield f"locked {locked}", made, asked
