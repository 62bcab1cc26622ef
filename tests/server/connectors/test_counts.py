"""People counters: numbers only, counted honestly, from the right place at the right time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.connectors.footfall import counts
from server.connectors.footfall import http as http_counts
from server.connectors.footfall.counts import CountsConfig, Reading, Recent, Refused
from server.connectors.source import Delivery, Limits, Received, Setup, StoreAt
from server.errors import BadInput, Unauthenticated
from server.ports import PermanentError
from tests.server.connectors.conftest import MakeSetup
from tests.support.record import START_MS

TOKEN = "a token of the counters"
MINUTE_MS = 60_000
SETUP = Setup("door", CountsConfig(), {}, {}, (StoreAt("lille"),), lambda: START_MS, Limits())


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def said(**fields: Any) -> dict[str, Any]:
    return {"count": 9, "window_s": 60, "at": iso(START_MS), **fields}


def reading(**fields: Any) -> dict[str, Any]:
    return {"kind": "footfall", "store": "lille", "zone": "entrance", **said(**fields)}


def push(*readings: object, token: str = TOKEN, **more: object) -> Delivery:
    body = json.dumps({"readings": list(readings), **more}).encode()
    return Delivery({"authorization": f"Bearer {token}"}, body, START_MS)


@pytest.fixture
def setup(make_setup: MakeSetup) -> Setup:
    return make_setup("http_counts", {}, secret=TOKEN)


def value(setup: Setup, count: int, window_s: int, at_ms: int, recent: Recent) -> object:
    seen = Reading("footfall", "lille", "entrance", count, window_s, at_ms)
    return counts.fact_of(setup, seen, recent).value


def test_one_minute_is_brought_to_a_quarter_of_an_hour() -> None:
    assert value(SETUP, 4, 60, START_MS, {}) == 60


def test_fifteen_full_minutes_give_the_very_count() -> None:
    recent: Recent = {}
    people = [3, 0, 7, 2, 9, 1, 1, 4, 0, 0, 12, 5, 2, 8, 6]
    for minute, count in enumerate(people):
        last = value(SETUP, count, 60, START_MS + minute * MINUTE_MS, recent)
    assert last == sum(people)


def test_windows_that_overlap_are_not_counted_twice() -> None:
    """A counter that says every five seconds who passed in the last minute."""
    recent: Recent = {}
    seen = {value(SETUP, 4, 60, START_MS + step * 5_000, recent) for step in range(15 * 12 * 2)}
    assert seen == {60}
    assert len(recent["lille/entrance"]) <= 17


def test_silence_is_not_nobody() -> None:
    """What was not seen is estimated from what was, not filled up with zeros."""
    recent: Recent = {}
    value(SETUP, 10, 60, START_MS, recent)
    assert value(SETUP, 10, 60, START_MS + 10 * MINUTE_MS, recent) == 150


def test_readings_older_than_the_average_are_forgotten() -> None:
    recent: Recent = {}
    quick = replace(SETUP, config=CountsConfig(average_s=60))
    value(quick, 100, 60, START_MS, recent)
    assert value(quick, 2, 60, START_MS + MINUTE_MS, recent) == 30


def test_long_windows_are_brought_down() -> None:
    assert value(SETUP, 400, 3_600, START_MS, {}) == 100


@given(
    st.lists(
        st.tuples(st.integers(1, 600), st.integers(1, 900), st.integers(0, 50)),
        min_size=1,
        max_size=60,
    )
)
def test_the_rate_never_exceeds_what_was_seen(steps: list[tuple[int, int, int]]) -> None:
    """Whatever the windows, the result lies between the lowest and the highest rate told."""
    recent: Recent = {}
    at = START_MS
    rates: list[float] = []
    for gap_s, window_s, count in steps:
        at += gap_s * 1000
        rates.append(count * counts.QUARTER_S / window_s)
        got = value(SETUP, count, window_s, at, recent)
        assert isinstance(got, int)
        assert min(rates) - 1 <= got <= max(rates) + 1


def test_occupancy_is_what_was_said() -> None:
    there = Reading("occupancy", "lille", "tills", 14, 0, START_MS)
    fact = counts.fact_of(SETUP, there, {})
    assert (fact.key, fact.value) == ("occupancy:tills@lille", 14)
    assert fact.expires_at == START_MS + 5 * MINUTE_MS


def test_each_zone_is_a_source_of_its_own() -> None:
    sources = {
        counts.fact_of(SETUP, Reading("occupancy", "lille", zone, 1, 0, START_MS), {}).source
        for zone in ("tills", "entrance")
    }
    assert sources == {"door.tills@lille", "door.entrance@lille"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"count": -1}, "negative"),
        ({"count": 10_001}, "huge"),
        ({"count": 10**30}, "huge"),
        ({"count": 2.5}, "not_a_count"),
        ({"count": True}, "not_a_count"),
        ({"count": "9"}, "not_a_count"),
        ({"count": None}, "not_a_count"),
        ({"window_s": 0}, "bad_window"),
        ({"window_s": 3_601}, "bad_window"),
        ({"window_s": None}, "bad_window"),
        ({"at": iso(START_MS + 61_000)}, "future"),
        ({"at": "9999-12-31T23:59:59Z"}, "future"),
        ({"at": iso(START_MS - 300_000)}, "late"),
        ({"at": "2026-10-15T14:32:00"}, "bad_time"),
        ({"at": "aa:bb:cc:dd:ee:ff"}, "bad_time"),
        ({"at": START_MS}, "bad_time"),
        ({"store": "paris"}, "unknown_store"),
        ({"store": 7}, "bad_place"),
        ({"zone": "Entrée"}, "bad_place"),
        ({"zone": ""}, "bad_place"),
        ({"kind": "faces"}, "unknown_kind"),
    ],
)
def test_a_bad_reading_is_refused_and_counted(
    setup: Setup, fields: dict[str, Any], reason: str
) -> None:
    good = reading(zone="tills")
    batch = http_counts.receive(setup, push(reading(**fields), good)).batch
    assert [fact.key for fact in batch.facts] == ["footfall:tills@lille"]
    assert batch.refused == {reason: 1}


PERSONAL = [
    {"mac": "aa:bb:cc:dd:ee:ff"},
    {"face": "…"},
    {"name": "Camille"},
    {"device_id": 7},
    {"zone": "aa-bb-cc-dd-ee-ff"},
    {"zone": "aabbccddeeff"},
    {"zone": "aa:bb:cc:dd:ee:ff"},
    {"zone": "aa_bb_cc_dd_ee_ff"},
]


@pytest.mark.parametrize("fields", PERSONAL)
def test_anything_about_a_person_is_refused_whole(setup: Setup, fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        http_counts.receive(setup, push(reading(zone="tills"), reading(**fields)))
    assert refused.value.code == "personal"
    for told in fields.values():
        assert str(told) not in refused.value.message


def test_anything_beside_the_readings_is_refused(setup: Setup) -> None:
    with pytest.raises(BadInput) as refused:
        http_counts.receive(setup, push(reading(), devices=["aa:bb:cc:dd:ee:ff"]))
    assert refused.value.code == "personal"


def test_a_push_with_nothing_to_take_is_told_why(setup: Setup) -> None:
    with pytest.raises(BadInput, match="less than nobody"):
        http_counts.receive(setup, push(reading(count=-1)))


@pytest.mark.parametrize("token", ["", "another token", TOKEN + "x"])
def test_a_push_with_another_token_is_refused(setup: Setup, token: str) -> None:
    with pytest.raises(Unauthenticated):
        http_counts.receive(setup, push(reading(), token=token))


def test_without_a_token_nothing_is_taken(make_setup: MakeSetup) -> None:
    with pytest.raises(PermanentError, match="no token"):
        http_counts.receive(make_setup("http_counts", {}), push(reading(), token=""))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"readings": {}}', b"\xff", b"[" * 100_000, b'{"reading": []}']
)
def test_a_body_that_says_nothing_is_refused(setup: Setup, body: bytes) -> None:
    with pytest.raises(BadInput):
        http_counts.receive(setup, replace(push(), body=body))


def test_too_many_readings_are_refused(setup: Setup) -> None:
    with pytest.raises(BadInput, match="at most"):
        http_counts.receive(setup, push(*[reading()] * (http_counts.MAX_READINGS + 1)))


def test_a_counter_a_little_ahead_counts_as_now(setup: Setup) -> None:
    (fact,) = http_counts.receive(setup, push(reading(at=iso(START_MS + 30_000)))).batch.facts
    assert fact.observed_at == START_MS


def test_what_is_remembered_passes_through_the_record(setup: Setup) -> None:
    received: Received = http_counts.receive(setup, push(reading()))
    kept = json.loads(json.dumps(dict(received.batch.state)))
    again = http_counts.receive(replace(setup, state=kept), push(reading())).batch
    assert again.refused == {"repeated": 1}
    assert again.facts == ()


def test_a_reading_is_refused_without_its_words() -> None:
    with pytest.raises(Refused) as refused:
        counts.read(SETUP, "footfall", "lille", "entrance", said(mac="aa:bb:cc"), START_MS)
    assert "aa:bb:cc" not in str(refused.value)
