"""Texts that freshness carries to the screens: what the weather is now, in a few words, and where
else a product waits.

`weather:<store>` is one line such as "11°, pluie jusqu’à 17 h", with an icon (rain, sun, cold,
cloud); `nearest:<SKU>@<store>` is the nearest other store that has it, `nearest.metres:…` how far
that is; `nearest.hours:…` when it is open, `nearest.rough:…` and `nearest.count:…` how many pieces
it has too, roughly or by number, on a line of its own. Each may show while its gate, the source of
what it says, is fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from babel.dates import format_date, format_skeleton

from playlists.facts import HOUR_MS, KINDS, FactKey, FactLine, FactSpan, value_at
from playlists.localtime import local_date, local_days, zone_of
from playlists.wire.freshness import LiveText
from server.services.observed import openings

LANGUAGES: Mapping[str, str] = {"fr": "fr_FR", "en": "en_GB"}
RAIN_TENTHS = 1
"""Tenths of a millimetre an hour from which it rains: what a person notices."""
COLD_TENTHS = 50
"""Tenths of a degree up to which it is cold."""
MINUS = "\u2212"
NBSP = "\u00a0"
ELSEWHERE = ("nearest", "nearest.metres")
"""The facts that are live texts of their own."""
NOTES = ("nearest.hours", "nearest.rough", "nearest.count")
"""What is said of the other store beside its name and the way: three degrees of how much."""
FEW, MANY = 2, 10
"""Up to so many pieces are the last ones, and over so many are not counted, so that what is said
does not change with each sale.
"""
KM_M, METRES_A_TENTH, WHOLE_KM_M = 1_000, 100, 10_000
"""A kilometre, its tenth, and from where on no tenths are said, in metres."""

_SAID = {
    "fr": {
        "rain": "pluie",
        "until": "{sky} jusqu’à {time}",
        "from": "{sky} à {time}",
        "sun": "soleil",
        "cloud": "nuages",
        "fog": "brouillard",
        "snow": "neige",
        "last": "derniers exemplaires",
        "some": "quelques exemplaires",
        "plenty": "bien disponible",
        "one": "1 exemplaire",
        "count": "{n} exemplaires",
        "many": "plus de {n} exemplaires",
        "open": "ouvert jusqu’à {time}",
        "opens": "ouvre à {time}",
        "opens_tomorrow": "ouvre demain à {time}",
        "opens_on": "ouvre {day} à {time}",
    },
    "en": {
        "rain": "rain",
        "until": "{sky} until {time}",
        "from": "{sky} at {time}",
        "sun": "sun",
        "cloud": "clouds",
        "fog": "fog",
        "snow": "snow",
        "last": "last pieces",
        "some": "a few left",
        "plenty": "plenty in stock",
        "one": "1 left",
        "count": "{n} left",
        "many": "over {n} left",
        "open": "open until {time}",
        "opens": "opens at {time}",
        "opens_tomorrow": "opens tomorrow at {time}",
        "opens_on": "opens on {day} at {time}",
    },
}

Line = Callable[[FactKey], FactLine | None]


def live_text(name: str, line: Line, zone: str, now: int) -> LiveText | None:
    """The live text of that name at `now` (unix ms), in the store's zone; None where it is not
    known what to say."""
    kind, _, place = name.partition(":")
    if kind in ELSEWHERE:
        return _elsewhere(FactKey(name), line, now)
    if kind in NOTES:
        return _about(name, line, zone, now)
    return _weather(place, line, zone, now) if kind == "weather" else None


def facts_in(name: str) -> tuple[FactKey, ...]:
    """The facts that a live text is made of."""
    kind, _, place = name.partition(":")
    if kind in ELSEWHERE:
        return (FactKey(name),)
    if kind in NOTES:
        return FactKey(f"nearest.pieces:{place}"), FactKey(f"nearest.hours:{place}")
    if kind != "weather":
        return ()
    parts = ("temperature", "rain", "code")
    return tuple(FactKey(f"weather.{part}:{place}") for part in parts)


def _elsewhere(key: FactKey, line: Line, now: int) -> LiveText | None:
    """The other store's name, or the way there."""
    said = line(key)
    value = value_at(said, now)
    if said is None or not value:
        return None
    texts = {
        language: {"text": value if isinstance(value, str) else way(int(value), language)}
        for language in LANGUAGES
    }
    return LiveText(gate=(said.source, said.max_age_ms), texts=texts)


def _about(name: str, line: Line, zone: str, now: int) -> LiveText | None:
    """How many pieces the other store has, as far as is to be said, and its hours today."""
    many, hours = (line(key) for key in facts_in(name))
    pieces = value_at(many, now)
    if many is None or not isinstance(pieces, int) or not pieces:
        return None
    open_at = openings.said(str(value_at(hours, now) or ""))
    kind = name.partition(":")[0]
    texts = {}
    for language in LANGUAGES:
        said = (_pieces(kind, pieces, language), _open(open_at, zone, now, language))
        texts[language] = {"text": "|".join(filter(None, said))}
    return LiveText((many.source, many.max_age_ms), texts) if texts["fr"]["text"] else None


