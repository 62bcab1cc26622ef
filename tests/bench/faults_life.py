"""One life of a player under a fault, and the judge of what it shows its page.

The player is the real process (`python -m player`). Its modules are read before strace attaches, so
that a life costs half a second; nothing of the player's own runs before.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from playlists.codec import decode_chunk, decode_deck, decode_manifest
from playlists.ids import ChannelId, Sha256, StoreId, sha256
from playlists.manifest import Plan
from playlists.pricing import ChannelState
from playlists.slot import Freshness, Now, Priced, slot_at
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.offers import offer_from_json
from tests.bench.faults_shop import PAGE, Shop, turn
from tests.fakes.shop_content import SHOP, TEN_S

BACK_S = 60.0
ASK_S = 5.0
LOOK_S = 0.03
_LAUNCH = """
import os, runpy, sys, time
import player.agent.assembly, player.display.kiosk
boot = os.environ.get("FAULTS_BOOT")
if boot:
    real = time.clock_gettime_ns
    ahead = lambda: int(float(open(boot).read()) * 1e9)
    time.clock_gettime_ns = lambda clock: real(clock) + ahead()
sys.stdin.read(1)
runpy.run_module("player", run_name="__main__", alter_sys=True)
"""


class Life:
    """A player from its start to its end, under strace if there is something to inject."""

    def __init__(
        self,
        server: str,
        data: Path,
        inject: Sequence[str] = (),
        watch: Callable[[Life], None] | None = None,
        *,
        before: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        more: Sequence[str] = (),
    ) -> None:
        self.began = time.monotonic()
        self.url = ""
        self.told: list[str] = []
        self.hangs = False
        self._tracer: subprocess.Popen[str] | None = None
        self.child = subprocess.Popen(
            [
                *(*before, sys.executable, "-c", _LAUNCH, "--no-display", "--port", "0"),
                *("--server", server, "--data", str(data), "--name", "test", "--host", host),
                *("--assets-mib", "8", "--no-share", *more),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environ or {})},
        )
        if inject:
            self._trace(inject)
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write("x")
        self.child.stdin.close()
        self._others = [threading.Thread(target=self._listen, daemon=True)]
        if watch:
            self._others.append(threading.Thread(target=watch, args=(self,), daemon=True))
        for other in self._others:
            other.start()
        said = self.child.stdout.readline()
        self.url = said.split()[-1].rstrip("/") if said else ""

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.child.poll() is None

    def get(self, path: str) -> requests.Response:
        """Ask it. Raises requests.RequestException once it is gone."""
        return requests.get(self.url + path, timeout=ASK_S)

    def json(self, path: str) -> dict[str, Any]:
        """Ask it for JSON."""
        answer: dict[str, Any] = self.get(path).json()
        return answer

    def end(self, number: int = signal.SIGKILL) -> int:
        """End it; its exit code."""
        if self.is_alive:
            self.child.send_signal(number)
        try:
            code = self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.hangs = True
            self.child.kill()
            code = self.child.wait()
        if self._tracer:
            self._tracer.wait()
            assert self._tracer.stderr
            self._tracer.stderr.close()
        for other in self._others:
            other.join()
        assert self.child.stdout
        self.child.stdout.close()
        return code

    def _trace(self, inject: Sequence[str]) -> None:
        self._tracer = subprocess.Popen(
            ["strace", "-f", "-y", "-p", str(self.child.pid), *inject],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._tracer.stderr
        said = self._tracer.stderr.readline()
        if "attached" not in said:
            self.child.kill()
            raise PermissionError(f"strace cannot attach: {said.strip()}")

    def _listen(self) -> None:
        assert self.child.stderr
        self.told = self.child.stderr.read().splitlines()
        self.child.stderr.close()


@dataclass
class Judge:
    """What one player showed in all its lives, held against what its shop published."""

    shop: Shop
    damaged: list[str] = field(default_factory=list)
    """Painted though damaged, older than what was believed, or a price that was none."""
    looks: int = 0
    prices: int = 0
    revision: int = 0
    version: int = 0

    def look(self, life: Life, when: str) -> bool:
        """Read all that the page would; whether there is a plan that shows. Raises requests'."""
        state = life.json("/state")
        plan = state["plan"]
        if plan is None:
            return False
        self.looks += 1
        if self.shop.plans.get(plan["revision"]) != plan["manifest"]:
            self.damaged.append(f"{when}: a plan that nobody published")
        if plan["revision"] < self.revision:
            self.damaged.append(f"{when}: an older plan")
        self.revision = max(self.revision, plan["revision"])
        opened = self.opened(life, state, when)
        held = {Sha256(name) for name in state["held"] if self._bytes(life, "assets", name, when)}
        if opened is None:
            return False
        return self._painted(life, state, opened, held, when) and len(held) == len(state["held"])

    def _bytes(self, life: Life, kind: str, name: str, when: str) -> bytes:
        answer = life.get(f"/{kind}/{name}")
        if answer.status_code != 200:
            return b""
        if sha256(answer.content) != name:
            self.damaged.append(f"{when}: {kind} damaged")
            return b""
        return answer.content

    def opened(self, life: Life, state: Mapping[str, Any], when: str) -> Plan | None:
        """The plan as the page reads it, as far as it is there."""
        told = state["plan"]
        data = self._bytes(life, "objects", told["manifest"], when) if told else b""
        if not data:
            return None
        manifest = decode_manifest(data)
        deck = self._bytes(life, "objects", manifest.deck, when)
        found = {Sha256(name): self._bytes(life, "objects", name, when) for name in told["chunks"]}
        chunks = {name: decode_chunk(chunk) for name, chunk in found.items() if chunk}
        return Plan(manifest, decode_deck(deck), chunks, told["expires_at"]) if deck else None

    def told(
        self, state: Mapping[str, Any], plan: Plan | None
    ) -> tuple[dict[ChannelId, ChannelState], Freshness, frozenset[Sha256]]:
        """Offers, leases and files as slot_at reads them."""
        fresh = {
            StoreId(one.store): one.freshness
            for one in map(FreshnessMessage.from_json, state["freshness"])
        }
        leases = fresh.get(StoreId(plan.manifest.store), Freshness()) if plan else Freshness()
        return _offers(state["offers"]), leases, frozenset(map(Sha256, state["held"]))

    def is_right(self, state: Mapping[str, Any], priced: Priced, at_ms: int) -> bool:
        """Whether the shop charges a painted price at that instant."""
        offer = _offers(state["offers"])[priced.channel].offers[priced.sku]
        return self.shop.is_charged(priced.version, offer.steps[priced.step].price, at_ms)

    def _painted(
        self, life: Life, state: Mapping[str, Any], plan: Plan, held: set[Sha256], when: str
    ) -> bool:
        offers, leases, _ = self.told(state, plan)
        if SHOP in offers:
            if offers[SHOP].version < self.version:
                self.damaged.append(f"{when}: older prices")
            self.version = max(self.version, offers[SHOP].version)
        clock = life.json("/clock")
        shows = False
        for later in range(0, 3 * TEN_S, TEN_S):
            at = self.shop.clock() + later
            now = Now(clock["now"] + later, clock["uncertainty"])
            for shown in slot_at(plan, offers, leases, held, (), now).values():
                shows |= shown.card is not None
                self.prices += len(shown.prices)
                if not all(self.is_right(state, priced, at) for priced in shown.prices):
                    self.damaged.append(f"{when}: a price that was none")
        return shows


def _offers(told: Mapping[str, Any]) -> dict[ChannelId, ChannelState]:
    return {
        ChannelId(name): ChannelState(
            ChannelId(name),
            held["version"],
            {offer.sku: offer for offer in map(offer_from_json, held["offers"])},
            *held["lease"],
        )
        for name, held in told.items()
    }


@dataclass
class Player:
    """The page beside a player: it tells its turns until they are acknowledged."""

    acknowledged: int = 0

    def tell(self, life: Life, many: int = 3) -> bool:
        """Tell the next turns; whether they were acknowledged."""
        first = self.acknowledged + 1
        turns = [turn(number) for number in range(first, first + many)]
        try:
            answer = requests.post(
                life.url + "/played", json={"page": PAGE, "turns": turns}, timeout=ASK_S
            )
        except requests.RequestException:
            return False
        if answer.status_code == 204:
            self.acknowledged += many
        return answer.status_code == 204
