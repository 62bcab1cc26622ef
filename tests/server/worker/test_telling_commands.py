"""Which commands the door is told of, and when no more."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from playlists.signing import SigningKey
from playlists.wire.commands import Answer, Answers
from playlists.wire.http import PairingRequest
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import answering, commands
from server.services.screens.devices import Viewer
from server.services.screens.pairing import begin, claim
from server.worker.telling import Teller
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

SCREEN = "lille-window"
WHILE_S = 0.2
"""Enough for the loop to tell, if it does not wait."""


@pytest.fixture
def paired(ctx: Context) -> Context:
    lay_out(ctx)
    given = begin(ctx, PairingRequest(SigningKey.generate().x, "Pi", (1, 1), {"agent": True}))
    claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    return ctx


def test_the_door_hears_of_a_command_once_and_of_its_end(paired: Context, clock: TestClock) -> None:
    ctx = paired
    told: list[Mapping[str, Any]] = []

    def send(message: Mapping[str, Any]) -> bool:
        told.append(message)
        return True

    def news() -> list[tuple[list[str], list[str]]]:
        told.clear()
        teller.commands()
        return [
            ([row[1] for row in message["set"]], [name for _, name in message["gone"]])
            for message in told
        ]

    teller = Teller(ctx, send)
    one = commands.send(ctx, SYSTEM, SCREEN, "reload")
    assert news() == [([one.id], [])]
    assert told[0]["set"][0][::2] == [SCREEN, one.deadline]
    assert news() == []
    two = commands.send(ctx, SYSTEM, SCREEN, "identify")
    answer = Answer(one.id, "done", "", clock())
    answering.take(ctx, Viewer((SCREEN,), "d" * 16), Answers((answer,)))
    assert news() == [([], [one.id]), ([two.id], [])]
    told.clear()
    teller.everything(send)
    said = [message for message in told if message["t"] == "commands"]
    assert [message.get("all", False) for message in said] == [True, False]
    assert said[1]["set"][0][1] == two.id
    clock.advance(commands.LIFE_MS["identify"])
    assert news() == [([], [two.id])]


def test_a_command_sent_while_the_door_is_told_everything_reaches_it(paired: Context) -> None:
    held: set[str] = set()
    loop: list[threading.Thread] = []
    sent: list[str] = []

    def send(message: Mapping[str, Any]) -> bool:
        if message["t"] == "directory":
            sent.append(commands.send(paired, SYSTEM, SCREEN, "reload").id)
            loop.append(threading.Thread(target=teller.commands))
            loop[0].start()
            loop[0].join(WHILE_S)
        if message["t"] == "commands":
            held.difference_update(held if message.get("all") else ())
            held.update(row[1] for row in message["set"])
        return True

    teller = Teller(paired, send)
    teller.everything(send)
    loop[0].join()
    assert held == set(sent)
