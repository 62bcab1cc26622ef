"""The list of playlists: states, uses, pages, who sees what; and what keeps one off the air."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playlists.ids import PlaylistId
from playlists.model import Base, Playlist
from server.db.models import AssetRow
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.drafting import additions, drafts, history, releases, tagging
from server.services.drafting import listing as lists
from server.services.drafting.listing import Look, listing
from server.services.drafting.problems import problems
from server.services.wishes import bases, content
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

LISE = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))


def states(ctx: Context, actor: Actor = SYSTEM, **look: Any) -> dict[str, str]:
    """What is listed, with its state."""
    return {row.id: row.state for row in listing(ctx, actor, Look(**look)).rows}


def test_states_and_uses(any_ctx: Context) -> None:
    lay_out(any_ctx)
    drafts.edit(any_ctx, SYSTEM, "playlist", "lille", [rename("Été")])
    made = drafts.begin(any_ctx, SYSTEM, "playlist", {"name": "New"})
    assert states(any_ctx) == {
        "lille": "changed",
        "prado": "air",
        "soon": "idle",
        made.id: "draft",
    }
    found = listing(any_ctx, SYSTEM, Look(named="été"))
    assert [(row.name, row.uses[0].kind, row.uses[0].id) for row in found.rows] == [
        ("Été", "base", "lille")
    ]
    assert found.counts == {"air": 1, "idle": 1, "changed": 1, "draft": 1}
    assert states(any_ctx, state="idle") == {"soon": "idle"}
    additions.add(any_ctx, SYSTEM, "prado", "playlist", ["soon"])
    releases.put_on_air(any_ctx, SYSTEM, "playlist", "prado")
    assert states(any_ctx)["soon"] == "air"
    inside = next(row for row in listing(any_ctx, SYSTEM, Look()).rows if row.id == "soon")
    assert [(use.kind, use.id) for use in inside.uses] == [("playlist", "prado")]


def test_who_sees_what(any_ctx: Context) -> None:
    lay_out(any_ctx)
    assert states(any_ctx, LISE) == {"lille": "air"}
    own = drafts.begin(any_ctx, LISE, "playlist", {"name": "Mine"})
    drafts.begin(any_ctx, SYSTEM, "playlist", {"name": "Theirs"})
    assert states(any_ctx, LISE) == {"lille": "air", own.id: "draft"}
    with pytest.raises(Forbidden):
        listing(any_ctx, replace(LISE, scopes=frozenset({"read"})), Look())


def test_pages(ctx: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    for name in ("a", "b", "c", "d", "e"):
        content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(name), name, ()))
        clock.advance(name not in "cd")
    seen: list[list[str]] = []
    after = ""
    while True:
        page = listing(ctx, SYSTEM, Look(after=after))
        seen.append([row.id for row in page.rows])
        after = page.next
        if not after:
            break
    assert seen == [["c", "d"], ["e", "b"], ["a"]]
    with pytest.raises(BadInput):
        listing(ctx, SYSTEM, Look(after="not ours"))


def test_everything_that_is_wrong_is_said_at_once(ctx: Context) -> None:
    shop = lay_out(ctx)
    draft = drafts.begin(ctx, SYSTEM, "playlist", {"name": "New"})
    for kind, chosen in (("message", []), ("trio", ["BAG"]), ("image", [shop.lille])):
        additions.add(ctx, SYSTEM, draft.id, kind, chosen)  # type: ignore[arg-type]
    body = drafts.read(ctx, SYSTEM, "playlist", draft.id).body
    ids = [item["id"] for item in body["items"]]
    assert [(one.item, one.field) for one in problems(body)] == [
        (ids[0], "content/card/texts/headline/fr")
    ]
    price = {"fr": "9,90 €", "en": "x"}
    path = f"items/{ids[1]}/content/card/texts/headline"
    drafts.edit(ctx, SYSTEM, "playlist", draft.id, [{"op": "set", "path": path, "value": price}])
    body = drafts.read(ctx, SYSTEM, "playlist", draft.id).body
    assert [(one.item, one.code) for one in problems(body)] == [
        (ids[0], "bad_input"),
        (ids[1], "typed_price"),
    ]


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [
        ("price", []),
        ("price", ["BAG", "BAG"]),
        ("trio", ["a", "b", "c", "d"]),
        ("price", ["no such sku \n"]),
        ("image", ["0" * 64]),
        ("file", ["0" * 64]),
        ("video", []),
        ("playlist", ["prado"]),
    ],
)
def test_what_cannot_be_added(ctx: Context, kind: Any, chosen: list[str]) -> None:
    lay_out(ctx)
    with pytest.raises(BadInput):
        additions.add(ctx, SYSTEM, "prado", kind, chosen)
    assert not drafts.read(ctx, SYSTEM, "playlist", "prado").changed


def test_additions_stand_at_the_end(ctx: Context) -> None:
    lay_out(ctx)
    first = additions.add(ctx, SYSTEM, "prado", "message")[1]
    draft, second = additions.add(ctx, SYSTEM, "prado", "price", ["BAG"])
    assert [item["id"] for item in draft.body["items"]][-2:] == [first, second]


def test_a_file_is_a_picture_or_a_film_as_it_is(ctx: Context) -> None:
    shop = lay_out(ctx)
    draft, item = additions.add(ctx, SYSTEM, "prado", "file", [shop.secret], after="")
    first = draft.body["items"][0]
    assert (first["id"], first["content"]["card"]["template"]) == (item, "image")
    with ctx.db.write() as session:
        session.get_one(AssetRow, shop.secret).kind = "video"
    draft, _item = additions.add(ctx, SYSTEM, "prado", "file", [shop.secret])
    assert draft.body["items"][-1]["content"]["card"]["template"] == "video"


def test_a_base_of_the_chain_is_a_use(ctx: Context) -> None:
    lay_out(ctx)
    bases.set_base(ctx, SYSTEM, Base("chain", "", PlaylistId("soon")))
    found = {row.id: row.uses for row in listing(ctx, SYSTEM, Look()).rows}
    assert [(use.kind, use.id) for use in found["soon"]] == [("base", "")]


def rename(name: str) -> dict[str, Any]:
    """Another name."""
    return {"op": "set", "path": "name", "value": name}


def test_playlists_are_filed_under_words(any_ctx: Context) -> None:
    lay_out(any_ctx)
    tagging.tag(any_ctx, SYSTEM, "lille", add=["  Été  2026 ", "Vitrine"])
    tagging.tag(any_ctx, SYSTEM, "prado", add=["vitrine"])
    assert states(any_ctx, tag="vitrine").keys() == {"lille", "prado"}
    assert states(any_ctx, named="été").keys() == {"lille"}, "a tag is found as a name is"
    found = listing(any_ctx, SYSTEM, Look(tag="vitrine"))
    assert found.tags == (("vitrine", 2), ("été 2026", 1))
    assert next(row.tags for row in found.rows if row.id == "lille") == ("vitrine", "été 2026")
    tagging.tag(any_ctx, SYSTEM, "lille", drop=["vitrine"])
    assert states(any_ctx, tag="vitrine").keys() == {"prado"}
    assert listing(any_ctx, LISE, Look()).tags == (("été 2026", 1),), "only of what she sees"
    history.remove(any_ctx, SYSTEM, "playlist", "soon")
    for playlist in ("soon", "nowhere"):
        with pytest.raises(NotFound):
            tagging.tag(any_ctx, SYSTEM, playlist, add=["x"])
    with pytest.raises(NotFound):
        tagging.tag(any_ctx, LISE, "prado", add=["x"])
    for wrong in (["x" * 41], [" "], ["a,b"], ["\x00"], [str(n) for n in range(21)]):
        with pytest.raises(BadInput):
            tagging.tag(any_ctx, SYSTEM, "prado", add=wrong)
    assert states(any_ctx, tag="vitrine").keys() == {"prado"}
