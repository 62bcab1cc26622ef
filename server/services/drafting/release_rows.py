"""Releases as they are kept: what was brought on air together, when, where, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

from server.db.models import ReleaseRow
from server.services.drafting.drafts import Kind

State = Literal["waiting", "rolling", "pilot", "done", "back", "cancelled", "refused", "over"]
"""waiting for its time; rolling (in some stores already, their clocks being ahead); pilot (in the
chosen stores); done (everywhere); back (taken back); cancelled; refused (what it began from had
changed by its time); over (a later release took its place).
"""
ON_TRIAL: tuple[State, ...] = ("rolling", "pilot")
STANDING: tuple[State, ...] = ("waiting", "rolling", "pilot", "done")


@dataclass(frozen=True, slots=True)
class Part:
    """One draft of a release. `seq`: the edit it was at; `base_version`: what it began from.
    `version` is what it became for all stores, 0 as long as it has not; `before` is what was on air
    until then, None for nothing.
    """

    kind: Kind
    id: str
    name: str
    body: Mapping[str, Any]
    seq: int
    base_version: int
    version: int = 0
    before: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Instants in unix ms. `stores` None is all; `local` is each store's own wall-clock time, of
    which `next_at` is the next to come; `code` and `note` say why it was refused.
    """

    id: str
    state: State
    parts: tuple[Part, ...]
    stores: tuple[str, ...] | None
    at_ms: int | None
    local: str
    next_at: int | None
    rehearsal: str
    note: str
    created_at: int
    created_by: str
    done_at: int | None
    ended_at: int | None
    ended_by: str


def parts_of(row: ReleaseRow) -> tuple[Part, ...]:
    """The parts of a release, playlists before what plays them."""
    return tuple(Part(**part) for part in row.parts)


def set_part(row: ReleaseRow, part: Part, **changed: Any) -> None:
    """Keep what became of a part."""
    done = replace(part, **changed)
    row.parts = [asdict(done if one == part else one) for one in parts_of(row)]


def release_of(row: ReleaseRow) -> Release:
    """A release from its row."""
    return Release(
        id=row.id,
        state=cast(State, row.state),
        parts=parts_of(row),
        stores=None if row.stores is None else tuple(row.stores),
        at_ms=row.at_ms,
        local=row.local or "",
        next_at=row.next_at,
        rehearsal=row.rehearsal or "",
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
        done_at=row.done_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
