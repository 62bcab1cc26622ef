"""What a fact may say, whoever says it: a whole number that its kind can have, of a place and never
of a person.
"""

from __future__ import annotations

import re
from types import MappingProxyType

COUNTED = ("footfall", "occupancy")
"""The kinds that count people, in a zone of a store."""
AHEAD_MS = 60_000
"""A source's clock may be this much ahead of ours."""
MAX_PEOPLE = 10_000
MAX_PIECES = 1_000_000

RANGES = MappingProxyType(
    {
        "stock": (0, MAX_PIECES),
        "weather.temperature": (-950, 650),
        "weather.rain": (0, 5_000),
        "weather.code": (0, 99),
        "footfall": (0, MAX_PEOPLE),
        "occupancy": (0, MAX_PEOPLE),
    }
)
"""Least and most of each kind of fact, in its unit (playlists.facts.KINDS)."""

_HARDWARE_ADDRESS = re.compile(r"(?:[0-9a-f]{2}[:_-]?){5,7}[0-9a-f]{2}", re.IGNORECASE)
"""An EUI-48 or EUI-64: the address of somebody's phone."""


def names_a_device(zone: str) -> bool:
    """Whether the name of a place is a hardware address, so that it follows somebody."""
    return bool(_HARDWARE_ADDRESS.fullmatch(zone))
