"""How long resolving takes, the domain alone: `python -m tests.bench.resolve_domain --json
[--quick]`.

Prints one line of JSON: milliseconds and bytes. Milliseconds are
the processor's, of one core: other work on the machine does not count. It judges nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Callable

from playlists.model import Screen
from playlists.resolve import Memo, Profile, Resolved, profile_of, resolve, wishes_of
from tests.bench.scenario import CAMPAIGNS, DAYS, Chain, chain, flip_weather

FLIPS = 20
COLD_RUNS = 5


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(description="Measure resolving, the domain alone.")
    parser.add_argument("--quick", action="store_true", help="20 stores instead of 500")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    options = parser.parse_args()
    figures = measure(20 if options.quick else 500)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value}")


def measure(stores: int) -> dict[str, float | int]:
    """All figures, for a chain of so many stores with four screens each."""
    made = chain(stores)
    profiles = [profile_for(made, screen) for screen in made.screens]
    cold = [_cold(made, profiles[0]) for _ in range(COLD_RUNS)]
    flips = _flips(made, profiles[0])
    fleet_ms, chunks, notes = _fleet(made, profiles)
    sizes = sorted(len(data) for data in resolve_one(made, profiles[0]).chunks.values())
    zipped = [
        len(gzip.compress(data, 6)) for data in resolve_one(made, profiles[0]).chunks.values()
    ]
    return {
        "campaigns": CAMPAIGNS,
        "days": DAYS,
        "cold_ms": round(statistics.median(cold), 1),
        "flip_ms_median": round(statistics.median(flips), 2),
        "flip_ms_worst": round(max(flips), 2),
        "fleet_profiles": len(profiles),
        "fleet_ms": round(fleet_ms),
        "fleet_chunks": chunks,
        "fleet_notes": notes,
        "chunk_bytes_largest": sizes[-1],
        "chunk_bytes_median": sizes[len(sizes) // 2],
        "chunk_gzip_largest": max(zipped),
    }


def profile_for(made: Chain, screen: Screen) -> Profile:
    """The profile of one screen of the chain."""
    return profile_of(screen, wishes_of(made, screen.store, [screen.id]))


def resolve_one(made: Chain, profile: Profile, memo: Memo | None = None) -> Resolved:
    """Resolve all days of a profile."""
    return resolve(profile, made, made.days(profile.store), memo=memo)


def _cold(made: Chain, profile: Profile) -> float:
    return _ms(lambda: resolve_one(made, profile))


def _flips(made: Chain, profile: Profile) -> list[float]:
    """One-day changes of the forecast, with what was remembered from before."""
    memo = Memo()
    resolve_one(made, profile, memo)
    found = []
    for flip in range(FLIPS):
        flip_weather(made, profile.store, 1 + flip % 12)
        found.append(_ms(lambda: resolve_one(made, profile, memo)))
    return found


def _fleet(made: Chain, profiles: list[Profile]) -> tuple[float, int, int]:
    memo = Memo()
    names: set[str] = set()
    notes = 0
    begin = time.process_time()
    for profile in profiles:
        resolved = resolve_one(made, profile, memo)
        names.update(resolved.chunks)
        notes += len(resolved.report)
    return (time.process_time() - begin) * 1000, len(names), notes


def _ms(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1000


if __name__ == "__main__":
    main()
