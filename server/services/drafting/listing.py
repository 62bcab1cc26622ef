"""The playlists as a page lists them: drafts beside what is on air, where each is used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from server.db.models import (
    BaseRow,
    CampaignRow,
    DraftRow,
    EmergencyRow,
    OverrideRow,
    PlaylistRow,
    ScreenRow,
    StoreRow,
)
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.naming import names_of_people
from server.services.drafting import drafts
from server.services.drafting.tagging import tags_of
from server.services.wishes.reach import Reach

State = Literal["air", "idle", "changed", "draft"]
STATES: tuple[State, ...] = get_args(State)
PAGE_ROWS = 24
"""Playlists of one page of the list."""
MAX_USES = 4
"""Uses that are named of one playlist; the rest is counted."""
MAX_TAGS_SHOWN = 12
MAX_FRAMES = 4
"""Items of one playlist that are drawn in the list."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked for: part of a name or a tag, a state, a whole tag, and after which row
    (`Listing.next`).
    """

    named: str = ""
    state: State | Literal[""] = ""
    after: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class UsedBy:
    """What plays a playlist: kind (campaign, base, override, emergency, playlist), id, name."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One playlist. `state`: air (published and in use), idle (published, nothing plays it),
    changed (its draft says something else), draft (never on air). `length_ms` is of its own cards;
    `frames` are the first items by id.
    """

    id: str
    name: str
    state: State
    uses: tuple[UsedBy, ...]
    more_uses: int
    size: int
    length_ms: int
    frames: tuple[str, ...]
    edited_at: int
    edited_by: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of them, latest edit first; `counts` are of all by state, `tags` those used most with
    how often, `next` leads on.
    """

    rows: tuple[Listed, ...]
    counts: Mapping[State, int]
    found: int
    next: str
    tags: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Light:
    """A playlist without its body."""

    id: str
    name: str
    state: State
    edited_at: int
    edited_by: str
    tags: tuple[str, ...] = ()

    def fits(self, look: Look) -> bool:
        """Whether it is looked for."""
        part = look.named.strip().casefold()
        return (
            look.state in ("", self.state)
            and (not look.tag or look.tag in self.tags)
            and (part in self.name.casefold() or any(part in tag for tag in self.tags))
        )


def listing(ctx: Context, actor: Actor, look: Look) -> Listing:
    """The playlists that the actor may see. Raises Forbidden, BadInput (a cursor not of ours)."""
    actor.require("content")
    now = ctx.clock()
    with ctx.db.read() as session:
        every = _all(session, actor, now)
        counts = {state: sum(one.state == state for one in every) for state in STATES}
        found = [one for one in every if one.fits(look)]
        used = Counter(tag for one in every for tag in one.tags)
        found.sort(key=_order)
        after = _read(look.after)
        rest = [one for one in found if after is None or _order(one) > after]
        shown = rest[:PAGE_ROWS]
        rows = list(_whole(session, shown, now))
    more = len(rest) > len(shown)
    cursor = f"{shown[-1].edited_at}.{shown[-1].id}" if more else ""
    most = sorted(used.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_TAGS_SHOWN]
    return Listing(tuple(rows), counts, len(found), cursor, tuple(most))


def _order(one: _Light) -> tuple[int, str]:
    return -one.edited_at, one.id


