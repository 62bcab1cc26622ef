"""Resolved plans written down in one transaction: objects, profiles, what they read, signed heads.

A plan is stored only over the one that it was made from: where another worker was quicker it is
left out and said, so that whoever asked resolves it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    Executable,
    Table,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.ids import ScreenId, Sha256
from playlists.wire.signed import Head
from server.db.models import (
    HeadRow,
    ProfileReadRow,
    ProfileRow,
    ScreenHeadRow,
    ScreenRow,
    StoreRow,
)
from server.services.base.kept import MAX_IN, batched
from server.services.base.keys import Keys
from server.services.base.objects import Packed, store_objects
from server.services.publishing.planning import Prepared
from server.services.publishing.readsets import ReadIndex

PUBLISHING_LOCK = 0x656E73
"""PostgreSQL's advisory lock: one publishing transaction at a time, as SQLite has it anyway."""

_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_PROFILE = ProfileRow.__table__.c
_SEEN = select(_PROFILE.key, _PROFILE.resolved_at).where(_PROFILE.key.in_(_NAMES))
_PLAYING = cast(Table, ScreenHeadRow.__table__)
_HEADS_OF_SCREENS = select(_PLAYING).where(_PLAYING.c.screen_id.in_(_NAMES))
_HEADS_OF_PROFILES = select(_PLAYING).where(_PLAYING.c.profile.in_(_NAMES))
_NEW_HEADS = insert(cast(Table, HeadRow.__table__))

SignedHead = tuple[str, int, str]
"""Screen, revision, JWS."""


@dataclass(slots=True)
class Stored:
    """What a transaction did: heads to hand over, profiles stored, those left to try again."""

    heads: list[SignedHead] = field(default_factory=list)
    profiles: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


class Storer:
    """Writes plans. `head_life_ms` is how long a head holds."""

    def __init__(self, keys: Keys, index: ReadIndex, head_life_ms: int) -> None:
        self._keys = keys
        self._index = index
        self._life_ms = head_life_ms

    def store(
        self,
        session: Session,
        prepared: Sequence[Prepared],
        screens: Mapping[str, str],
        outdated: Collection[str],
        now: int,
    ) -> Stored:
        """Write plans and the heads of their screens.

        `screens` says which profile screens are to play from now on (those not in it stay with
        theirs); `outdated` are profiles whose inputs moved since they were read.
        """
        alone(session)
        stored = Stored()
        rows = self._still_true(session, prepared, outdated, stored)
        objects: dict[str, Packed] = {}
        for plan in rows:
            objects.update(plan.objects)
        store_objects(session, objects, now)
        _upsert(
            session,
            ProfileRow,
            [_profile_columns(plan, now) for plan in rows],
        )
        self._index.store(session, {p.key: p.reads for p in rows if p.reads is not None})
        stored.profiles = {plan.key for plan in rows}
        self._issue(session, {plan.key: plan for plan in rows}, screens, stored, now)
        return stored

    def renew(self, session: Session, screens: Collection[str], now: int) -> list[SignedHead]:
        """Sign the heads of these screens anew: same plan, a later revision, a later end."""
        alone(session)
        issued: list[dict[str, Any]] = []
        for some in batched(sorted(screens), MAX_IN):
            rows = (
                select(ScreenHeadRow, ProfileRow.inputs)
                .join(ProfileRow, ProfileRow.key == ScreenHeadRow.profile, isouter=True)
                .where(ScreenHeadRow.screen_id.in_(some))
            )
            for head, inputs in session.execute(rows):
                issued.append(
                    self._sign(
                        head.screen_id, head.revision, head.manifest, head.profile, inputs, now
                    )
                )
        _write_heads(session, issued)
        return [(row["screen_id"], row["revision"], row["jws"]) for row in issued]

    def _still_true(
        self,
        session: Session,
        prepared: Sequence[Prepared],
        outdated: Collection[str],
        stored: Stored,
    ) -> list[Prepared]:
        """The plans that nobody was quicker with, of stores that are still there."""
        seen: dict[str, int] = {}
        for some in batched([plan.key for plan in prepared], MAX_IN):
            seen.update(session.execute(_SEEN, {"names": some}).all())
        stores: set[str] = set()
        if new := {plan.store for plan in prepared if plan.key not in seen}:
            stores.update(session.scalars(select(StoreRow.id).where(StoreRow.id.in_(new))))
        rows: list[Prepared] = []
        for plan in prepared:
            if plan.key in outdated or seen.get(plan.key, 0) != plan.known.seen:
                stored.left.add(plan.key)
            elif plan.key in seen or plan.store in stores:
                rows.append(plan)
        return rows

    def _issue(
        self,
        session: Session,
        plans: Mapping[str, Prepared],
        screens: Mapping[str, str],
        stored: Stored,
        now: int,
    ) -> None:
        """Heads for the screens that are to play something else than they do."""
        heads = _heads_of(session, screens.keys(), plans.keys())
        playing = {**{name: head.profile for name, head in heads.items()}, **screens}
        there = heads.keys() | _existing(session, playing.keys() - heads.keys())
        issued: list[dict[str, Any]] = []
        moved: list[str] = []
        for screen, profile in playing.items():
            plan, head = plans.get(profile), heads.get(screen)
            if plan is None or screen not in there:
                continue
            if head is not None and head.manifest == plan.manifest:
                moved += [screen] if head.profile != plan.key else []
                continue
            last = head.revision if head is not None else 0
            issued.append(self._sign(screen, last, plan.manifest, plan.key, plan.inputs, now))
        for screen in moved:
            row = update(ScreenHeadRow).where(ScreenHeadRow.screen_id == screen)
            session.execute(row.values(profile=playing[screen]))
        _write_heads(session, issued)
        stored.heads = [(row["screen_id"], row["revision"], row["jws"]) for row in issued]

    def _sign(
        self,
        screen: str,
        last: int,
        manifest: str,
        profile: str,
        inputs: str | None,
        now: int,
    ) -> dict[str, Any]:
        """A head's columns. Revisions grow with the clock too: a restored backup goes on above."""
        revision = max(last + 1, now)
        expires_at = now + self._life_ms
        head = Head(ScreenId(screen), revision, Sha256(manifest), now, expires_at)
        return {
            "screen_id": screen,
            "revision": revision,
            "manifest": manifest,
            "profile": profile,
            "inputs": inputs,
            "issued_at": now,
            "expires_at": expires_at,
            "jws": self._keys.sign_head(head),
        }


