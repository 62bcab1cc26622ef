"""How soon a page that is in trouble is replaced: `python -m tests.bench.kiosk --rounds 20 --json`.

A paired player, the kiosk and a real Chromium. Each round, one after the other: its page crashes or
hangs in an endless loop; the process of the page, of the drawing or of the browser stands still
(SIGSTOP); the browser is killed; the page swells beyond its ceiling. `back_s`: from then until
another browser shows a card of the plan. `first_card_s`: from the start of the player to its first
card. Exit code 1: a page was replaced only after LIMIT_S, or the first card came after FIRST_S.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from player.config import read_config
from player.display.devtools import Browser, NoAnswer
from player.display.kiosk import Kiosk
from player.display.view import View
from player.machine.memory import held_mib
from tests.bench.figures import spread
from tests.fakes.server_peer import running_peer
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import boot_offer, content
from tests.player.life import Life, paired_life
from tests.support.programs import CHROMIUM_FLAGS, need

LIMIT_S, FIRST_S = 10.0, 20.0
WAIT_S = 60.0
ROUNDS = 5
SWELL_MIB = 500
"""The ceiling lies so much above what the browser holds at rest."""
SHOWS = """(() => {
  const zones = window.enseigne?.state().zones ?? {};
  return Object.values(zones).map((zone) => zone?.card).filter(Boolean).join();
})()"""
SWELL = "window.much = []; setInterval(() => much.push(new Uint8Array(64e6).fill(1)), 50)"


class Watched(Kiosk):
    """The kiosk, whose page may be asked and tormented."""

    def run(self, expression: str) -> Any:
        """What the page says. Raises NoAnswer."""
        browser = self._browser
        if browser is None:
            raise NoAnswer("No browser runs.")
        with browser.page() as page:
            told = browser.call("Runtime.evaluate", page, expression=expression, returnByValue=True)
        return told["result"].get("value")

    def send(self, expression: str) -> None:
        """Have the page do what may never end."""
        browser: Browser | None = self._browser
        assert browser is not None
        with browser.page() as page:
            browser.call("Runtime.evaluate", page, expression=f"setTimeout(() => {{{expression}}})")


def main_process(kiosk: Kiosk, kind: str) -> psutil.Process:
    """The browser's process of that kind that holds most."""
    found = psutil.Process(kiosk.pid).children(recursive=True)
    mine = [one for one in found if f"--type={kind}" in " ".join(_line(one))]
    return max(mine, key=lambda one: one.memory_info().rss)


def _line(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


TROUBLES: Mapping[str, Callable[[Watched], None]] = {
    "page_crashes": lambda kiosk: main_process(kiosk, "renderer").send_signal(signal.SIGKILL),
    "page_loops": lambda kiosk: kiosk.send("for (;;);"),
    "page_stands_still": lambda kiosk: main_process(kiosk, "renderer").suspend(),
    "drawing_stands_still": lambda kiosk: main_process(kiosk, "gpu-process").suspend(),
    "browser_stands_still": lambda kiosk: os.kill(kiosk.pid, signal.SIGSTOP),
    "browser_is_killed": lambda kiosk: os.kill(kiosk.pid, signal.SIGKILL),
    "page_swells": lambda kiosk: kiosk.send(SWELL),
}


def a_shop() -> Sim:
    """A server with a plan of today."""
    sim = Sim(lambda: time.time_ns() // 1_000_000)
    day = int(time.time() * 1000) // 86_400_000 * 86_400_000
    sim.publish(content("Pluvier", "Bottes", first_day_ms=day))
    sim.price(boot_offer())
    sim.renew()
    return sim


@contextmanager
def a_screen() -> Iterator[tuple[Watched, float]]:
    """A player that has its plan, started anew with the kiosk before it; the seconds from the start
    of its agent to its first card.
    """
    with tempfile.TemporaryDirectory() as folder, running_peer(a_shop()) as peer:
        paired_life(peer, Path(folder, "agent")).kill()
        began = time.monotonic()
        life = Life(peer.url, Path(folder, "agent"))
        flags = " ".join(["--headless", *CHROMIUM_FLAGS])
        words = ["--data", folder, "--port", str(urlsplit(life.url).port)]
        config = read_config([*words, "--chromium-flags", flags], {}, needs_server=False)
        kiosk = Watched(View(config, need("chromium")))
        kiosk.start()
        try:
            shown(kiosk, 0)
            yield kiosk, time.monotonic() - began
        finally:
            kiosk.stop()
            life.kill()


def shown(kiosk: Watched, before: int) -> str:
    """Wait until another browser than that one shows a card: which."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if kiosk.pid not in (0, before):
            with suppress(NoAnswer):
                if card := kiosk.run(SHOWS):
                    return str(card)
        time.sleep(0.02)
    raise TimeoutError(f"no other browser than {before} shows a card after {WAIT_S:.0f} s")


def measure(rounds: int) -> dict[str, Any]:
    """Each trouble so many times."""
    back: dict[str, list[float]] = defaultdict(list)
    why: dict[str, str] = {}
    with a_screen() as (kiosk, first_s):
        for _ in range(rounds):
            for name, trouble in TROUBLES.items():
                kiosk.most_mib = held_mib(kiosk.pid) + SWELL_MIB
                before, began = kiosk.pid, time.monotonic()
                trouble(kiosk)
                shown(kiosk, before)
                back[name].append(time.monotonic() - began)
                why[name] = kiosk.ends[-1]
    every = [value for values in back.values() for value in values]
    return {
        "back_s": spread(every),
        "first_card_s": round(first_s, 1),
        "by_trouble_s": {name: spread(values) for name, values in back.items()},
        "why": why,
        "rounds": rounds,
        "load": round(os.getloadavg()[0], 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--quick", action="store_true", help="each trouble once")
    options.add_argument("--json", action="store_true")
    given = options.parse_args(arguments)
    found = measure(1 if given.quick else given.rounds)
    print(json.dumps(found, indent=None if given.json else 2))
    if found["back_s"]["max"] > LIMIT_S:
        sys.exit(f"a page was replaced only after {found['back_s']['max']} s")
    if found["first_card_s"] > FIRST_S:
        sys.exit(f"the first card came only after {found['first_card_s']} s")


if __name__ == "__main__":
    main()
