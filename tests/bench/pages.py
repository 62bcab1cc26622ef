"""How fast every page of the studio is: `python -m tests.bench.pages --screens 10000 --json`.

A record of 500 stores, 2,000 files, 500 campaigns, 200 playlists and 5,000 products is written in
bulk and published by the real worker; the real web and door serve it. Each address that the
application knows (pages_addresses) is asked for over HTTP: `p95_ms` over ROUNDS answers of a warm
process, `queries` as the database counts them for one, `fcp_ms` the first contentful paint in
Chromium, the median of PAINTS loads (null for parts of pages). A page over a floor is measured
again, AGAIN times at most, and the best counts: on a busy machine other work is in every figure
(`load` is the machine's 1-minute load at the end). Exit code 1: a floor is broken, or a page could
not be opened. With --quick the chain is small.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from server.app import build_context, create_app, prepare, set_up_logs
from server.config import Settings
from server.db.models import ScreenHeadRow
from server.services.base.context import Context
from server.services.entry import people, sessions
from tests.bench.figures import percentile
from tests.bench.pages_addresses import Address, addresses
from tests.bench.pages_chain import (
    Sizes,
    seed_people,
    seed_places,
    seed_shop,
)
from tests.bench.pages_paint import Browser
from tests.bench.pages_samples import samples_of
from tests.bench.pages_wishes import seed_wishes
from tests.support.programs import end, free_port

FLOOR_P95_MS = 200.0
FLOOR_FCP_MS = 1000.0
ROUNDS = 20
PAINTS, QUICK_PAINTS = 3, 1
AGAIN = 2
WARM = 3
PUBLISHED_S = 900.0
ANSWER_S = 60.0
ROOT = Path(__file__).parents[2]
QUICK = Sizes(
    stores=20,
    screens=100,
    products=200,
    assets=100,
    playlists=20,
    campaigns=20,
    people=20,
    audit=500,
)


def sizes_of(screens: int) -> Sizes:
    """The chain that is measured."""
    return Sizes(
        stores=min(500, screens),
        screens=screens,
        products=5_000,
        assets=2_000,
        playlists=200,
        campaigns=500,
        people=300,
        audit=50_000,
    )


class Studio:
    """The processes around a large record, and the owner in it."""

    def __init__(self, folder: Path, sizes: Sizes, stack: ExitStack) -> None:
        self._folder, self._stack, self._sizes = folder, stack, sizes
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._env = {
            "ENSEIGNE_DATA_DIR": str(folder),
            "ENSEIGNE_PORT": str(free_port()),
            "ENSEIGNE_DOOR_PORT": str(free_port()),
            "ENSEIGNE_REPORT_EVERY_S": "86400",
            "ENSEIGNE_LOG_LEVEL": "warning",
        }
        os.environ.update(self._env)
        settings = Settings()
        set_up_logs(settings)
        prepare(settings, say=None)
        self.ctx = build_context(settings)
        stack.callback(self.ctx.db.close)
        for seed in (seed_places, seed_shop, seed_wishes, seed_people):
            seed(self.ctx, sizes)
        secret = people.owner_link(self.ctx).rpartition("/")[2]
        signed_in = people.redeem_owner_link(self.ctx, secret)
        self.cookie = (sessions.COOKIE, sessions.seal(self.ctx, signed_in.secret))
        self.url = settings.url

    def publish(self) -> float:
        """Run the worker until every screen has its plan; seconds."""
        begun = time.monotonic()
        self._run("worker")
        self._wait(self._published, "the plans")
        return time.monotonic() - begun

    def serve(self) -> None:
        """Run web and door."""
        self._run("door")
        self._run("web")
        self._wait(self._answers, "the studio")

    def client(self) -> FlaskClient:
        """A browser in this process, on the same record."""
        client = create_app(self.ctx).test_client()
        client.set_cookie(*self.cookie)
        return client

    def _run(self, part: str) -> None:
        log = self._stack.enter_context((self._folder / f"{part}.log").open("wb"))
        command = [sys.executable, "-m", "server.cli", part]
        child = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self._stack.callback(end, child)
        self._children[part] = child

    def said(self, part: str = "web") -> str:
        """The last words of a process."""
        return (self._folder / f"{part}.log").read_text(errors="replace")[-3000:]

    def _published(self) -> bool:
        with self.ctx.db.read() as session:
            heads = session.scalar(select(func.count()).select_from(ScreenHeadRow))
        return heads == self._sizes.screens

    def _answers(self) -> bool:
        try:
            return Asker(self).ask("/sign-in") > 0
        except OSError:
            return False

    def _wait(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PUBLISHED_S
        while not true():
            if time.monotonic() > deadline:
                raise SystemExit(f"Waited in vain for {what}.")
            for part, child in self._children.items():
                if child.poll() is not None:
                    raise SystemExit(f"The {part} has ended.\n{self.said(part)}")
            time.sleep(0.3)


class Asker:
    """One connection that asks the web process as the owner."""

    def __init__(self, studio: Studio) -> None:
        address = urlsplit(studio.url)
        self._studio = studio
        self._link = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=ANSWER_S
        )
        self._headers = {"Cookie": "=".join(studio.cookie), "Accept-Language": "en"}

    def ask(self, path: str) -> float:
        """Milliseconds until the whole answer is here."""
        begun = time.perf_counter()
        self._link.request("GET", path, headers=self._headers)
        answer = self._link.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"{path} answered {answer.status}.\n{self._studio.said()}")
        return (time.perf_counter() - begun) * 1000

    def p95_ms(self, path: str) -> float:
        """Over ROUNDS answers, after some to warm up."""
        for _ in range(WARM):
            self.ask(path)
        return percentile([self.ask(path) for _ in range(ROUNDS)], 0.95)


def queries_of(ctx: Context, client: FlaskClient, path: str) -> int:
    """How many statements one page takes of the database."""
    count = 0

    def note(*_args: object) -> None:
        nonlocal count
        count += 1

    event.listen(ctx.db.engine, "before_cursor_execute", note)
    try:
        client.get(path)
    finally:
        event.remove(ctx.db.engine, "before_cursor_execute", note)
    return count


def measure(sizes: Sizes, paints: int, only: str) -> dict[str, Any]:
    """All figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-bench-")))
        begun = time.monotonic()
        studio = Studio(folder, sizes, stack)
        seeded_s = time.monotonic() - begun
        published_s = studio.publish()
        studio.serve()
        client = studio.client()
        found = addresses(client.application, client, samples_of(studio.ctx))
        asker = Asker(studio)
        browser = Browser(studio.url, studio.cookie)
        stack.callback(browser.close)
        wanted = [one for one in found.addresses if only in one.name]
        pages = {}
        for one in wanted:
            pages[one.name] = page = _page(one, asker, browser, paints)
            page["queries"] = queries_of(studio.ctx, client, one.path)
            print(f"{one.name:60} {page}", file=sys.stderr)
    return {
        "pages": pages,
        "closed": found.closed,
        "broken": sorted(name for name, page in pages.items() if is_broken(page)),
        "seeded_s": round(seeded_s, 1),
        "published_s": round(published_s, 1),
        "load": os.getloadavg()[0],
    }


