"""What a server asks of a device by command, and what the device answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from playlists.errors import Invalid
from playlists.ids import ScreenId, sha256
from playlists.runs import GENESIS
from playlists.wire.commands import (
    Answer,
    Answers,
    Command,
    FetchRule,
    Off,
    PowerPlan,
    PowerRun,
)
from playlists.wire.door import Report
from playlists.wire.http import Difference

COMMAND = Command("c1", ScreenId("lille-1"), "rotate", {"degrees": 90}, 10, 20)
ANSWER = Answer("c1", "done", "The picture is turned.", 15, {"how": "wlr-randr"})
RUN = PowerRun(1, GENESIS, 100, 200, "law", "cec-ctl", "standby")
RULE = FetchRule(250_000, ((1_320, 360), (720, 780)))
PLAN = PowerPlan((Off(100, 200, "law"), Off(300, 400, "hours")))


def test_a_command_goes_over_the_wire_and_back() -> None:
    assert Command.from_json(COMMAND.to_json()) == COMMAND


def test_answers_go_over_the_wire_and_back() -> None:
    said = Answers((ANSWER,), (RUN,))
    assert Answers.from_json(said.to_json()) == said


def test_a_kind_of_a_newer_server_is_read_so_that_it_can_be_answered() -> None:
    newer = replace(COMMAND, kind="dance", arguments={"steps": [1, 2]}).to_json()
    assert Command.from_json({**newer, "later": 1}).kind == "dance"  # type: ignore[dict-item]


def test_a_plan_says_when_the_display_is_off() -> None:
    assert PowerPlan.from_json(PLAN.to_json()) == PLAN
    found = [PLAN.at(now) for now in (99, 100, 199, 200, 300)]
    assert found == [None, PLAN.off[0], PLAN.off[0], None, PLAN.off[1]]


def test_plans_are_told_apart_by_their_content() -> None:
    assert PLAN.id == PowerPlan(PLAN.off).id != PowerPlan().id


def test_a_rule_for_fetching_goes_over_the_wire_and_is_told_apart_by_its_content() -> None:
    assert FetchRule.from_json(RULE.to_json()) == RULE
    assert RULE.id == replace(RULE).id != FetchRule().id


def test_a_record_of_the_display_is_bound_to_the_one_before() -> None:
    after = replace(RUN, seq=2, prev=RUN.hash, from_ms=300, until_ms=400)
    assert RUN.follows(0)
    assert after.follows(1, RUN.hash)
    assert not after.follows(1, replace(RUN, until_ms=201).hash)
    assert not after.follows(2, RUN.hash)


@pytest.mark.parametrize(
    ("read", "good", "change", "field"),
    [
        (Command.from_json, COMMAND, {"kind": "Rotate!"}, "kind"),
        (Command.from_json, COMMAND, {"screen": ""}, "screen"),
        (Command.from_json, COMMAND, {"deadline": 10}, "deadline"),
        (
            Command.from_json,
            COMMAND,
            {"arguments": dict.fromkeys("abcdefghijklmnopq", 1)},
            "arguments",
        ),
        (Answer.from_json, ANSWER, {"state": "perhaps"}, "state"),
        (Answer.from_json, ANSWER, {"said": "x" * 501}, "said"),
        (PowerPlan.from_json, PLAN, {"off": [[1, 2]]}, "off/0"),
        (PowerPlan.from_json, PLAN, {"off": [[1, 2, "whim"]]}, "off/0"),
        (PowerPlan.from_json, PLAN, {"off": [[2, 2, "law"]]}, "off/0"),
        (FetchRule.from_json, RULE, {"bytes_s": -1}, "bytes_s"),
        (FetchRule.from_json, RULE, {"windows": [[1]]}, "windows/0"),
        (FetchRule.from_json, RULE, {"windows": [[1, 1]]}, "windows/0"),
        (FetchRule.from_json, RULE, {"windows": [[1, 1_441]]}, "windows/0"),
        (PowerRun.from_json, RUN, {"prev": sha256(b"")[1:]}, "prev"),
    ],
)
def test_what_is_wrong_is_named(
    read: Callable[[object], object], good: Any, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read({**good.to_json(), **change})
    assert caught.value.field == field


def test_what_a_device_knows_goes_with_its_report_and_may_be_anything_short() -> None:
    report = Report(1, {}, 0, 0, None, {}, device={"temperature": 61, "agent": "1.2"})
    assert Report.from_json(report.to_json()) == report
    body: Any = report.to_json()
    body["device"] |= {"deep": {"a": 1}}
    assert Report.from_json(body) == report


def test_commands_come_with_the_answer_to_a_report() -> None:
    difference = Difference("", commands=("a.b.c",))
    assert Difference.from_json(difference.to_json()) == difference
    assert Difference.from_json({"time": "", "offers": []}).commands == ()
