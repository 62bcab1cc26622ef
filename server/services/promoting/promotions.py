"""Promotions: begun from goods, written, found again, copied, thrown away, put into playlists."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import String, select
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from playlists.model import Item
from playlists.model_json import playlist_from_json
from server.db.models import DraftRow, PlaylistRow
from server.errors import Conflict, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MAX_NAME_CHARACTERS, as_bad_input, check_name
from server.services.drafting import additions, drafts, history, releases
from server.services.drafting.drafts import Draft
from server.services.drafting.listing import UsedBy, uses_of
from server.services.drafting.ops import Op
from server.services.drafting.tagging import tag
from server.services.observed import neighbours
from server.services.prices.products import folded
from server.services.promoting.codes import coded, ordered
from server.services.promoting.forms import MAX_GOODS, Form, body_of, form_of
from server.services.wishes.card_checks import check_cards
from server.services.wishes.reach import Reach

KIND: drafts.Kind = "playlist"
MARK = "promo-"
"""What the id of a promotion's playlist begins with."""
TAG = "promotion"
PAGE_ROWS = 24
ID_BYTES = 5


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion as it is written. `on_air`: a version of it can be played; `changed`: it says
    something else than that version. `edited_at` is unix ms; `mark` changes with every edit.
    """

    id: str
    form: Form
    on_air: bool
    changed: bool
    undoable: int
    uses: tuple[UsedBy, ...]
    edited_at: int
    mark: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of promotions, latest edit first; `found` fit in all, `next` leads on."""

    rows: tuple[Promotion, ...]
    found: int
    next: str


def is_promotion(subject: str) -> bool:
    """Whether a playlist's id is a promotion's."""
    return subject.startswith(MARK)


def begin(ctx: Context, actor: Actor, form: Form) -> Promotion:
    """A draft of a new one, filed among playlists under TAG. Raises BadInput."""
    subject = _new_id()
    draft = drafts.begin(ctx, actor, KIND, checked(form, subject), subject)
    tag(ctx, actor, draft.id, add=[TAG])
    watched(ctx, form)
    return _told(ctx, draft)


def usual(name: str, skus: Sequence[str]) -> Form:
    """The form that fits some goods: one by its price, several together."""
    one = len(skus) == 1
    return Form(
        name=name[:MAX_NAME_CHARACTERS],
        template="price" if one else "trio",
        skus=tuple(skus[:1] if one else skus[: MAX_GOODS["trio"]]),
        texts={} if one else {"headline": {"fr": name, "en": name}},
    )


def read(ctx: Context, actor: Actor, subject: str) -> Promotion:
    """One promotion. Raises NotFound, Forbidden."""
    return _told(ctx, _draft(ctx, actor, subject))


def write(ctx: Context, actor: Actor, subject: str, form: Form, mark: str = "") -> Promotion:
    """Keep what a form says in the draft, as one edit. Raises BadInput, NotFound, Forbidden, and
    Conflict where it was edited since `mark`.
    """
    draft = _draft(ctx, actor, subject)
    body = checked(form, subject)
    if mark not in ("", _mark(draft)) and draft.edited_by != actor.id:
        raise Conflict(
            "Someone changed this in the meantime. Look at it again, then change it.",
            code="changed_meanwhile",
        )
    ops = _ops(draft.body, body)
    if ops:
        draft = drafts.edit(ctx, actor, KIND, subject, ops)
        watched(ctx, form)
    return _told(ctx, draft)


def watched(ctx: Context, form: Form) -> None:
    """Have it known where else its product waits, where it says that."""
    if form.gone == "elsewhere":
        neighbours.watch(ctx, form.skus)


def rebind(ctx: Context, actor: Actor, subject: str, skus: Sequence[str]) -> Promotion:
    """Have it show other goods, in a template that holds as many; its code leads to the page of the
    new one. Raises as write.
    """
    form = form_of(_draft(ctx, actor, subject).body)
    template = "trio" if len(skus) > MAX_GOODS[form.template] else form.template
    other = replace(form, skus=tuple(skus), template=template)
    if form.qr and other.skus != form.skus:
        other = coded(ctx, actor, other, "page")
    other = ordered(ctx, actor, other)
    return write(ctx, actor, subject, other)


