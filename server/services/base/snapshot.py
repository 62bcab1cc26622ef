"""Several questions of one page, answered from one look at the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import event
from sqlalchemy.orm import Session

from server.db.engine import Database
from server.services.base.context import Context


@contextmanager
def snapshot(ctx: Context) -> Iterator[Context]:
    """The same installation, all of whose reads see one snapshot; a row that was had by its key is
    not asked for again. For reading only.
    """
    kept: list[object] = []
    with ctx.db.read() as session:
        # A session alone forgets what nobody holds.
        event.listen(session, "loaded_as_persistent", lambda _session, row: kept.append(row))
        yield replace(ctx, db=Joined(ctx.db, session))


class Joined(Database):
    """A record whose reads all join one session; it has no way to write."""

    def __init__(self, outer: Database, session: Session) -> None:
        self.engine = outer.engine
        self.is_sqlite = outer.is_sqlite
        self._session = session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """What all the others see."""
        yield self._session
