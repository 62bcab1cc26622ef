"""Faults that really happen, on the real player: `python -m tests.bench.faults --kills 500 --json`.

After every fault the player starts again, and a judge reads all that its page would: each plan,
file and price is held against what its server published, each turn that was acknowledged against
what the server was told.

- `kills`: SIGKILL by strace before each call by which something reaches the disk (`points`; those
  that were reached: `points_hit`); `errors`: EIO or ENOSPC in the place of such a call, once or
  from then on; `power_cuts`: an ext4 shut down at such a call without writing back.
- `bits_flipped`: in each cached file, key, state and page of a database. `disks_full`.
- `refetch`: what a film cost over a line in a network namespace that is cut, the player killed and
  its power cut on the way, to what the same line carries when nothing fails.
- `offline`: thirty simulated days without a server over a DST night, looked at every hour;
  `years`: the wall clock a year off (libfaketime).
- `agent`: memory and processor of a player to which nothing happens.

What this machine does not allow (mounts, namespaces) is named in `left_out`; exit code 77 where it
does not allow strace, without which nothing is killed where it matters. Exit code 1: something
damaged, older or expired was painted, an acknowledged turn was lost or doubled, a life was not
painting within 60 s, a download cost over 1.1 times its bytes, or the player is over its limits.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.bench import faults_line, faults_rot, faults_time
from tests.bench.faults_disks import CutDisk, tmpfs
from tests.bench.faults_life import BACK_S, Life
from tests.bench.faults_points import FAILING, Fates, Walk, shuffled
from tests.bench.faults_shop import Shop
from tests.bench.figures import Resting
from tests.fakes.server_peer import running_peer

SEED = 20_261_122
WORKERS = 4
"""Lives mostly wait."""
NICE = 3
REFETCH = 1.1
MEMORY_MIB = 80
CPU_PERCENT = 2.0
SHOWN = 8
NOT_HERE = 77
"""The exit code of what this machine does not allow to be measured."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of each."""

    kills: int = 500
    errors: int = 60
    cuts: int = 32
    rot_rounds: int = 1
    rot_pages: int = 24
    full: int = 2
    steps: int = 300
    film_mib: int = 24
    line_s: float = 5.0
    years: bool = True
    idle_s: float = 20.0
    parts: int = WORKERS
    """Players among which the points of a kind are divided."""


QUICK = Size(8, 3, 2, 0, 2, 0, 6, 0, 0, False, 2, 1)


@contextmanager
def walking(kind: str) -> Iterator[Walk]:
    """A player on a disk of its own."""
    shop = Shop()
    shop.change()
    with tempfile.TemporaryDirectory(prefix="enseigne-faults-") as name, running_peer(shop) as peer:
        folder = Path(name)
        if kind == "cut":
            disk = CutDisk(folder / "disk")
            disk.make()
            try:
                yield Walk(shop, peer, folder, disk)
            finally:
                disk.remove()
        elif kind == "full":
            with tmpfs(folder / "small", 8) as small:
                yield Walk(shop, peer, folder, data=small / "data")
        else:
            yield Walk(shop, peer, folder)


def walk(kind: str, many: int, part: tuple[int, int], seed: int) -> Fates:
    """`many` faults of a kind, from a part (which, of how many) of the points."""
    with walking(kind) as walked:
        which, parts = part
        points = shuffled(walked.record(), seed)[which::parts]
        if kind != "kill":
            points = [point for point in points if point.call in FAILING]
        for at, point in enumerate(islice(cycle(points), 4 * max(many, len(points)))):
            if many <= 0:
                break
            if kind == "fail":
                walked.fail(point, ("EIO", "ENOSPC")[at % 2], lasting=at % 4 > 1)
                many -= 1
            else:
                many -= walked.kill(point) if kind == "kill" else walked.cut(point)
        return walked.finish()


def rot(kind: str, many: int, seed: int) -> Fates:
    """Bits flipped, or a disk filled, so many times."""
    with walking(kind) as walked:
        walked.live()
        if kind == "full":
            walked.fates.disks_full = faults_rot.fill(walked, many)
        else:
            flip = faults_rot.rot_pages if kind == "pages" else faults_rot.rot_files
            walked.fates.bits_flipped = flip(walked, seed, many)
        fates = walked.finish()
    if kind == "pages":
        # The only copy of what no server had yet was damaged: nothing could bring that back.
        fates.plays_rotten, fates.plays_lost = fates.plays_lost, 0
    return fates


def offline(steps: int) -> dict[str, Any]:
    """Thirty days, over either DST night."""
    found: list[faults_time.Offline] = []
    for first in faults_time.DST if steps > QUICK.steps else faults_time.DST[:1]:
        with tempfile.TemporaryDirectory(prefix="enseigne-faults-") as name:
            found.append(faults_time.month(Path(name), first, steps))
    return {"months": [asdict(one) for one in found]}


def years() -> dict[str, Any]:
    """The wall clock a year off."""
    with tempfile.TemporaryDirectory(prefix="enseigne-faults-") as name:
        return {"years": asdict(faults_time.years(Path(name)))}


def refetch(mib: int, every_s: float) -> dict[str, Any]:
    """A film over a bad line."""
    with tempfile.TemporaryDirectory(prefix="enseigne-faults-") as name:
        cost = faults_line.download(Path(name), mib, every_s)
    return {"line": {**asdict(cost), "refetch": cost.ratio}}


