"""The server that faulty players belong to: what it published and charged, and what it was told."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playlists.errors import Refused
from playlists.ids import Sha256, sha256
from playlists.runs import GENESIS, Run, verify_chain
from playlists.wire.http import plays_from_json
from tests.fakes.server_sim import Answer, Sim
from tests.fakes.shop_content import DAY_MS, boot_offer, content

PAGE = "a page that lives on"
PICTURE_BYTES = 150_000
MIB = 1024 * 1024


def wall_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass
class Shop(Sim):
    """Accepts whoever registers, and remembers what was true when."""

    clock: Callable[[], int] = wall_ms
    plans: dict[int, Sha256] = field(default_factory=dict)
    """Manifests by revision."""
    prices: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    """Minor units and the sale's end (unix ms), by the channel's version."""
    kept: dict[tuple[int, Sha256], Run] = field(default_factory=dict)
    """Play records, by number and hash."""
    restarts: int = 0
    """Chains that did not go on from what was kept."""
    wrong_plays: list[str] = field(default_factory=list)
    new_files: dict[Sha256, int] = field(default_factory=dict)
    """Sizes of what the last change brought: the picture first, then the plan's objects."""
    changes: int = 0

    def change(
        self,
        pictures_bytes: int = PICTURE_BYTES,
        ends_in_ms: int | None = None,
        lease_ms: int = 4 * 3_600_000,
    ) -> None:
        """Another plan with another picture, another price (a sale, if it ends), fresh leases."""
        self.changes += 1
        at = self.changes
        picture = random.Random(at).randbytes(pictures_bytes)
        today = self.clock() - self.clock() % DAY_MS
        until = None if ends_in_ms is None else self.clock() + ends_in_ms
        offer = boot_offer(5_000 + at)
        step = replace(offer.steps[0], until_ms=until)
        self.prices[self.channel_version + 1] = (5_000 + at, until)
        self.price(replace(offer, steps=(step,)))
        made = content(f"Plan {at}", picture=self.add_asset(picture), first_day_ms=today)
        self.publish(made)
        self.plans[self.revision] = self.manifest
        self.new_files = {sha256(picture): len(picture)} | {
            name: len(data) for name, data in made.objects.items()
        }
        self.renew(lease_ms)

    def is_charged(self, version: int, cents: int, at_ms: int) -> bool:
        """Whether that version of the channel says this price at that instant."""
        charged = self.prices.get(version)
        if charged is None or charged[0] != cents:
            return False
        lease = self.freshness
        fresh = lease is not None and all(
            at_ms < held.as_of + held.lease_ms for held in lease.channels.values()
        )
        return fresh and (charged[1] is None or at_ms < charged[1])

    def told(self) -> Counter[int]:
        """How often each turn was told: a turn's head is its number."""
        return Counter(run.play.head for run in list(self.kept.values()))

    def _pairing(self, method: str, path: str, bearer: str, given: Any) -> Answer:
        answer = super()._pairing(method, path, bearer, given)
        if method == "POST":
            self.accept(next(reversed(self.pairings.values()))["code"])
        return answer

    def _plays(self, given: Any) -> Answer:
        """As the server does: each record once by number and hash, gaps and new chains noted."""
        self.posts += 1
        runs = plays_from_json(given)
        last = next(reversed(self.kept.values()), None)
        fresh = [run for run in runs if (run.seq, run.hash) not in self.kept]
        try:
            verify_chain(runs, runs[0].prev, runs[0].seq)
        except Refused as refused:
            self.wrong_plays.append(str(refused))
        if fresh and fresh[0].prev != (last.hash if last else GENESIS):
            self.restarts += 1
        self.kept |= {(run.seq, run.hash): run for run in fresh}
        return 200, {"Content-Type": "application/json"}, b'{"acked":%d}' % runs[-1].seq


def turn(number: int) -> dict[str, Any]:
    """A turn of its own head, so that it becomes a record of its own."""
    return {
        "n": number,
        "zone": "main",
        "head": number,
        "manifest": "b" * 64,
        "from": number * 10,
        "until": number * 10 + 10,
        "card": "c1",
        "offers": {},
        "because": [],
        "slot": ["base", "loop", "i"],
    }


def places(data: Path, shop: Shop) -> list[Path]:
    """Every path that the last change's files come by on a player's disk, or lie at in the end."""
    found: list[Path] = []
    for at, (name, size) in enumerate(shop.new_files.items()):
        folder = data / ("objects" if at else "assets")
        place = folder / name[:2] / f"{name}-{size}"
        found += [place, place.with_name(place.name + ".new"), folder / "partial" / name]
    return found
