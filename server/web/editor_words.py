"""A playlist's draft in words: its headline, its rows, what stands in every store's column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playlists.model import Card, Item, Playlist
from server.services.drafting.drafts import Draft
from server.services.drafting.problems import Problem
from server.services.showing.truths import Scene
from server.web.edit_words import ago, lasts
from server.web.phrases import Language
from server.web.problem_words import problem_said
from server.web.sentence_words import Names, Piece, sentence
from server.web.tongue import gettext as _
from server.web.tongue import ngettext
from server.web.truth_words import Cell, cell

TITLED = ("headline", "second", "lead")
MARK_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One turn. `rev` differs where its picture may; `inside` is the playlist that it holds."""

    id: str
    number: int
    title: str
    length: str
    pieces: tuple[Piece, ...]
    cells: tuple[Cell, ...]
    rev: str
    inside: str
    problem: str


@dataclass(frozen=True, slots=True)
class EditorWords:
    """All that the editor says. `mark` names this state of the draft."""

    mark: str
    first: str
    second: str
    head: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    undo: str
    redo: str
    state: str
    problem: str
    problems: int
    changed: bool
    fresh: bool


def mark_of(draft: Draft) -> str:
    """A name for this state of a draft: what it began from, and how often it was edited."""
    return f"{draft.base_version}.{draft.seq}"


def titles(
    playlist: Playlist, names: Names, inner: Mapping[str, str], language: Language
) -> dict[str, str]:
    """What the turns are called, by id: as somebody titled them, or by what they say."""
    return {item.id: title_of(item, names, inner, language) for item in playlist.items}


def title_of(item: Item, names: Names, inner: Mapping[str, str], language: Language) -> str:
    """What a turn is called."""
    if item.title:
        return item.title
    if not isinstance(item.content, Card):
        return inner.get(item.content, item.content)
    for name in TITLED:
        texts = item.content.texts.get(name, {})
        said = texts.get(language) or next((text for text in texts.values() if text), "")
        if said:
            return said
    goods = ", ".join(names.goods.get(good.sku, good.sku) for good in item.content.goods)
    return goods or _("Untitled")


def editor_words(
    draft: Draft,
    playlist: Playlist,
    scene: Scene,
    names: Names,
    inner: Mapping[str, str],
    wrong: Sequence[Problem],
    who: str,
    language: Language,
) -> EditorWords:
    """The whole page."""
    bodies: Mapping[str, Any] = {item["id"]: item for item in draft.body.get("items", [])}
    called = titles(playlist, names, inner, language)
    refused = {one.item: one for one in reversed(wrong)}
    rows = []
    for at, item in enumerate(playlist.items):
        cells = _cells(item, scene, language, ready=item.id not in refused)
        rows.append(
            Row(
                id=item.id,
                number=at + 1,
                title=called[item.id],
                length=lasts(item.duration_ms) if isinstance(item.content, Card) else "",
                pieces=sentence(item.condition, item.schedule, names_for(item, names), language),
                cells=cells,
                rev=_rev(bodies[item.id]),
                inside="" if isinstance(item.content, Card) else item.content,
                problem=problem_said(refused[item.id]) if item.id in refused else "",
            )
        )
    whole = sum(item.duration_ms for item in playlist.items if isinstance(item.content, Card))
    undone, redone = draft.undoable, draft.redoable
    return EditorWords(
        mark=mark_of(draft),
        first=playlist.name,
        second=_second(rows, scene),
        head=_("In this order, %(length)s a round", length=lasts(whole)) if rows else "",
        columns=tuple((store.id, store.name) for store in scene.stores),
        rows=tuple(rows),
        undo=ngettext("Undo %(num)s change", "Undo %(num)s changes", undone) if undone else "",
        redo=ngettext("Redo %(num)s change", "Redo %(num)s changes", redone) if redone else "",
        state=_state(draft, who, scene.now),
        problem=problem_said(refused[""]) if "" in refused else "",
        problems=len(wrong),
        changed=draft.changed or draft.base_version == 0,
        fresh=draft.base_version == 0,
    )


def _cells(item: Item, scene: Scene, language: Language, *, ready: bool) -> tuple[Cell, ...]:
    if not ready:
        return tuple(Cell("no", _("No"), _("not ready")) for _store in scene.stores)
    return tuple(
        cell(
            scene.judge(store, item.condition, item.schedule),
            *(item.schedule, store, scene.now, language),
        )
        for store in scene.stores
    )


def names_for(item: Item, names: Names) -> Names:
    """The names as an item's sentence uses them: its only product needs none."""
    goods = item.content.goods if isinstance(item.content, Card) else ()
    return Names(names.goods, names.stores, goods[0].sku if len(goods) == 1 else "")


def _second(rows: Sequence[Row], scene: Scene) -> str:
    if not rows:
        return _("It shows nothing yet.")
    said = []
    for at, store in enumerate(scene.stores):
        plays = sum(row.cells[at].kind == "yes" for row in rows)
        if at == 0:
            values = {"n": plays, "all": len(rows), "store": store.name}
            said.append(_("%(n)s of %(all)s can play now in %(store)s", **values))
        else:
            said.append(_("%(n)s in %(store)s", n=plays, store=store.name))
    return ", ".join(said) + "." if said else ""


def _state(draft: Draft, who: str, now: int) -> str:
    if draft.base_version == 0:
        return _("A draft: no screen shows it yet.")
    if not draft.changed:
        return _("This is what is on air.")
    return _(
        "Changed by %(who)s, %(ago)s. Screens show it as it was.",
        who=who,
        ago=ago(draft.edited_at, now),
    )


def _rev(body: Mapping[str, Any]) -> str:
    text = json.dumps(body.get("content"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:MARK_DIGITS]
