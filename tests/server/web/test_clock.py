"""Clocks and time zones in words."""

from __future__ import annotations

from server.web.clock import usual_zone


def test_a_chain_goes_by_the_zone_of_most_of_its_stores() -> None:
    assert usual_zone(["America/Martinique", "Europe/Paris", "Europe/Paris"]) == "Europe/Paris"
    assert usual_zone(["America/Martinique", "Europe/Paris"]) == "America/Martinique"
    assert usual_zone([]) == ""
