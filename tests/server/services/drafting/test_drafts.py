"""Drafts: several people write at once, each takes back their own, and what is on air stays."""

from __future__ import annotations

from typing import Any

import pytest

from playlists.ids import ItemId, PlaylistId
from playlists.model import Card, Item, Playlist
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.drafting import drafts, releases
from server.services.wishes import content
from tests.server.services.keys_seen import marked

ANNE = Actor("anne", "Anne", ALL_SCOPES)
BRUNO = Actor("bruno", "Bruno", ALL_SCOPES)
LOCAL = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))
READER = Actor("remi", "Rémi", frozenset({"read"}))


def item(name: str) -> dict[str, Any]:
    """A message."""
    texts = {"headline": {"fr": name}}
    return {"id": name, "content": {"card": {"template": "message", "texts": texts}}}


def rename(name: str) -> list[dict[str, Any]]:
    """An edit of the playlist's name."""
    return [{"op": "set", "path": "name", "value": name}]


def lasts(name: str, seconds: int) -> list[dict[str, Any]]:
    """An edit of an item's length."""
    return [{"op": "set", "path": f"items/{name}/duration_ms", "value": seconds * 1000}]


@pytest.fixture
def autumn(any_ctx: Context) -> Context:
    """A playlist of two messages, on air."""
    items = tuple(
        Item(ItemId(name), Card("message", texts={"headline": {"fr": name}})) for name in ("a", "b")
    )
    content.create_playlist(any_ctx, ANNE, Playlist(PlaylistId("autumn"), "Autumn", items))
    marked(any_ctx)
    return any_ctx


def test_a_draft_leaves_the_air_alone_until_it_is_put_there(autumn: Context) -> None:
    assert not drafts.read(autumn, ANNE, "playlist", "autumn").changed
    draft = drafts.edit(autumn, ANNE, "playlist", "autumn", rename("Fall"))
    assert (draft.body["name"], draft.seq, draft.base_version) == ("Fall", 1, 1)
    assert content.get_playlist(autumn, ANNE, "autumn").value.name == "Autumn"
    assert marked(autumn) == set()

    assert releases.put_on_air(autumn, ANNE, "playlist", "autumn") == 2
    assert content.get_playlist(autumn, ANNE, "autumn").value.name == "Fall"
    assert marked(autumn) == {"playlist:autumn"}
    assert not drafts.read(autumn, ANNE, "playlist", "autumn").changed


def test_something_new_is_a_draft_first(autumn: Context) -> None:
    draft = drafts.begin(autumn, ANNE, "playlist", {"name": "Première neige"})
    add = {"op": "add", "path": "items", "id": "x", "after": None, "value": item("x")}
    drafts.edit(autumn, ANNE, "playlist", draft.id, [add])
    with pytest.raises(NotFound):
        content.get_playlist(autumn, ANNE, draft.id)
    assert releases.put_on_air(autumn, ANNE, "playlist", draft.id) == 1
    assert [i.id for i in content.get_playlist(autumn, ANNE, draft.id).value.items] == ["x"]


def test_two_people_write_at_once_and_lose_nothing(autumn: Context) -> None:
    drafts.edit(autumn, ANNE, "playlist", "autumn", lasts("a", 12))
    drafts.edit(autumn, BRUNO, "playlist", "autumn", lasts("b", 8))
    move = {"op": "move", "path": "items", "id": "b", "after": None}
    drafts.edit(autumn, ANNE, "playlist", "autumn", [move])
    draft, since = drafts.edits_since(autumn, BRUNO, "playlist", "autumn", 2)
    assert [(one["id"], one["duration_ms"]) for one in draft.body["items"]] == [
        ("b", 8_000),
        ("a", 12_000),
    ]
    assert [(edit.seq, edit.by, edit.ops) for edit in since] == [(3, "anne", (move,))]


def test_each_takes_back_their_own_and_does_it_again(autumn: Context) -> None:
    drafts.edit(autumn, ANNE, "playlist", "autumn", lasts("a", 12))
    drafts.edit(autumn, BRUNO, "playlist", "autumn", lasts("b", 8))
    drafts.edit(autumn, ANNE, "playlist", "autumn", rename("Fall"))
    drafts.undo(autumn, ANNE, "playlist", "autumn")
    draft = drafts.undo(autumn, ANNE, "playlist", "autumn")
    assert draft.body["name"] == "Autumn"
    assert [one.get("duration_ms") for one in draft.body["items"]] == [10_000, 8_000]
    assert (draft.undoable, draft.redoable) == (0, 2)
    with pytest.raises(Conflict, match="nothing of yours"):
        drafts.undo(autumn, ANNE, "playlist", "autumn")

    draft = drafts.redo(autumn, ANNE, "playlist", "autumn")
    assert draft.body["items"][0]["duration_ms"] == 12_000
    drafts.edit(autumn, ANNE, "playlist", "autumn", rename("Winter"))  # another way from here on
    with pytest.raises(Conflict):
        drafts.redo(autumn, ANNE, "playlist", "autumn")
    back = drafts.undo(autumn, BRUNO, "playlist", "autumn").body["items"][1]
    assert back["duration_ms"] == 10_000


def test_what_another_changed_since_is_not_undone_over_them(autumn: Context) -> None:
    drafts.edit(autumn, ANNE, "playlist", "autumn", rename("Fall"))
    drafts.edit(autumn, BRUNO, "playlist", "autumn", rename("Herbst"))
    with pytest.raises(Conflict, match="in the meantime"):
        drafts.undo(autumn, ANNE, "playlist", "autumn")
    assert drafts.read(autumn, ANNE, "playlist", "autumn").body["name"] == "Herbst"


def test_an_edit_goes_in_whole_or_not_at_all(autumn: Context) -> None:
    with pytest.raises(Conflict):
        drafts.edit(autumn, ANNE, "playlist", "autumn", [*rename("Fall"), *lasts("gone", 3)])
    with pytest.raises(BadInput):
        drafts.edit(autumn, ANNE, "playlist", "autumn", [*rename("Fall"), *lasts("a", -3)])
    assert not drafts.read(autumn, ANNE, "playlist", "autumn").changed


def test_what_changed_on_air_meanwhile_is_not_overwritten(autumn: Context) -> None:
    drafts.edit(autumn, ANNE, "playlist", "autumn", rename("Fall"))
    live = content.get_playlist(autumn, BRUNO, "autumn").value
    content.update_playlist(autumn, BRUNO, live, 1)
    with pytest.raises(Exception, match="Someone changed this"):
        releases.put_on_air(autumn, ANNE, "playlist", "autumn")
    assert drafts.read(autumn, ANNE, "playlist", "autumn").body["name"] == "Fall"
    drafts.drop(autumn, ANNE, "playlist", "autumn")
    assert drafts.read(autumn, ANNE, "playlist", "autumn").base_version == 2


def test_a_draft_says_what_keeps_it_off_the_air(autumn: Context) -> None:
    priced = {**item("p"), "content": {"card": {"template": "price"}}}
    add = {"op": "add", "path": "items", "id": "p", "after": "b", "value": priced}
    draft = drafts.edit(autumn, ANNE, "playlist", "autumn", [add])
    wrong = drafts.problem(draft)
    assert wrong is not None
    assert wrong.field.startswith("items/2/content/card")
    with pytest.raises(BadInput):
        releases.put_on_air(autumn, ANNE, "playlist", "autumn")
    campaign = drafts.begin(autumn, ANNE, "campaign", {"name": "Rain"})
    wrong = drafts.problem(campaign)
    assert wrong is not None
    assert wrong.field == "playlist"


def test_a_campaign_is_drafted_too(autumn: Context) -> None:
    draft = drafts.begin(autumn, ANNE, "campaign", {"name": "Rain"})
    choose = [
        {"op": "set", "path": "playlist", "value": "autumn"},
        {"op": "set", "path": "share", "value": 2_500},
    ]
    drafts.edit(autumn, ANNE, "campaign", draft.id, choose)
    releases.put_on_air(autumn, ANNE, "campaign", draft.id)
    assert content.get_campaign(autumn, ANNE, draft.id).value.share == 2_500


def test_drafts_keep_to_rights_and_stores(autumn: Context) -> None:
    draft = drafts.begin(autumn, ANNE, "playlist", {"name": "Secret"})
    for actor, refusal in ((LOCAL, NotFound), (READER, Forbidden)):
        with pytest.raises(refusal):
            drafts.read(autumn, actor, "playlist", draft.id)
        with pytest.raises(refusal):
            drafts.edit(autumn, actor, "playlist", draft.id, rename("Mine"))
        with pytest.raises(refusal):
            drafts.undo(autumn, actor, "playlist", draft.id)
        with pytest.raises(refusal):
            drafts.drop(autumn, actor, "playlist", draft.id)
        with pytest.raises(refusal):
            releases.put_on_air(autumn, actor, "playlist", draft.id)
    mine = drafts.begin(autumn, LOCAL, "playlist", {"name": "Ours"})
    assert drafts.read(autumn, LOCAL, "playlist", mine.id).body["name"] == "Ours"
    assert drafts.read(autumn, SYSTEM, "playlist", mine.id).body["name"] == "Ours"
