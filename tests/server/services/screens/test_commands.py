"""Commands: who may send them, how long they wait, what their answers come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from playlists.signing import SigningKey, verify
from playlists.wire.commands import Answer, Answers, Command
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest
from server.db.models import AuditRow, CommandFileRow, CommandRow, DeviceRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.entry.roles import ROLES
from server.services.screens import answering, commands, playback
from server.services.screens.devices import Viewer
from server.services.screens.pairing import begin, claim
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

SCREEN, OTHER = "lille-window", "prado-window"
VIEWER = Viewer((SCREEN,), "d" * 16)
MANAGER = Actor("mia", "Mia", ROLES["manager"], frozenset({"lille"}))
IT = Actor("ivo", "Ivo", ROLES["it"])
JPEG = b"\xff\xd8\xff" + b"picture"


@pytest.fixture
def chain(ctx: Context) -> Context:
    lay_out(ctx)
    pair(ctx, SCREEN, agent=True)
    return ctx


def pair(ctx: Context, screen: str, *, agent: bool) -> None:
    key = SigningKey.generate()
    given = begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920), {"agent": agent}))
    claim(ctx, SYSTEM, code=given.code, screen_id=screen)


def waiting(ctx: Context, screen: str = SCREEN) -> list[Command]:
    """What a screen that reports is asked to do."""
    report = Report(0, {}, 0, 0, None, {})
    difference = playback.report(ctx, Viewer((screen,), "d" * 16), report)
    return [
        Command.from_json(verify(jws, "command", ctx.keys.ring, ctx.clock()))
        for jws in difference.commands
    ]


def answer(ctx: Context, command: str, state: Any = "done", viewer: Viewer = VIEWER) -> None:
    said = Answer(command, state, "So it is.", ctx.clock(), {"how": "page"})
    answering.take(ctx, viewer, Answers((said,)))


def test_a_command_is_told_with_each_report_until_it_is_answered(chain: Context) -> None:
    sent = commands.send(chain, IT, SCREEN, "rotate", {"degrees": 90})
    for _ in range(2):
        (command,) = waiting(chain)
        assert (command.id, command.kind, command.arguments) == (
            sent.id,
            "rotate",
            {"degrees": 90},
        )
    assert waiting(chain, OTHER) == []
    answer(chain, sent.id)
    assert waiting(chain) == []
    found = commands.get_command(chain, IT, SCREEN, sent.id)
    assert (found.state, found.said, found.detail) == ("done", "So it is.", {"how": "page"})


def test_the_first_answer_counts(chain: Context) -> None:
    sent = commands.send(chain, IT, SCREEN, "reload")
    answer(chain, sent.id, "failed")
    answer(chain, sent.id, "done")
    assert commands.get_command(chain, IT, SCREEN, sent.id).state == "failed"


def test_a_device_answers_for_its_own_screen_only(chain: Context) -> None:
    sent = commands.send(chain, IT, SCREEN, "reload")
    answer(chain, sent.id, viewer=Viewer((OTHER,), "e" * 16))
    assert commands.get_command(chain, IT, SCREEN, sent.id).state == ""


def test_what_was_not_done_by_its_deadline_is_overdue_and_told_no_more(
    chain: Context, clock: TestClock
) -> None:
    sent = commands.send(chain, IT, SCREEN, "identify")
    clock.advance(commands.LIFE_MS["identify"])
    assert waiting(chain) == []
    assert commands.get_command(chain, IT, SCREEN, sent.id).state == "overdue"


def test_a_manager_asks_only_what_harms_nothing_and_only_of_the_own_store(chain: Context) -> None:
    needed: dict[str, Any] = {"rotate": {"degrees": 0}, "volume": {"percent": 5}}
    allowed = set()
    for kind in commands.KINDS:
        try:
            commands.send(chain, MANAGER, SCREEN, kind, needed.get(kind))
            allowed.add(kind)
        except Forbidden:
            pass
        with pytest.raises(NotFound):
            commands.send(chain, MANAGER, OTHER, kind, needed.get(kind))
    assert allowed == {"identify", "screenshot", "reload"}


def test_who_looks_only_sends_nothing(chain: Context) -> None:
    with pytest.raises(Forbidden):
        commands.send(chain, Actor("v", "V", ROLES["viewer"]), SCREEN, "identify")


def test_what_no_device_could_do_is_not_sent(chain: Context) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("dance", {}),
        ("power", {"off": []}),
        ("identify", {"colour": "red"}),
        ("rotate", {}),
        ("rotate", {"degrees": 45}),
        ("volume", {"percent": True}),
        ("volume", {"percent": 101}),
    ]
    for kind, arguments in wrong:
        with pytest.raises(BadInput):
            commands.send(chain, IT, SCREEN, kind, arguments)


def test_nothing_is_sent_where_no_player_could_hear_it(chain: Context) -> None:
    with pytest.raises(Conflict, match="Pair one"):
        commands.send(chain, IT, OTHER, "reload")
    pair(chain, OTHER, agent=False)
    with pytest.raises(Conflict, match="browser"):
        commands.send(chain, IT, OTHER, "reload")


def test_commands_do_not_pile_up(chain: Context, clock: TestClock) -> None:
    for _ in range(commands.MAX_OPEN):
        commands.send(chain, IT, SCREEN, "reload")
    with pytest.raises(Conflict, match="wait"):
        commands.send(chain, IT, SCREEN, "reload")
    clock.advance(commands.LIFE_MS["reload"])
    commands.send(chain, IT, SCREEN, "reload")


def test_a_device_that_forgot_its_screen_is_parted_from_it(chain: Context) -> None:
    sent = commands.send(chain, IT, SCREEN, "forget")
    with chain.db.read() as session:
        assert session.get(DeviceRow, SCREEN)
    answer(chain, sent.id)
    with chain.db.read() as session:
        assert session.get(DeviceRow, SCREEN) is None


def test_the_log_of_changes_says_who_asked_and_what_came_of_it(chain: Context) -> None:
    sent = commands.send(chain, IT, SCREEN, "reboot")
    answer(chain, sent.id, "refused")
    with chain.db.read() as session:
        rows = session.execute(
            select(AuditRow.action, AuditRow.actor_id, AuditRow.after).where(
                AuditRow.action.startswith("command")
            )
        ).all()
    assert [(action, actor) for action, actor, _ in rows] == [
        ("command.send", "ivo"),
        ("command.answer", "system"),
    ]
    assert rows[1][2]["state"] == "refused"


def test_a_picture_is_kept_with_its_command_and_the_newest_only(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "KEPT_SHOTS", 2)
    sent = []
    for _ in range(3):
        sent.append(commands.send(chain, MANAGER, SCREEN, "screenshot").id)
        commands.take_file(chain, VIEWER, sent[-1], JPEG)
        answer(chain, sent[-1])
        clock.advance(1_000)
    assert commands.get_file(chain, MANAGER, SCREEN, sent[-1]) == ("image/jpeg", JPEG)
    with pytest.raises(NotFound):
        commands.get_file(chain, MANAGER, SCREEN, sent[0])
    files = [one.file for one in commands.list_commands(chain, MANAGER, SCREEN).items]
    assert files == ["image/jpeg", "image/jpeg", ""]


def test_files_that_nobody_asked_for_are_refused(chain: Context) -> None:
    shot = commands.send(chain, IT, SCREEN, "screenshot").id
    with pytest.raises(BadInput):
        commands.take_file(chain, VIEWER, shot, b"<svg/>")
    with pytest.raises(BadInput):
        commands.take_file(chain, VIEWER, shot, JPEG + bytes(commands.MAX_SHOT_BYTES))
    with pytest.raises(NotFound):
        commands.take_file(chain, Viewer((OTHER,), "e"), shot, JPEG)
    with pytest.raises(NotFound):
        commands.take_file(chain, VIEWER, commands.send(chain, IT, SCREEN, "reload").id, JPEG)
    answer(chain, shot)
    with pytest.raises(Conflict):
        commands.take_file(chain, VIEWER, shot, JPEG)


def test_logs_are_for_who_minds_devices_and_not_for_ever(chain: Context, clock: TestClock) -> None:
    sent = commands.send(chain, IT, SCREEN, "logs").id
    commands.take_file(chain, VIEWER, sent, b"\x1f\x8b" + b"logs")
    answer(chain, sent)
    assert commands.get_file(chain, IT, SCREEN, sent)[0] == "application/gzip"
    with pytest.raises(Forbidden):
        commands.get_file(chain, MANAGER, SCREEN, sent)
    clock.advance(commands.LOGS_KEPT_MS + 1)
    with chain.db.write() as session:
        commands.sweep(session, clock())
    with chain.db.read() as session:
        assert session.get(CommandFileRow, sent) is None
    assert commands.get_command(chain, IT, SCREEN, sent).state == "done"
    clock.advance(commands.KEPT_MS)
    with chain.db.write() as session:
        commands.sweep(session, clock())
        assert session.get(CommandRow, sent) is None


def test_pictures_on_a_schedule_are_forgotten_with_their_commands(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "KEPT_SHOTS", 1)
    asked = commands.send(chain, IT, SCREEN, "screenshot").id
    sent = []
    for _ in range(2):
        with chain.db.write() as session:
            row = commands.issue(
                chain, session, SCREEN, "screenshot", {}, commands.NOBODY, clock.advance(1)
            )
            sent.append(row.id)
        commands.take_file(chain, VIEWER, sent[-1], JPEG)
        answer(chain, sent[-1])
    told = commands.list_commands(chain, IT, SCREEN, scheduled=False).items
    assert [one.id for one in told] == [asked], "these do not hide what people asked for"
    clock.advance(commands.OWN_KEPT_MS + 1)
    with chain.db.write() as session:
        commands.sweep(session, clock())
    kept = {one.id for one in commands.list_commands(chain, IT, SCREEN).items}
    assert kept == {asked, sent[1]}, "what a person asked for, and the one with a picture"


def test_a_manager_sees_the_own_stores_commands(chain: Context) -> None:
    sent = commands.send(chain, IT, SCREEN, "reload").id
    assert [one.id for one in commands.list_commands(chain, MANAGER, SCREEN).items] == [sent]
    away = replace(MANAGER, stores=frozenset({"prado"}))
    with pytest.raises(NotFound):
        commands.list_commands(chain, away, SCREEN)
    with pytest.raises(NotFound):
        commands.get_command(chain, away, SCREEN, sent)
