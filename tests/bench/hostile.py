"""A hostile hour of the demo: `python -m tests.bench.hostile --minutes 60 --json`.

The whole demo runs; its shop changes one product's price every second, is down twice, and the
server is cut off from its screens twice (the door and the web process are stopped, so that nothing
answers and nothing is refused either). A real page behind the player agent shows the price; what
stands on it is noted with the time, and held, second by second, against the prices that the shop
had.

`equal`: seconds whose price the shop had within PROPAGATION_MS before. `free`: seconds without a
price. `lease`: seconds while shop or server were away, or had just come back, whose price the shop
had within the lease. `slow`: the same while all was well. `wrong`: all others. Exit code 1: some
second is wrong, or slow.
"""

from __future__ import annotations

import argparse
import bisect
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import psutil
import requests

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Override
from server.app import build_context
from server.config import Settings
from server.demo.chromium import Browser, Tab
from server.demo.run import Ports
from server.demo.screens import AGENT_SCREEN
from server.demo.smoke import SMOKE_SKU
from server.demo.wishes import SMOKE_PLAYLIST
from server.services.base.actors import SYSTEM
from server.services.wishes import overrides
from tests.support.programs import end, free_port

ROOT = Path(__file__).resolve().parents[2]
PROPAGATION_MS = 1_000
LEASE_MS = 120_000
BACK_MS = 60_000
"""A screen that can be reached again has the present price after at most so long."""
READY_S = 120.0
SHOWN = 5
QUICK_MINUTES = 0.5
FIRST_CENTS = 10_000
AWAY = (("shop", 0.20, 0.30), ("server", 0.42, 0.52), ("shop", 0.64, 0.70), ("server", 0.82, 0.88))
"""What is away from which part of the time to which."""
WATCH = """
(() => {
  const roots = (node) => [...node.querySelectorAll("*")].flatMap((one) =>
    one.shadowRoot ? [one.shadowRoot, ...roots(one.shadowRoot)] : []);
  const stands = (layer) => {
    const style = getComputedStyle(layer);
    return style.visibility === "visible" && Number(style.opacity) > 0;
  };
  window.noted = [];
  let last = "";
  setInterval(() => {
    const layers = roots(document).flatMap((root) => [...root.querySelectorAll(".lease")]);
    const prices = layers.filter(stands).flatMap((layer) => [...layer.querySelectorAll(".price")]);
    const said = prices.map((price) => price.textContent).join("|");
    if (said !== last) window.noted.push([Date.now(), said]);
    last = said;
  }, 40);
  return true;
})()
"""


def _cents(text: str) -> int:
    """What a painted price says: `119,90€`, `1 119€`."""
    whole, _, rest = re.sub(r"[^0-9,]", "", text).partition(",")
    return int(whole or 0) * 100 + int(rest or 0)


@dataclass(slots=True)
class Hour:
    """What the shop charged, from which instants (unix ms) on, and what the page said."""

    since: list[int] = field(default_factory=list)
    cents: list[int] = field(default_factory=list)
    away: list[tuple[int, int]] = field(default_factory=list)
    noted: list[tuple[int, str]] = field(default_factory=list)

    lease_ms: int = LEASE_MS

    def had(self, cents: int, from_ms: int, until_ms: int) -> bool:
        """Whether the shop charged it at some instant of a stretch."""
        first = max(0, bisect.bisect_right(self.since, from_ms) - 1)
        return cents in self.cents[first : bisect.bisect_right(self.since, until_ms)]

    def story(self, at: int) -> str:
        """What stood and what the shop charged about an instant."""
        noted = [one for one in self.noted if at - 6_000 <= one[0] <= at + 1_000]
        charged = [
            one for one in zip(self.since, self.cents, strict=True) if abs(one[0] - at) < 6_000
        ]
        away = [(begin - at, end - at) for begin, end in self.away]
        return f"noted {noted}, charged {charged}, away {away}"

    def verdict(self, at: int) -> str:
        """What the page showed at an instant."""
        place = bisect.bisect_right(self.noted, (at, "\uffff")) - 1
        texts = [text for text in self.noted[place][1].split("|") if text] if place >= 0 else []
        found = [_cents(text) for text in texts]
        if not found:
            return "free"
        if all(self.had(cents, at - PROPAGATION_MS, at) for cents in found):
            return "equal"
        if not all(self.had(cents, at - self.lease_ms, at) for cents in found):
            return "wrong"
        return "lease" if any(begin <= at < end for begin, end in self.away) else "slow"


def measure(minutes: float, seed: int, lease_ms: int) -> dict[str, Any]:
    """All figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-hour-")))
        demo = stack.enter_context(_demo(folder, lease_ms))
        hour = Hour(lease_ms=lease_ms)
        _set_price(demo.shop, hour, FIRST_CENTS)
        tab = stack.enter_context(Browser()).open(demo.player)
        stack.enter_context(_held_on_screen(demo.settings, minutes))
        _until(lambda: SMOKE_SKU in json.dumps(tab.evaluate("window.enseigne?.state()") or {}))
        tab.evaluate(WATCH)
        _until(lambda: tab.evaluate("window.noted.length"))
        begun = int(time.time() * 1000)
        _live(demo, hour, minutes, random.Random(seed), tab)
        until = int(time.time() * 1000) - PROPAGATION_MS
    told = {at: hour.verdict(at) for at in range(begun + 2_000, until, 1_000)}
    for verdict in ("wrong", "slow"):
        for at in [at for at, found in told.items() if found == verdict][:SHOWN]:
            print(f"{verdict} at {at}: {hour.story(at)}", file=sys.stderr)
    verdicts = Counter(told.values())
    seconds = verdicts.total()
    good = verdicts["equal"] + verdicts["free"]
    return {
        "seed": seed,
        "seconds": seconds,
        **{name: verdicts[name] for name in ("equal", "free", "lease", "slow", "wrong")},
        "equal_or_free": round(good / seconds, 4),
        "within_promise": round((good + verdicts["lease"]) / seconds, 4),
        "changes": len(hour.cents),
        "paints": len(hour.noted),
        "propagation_ms": PROPAGATION_MS,
        "lease_ms": lease_ms,
        "load": os.getloadavg()[0],
    }


@dataclass(frozen=True, slots=True)
class _Demo:
    process: psutil.Process
    settings: Settings
    shop: str
    player: str

    def parts(self, *names: str) -> list[psutil.Process]:
        """The demo's own processes of these names."""
        return [
            child
            for child in self.process.children(recursive=True)
            if any(name in child.cmdline()[-2:] for name in names)
        ]


