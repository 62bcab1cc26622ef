"""The page of the device behind a screen: told, answered, seen, switched."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from playlists.ids import canonical, sha256
from playlists.runs import GENESIS
from playlists.wire.commands import Answer, Answers, PowerRun
from server.db.models import CommandRow, DeviceRow, ScreenStateRow
from server.services.base.actors import SYSTEM
from server.services.screens import answering, commands, displays
from server.services.screens.devices import Viewer
from tests.bench.pages import queries_of
from tests.server.web.conftest import Chain, plain

SCREEN, STORE = "lille-window", "lille"
PAGE = f"/screens/{SCREEN}/device"
VIEWER = Viewer((SCREEN,), "d" * 16)
FAR = 2**53 - 1
"""The latest instant that a device may say; no calendar has it."""
KNOWN = {
    "agent": "0.1.0",
    "chromium": "130.0.1",
    "temperature": 61,
    "wifi_dbm": -58,
    "disk_mib": 28_672,
    "disk_free_mib": 900,
    "displays": 0,
    "limits": "undervoltage",
    "power_plan": "0" * 16,
    "power_how": "page",
}


@pytest.fixture
def player(chain: Chain) -> Chain:
    """A player hangs in Lille's window, and says what it knows."""
    with chain.ctx.db.write() as session:
        session.get_one(DeviceRow, SCREEN).caps = {"agent": True}
        state = session.get_one(ScreenStateRow, SCREEN)
        state.report = {**state.report, "device": KNOWN}
    return chain


def answer(chain: Chain, state: Any = "done", said: str = "", **detail: Any) -> str:
    """The device answers what waits."""
    with chain.ctx.db.read() as session:
        (one,) = commands.open_commands(session, chain.clock(), [SCREEN])
    told = Answer(one.id, state, said, chain.clock(), detail)
    answering.take(chain.ctx, VIEWER, Answers((told,)))
    return one.id


def test_it_is_told_and_its_answer_stands_on_the_page(player: Chain) -> None:
    owner = player.owner()
    assert "data-waits" not in owner.text(PAGE)
    assert owner.send(PAGE, kind="rotate", degrees="90").status_code == 303
    told = owner.text(PAGE)
    assert "data-waits" in told
    assert "Turn the picture, 90 ° waits for its answer, until" in plain(told)
    answer(player, "failed", "There is no tool for this.")
    told = plain(owner.text(PAGE))
    assert "could not be done" in told
    assert "There is no tool for this." in told


def test_a_manager_has_the_buttons_that_harm_nothing(player: Chain) -> None:
    manager = player.manager(STORE, "read", "override")
    told = manager.text(PAGE)
    assert re.findall(r'name="kind" value="(\w+)"', told) == ["identify", "screenshot", "reload"]
    assert manager.send(PAGE, kind="identify").status_code == 303
    with player.ctx.db.read() as session:
        (one,) = commands.open_commands(session, player.clock(), [SCREEN])
        arguments = session.get_one(CommandRow, one.id).arguments
    assert arguments == {"name": "Vitrine"}
    assert manager.send(PAGE, kind="reboot").status_code == 403
    assert 'method="post"' not in player.manager(STORE, "read").text(PAGE).partition("<main")[2]


def test_what_it_knows_is_said_in_french_too_and_its_troubles_stand_on_the_wall(
    player: Chain,
) -> None:
    told = plain(player.owner("fr").text(PAGE))
    assert "Température 61 °C" in told
    assert "Wi-Fi \u221258 dBm" in told
    assert "900 Mio libres sur 28 Gio" in told
    assert "aucun n’est branché" in told
    assert "la page seule, qui est noire" in told
    with player.ctx.db.write() as session:
        state = session.get_one(ScreenStateRow, SCREEN)
        state.report = {**state.report, "troubles": {"no_display": player.clock() - 60_000}}
    assert "aucun écran n’est branché" in plain(player.owner("fr").text("/wall")).lower()


def jpeg(width: int, height: int) -> bytes:
    """A picture."""
    made = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(made, "JPEG")
    return made.getvalue()


def test_a_real_picture_hangs_beside_the_drawn_one_with_its_verdict(player: Chain) -> None:
    owner = player.owner()
    owner.send(PAGE, kind="screenshot")
    with player.ctx.db.read() as session:
        (one,) = commands.open_commands(session, player.clock(), [SCREEN])
    data = jpeg(640, 1138)
    commands.take_file(player.ctx, VIEWER, one.id, data)
    answer(player, at=player.clock())
    with player.ctx.db.write() as session:
        row = session.get_one(CommandRow, one.id)
        row.verdict = {"state": "right", "why": "picture", "at": player.clock(), "like": 963}
        session.get_one(ScreenStateRow, SCREEN).glass_wrong = player.clock() - 1_000
    assert "its glass does not show the plan" in plain(owner.text("/wall")).lower()
    told = owner.text(PAGE)
    assert "The right thing is on the glass." in plain(told)
    assert "they agree by 96 %" in plain(told)
    src = f"/screens/{SCREEN}/pictures/{one.id}"
    assert f'<img src="{src}"' in told
    shown = owner.get(src)
    assert (shown.mimetype, shown.data) == ("image/jpeg", data)
    assert f'<img src="{src}?small=1"' in owner.text("/wall")
    with Image.open(io.BytesIO(owner.get(f"{src}?small=1").data)) as small:
        assert small.size == (135, 240)
    assert owner.get(f"/screens/{SCREEN}/logs/{one.id}").status_code == 404
    assert player.manager("elsewhere", "read").get(src).status_code == 404


