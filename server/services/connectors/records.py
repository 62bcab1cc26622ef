"""Writes down how a connector fares: its last success, its last error, and what was counted."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from server.db.models import ConnectorRow
from server.services.prices.intake import Taken

MIN_PAUSE_MS = 1_000
JITTER = (0.8, 1.0)
"""A little earlier, so that sources that fell together are not asked together."""
MAX_REASONS = 50
"""Different reasons counted for a connector; the rest are counted together."""
MAX_ERROR_CHARACTERS = 500


def succeeded(row: ConnectorRow, now: int, counted: Mapping[str, int]) -> None:
    """The source answered."""
    row.last_success_at = now
    row.last_error, row.failures = "", 0
    row.counters = added(row.counters, counted)


def held(row: ConnectorRow, now: int, counted: Mapping[str, int]) -> None:
    """The source answered what a person must look at."""
    row.last_success_at = now
    row.last_error_at, row.failures = now, 0
    row.last_error = "Its last answer is held whole: a person releases or rejects it."
    row.counters = added(row.counters, counted)


def failed(row: ConnectorRow, now: int, message: str, counted: Mapping[str, int]) -> None:
    """The source did not answer, or not with anything that can be used."""
    row.last_error_at = now
    row.last_error = message[:MAX_ERROR_CHARACTERS]
    row.failures += 1
    row.counters = added(row.counters, counted)


def pause_ms(failures: int, every_s: int, most_s: int, retry_after_s: float | None) -> int:
    """How long to wait after the `failures`-th error in a row: twice as long each time, with
    jitter, at most `most_s` seconds, and never shorter than the source asked for.
    """
    first = max(every_s * 1000, MIN_PAUSE_MS)
    pause = min(first * 2.0 ** min(failures - 1, 20), most_s * 1000) * random.uniform(*JITTER)
    return round(max(pause, MIN_PAUSE_MS, (retry_after_s or 0) * 1000))


def waits(row: ConnectorRow, now: int) -> None:
    """There is nothing to read yet, which is no fault: it is looked for again soon."""
    row.last_error, row.failures = "", 0
    row.next_run_at = now + max(row.every_s * 1000, MIN_PAUSE_MS)


def counted(taken: Taken) -> dict[str, int]:
    """What came of a batch, as counters."""
    found = {"facts": taken.facts, "prices": taken.prices, "suspects": len(taken.suspects)}
    found |= {f"refused.{reason}": many for reason, many in taken.refused.items()}
    if taken.held:
        found["held"] = 1
    return {name: many for name, many in found.items() if many}


def added(counters: Mapping[str, Any], more: Mapping[str, int]) -> dict[str, Any]:
    """The sums, by name."""
    sums = dict(counters)
    for name, many in more.items():
        known = name in sums or len(sums) < MAX_REASONS
        key = name if known else "refused.others"
        sums[key] = int(sums.get(key, 0)) + many
    return sums
