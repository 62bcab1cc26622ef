"""The page behind the player's own local server, in a real Chromium."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from player.display.board import Board
from player.display.page import Page as Bundle
from player.display.server import Behind, LocalServer
from player.display.wishes import Wishes
from player.spool import Turn
from playlists import signing
from playlists.ids import Sha256
from tests.e2e.screen.chain import CHANNEL, STORE, message_card, offer, plan, price_card
from tests.e2e.screen.looking import GLASS, glass, in_stage, until, until_painted
from tests.e2e.screen.peer import PAGE, Peer, now_ms

pytestmark = pytest.mark.chromium


class Beside:
    """The player's local server with a board that the test writes."""

    def __init__(self, folder: Path) -> None:
        self.peer = Peer()
        self.folder = folder
        self.turns: dict[int, Turn] = {}
        self.trusted: int | None = 5
        self.board = Board(
            {"plan": None, "offers": {}, "freshness": [], "held": [], "overrides": []}
            | {"pairing": None}
        )
        self.server = LocalServer(
            "127.0.0.1",
            0,
            Bundle(PAGE),
            Behind(
                board=self.board,
                clock=lambda: {"now": now_ms(), "uncertainty": self.trusted},
                file=self._file,
                played=lambda page, turns: self.turns.update({turn.n: turn for turn in turns}),
                wishes=Wishes(),
                health=lambda: {"ok": True},
            ),
        )
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/"

    def play(self, manifest: str) -> None:
        """Put a plan in force with all that it needs."""
        peer = self.peer
        days = json.loads(peer.objects[manifest])["days"]
        told = {"revision": now_ms(), "manifest": manifest, "expires_at": now_ms() + 10**9}
        self.board.put({"held": sorted(peer.assets)})
        self.board.put({"plan": {**told, "chunks": sorted({day[3] for day in days})}})

    def price(self, price: int) -> None:
        """A change of the one offer, as the agent holds it."""
        self.peer.price(CHANNEL, STORE, [offer(price)])
        version = self.peer.offers[CHANNEL][0]
        payload = json.loads(signing.unb64(self.peer.fresh[STORE].split(".")[1]))
        held: dict[str, Any] = {"version": version, "offers": [offer(price)]}
        self.board.put({"offers": {CHANNEL: held}, "freshness": [payload]})

    def _file(self, kind: str, address: Sha256) -> Path | None:
        files = self.peer.objects if kind == "objects" else self.peer.assets
        if address not in files:
            return None
        path = self.folder / address
        path.write_bytes(files[address])
        return path


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    player = Beside(tmp_path)
    player.peer.sio = _NoDoor()  # type: ignore[assignment]
    yield player
    player.server.stop()


class _NoDoor:
    """Nobody is connected to this peer: it only makes objects and messages."""

    def emit(self, *_: Any, **__: Any) -> None:
        raise AssertionError("nobody is connected")


@pytest.fixture
def page(profile: BrowserContext, beside: Beside) -> Page:
    tab = profile.new_page()
    tab.goto(beside.url)
    return tab


def test_it_shows_the_code_then_the_plan_and_each_new_price(page: Page, beside: Beside) -> None:
    shown = {"code": "K7M-4PX", "url": "http://s", "fingerprint": "ABCD-EFGH", "server": "s"}
    beside.board.put({"pairing": shown})
    assert until(page, "state.pairing?.code") == "K7M-4PX"
    page.wait_for_function(in_stage("shadow.textContent.includes('K7M')"))
    beside.price(8990)
    beside.board.put({"pairing": None})
    beside.play(plan(beside.peer, {"main": [(price_card(beside.peer.file()), 3600)]}))
    until_painted(page, "89,90 €")
    beside.price(7450)
    until_painted(page, "74,50 €")
    page.wait_for_function(in_stage("shadow.textContent.includes('149.00\u00a0€/L')"))
    assert "Estran 28" in glass(page)


def test_a_page_that_begins_asks_several_times_what_time_it_is(page: Page) -> None:
    asked = "performance.getEntriesByType('resource').filter((it) => it.name.endsWith('/clock'))"
    page.wait_for_function(f"() => {asked}.length >= 5", timeout=6_000)


