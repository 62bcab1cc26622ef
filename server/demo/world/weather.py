"""A weather service as an HTTP peer, which answers `/v1/forecast` in Open-Meteo's format.

Parameters and answer: https://open-meteo.com/en/docs. Times are local to the asked-for zone, with
one fixed offset for the whole answer; several coordinates give a list whose second and later
members carry a `location_id`; a mistake gives status 400 with `error` and `reason`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, Response, json, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from server.demo.catalogue import Place
from server.demo.world.climate import HOUR, Climate, nearest_place
from server.demo.world.peer import action_routes

DEFAULT_DAYS, MOST_DAYS, MOST_PAST_DAYS, MOST_PLACES = 7, 16, 92, 1000
CURRENT_INTERVAL_S = 900
FREEZING_C = 0.5
_GRID_DEGREES = 0.02
"""The model's grid: an answer names the cell's coordinates, not those asked for."""


@dataclass(frozen=True)
class Asked:
    """One request, understood."""

    points: tuple[tuple[float, float], ...]
    zones: tuple[str, ...]
    hourly: tuple[str, ...]
    current: tuple[str, ...]
    days: int
    past_days: int
    unix_time: bool


class BadRequest(ValueError):
    """A parameter that Open-Meteo would refuse; the message is its `reason`."""


@dataclass(frozen=True)
class Variable:
    """One hourly variable: its unit and its value at a place in an hour."""

    unit: str
    value: Callable[[Climate, Place, datetime], float | int]


def _weather_code(climate: Climate, place: Place, hour: datetime) -> int:
    """WMO code 4677 as Open-Meteo uses it: clear, cloudy, rain or snow by strength."""
    rain = climate.rain(place, hour)
    if rain <= 0:
        return 0 if place.code == "marseille" else 2
    step = 0 if rain < 2.5 else 1 if rain < 7.6 else 2
    snows = climate.temperature(place, hour) <= FREEZING_C
    return ((71, 73, 75) if snows else (61, 63, 65))[step]


def _feels_like(climate: Climate, place: Place, hour: datetime) -> float:
    wind = climate.wind(place, hour)
    return round(climate.temperature(place, hour) - 0.7 * math.sqrt(wind / 3.6), 1)


def _snowfall(climate: Climate, place: Place, hour: datetime) -> float:
    """Centimetres of snow: 0.7 a millimetre of water, as the service's own documentation says."""
    snows = climate.temperature(place, hour) <= FREEZING_C
    return round(climate.rain(place, hour) * 0.7, 2) if snows else 0.0


def _is_day(climate: Climate, place: Place, hour: datetime) -> int:
    return int(7 <= hour.astimezone(ZoneInfo(place.tz)).hour < 20)


VARIABLES = {
    "temperature_2m": Variable("°C", lambda c, p, h: c.temperature(p, h)),
    "apparent_temperature": Variable("°C", _feels_like),
    "relative_humidity_2m": Variable("%", lambda c, p, h: 92 if c.rain(p, h) else 61),
    # Open-Meteo sums the hour that ends at an instant, not the one that begins there.
    "precipitation": Variable("mm", lambda c, p, h: c.rain(p, h - HOUR)),
    "precipitation_probability": Variable("%", lambda c, p, h: 96 if c.rain(p, h) else 6),
    "rain": Variable(
        "mm", lambda c, p, h: 0.0 if _snowfall(c, p, h - HOUR) else c.rain(p, h - HOUR)
    ),
    "snowfall": Variable("cm", lambda c, p, h: _snowfall(c, p, h - HOUR)),
    "weather_code": Variable("wmo code", _weather_code),
    "cloud_cover": Variable("%", lambda c, p, h: 100 if c.rain(p, h) else 22),
    "wind_speed_10m": Variable("km/h", lambda c, p, h: c.wind(p, h)),
    "wind_gusts_10m": Variable("km/h", lambda c, p, h: round(c.wind(p, h) * 1.7, 1)),
    "is_day": Variable("", _is_day),
}


def weather_app(climate: Climate) -> Flask:
    """The weather service's web application."""
    app = Flask(__name__, static_folder=None)

    @app.get("/v1/forecast")
    def forecast() -> ResponseReturnValue:
        if climate.mode == "down":
            return jsonify(error=True, reason="The service is down for maintenance"), 503
        try:
            asked = understood(request.args)
            answers = [_answer(climate, asked, number) for number in range(len(asked.points))]
        except BadRequest as mistake:
            return jsonify(error=True, reason=str(mistake)), 400
        body = json.dumps(answers[0] if len(answers) == 1 else answers, ensure_ascii=False)
        return Response(body, content_type="application/json; charset=utf-8")

    routes = action_routes("weather", climate.actions(), climate.state)
    app.register_blueprint(routes, url_prefix="/admin")
    return app


