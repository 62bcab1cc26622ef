"""Writes wishes down in the caller's transaction: the row, who did it, and which keys changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.db.models import CampaignRow, EmergencyRow, OverrideRow, PlaylistRow
from server.services.base import audit, outbox
from server.services.base.actors import Actor
from server.services.base.editing import insert

WishRow = PlaylistRow | CampaignRow | OverrideRow | EmergencyRow
KINDS: Mapping[type[WishRow], str] = {
    PlaylistRow: "playlist",
    CampaignRow: "campaign",
    OverrideRow: "override",
    EmergencyRow: "emergency",
}


@dataclass(frozen=True, slots=True)
class Pen:
    """Whose hand writes, in which transaction, at which instant (unix milliseconds)."""

    session: Session
    actor: Actor
    now: int

    def add(
        self,
        table: type[WishRow],
        wish_id: str,
        columns: Mapping[str, Any],
        keys: Iterable[str],
    ) -> None:
        """Keep a new wish. Raises Conflict where its id is taken."""
        row = table(id=wish_id, version=1, edited_at=self.now, edited_by=self.actor.id, **columns)
        insert(self.session, row, KINDS[table], wish_id)
        self._note("create", row, None, columns["body"], keys)

    def change(self, row: WishRow, columns: Mapping[str, Any], keys: Iterable[str]) -> int:
        """Keep an edit of a wish. Returns its next version."""
        self._note("update", row, row.body, columns["body"], keys)
        self._set(row, columns)
        return row.version

    def delete(self, row: WishRow, keys: Iterable[str]) -> None:
        """Take a wish away."""
        self._note("delete", row, row.body, None, keys)
        self.session.delete(row)

    def end(
        self,
        row: OverrideRow | EmergencyRow,
        ended: Callable[[], Mapping[str, Any]],
        keys: Iterable[str],
    ) -> None:
        """End a wish that runs, as `ended` says; one that has not begun goes altogether."""
        self._note("end", row, row.body, None, keys)
        if row.from_ms >= self.now:
            self.session.delete(row)
        elif row.until_ms > self.now:
            self._set(row, ended())

    def _set(self, row: WishRow, columns: Mapping[str, Any]) -> None:
        for name, value in columns.items():
            setattr(row, name, value)
        row.version += 1
        row.edited_at = self.now
        row.edited_by = self.actor.id

    def _note(
        self,
        done: str,
        row: WishRow,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        keys: Iterable[str],
    ) -> None:
        kind = KINDS[type(row)]
        subject = f"{kind}:{row.id}"
        audit.record(self.session, self.actor, self.now, f"{kind}.{done}", subject, before, after)
        outbox.mark(self.session, keys, self.now)