def _read(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    at, _, name = cursor.partition(".")
    if not (at.isascii() and at.isdigit()):
        raise BadInput("Pass on the “next” of the page before as it is.", field="after")
    return -int(at), name


def _all(session: Session, actor: Actor, now: int) -> list[_Light]:
    reach = Reach(session) if actor.stores is not None else None
    used = _used(session, now)
    tags = tags_of(session)
    drafts = {row.subject: row for row in session.execute(_DRAFTS)}
    found: list[_Light] = []
    lives = select(PlaylistRow.id, PlaylistRow.name, PlaylistRow.edited_at, PlaylistRow.edited_by)
    for row in session.execute(lives):
        draft = drafts.pop(row.id, None)
        if reach is not None and not reach.sees(actor, row.id):
            continue
        state: State = "air" if row.id in used else "idle"
        name, at, by = row.name, row.edited_at, row.edited_by
        if draft is not None and draft.seq:
            state, name = "changed", draft.name or name
            at, by = draft.edited_at, draft.edited_by
        found.append(_Light(row.id, name, state, at, by, tags.get(row.id, ())))
    for subject, draft in drafts.items():
        if draft.base_version == 0 and (actor.stores is None or draft.created_by == actor.id):
            name = draft.name or subject
            at, by = draft.edited_at, draft.edited_by
            found.append(_Light(subject, name, "draft", at, by, tags.get(subject, ())))
    return found


_DRAFTS = select(
    DraftRow.subject,
    DraftRow.body["name"].as_string().label("name"),
    DraftRow.seq,
    DraftRow.base_version,
    DraftRow.created_by,
    DraftRow.edited_at,
    DraftRow.edited_by,
).where(DraftRow.kind == "playlist")


def _used(session: Session, now: int) -> set[str]:
    """The ids of all playlists that something plays."""
    used: set[str] = set()
    for column in (CampaignRow.playlist_id, BaseRow.playlist_id):
        used.update(session.scalars(select(column).distinct()))
    for table in (OverrideRow, EmergencyRow):
        ids = select(table.body["playlist"].as_string()).where(table.until_ms > now)
        used.update(str(one) for one in session.scalars(ids) if one)
    used.update(child for _, _, body in _parents(session) for child in _children(body))
    return used


def _parents(session: Session) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The playlists with others inside."""
    holds = cast(PlaylistRow.body, String).contains('"playlist"')
    rows = session.execute(select(PlaylistRow.id, PlaylistRow.name, PlaylistRow.body).where(holds))
    return [(row.id, row.name, row.body) for row in rows]


def _children(body: Mapping[str, Any]) -> set[str]:
    inner = (item.get("content", {}).get("playlist") for item in body.get("items", ()))
    return {str(child) for child in inner if child}


def _whole(session: Session, shown: list[_Light], now: int) -> Iterable[Listed]:
    """Those of a page with their bodies and uses, in a fixed number of statements."""
    ids = [one.id for one in shown]
    bodies: dict[str, Mapping[str, Any]] = dict(
        session.execute(
            select(PlaylistRow.id, PlaylistRow.body).where(PlaylistRow.id.in_(ids))
        ).all()
    )
    written = select(DraftRow.subject, DraftRow.body).where(
        DraftRow.kind == "playlist", DraftRow.subject.in_(ids)
    )
    drafts: dict[str, Mapping[str, Any]] = dict(session.execute(written).all())
    uses = uses_of(session, ids, now)
    people = names_of_people(session, {one.edited_by for one in shown})
    for one in shown:
        own = drafts if one.state in ("changed", "draft") else bodies
        items = own.get(one.id, {}).get("items", [])
        mine = uses.get(one.id, [])
        yield Listed(
            id=one.id,
            name=one.name,
            state=one.state,
            uses=tuple(mine[:MAX_USES]),
            more_uses=max(0, len(mine) - MAX_USES),
            size=len(items),
            length_ms=length_of(items),
            frames=tuple(item["id"] for item in items[:MAX_FRAMES]),
            edited_at=one.edited_at,
            edited_by=people.get(one.edited_by, one.edited_by),
            tags=one.tags,
        )


def length_of(items: Iterable[Mapping[str, Any]]) -> int:
    """How long the cards of a draft's items last together, ms."""
    cards = (item for item in items if "card" in item.get("content", {}))
    return sum(int(item.get("duration_ms", 10_000)) for item in cards)


def writers(ctx: Context, ids: Iterable[str]) -> Mapping[str, str]:
    """The names of those who edited something."""
    with ctx.db.read() as session:
        return names_of_people(session, ids)


def names_of_playlists(ctx: Context, ids: Iterable[str]) -> Mapping[str, str]:
    """What some playlists on air are called."""
    with ctx.db.read() as session:
        named = select(PlaylistRow.id, PlaylistRow.name).where(PlaylistRow.id.in_(list(ids)))
        return dict(session.execute(named).all())


def used_by(ctx: Context, actor: Actor, playlist: str) -> list[UsedBy]:
    """All that plays a playlist directly, now or as soon as its time comes. Raises NotFound,
    Forbidden.
    """
    drafts.read(ctx, actor, "playlist", playlist)
    with ctx.db.read() as session:
        return uses_of(session, [playlist], ctx.clock()).get(playlist, [])


def uses_of(session: Session, ids: list[str], now: int) -> dict[str, list[UsedBy]]:
    """What plays each of some playlists directly, by their ids."""
    found: dict[str, list[UsedBy]] = defaultdict(list)
    campaigns = select(CampaignRow.playlist_id, CampaignRow.id, CampaignRow.name)
    for owner, name, title in session.execute(campaigns.where(CampaignRow.playlist_id.in_(ids))):
        found[owner].append(UsedBy("campaign", name, title))
    stores: dict[str, str] = dict(session.execute(select(StoreRow.id, StoreRow.name)).all())
    bases = select(BaseRow).where(BaseRow.playlist_id.in_(ids)).order_by(BaseRow.subject)
    placed = list(session.scalars(bases))
    subjects = [row.subject for row in placed if row.scope == "screen"]
    screens: dict[str, str] = dict(
        session.execute(
            select(ScreenRow.id, ScreenRow.name).where(ScreenRow.id.in_(subjects))
        ).all()
    )
    for base in placed:
        title = {**stores, **screens}.get(base.subject, base.subject)
        found[base.playlist_id].append(UsedBy("base", base.subject, title))
    for table in (OverrideRow, EmergencyRow):
        playlist = table.body["playlist"].as_string()
        live = select(table.id, playlist, table.body["store"].as_string())
        for name, owner, store in session.execute(live.where(table.until_ms > now)):
            if owner in ids:
                kind = "override" if table is OverrideRow else "emergency"
                found[owner].append(UsedBy(kind, name, stores.get(store or "", "")))
    for name, title, body in _parents(session):
        for child in _children(body) & set(ids):
            found[child].append(UsedBy("playlist", name, title))
    return found
