"""How a long feed is taken: `python -m tests.bench.feed --rows 200000 --json`.

A shop in a process of its own serves a Merchant Center feed over HTTP. Each time a fresh process
asks for it as the worker does and takes it: first all of it (`first_s`); then the same again
(`unchanged_s`); then with one price in a hundred another, and a few rows new or gone (`changed_s`).
`seconds` is the longer of the last two, the fetch included, `cpu_s` the processor's time in it;
`peak_mb` the most memory that one of the three processes ever held, `bare_mb` what one holds before
it begins, its modules loaded. `writes_unchanged` are rows of products, prices, offers and digests
that the second reading wrote, counted by triggers in the database (`kept_unchanged`: all others,
the connector's own and its channels' leases, a fixed number); `wrong` are offers that in the end
say anything but the feed.

Then a shop calls 5,000 times a minute of simulated time, with repeats and calls out of order, for
`--minutes`, an hour unless said otherwise: each call is taken in earnest, as many at once as the
web process answers. `lost` counts SKUs whose offer is not the shop's last word, and accepted prices
that are no row of the ledger; `calls_per_s` is how many were taken a second, `calls_cpu_ms` the
processor's time for each.

Prints one line of JSON with --json; fails where anything is wrong, lost or written for nothing, and
judges no other figure.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SEED = 4
SHARE = 0.01
ROWS = {"product", "ledger", "offer", "past_offer", "listed", "dirty", "fact", "held_batch"}
"""Tables that hold a row for a product, or for what became of one."""
CALLS_PER_MINUTE = 5_000
QUICK_GOODS = 30
"""So few that each is called about often enough for its history to be folded."""


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(description="Measure a long feed and many calls.")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--stores", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="of simulated calls")
    parser.add_argument(
        "--quick", action="store_true", help="10,000 rows, and 600 calls about few goods"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--read", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(Path(options.read))))
        return
    rows, minutes = (10_000, 0.12) if options.quick else (options.rows, options.minutes)
    from tests.bench import feed_calls

    goods = QUICK_GOODS if options.quick else feed_calls.GOODS
    with tempfile.TemporaryDirectory(prefix="enseigne-bench-") as folder:
        figures = measure(Path(folder), rows, options.stores)
        calls = round(minutes * CALLS_PER_MINUTE)
        figures |= feed_calls.measure(Path(folder) / "calls", calls, CALLS_PER_MINUTE, goods)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")
    if figures["wrong"] or figures["lost"] or figures["writes_unchanged"]:
        sys.exit("The record does not say what the shop said, or was written for nothing.")


def measure(folder: Path, rows: int, stores: int) -> dict[str, Any]:
    """All figures of a feed of so many rows in so many stores."""
    from tests.bench import feed_record, feed_shop

    with running_shop(folder) as url:
        feed = folder / "feed.xml"
        feed_shop.write(feed, feed_shop.goods(rows, SEED))
        ctx = feed_record.make(folder, url, stores)
        first = in_a_process(folder)
        feed_record.count_writes(ctx)
        again = in_a_process(folder)
        written = feed_record.written(ctx)
        feed_shop.write(feed, feed_shop.moved(rows, SEED, SHARE))
        changed = in_a_process(folder)
        wrong = feed_record.wrong(ctx, feed_shop.moved(rows, SEED, SHARE), stores)
        ctx.db.close()
        megabytes = round(feed.stat().st_size / 1_000_000, 1)
    return {
        "rows": rows,
        "feed_mb": megabytes,
        "seconds": max(again["seconds"], changed["seconds"]),
        "first_s": first["seconds"],
        "unchanged_s": again["seconds"],
        "changed_s": changed["seconds"],
        "cpu_s": max(again["cpu_s"], changed["cpu_s"]),
        "prices_changed": changed["prices"],
        "peak_mb": max(one["peak_mb"] for one in (first, again, changed)),
        "peaks_mb": [one["peak_mb"] for one in (first, again, changed)],
        "bare_mb": first["bare_mb"],
        "writes_unchanged": sum(many for name, many in written.items() if name in ROWS),
        "kept_unchanged": {name: many for name, many in written.items() if name not in ROWS},
        "wrong": wrong,
    }


@contextmanager
def running_shop(folder: Path) -> Iterator[str]:
    """The shop, and where its feed is."""
    from tests.support.programs import end

    command = [sys.executable, "-m", "tests.bench.feed_shop", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/feed.xml"
    finally:
        end(process)


def in_a_process(folder: Path) -> dict[str, Any]:
    """Read the feed in a process that did nothing before."""
    command = [sys.executable, "-m", "tests.bench.feed", "--read", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment(folder))
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def environment(folder: Path) -> dict[str, str]:
    """For a server whose record lies in a folder, and whose shop at a private address."""
    return os.environ | {"ENSEIGNE_DATA_DIR": str(folder), "ENSEIGNE_ALLOW_PRIVATE": "true"}


def read(folder: Path) -> dict[str, Any]:
    """Ask the shop as the worker does, and take what it answers."""
    from server.app import now_ms
    from server.config import Settings
    from server.db.engine import Database
    from server.services.base.context import Context
    from server.services.base.keys import load_keys
    from server.services.connectors import run_due

    settings = Settings(data_dir=folder)
    keys = load_keys(folder / "keys", now_ms())
    ctx = Context(Database(settings.db_url), settings, now_ms, keys, lambda: None)
    bare = peak_mb()
    began, busy = time.perf_counter(), time.process_time()
    (ran,) = run_due(ctx)
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    if ran.error or ran.taken is None or ran.taken.held:
        sys.exit(f"The feed was not taken: {ran}")
    ctx.db.close()
    return {
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu, 2),
        "prices": ran.taken.prices,
        "bare_mb": bare,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The most memory that this process ever held, in MB. Not getrusage: a child counts in what its
    parent held when it was begun.
    """
    status = Path("/proc/self/status").read_text()
    (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(kib) * 1024 / 1_000_000, 1)


if __name__ == "__main__":
    main()
