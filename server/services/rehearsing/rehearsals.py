"""Rehearsals: what drafts would change on every screen that they concern, before anybody publishes.

Reckoned in the background, one at a time, with how far it is; nothing real moves.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from playlists.codec import encode_manifest
from playlists.ids import sha256
from playlists.model import Campaign, Playlist, Store
from playlists.resolve import DAYS
from server.db.models import EmergencyRow, OverrideRow, RehearsalRow
from server.errors import Conflict, ServerError
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.drafting.airing import read_wish
from server.services.drafting.drafts import Kind
from server.services.drafting.release_rows import Part, Release
from server.services.drafting.releases import AT_ONCE, When, parts, release
from server.services.rehearsing import foreseeing, warning
from server.services.rehearsing.concerning import Concern
from server.services.rehearsing.finding import MAX_GROUPS, Found, Groups, Held, found_from
from server.services.rehearsing.foreseeing import Foreseen
from server.services.rehearsing.never import Airtime
from server.services.rehearsing.overlay import library_of, overlaid
from server.services.rehearsing.reckoning import Pair, Reckoner
from server.services.rehearsing.timelines import Comparing

log = structlog.get_logger(__name__)

State = Literal["running", "done", "failed"]
MAX_FORESEEN = 200
"""Profiles whose future is kept, to be compared with what plays."""
KEPT_MS = 60 * 86_400_000
BEAT_S = 0.5
"""How often it is noted how far a rehearsal is."""
DEAD_MS = 30_000
"""One that was not heard of for so long died with its process."""
ID_BYTES = 6


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`done` of `total` stores are reckoned; `found` is there once all are. Times in unix ms."""

    id: str
    state: State
    parts: tuple[Part, ...]
    done: int
    total: int
    found: Found | None
    foreseen: tuple[Foreseen, ...]
    note: str
    created_at: int
    created_by: str


def begin(ctx: Context, actor: Actor, subjects: Sequence[tuple[Kind, str]]) -> Rehearsal:
    """Ask for a rehearsal of drafts; `run` does it. Raises BadInput where one of them cannot go on
    air as it is, NotFound, Forbidden.
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        found = parts(session, actor, subjects)
        row = RehearsalRow(
            id=secrets.token_hex(ID_BYTES),
            state="running",
            asked={"parts": [asdict(part) for part in found]},
            done=0,
            total=0,
            note="",
            created_at=now,
            created_by=actor.id,
            beat_at=now,
        )
        session.execute(delete(RehearsalRow).where(RehearsalRow.created_at < now - KEPT_MS))
        session.add(row)
        session.flush()
        return _rehearsal(row, now)


def run(ctx: Context, actor: Actor, name: str) -> None:
    """Reckon a rehearsal that was begun."""
    with ctx.db.read() as session:
        asked = parts_in(session.get_one(RehearsalRow, name))
    heard = _Beat(ctx, name)
    try:
        found, foreseen = rehearse(ctx, actor, asked, heard)
    except Exception as error:
        log.exception("rehearsal_failed", rehearsal=name)
        note = error.message if isinstance(error, ServerError) else ""
        _end(ctx, name, "failed", note=note)
        return
    _end(ctx, name, "done", found.to_json(), [foreseeing.to_json(one) for one in foreseen])


def get(ctx: Context, actor: Actor, name: str) -> Rehearsal:
    """One of the actor's own, or for whom the whole chain is, anybody's. Raises NotFound."""
    actor.require("content")
    with ctx.db.read() as session:
        row = session.get(RehearsalRow, name)
        if row is None or (actor.stores is not None and row.created_by != actor.id):
            raise missing("rehearsal")
        return _rehearsal(row, ctx.clock())


def publish(
    ctx: Context,
    actor: Actor,
    name: str,
    *,
    stores: Collection[str] | None = None,
    when: When = AT_ONCE,
) -> Release:
    """Bring on air what was rehearsed. Raises Conflict where a draft was changed since, else as
    `releases.release`.
    """
    rehearsed = get(ctx, actor, name).parts
    subjects = [(part.kind, part.id) for part in rehearsed]
    with ctx.db.read() as session:
        now = {(part.kind, part.id): part.seq for part in parts(session, actor, subjects)}
    if any(now[part.kind, part.id] != part.seq for part in rehearsed):
        raise Conflict(
            "This was changed since it was rehearsed. Rehearse it again, then publish.",
            code="changed_since",
        )
    return release(ctx, actor, subjects, stores=stores, when=when, rehearsal=name)


def rehearse(
    ctx: Context,
    actor: Actor,
    asked: Sequence[Part],
    heard: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Found, list[Foreseen]]:
    """What drafts would change were they put on air now, and what is foreseen of it. `heard` is
    told how many stores of how many are done.
    """
    now = ctx.clock()
    wishes = [_edited(read_wish(part.kind, part.body), now) for part in asked]
    with ctx.db.read() as session:
        library = library_of(session)
        is_ = library.snapshot(session, now)
        would = overlaid(library, session, now, wishes)
        lists = {name: one.value for name, one in would.library.playlists.wishes.items()}
        campaigns = [one.value for one in would.library.campaigns.wishes.values()]
        concern = Concern(session, is_, wishes)
        reckoner = Reckoner(now, ctx.settings.switch_margin_ms, concern)
        work = _Work(reckoner, now, wishes, lists, campaigns)
        stores = [one for one in concern.stores if actor.sees(one)]
        for number, store in enumerate(stores):
            heard(number, len(stores))
            for pair in reckoner.pairs(session, is_, would, store):
                work.take(session, pair)
        found = work.found(session, len(stores))
    return found, work.foreseen


class Background:
    """Runs rehearsals one after another beside what answers people."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="rehearsal")

    def start(self, ctx: Context, actor: Actor, name: str, wait_s: float) -> None:
        """Begin; come back when it is done, or after `wait_s`."""
        done: Future[None] = self._pool.submit(run, ctx, actor, name)
        over = threading.Event()
        done.add_done_callback(lambda _done: over.set())
        over.wait(wait_s)


