"""The store's hand on a screen without its server: what plays, how it ends, whose it becomes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from player.errors import NoRoom
from player.local.guard import NotNow
from playlists.ids import ItemId, ZoneId
from playlists.manifest import DeckCard, Why
from playlists.model import ZoneBox
from playlists.wire.hands import Choice, Verdict
from tests.fakes.shop_content import HOUR_MS, NOON, card, card_id, loop
from tests.player.bench import Bench
from tests.player.by_hand import (
    CASH,
    MINUTE_MS,
    away,
    back,
    begin,
    cut,
    enter,
    hands,
    hold,
    plan,
    playing,
    tell,
    why,
)

assert away, "a fixture"


def test_a_hold_plays_says_so_and_ends_by_itself(away: Bench) -> None:
    begin(away, length_ms=MINUTE_MS)
    (hold,) = away.state["overrides"]
    assert (hold["card"], hold["body"]["p"]["headline"]) == (card_id(CASH), "Espèces seulement")
    assert playing(away) == (card_id(CASH), (f"by_hand:{hold['id']}",))
    away.wait(MINUTE_MS)
    assert away.state["overrides"] == []
    assert playing(away)[1] == ()
    (act,) = hands(away).unsent()
    assert (act.person, act.how, act.ended) == ("mia", "time", act.until_ms)


def test_the_turns_of_a_playlist_follow_each_other_a_few_minutes_ahead(away: Bench) -> None:
    begin(away, "both")
    begun = hands(away).unsent()[0].from_ms
    away.wait(5 * MINUTE_MS)
    rows = away.state["overrides"]
    assert rows[0]["from"] <= away.clocks.true_ms < rows[0]["until"] + 2 * MINUTE_MS
    assert rows[-1]["until"] >= away.clocks.true_ms + 2 * MINUTE_MS
    for one, after in pairwise(rows):
        assert one["until"] == after["from"]
        assert one["card"] != after["card"]
    assert (rows[0]["from"] - begun) % 30_000 in (0, 10_000)


def test_a_hold_outlives_a_power_cut_and_ends_on_time(away: Bench) -> None:
    begin(away)
    away.reboot(off_ms=10 * MINUTE_MS)
    away.settle()
    assert len(away.state["overrides"]) == 1
    away.wait(49 * MINUTE_MS, step_ms=MINUTE_MS)
    assert len(away.state["overrides"]) == 1
    away.wait(2 * MINUTE_MS)
    assert away.state["overrides"] == []


def test_where_nobody_vouches_for_the_time_it_ends_by_what_went_by(away: Bench) -> None:
    begin(away)
    away.clocks.wrong_ms = -400 * 24 * HOUR_MS  # no battery: the clock stands at some other day
    away.reboot()
    away.wait(66 * MINUTE_MS, step_ms=MINUTE_MS)
    assert away.state["overrides"] == []


def test_it_is_ended_at_once_by_hand(away: Bench) -> None:
    begin(away)
    hands(away).end()
    away.settle()
    assert away.state["overrides"] == []
    assert hands(away).unsent()[0].how == "hand"


def test_another_hold_takes_the_place_of_the_first(away: Bench) -> None:
    given = begin(away)
    hold(away, given, "both", HOUR_MS)
    first, second = hands(away).unsent()
    assert (first.how, second.how) == ("replaced", "")


@pytest.mark.parametrize(
    ("choice", "length_ms", "said"),
    [
        ("cash", 4 * HOUR_MS + 1, "until"),
        ("cash", 0, "until"),
        ("nothing", HOUR_MS, "choice"),
    ],
)
def test_a_hold_is_of_what_the_server_offered_and_no_longer(
    away: Bench, choice: str, length_ms: int, said: str
) -> None:
    given = enter(away)
    with pytest.raises(NotNow) as refused:
        hold(away, given, choice, length_ms)
    assert why(refused) == said


def test_what_lacks_a_file_is_not_offered(screen: Bench) -> None:
    lacking = DeckCard("media", {}, assets=("a" * 64,))  # type: ignore[arg-type]
    given = plan()
    name = card_id(lacking)
    choice = Choice("film", "Film", ((name, 10_000),))
    cards = {**given.cards, name: lacking}
    tell(screen, replace(given, choices=(*given.choices, choice), cards=cards))
    assert [one.id for one in hands(screen).sight().choices] == ["cash", "both"]


def test_a_price_keeps_to_its_lease_also_by_hand(screen: Bench) -> None:
    boot = card("Bottes", sku="BOOT")  # type: ignore[arg-type]
    given = plan()
    choice = Choice("boot", "Bottes", ((card_id(boot), 10_000),))
    cards = {**given.cards, card_id(boot): boot}
    tell(screen, replace(given, choices=(choice,), cards=cards))
    cut(screen)
    begin(screen, "boot", 4 * HOUR_MS)
    assert playing(screen)[1][1:] == ()
    screen.wait(4 * HOUR_MS - MINUTE_MS, step_ms=MINUTE_MS)
    assert any(code.startswith("lease_over") for code in playing(screen)[1])


def servers(screen: Bench, act: str) -> None:
    """The server's own override reaches this screen's plan."""
    why = Why("override", act, ItemId("message"))
    made = loop([(CASH, 10_000)], first_day_ms=NOON - NOON % (24 * HOUR_MS), why=why)
    screen.hear("head", screen.sim.publish(made))


def test_the_server_takes_a_hold_over_without_a_gap(away: Bench) -> None:
    begin(away, length_ms=2 * HOUR_MS)
    (act,) = hands(away).unsent()
    back(away)
    assert [one.id for one in away.sim.acts] == [act.id]
    assert len(away.state["overrides"]) == 1, "until the plan has it"
    servers(away, act.id)
    away.wait(2_000)
    assert away.state["overrides"] == []
    assert playing(away) == (card_id(CASH), ())
    assert hands(away).unsent() == ()


def test_another_hand_that_the_server_puts_before_it_shows(away: Bench) -> None:
    begin(away, length_ms=2 * HOUR_MS)
    servers(away, "older")
    away.wait(2_000)
    assert len(away.state["overrides"]) == 1, "the server has not heard of this one"
    now = away.clocks.true_ms
    away.sim.verdict = Verdict("taken", now + HOUR_MS, now)
    back(away)
    servers(away, "newer")
    away.wait(2_000)
    assert away.state["overrides"] == []


def test_a_screen_whose_zones_are_locked_offers_nothing(away: Bench) -> None:
    given = enter(away)
    layout = (ZoneBox(ZoneId("main"), 0, 0, 10_000, 10_000, locked=True),)
    shown = away.agent._playback.plan
    assert shown is not None
    away.agent._playback.plan = replace(shown, manifest=replace(shown.manifest, layout=layout))
    away.settle()
    assert hands(away).sight().choices == ()
    with pytest.raises(NotNow):
        hold(away, given, "cash", HOUR_MS)


def test_what_ended_meanwhile_is_told_once_it_can_be(away: Bench) -> None:
    begin(away)
    hands(away).end()
    back(away)
    assert [one.how for one in away.sim.acts] == ["hand"]
    assert hands(away).unsent() == ()


@pytest.mark.parametrize("state", ["refused", "over"])
def test_what_the_server_refuses_or_ended_ends_at_once(away: Bench, state: str) -> None:
    begin(away, length_ms=2 * HOUR_MS)
    away.sim.verdict = Verdict(state)  # type: ignore[arg-type]
    back(away)
    assert away.state["overrides"] == []
    assert hands(away).unsent() == ()


def test_an_end_that_the_studio_moved_holds_here_too(away: Bench) -> None:
    begin(away, length_ms=2 * HOUR_MS)
    soon = away.clocks.true_ms + 5 * MINUTE_MS
    away.sim.verdict = Verdict("taken", soon)
    back(away)
    assert away.state["overrides"][0]["until"] == soon


def test_on_a_full_disk_nothing_begins_and_what_ends_ends(
    away: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = begin(away, length_ms=MINUTE_MS)

    def full(name: str, value: object) -> None:
        raise NoRoom("full")

    assert away.orders
    monkeypatch.setattr(away.orders, "set", full)
    away.wait(MINUTE_MS)
    assert away.state["overrides"] == []
    assert "disk_full" in away.notes
    with pytest.raises(NoRoom):
        hold(away, given, "cash", HOUR_MS)
    away.settle()
    assert away.state["overrides"] == []