def test_without_trusted_time_no_price(page: Page, beside: Beside) -> None:
    beside.trusted = None
    page.reload()
    beside.price(8990)
    beside.play(plan(beside.peer, {"main": [(price_card(beside.peer.file()), 3600)]}))
    until(page, "state.zones.main.because?.includes('no_time')")
    beside.trusted = 5
    until_painted(page, "89,90 €")


@pytest.mark.slow
def test_turns_go_to_the_player_as_they_end(page: Page, beside: Beside) -> None:
    beside.price(8990)
    loop = [(message_card("Bonjour"), 1), (message_card("Bonsoir"), 1)]
    beside.play(plan(beside.peer, {"main": loop}))
    until(page, "state.zones.main.card")
    deadline = now_ms() + 10_000
    while len(beside.turns) < 3 and now_ms() < deadline:
        page.wait_for_timeout(20)
    turns = [turn for _, turn in sorted(beside.turns.items())]
    assert [turn.n for turn in turns] == list(range(1, len(turns) + 1))
    assert {turn.slot for turn in turns} == {("base", "loop", "main0"), ("base", "loop", "main1")}
    assert len(turns) >= 3
    for before, after in pairwise(turns):
        assert before.play.until_ms == after.play.from_ms


def test_an_override_by_hand_shows_at_once(page: Page, beside: Beside) -> None:
    beside.price(8990)
    beside.play(plan(beside.peer, {"main": [(message_card("Bonjour"), 3600)]}))
    first = until(page, "state.zones.main.card")
    # It brings a card that no plan has.
    other = "0123456789"
    hand = {"id": "h1", "zone": "main", "kind": "show", "card": other}
    hand["body"] = message_card("Espèces seulement")  # type: ignore[assignment]
    beside.board.put({"overrides": [{**hand, "from": now_ms() - 1, "until": now_ms() + 60_000}]})
    until(page, f"state.zones.main.card === {json.dumps(other)}")
    page.wait_for_function(f"() => ({GLASS})().includes('Espèces seulement')")
    beside.board.put({"overrides": []})
    until(page, f"state.zones.main.card === {json.dumps(first)}")
    deadline, held = now_ms() + 10_000, []
    while not held and now_ms() < deadline:
        page.wait_for_timeout(20)
        held = [one for one in beside.turns.values() if one.slot == ("override", "h1", "h1")]
    assert {(turn.play.card, turn.play.because) for turn in held} == {(other, ("by_hand:h1",))}


def test_it_says_who_it_is_turns_and_goes_dark_as_it_is_told(page: Page, beside: Beside) -> None:
    beside.play(plan(beside.peer, {"main": [(message_card("Bonjour"), 3600)]}))
    page.goto(beside.url)
    until(page, "state.zones.main.card")
    plate = {"name": "Vitrine", "screen": "lille-1", "revision": "1", "colour": "#0B6350"}
    told = {"plate": plate, "reload": "a", "rotate": 90, "volume": None, "dark": False}
    beside.board.put({"device": told})
    expect(page.get_by_role("status")).to_contain_text("Vitrine")
    box = page.locator("#screen").bounding_box()
    assert box
    size = page.viewport_size
    assert size
    assert (round(box["width"]), round(box["height"])) == (size["width"], size["height"])
    beside.board.put({"device": {**told, "plate": None, "rotate": 0, "dark": True}})
    expect(page.get_by_role("status")).to_have_count(0)
    expect(page.locator("#screen")).to_be_hidden()
    with Image.open(io.BytesIO(page.screenshot())) as dark:
        assert dark.convert("RGB").getextrema() == ((0, 0), (0, 0), (0, 0))
    scan = {"token": "K7MXPQ", "address": "192.168.1.42:8095", "qr": None}
    beside.board.put({"device": {**told, "plate": None, "rotate": 0, "scan": scan}})
    page.wait_for_function(f"() => ({GLASS})().includes('192.168.1.42:8095')")
    assert "K7M" in glass(page)
    beside.board.put({"device": {**told, "plate": None, "rotate": 0}})
    expect(page.locator(".scan")).to_have_count(0)
    with page.expect_navigation():
        beside.board.put({"device": {**told, "plate": None, "reload": "b"}})
    expect(page.locator("#screen")).to_be_visible()