def stand_in(ctx: Context, actor: Actor, subject: str, sku: str) -> Promotion:
    """Have another product stand in where its goods are gone. Raises as write."""
    form = form_of(_draft(ctx, actor, subject).body)
    return write(ctx, actor, subject, replace(form, gone="other", other=sku))


def undo(ctx: Context, actor: Actor, subject: str) -> Promotion:
    """Take back one's own last edit. Raises Conflict where there is none."""
    _draft(ctx, actor, subject)
    return _told(ctx, drafts.undo(ctx, actor, KIND, subject))


def put_on_air(ctx: Context, actor: Actor, subject: str) -> Promotion:
    """Have it play as written wherever it is held. Raises as releases.put_on_air."""
    _draft(ctx, actor, subject)
    releases.put_on_air(ctx, actor, KIND, subject)
    return read(ctx, actor, subject)


def duplicate(ctx: Context, actor: Actor, subject: str, name: str) -> Promotion:
    """A draft of a copy. Raises BadInput, NotFound."""
    form = replace(form_of(_draft(ctx, actor, subject).body), name=name[:MAX_NAME_CHARACTERS])
    return begin(ctx, actor, form)


def throw(ctx: Context, actor: Actor, subject: str) -> None:
    """Into the bin. Raises Conflict while a playlist or campaign holds it."""
    _draft(ctx, actor, subject)
    history.remove(ctx, actor, KIND, subject)


def binned(ctx: Context, actor: Actor) -> list[history.Past]:
    """Those that can be taken out of the bin, newest first."""
    return [past for past in history.binned(ctx, actor, KIND) if is_promotion(past.id)]


def take_out(ctx: Context, actor: Actor, subject: str) -> None:
    """Out of the bin, as a draft. Raises NotFound."""
    if not is_promotion(subject):
        raise NotFound("There is no such promotion.")
    history.take_out(ctx, actor, KIND, subject)


def put_into(ctx: Context, actor: Actor, subject: str, playlist: str) -> Draft:
    """Hold it at the end of a playlist's draft; a draft of it is put on air first, which nothing
    shows yet. Raises BadInput, Conflict, NotFound, Forbidden.
    """
    promotion = read(ctx, actor, subject)
    if not promotion.on_air:
        put_on_air(ctx, actor, subject)
    draft, _item = additions.add(ctx, actor, playlist, "playlist", [subject])
    return draft


def look(ctx: Context, actor: Actor, words: str = "", sku: str = "", after: str = "") -> Looked:
    """The promotions that the actor may see, those whose name has the words, or that show a SKU."""
    actor.require("content")
    now = ctx.clock()
    with ctx.db.read() as session:
        every = _all(session, actor, sku)
        part = folded(words)
        fit = sorted((one for one in every if part in folded(one[1])), key=lambda one: one[2:])
        begin_at = next((n + 1 for n, one in enumerate(fit) if one[0] == after), 0)
        shown = [one[0] for one in fit[begin_at : begin_at + PAGE_ROWS]]
        more = len(fit) > begin_at + PAGE_ROWS
        rows = _whole(session, shown, now)
    return Looked(rows, len(fit), shown[-1] if more else "")


def checked(form: Form, subject: str = "") -> dict[str, Any]:
    """The playlist of a form that can go on air as it is. Raises BadInput."""
    body = {**body_of(form, subject.removeprefix(MARK)), "name": check_name(form.name)}
    with as_bad_input():
        playlist = playlist_from_json({**body, "id": MARK + "form"})
    check_cards(playlist)
    return body


def items_of(form: Form) -> tuple[Item, ...]:
    """Its turns, to be drawn. Raises BadInput."""
    with as_bad_input():
        return playlist_from_json({**body_of(form), "id": MARK + "form"}).items


