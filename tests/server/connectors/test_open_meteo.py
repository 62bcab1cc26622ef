"""The forecast: hours as facts, towns shared, gaps counted, never invented."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from playlists.facts import HOUR_MS, Fact
from server.connectors.source import Setup
from server.connectors.weather import open_meteo
from server.ports import TemporaryError
from tests.server.connectors.conftest import MakeSetup, WeatherPeer
from tests.server.connectors.peers import Reply, peer
from tests.support.record import START_MS

HOUR = START_MS // HOUR_MS * HOUR_MS
"""The hour that runs."""


def forecast(**columns: Any) -> dict[str, Any]:
    times = [HOUR // 1000 + 3600 * hour for hour in range(-2, 48)]
    hourly: dict[str, Any] = {
        "time": times,
        "temperature_2m": [11.0] * len(times),
        "precipitation": [0.0] * len(times),
        "weather_code": [3] * len(times),
    }
    return {"hourly": {**hourly, **columns}}


def says(answer: object) -> Reply:
    return Reply(body=json.dumps(answer).encode(), headers={"Content-Type": "application/json"})


def lille(setup: Setup) -> Setup:
    return replace(setup, stores=tuple(one for one in setup.stores if one.id == "lille"))


def at(facts: tuple[Fact, ...], key: str, instant: int) -> list[object]:
    return [
        fact.value
        for fact in facts
        if fact.key == key and fact.valid_from <= instant < (fact.valid_until or 0)
    ]


def test_the_demo_service_is_read_two_days_ahead(
    make_setup: MakeSetup, weather: WeatherPeer
) -> None:
    setup = make_setup("open_meteo", {"url": weather.url})
    batch = open_meteo.fetch(setup)
    keys = {fact.key for fact in batch.facts}
    assert "weather.temperature:fort-de-france" in keys
    assert len(keys) == 3 * 4
    for key in keys:
        ends = [fact.valid_until or 0 for fact in batch.facts if fact.key == key]
        assert max(ends) >= START_MS + 47 * HOUR_MS
    assert batch.refused == {}
    assert {fact.source for fact in batch.facts} == {f"source@{store.id}" for store in setup.stores}


def test_rain_set_in_the_world_is_rain_now(make_setup: MakeSetup, weather: WeatherPeer) -> None:
    weather.climate.set_sky({"place": "lille", "temperature_c": 8.5, "rain_mm": 3.2})
    facts = open_meteo.fetch(make_setup("open_meteo", {"url": weather.url})).facts
    assert at(facts, "weather.rain:lille", START_MS) == [32]
    assert at(facts, "weather.rain:prado", START_MS) == [0]


def test_values_are_whole_tenths_by_the_hour(make_setup: MakeSetup) -> None:
    with peer(says(forecast(temperature_2m=[11.04] * 50))) as service:
        facts = open_meteo.fetch(lille(make_setup("open_meteo", {"url": service.url}))).facts
    assert at(facts, "weather.temperature:lille", HOUR) == [110]
    one = next(fact for fact in facts if fact.valid_from == HOUR)
    assert one.valid_until == HOUR + HOUR_MS
    assert one.observed_at == START_MS
    assert one.expires_at == START_MS + 3 * HOUR_MS


def test_precipitation_is_that_of_the_hour_before_its_instant(make_setup: MakeSetup) -> None:
    rain = [0.0] * 50
    rain[3] = 2.0  # said at HOUR + 1 h: fell since HOUR
    with peer(says(forecast(precipitation=rain))) as service:
        facts = open_meteo.fetch(lille(make_setup("open_meteo", {"url": service.url}))).facts
    assert at(facts, "weather.rain:lille", HOUR + 1) == [20]
    assert at(facts, "weather.rain:lille", HOUR + HOUR_MS) == [0]


def test_hours_that_are_over_are_not_news(make_setup: MakeSetup) -> None:
    with peer(says(forecast())) as service:
        facts = open_meteo.fetch(lille(make_setup("open_meteo", {"url": service.url}))).facts
    assert min(fact.valid_until or 0 for fact in facts) > START_MS


def test_stores_of_one_town_share_one_point_of_one_request(make_setup: MakeSetup) -> None:
    def answer(path: str, _headers: dict[str, str]) -> Reply:
        asked = parse_qs(urlsplit(path).query)["latitude"][0].split(",")
        return says([forecast(temperature_2m=[float(one)] * 50) for one in asked])

    with peer(answer) as service:
        setup = make_setup("open_meteo", {"url": service.url})
        facts = open_meteo.fetch(setup).facts
        (path,) = service.paths()
    query = parse_qs(urlsplit(path).query)
    assert len(query["latitude"][0].split(",")) == 3
    assert at(facts, "weather.temperature:vieux-port", HOUR) == at(
        facts, "weather.temperature:prado", HOUR
    )
    assert at(facts, "weather.temperature:lille", HOUR) == [506]
    assert at(facts, "weather.temperature:fort-de-france", HOUR) == [146]


def test_a_store_without_coordinates_is_counted(make_setup: MakeSetup) -> None:
    setup = lille(make_setup("open_meteo", {"url": "http://127.0.0.1:9"}))
    lost = replace(setup, stores=(replace(setup.stores[0], lat_e6=0, lon_e6=0),))
    batch = open_meteo.fetch(lost)
    assert (batch.facts, batch.refused) == ((), {"no_place": 1})


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([11.0] * 49 + [None], "unreadable_temperature_2m"),
        ([11.0] * 49 + [float("nan")], "unreadable_temperature_2m"),
        ([11.0] * 49 + [float("inf")], "unreadable_temperature_2m"),
        ([11.0] * 49 + ["warm"], "unreadable_temperature_2m"),
        ([11.0] * 49 + [999.0], "implausible_temperature_2m"),
        ([11.0] * 10, "missing_temperature_2m"),
        (None, "missing_temperature_2m"),
    ],
)
def test_what_is_missing_or_impossible_is_counted(
    make_setup: MakeSetup, column: object, reason: str
) -> None:
    with peer(says(forecast(temperature_2m=column))) as service:
        batch = open_meteo.fetch(lille(make_setup("open_meteo", {"url": service.url})))
    assert batch.refused == {reason: 1}
    assert at(batch.facts, "weather.code:lille", HOUR) == [3]
    warm = [fact for fact in batch.facts if fact.key == "weather.temperature:lille"]
    assert len(warm) == (0 if reason.startswith("missing") else 47)


@pytest.mark.parametrize("mode", ["down", "missing", "nan"])
def test_the_demo_service_out_of_order_is_temporary(
    make_setup: MakeSetup, weather: WeatherPeer, mode: str
) -> None:
    weather.climate.set_mode({"mode": mode})
    with pytest.raises(TemporaryError):
        open_meteo.fetch(make_setup("open_meteo", {"url": weather.url}))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(body=b"<html>"),
        Reply(body=b"[" * 100_000),
        says([]),
        says("rain"),
        says({}),
        says([forecast(), forecast()]),
        says({"hourly": {"time": "now"}}),
        says({"hourly": {"time": [None] * 3, "temperature_2m": [1, 2, 3]}}),
    ],
)
def test_an_answer_that_says_nothing_is_temporary(make_setup: MakeSetup, reply: Reply) -> None:
    with peer(reply) as service, pytest.raises(TemporaryError):
        open_meteo.fetch(lille(make_setup("open_meteo", {"url": service.url})))


def test_a_town_that_fails_does_not_take_the_others_along(make_setup: MakeSetup) -> None:
    with peer(says([{"error": True}, forecast(), forecast()])) as service:
        batch = open_meteo.fetch(make_setup("open_meteo", {"url": service.url}))
    stores = {fact.key.split(":")[1] for fact in batch.facts}
    assert len(stores) == 3
    assert batch.refused["missing_weather_code"] == 1
