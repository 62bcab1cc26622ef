"""The editor's sheet: all that it shows of one draft, gathered once for a page or an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import jsonify, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.model import Card, Item, Playlist
from playlists.model_json import playlist_from_json
from server.errors import ServerError
from server.services.drafting import drafts
from server.services.drafting.drafts import Draft, Edit
from server.services.drafting.listing import names_of_playlists, writers
from server.services.drafting.problems import problems
from server.services.showing.shelf import names_of_goods
from server.services.showing.truths import MAX_COLUMNS, Scene, Shop, scene, shops
from server.web.access import Visit
from server.web.edit_words import edit_said
from server.web.editor_words import EditorWords, editor_words, mark_of, titles
from server.web.problem_words import refusal_said
from server.web.sentence_words import Names
from server.web.sentences import Stock, StockBetween, clauses_of

KIND: drafts.Kind = "playlist"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A draft with what its page says of it. `inner` names the playlists inside."""

    draft: Draft
    playlist: Playlist
    scene: Scene
    shops: Sequence[Shop]
    names: Names
    inner: dict[str, str]
    words: EditorWords

    def item(self, name: str) -> Item | None:
        """One of its turns."""
        return next((item for item in self.playlist.items if item.id == name), None)

    def raw(self, name: str) -> dict[str, Any]:
        """One of its turns as the draft holds it."""
        items = self.draft.body.get("items", [])
        return next((dict(item) for item in items if item["id"] == name), {})


def sheet_of(looker: Visit, draft: Draft) -> Sheet:
    """All that the editor shows, in the stores that the address asks for."""
    playlist = playlist_from_json(draft.body)
    every = shops(looker.ctx, looker.actor)
    known = {shop.id for shop in every}
    asked = [name for name in dict.fromkeys(request.args.getlist("store")) if name in known]
    shown = asked or [shop.id for shop in every[:MAX_COLUMNS]]
    conditions = [item.condition for item in playlist.items if item.condition is not None]
    schedules = [item.schedule for item in playlist.items]
    place = scene(looker.ctx, looker.actor, shown, conditions, schedules)
    names = Names(
        names_of_goods(looker.ctx, _skus(playlist), looker.language),
        {shop.id: shop.name for shop in every},
    )
    nested = [item.content for item in playlist.items if not isinstance(item.content, Card)]
    inner = dict(names_of_playlists(looker.ctx, [str(one) for one in nested]))
    who = writers(looker.ctx, [draft.edited_by]).get(draft.edited_by, draft.edited_by)
    words = editor_words(
        *(draft, playlist, place, names, inner, problems(draft.body), who, looker.language)
    )
    return Sheet(draft, playlist, place, every, names, inner, words)


def answer(
    looker: Visit, draft: Draft, said: str = "", edits: Sequence[Edit] | None = None, **more: Any
) -> AnyResponse:
    """The sheet anew, for the page that is open: its mark, its markup, what happened. Without
    `edits` it tells those that others made since the page heard last.
    """
    sheet = sheet_of(looker, draft)
    edits = _of_others(looker, draft) if edits is None else edits
    heard = _heard(looker, sheet, edits)
    return jsonify(
        {
            "mark": mark_of(draft),
            "seq": draft.seq,
            "html": render_template("playlist_sheet.html", **context(looker, sheet)),
            "said": " ".join([*heard, said]).strip(),
            "touched": sorted(_touched(edits)),
            **more,
        }
    )


def context(looker: Visit, sheet: Sheet) -> dict[str, Any]:
    """What the sheet's template is given."""
    return {"visit": looker, "sheet": sheet, "words": sheet.words, "subject": sheet.draft.id}


def refused(error: ServerError) -> AnyResponse:
    """A refusal for a script: the sentence, and the place that it belongs to."""
    told = jsonify({"message": refusal_said(error), "field": error.field, "code": error.code})
    told.status_code = error.status
    return told


def heard_until() -> int:
    """The last edit that the page has heard of; 0 where it does not say."""
    seq = request.args.get("seq", "0")
    return int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 10 else 0


def wants_json() -> bool:
    """Whether a script of ours asks."""
    return request.accept_mimetypes.best == "application/json"


def _of_others(looker: Visit, draft: Draft) -> list[Edit]:
    """What came in between, where one's own edit is not the next that the page hears of."""
    since = heard_until()
    if "seq" not in request.args or draft.seq <= since + 1:
        return []
    _now, edits = drafts.edits_since(looker.ctx, looker.actor, KIND, draft.id, since)
    return [edit for edit in edits if edit.by != looker.actor.id and edit.seq <= draft.seq]


def _heard(looker: Visit, sheet: Sheet, edits: Sequence[Edit]) -> list[str]:
    others = [edit for edit in edits if edit.by != looker.actor.id and edit.ops]
    people = writers(looker.ctx, [edit.by for edit in others])
    called = titles(sheet.playlist, sheet.names, sheet.inner, looker.language)
    body = sheet.draft.body
    return [edit_said(edit, body, people.get(edit.by, edit.by), called) for edit in others]


def _touched(edits: Sequence[Edit]) -> set[str]:
    """The turns that some edits changed."""
    paths = (str(op["path"]).split("/") for edit in edits for op in edit.ops)
    return {path[1] for path in paths if len(path) > 1}


def _skus(playlist: Playlist) -> set[str]:
    found: set[str] = set()
    for item in playlist.items:
        if isinstance(item.content, Card):
            found.update(good.sku for good in item.content.goods)
        for clause in clauses_of(item.condition):
            if isinstance(clause, Stock | StockBetween):
                found.add(clause.sku)
    return found
