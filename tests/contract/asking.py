"""How a golden vector's scenario is told: put among its topic's, on a Wednesday in Lille."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.stage import (
    HOUR,
    bounds,
    chunk,
    plan,
    slot,
)

Doc = dict[str, Any]
Question = tuple[str, Doc | None, Doc]
Scenario = Callable[[], Iterator[Question]]
SCENARIOS: dict[str, list[Scenario]] = {}

WEDNESDAY = "2025-10-22"
T0 = bounds(WEDNESDAY)[0]
NOON = T0 + 12 * HOUR
DAY = 24 * HOUR


def scenario(topic: str) -> Callable[[Scenario], Scenario]:
    """Put a scenario among those of a vector file."""

    def put(made: Scenario) -> Scenario:
        SCENARIOS.setdefault(topic, []).append(made)
        return made

    return put


def around(*instants: int) -> list[int]:
    """Each instant, the millisecond before and the one after."""
    return sorted({at + step for at in instants for step in (-1, 0, 1)})


def one_slot(card: str, **more: Any) -> Doc:
    """A plan of one Wednesday on which a card turns every ten minutes."""
    return plan({WEDNESDAY: chunk(DAY, {"main": [(0, [slot(card, 600, **more)])]})})
