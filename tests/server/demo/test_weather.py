"""The weather service answers in Open-Meteo's format, and follows what was set."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from server.demo.world.climate import Climate
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.weather import VARIABLES, weather_app

NOW = datetime(2026, 10, 15, 12, 32, tzinfo=UTC)
HOURLY = "temperature_2m,precipitation,weather_code"


@pytest.fixture
def climate(journal: Journal) -> Climate:
    return Climate(JsonFile(None), journal, lambda: NOW)


@pytest.fixture
def web(climate: Climate) -> FlaskClient:
    return weather_app(climate).test_client()


def ask(web: FlaskClient, **query: str) -> Any:
    defaults = {"latitude": "50.64", "longitude": "3.06", "hourly": HOURLY}
    answer = web.get("/v1/forecast", query_string=defaults | query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_one_place_gives_one_object_with_hours_from_local_midnight(web: FlaskClient) -> None:
    answer = ask(web, timezone="Europe/Paris", forecast_days="2")
    assert answer["utc_offset_seconds"] == 7200
    assert answer["timezone"] == "Europe/Paris"
    assert answer["hourly_units"]["temperature_2m"] == "°C"
    assert "location_id" not in answer
    hours = answer["hourly"]
    assert hours["time"][0] == "2026-10-15T00:00"
    assert hours["time"][-1] == "2026-10-16T23:00"
    assert {len(column) for column in hours.values()} == {48}


def test_several_places_give_a_list_with_location_ids(web: FlaskClient) -> None:
    places = {"latitude": "50.64,43.29,14.60", "longitude": "3.06,5.37,-61.07"}
    answers = ask(web, **places, timezone="auto", forecast_days="2")
    assert [answer.get("location_id") for answer in answers] == [None, 1, 2]
    assert answers[2]["timezone"] == "America/Martinique"
    assert answers[2]["utc_offset_seconds"] == -14400


def test_unix_times_are_the_same_hours(web: FlaskClient) -> None:
    text = ask(web, forecast_days="1")["hourly"]["time"]
    unix = ask(web, forecast_days="1", timeformat="unixtime")["hourly"]["time"]
    assert [datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M") for t in unix] == text


def test_every_variable_has_a_unit_and_finite_values(web: FlaskClient) -> None:
    answer = ask(web, hourly=",".join(VARIABLES), current="temperature_2m,is_day")
    for name in VARIABLES:
        assert name in answer["hourly_units"]
        assert all(math.isfinite(value) for value in answer["hourly"][name])
    assert answer["current"]["time"] == "2026-10-15T12:30"
    assert answer["current"]["interval"] == 900


def test_a_day_is_warmest_in_the_afternoon_and_passes_through_what_was_set(
    web: FlaskClient, climate: Climate
) -> None:
    climate.set_sky({"place": "lille", "temperature_c": 3, "rain_mm": 0})
    hours = ask(web, timezone="Europe/Paris", forecast_days="1")["hourly"]["temperature_2m"]
    assert abs(hours[14] - 3) < 1
    assert hours.index(max(hours)) == 15
    assert 5 < max(hours) - min(hours) < 12


def test_rain_falls_now_and_until_the_hour_that_was_set(web: FlaskClient, climate: Climate) -> None:
    climate.set_sky({"place": "lille", "temperature_c": 11, "rain_mm": 3, "rain_until_hour": 17})
    hours = ask(web, timezone="Europe/Paris", forecast_days="2")["hourly"]
    wet = [n for n, mm in enumerate(hours["precipitation"]) if mm]
    assert wet == [15, 16, 17], "each sum is of the hour that ends there"
    assert hours["weather_code"][14] == 63
    assert hours["weather_code"][17] < 50
    here = next(sky for sky in climate.state()["skies"] if sky["place"] == "lille")
    assert (here["rain_mm"], here["rain_until_hour"]) == (3, 17)


def test_an_hour_that_is_past_means_tomorrow(web: FlaskClient, climate: Climate) -> None:
    climate.set_sky({"place": "lille", "temperature_c": 0, "rain_mm": 1, "rain_until_hour": 2})
    hours = ask(web, timezone="Europe/Paris", forecast_days="2")["hourly"]
    assert [n for n, mm in enumerate(hours["precipitation"]) if mm] == list(range(15, 27))
    assert 71 in hours["weather_code"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"hourly": "temperature"}, "invalid String value temperature"),
        ({"latitude": "95"}, "Latitude must be in range of -90 to 90°. Given: 95.0."),
        ({"latitude": "1,2"}, "same number of elements"),
        ({"latitude": ""}, "required for key 'latitude'"),
        ({"timezone": "Mars/Olympus"}, "Invalid timezone"),
        ({"forecast_days": "17"}, "forecast_days"),
        ({"timeformat": "stardate"}, "timeformat"),
    ],
)
def test_a_mistake_is_answered_as_open_meteo_does(
    web: FlaskClient, query: dict[str, str], reason: str
) -> None:
    defaults = {"latitude": "50.64", "longitude": "3.06", "hourly": HOURLY}
    answer = web.get("/v1/forecast", query_string=defaults | query)
    assert answer.status_code == 400
    assert answer.get_json()["error"] is True
    assert reason in answer.get_json()["reason"]


def test_the_service_fails_in_each_way_and_mends(web: FlaskClient) -> None:
    query = {"latitude": "50.64", "longitude": "3.06", "hourly": HOURLY}

    def broken(mode: str) -> Any:
        assert web.post("/admin/break", json={"mode": mode}).status_code == 200
        return web.get("/v1/forecast", query_string=query)

    assert broken("down").status_code == 503
    assert set(broken("missing").get_json()["hourly"]) == {"time"}
    assert math.isnan(json.loads(broken("nan").text)["hourly"]["temperature_2m"][0])
    assert "temperature_2m" in broken("none").get_json()["hourly"]


def test_a_sky_is_kept_over_a_restart(tmp_path: Path, journal: Journal) -> None:
    kept = JsonFile(tmp_path / "weather.json")
    sky = {"place": "marseille", "temperature_c": 8, "rain_mm": 2, "rain_until_hour": 20}
    first = Climate(kept, journal, lambda: NOW)
    first.set_sky(sky)
    assert Climate(kept, journal, lambda: NOW).state() == first.state()