def test_the_display_is_given_a_rule_and_its_nights_are_listed(player: Chain) -> None:
    owner = player.owner()
    form = {"mode": "hours", "before_min": "15", "after_min": "30", "night": "sign"}
    path = f"/screens/{SCREEN}/display"
    assert owner.send(path, **form, shots_min="60").status_code == 303
    view = displays.of_screen(player.ctx, SYSTEM, SCREEN).value
    assert (view.display.rule.before_min, view.display.shots_min, view.of_store) == (15, 60, False)
    told = plain(owner.text(PAGE))
    assert "It is on from 15 min before opening to 30 min after closing." in told
    assert "(R. 581-59)" in told
    assert owner.send(path, **form, shots_min="3").status_code == 422
    plainly = {**form, "before_min": "0", "after_min": "0"}
    assert owner.send(path, **plainly, shots_min="60").status_code == 303
    assert "It is on in the store’s opening hours." in plain(owner.text(PAGE))
    now = player.clock()
    run = PowerRun(1, GENESIS, now - 3_600_000, now + 60_000, "law", "wlr-randr", "HDMI-A-1 off")
    answering.take(player.ctx, VIEWER, Answers(power=(run,)))
    told = plain(owner.text(PAGE))
    assert "by law wlr-randr (HDMI-A-1 off)" in told
    kept = owner.get(f"/displays-off.csv?screen={SCREEN}")
    assert kept.mimetype == "text/csv"
    assert "law,wlr-randr,HDMI-A-1 off" in kept.text
    assert player.manager("elsewhere", "read").get("/displays-off.csv").text.count("\n") == 1
    assert owner.get("/displays-off.csv?since=yesterday").status_code == 422
    evidence = f"/evidence?screen={SCREEN}&at={now}"
    told = plain(owner.text(evidence))
    assert "The display of “Vitrine” was off." in told
    assert "what is drawn above was not to be seen." in told
    assert "On screen" not in told
    assert "off by law" in told
    assert "wlr-randr (HDMI-A-1 off)" in told
    (off,) = owner.get(evidence.replace("?", ".json?")).get_json()["display_off"]
    assert sha256(canonical(off["record"])) == off["hash"]
    assert owner.send(path, none="1").status_code == 303
    assert displays.of_screen(player.ctx, SYSTEM, SCREEN).value.of_store


def test_its_store_and_the_chain_are_given_rules_for_fetching(player: Chain) -> None:
    owner, path = player.owner(), f"/screens/{SCREEN}/fetching"
    form = {"kib_s": "250", "windows": "22:00-06:00, 12:00–13:30"}
    assert owner.send(path, **form, **{"for": "chain"}).status_code == 303
    told = owner.text(PAGE)
    assert "250 KiB a second at most" in told
    assert 'value="22:00-06:00, 12:00-13:30"' in told
    assert "This is the chain’s rule." in told
    wrong = owner.send(path, windows="by night")
    assert (wrong.status_code, "Write hours as" in wrong.text) == (422, True)
    manager = player.manager(STORE, "read", "devices")
    assert 'value="chain"' not in manager.text(PAGE)
    assert manager.send(path, **form, **{"for": "chain"}).status_code == 403
    assert manager.send(path, kib_s="500").status_code == 303
    assert "This is the chain’s rule." not in manager.text(PAGE)
    assert manager.send(path, none="1").status_code == 303
    assert "This is the chain’s rule." in manager.text(PAGE)


def test_a_screen_without_a_player_has_no_buttons_that_nobody_would_hear(chain: Chain) -> None:
    answered = chain.owner().send(PAGE, kind="reload")
    assert answered.status_code == 409
    assert "only a player can be told" in plain(answered.text)


def test_the_page_asks_the_database_little(player: Chain) -> None:
    owner = player.owner()
    owner.text(PAGE)
    assert queries_of(player.ctx, owner.client, PAGE) <= 26


def test_a_browser_is_a_device_that_takes_no_commands(chain: Chain) -> None:
    with chain.ctx.db.write() as session:
        device = session.get_one(DeviceRow, SCREEN)
        device.name, device.caps = "", {"page": 1}
    owner = chain.owner()
    told = plain(owner.text(PAGE))
    assert "A browser is this screen: it takes no commands" in told
    assert "No device is paired" not in told
    assert "Take a real picture" not in told
    assert "with its device, a browser" in plain(owner.text("/places/lille"))
    assert "replaces the device “a browser”" in plain(owner.text("/pair"))


def test_a_broken_clock_takes_no_page_from_anybody(player: Chain) -> None:
    with player.ctx.db.write() as session:
        state = session.get_one(ScreenStateRow, SCREEN)
        state.report = {**state.report, "troubles": {"disk_full": FAR}}
        state.glass_wrong = FAR
    owner = player.owner()
    for page in ("/wall", "/situation", PAGE, f"/screens/{SCREEN}/why"):
        assert owner.client.get(page).status_code == 200, page
