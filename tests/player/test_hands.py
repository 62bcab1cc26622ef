"""The kiosk's hands, with stand-ins for the tools of the machine; a picture by a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from player.display import hands
from player.display.board import Board
from player.display.chromium import command
from player.display.devtools import Browser
from player.display.glimpse import Glimpse, NoGlimpse, take
from player.display.hands import Hands
from player.display.page import Page
from player.display.server import Behind, LocalServer
from player.display.wishes import Did, Wish, Wishes
from player.machine.tools import Told
from tests.player.life import until

PAGE = Path(__file__).parents[2] / "player" / "page"
RANDR = """HDMI-A-1 "Maker Model 123 (HDMI-A-1)"
  Enabled: {enabled}
  Modes:
    1920x1080 px, 60.000000 Hz (preferred, current)
  Transform: normal
"""


@pytest.fixture
def wishes() -> Iterator[tuple[Wishes, list[Did], str]]:
    """The agent's side, served on a real port; what it was told."""
    made, told = Wishes(), list[Did]()
    made.told = told.append
    nothing: dict[str, Any] = {}
    behind = Behind(
        board=Board({}),
        clock=lambda: nothing,
        file=lambda kind, sha: None,
        played=lambda page, turns: None,
        health=lambda: {"ok": True},
        wishes=made,
    )
    server = LocalServer("127.0.0.1", 0, Page(PAGE), behind)
    server.start()
    yield made, told, f"http://127.0.0.1:{server.port}/"
    server.stop()


def nobody() -> Glimpse:
    raise NoGlimpse("No browser runs on this display.")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tools that were run; wlr-randr and cec-ctl are there."""
    lines: list[str] = []

    def run(line: list[str]) -> Told:
        lines.append(" ".join(line))
        return Told(True, RANDR.format(enabled="no") if line == ["wlr-randr"] else "")

    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(hands, "has", lambda name: name in ("wlr-randr", "cec-ctl", "amixer"))
    monkeypatch.setattr(hands, "run", run)
    return lines


def test_a_wish_is_done_once_and_what_each_tool_said_is_told(
    wishes: tuple[Wishes, list[Did], str], ran: list[str]
) -> None:
    made, told, url = wishes
    made.put("power", Wish("power:1-off", "power", {"on": False}))
    one = Hands(url, nobody)
    one.once()
    one.once()
    assert [line for line in ran if line != "wlr-randr"] == [
        "wlr-randr --output HDMI-A-1 --off",
        "cec-ctl --playback --skip-info",
        "cec-ctl --skip-info --to 0 --standby",
    ]
    assert [(did.id, did.ok, did.how) for did in told] == [
        ("power:1-off", True, "wlr-randr+cec-ctl")
    ]
    assert told[0].said == "wlr-randr: well; cec-ctl: well"


def test_a_display_that_should_be_on_and_is_not_is_switched_on_again(
    wishes: tuple[Wishes, list[Did], str], ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _, url = wishes
    made.put("power", Wish("power:1-on", "power", {"on": True}))
    one = Hands(url, nobody)
    one.once()
    before = len(ran)
    one.once()
    again = [line for line in ran[before:] if "--on" in line]
    assert again == ["wlr-randr --output HDMI-A-1 --on"]


def test_turn_and_loudness_go_to_the_tools_that_are_there(
    wishes: tuple[Wishes, list[Did], str], ran: list[str]
) -> None:
    made, told, url = wishes
    made.put("rotate", Wish("rotate:90", "rotate", {"value": 90}))
    made.put("volume", Wish("volume:30", "volume", {"value": 30}))
    made.put("later", Wish("dance:1", "dance"))
    Hands(url, nobody).once()
    assert ran[1:] == ["wlr-randr --output HDMI-A-1 --transform 90", "amixer -q sset Master 30%"]
    assert [did.ok for did in told] == [True, True, False]


def test_what_was_set_before_is_set_again_once_it_is_wished_again(
    wishes: tuple[Wishes, list[Did], str], ran: list[str]
) -> None:
    made, _, url = wishes
    one = Hands(url, nobody)
    for percent in (30, 0, 30):
        made.put("volume", Wish(f"volume:{percent}", "volume", {"value": percent}))
        one.once()
        one.once()
    assert ran == [f"amixer -q sset Master {percent}%" for percent in (30, 0, 30)]


def test_without_tools_that_is_said(
    wishes: tuple[Wishes, list[Did], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, told, url = wishes
    monkeypatch.setattr(hands, "has", lambda name: False)
    made.put("power", Wish("power:1-off", "power", {"on": False}))
    made.put("shot", Wish("picture:1", "picture"))
    Hands(url, nobody).once()
    assert [(did.ok, did.how) for did in told] == [(False, ""), (False, "")]
    assert told[0].said == "There is no tool for this."
    assert told[1].said == "No browser runs on this display."


@pytest.mark.chromium
def test_a_picture_is_of_what_chromium_really_shows(
    wishes: tuple[Wishes, list[Did], str], chromium_path: str, tmp_path: Path
) -> None:
    _, _, url = wishes
    flags = ("--headless", "--disable-gpu", "--disable-quic")
    browser = Browser(command(chromium_path, url, tmp_path, (1600, 900), flags))
    try:
        seen: Glimpse = until(lambda: _seen(browser), "a picture")
    finally:
        browser.end()
    assert seen.how == "devtools"
    assert seen.data.startswith(b"\xff\xd8\xff")
    assert json.dumps(dict(seen.detail)) == "{}", "no plan: no zone"
    with pytest.raises(NoGlimpse):
        take(browser)


def _seen(browser: Browser) -> Glimpse | None:
    try:
        return take(browser)
    except NoGlimpse:
        return None