def idle(seconds: float) -> dict[str, Any]:
    """A player that shows its plan while nothing changes."""
    with walking("idle") as walked:
        walked.live()
        life = Life(walked.peer.url, walked.data)
        walked.painted(life)
        time.sleep(min(10.0, seconds))
        resting = Resting(life.child.pid)
        time.sleep(seconds)
        found = resting.figures()
        life.end(signal.SIGTERM)
    return {"agent": {"first_frame_s": round(walked.fates.back_s[-1], 2), **found}}


def measure(size: Size, seed: int) -> dict[str, Any]:
    """All figures."""
    begun = time.monotonic()
    jobs: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = []
    for kind, many in (("kill", size.kills), ("fail", size.errors), ("cut", size.cuts)):
        shares = [many // size.parts + (it < many % size.parts) for it in range(size.parts)]
        jobs += [
            (kind, walk, (kind, share, (which, size.parts), seed))
            for which, share in enumerate(shares)
        ]
    jobs += [
        (kind, rot, (kind, many, seed))
        for kind, many in (
            ("files", size.rot_rounds),
            ("pages", size.rot_pages),
            ("full", size.full),
        )
        if many
    ]
    jobs.append(("offline", offline, (size.steps,)))
    jobs += [("years", years, ())] if size.years else []
    jobs += [("line", refetch, (size.film_mib, size.line_s))] if size.film_mib else []
    found: dict[str, Any] = {"left_out": {}}
    walked: list[tuple[str, Fates]] = []
    with ProcessPoolExecutor(WORKERS, initializer=os.nice, initargs=(NICE,)) as pool:
        running = [(kind, pool.submit(job, *arguments)) for kind, job, arguments in jobs]
        for kind, job in running:
            try:
                result = job.result()
            except (PermissionError, subprocess.CalledProcessError, FileNotFoundError) as why:
                found["left_out"][kind] = str(why)
                continue
            if isinstance(result, Fates):
                walked.append((kind, result))
            else:
                found |= result
    found |= _sum(walked) | idle(size.idle_s)
    found["seconds"] = round(time.monotonic() - begun, 1)
    found["load"] = os.getloadavg()[0]
    return found


def _sum(walked: list[tuple[str, Fates]]) -> dict[str, Any]:
    back = sorted(second for _, fates in walked for second in fates.back_s)
    ends: Counter[str] = Counter()
    for kind, fates in walked:
        ends.update({f"{kind}: {why}": many for why, many in fates.own_ends.items()})
        for what in (*fates.damaged[:SHOWN], *fates.never_back[:SHOWN]):
            print(f"{kind}: {what}", file=sys.stderr)
        if fates.plays_lost or fates.plays_doubled or fates.chain_breaks:
            told = fates.plays_lost, fates.plays_doubled, fates.chain_breaks
            print(f"{kind}: plays lost, doubled, chains broken: {told}", file=sys.stderr)

    def total(name: str) -> int:
        return sum(getattr(fates, name) for _, fates in walked)

    killed = [fates for kind, fates in walked if kind == "kill"]
    return {
        **{name: total(name) for name in ("lives", "kills", "errors")},
        "power_cuts": total("cuts"),
        **{name: total(name) for name in ("bits_flipped", "disks_full")},
        "points": len(set[Any]().union(*(fates.points for fates in killed))),
        "points_hit": len(set[Any]().union(*(fates.hit for fates in killed))),
        "looks": total("looks"),
        "prices_looked_at": total("prices"),
        "damaged_painted": sum(len(fates.damaged) for _, fates in walked),
        **{name: total(name) for name in ("plays", "plays_lost", "plays_doubled", "plays_rotten")},
        "chains_broken": sum(fates.chain_breaks for kind, fates in walked if kind != "pages"),
        "disks_broken": total("fsck"),
        "never_back": sum(len(fates.never_back) for _, fates in walked),
        "back_s": {
            "p50": round(back[len(back) // 2], 2),
            "p99": round(back[int(0.99 * (len(back) - 1))], 2),
            "max": round(back[-1], 2),
        },
        "own_ends": dict(ends),
    }


def broken(found: dict[str, Any]) -> list[str]:
    """The bars that do not hold."""
    zero = ("damaged_painted", "plays_lost", "plays_doubled", "chains_broken", "never_back")
    wrong = [name for name in zero if found[name]]
    if found["back_s"]["max"] > BACK_S:
        wrong.append("back_s")
    if found.get("line", {}).get("wrong") or found.get("line", {}).get("refetch", 0) > REFETCH:
        wrong.append("refetch")
    told = [*found.get("months", ()), found.get("years", {"wrong": []})]
    wrong += ["offline"] if any(one["wrong"] for one in told) else []
    agent = found["agent"]
    wrong += ["memory"] if agent["memory_mib"] > MEMORY_MIB else []
    wrong += ["cpu"] if agent["cpu_percent"] > CPU_PERCENT else []
    return wrong + ([] if found["kills"] and found["prices_looked_at"] else ["nothing was tried"])


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=Size().kills)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--quick", action="store_true", help="a bounded run, under half a minute")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = options.parse_args()
    size = QUICK if chosen.quick else Size(chosen.kills)
    found = measure(size, chosen.seed)
    found["broken"] = broken(found)
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    if "kill" in found["left_out"]:
        raise SystemExit(NOT_HERE)
    if found["broken"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
