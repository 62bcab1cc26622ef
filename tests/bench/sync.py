"""Two screens, one picture: `python -m tests.bench.sync --json`.

Two player agents, each with its own data, its own server's clock and its own Chromium, play one
manifest of plain pictures. Every frame that the browsers present is looked at (DevTools
Page.startScreencast, whose timestamps are of one machine's clock): a slot has started on a page
with the first frame that is nearer to its picture than to the one before. In the middle the second
page is loaded anew, so that it joins late.

`start_offset_ms`: how far apart the two pages started a slot, for cuts and for fades.
`against_plan_ms`: how long after the planned instant a page started it by a cut. Exit code 1:
p99 over 25 ms for cuts or 50 ms for fades, or a slot that one page left out; of a few slots
(`--brief`) one late frame says nothing, so the median is judged.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Playwright, sync_playwright

from playlists.ids import Sha256
from playlists.manifest import DeckCard
from tests.bench.figures import spread
from tests.e2e.stage.looking import screencast
from tests.fakes.server_peer import Peer, running_peer
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import DAY_MS, Content, loop
from tests.player.life import paired_life
from tests.support.programs import CHROMIUM_FLAGS, need

COLOURS = ((230, 60, 40), (30, 90, 220), (240, 200, 30), (30, 160, 80))
SLOT_MS = {"cut": 2_000, "fade": 2_400}
MOST_MS = {"cut": 25, "fade": 50}
SLOTS = 150
BRIEF_SLOTS = 4
FRAME = {"maxWidth": 96, "maxHeight": 54}
ALIKE = 12
"""How far, of 255, a colour may lie from a picture's once it went through a JPEG."""
HALF = 0.5
SETTLE_S = 3.0


def wall_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Watched:
    """One page, and the frames that it presented: unix ms and the encoded picture."""

    page: Page
    seen: list[tuple[float, bytes]]
    joined: float = 0
    """When it was loaded anew."""

    def frames(self, since: float) -> list[tuple[float, Sequence[int]]]:
        """Those from an instant on (unix ms), and their mean colour."""
        found = []
        for at, data in self.seen:
            if at >= since:
                picture = Image.open(io.BytesIO(data)).convert("RGB")
                colour = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
                assert isinstance(colour, tuple)
                found.append((at, colour))
        return found

    def starts(self, slot_ms: int, since: float) -> dict[int, float]:
        """When each slot, counted from the epoch, was first nearer on the glass than the one
        before.
        """
        found: dict[int, float] = {}
        shown: int | None = None
        last = since
        for at, colour in self.frames(since):
            if last < self.joined <= at:
                shown = None
            last = at
            if shown is None:
                shown = _same(colour)
                continue
            coming = (shown + 1) % len(COLOURS)
            if _way(colour, COLOURS[shown], COLOURS[coming]) > HALF:
                number = round(at / slot_ms)
                # The planned number with this picture that is closest.
                found.setdefault(number + (coming - number + 2) % len(COLOURS) - 2, at)
                shown = coming
        return found


def _same(colour: Sequence[int]) -> int | None:
    """Which picture a colour is, if it is one."""
    for number, one in enumerate(COLOURS):
        if all(abs(a - b) <= ALIKE for a, b in zip(colour, one, strict=True)):
            return number
    return None


def _way(colour: Sequence[int], before: Sequence[int], after: Sequence[int]) -> float:
    """How far a colour has come from one to another, 0 to 1."""
    steps = [b - a for a, b in zip(before, after, strict=True)]
    gone = sum((c - a) * step for c, a, step in zip(colour, before, steps, strict=True))
    return gone / sum(step * step for step in steps)


def pictures(sims: Sequence[Sim]) -> list[Sha256]:
    """The pictures, held by every server."""
    found = []
    for colour in COLOURS:
        data = io.BytesIO()
        Image.new("RGB", (640, 360), colour).save(data, "PNG")
        found += [sim.add_asset(data.getvalue()) for sim in sims][:1]
    return found


def made_of(addresses: Sequence[Sha256], transition: str) -> Content:
    """A day that repeats the pictures."""
    cards = [
        DeckCard("image", {"fit": "cover", "transition": transition}, (), assets=(address,))
        for address in addresses
    ]
    today = wall_ms() - wall_ms() % DAY_MS
    return loop([(card, SLOT_MS[transition]) for card in cards], first_day_ms=today - DAY_MS)


