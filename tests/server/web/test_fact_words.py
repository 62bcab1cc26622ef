"""Facts in plain words: no code and no key is left."""

from __future__ import annotations

import pytest

from server.web.fact_words import fact_name, fact_value, needed


@pytest.mark.parametrize(
    ("code", "fr", "en"),
    [
        (0, "ciel clair", "clear sky"),
        (3, "ciel couvert", "overcast"),
        (45, "brouillard", "fog"),
        (55, "bruine", "drizzle"),
        (61, "pluie", "rain"),
        (75, "neige", "snow"),
        (81, "averses", "showers"),
        (86, "averses de neige", "snow showers"),
        (95, "orage", "thunderstorm"),
    ],
)
def test_the_sky(code: int, fr: str, en: str) -> None:
    assert fact_value("weather.code:lille", code, "fr") == fr
    assert fact_value("weather.code:lille", code, "en") == en


def test_what_was_needed_of_the_sky() -> None:
    assert needed("weather.code:lille", "<=", 1, None, "en", negated=False) == "clear sky at most"
    assert fact_name("weather.code:lille", {}, "fr") == "Ciel"
