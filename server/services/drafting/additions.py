"""New turns of a playlist's draft: a message, an offer, several, a picture, a film, another
playlist.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from playlists.ids import check_sku
from playlists.model_json.content import MAX_ITEM_MS, MIN_ITEM_MS
from server.db.models import AssetRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input
from server.services.drafting import drafts
from server.services.drafting.drafts import Draft
from server.services.wishes.content import get_playlist

New = Literal["message", "price", "trio", "image", "video", "file", "playlist"]
KINDS: tuple[New, ...] = get_args(New)
LANGUAGES = ("fr", "en")
MAX_TRIO = 3
TURN_MS = 10_000
ID_BYTES = 4


def add(
    ctx: Context,
    actor: Actor,
    playlist: str,
    kind: New,
    chosen: Sequence[str] = (),
    after: str | None = None,
) -> tuple[Draft, str]:
    """Add a turn after the one named `after`, at the beginning where that is empty, else at the
    end, and say its id. `chosen` are SKUs, the sha256 of a file (`file`: a picture or a film), or a
    playlist's id. Raises BadInput, NotFound, Forbidden, Conflict.
    """
    draft = drafts.read(ctx, actor, "playlist", playlist)
    value = _value(ctx, actor, kind, list(chosen), playlist)
    items = draft.body.get("items", [])
    name = secrets.token_hex(ID_BYTES)
    last = items[-1]["id"] if items else None
    behind = last if after is None else after or None
    op = {"op": "add", "path": "items", "id": name, "after": behind, "value": value}
    return drafts.edit(ctx, actor, "playlist", playlist, [op]), name


def _value(
    ctx: Context, actor: Actor, kind: New, chosen: list[str], playlist: str
) -> Mapping[str, Any]:
    if kind == "message":
        texts = {"headline": dict.fromkeys(LANGUAGES, "")}
        return _turn({"template": "message", "params": {"sky": "mist"}, "texts": texts})
    if kind in ("price", "trio"):
        return _turn(_goods(kind, chosen))
    if len(chosen) != 1:
        raise BadInput("Choose one.", field="chosen", code="choose_one")
    if kind == "playlist":
        if chosen[0] == playlist:
            raise BadInput(
                "A playlist does not stand inside itself.", field="chosen", code="itself"
            )
        inner = get_playlist(ctx, actor, chosen[0]).value
        return {"content": {"playlist": inner.id}}
    return _file(ctx, kind, chosen[0])


def _goods(kind: New, chosen: list[str]) -> dict[str, Any]:
    most = 1 if kind == "price" else MAX_TRIO
    if not 1 <= len(chosen) <= most:
        raise BadInput(f"Choose 1 to {most} products.", field="chosen", code="choose_goods")
    with as_bad_input("chosen"):
        goods = [{"sku": check_sku(sku)} for sku in chosen]
    if kind == "price":
        return {"template": "price", "goods": goods}
    texts = {"headline": dict.fromkeys(LANGUAGES, "")}
    return {"template": "trio", "params": {"sky": "mist"}, "texts": texts, "goods": goods}


def _file(ctx: Context, kind: New, sha: str) -> Mapping[str, Any]:
    with ctx.db.read() as session:
        row = session.get(AssetRow, sha)
        films = row is not None and row.kind == "video"
        if row is None or (kind != "file" and films != (kind == "video")):
            raise BadInput("Choose a file of this kind.", field="chosen", code="no_such_file")
        lasts = row.duration_ms or TURN_MS
        turn = _turn({"template": "video" if films else "image", "assets": [sha]})
        bounded = max(MIN_ITEM_MS, min(MAX_ITEM_MS, lasts))
        return {**turn, "title": row.name[:200], "duration_ms": bounded}


def _turn(card: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"card": card}, "duration_ms": TURN_MS}