def _new_id() -> str:
    return MARK + secrets.token_hex(ID_BYTES)


def _draft(ctx: Context, actor: Actor, subject: str) -> Draft:
    if not is_promotion(subject):
        raise NotFound("There is no such promotion.")
    return drafts.read(ctx, actor, KIND, subject)


def _ops(was: Any, body: dict[str, Any]) -> list[Op]:
    """What turns one playlist into the other: its name, and each turn as a whole."""
    ops: list[Op] = []
    if was.get("name") != body["name"]:
        ops.append({"op": "set", "path": "name", "value": body["name"], "was": was.get("name")})
    held = {item["id"]: item for item in was.get("items", ())}
    wanted = {item["id"]: item for item in body["items"]}
    for name in [one for one in held if held[one] != wanted.get(one)]:
        ops.append({"op": "remove", "path": "items", "id": name})
    after = None
    for name, item in wanted.items():
        if held.get(name) != item:
            ops.append({"op": "add", "path": "items", "id": name, "after": after, "value": item})
        after = name
    return ops


def _told(ctx: Context, draft: Draft) -> Promotion:
    with ctx.db.read() as session:
        uses = uses_of(session, [draft.id], ctx.clock()).get(draft.id, [])
    return _promotion(draft, uses)


def _promotion(draft: Draft, uses: Sequence[UsedBy]) -> Promotion:
    return Promotion(
        draft.id,
        form_of(draft.body),
        draft.base_version > 0,
        draft.base_version == 0 or draft.changed,
        draft.undoable,
        tuple(uses),
        draft.edited_at,
        _mark(draft),
    )


def _mark(draft: Draft) -> str:
    return f"{draft.base_version}.{draft.seq}"


def _all(session: Session, actor: Actor, sku: str) -> list[tuple[str, str, int, str]]:
    """Id, name, the negative of the edit's instant, and id again, without reading bodies."""
    reach = Reach(session) if actor.stores is not None else None
    named = DraftRow.body["name"].as_string()
    written = select(
        DraftRow.subject, named, DraftRow.edited_at, DraftRow.base_version, DraftRow.created_by
    ).where(DraftRow.kind == KIND, DraftRow.subject.startswith(MARK))
    live = select(PlaylistRow.id, PlaylistRow.name, PlaylistRow.edited_at).where(
        PlaylistRow.id.startswith(MARK)
    )
    if sku:
        asked = f'"{sku}"'
        written = written.where(cast_to(DraftRow.body, String).contains(asked, autoescape=True))
        live = live.where(cast_to(PlaylistRow.body, String).contains(asked, autoescape=True))
    found = {
        name: (name, title, -at, name)
        for name, title, at in session.execute(live)
        if reach is None or reach.sees(actor, name)
    }
    for name, title, at, base, by in session.execute(written):
        if name in found or (not base and (actor.stores is None or by == actor.id)):
            found[name] = (name, title or name, -at, name)
    return list(found.values())


def _whole(session: Session, ids: Sequence[str], now: int) -> tuple[Promotion, ...]:
    """Promotions with bodies and uses, in a fixed number of statements."""
    lives = {r.id: r for r in session.scalars(select(PlaylistRow).where(PlaylistRow.id.in_(ids)))}
    rows = select(DraftRow).where(DraftRow.kind == KIND, DraftRow.subject.in_(ids))
    written = {row.subject: row for row in session.scalars(rows)}
    uses = uses_of(session, list(ids), now)
    found = []
    for name in ids:
        row, live = written.get(name), lives.get(name)
        if row is not None:
            draft = Draft(
                KIND, name, row.body, row.base_version, row.seq, row.edited_at, row.edited_by
            )
        elif live is not None:
            draft = Draft(KIND, name, live.body, live.version, 0, live.edited_at, live.edited_by)
        else:
            continue
        found.append(_promotion(draft, uses.get(name, [])))
    return tuple(found)
