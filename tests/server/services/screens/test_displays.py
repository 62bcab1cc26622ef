"""When displays are off: by rule, hours and law; brought to devices, and recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from playlists.runs import GENESIS
from playlists.signing import SigningKey, verify
from playlists.wire.commands import Answer, Answers, Command, PowerPlan, PowerRun
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest
from server.db.models import AuditRow
from server.errors import BadInput, Forbidden, NotFound, Stale
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.entry.roles import ROLES
from server.services.screens import answering, bringing, commands, displays, offs, playback
from server.services.screens.devices import Viewer
from server.services.screens.displays import Display
from server.services.screens.pairing import begin, claim
from server.services.screens.power_plans import DAYS, Hours, Opening, Rule, plan_of
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

PARIS = ZoneInfo("Europe/Paris")
SCREEN, STORE = "lille-window", "lille"
IT = Actor("ivo", "Ivo", ROLES["it"])
VIEWER = Viewer((SCREEN,), "d" * 16)
DAY: Hours = ((600, 1_140),)
OPEN = Opening("Europe/Paris", (DAY,) * 6 + ((),))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


def off(rule: Rule, opening: Opening = OPEN, now: str = "2026-10-15T12:00") -> list[str]:
    """The first stretches, on the wall's clock."""
    found = []
    for one in plan_of(rule, opening, at(now)).off[:4]:
        begin, end = (
            datetime.fromtimestamp(ms / 1000, UTC).astimezone(PARIS)
            for ms in (one.from_ms, one.until_ms)
        )
        found.append(f"{begin:%d %H:%M}-{end:%d %H:%M} {one.why}")
    return found


def test_a_display_without_a_rule_is_never_off() -> None:
    assert plan_of(Rule(), OPEN, at("2026-10-15T12:00")) == PowerPlan()


def test_a_display_follows_its_stores_hours_with_minutes_around_them() -> None:
    assert off(Rule("hours", 15, 30))[:3] == [
        "15 00:00-15 09:45 hours",
        "15 19:30-16 09:45 hours",
        "16 19:30-17 09:45 hours",
    ]


def test_a_special_day_closes_it() -> None:
    holiday = replace(OPEN, special=(("2026-10-16", ()),))
    assert off(Rule("hours"), holiday)[1] == "15 19:00-17 10:00 hours"


def test_hours_of_its_own_count_by_weekday() -> None:
    own = Rule("own", hours=(((0, 1_440),),) * 4 + ((),) * 3)
    assert off(own) == [
        "16 00:00-19 00:00 hours",
        "23 00:00-26 00:00 hours",
        "30 00:00-02 00:00 hours",
        "06 00:00-09 00:00 hours",
    ]


def test_advertising_is_off_from_one_to_six_whatever_the_hours() -> None:
    late = Opening("Europe/Paris", (((600, 1_620),),) * 7)
    assert off(Rule(night="advert"), late)[:2] == ["15 01:00-15 06:00 law", "16 01:00-16 06:00 law"]


@pytest.mark.parametrize(
    ("hours", "night"),
    [
        (((600, 1_140),), "16 01:00-16 06:00 law"),
        (((600, 1_560),), "16 03:00-16 06:00 law"),
        (((330, 1_140),), "16 01:00-16 04:30 law"),
        (((450, 1_140),), "16 01:00-16 06:00 law"),
        (((600, 1_440),), "16 01:00-16 06:00 law"),
    ],
)
def test_a_sign_may_be_on_an_hour_around_what_goes_on_at_night(hours: Hours, night: str) -> None:
    assert off(Rule(night="sign"), Opening("Europe/Paris", (hours,) * 7))[1] == night


def test_a_sign_of_a_shop_that_never_closes_may_stay_on() -> None:
    assert off(Rule(night="sign"), Opening("Europe/Paris", (((0, 1_440),),) * 7)) == []


def test_the_law_is_named_where_the_hours_would_have_done() -> None:
    assert off(Rule("hours", night="advert")) == [
        "15 00:00-15 01:00 hours",
        "15 01:00-15 06:00 law",
        "15 06:00-15 10:00 hours",
        "15 19:00-16 01:00 hours",
    ]