def forget_unused(session: Session, stores: Iterable[str]) -> None:
    """Drop the profiles of these stores that no screen plays any more."""
    alone(session)
    names = sorted(set(stores))
    for some in batched(names, MAX_IN):
        played = select(ScreenHeadRow.profile)
        unused = select(ProfileRow.key).where(
            ProfileRow.store_id.in_(some), ProfileRow.key.not_in(played)
        )
        keys = list(session.scalars(unused))
        session.execute(delete(ProfileReadRow).where(ProfileReadRow.profile.in_(keys)))
        session.execute(delete(ProfileRow).where(ProfileRow.key.in_(keys)))


def alone(session: Session) -> None:
    """Let publishing transactions follow each other; held until the transaction ends."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PUBLISHING_LOCK})


def _heads_of(
    session: Session, screens: Collection[str], profiles: Collection[str]
) -> dict[str, ScreenHeadRow]:
    """The heads of these screens, and of all screens that play these profiles."""
    found: dict[str, ScreenHeadRow] = {}
    for rows, names in ((_HEADS_OF_SCREENS, screens), (_HEADS_OF_PROFILES, profiles)):
        for some in batched(sorted(names), MAX_IN):
            for row in session.execute(rows, {"names": some}):
                found[row.screen_id] = row  # type: ignore[assignment]
    return found


def _existing(session: Session, screens: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in batched(sorted(screens), MAX_IN):
        found.update(session.scalars(select(ScreenRow.id).where(ScreenRow.id.in_(some))))
    return found


def _profile_columns(plan: Prepared, now: int) -> dict[str, Any]:
    return {
        "key": plan.key,
        "store_id": plan.store,
        "body": dict(plan.body),
        "manifest": plan.manifest,
        "inputs": plan.inputs,
        "lead": dict(plan.lead),
        "resolved_at": plan.resolved_at(now),
        "rolls_at": plan.rolls_at,
        "refused": dict(plan.refused) if plan.refused is not None else None,
    }


def _write_heads(session: Session, issued: Sequence[Mapping[str, Any]]) -> None:
    if not issued:
        return
    session.execute(_NEW_HEADS, issued)
    left_out = ("issued_at", "inputs")
    now_playing = [
        {name: value for name, value in row.items() if name not in left_out} for row in issued
    ]
    _upsert(session, ScreenHeadRow, now_playing)


def _upsert(session: Session, row: Any, columns: Sequence[Mapping[str, Any]]) -> None:
    if columns:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        session.execute(_upserting(row, tuple(columns[0]), is_sqlite=is_sqlite), columns)


@cache
def _upserting(row: Any, names: tuple[str, ...], *, is_sqlite: bool) -> Executable:
    """Made once for a table: to put a statement together takes longer than to run it."""
    adding = (sqlite if is_sqlite else postgresql).insert(row.__table__)
    keys = [column.name for column in row.__table__.primary_key]
    moved = {name: adding.excluded[name] for name in names if name not in keys}
    made: Executable = adding.on_conflict_do_update(index_elements=keys, set_=moved)
    return made


def heads_in_force(session: Session) -> list[SignedHead]:
    """The head of every screen that has one."""
    rows = select(ScreenHeadRow.screen_id, ScreenHeadRow.revision, ScreenHeadRow.jws)
    return list(session.execute(rows.order_by(ScreenHeadRow.screen_id)).all())
