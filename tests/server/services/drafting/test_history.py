"""Old versions and the bin: nothing that somebody wrote is lost for a month."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import PlaylistId
from playlists.model import Base, Playlist
from server.errors import Conflict, NotFound
from server.services.base.actors import ALL_SCOPES, Actor
from server.services.base.context import Context
from server.services.drafting import drafts, history, releases
from server.services.wishes import bases, content
from tests.support.record import TestClock

ANNE = Actor("anne", "Anne", ALL_SCOPES)
LOCAL = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))


@pytest.fixture
def autumn(any_ctx: Context) -> Context:
    """A playlist that was renamed twice."""
    made = content.create_playlist(any_ctx, ANNE, Playlist(PlaylistId("autumn"), "One", ()))
    for name in ("Two", "Three"):
        made = content.update_playlist(any_ctx, ANNE, replace(made.value, name=name))
    return any_ctx


def names(found: list[history.Past]) -> list[str]:
    """What they were called."""
    return [past.name for past in found]


def test_an_old_version_comes_back_as_an_edit(autumn: Context) -> None:
    found = history.versions(autumn, ANNE, "playlist", "autumn")
    assert names(found) == ["Three", "Two", "One"]
    draft = history.restore(autumn, ANNE, "playlist", "autumn", found[2].number)
    assert draft.body["name"] == "One"
    assert content.get_playlist(autumn, ANNE, "autumn").value.name == "Three"
    assert drafts.undo(autumn, ANNE, "playlist", "autumn").body["name"] == "Three"
    with pytest.raises(Conflict, match="already"):
        history.restore(autumn, ANNE, "playlist", "autumn", found[0].number)
    with pytest.raises(NotFound):
        history.restore(autumn, ANNE, "playlist", "autumn", 10**6)


def test_what_was_deleted_lies_in_the_bin_for_a_month(autumn: Context, clock: TestClock) -> None:
    drafts.edit(autumn, ANNE, "playlist", "autumn", [{"op": "set", "path": "name", "value": "4"}])
    history.remove(autumn, ANNE, "playlist", "autumn")
    never = drafts.begin(autumn, ANNE, "playlist", {"name": "Never on air"})
    history.remove(autumn, ANNE, "playlist", never.id)
    assert names(history.binned(autumn, ANNE, "playlist")) == ["Never on air", "Three"]
    assert history.binned(autumn, ANNE, "campaign") == []
    assert history.binned(autumn, LOCAL, "playlist") == []

    back = history.take_out(autumn, ANNE, "playlist", "autumn")
    assert (back.id, back.body["name"], back.base_version) == ("autumn", "Three", 0)
    assert names(history.binned(autumn, ANNE, "playlist")) == ["Never on air"]
    assert releases.put_on_air(autumn, ANNE, "playlist", "autumn") == 1
    with pytest.raises(NotFound):
        history.take_out(autumn, ANNE, "playlist", "autumn")
    clock.now += history.BIN_MS
    assert history.binned(autumn, ANNE, "playlist") == []


def test_what_is_in_use_is_not_thrown_away(autumn: Context) -> None:
    bases.set_base(autumn, ANNE, Base("chain", "", PlaylistId("autumn")))
    drafts.edit(autumn, ANNE, "playlist", "autumn", [{"op": "set", "path": "name", "value": "4"}])
    with pytest.raises(Conflict, match="in use"):
        history.remove(autumn, ANNE, "playlist", "autumn")
    assert drafts.read(autumn, ANNE, "playlist", "autumn").body["name"] == "4"


def test_a_copy_is_a_draft_of_its_own(autumn: Context) -> None:
    copy = history.duplicate(autumn, ANNE, "playlist", "autumn", "Three (copy)")
    assert copy.id != "autumn"
    assert copy.body["name"] == "Three (copy)"
    assert releases.put_on_air(autumn, ANNE, "playlist", copy.id) == 1
