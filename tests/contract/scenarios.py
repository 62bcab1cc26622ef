"""The golden vectors' scenarios by vector file: each yields plans' questions; the oracle gives the
answers."""

from __future__ import annotations

from tests.contract import (
    asking,
    scenarios_emergencies,
    scenarios_gates,
    scenarios_hands,
    scenarios_prices,
    scenarios_turns,
)

TOLD = (
    scenarios_turns,
    scenarios_gates,
    scenarios_prices,
    scenarios_hands,
    scenarios_emergencies,
)
"""Telling is importing."""
SCENARIOS = asking.SCENARIOS
