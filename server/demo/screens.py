"""The demo's fourteen screens: where each hangs, which way up, and what it is for."""

from __future__ import annotations

from typing import NamedTuple


class Hung(NamedTuple):
    """A screen on a shop's wall. `place` is the counted zone that it stands in."""

    id: str
    store: str
    name: str
    portrait: bool
    place: str
    tag: str


SCREENS = tuple(
    Hung(*row)
    for row in (
        ("lille-window", "lille", "Vitrine", True, "entrance", "window"),
        ("lille-entrance", "lille", "Entrée", False, "entrance", "aisle"),
        ("lille-luggage", "lille", "Bagages", False, "", "aisle"),
        ("lille-checkout", "lille", "Caisses", False, "tills", "checkout"),
        ("lille-fitting", "lille", "Cabines", True, "fitting", "fitting"),
        ("vieux-port-window", "vieux-port", "Vitrine", True, "entrance", "window"),
        ("vieux-port-entrance", "vieux-port", "Entrée", False, "entrance", "aisle"),
        ("vieux-port-tents", "vieux-port", "Tentes", False, "", "aisle"),
        ("vieux-port-checkout", "vieux-port", "Caisses", False, "tills", "checkout"),
        ("prado-window", "prado", "Vitrine", True, "", "window"),
        ("prado-entrance", "prado", "Entrée", False, "", "aisle"),
        ("prado-shoes", "prado", "Chaussures", False, "", "aisle"),
        ("fort-de-france-window", "fort-de-france", "Vitrine", True, "entrance", "window"),
        ("fort-de-france-checkout", "fort-de-france", "Caisses", False, "tills", "checkout"),
    )
)
AGENT_SCREEN = "lille-window"
"""Plays behind its own player agent."""
BROWSER_SCREEN = "lille-entrance"
"""Where the smoke test pairs a plain browser."""