def _page(one: Address, asker: Asker, browser: Browser, paints: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for _ in range(1 + AGAIN):
        p95 = asker.p95_ms(one.path)
        fcp = browser.first_paint_ms(one.path, paints) if one.whole else None
        figures["p95_ms"] = round(min(p95, figures.get("p95_ms", p95)), 1)
        figures["fcp_ms"] = None if fcp is None else round(min(fcp, figures.get("fcp_ms", fcp)))
        if not is_broken(figures):
            break
    return figures


def is_broken(page: dict[str, Any]) -> bool:
    """Whether a page is under a floor."""
    return page["p95_ms"] >= FLOOR_P95_MS or (page["fcp_ms"] or 0) >= FLOOR_FCP_MS


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--screens", type=int, default=10_000)
    options.add_argument("--quick", action="store_true", help="a small chain, in a minute")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    options.add_argument("--only", default="", help="addresses with this in them")
    chosen = options.parse_args()
    sizes = QUICK if chosen.quick else sizes_of(chosen.screens)
    found = measure(sizes, QUICK_PAINTS if chosen.quick else PAINTS, chosen.only)
    if chosen.json:
        print(json.dumps(found))
    else:
        for name, page in found["pages"].items():
            print(f"{name:64}  {page}")
    if found["broken"] or found["closed"]:
        raise SystemExit(f"Under the floors: {found['broken']}; not opened: {found['closed']}")


if __name__ == "__main__":
    main()
