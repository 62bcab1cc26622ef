"""Who may lay a hand on a screen while its server is away: tokens, codes, passes, pauses."""

from __future__ import annotations

import pytest

from player.local import guard, tries
from player.local.guard import NotNow
from playlists.wire.hands import CODE_LETTERS, HandsPlan
from tests.fakes.shop_content import HOUR_MS, NOON
from tests.player.bench import Bench
from tests.player.by_hand import (
    AWAY_MS,
    CODE,
    HOST,
    MINUTE_MS,
    away,
    begin,
    cut,
    enter,
    hands,
    hold,
    person,
    plan,
    tell,
    token,
    why,
)

assert away, "a fixture"


def test_while_the_server_is_there_nothing_is_done_here(screen: Bench) -> None:
    tell(screen, plan())
    with pytest.raises(NotNow) as refused:
        hands(screen).show("x", HOST)
    assert why(refused) == "online"
    cut(screen)
    given = begin(screen)
    screen.sim.faults.down = False
    screen.sim.faults.hook = lambda method, path: (404, {}, b"{}") if path == "/hands" else None
    screen.wait(90_000)
    with pytest.raises(NotNow) as refused:
        hold(screen, given, "cash", HOUR_MS)
    assert why(refused) == "online"


def test_a_token_is_good_for_one_person_and_ten_minutes(away: Bench) -> None:
    shown = token(away)
    hands(away).enter(shown, CODE, HOST)
    with pytest.raises(NotNow) as refused:
        hands(away).enter(shown, CODE, HOST)
    assert why(refused) == "token"
    shown = token(away)
    away.wait(guard.SHOWN_MS)
    assert away.state["device"]["scan"] is None
    hands(away).enter(shown, CODE, HOST)
    shown = token(away)
    away.wait(guard.TOKEN_MS)
    with pytest.raises(NotNow) as refused:
        hands(away).enter(shown, CODE, HOST)
    assert why(refused) == "token"


@pytest.mark.parametrize("kind", ["wrong", "elsewhere", "revoked", "expired", "empty"])
def test_a_code_that_is_no_good_here_lets_nobody_in(screen: Bench, kind: str) -> None:
    code = {"wrong": CODE[:-1] + "X", "elsewhere": "KT" + CODE[2:], "empty": ""}.get(kind, CODE)
    until = NOON + MINUTE_MS if kind == "expired" else NOON + HOUR_MS
    tell(screen, plan(person(until=until)))
    if kind == "revoked":
        tell(screen, plan(person("leo", "GG" + CODE[2:])))
    cut(screen)
    with pytest.raises(NotNow) as refused:
        enter(screen, code)
    assert why(refused) == "code"


def test_who_guesses_waits_longer_each_time_and_after_a_restart_too(away: Bench) -> None:
    shown = token(away)

    def wrong() -> NotNow:
        with pytest.raises(NotNow) as refused:
            hands(away).enter(shown, CODE[:-1] + "X", HOST)
        return refused.value

    said = [wrong() for _ in range(tries.WRONG_FREE)]
    assert [one.why for one in said] == ["code"] * (tries.WRONG_FREE - 1) + ["pause"]
    away.reboot(off_ms=1_000)
    hands(away)._heard_at -= AWAY_MS
    with pytest.raises(NotNow) as refused:
        enter(away)
    assert (why(refused), 0 < refused.value.wait_ms <= tries.PAUSE_MS) == ("pause", True)
    away.wait(tries.PAUSE_MS)
    shown = token(away)
    assert wrong().wait_ms == 2 * tries.PAUSE_MS
    away.wait(2 * tries.PAUSE_MS)
    assert enter(away), "and the right code makes a new beginning"


def test_tokens_are_guessed_a_few_times_a_minute_from_one_address(away: Bench) -> None:
    token(away)
    for _ in range(guard.GUESSES):
        with pytest.raises(NotNow) as refused:
            hands(away).enter("222222", CODE, HOST)
        assert why(refused) == "token"
    with pytest.raises(NotNow) as refused:
        hands(away).enter("222222", CODE, HOST)
    assert why(refused) == "often"
    assert enter(away, host="192.168.1.8"), "another phone is not kept out by it"


def test_who_only_plays_with_the_button_soon_shows_nothing_and_keeps_nobody_out(
    away: Bench,
) -> None:
    for _ in range(guard.SHOWS):
        token(away)
        away.wait(guard.SHOWN_MS)
    with pytest.raises(NotNow) as refused:
        token(away)
    assert why(refused) == "often"
    for number in range(guard.MOST_SHOWS - guard.SHOWS):
        token(away, f"10.0.0.{number}")
        away.wait(guard.SHOWN_MS)
    with pytest.raises(NotNow) as refused:
        token(away, "10.0.1.1")
    assert (why(refused), refused.value.wait_ms) == ("often", guard.SHOW_GAP_MS - guard.SHOWN_MS)
    away.wait(refused.value.wait_ms)
    assert hands(away).enter(token(away, "10.0.1.1"), CODE, HOST)


def test_a_pass_is_good_from_one_address_for_some_minutes(away: Bench) -> None:
    given = enter(away)
    with pytest.raises(NotNow) as refused:
        hands(away).entrant(given, "192.168.1.8")
    assert why(refused) == "gone"
    away.wait(guard.PASS_MS)
    with pytest.raises(NotNow) as refused:
        hold(away, given, "cash", HOUR_MS)
    assert why(refused) == "gone"


def test_a_plan_without_its_server_keeps_the_newest(screen: Bench) -> None:
    tell(screen, plan())
    before = screen.sim.command("hands", **plan(longest_ms=HOUR_MS).to_json())
    held = hands(screen).plan
    assert not hands(screen).follow(HandsPlan(), before.issued_at - HOUR_MS)
    assert hands(screen).plan == held
    assert screen.agent._report().device["hands"] == held.id


def test_a_device_that_is_forgotten_keeps_no_code(away: Bench) -> None:
    begin(away)
    hands(away).forget()
    away.settle()
    assert hands(away).plan.people == ()
    assert away.state["overrides"] == []


def test_codes_are_read_as_people_type_them() -> None:
    assert guard.letters(" cf23-4567-89cg ") == CODE
    assert set(CODE) <= set(CODE_LETTERS)