def understood(args: MultiDict[str, str]) -> Asked:
    """A request's parameters; `BadRequest` with Open-Meteo's kind of reason."""
    latitudes, longitudes = _numbers(args, "latitude", 90), _numbers(args, "longitude", 180)
    if len(latitudes) != len(longitudes):
        raise BadRequest(
            "Parameter 'latitude' and 'longitude' must have the same number of elements"
        )
    if len(latitudes) > MOST_PLACES:
        raise BadRequest(f"Only up to {MOST_PLACES} locations can be requested at once")
    zones = tuple(_listed(args, "timezone")) or ("GMT",)
    if len(zones) not in (1, len(latitudes)):
        raise BadRequest("Parameter 'timezone' must have one element or one for each location")
    return Asked(
        points=tuple(zip(latitudes, longitudes, strict=True)),
        zones=zones * len(latitudes) if len(zones) == 1 else zones,
        hourly=_variables(args, "hourly"),
        current=_variables(args, "current"),
        days=_whole(args, "forecast_days", DEFAULT_DAYS, MOST_DAYS),
        past_days=_whole(args, "past_days", 0, MOST_PAST_DAYS),
        unix_time=_choice(args, "timeformat", ("iso8601", "unixtime")) == "unixtime",
    )


def _answer(climate: Climate, asked: Asked, number: int) -> dict[str, Any]:
    started = time.perf_counter()
    latitude, longitude = asked.points[number]
    place = nearest_place(latitude, longitude)
    zone = _zone(asked.zones[number], place)
    local_now = climate.now.astimezone(zone)
    offset = local_now.utcoffset() or timedelta()
    answer: dict[str, Any] = {
        "latitude": _on_grid(latitude),
        "longitude": _on_grid(longitude),
        "generationtime_ms": 0.0,
        "utc_offset_seconds": int(offset.total_seconds()),
        "timezone": str(zone),
        "timezone_abbreviation": local_now.tzname(),
        "elevation": 12.0,
    }
    if number:
        answer["location_id"] = number
    if asked.current:
        seconds = int(climate.now.timestamp())
        at = datetime.fromtimestamp(seconds - seconds % CURRENT_INTERVAL_S, UTC)
        answer["current_units"] = _units(asked, asked.current, {"interval": "seconds"})
        values = {name: VARIABLES[name].value(climate, place, at) for name in asked.current}
        answer["current"] = {
            "time": _time(at, offset, asked.unix_time), "interval": CURRENT_INTERVAL_S, **values
        }  # fmt: skip
    if asked.hourly:
        hours = _hours(climate.now, offset, asked)
        answer["hourly_units"] = _units(asked, asked.hourly, {})
        times = [_time(hour, offset, asked.unix_time) for hour in hours]
        answer["hourly"] = {"time": times} | _columns(climate, place, hours, asked.hourly)
    answer["generationtime_ms"] = round((time.perf_counter() - started) * 1000, 6)
    return answer


def _columns(
    climate: Climate, place: Place, hours: list[datetime], names: Iterable[str]
) -> dict[str, list[float | int]]:
    """The hourly arrays, spoilt by the failure in force."""
    if climate.mode == "missing":
        return {}
    columns = {
        name: [VARIABLES[name].value(climate, place, hour) for hour in hours] for name in names
    }
    if climate.mode == "nan":
        return {name: [math.nan] * len(hours) for name in columns}
    return columns


def _hours(now: datetime, offset: timedelta, asked: Asked) -> list[datetime]:
    """Every full hour from local midnight of the first day asked for, as UTC instants."""
    local = (now + offset).replace(tzinfo=None)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = (midnight - offset - timedelta(days=asked.past_days)).replace(tzinfo=UTC)
    return [first + n * HOUR for n in range(24 * (asked.days + asked.past_days))]


def _units(asked: Asked, names: Iterable[str], more: dict[str, str]) -> dict[str, str]:
    first = {"time": "unixtime" if asked.unix_time else "iso8601"}
    return first | more | {name: VARIABLES[name].unit for name in names}


def _time(hour: datetime, offset: timedelta, unix_time: bool) -> str | int:
    return int(hour.timestamp()) if unix_time else (hour + offset).strftime("%Y-%m-%dT%H:%M")


def _on_grid(degrees: float) -> float:
    return round(round(degrees / _GRID_DEGREES) * _GRID_DEGREES, 6)


def _zone(name: str, place: Place) -> ZoneInfo:
    try:
        return ZoneInfo(place.tz if name == "auto" else name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRequest("Invalid timezone") from None


def _listed(args: MultiDict[str, str], key: str) -> list[str]:
    return [part for value in args.getlist(key) for part in value.split(",") if part]


def _numbers(args: MultiDict[str, str], key: str, limit: float) -> list[float]:
    parts = _listed(args, key)
    if not parts:
        raise BadRequest(f"Value of type 'Float' required for key '{key}'.")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        raise BadRequest(f"Parameter '{key}' must be a number") from None
    for number in numbers:
        if not -limit <= number <= limit:
            raise BadRequest(
                f"{key.capitalize()} must be in range of -{limit:g} to {limit:g}°. Given: {number}."
            )
    return numbers


def _variables(args: MultiDict[str, str], key: str) -> tuple[str, ...]:
    names = tuple(_listed(args, key))
    for name in names:
        if name not in VARIABLES:
            raise BadRequest(f"Cannot initialize Variable from invalid String value {name}.")
    return names


def _whole(args: MultiDict[str, str], key: str, default: int, most: int) -> int:
    text = args.get(key)
    if text is None:
        return default
    if not text.isdigit() or int(text) > most:
        raise BadRequest(f"Parameter '{key}' is out of range: 0 to {most}. Given: {text}.")
    return int(text)


def _choice(args: MultiDict[str, str], key: str, choices: tuple[str, ...]) -> str:
    text = args.get(key, choices[0])
    if text not in choices:
        raise BadRequest(f"Cannot initialize {key} from invalid String value {text}.")
    return text
