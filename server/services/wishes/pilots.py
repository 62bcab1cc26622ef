"""What plays in some stores only: a playlist or campaign on trial; other stores keep theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.model import Campaign, Playlist
from playlists.model_json import campaign_from_json, playlist_from_json
from server.db.models import PilotRow
from server.errors import Conflict
from server.services.base import audit, outbox
from server.services.base.actors import Actor


@dataclass(frozen=True, slots=True)
class Pilot:
    """A wish as it plays in these stores."""

    kind: str
    stores: frozenset[str]
    value: Playlist | Campaign


def pilot_from(row: Mapping[str, Any]) -> Pilot:
    """From a row's columns. Raises Invalid."""
    read = playlist_from_json if row["kind"] == "playlist" else campaign_from_json
    return Pilot(row["kind"], frozenset(row["stores"]), read(row["body"]))


def pilots(session: Session, kind: str) -> list[PilotRow]:
    """Those of a kind, by id."""
    rows = select(PilotRow).where(PilotRow.kind == kind)
    return list(session.scalars(rows.order_by(PilotRow.id)))


def pilot_of(session: Session, kind: str, subject: str) -> PilotRow | None:
    """The pilot of a wish, locked, None where it plays alike everywhere."""
    return session.get(PilotRow, f"{kind}:{subject}", with_for_update=True)


def begin_pilot(
    session: Session,
    actor: Actor,
    now: int,
    row: PilotRow,
) -> None:
    """Have a wish play as `row` says in its stores, or in more of them than before."""
    held = pilot_of(session, row.kind, row.subject)
    if held is not None and held.release != row.release:
        raise Conflict(
            "This is on trial in some stores already. Bring that to all, or take it back first.",
            code="on_trial",
        )
    was = list(held.stores) if held is not None else []
    audit.record(
        session,
        actor,
        now,
        f"{row.kind}.pilot",
        f"{row.kind}:{row.subject}",
        {"stores": was} if was else None,
        {"stores": list(row.stores), "body": row.body},
    )
    if held is None:
        session.add(row)
    else:
        held.stores = list(row.stores)
        held.version += 1
        held.edited_at = now
    session.flush()
    _mark(session, set(row.stores) - set(was), now)


def end_pilot(session: Session, actor: Actor, now: int, row: PilotRow) -> None:
    """Have its stores play again what the others do."""
    before = {"stores": list(row.stores), "body": row.body}
    subject = f"{row.kind}:{row.subject}"
    audit.record(session, actor, now, f"{row.kind}.pilot_end", subject, before)
    session.delete(row)
    session.flush()
    _mark(session, row.stores, now)


def end_pilot_of(session: Session, actor: Actor, now: int, kind: str, subject: str) -> None:
    """End the pilot of a wish, if it has one."""
    row = pilot_of(session, kind, subject)
    if row is not None:
        end_pilot(session, actor, now, row)


def _mark(session: Session, stores: Collection[str], now: int) -> None:
    """Only these stores are resolved anew, whole: the others read nothing else than before."""
    outbox.mark(session, [f"campaigns@{store}" for store in stores], now)