def _pieces(kind: str, pieces: int, language: str) -> str:
    said = _SAID[language]
    if kind == "nearest.rough":
        return said["last" if pieces <= FEW else "plenty" if pieces > MANY else "some"]
    if kind != "nearest.count":
        return ""
    name = "one" if pieces == 1 else "many" if pieces > MANY else "count"
    return said[name].format(n=min(pieces, MANY))


def _open(open_at: Sequence[tuple[int, int]], zone: str, now: int, language: str) -> str:
    """Until when it is open, or when it opens next; "" where that is not known."""
    begin, end = next(((a, b) for a, b in open_at if b > now), (0, 0))
    if not end:
        return ""
    days = [one.date for one in local_days(zone, now, 2)]
    day = local_date(zone_of(zone), begin)
    # On a screen 19 h 30, its parts kept together.
    time = clock_time(end if begin <= now else begin, zone, language)
    time = NBSP.join((time.replace(":", " h ") if language == "fr" else time).split())
    if begin <= now:
        return _SAID[language]["open"].format(time=time)
    when = "opens" if day.isoformat() == days[0] else "opens_on"
    when = "opens_tomorrow" if day.isoformat() == days[1] else when
    on = format_date(day, "EEEE", locale=LANGUAGES[language])
    return _SAID[language][when].format(time=time, day=on)


def way(metres: int, language: str) -> str:
    """A distance as people say it: `400 m`, `1,2 km`, `12 km`."""
    if metres < KM_M:
        return f"{metres}{NBSP}m"
    whole, tenths = divmod(metres // METRES_A_TENTH, 10)
    if metres >= WHOLE_KM_M or not tenths:
        return f"{(metres + KM_M // 2) // KM_M}{NBSP}km"
    return f"{whole}{',' if language == 'fr' else '.'}{tenths}{NBSP}km"


def _weather(place: str, line: Line, zone: str, now: int) -> LiveText | None:
    temperature, rain, code = (line(key) for key in facts_in(f"weather:{place}"))
    degrees = value_at(temperature, now)
    if temperature is None or not isinstance(degrees, int):
        return None
    raining = value_at(rain, now)
    today_ends = local_days(zone, now, 1)[0].until_ms
    wet = rain is not None and isinstance(raining, int) and raining >= RAIN_TENTHS
    change = _next_change(rain, now, today_ends, wet) if isinstance(raining, int) else None
    sky, icon = ("rain", "rain") if wet else _sky(value_at(code, now), degrees)
    return LiveText(
        gate=(temperature.source, KINDS["weather.temperature"].max_age_ms),
        texts={
            language: {
                "text": _sentence(degrees, sky, wet, change, zone, language),
                "icon": "rain" if change is not None else icon,
            }
            for language in LANGUAGES
        },
    )


def _sentence(
    degrees: int, sky: str, wet: bool, change: int | None, zone: str, language: str
) -> str:
    said = _SAID[language]
    parts = [_degrees(degrees)]
    if change is not None:
        time = clock_time(change, zone, language)
        parts.append(said["until" if wet else "from"].format(sky=said["rain"], time=time))
    elif sky:
        parts.append(said[sky])
    return ", ".join(parts)


def clock_time(at: int, zone: str, language: str) -> str:
    """An instant (unix ms) on the store's clock: `17 h`, `17:30`, `5 pm`, `5:30 pm`."""
    moment = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone_of(zone))
    skeleton = ("H" if language == "fr" else "h") + ("m" if moment.minute else "")
    said: str = format_skeleton(skeleton, moment, locale=LANGUAGES[language])
    return said


def _next_change(line: FactLine | None, now: int, until: int, wet: bool) -> int | None:
    """When it stops (or, dry, begins) to rain, if that is known and before `until`."""
    for span in _after(line, now):
        if span.from_ms >= until:
            return None
        rains = isinstance(span.value, int) and span.value >= RAIN_TENTHS
        if rains != wet:
            return span.from_ms
    return None


def _after(line: FactLine | None, now: int) -> list[FactSpan]:
    """The spans that follow one another without a gap from `now` on."""
    found: list[FactSpan] = []
    for span in line.spans if line is not None else ():
        if span.until_ms <= now:
            continue
        if found and found[-1].until_ms != span.from_ms:
            break
        found.append(span)
    return found


def _sky(code: object, degrees: int) -> tuple[str, str]:
    """What to say and show of a WMO 4677 code; ("", ...) where it says nothing in a word."""
    cold = degrees <= COLD_TENTHS
    if not isinstance(code, int):
        return "", "cold" if cold else "cloud"
    if 70 <= code <= 79 or code in (85, 86):
        return "snow", "cold"
    if 40 <= code <= 49:
        return "fog", "cold" if cold else "cloud"
    if code <= 1:
        return "sun", "cold" if cold else "sun"
    if code <= 3:
        return "cloud", "cold" if cold else "cloud"
    return "", "cold" if cold else "cloud"


def _degrees(tenths: int) -> str:
    """Whole degrees, halves away from zero, with a true minus."""
    whole = (abs(tenths) + 5) // 10
    return f"{MINUS if tenths < 0 and whole else ''}{whole}°"


HORIZON_MS = 48 * HOUR_MS
"""Facts are read this far ahead: today, to its end."""
