"""Golden vectors of gates, files and cards that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.asking import NOON, Question, around, one_slot, scenario
from tests.contract.stage import (
    CODE,
    HOUR,
    MINUTE,
    PICTURE,
    POSTER,
    STOCK,
    UNKNOWN_CARD,
    WEATHER,
    case,
    hand,
)


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
