"""Time under a player: thirty days without its server, DST nights, a clock a year off.

libfaketime moves the wall clock of the real process; the clock that counts since the machine was
switched on is moved beside it in the process that starts the player, for libfaketime (0.9.10) does
not know how Python waits by it.
"""

from __future__ import annotations

import glob
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from playlists.ids import ItemId, ZoneId
from playlists.manifest import Chunk, Segment, Slot, Why
from playlists.slot import Now, slot_at
from tests.bench.faults_life import LOOK_S, Judge, Life
from tests.bench.faults_rot import NOBODY
from tests.bench.faults_shop import Shop, wall_ms
from tests.fakes.server_peer import running_peer
from tests.fakes.shop_content import (
    BOOT,
    DAY_MS,
    HOUR_MS,
    TEN_S,
    Content,
    card,
    card_id,
    planned,
)

PARIS = ZoneInfo("Europe/Paris")
DST = (datetime(2026, 10, 11, 9, tzinfo=UTC), datetime(2027, 3, 14, 9, tzinfo=UTC))
"""Each some days before a night that has an hour too many or too few."""
DAYS = 30
STEP_MS = 53 * 60_000 + 7_000
REBOOT_EVERY = 100
SALE_MS = 3 * DAY_MS
LEASE_MS = 5 * DAY_MS
YEAR_MS = 365 * DAY_MS
BACK_S = 20.0


@dataclass
class Offline:
    """What a player showed while time went by."""

    looks: int = 0
    wrong: list[str] = field(default_factory=list)
    prices: int = 0
    dark: int = 0
    reboots: int = 0


class Clocks:
    """The wall clock and the time since the start of a player, both moved at will."""

    def __init__(self, folder: Path) -> None:
        self._wall, self._boot = folder / "wall", folder / "boot"
        self.move(0, 0)

    def move(self, wall_ms: int, boot_ms: int) -> None:
        """Let them differ from this machine's by so much."""
        for path, ms in ((self._wall, wall_ms), (self._boot, boot_ms)):
            new = path.with_suffix(".new")
            new.write_text(f"{ms / 1000:+.3f}")
            new.replace(path)

    @property
    def environ(self) -> dict[str, str]:
        """What the player's process needs."""
        (library,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self._wall),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAULTS_BOOT": str(self._boot),
        }


def schedule(first: datetime, days: int) -> Content:
    """In Paris, mornings and afternoons of their own each day, the price between them."""
    priced = card("Bottes", sku=BOOT)
    cards, rows = [priced], []
    for number in range(days):
        date = (first + timedelta(days=number)).astimezone(PARIS).date()
        begin, noon, end = (
            _ms(datetime(it.year, it.month, it.day, hour, tzinfo=PARIS))
            for it, hour in ((date, 0), (date, 12), (date + timedelta(days=1), 0))
        )
        parts = [card(f"{date} {part}") for part in ("matin", "soir")]
        cards += parts
        slots = tuple(
            Slot(card_id(it), TEN_S, Why("base", "loop", ItemId("i"))) for it in (*parts, priced)
        )
        segments = (Segment(0, (0, 2)), Segment(noon - begin, (1, 2)))
        rows.append(
            (date.isoformat(), begin, Chunk(end - begin, slots, {ZoneId("main"): segments}))
        )
    return planned(cards, rows, time_zone="Europe/Paris")


