"""The page of updates: what runs, the rollout in words, its buttons; and the screen's own page."""

from __future__ import annotations

import re

import pytest

from server.services.base.context import Context
from server.services.screens import packages, rollout_views
from tests.server.web.conftest import Chain, Reader, plain
from tests.support.fleet import IT, NEW, Fleet
from tests.support.record import TestClock

PAGE = "/updates"


@pytest.fixture
def fleet(ctx: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(packages, "own", lambda: NEW)
    return Fleet(ctx, clock)


@pytest.fixture
def owner(fleet: Fleet) -> Reader:
    return Chain(fleet.ctx, fleet.clock).owner()


def heading(told: str) -> str:
    found = re.search(r"<h1.*?</h1>", told, re.DOTALL)
    assert found
    return plain(found[0]).strip()


def ways(told: str) -> list[str]:
    return re.findall(rf'action="{PAGE}/\w+/([\w-]+)"', told)


def test_a_newer_version_is_offered_in_one_click_and_told_until_it_is_everywhere(
    fleet: Fleet, owner: Reader
) -> None:
    told = owner.text(PAGE)
    assert "No screen runs this server’s version of the player." in heading(told)
    assert f'name="package" value="{NEW.sha256}">Roll out 0.1.0+new' in told
    fleet.at("2026-10-15T16:00")
    assert owner.send(PAGE, package=NEW.sha256).status_code == 303
    told = owner.text(PAGE)
    assert heading(told) == (
        "0.1.0+new goes to its first screens. Lille is next, from 19:30 on its clock."
    )
    assert ways(told) == ["pause", "now", "give-up"]
    fleet.at("2026-10-15T20:00", "2026-10-16T01:10", "2026-10-16T01:40")
    told = owner.text(PAGE)
    assert "The others follow from Saturday 17 October, 01:40 on" in heading(told)
    assert re.search(r"(?s)<summary>.{0,400}7 screens wait.{0,80}After the first screens.", told)
    assert "3 of 3 have it" in plain(told)
    assert ways(told) == ["pause", "rest", "back", "give-up"]
    fleet.at(*(f"2026-10-{day}T02:30" for day in range(17, 24)))
    told = owner.text(PAGE)
    assert heading(told) == "All 10 screens run this server’s version. It is 0.1.0+new."
    assert ways(told) == ["back"]
    done = rollout_views.updates(fleet.ctx, IT).current
    assert done is not None
    assert owner.send(f"{PAGE}/{done.id}/back").status_code == 303
    told = plain(owner.text(PAGE))
    assert "0 of 10 screens are back at 0.1.0+old." in told
    assert re.search(r"0\.1\.0\+new\s+Taken back", told)


def test_a_halt_is_said_with_its_place_and_its_ways_out(fleet: Fleet, owner: Reader) -> None:
    fleet.pis["lille-0"].comes_to = "back"
    made = fleet.start()
    fleet.at("2026-10-15T20:00")
    told = owner.text(PAGE)
    assert heading(told) == (
        "The rollout of 0.1.0+new halted by itself. "
        "A screen painted nothing with it, and went back: Lille, Screen 0."
    )
    assert "The new version painted nothing in 60 s." in told
    assert ways(told) == ["resume", "give-up"]
    stale = owner.send(f"{PAGE}/{made}/resume", edition="9")
    assert stale.status_code == 412
    assert owner.send(f"{PAGE}/{made}/resume", edition="1").status_code == 303
    assert owner.send(f"{PAGE}/{made}/rest").status_code == 409
    assert owner.send(f"{PAGE}/{made}/give-up").status_code == 303
    assert owner.send(f"{PAGE}/none/pause").status_code == 404
    french = Chain(fleet.ctx, fleet.clock).owner("fr").text(PAGE)
    assert "Abandonné" in french


def test_a_person_chooses_the_first_screens_and_keeps_what_was_written(
    fleet: Fleet, owner: Reader
) -> None:
    form = {"package": NEW.sha256, "first": "stores", "store": "prado", "wait_h": "2"}
    wrong = owner.send(PAGE, **form, share="0")
    assert wrong.status_code == 422
    assert '<p class="wrong" id="wrong-share" role="alert">Write a whole number' in wrong.text
    assert re.search(r'name="store" value="prado" checked', wrong.text)
    nobody = owner.send(PAGE, package=NEW.sha256, first="stores")
    assert 'id="wrong-pilots" role="alert">Choose at least one.' in nobody.text
    assert rollout_views.updates(fleet.ctx, IT).current is None, "nobody else is chosen instead"
    assert owner.send(PAGE, **form, share="50", now="1").status_code == 303
    told = owner.text(PAGE)
    assert heading(told).endswith("Until 18:32 it heeds no opening hours.")
    assert ways(told) == ["pause", "give-up"]
    found = rollout_views.updates(fleet.ctx, IT).current
    assert found is not None
    assert [one.screen for one in found.screens if not one.wave] == ["prado-0"]
    assert (found.course.wait_ms, found.share_percent) == (7_200_000, 50)
    assert found.course.now_until > fleet.clock()
    again = owner.send(PAGE, package=NEW.sha256)
    assert again.status_code == 409
    assert "A version is on its way already." in again.text


def test_the_screens_own_page_says_its_version_and_what_comes(fleet: Fleet, owner: Reader) -> None:
    fleet.start(screens=["lille-0"])
    device = "/screens/lille-0/device"
    assert "It is told of 0.1.0+new when its time comes." in plain(owner.text(device))
    fleet.at("2026-10-15T20:00")
    told = plain(owner.text(device))
    assert "It has the version of the rollout." in told
    assert "Player 0.1.0+new" in told
    assert "Install the player, 0.1.0+new done" in told


def test_an_empty_chain_learns_how_it_goes(ctx: Context, clock: TestClock) -> None:
    told = Chain(ctx, clock).owner().text(PAGE)
    assert heading(told) == "No screen runs the player yet. Once one does, its version stands here."
    assert "A share each night" in told
    assert "<form" not in told.partition("<main")[2]