@contextmanager
def two_screens(driver: Playwright, folder: Path) -> Iterator[tuple[list[Peer], list[Watched]]]:
    """Two servers, two agents, two browsers; the pages are open once both agents have a plan."""
    with ExitStack() as stack:
        sims = [Sim(wall_ms) for _ in range(2)]
        peers, watched = [], []
        addresses = pictures(sims)
        for number, sim in enumerate(sims):
            sim.publish(made_of(addresses, "cut"))
            sim.renew()
            peers.append(stack.enter_context(running_peer(sim)))
            agent = paired_life(peers[-1], folder / str(number))
            stack.callback(agent.kill)
            browser = driver.chromium.launch(
                executable_path=need("chromium"), args=list(CHROMIUM_FLAGS)
            )
            stack.callback(browser.close)
            page = browser.new_page(viewport={"width": 640, "height": 360})
            page.goto(agent.url)
            seen = stack.enter_context(screencast(page, format="jpeg", quality=80, **FRAME))
            watched.append(Watched(page, seen))
        yield peers, watched


def measure(slots: int) -> dict[str, Any]:
    """All figures."""
    with (
        tempfile.TemporaryDirectory(prefix="ens-sync-") as folder,
        sync_playwright() as driver,
        two_screens(driver, Path(folder)) as (peers, watched),
    ):
        found = {"cut": _phase(watched, "cut", slots, join_late=True)}
        for peer in peers:
            peer.push("head", peer.sim.publish(made_of(list(peer.sim.assets), "fade")))
        found["fade"] = _phase(watched, "fade", slots, join_late=False)
        faults = [one.page.evaluate("window.enseigne.faults().map(String)") for one in watched]
        unsure = [it.uncertainty_ms or 0 for peer in peers for it in peer.sim.reports[-1:]]
    offsets = {kind: phase["apart"] for kind, phase in found.items()}
    return {
        "start_offset_ms": spread(offsets["cut"]),
        "fade_offset_ms": spread(offsets["fade"]),
        "against_plan_ms": spread(found["cut"]["late"]),
        "slots": {kind: len(values) for kind, values in offsets.items()},
        "left_out": sum(phase["left_out"] for phase in found.values()),
        "late_join_offset_ms": found["cut"]["joined"],
        "clock_uncertainty_ms": max(unsure, default=None),
        "faults": [fault for page in faults for fault in page],
        "load": round(os.getloadavg()[0], 1),
    }


def _phase(watched: Sequence[Watched], kind: str, slots: int, *, join_late: bool) -> dict[str, Any]:
    slot_ms = SLOT_MS[kind]
    first, second = watched
    first.page.wait_for_timeout(SETTLE_S * 1000)
    since = time.time() * 1000
    first.page.wait_for_timeout(slots * slot_ms / 2)
    if join_late:
        second.page.reload()
        second.joined = time.time() * 1000
    first.page.wait_for_timeout(slots * slot_ms / 2 + slot_ms)
    until = time.time() * 1000 - slot_ms
    here, there = (one.starts(slot_ms, since) for one in watched)
    wanted = [number for number in range(min(here), max(here) + 1) if number * slot_ms < until]
    joins = [number for number, at in there.items() if join_late and at > second.joined]
    if joins:
        # While it was loaded anew a page has no slot before to tell a start by.
        blind = range(int(second.joined // slot_ms), min(joins))
        wanted = [number for number in wanted if number not in blind]
    both = [number for number in wanted if number in here and number in there]
    return {
        "apart": [abs(here[number] - there[number]) for number in both],
        "late": [at[number] - number * slot_ms for number in both for at in (here, there)],
        "left_out": len(wanted) - len(both),
        "joined": round(abs(here[joins[0]] - there[joins[0]]), 1) if joins else None,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--slots", type=int, default=SLOTS, help="of each kind of change")
    options.add_argument("--brief", action="store_true", help="half a minute")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = options.parse_args(arguments)
    found = measure(BRIEF_SLOTS if chosen.brief else chosen.slots)
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    part = "p50" if chosen.brief else "p99"
    late = [
        name
        for name, most in (("start_offset_ms", MOST_MS["cut"]), ("fade_offset_ms", MOST_MS["fade"]))
        if found[name][part] > most
    ]
    if late or found["left_out"]:
        raise SystemExit(f"Not one picture: {late or found['left_out']}")


if __name__ == "__main__":
    main()
