"""The weather over the demo's towns: a daily curve per place, bent by what was set on the page.

Hours are UTC instants; temperatures in degrees Celsius, rain in mm per hour, wind in km/h.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.demo.catalogue import PLACES, Place
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.peer import Action, BadAction, wanted_choice, wanted_int, wanted_number
from server.demo.world.stall import Clock, utc_now

COLDEST_C, HOTTEST_C = -20, 45
MOST_RAIN_MM = 30
MODES = ("none", "down", "missing", "nan")
"""How the service can fail: not answering, leaving out the variables, or sending NaN."""
WARMEST_HOUR = 15
HOUR = timedelta(hours=1)

_SWING_C = {"lille": 4.0, "marseille": 5.0, "fort-de-france": 3.0}
"""Half the difference between a day's warmest and coldest hour."""
_WIND_KMH = {"lille": 18.0, "marseille": 24.0, "fort-de-france": 21.0}
_OPENING = {"lille": (11.0, 0.8, 3), "marseille": (24.0, 0.0, 0), "fort-de-france": (29.0, 0.0, 0)}
"""On the demo's first start: degrees now, rain now, hours that it will last."""
_DAY = 24


@dataclass(frozen=True)
class Sky:
    """What holds at a place: the temperature that was set at an instant, and the rain's end."""

    set_at: str
    temperature_c: float
    rain_mm: float
    rain_until: str | None

    def rains_in(self, hour: datetime) -> bool:
        """Whether the hour that begins at `hour` has this sky's rain."""
        if self.rain_mm <= 0 or self.rain_until is None:
            return False
        begins = datetime.fromisoformat(self.set_at) - HOUR
        return begins < hour < datetime.fromisoformat(self.rain_until)


class Climate:
    """The skies of all places. Thread-safe; kept in a file."""

    def __init__(self, file: JsonFile, journal: Journal, clock: Clock = utc_now) -> None:
        self._file, self._journal, self._clock = file, journal, clock
        self._lock = threading.Lock()
        self.mode = "none"
        kept = (file.read() or {}).get("skies", {})
        self._skies = {
            place.code: Sky(**kept[place.code]) if place.code in kept else self._opening(place)
            for place in PLACES
        }

    @property
    def now(self) -> datetime:
        """The service's own clock, UTC."""
        return self._clock().astimezone(UTC)

    def sky(self, place: Place) -> Sky:
        """What holds at a place now."""
        with self._lock:
            return self._skies[place.code]

    def actions(self) -> dict[str, Action]:
        """What can be done to the weather, by name."""
        return {"set": self.set_sky, "break": self.set_mode}

    def set_sky(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"place", "temperature_c", "rain_mm", "rain_until_hour"?}`; the hour is store-local.

        Rain without an hour lasts until midnight; an hour that is past is tomorrow's.
        """
        code = wanted_choice(body, "place", tuple(self._skies))
        place = next(place for place in PLACES if place.code == code)
        degrees = wanted_number(body, "temperature_c", COLDEST_C, HOTTEST_C)
        rain = wanted_number(body, "rain_mm", 0, MOST_RAIN_MM)
        hour = body.get("rain_until_hour", 0)
        if hour is not None:
            hour = wanted_int({"rain_until_hour": hour}, "rain_until_hour", 0, _DAY)
        elif rain:
            raise BadAction("rain_until_hour must be an hour from 0 to 24 when it rains")
        until = self._next_hour(place, hour % _DAY) if rain and hour is not None else None
        sky = Sky(self.now.isoformat(), degrees, rain, until)
        with self._lock:
            self._skies[code] = sky
            self._save()
        entry = self._journal.add("weather", place=code, name=place.name, **asdict(sky))
        return {"at_ms": entry["at_ms"], "sky": self._as_json(place)}

    def set_mode(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"mode"}`: one of `MODES`; `none` mends the service."""
        self.mode = wanted_choice(body, "mode", MODES)
        self._journal.add("weather-break", mode=self.mode)
        return {"mode": self.mode}

    def state(self) -> dict[str, Any]:
        """All skies as JSON."""
        return {"mode": self.mode, "skies": [self._as_json(place) for place in PLACES]}

    def temperature(self, place: Place, hour: datetime) -> float:
        """Degrees at the instant `hour`: the daily curve, through the temperature set by hand."""
        sky = self.sky(place)
        shift = sky.temperature_c - _curve(place, datetime.fromisoformat(sky.set_at))
        return round(_curve(place, hour) + shift, 1)

    def rain(self, place: Place, hour: datetime) -> float:
        """Millimetres that fall in the hour beginning at `hour`."""
        sky = self.sky(place)
        return round(sky.rain_mm, 2) if sky.rains_in(hour) else 0.0

    def wind(self, place: Place, hour: datetime) -> float:
        """Wind in km/h: stronger in the afternoon and with rain."""
        breeze = _WIND_KMH[place.code] * (1 + 0.3 * _phase(place, hour))
        return round(breeze + 2 * min(self.rain(place, hour), 5), 1)

    def _opening(self, place: Place) -> Sky:
        degrees, rain, hours = _OPENING[place.code]
        end = self.now.replace(minute=0, second=0, microsecond=0) + hours * HOUR
        until = end.isoformat() if hours else None
        return Sky(self.now.isoformat(), degrees, rain, until)

    def _next_hour(self, place: Place, hour: int) -> str:
        local = self.now.astimezone(ZoneInfo(place.tz))
        end = local.replace(hour=hour, minute=0, second=0, microsecond=0)
        if end <= local:
            end += timedelta(days=1)
        return end.astimezone(UTC).isoformat()

    def _as_json(self, place: Place) -> dict[str, Any]:
        sky = self.sky(place)
        this_hour = self.now.replace(minute=0, second=0, microsecond=0)
        raining = self.rain(place, this_hour) > 0
        until = datetime.fromisoformat(sky.rain_until) if raining and sky.rain_until else None
        hour = until.astimezone(ZoneInfo(place.tz)).hour if until else None
        return {
            "place": place.code,
            "name": place.name,
            "temperature_c": self.temperature(place, self.now),
            "rain_mm": sky.rain_mm if raining else 0,
            "rain_until_hour": hour,
        }

    def _save(self) -> None:
        self._file.write({"skies": {code: asdict(sky) for code, sky in self._skies.items()}})


def _phase(place: Place, instant: datetime) -> float:
    """-1 in the coldest part of the local day, 1 in the warmest."""
    local = instant.astimezone(ZoneInfo(place.tz))
    hours = local.hour + local.minute / 60
    return math.cos((hours - WARMEST_HOUR) / _DAY * 2 * math.pi)


def _curve(place: Place, instant: datetime) -> float:
    return _SWING_C[place.code] * _phase(place, instant)


def nearest_place(latitude: float, longitude: float) -> Place:
    """The demo town nearest to a point, so that any coordinates get an answer."""

    def apart(place: Place) -> float:
        east = (place.longitude - longitude + 180) % 360 - 180
        return math.hypot(place.latitude - latitude, east * math.cos(math.radians(latitude)))

    return min(PLACES, key=apart)
