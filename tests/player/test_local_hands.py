"""The store's hand on a screen while its server is away: who may, what plays, how it ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from player.errors import NoRoom
from player.local import guard
from player.local.guard import NotNow
from player.local.hands import Hands
from playlists.ids import CardId, ItemId, ZoneId
from playlists.manifest import DeckCard, Why
from playlists.model import ZoneBox
from playlists.wire.hands import CODE_LETTERS, Choice, HandsPlan, Person, Verdict, code_hash
from tests.fakes.shop_content import HOUR_MS, NOON, card, card_id, content, loop
from tests.player.bench import Bench

CODE = "CF" + "23456789CG"
SALT = "ab" * 16
HOST = "192.168.1.7"
MINUTE_MS = 60_000
AWAY_MS = 120_000
CASH = DeckCard("message", {"headline": "Espèces seulement", "sky": "mist"})
SOON = DeckCard("message", {"headline": "De retour bientôt", "sky": "mist"})


def person(name: str = "mia", code: str = CODE, until: int = NOON + 90 * 24 * HOUR_MS) -> Person:
    return Person(name, name.title(), code[:2], SALT, code_hash(code, SALT), until)


def plan(*people: Person, longest_ms: int = 4 * HOUR_MS) -> HandsPlan:
    cards = {card_id(one): one for one in (CASH, SOON)}
    names = list(cards)
    choices = (
        Choice("cash", "Espèces seulement", ((names[0], 10_000),)),
        Choice("both", "Les deux", ((names[0], 10_000), (names[1], 20_000))),
    )
    return HandsPlan("Lille", people or (person(),), choices, cards, longest_ms)


@pytest.fixture
def away(screen: Bench) -> Bench:
    """A screen that was told who may, and lost its server."""
    tell(screen, plan())
    cut(screen)
    return screen


def tell(screen: Bench, what: HandsPlan) -> None:
    command = screen.sim.command("hands", **what.to_json())
    screen.hear("command", screen.sim.commands[command.id])
    assert screen.sim.answers[-1].state == "done"


def cut(screen: Bench) -> None:
    screen.sim.faults.down = True
    screen.wait(AWAY_MS)


def back(screen: Bench) -> None:
    screen.sim.faults.down = False
    screen.wait(90_000)


def hands(screen: Bench) -> Hands:
    return screen.agent._handing.hands


def token(screen: Bench) -> str:
    hands(screen).show("192.168.1.20:8095")
    screen.settle()
    return str(screen.state["device"]["scan"]["token"])


def enter(screen: Bench, code: str = CODE, host: str = HOST) -> str:
    return hands(screen).enter(token(screen), code, host)


def begin(screen: Bench, choice: str = "cash", length_ms: int = HOUR_MS) -> str:
    """Somebody comes in and holds the screen; their pass."""
    given = enter(screen)
    hands(screen).begin(given, HOST, choice, length_ms)
    screen.settle()
    return given


def why(refused: pytest.ExceptionInfo[NotNow]) -> str:
    return refused.value.why


def playing(screen: Bench) -> tuple[str | None, tuple[str, ...]]:
    """What a report says of the screen."""
    shown = screen.agent._report().playing["main"]  # type: ignore[index]
    return shown.card, shown.because


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
    given = begin(away)
    hands(away).end(given, HOST)
    away.settle()
    assert away.state["overrides"] == []
    assert hands(away).unsent()[0].how == "hand"


def test_another_hold_takes_the_place_of_the_first(away: Bench) -> None:
    given = begin(away)
    hands(away).begin(given, HOST, "both", HOUR_MS)
    first, second = hands(away).unsent()
    assert (first.how, second.how) == ("replaced", "")


def test_while_the_server_is_there_nothing_is_done_here(screen: Bench) -> None:
    tell(screen, plan())
    with pytest.raises(NotNow) as refused:
        hands(screen).show("x")
    assert why(refused) == "online"
    cut(screen)
    given = begin(screen)
    screen.sim.faults.down = False
    screen.sim.faults.hook = lambda method, path: (404, {}, b"{}") if path == "/hands" else None
    screen.wait(90_000)
    with pytest.raises(NotNow) as refused:
        hands(screen).begin(given, HOST, "cash", HOUR_MS)
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

    def tries() -> NotNow:
        with pytest.raises(NotNow) as refused:
            hands(away).enter(shown, CODE[:-1] + "X", HOST)
        return refused.value

    said = [tries() for _ in range(guard.WRONG_FREE)]
    assert [one.why for one in said] == ["code"] * (guard.WRONG_FREE - 1) + ["pause"]
    away.reboot(off_ms=1_000)
    hands(away)._heard_at -= AWAY_MS
    with pytest.raises(NotNow) as refused:
        enter(away)
    assert (why(refused), 0 < refused.value.wait_ms <= guard.PAUSE_MS) == ("pause", True)
    away.wait(guard.PAUSE_MS)
    shown = token(away)
    assert tries().wait_ms == 2 * guard.PAUSE_MS
    away.wait(2 * guard.PAUSE_MS)
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


def test_who_only_plays_with_the_button_soon_shows_nothing_any_more(away: Bench) -> None:
    for _ in range(guard.SHOWS):
        token(away)
        away.wait(guard.SHOWN_MS)
    with pytest.raises(NotNow) as refused:
        token(away)
    assert why(refused) == "often"


def test_a_pass_is_good_from_one_address_for_some_minutes(away: Bench) -> None:
    given = enter(away)
    with pytest.raises(NotNow) as refused:
        hands(away).begin(given, "192.168.1.8", "cash", HOUR_MS)
    assert why(refused) == "gone"
    away.wait(guard.PASS_MS)
    with pytest.raises(NotNow) as refused:
        hands(away).begin(given, HOST, "cash", HOUR_MS)
    assert why(refused) == "gone"


@pytest.mark.parametrize(
    ("choice", "length_ms", "said"),
    [
        ("cash", 4 * HOUR_MS + 1, "until"),
        ("cash", 0, "until"),
        ("cash", -HOUR_MS, "until"),
        ("nothing", HOUR_MS, "choice"),
    ],
)
def test_a_hold_is_of_what_the_server_offered_and_no_longer(
    away: Bench, choice: str, length_ms: int, said: str
) -> None:
    given = enter(away)
    with pytest.raises(NotNow) as refused:
        hands(away).begin(given, HOST, choice, length_ms)
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
        hands(away).begin(given, HOST, "cash", HOUR_MS)


def test_what_ended_meanwhile_is_told_once_it_can_be(away: Bench) -> None:
    given = begin(away)
    hands(away).end(given, HOST)
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
    assert CardId(card_id(CASH)) != card_id(SOON)
    assert content("x")


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
        hands(away).begin(given, HOST, "cash", HOUR_MS)
    away.settle()
    assert away.state["overrides"] == []