def month(folder: Path, first: datetime, steps: int) -> Offline:
    """Thirty days without a server, over a DST night, in so many looks, with restarts."""
    found = Offline()
    clocks = Clocks(folder)
    ahead = _ms(first) - wall_ms()
    clocks.move(ahead, 0)
    shop = Shop(clock=lambda: wall_ms() + ahead)
    with running_peer(shop) as peer:
        shop.change(ends_in_ms=SALE_MS, lease_ms=LEASE_MS)
        shop.publish(schedule(first, DAYS + 5))
        shop.plans[shop.revision] = shop.manifest
        judge = Judge(shop)
        life = Life(peer.url, folder / "data", environ=clocks.environ)
        _await(judge, life, "at first")
    trusted = True
    for step in range(steps):
        gone = (step + 1) * max(STEP_MS, DAYS * DAY_MS // steps)
        clocks.move(ahead + gone, gone)
        shop.clock = lambda gone=gone: wall_ms() + ahead + gone  # type: ignore[misc]
        if (step + 1) % REBOOT_EVERY == 0 and gone > LEASE_MS:
            life.end()
            life = Life(NOBODY, folder / "data", environ=clocks.environ)
            _await(judge, life, "after a restart without a server")
            found.reboots += 1
            trusted = False
        _look(life, shop, judge, found, trusted=trusted)
        if gone >= DAYS * DAY_MS:
            break
    life.end()
    found.wrong += judge.damaged
    return found


def years(folder: Path) -> Offline:
    """The wall clock a year back and a year on: while it runs, over restarts, without a server."""
    found = Offline()
    clocks = Clocks(folder)
    shop = Shop()
    with running_peer(shop) as peer:
        shop.change()
        judge = Judge(shop)
        life = Life(peer.url, folder / "data", environ=clocks.environ)
        _await(judge, life, "at first")
        for ahead in (YEAR_MS, -YEAR_MS, 0):
            clocks.move(ahead, 0)
            for again in (False, True):
                if again:
                    life.end()
                    life = Life(peer.url, folder / "data", environ=clocks.environ)
                    found.reboots += 1
                shop.change()
                before = judge.prices
                _await(judge, life, f"{ahead} ms off")
                _until(judge, life, before)
                if judge.prices == before:
                    found.wrong.append(f"{ahead} ms off: no price though the server is there")
        found.prices = judge.prices
    for ahead in (-YEAR_MS, YEAR_MS, 0):
        life.end()
        clocks.move(ahead, 0)
        before = judge.prices
        life = Life(NOBODY, folder / "data", environ=clocks.environ)
        found.reboots += 1
        shows = _await(judge, life, f"alone, {ahead} ms off", 2.0 if ahead > 0 else BACK_S)
        found.dark += not shows
        if judge.prices != before:
            found.wrong.append(f"alone, {ahead} ms off: a price without trusted time")
        if not shows and ahead <= 0:
            found.wrong.append(f"alone, {ahead} ms off: nothing shows")
    life.end()
    found.looks = judge.looks
    found.wrong += judge.damaged
    return found


def _look(life: Life, shop: Shop, judge: Judge, found: Offline, *, trusted: bool) -> None:
    """Hold what shows in two turns against the calendar and the shop's own word."""
    state = life.json("/state")
    clock = life.json("/clock")
    if abs(clock["now"] - shop.clock()) > HOUR_MS // 60:
        found.wrong.append(f"the clock is off by {clock['now'] - shop.clock()} ms")
    plan = judge.opened(life, state, "offline")
    for later in (0, TEN_S):
        at = shop.clock() + later
        now = Now(clock["now"] + later, clock["uncertainty"])
        (shown,) = slot_at(plan, *judge.told(state, plan), (), now).values()
        found.looks += 1
        if plan is None or shown.card is None:
            found.dark += 1
            found.wrong.append(f"{_said(at)}: nothing shows")
            continue
        said = plan.cards[shown.card].params["headline"]
        if said not in ("Bottes", _said(at), _said(at - TEN_S)):
            found.wrong.append(f"{_said(at)}: shows {said}")
        for priced in shown.prices:
            found.prices += 1
            if not trusted or not judge.is_right(state, priced, at):
                found.wrong.append(f"{_said(at)}: a price after its end")


def _said(at_ms: int) -> str:
    local = datetime.fromtimestamp(at_ms / 1000, PARIS)
    return f"{local.date()} {'matin' if local.hour < 12 else 'soir'}"


def _await(judge: Judge, life: Life, when: str, most_s: float = BACK_S) -> bool:
    deadline = time.monotonic() + most_s
    while time.monotonic() < deadline:
        try:
            if judge.look(life, when):
                return True
        except requests.RequestException:
            return False
        time.sleep(LOOK_S)
    return False


def _until(judge: Judge, life: Life, before: int) -> None:
    deadline = time.monotonic() + BACK_S
    while judge.prices == before and time.monotonic() < deadline:
        judge.look(life, "a price is awaited")
        time.sleep(LOOK_S)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
