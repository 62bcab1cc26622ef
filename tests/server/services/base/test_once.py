"""A creation and its kept answer: both or neither, for a day."""

from __future__ import annotations

import pytest

from playlists.ids import PlaylistId
from playlists.model import Playlist
from server.errors import BadInput
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.once import KEEP_ANSWERS_MS, Given, once
from server.services.wishes import content
from tests.support.record import TestClock


def create(ctx: Context, name: str = "Autumn") -> Given:
    """Make a playlist, and answer with its id."""
    made = content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(""), name, ()))
    return Given(201, {"id": made.value.id}, {"ETag": '"1"'})


def count(ctx: Context) -> int:
    """How many playlists there are."""
    return len(content.list_playlists(ctx, SYSTEM).items)


def test_the_answer_is_given_again_for_a_day(any_ctx: Context, clock: TestClock) -> None:
    first = once(any_ctx, SYSTEM, "k", "r", create)
    clock.advance(KEEP_ANSWERS_MS - 1)
    assert once(any_ctx, SYSTEM, "k", "r", create) == first
    assert count(any_ctx) == 1
    clock.advance(1)
    assert once(any_ctx, SYSTEM, "k", "another", create) != first
    assert count(any_ctx) == 2


def test_a_key_is_its_senders_own(any_ctx: Context) -> None:
    once(any_ctx, SYSTEM, "k", "r", create)
    other = Actor("o", "Other", SYSTEM.scopes)
    once(any_ctx, other, "k", "other", create)
    assert count(any_ctx) == 2


def test_killed_after_creating_and_before_answering_nothing_is_there(any_ctx: Context) -> None:
    def die(ctx: Context) -> Given:
        create(ctx)
        raise SystemExit

    with pytest.raises(SystemExit):
        once(any_ctx, SYSTEM, "k", "r", die)
    assert count(any_ctx) == 0
    once(any_ctx, SYSTEM, "k", "r", create)
    assert count(any_ctx) == 1


def test_what_it_made_is_seen_inside_and_the_worker_woken_after(any_ctx: Context) -> None:
    wakes = any_ctx.wake

    def look(ctx: Context) -> Given:
        given = create(ctx)
        assert count(ctx) == 1
        assert wakes.count == 0  # type: ignore[attr-defined]
        return given

    once(any_ctx, SYSTEM, "k", "r", look)
    assert wakes.count == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", ["", "x" * 201, "two\nlines"])
def test_a_key_that_is_none(ctx: Context, key: str) -> None:
    with pytest.raises(BadInput):
        once(ctx, SYSTEM, key, "r", create)