def test_the_night_of_the_clock_change_is_off_for_its_real_length() -> None:
    rows = plan_of(Rule(night="advert"), OPEN, at("2026-10-24T12:00")).off
    assert [(one.until_ms - one.from_ms) // 3_600_000 for one in rows[:3]] == [5, 6, 5]


def test_a_plan_is_the_same_all_day_and_reaches_as_far_as_what_plays() -> None:
    rule = Rule("hours", night="advert")
    plan = plan_of(rule, OPEN, at("2026-10-15T00:00"))
    assert plan == plan_of(rule, OPEN, at("2026-10-15T23:59"))
    assert plan.off[-1].until_ms - plan.off[0].from_ms > (DAYS - 1) * 86_400_000
    assert not any(a.until_ms > b.from_ms for a, b in zip(plan.off, plan.off[1:], strict=False))


def furnished(ctx: Context) -> Context:
    lay_out(ctx)
    given = begin(ctx, PairingRequest(SigningKey.generate().x, "Pi", (1, 1), {"agent": True}))
    claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    return ctx


@pytest.fixture
def chain(ctx: Context) -> Context:
    return furnished(ctx)


def report(ctx: Context, plan: PowerPlan) -> list[Command]:
    """What a device that holds this plan is asked to do."""
    said = Report(0, {}, 0, 0, None, {}, device={"power_plan": plan.id})
    told = playback.report(ctx, VIEWER, said).commands
    return [Command.from_json(verify(jws, "command", ctx.keys.ring, ctx.clock())) for jws in told]


def test_a_device_is_sent_the_plan_that_it_does_not_hold_once(any_ctx: Context) -> None:
    chain = furnished(any_ctx)
    report(chain, PowerPlan())
    bringing.bring(chain)
    assert report(chain, PowerPlan()) == []
    displays.set_display(chain, IT, f"store:{STORE}", Display(Rule("hours", night="advert")))
    bringing.bring(chain)
    bringing.bring(chain)
    (command,) = report(chain, PowerPlan())
    plan = PowerPlan.from_json(command.arguments)
    assert (command.kind, plan.off[0].why) == ("power", "hours")
    answering.take(chain, VIEWER, Answers((Answer(command.id, "done", "", chain.clock()),)))
    report(chain, plan)
    bringing.bring(chain)
    assert report(chain, plan) == []


def test_a_newer_plan_takes_the_place_of_one_that_waits(chain: Context) -> None:
    report(chain, PowerPlan())
    displays.set_display(chain, IT, f"store:{STORE}", Display(Rule(night="advert")))
    bringing.bring(chain)
    displays.set_display(chain, IT, f"screen:{SCREEN}", Display(Rule("hours")))
    bringing.bring(chain)
    (command,) = report(chain, PowerPlan())
    assert {one.why for one in PowerPlan.from_json(command.arguments).off} == {"hours"}


def test_a_screens_own_rule_is_before_its_stores(chain: Context) -> None:
    displays.set_display(chain, IT, f"store:{STORE}", Display(Rule("hours")))
    found = displays.of_screen(chain, IT, SCREEN)
    assert (found.value.of_store, found.value.display.rule.mode, found.version) == (
        *(True, "hours"),
        0,
    )
    displays.set_display(chain, IT, f"screen:{SCREEN}", Display(), 0)
    found = displays.of_screen(chain, IT, SCREEN)
    assert (found.value.of_store, found.value.off, found.version) == (False, None, 1)
    with pytest.raises(Stale):
        displays.set_display(chain, IT, f"screen:{SCREEN}", None, 0)
    displays.set_display(chain, IT, f"screen:{SCREEN}", None, 1)
    assert displays.of_screen(chain, IT, SCREEN).value.of_store


def test_pictures_are_asked_for_on_a_schedule(chain: Context, clock: TestClock) -> None:
    displays.set_display(chain, IT, f"screen:{SCREEN}", Display(shots_min=60))
    kinds = []
    for _ in range(3):
        report(chain, PowerPlan())
        bringing.bring(chain)
        kinds.append([command.kind for command in report(chain, PowerPlan())])
        clock.advance(30 * 60_000)
    assert kinds == [["screenshot"], [], ["screenshot"]]


def test_what_nobody_asked_for_fills_no_log_of_what_people_did(chain: Context) -> None:
    displays.set_display(chain, IT, f"screen:{SCREEN}", Display(shots_min=60))
    report(chain, PowerPlan())
    bringing.bring(chain)
    (shot,) = report(chain, PowerPlan())
    said = Answer(shot.id, "done", "So it is.", chain.clock(), {})
    answering.take(chain, VIEWER, Answers((said,)))
    assert commands.get_command(chain, IT, SCREEN, shot.id).by == SYSTEM.name
    with chain.db.read() as session:
        told = select(AuditRow.action).where(AuditRow.action.startswith("command"))
        assert list(session.scalars(told)) == []


def test_a_rule_that_makes_no_sense_is_refused(chain: Context) -> None:
    for wrong in (
        Display(Rule("hours", before_min=300)),
        Display(shots_min=5),
        Display(Rule("own")),
        Display(Rule("own", hours=(((600, 500),),) * 7)),
    ):
        with pytest.raises(BadInput):
            displays.set_display(chain, IT, f"screen:{SCREEN}", wrong)


def test_who_minds_devices_sets_rules_and_nobody_elsewhere(chain: Context) -> None:
    with pytest.raises(Forbidden):
        displays.set_display(chain, Actor("m", "M", ROLES["manager"]), f"screen:{SCREEN}", None)
    away = replace(IT, stores=frozenset({"prado"}))
    for subject in (f"screen:{SCREEN}", f"store:{STORE}", "screen:none", "moon:x"):
        with pytest.raises(NotFound):
            displays.set_display(chain, away, subject, None)


def test_what_a_display_did_is_kept_once_and_a_break_in_its_chain_shows(chain: Context) -> None:
    first = PowerRun(1, GENESIS, 100, 200, "law", "wlr-randr", "HDMI-A-1 off")
    second = PowerRun(2, first.hash, 300, 400, "hours", "cec-ctl", "standby")
    assert answering.take(chain, VIEWER, Answers(power=(first, second))) == 2
    other = replace(second, seq=4, from_ms=500, until_ms=600)
    assert answering.take(chain, VIEWER, Answers(power=(second, other))) == 4
    found = offs.list_power(chain, IT, SCREEN).items
    assert [(run.seq, run.follows) for run in found] == [(4, False), (2, True), (1, True)]
    assert commands.list_commands(chain, IT, SCREEN).items == ()


def test_records_of_the_future_or_of_years_are_not_taken(chain: Context) -> None:
    now = chain.clock()
    for since, until in ((now, now + 2 * 3_600_000), (100, now)):
        nonsense = PowerRun(1, GENESIS, since, until, "law", "wlr-randr", "off")
        assert answering.take(chain, VIEWER, Answers(power=(nonsense,))) == 0
    assert offs.list_power(chain, IT, SCREEN).items == ()
