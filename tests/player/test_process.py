"""The player as a process: killed anywhere, it comes back with the old or the new, never a mix."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from playlists.ids import Sha256, sha256
from tests.fakes.server_peer import Peer, running_peer
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import DAY_MS, SHOP, boot_offer, content
from tests.player.life import Life, life, paired_life, until

PICTURE_BYTES = 400_000
KILLS = 35
PAGE = "a page that lives on"


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Shop:
    """A server whose plan and price change all the time; what each revision and version said."""

    def __init__(self, sim: Sim) -> None:
        self.sim = sim
        self.plans: dict[int, Sha256] = {}
        self.prices: dict[int, int] = {}
        self.change(0)

    def change(self, at: int) -> None:
        """Another plan with another picture, another price, fresh leases."""
        sim = self.sim
        picture = sim.add_asset(bytes([at % 251]) * (PICTURE_BYTES + at))
        today = wall_ms() - wall_ms() % DAY_MS
        self.prices[sim.channel_version + 1] = 5_000 + at
        sim.price(boot_offer(5_000 + at))
        sim.publish(content(f"Plan {at}", picture=picture, first_day_ms=today))
        self.plans[sim.revision] = sim.manifest
        sim.renew()


@pytest.fixture
def shop() -> Shop:
    return Shop(Sim(wall_ms))


@pytest.fixture
def peer(shop: Shop) -> Iterator[Peer]:
    with running_peer(shop.sim) as running:
        yield running


def check_whole(one: Life, shop: Shop, seen: dict[str, int]) -> None:
    """What is played was published just so, and is no older than what was seen before."""
    state = one.state()
    plan = state["plan"]
    assert plan, "a paired player shows its plan at once"
    assert shop.plans[plan["revision"]] == plan["manifest"]
    assert plan["revision"] >= seen.get("revision", 0)
    manifest = one.get(f"/objects/{plan['manifest']}")
    assert sha256(manifest.content) == plan["manifest"]
    for address in (manifest.json()["deck"], *plan["chunks"]):
        assert sha256(one.get(f"/objects/{address}").content) == address
    assert {day[3] for day in manifest.json()["days"]} == set(plan["chunks"])
    for address in state["held"]:
        assert sha256(one.get(f"/assets/{address}").content) == address
    channel = state["offers"].get(SHOP)
    if channel:
        assert channel["version"] >= seen.get("version", 0)
        assert channel["offers"][0]["st"][0][2] == shop.prices[channel["version"]]
        seen["version"] = channel["version"]
    seen["revision"] = plan["revision"]


def turn(n: int) -> dict[str, Any]:
    """A turn of its own head, so that it becomes a run of its own."""
    return {
        "n": n,
        "zone": "main",
        "head": n,
        "manifest": "b" * 64,
        "from": n * 10,
        "until": n * 10 + 10,
        "card": "c1",
        "offers": {SHOP: 1},
        "because": [],
        "slot": ["base", "loop", "i"],
    }


def play(one: Life, told: int, stop: threading.Event) -> int:
    """Tell turns until the player dies or `stop`; the last that was acknowledged."""
    while not stop.is_set():
        turns = [turn(n) for n in range(told + 1, told + 4)]
        try:
            answer = requests.post(
                one.url + "/played", json={"page": PAGE, "turns": turns}, timeout=10
            )
        except requests.RequestException:
            break
        if answer.status_code != 204:
            break
        told += len(turns)
    return told


def killed_again_and_again(data: Path, kills: int) -> None:
    """One player with a server of its own."""
    shop = Shop(Sim(wall_ms))
    with running_peer(shop.sim) as peer:
        killed_by(peer, shop, data, kills)


def killed_by(peer: Peer, shop: Shop, data: Path, kills: int) -> None:
    dice = random.Random(data.name)
    seen: dict[str, int] = {}
    told = 0
    paired_life(peer, data).kill()
    for at in range(1, kills + 1):
        with life(peer.url, data) as one:
            check_whole(one, shop, seen)
            stop = threading.Event()
            acknowledged: list[int] = []
            player = threading.Thread(
                target=lambda: acknowledged.append(play(one, told, stop))  # noqa: B023
            )
            player.start()
            shop.change(at)
            token = shop.sim.head
            peer.push("head", token)
            peer.push("offers", shop.sim.deltas[-1][2])
            peer.push("freshness", shop.sim.fresh())
            time.sleep(dice.uniform(0, 0.6))  # the kill falls anywhere: that is the test
            one.kill()
            stop.set()
            player.join()
            told = acknowledged[0]
    with life(peer.url, data) as one:
        check_whole(one, shop, seen)
        until(lambda: one.state()["plan"]["revision"] == shop.sim.revision, "the newest plan")
        until(lambda: one.state()["offers"][SHOP]["version"] == kills + 1, "the newest price")
        until(lambda: one.get("/health").json()["missing"] == 0, "every file")
        check_whole(one, shop, seen)
        assert told > kills
        # Each turn ends the one before: all but the last are runs, each once and in order.
        until(lambda: len(shop.sim.runs) >= told - 1, "every acknowledged turn")
        heads = [run.play.head for run in shop.sim.runs]
        assert heads == list(range(1, len(heads) + 1))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_again_and_again_it_holds_old_or_new_and_loses_no_play(tmp_path: Path) -> None:
    """At random instants, two players at once: most of a life is waited for. `bench faults` kills
    at every point where something reaches the disk.
    """
    with ThreadPoolExecutor() as lives:
        ends = [
            lives.submit(killed_again_and_again, tmp_path / name, KILLS) for name in ("one", "two")
        ]
    for end in ends:
        end.result()


def test_it_plays_without_its_server_and_takes_no_second_self(
    peer: Peer, shop: Shop, tmp_path: Path
) -> None:
    one = paired_life(peer, tmp_path)
    plan = one.state()["plan"]
    second = subprocess.run(
        [
            *(sys.executable, "-m", "player", "--no-display", "--port", "0"),
            *("--server", peer.url, "--data", str(tmp_path)),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 2
    assert "Another player uses" in second.stderr
    assert one.stop() == 0
    with life("http://127.0.0.1:9", tmp_path) as alone:
        assert alone.state()["plan"] == plan
        assert alone.get("/health").status_code == 200


def test_a_push_is_on_the_page_at_once(peer: Peer, shop: Shop, tmp_path: Path) -> None:
    one = paired_life(peer, tmp_path)
    try:
        until(lambda: one.get("/health").json()["link"], "the link")
        shop.change(1)
        peer.push("offers", shop.sim.deltas[-1][2])
        until(lambda: one.state()["offers"][SHOP]["version"] == 2, "the new price")
        assert one.state()["offers"][SHOP]["offers"][0]["st"][0][2] == 5_001
    finally:
        one.kill()


def test_it_goes_to_the_door_that_its_server_names(peer: Peer, shop: Shop, tmp_path: Path) -> None:
    with running_peer(shop.sim) as other:
        body = f'{{"url":"{other.url}"}}'.encode()
        shop.sim.faults.hook = lambda method, path: (200, {}, body) if path == "/door" else None
        one = paired_life(peer, tmp_path)
        until(lambda: other.proved, "the link to the other door")
        one.kill()
        assert not peer.proved


def test_a_picture_half_fetched_goes_on_after_a_kill(
    peer: Peer, shop: Shop, tmp_path: Path
) -> None:
    peer.cut_assets_at = PICTURE_BYTES // 2
    one = paired_life(peer, tmp_path)
    part = tmp_path / "assets" / "partial"
    until(lambda: any(it.stat().st_size > 100_000 for it in part.iterdir()), "half a picture")
    one.kill()
    peer.cut_assets_at = None
    shop.sim.ranges.clear()
    with life(peer.url, tmp_path) as again:
        until(lambda: again.state()["held"], "the whole picture")
    (wish,) = shop.sim.ranges
    assert int(wish.removeprefix("bytes=").rstrip("-")) > 100_000


def test_a_player_that_is_told_to_restart_is_back_and_says_so(
    shop: Shop, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INVOCATION_ID", raising=False)  # nobody else starts it again here
    one = paired_life(peer, tmp_path)
    try:
        command = shop.sim.command("restart")
        peer.push("command", shop.sim.commands[command.id])
        answer = until(lambda: next(iter(shop.sim.answers), None), "an answer")
        assert (answer.id, answer.state) == (command.id, "done")
        assert one.child.stdout
        one.url = one.child.stdout.readline().split()[-1].rstrip("/")
        until(lambda: one.state()["plan"], "its plan")
    finally:
        one.kill()
