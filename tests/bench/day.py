"""A screen's day in a real Chromium: `python -m tests.bench.day --hours 24 --json`.

Pictures, films and offers take turns on the product's own Screen, whose clock runs at its natural
pace around every change and leaps over the rest of a slot (films play whole). In a second window of
the same browser an empty page counts its frames at the same time. Before the day as many changes
are hurried through as a screen of 15-second slots makes in its first hour: they fill what the
browser keeps of any page (machine code, 250 timing entries), which is no growth of ours.

`gap_ms`: the longest wait between two frames around a change, beyond what the empty page waited at
most in that while, by what came and how. `black_frames`: of the presented frames around a film
that follows a film, those without light. `heap_growth`: of the page's script heap after a
collection, from the end of the day's first hour to that of its last (1.05 is five percent more).
`agent`: memory and share of a core of a player agent beside it to which nothing happens. Exit code
1: a cut with a gap over 100 ms at p99, a black frame, a heap grown by 5 %, an agent over 80 MB or
2 % of a core, or a fault.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import CDPSession, Page, sync_playwright

from playlists.ids import Sha256, sha256
from playlists.manifest import DeckCard
from playlists.wire.offers import offer_to_json
from tests.bench.figures import Resting, spread
from tests.e2e.stage.looking import ROOT, RepositoryPages, screencast
from tests.fakes.server_peer import running_peer
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import BOOT, DAY_MS, HOUR_MS, NOON, boot_offer, card, content, loop
from tests.player.life import paired_life
from tests.support.programs import CHROMIUM_FLAGS, need

LONG_MS = 900_000
FILM_MS = 4_000
GAP_MS = 100
MAX_GROWTH = 1.05
AGENT_MIB, AGENT_PERCENT = 80, 2.0
BRIEF_HOURS = 0.98
FIRST_CHANGES, BRIEF_CHANGES = 240, 14
LOOK_S = 5
DARK = 16
SIZE = {"width": 1280, "height": 720}
EMPTY = """() => {
  window.waits = [];
  let last = performance.now();
  const frame = (at) => {
    window.waits.push([performance.timeOrigin + at, at - last]);
    last = at;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


def film(folder: Path, name: str, hue: str) -> bytes:
    """A bright film of FILM_MS, as the server's renditions are coded."""
    path = folder / f"{name}.mp4"
    source = f"color={hue}:size=1280x720:rate=25:duration={FILM_MS / 1000},noise=alls=12:allf=t"
    coded = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
    command = [need("ffmpeg"), "-nostdin", "-v", "error", "-f", "lavfi", "-i", source, *coded]
    subprocess.run([*command, "-movflags", "+faststart", str(path)], check=True)
    return path.read_bytes()


def picture(colour: tuple[int, int, int]) -> bytes:
    """A full-HD picture with something in it to decode."""
    data = io.BytesIO()
    noise = Image.effect_noise((1920, 1080), 40)
    Image.merge("RGB", [noise.point(lambda v, c=c: (v + c) // 2) for c in colour]).save(
        data, "JPEG"
    )
    return data.getvalue()


def day_of(files: dict[Sha256, bytes], folder: Path) -> list[tuple[DeckCard, int]]:
    """The turns: cut and faded pictures and offers, film after film; the files go to `files`."""

    def held(data: bytes) -> tuple[Sha256, ...]:
        files[sha256(data)] = data
        return (sha256(data),)

    def one(template: str, data: bytes, transition: str) -> DeckCard:
        return DeckCard(template, {"transition": transition}, (), assets=held(data))

    offer = card("Bottes", sku=BOOT, picture=held(picture((240, 230, 200)))[0])
    red, blue = film(folder, "red", "orangered"), film(folder, "blue", "deepskyblue")
    return [
        (one("image", picture((230, 120, 90)), "cut"), LONG_MS),
        (one("image", picture((90, 160, 230)), "cut"), LONG_MS),
        (offer, LONG_MS),
        (one("video", red, "cut"), FILM_MS),
        (one("video", blue, "cut"), FILM_MS),
        (one("video", red, "fade"), FILM_MS),
        (one("image", picture((120, 200, 120)), "fade"), LONG_MS),
    ]


@contextmanager
def served(made: Path) -> Iterator[str]:
    """The working tree over HTTP, and what lies in `made` at /made/<name>."""
    made.mkdir()

    class Pages(RepositoryPages):
        def translate_path(self, path: str) -> str:
            name = path.removeprefix("/made/")
            return str(made / name) if name != path else super().translate_path(path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(ROOT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def begin(page: Page, base: str, folder: Path) -> None:
    """Build the day's Screen in the page."""
    files: dict[Sha256, bytes] = {}
    made = loop(day_of(files, folder), first_day_ms=NOON - NOON % DAY_MS, days=5)
    for address, data in files.items():
        (folder / "made" / address).write_bytes(data)
    bodies = {address: json.loads(data) for address, data in made.objects.items()}
    manifest = bodies[made.manifest]
    page.goto(f"{base}/empty")
    # From blobs films can be sought, as from the agent.
    page.evaluate(
        """async ([plan, names, from, offer]) => {
          const { begin } = await import("/tests/bench/day.js");
          const files = {};
          for (const name of names) {
            files[name] = URL.createObjectURL(await (await fetch(`/made/${name}`)).blob());
          }
          begin({ plan, files, from, offer });
        }""",
        [
            {
                "manifest": manifest,
                "deck": bodies[manifest["deck"]],
                "chunks": {day[3]: bodies[day[3]] for day in manifest["days"]},
            },
            list(files),
            NOON - NOON % DAY_MS + 1_000,
            offer_to_json(boot_offer()),
        ],
    )


@dataclass(slots=True)
class Glass:
    """Presented frames of a page, for as long as it is asked to look."""

    page: Page
    frames: int = 0
    black: int = 0
    _open: ExitStack | None = None
    _seen: list[tuple[float, bytes]] = field(default_factory=list)

    def look(self, wanted: bool) -> None:
        """Begin, or end and count."""
        if wanted:
            self._open = ExitStack()
            small = {"maxWidth": 64, "maxHeight": 36}
            self._seen = self._open.enter_context(screencast(self.page, format="jpeg", **small))
        elif self._open is not None:
            self._open.close()
            for _, data in self._seen:
                lightest = Image.open(io.BytesIO(data)).convert("L").getextrema()[1]
                self.black += lightest < DARK  # type: ignore[operator]
            self.frames += len(self._seen)


def heap(session: CDPSession) -> int:
    """Bytes of script heap in use after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Runtime.getHeapUsage")["usedSize"])


def measure(hours: float, first_changes: int) -> dict[str, Any]:
    """All figures, of so many hours after so many hurried changes."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-day-")))
        agent = stack.enter_context(_idle_agent(folder / "player"))
        base = stack.enter_context(served(folder / "made"))
        driver = stack.enter_context(sync_playwright())
        browser = driver.chromium.launch(
            executable_path=need("chromium"), args=list(CHROMIUM_FLAGS)
        )
        stack.callback(browser.close)
        empty, page = (browser.new_context(viewport=SIZE).new_page() for _ in range(2))  # type: ignore[arg-type]
        empty.goto(f"{base}/empty")
        begin(page, base, folder)
        session = page.context.new_cdp_session(page)
        glass = Glass(page)
        page.wait_for_function(f"window.changes() >= {first_changes}", timeout=0, polling=200)
        page.wait_for_function("window.calm()")
        empty.evaluate(EMPTY)
        began = page.evaluate("window.look().now")
        found = _live(page, empty, session, glass, began, hours)
        found["agent"] = agent.figures()
    return {**found, "load": round(os.getloadavg()[0], 1)}


def _live(
    page: Page, empty: Page, session: CDPSession, glass: Glass, began: int, hours: float
) -> dict[str, Any]:
    waits: list[tuple[float, float]] = []
    gaps: dict[str, list[float]] = {}
    heaps = [heap(session)]
    faults: list[str] = []
    looking, lived, told = False, 0.0, {}
    while lived < hours:
        page.wait_for_timeout(LOOK_S * 1000)
        told = page.evaluate("window.look()")
        waits += [(at, wait) for at, wait in empty.evaluate("window.waits.splice(0)")]
        faults += told["faults"]
        lived = (told["now"] - began) / HOUR_MS
        for gap in told["gaps"]:
            calm = max((w for at, w in waits if gap["from"] <= at <= gap["until"]), default=0.0)
            if not looking:
                gaps.setdefault(gap["to"], []).append(max(0.0, gap["worst"] - calm))
        waits = waits[-600 * LOOK_S :]
        films = told["state"]["template"] == "video"
        if films != looking:
            looking = films
            glass.look(films)
        if lived >= len(heaps):
            heaps.append(heap(session))
    glass.look(False)
    heaps.append(heap(session))
    after = heaps[1] if len(heaps) > 2 else heaps[0]
    return {
        "hours": round(lived, 1),
        "changes": told["changes"],
        "prices_painted": told["prices"],
        "gap_ms": {kind: {**spread(it), "changes": len(it)} for kind, it in gaps.items()},
        "frames_of_films": glass.frames,
        "black_frames": glass.black,
        "heaps_mb": [round(one / 1e6, 2) for one in heaps],
        "heap_growth": round(heaps[-1] / after, 3),
        "faults": faults[:5],
    }


@contextmanager
def _idle_agent(data: Path) -> Iterator[Resting]:
    """A paired player to which nothing happens."""
    sim = Sim(lambda: time.time_ns() // 1_000_000)
    sim.publish(content("Pluvier"))
    sim.price(boot_offer())
    sim.renew()
    with running_peer(sim) as peer:
        life = paired_life(peer, data)
        try:
            yield Resting(life.child.pid)
        finally:
            life.kill()


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hours", type=float, default=24, help="simulated; half a minute each")
    options.add_argument("--brief", action="store_true", help="one round, half a minute")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = options.parse_args(arguments)
    hours, first = (BRIEF_HOURS, BRIEF_CHANGES) if chosen.brief else (chosen.hours, FIRST_CHANGES)
    found = measure(hours, first)
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    wrong = [f"a fault: {fault}" for fault in found["faults"]]
    if found["black_frames"]:
        wrong.append(f"{found['black_frames']} black frames")
    if not chosen.brief:
        cuts = {kind: it for kind, it in found["gap_ms"].items() if kind.endswith("_cut")}
        wrong += [f"gaps at {kind}" for kind, it in cuts.items() if it["p99"] > GAP_MS]
        wrong += ["the heap grows"] if found["heap_growth"] > MAX_GROWTH else []
        agent = found["agent"]
        over = agent["memory_mib"] > AGENT_MIB or agent["cpu_percent"] > AGENT_PERCENT
        wrong += ["the agent"] if over else []
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
