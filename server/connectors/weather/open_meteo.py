"""Weather as Open-Meteo gives it: `/v1/forecast`, hourly, for all towns in a few requests.

Fields: https://open-meteo.com/en/docs. Temperature and code are those of the instant and hold for
the hour that begins there; precipitation (rain, showers and snow, as water) is the sum of the
hour *before* its instant. Stores whose rounded coordinates are the same share one point.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import Field, field_validator

from playlists.facts import HOUR_MS, KINDS, Fact, FactKey
from playlists.ids import SourceId
from server.connectors import http
from server.connectors.plausible import RANGES
from server.connectors.source import Config, Kind, Setup, StoreAt
from server.ports import Batch, TemporaryError

DAYS = 3
"""Days from midnight UTC, so that two whole days always lie ahead."""
MAX_POINTS = 100
"""Places in one request."""
MAX_HOURS = 24 * 16
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MICRO = 1_000_000
MAX_NUMBER = 10**12


@dataclass(frozen=True, slots=True)
class Variable:
    """How a variable of the service becomes a fact: `scale` per unit, of the hour that begins
    `shift_ms` after its instant.
    """

    name: str
    fact: str
    scale: int
    shift_ms: int = 0


VARIABLES = (
    Variable("temperature_2m", "weather.temperature", 10),
    Variable("precipitation", "weather.rain", 10, -HOUR_MS),
    Variable("weather_code", "weather.code", 1),
)


class OpenMeteoConfig(Config):
    """Where the service is."""

    url: str = Field(default="https://api.open-meteo.com", description="Without /v1/forecast.")
    decimals: int = Field(
        default=1, ge=0, le=3, description="Of a degree: stores this near share one forecast."
    )

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return http.check_url(url).rstrip("/")


Point = tuple[float, float]
"""Latitude and longitude in degrees, rounded."""


def fetch(setup: Setup) -> Batch:
    """The forecast of all stores. A town that the answer leaves out is counted, the others are
    taken. Raises TemporaryError where nothing can be read, PermanentError.
    """
    began = setup.clock()
    refused: Counter[str] = Counter()
    facts: list[Fact] = []
    towns = _towns(setup, refused)
    ordered = sorted(towns)
    for at in range(0, len(ordered), MAX_POINTS):
        points = ordered[at : at + MAX_POINTS]
        for point, answer in zip(points, _ask(setup, points), strict=True):
            hours = list(_hours(answer, began, refused))
            for store in towns[point]:
                facts += _facts(setup.id, store.id, hours, began)
    if towns and not facts:
        raise TemporaryError("The answer has no hourly weather that can be read.")
    return Batch(began, facts=tuple(facts), refused=refused)


def _towns(setup: Setup, refused: Counter[str]) -> dict[Point, list[StoreAt]]:
    towns: dict[Point, list[StoreAt]] = {}
    digits = setup.config.decimals
    for store in setup.stores:
        if not store.lat_e6 and not store.lon_e6:
            refused["no_place"] += 1
            continue
        point = (round(store.lat_e6 / MICRO, digits), round(store.lon_e6 / MICRO, digits))
        towns.setdefault(point, []).append(store)
    return towns


def _ask(setup: Setup, points: Sequence[Point]) -> list[Mapping[str, Any]]:
    query = urlencode(
        {
            "latitude": ",".join(f"{latitude:g}" for latitude, _ in points),
            "longitude": ",".join(f"{longitude:g}" for _, longitude in points),
            "hourly": ",".join(variable.name for variable in VARIABLES),
            "forecast_days": DAYS,
            "timezone": "GMT",
            "timeformat": "unixtime",
        },
        safe=",",
    )
    url = f"{setup.config.url}/v1/forecast?{query}"
    with http.get(url, setup.limits, accept="application/json") as answer:
        text = answer.body.whole()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise TemporaryError("The answer is no JSON.") from None
    answers = [found] if isinstance(found, dict) else found
    if not isinstance(answers, list) or len(answers) != len(points):
        raise TemporaryError("The answer is not one forecast for each place asked for.")
    return [one if isinstance(one, dict) else {} for one in answers]


@dataclass(frozen=True, slots=True)
class _Hour:
    fact: str
    from_ms: int
    value: int


def _hours(answer: Mapping[str, Any], now: int, refused: Counter[str]) -> Iterator[_Hour]:
    """Each variable's hours that are not over; what is missing or impossible is counted."""
    hourly = answer.get("hourly")
    hourly = hourly if isinstance(hourly, dict) else {}
    times = hourly.get("time")
    times = times[:MAX_HOURS] if isinstance(times, list) else []
    for variable in VARIABLES:
        column = hourly.get(variable.name)
        if not isinstance(column, list) or len(column) < len(times) or not times:
            refused[f"missing_{variable.name}"] += 1
            continue
        low, high = RANGES[variable.fact]
        for second, value in zip(times, column, strict=False):
            if not _is_number(second) or not _is_number(value):
                refused[f"unreadable_{variable.name}"] += 1
            elif not low <= value * variable.scale <= high:
                refused[f"implausible_{variable.name}"] += 1
            else:
                from_ms = int(second) * 1000 + variable.shift_ms
                if from_ms + HOUR_MS > now:
                    yield _Hour(variable.fact, from_ms, round(value * variable.scale))


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < MAX_NUMBER  # false for NaN and for infinity


def _facts(connector: str, store: str, hours: Sequence[_Hour], now: int) -> Iterator[Fact]:
    for hour in hours:
        yield Fact(
            key=FactKey(f"{hour.fact}:{store}"),
            value=hour.value,
            valid_from=hour.from_ms,
            valid_until=hour.from_ms + HOUR_MS,
            observed_at=now,
            expires_at=now + KINDS[hour.fact].max_age_ms,
            source=SourceId(f"{connector}@{store}"),
        )


KIND = Kind(
    name="open_meteo",
    title={"fr": "Météo (Open-Meteo)", "en": "Weather (Open-Meteo)"},
    config=OpenMeteoConfig,
    fetch=fetch,
    every_s=900,
)
