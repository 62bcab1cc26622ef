"""How a concern is said."""

from __future__ import annotations

from server.services.situation.concerns import Concern
from server.services.situation.spoken import Places

PARIS, WEST = "Europe/Paris", "America/Martinique"
PLACES = Places({}, {"lille": PARIS, "prado": PARIS, "fort-de-france": WEST}, PARIS)


def concern(*stores: str) -> Concern:
    return Concern("suspect", "BOOT", 0, stores)


def test_a_concern_of_stores_that_keep_several_clocks_is_told_by_the_chains() -> None:
    assert PLACES.zone_of(concern("fort-de-france")) == WEST
    assert PLACES.zone_of(concern("fort-de-france", "lille")) == PARIS
    assert PLACES.zone_of(concern("lille", "prado")) == PARIS
    assert PLACES.zone_of(concern()) == PARIS
