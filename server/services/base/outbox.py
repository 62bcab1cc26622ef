"""The outbox: which keys changed and are not yet published. Rows are claimed, never skipped by a
cursor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.db.engine import Database
from server.db.models import DirtyRow

CLAIM_MS = 30_000
"""A claim that was not settled in this time belongs to whoever comes next (its holder died)."""

_DIRTY = cast(Table, DirtyRow.__table__)
_ROW = _DIRTY.c
_FREE = or_(_ROW.claimed_by.is_(None), _ROW.claimed_until <= bindparam("now"))
_WAITING = select(_ROW.key).where(_FREE).limit(1)
_UNCLAIMED = select(_ROW.key).where(_ROW.claimed_by.is_(None))
_CLAIM = (
    update(_DIRTY)
    .where(_FREE)
    .values(claimed_by=bindparam("holder"), claimed_until=bindparam("until"))
)
_CLAIMED = select(_ROW.key, _ROW.generation).where(
    _ROW.claimed_by == bindparam("holder"), _ROW.claimed_until == bindparam("until")
)
_SETTLE = delete(_DIRTY).where(
    _ROW.key == bindparam("its_key"),
    _ROW.generation == bindparam("its_generation"),
    _ROW.claimed_by == bindparam("holder"),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Keys taken by one worker, each with the generation that it was taken at."""

    holder: str
    generations: dict[str, int]

    @property
    def keys(self) -> frozenset[str]:
        """The keys taken."""
        return frozenset(self.generations)


def mark(session: Session, keys: Iterable[str], now: int) -> None:
    """Record in the caller's transaction that `keys` changed. Marking twice, or while claimed,
    loses nothing.
    """
    rows = [
        {"key": key, "generation": 1, "marked_at": now, "claimed_until": 0}
        for key in sorted(set(keys))
    ]
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(DirtyRow)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[DirtyRow.key],
            set_={"generation": DirtyRow.generation + 1, "claimed_by": None, "claimed_until": 0},
        ),
        rows,
    )


def claim(db: Database, holder: str, now: int) -> Claim:
    """Take every key that nobody holds, or whose holder let its claim run out. After a power cut
    nobody holds them."""
    with db.write(lasting=False) as session:
        mine = {"now": now, "holder": holder, "until": now + CLAIM_MS}
        session.execute(_CLAIM, mine)
        rows = session.execute(_CLAIMED, mine).all()
    return Claim(holder, {row.key: row.generation for row in rows})


def extend(session: Session, held: Claim, now: int) -> None:
    """Hold a claim longer: its work goes on."""
    session.execute(
        update(DirtyRow)
        .where(DirtyRow.claimed_by == held.holder)
        .values(claimed_until=now + CLAIM_MS)
    )


def waiting(session: Session, now: int) -> bool:
    """Whether `claim` would find any key."""
    return session.scalar(_WAITING, {"now": now}) is not None


def marked_since(session: Session) -> frozenset[str]:
    """The keys that were marked and that nobody has claimed yet."""
    return frozenset(session.scalars(_UNCLAIMED))


def unpublished(session: Session) -> frozenset[str]:
    """The keys that were marked and are not published yet, claimed or not."""
    return frozenset(session.scalars(select(_ROW.key)))


def settle(session: Session, done: Claim) -> None:
    """Forget the claimed keys in the transaction that stores their result; those marked again
    meanwhile stay.
    """
    rows = [
        {"its_key": key, "its_generation": generation, "holder": done.holder}
        for key, generation in done.generations.items()
    ]
    if rows:
        session.execute(_SETTLE, rows)


def pending(session: Session) -> int:
    """How many keys wait to be published."""
    return session.scalar(select(func.count()).select_from(DirtyRow)) or 0
