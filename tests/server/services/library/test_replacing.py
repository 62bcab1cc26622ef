"""A file replaced in every playlist as one edit, and taken back; and where it is used."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from playlists.ids import ItemId, PlaylistId, Sha256
from playlists.model import Card, Good, Item, Playlist
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.drafting import drafts
from server.services.library import assets, browsing, drawings, filing
from server.services.library.browsing import Look
from server.services.library.replacing import replace_everywhere, undo
from server.services.wishes import content
from server.services.wishes.reach import files_of
from tests.server.services.keys_seen import marked
from tests.server.services.library.test_assets import LILLE, png


def upload(ctx: Context, colour: str) -> str:
    return assets.upload(ctx, SYSTEM, f"{colour}.png", [png(colour=colour)]).asset.sha


def put(ctx: Context, name: str, sha: str) -> None:
    """A playlist that shows a file: as itself, as a product's picture, as what stands in."""
    picture = Card("image", assets=(Sha256(sha),))
    priced = Card("price", goods=(Good("BAG", Sha256(sha)),))  # type: ignore[arg-type]
    items = (
        Item(ItemId("a"), picture),
        Item(ItemId("b"), priced, fallback=picture),
    )
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(name), name.title(), items))


def shows(ctx: Context, name: str) -> set[str]:
    return set(files_of(content.get_playlist(ctx, SYSTEM, name).value))


@pytest.fixture
def pair(any_ctx: Context) -> tuple[str, str]:
    """An old file that two playlists show, and a new one."""
    old, new = upload(any_ctx, "navy"), upload(any_ctx, "green")
    for name in ("window", "till"):
        put(any_ctx, name, old)
    marked(any_ctx)
    return old, new


def test_it_changes_everywhere_at_once_and_back(any_ctx: Context, pair: tuple[str, str]) -> None:
    old, new = pair
    done = replace_everywhere(any_ctx, SYSTEM, old, new)
    assert done.playlists == ("till", "window")
    assert marked(any_ctx) == {"playlist:window", "playlist:till"}
    assert shows(any_ctx, "window") == shows(any_ctx, "till") == {new}
    back = undo(any_ctx, SYSTEM, done.number)
    assert back.playlists == ("window", "till") or set(back.playlists) == {"window", "till"}
    assert shows(any_ctx, "window") == {old}
    with pytest.raises(Conflict):
        undo(any_ctx, SYSTEM, done.number)


def test_what_others_changed_since_stays(any_ctx: Context, pair: tuple[str, str]) -> None:
    old, new = pair
    done = replace_everywhere(any_ctx, SYSTEM, old, new)
    window = content.get_playlist(any_ctx, SYSTEM, "window").value
    content.update_playlist(any_ctx, SYSTEM, replace(window, name="Window, again"))
    back = undo(any_ctx, SYSTEM, done.number)
    assert (back.playlists, back.left) == (("till",), ("window",))
    assert shows(any_ctx, "window") == {new}


def test_what_cannot_stand_there_changes_nothing(any_ctx: Context, pair: tuple[str, str]) -> None:
    old, new = pair
    with pytest.raises(BadInput):
        replace_everywhere(any_ctx, SYSTEM, old, old)
    with pytest.raises(NotFound):
        replace_everywhere(any_ctx, SYSTEM, old, "0" * 64)
    with pytest.raises(Conflict):
        replace_everywhere(any_ctx, SYSTEM, new, old)
    with pytest.raises(NotFound):
        undo(any_ctx, SYSTEM, 1)
    assert shows(any_ctx, "window") == {old}


def test_nobody_replaces_beyond_their_stores(any_ctx: Context, pair: tuple[str, str]) -> None:
    old, _ = pair
    brand = {"mark": old}
    places.create_store(any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris", brand=brand), "lille")
    mine = assets.upload(any_ctx, LILLE, "mine.png", [png(colour="red")]).asset.sha
    with pytest.raises(Forbidden):
        replace_everywhere(any_ctx, LILLE, old, mine)
    assert shows(any_ctx, "window") == {old}


def test_its_page_says_where_it_is_used_drafts_too(any_ctx: Context, pair: tuple[str, str]) -> None:
    old, new = pair
    item = {"id": "n", "content": {"card": {"template": "image", "assets": [new]}}}
    op = {"op": "add", "path": "items", "id": "n", "after": None, "value": item}
    drafts.edit(any_ctx, SYSTEM, "playlist", "window", [op])
    used = filing.filed(any_ctx, SYSTEM, old, "en")
    assert {(one.kind, one.name) for one in used.places} == {
        ("playlist", "Window"),
        ("playlist", "Till"),
        ("draft", "Window"),
    }
    assert [name for _, name in used.others] == ["green.png"]
    with pytest.raises(Conflict, match="draft:window"):
        assets.delete_asset(any_ctx, SYSTEM, new)


def test_files_are_found_by_name_kind_tag_and_state(
    any_ctx: Context, pair: tuple[str, str]
) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20"/>'
    drawings.keep_drawing(any_ctx, SYSTEM, "mark", drawing)

    def found(look: Look) -> set[str]:
        return {one.name for one in browsing.gallery(any_ctx, SYSTEM, look).files}

    assert found(Look()) == {"navy.png", "green.png"}
    assert found(Look(named="GRE")) == {"green.png"}
    assert found(Look(kind="drawing")) == {"mark"}
    assert found(Look(state="unused")) == {"green.png"}
    assert found(Look(state="priced")) == found(Look(tag="none")) == set()
    whole = browsing.gallery(any_ctx, SYSTEM, Look())
    assert whole.kinds == {"image": 2, "drawing": 1}
    assert {one.name: one.uses for one in whole.files} == {"navy.png": 2, "green.png": 0}
    assert browsing.gallery(any_ctx, LILLE, Look()).files == ()


def test_a_page_of_files_asks_as_much_whatever_its_length(ctx: Context) -> None:
    asked: list[str] = []
    event.listen(ctx.db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))

    def many(colours: tuple[str, ...]) -> int:
        for colour in colours:
            put(ctx, f"p-{colour}", upload(ctx, colour))
        asked.clear()
        browsing.gallery(ctx, SYSTEM, Look())
        return len(asked)

    assert many(("navy",)) == many(("red", "green", "blue", "gold"))