@contextmanager
def _demo(folder: Path, lease_ms: int) -> Iterator[_Demo]:
    port = _row()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ENSEIGNE_LEASE_MS": str(lease_ms)}
    command = [sys.executable, "-m", "server.cli", "demo", "--no-browser", "--port", str(port)]
    with (folder / "demo.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            data = folder / ".enseigne" / "demo"
            log_file = folder / "demo.log"
            _until(lambda: b"Ctrl-C" in log_file.read_bytes())
            world = json.loads((data / "world.json").read_text())
            settings = Settings(data_dir=data, port=port, allow_private=True, _env_file=None)  # type: ignore[call-arg]
            said = re.search(rb"screen\s+(http\S+)", log_file.read_bytes())
            assert said is not None
            yield _Demo(psutil.Process(child.pid), settings, world["shop_url"], said[1].decode())
        finally:
            end(child)


@contextmanager
def _held_on_screen(settings: Settings, minutes: float) -> Iterator[None]:
    """One product's price on the window, as a store manager holds it by hand."""
    ctx = build_context(settings)
    now = ctx.clock()
    until = now + round((minutes + 5) * 60_000)
    held = Override(
        OverrideId(f"hour-{now}"),
        StoreId("lille"),
        "show",
        now,
        until,
        PlaylistId(SMOKE_PLAYLIST),
        screens=frozenset({ScreenId(AGENT_SCREEN)}),
    )
    overrides.create_override(ctx, SYSTEM, held)
    try:
        yield
    finally:
        ctx.db.close()


def _live(demo: _Demo, hour: Hour, minutes: float, dice: random.Random, tab: Tab) -> None:
    """The time itself: a change each second, and what is away."""
    begun, lasts = time.time(), minutes * 60
    plan = [(what, begun + lasts * first, begun + lasts * last) for what, first, last in AWAY]
    gone: set[int] = set()
    second = 0
    while time.time() < begun + lasts:
        for number, (what, first, last) in enumerate(plan):
            if number not in gone and first <= time.time() < last:
                gone.add(number)
                _away(demo, what)
                hour.away.append((round(first * 1000), round(last * 1000) + BACK_MS))
            elif number in gone and time.time() >= last:
                _back(demo, what)
                plan[number] = (what, float("inf"), float("inf"))
        cents = hour.cents[-1] + dice.choice((-1, 1)) * dice.randrange(1, 900)
        _set_price(demo.shop, hour, min(14_000, max(7_000, cents)))
        second += 1
        if second % 20 == 0:
            hour.noted += [(at, text) for at, text in tab.evaluate("window.noted.splice(0)")]
        time.sleep(max(0.0, begun + second - time.time()))
    for what, _first, last in plan:
        if last != float("inf"):
            _back(demo, what)
    hour.noted += [(at, text) for at, text in tab.evaluate("window.noted.splice(0)")]


def _away(demo: _Demo, what: str) -> None:
    if what == "shop":
        _shop(demo, "down")
    for child in demo.parts("web", "door") if what == "server" else ():
        child.send_signal(signal.SIGSTOP)


def _back(demo: _Demo, what: str) -> None:
    if what == "shop":
        _shop(demo, "none")
    for child in demo.parts("web", "door") if what == "server" else ():
        child.send_signal(signal.SIGCONT)


def _shop(demo: _Demo, mode: str) -> None:
    for action, body in (("break", {"mode": mode}), ("webhook", {"on": mode == "none"})):
        url = f"{demo.shop}/admin/{action}"
        requests.post(url, json=body, timeout=10).raise_for_status()


def _set_price(shop: str, hour: Hour, cents: int) -> None:
    """Change it in the shop: it is charged from some instant while the shop is asked."""
    hour.since.append(int(time.time() * 1000))
    hour.cents.append(cents)
    body = {"sku": SMOKE_SKU, "price": f"{cents // 100}.{cents % 100:02d}"}
    requests.post(f"{shop}/admin/price", json=body, timeout=10).raise_for_status()


def _row() -> int:
    """The first of as many ports in a row as the demo takes, free a moment ago."""
    while True:
        first = free_port()
        try:
            with ExitStack() as held:
                for port in range(first, first + len(fields(Ports))):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
        except (OSError, OverflowError):
            continue


def _until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + READY_S
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {READY_S:g} s in vain.")
        time.sleep(0.1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--lease-s", type=float, default=LEASE_MS / 1000)
    options.add_argument("--seed", type=int, default=20_261_122)
    options.add_argument("--quick", action="store_true", help="under a minute")
    options.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = options.parse_args(arguments)
    minutes = QUICK_MINUTES if chosen.quick else chosen.minutes
    found = measure(minutes, chosen.seed, round(chosen.lease_s * 1000))
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    if found["wrong"] or found["slow"] or not found["equal"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
