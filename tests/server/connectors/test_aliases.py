"""What sources call things is learned from reads and calls, and known when they speak of it."""

from __future__ import annotations

from server.ports import Batch
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, aliases
from tests.support.record import START_MS, TestClock


def read(ctx: Context, **said: str) -> None:
    aliases.learn(ctx, "sky", Batch(ctx.clock(), whole=True, aliases=said))


def call(ctx: Context, **said: str) -> None:
    aliases.learn(ctx, "sky", Batch(ctx.clock(), aliases=said))


def known(ctx: Context) -> dict[str, str]:
    return aliases.look_up(ctx, "sky", ["a", "b", "c"])


def test_names_are_learned_renewed_and_forgotten(any_ctx: Context, clock: TestClock) -> None:
    connectors.create_connector(any_ctx, SYSTEM, ConnectorWish("open_meteo", "Sky"), "sky")
    read(any_ctx, a="1", b="2")
    assert known(any_ctx) == {"a": "1", "b": "2"}
    call(any_ctx, b="", c="3")
    assert known(any_ctx) == {"a": "1", "c": "3"}
    clock.advance(1_000)
    read(any_ctx, a="4")
    assert known(any_ctx) == {"a": "4"}
    aliases.learn(any_ctx, "sky", Batch(clock(), whole=True))
    assert known(any_ctx) == {"a": "4"}
    connectors.delete_connector(any_ctx, SYSTEM, "sky")
    assert known(any_ctx) == {}


def test_what_a_call_taught_during_a_long_read_stays(any_ctx: Context, clock: TestClock) -> None:
    connectors.create_connector(any_ctx, SYSTEM, ConnectorWish("open_meteo", "Sky"), "sky")
    read(any_ctx, a="1")
    clock.advance(60_000)
    call(any_ctx, c="3")
    aliases.learn(any_ctx, "sky", Batch(START_MS + 1_000, whole=True, aliases={"b": "2"}))
    assert known(any_ctx) == {"b": "2", "c": "3"}
