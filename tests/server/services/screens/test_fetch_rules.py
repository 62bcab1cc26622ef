"""How a store's screens fetch: its rule or the chain's, sent to those that do not hold it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.signing import SigningKey, verify
from playlists.wire.commands import Answer, Answers, Command, FetchRule, PowerPlan
from playlists.wire.door import Cap, Report
from playlists.wire.http import PairingRequest
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.entry.roles import ROLES
from server.services.screens import answering, bringing, commands, fetch_rules, playback
from server.services.screens.devices import Viewer
from server.services.screens.fetch_rules import CHAIN, Pace
from server.services.screens.pairing import begin, claim
from tests.support.small_shop import lay_out

SCREEN, STORE = "lille-window", "lille"
IT = Actor("ivo", "Ivo", ROLES["it"])
OF_LILLE = replace(IT, id="lea", stores=frozenset({STORE}))
VIEWER = Viewer((SCREEN,), "d" * 16)
NIGHT = Pace(250, ((1_320, 360),))


@pytest.fixture
def chain(ctx: Context) -> Context:
    lay_out(ctx)
    given = begin(ctx, PairingRequest(SigningKey.generate().x, "Pi", (1, 1), {"agent": True}))
    claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    return ctx


def told(ctx: Context, **holds: Cap) -> list[Command]:
    """What a device that reports this is asked to do."""
    device = {"power_plan": PowerPlan().id, **holds}
    said = Report(0, {}, 0, 0, None, {}, device=device)
    playback.report(ctx, VIEWER, said)
    bringing.bring(ctx)
    jws = playback.report(ctx, VIEWER, said).commands
    return [Command.from_json(verify(one, "command", ctx.keys.ring, ctx.clock())) for one in jws]


def test_a_device_is_sent_the_rule_that_it_does_not_hold_once(chain: Context) -> None:
    nothing = FetchRule().id
    assert told(chain, fetch_rule=nothing) == []
    fetch_rules.set_pace(chain, IT, CHAIN, NIGHT)
    assert told(chain) == [], "a player that knows of none is not asked"
    (command,) = told(chain, fetch_rule=nothing)
    rule = FetchRule.from_json(command.arguments)
    assert (command.kind, rule) == ("fetch", FetchRule(256_000, NIGHT.windows))
    answering.take(chain, VIEWER, Answers((Answer(command.id, "done", "", chain.clock()),)))
    assert told(chain, fetch_rule=rule.id) == []
    fetch_rules.set_pace(chain, IT, STORE, Pace(500))
    fetch_rules.set_pace(chain, IT, STORE, Pace())
    (command,) = told(chain, fetch_rule=rule.id)
    assert FetchRule.from_json(command.arguments) == FetchRule()
    assert commands.list_commands(chain, IT, SCREEN).items == ()


def test_a_stores_own_rule_is_before_the_chains(chain: Context) -> None:
    fetch_rules.set_pace(chain, IT, CHAIN, NIGHT)
    fetch_rules.set_pace(chain, OF_LILLE, STORE, Pace(500))
    found = fetch_rules.of_store(chain, OF_LILLE, STORE)
    assert (found.pace, found.of_chain) == (Pace(500), False)
    fetch_rules.set_pace(chain, OF_LILLE, STORE, None)
    found = fetch_rules.of_store(chain, OF_LILLE, STORE)
    assert (found.pace, found.of_chain) == (NIGHT, True)


def test_a_rule_is_set_by_whom_it_is_to_set_and_only_one_that_can_be_kept(chain: Context) -> None:
    with pytest.raises(Forbidden):
        fetch_rules.set_pace(chain, OF_LILLE, CHAIN, NIGHT)
    for store in ("prado", "nowhere"):
        with pytest.raises(NotFound):
            fetch_rules.set_pace(chain, OF_LILLE, store, NIGHT)
    for wrong in (Pace(15), Pace(0, ((60, 60),)), Pace(0, ((0, 1_441),)), Pace(0, ((0, 1),) * 9)):
        with pytest.raises(BadInput):
            fetch_rules.set_pace(chain, IT, STORE, wrong)
