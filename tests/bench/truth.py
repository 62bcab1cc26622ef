"""Whether a wrong price can be painted: `python -m tests.bench.truth --mutations 10000 --json`.

Three proofs in one run, all from one seed, which is printed:

- `mutations`: spoiled feeds and calls through the real server to a player's prices; an oracle that
  shares no code with either judges every price (tests/bench/truth_feeds.py). `wrong` are prices
  that could be told to be wrong and were painted nevertheless; `undetectable` are those that nobody
  can tell (docs/guides/price-truth.md), `late` a price that the shop has changed but not yet said.
- `histories`: random clocks, networks, leases and sales (tests/bench/truth_clocks.py); `late_looks`
  are instants at which a price was painted at or after its end.
- `ends`: ends of sales and leases on screens in Chromium (tests/bench/truth_glass.py);
  `late_frames` are frames at or after an end that still show the price.

Exit code 1: one of the three is not zero, or one was given nothing to look at.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import structlog

from tests.bench import truth_clocks, truth_feeds, truth_glass

SEED = 20_261_122
WORKERS = 2
DELIVERIES = 60
"""Of one shop's history; each spoils about three things."""
LIVES = 2_500
QUICK = (600, 4_000, 60)
SHOWN = 5
"""Faults that are printed."""


@dataclass(slots=True)
class Judged:
    """What came of spoiled feeds and calls."""

    mutations: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)


def spoil(seed: str, deliveries: int) -> Judged:
    """One shop's history."""
    with truth_feeds.history(seed) as history:
        history.run(deliveries)
    kinds, oracle = history.kinds, history.oracle
    return Judged(sum(kinds.values()), kinds, oracle.verdicts, oracle.wrongs)


def mutate(many: int, seed: int) -> Judged:
    """Histories until so many things were spoiled."""
    found = Judged()
    number = 0
    with ProcessPoolExecutor(WORKERS, initializer=quiet) as pool:
        while found.mutations < many:
            names = [f"{seed}/{number + one}" for one in range(WORKERS)]
            number += WORKERS
            deliveries = min(DELIVERIES, max(5, (many - found.mutations) // (3 * WORKERS)))
            for judged in pool.map(spoil, names, [deliveries] * WORKERS):
                found.mutations += judged.mutations
                found.kinds += judged.kinds
                found.verdicts += judged.verdicts
                found.wrongs += judged.wrongs
    return found


def live(many: int, seed: int) -> tuple[Counter[str], list[str]]:
    """So many histories of clocks and networks."""
    seen: Counter[str] = Counter()
    faults: list[str] = []
    parts = [(seed, first, min(LIVES, many - first)) for first in range(0, many, LIVES)]
    with ProcessPoolExecutor(WORKERS) as pool:
        for counted, wrong in pool.map(truth_clocks.live_many, *zip(*parts, strict=True)):
            seen += counted
            faults += wrong
    return seen, faults


def quiet() -> None:
    """The server tells of every spoiled answer; here they are the rule."""
    level = logging.CRITICAL
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))


def measure(mutations: int, histories: int, ends: int, seed: int) -> dict[str, Any]:
    """All figures."""
    begun = time.monotonic()
    judged = mutate(mutations, seed)
    seen, faults = live(histories, seed)
    late_looks = sum(count for name, count in seen.items() if name.startswith("late"))
    glass = truth_glass.watch_ends(ends, seed)
    for fault in [*judged.wrongs[:SHOWN], *faults[:SHOWN], *glass.faults[:SHOWN]]:
        print(fault, file=sys.stderr)
    verdicts = {name: judged.verdicts[name] for name in ("right", "late", "undetectable", "free")}
    return {
        "seed": seed,
        "wrong": judged.verdicts["wrong"],
        "mutations": judged.mutations,
        "mutation_kinds": len(judged.kinds),
        "painted": verdicts,
        "histories": histories,
        "looks": seen.total(),
        "looks_with_price": seen["price"],
        "late_looks": late_looks,
        "glass": {name: value for name, value in asdict(glass).items() if name != "faults"},
        "late_frames": glass.late_frames + glass.late_looks,
        "seconds": round(time.monotonic() - begun, 1),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutations", type=int, default=10_000)
    options.add_argument("--histories", type=int, default=100_000)
    options.add_argument("--ends", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--quick", action="store_true", help="a bounded run, in a minute")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = options.parse_args()
    quiet()
    if chosen.quick:
        chosen.mutations, chosen.histories, chosen.ends = QUICK
    found = measure(chosen.mutations, chosen.histories, chosen.ends, chosen.seed)
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    something = found["painted"]["right"] and found["looks_with_price"] and found["glass"]["ends"]
    if found["wrong"] or found["late_looks"] or found["late_frames"] or not something:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
