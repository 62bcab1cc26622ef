"""Rows of a table as decoded things, kept between snapshots, read anew only where they moved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from playlists.errors import DomainError
from playlists.ids import Sha256, sha256

log = structlog.get_logger(__name__)

MAX_IN = 500
"""Values in one SQL `IN`; both databases take more, none needs it."""

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True, eq=False)
class Wish(Generic[T]):
    """A decoded row, and the bytes that it can be decoded from again for ever, with their hash."""

    value: T
    sha: Sha256
    data: bytes


class Kept(Generic[T]):
    """The rows of a table that has `id`, `version` and `edited_at`, decoded by `decode`.

    `decode` is given the row's columns by name. A row that it refuses is left out and logged: one
    bad wish must not stop the others. `generation` grows whenever anything changed.
    """

    def __init__(self, row: Any, decode: Callable[[Mapping[str, Any]], T]) -> None:
        self._row = row
        self._decode = decode
        self._seen: Sequence[tuple[Any, ...]] = ()
        self._versions: dict[str, tuple[int, int]] = {}
        self.wishes: dict[str, Wish[T]] = {}
        self.generation = 0

    def refresh(self, session: Session, where: ColumnElement[bool] | None = None) -> None:
        """Bring `wishes` to what the snapshot holds (only rows `where`, if given)."""
        columns = select(self._row.id, self._row.version, self._row.edited_at)
        if where is not None:
            columns = columns.where(where)
        seen = session.execute(columns).all()
        if seen == self._seen:
            return
        versions = {name: (version, edited_at) for name, version, edited_at in seen}
        moved = [name for name, found in versions.items() if self._versions.get(name) != found]
        kept = {name: wish for name, wish in self.wishes.items() if name in versions}
        for name in moved:
            kept.pop(name, None)
        for some in batched(moved, MAX_IN):
            kept.update(self._read(session, some))
        self._seen, self._versions, self.wishes = seen, versions, kept
        self.generation += 1

    def mentions(self, words: Sequence[bytes]) -> bool:
        """Whether any of these stands in the bytes of any row."""
        return any(word in wish.data for wish in self.wishes.values() for word in words)

    def _read(self, session: Session, names: Sequence[str]) -> Iterator[tuple[str, Wish[T]]]:
        table = self._row.__table__
        for row in session.execute(select(table).where(table.c.id.in_(names))).mappings():
            data = json.dumps(dict(row), sort_keys=True, ensure_ascii=False).encode()
            try:
                yield row["id"], Wish(self._decode(dict(row)), sha256(data), data)
            except (DomainError, KeyError, TypeError, ValueError) as wrong:
                log.error("wish_unreadable", table=table.name, id=row["id"], error=str(wrong))


def batched(things: Sequence[K], size: int) -> Iterator[list[K]]:
    """`things` in lists of at most `size`."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