background = Background()


class _Work:
    """One rehearsal under way."""

    def __init__(
        self,
        reckoner: Reckoner,
        now: int,
        wishes: Sequence[Playlist | Campaign],
        lists: Mapping[str, Playlist],
        campaigns: Collection[Campaign],
    ) -> None:
        self.reckoner = reckoner
        self.foreseen: list[Foreseen] = []
        self._now = now
        self._lists = [lists[name] for name in _played(wishes) if name in lists]
        self._comparing = Comparing()
        self._groups = Groups()
        self._airtime = Airtime(wishes, lists, campaigns)
        self._stores: list[Store] = []
        self._sizes: set[tuple[int, int]] = set()
        self._locked = 0

    def take(self, session: Session, pair: Pair) -> None:
        """Compare a profile."""
        self._sizes.add(pair.profile.size)
        if not self._stores or self._stores[-1] is not pair.store:
            self._stores.append(pair.store)
        airtime = self._airtime
        airtime.place(pair)
        if airtime.wanted:
            for day in pair.after.manifest.days:
                airtime.saw(
                    *(day.chunk, max(0, self._now - day.from_ms)),
                    lambda name: self.reckoner.chunk(pair.after, name),
                )
        difference = self._comparing.difference(
            *(pair.before.manifest, pair.after.manifest),
            pair.before.chunk,
            lambda name: self.reckoner.chunk(pair.after, name),
            self._now,
        )
        if difference is None:
            return
        self._groups.add(
            pair, difference, lambda: self.reckoner.plan(pair.after, difference.first_ms)
        )
        if any(box.locked and box.id == difference.zone for box in pair.profile.layout):
            self._locked += len(pair.screens)
        if len(self.foreseen) < MAX_FORESEEN:
            self.foreseen.append(self._foresee(session, pair))

    def found(self, session: Session, stores: int) -> Found:
        """What all came to."""
        groups = self._groups.groups()
        return Found(
            at=self._now,
            screens=self.reckoner.screens,
            stores=stores,
            changed=len(self._groups.screens),
            changed_stores=len(self._groups.stores),
            days=DAYS,
            groups=groups[:MAX_GROUPS],
            more_groups=max(0, len(groups) - MAX_GROUPS),
            never=self._airtime.never(self._now),
            prices=warning.prices_of(session, self._lists, self._stores, self._now),
            files=warning.files_of(session, self._lists, self._sizes),
            held=tuple(_held(session, self._groups.stores, self._now)),
            locked=self._locked,
        )

    def _foresee(self, session: Session, pair: Pair) -> Foreseen:
        published = self.reckoner.published(session, pair)
        name = sha256(encode_manifest(published.manifest))
        plan = self.reckoner.plan(published, self._now)
        return foreseeing.foresee(pair, published, plan, name, self._now)


class _Beat:
    """Notes how far a rehearsal is, now and then."""

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < BEAT_S:
            return
        self._last = now
        with self._ctx.db.write(lasting=False) as session:
            row = session.get_one(RehearsalRow, self._name)
            row.done, row.total, row.beat_at = done, total, self._ctx.clock()


def _end(
    ctx: Context,
    name: str,
    state: State,
    found: dict[str, Any] | None = None,
    foreseen: list[Any] | None = None,
    note: str = "",
) -> None:
    with ctx.db.write() as session:
        row = session.get_one(RehearsalRow, name)
        row.state, row.found, row.foreseen, row.note = state, found, foreseen, note
        row.beat_at = ctx.clock()


def _edited(wish: Playlist | Campaign, now: int) -> Playlist | Campaign:
    """As it is kept when it goes on air at `now`."""
    return replace(wish, edited_at=now)


def _played(wishes: Sequence[Playlist | Campaign]) -> list[str]:
    """The playlists that are rehearsed, or that a rehearsed campaign plays."""
    names = [str(one.id) if isinstance(one, Playlist) else str(one.playlist) for one in wishes]
    return list(dict.fromkeys(names))


def _held(session: Session, stores: set[str], now: int) -> Iterator[Held]:
    """By hand, or by an emergency: there the change shows afterwards."""
    hands = select(OverrideRow.store_id, func.max(OverrideRow.until_ms)).where(
        OverrideRow.from_ms <= now, OverrideRow.until_ms > now
    )
    for store, until in session.execute(hands.group_by(OverrideRow.store_id)):
        if store in stores:
            yield Held(store, "override", until)
    urgent = select(func.max(EmergencyRow.until_ms)).where(
        EmergencyRow.from_ms <= now, EmergencyRow.until_ms > now
    )
    ends = session.scalar(urgent)
    if ends is not None:
        yield Held("", "emergency", ends)


def parts_in(row: RehearsalRow) -> tuple[Part, ...]:
    """The drafts of a rehearsal, as they were."""
    return tuple(Part(**part) for part in row.asked["parts"])


def _rehearsal(row: RehearsalRow, now: int) -> Rehearsal:
    dead = row.state == "running" and row.beat_at < now - DEAD_MS
    return Rehearsal(
        id=row.id,
        state="failed" if dead else cast(State, row.state),
        parts=parts_in(row),
        done=row.done,
        total=row.total,
        found=None if row.found is None else found_from(row.found),
        foreseen=tuple(foreseeing.from_json(one) for one in row.foreseen or ()),
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )
