"""The record's stores, screens, playlists and campaigns as the calendar needs them, read anew only
where they moved.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.model import Campaign
from playlists.model_json import campaign_from_json
from server.db.engine import Database
from server.db.mappers import layout_from
from server.db.models import CampaignRow, PlaylistRow, ScreenRow, StoreRow
from server.services.base.kept import Kept
from server.services.calendar.faces import Face, face_of
from server.services.calendar.floor import Floor, Spot

NO_PLAYLIST = "-"
"""Stands for the playlist of a draft that has none yet."""


class Rows:
    """What is held of one record; `lock` it while it is refreshed and read."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stores: Kept[StoreRow] = Kept(StoreRow, _store)
        self.screens: Kept[Spot] = Kept(ScreenRow, _spot)
        self.playlists: Kept[Face] = Kept(PlaylistRow, _face)
        self.campaigns: Kept[tuple[Campaign, int]] = Kept(CampaignRow, _campaign)
        self.floors: dict[Any, Floor] = {}

    def refresh(self, session: Session) -> None:
        """Bring all to what the snapshot holds."""
        for kept in (self.stores, self.screens, self.playlists, self.campaigns):
            kept.refresh(session)


_ROWS: WeakKeyDictionary[Database, Rows] = WeakKeyDictionary()
_LOCK = threading.Lock()


def rows_of(db: Database) -> Rows:
    """What is held of a record."""
    with _LOCK:
        return _ROWS.setdefault(db, Rows())


def campaign_from_draft(body: Mapping[str, Any]) -> Campaign | None:
    """A draft as a campaign; None where it cannot be read."""
    try:
        return campaign_from_json({**body, "playlist": body.get("playlist") or NO_PLAYLIST})
    except Invalid:
        return None


def _store(row: Mapping[str, Any]) -> StoreRow:
    return StoreRow(**row)


def _spot(row: Mapping[str, Any]) -> Spot:
    boxes: Sequence[Any] = layout_from(row["layout"])
    return Spot(
        *(row["id"], row["name"], row["store_id"], frozenset(row["tags"])),
        frozenset(box.id for box in boxes),
    )


def _face(row: Mapping[str, Any]) -> Face:
    return face_of(row["id"], row["name"], row["body"])


def _campaign(row: Mapping[str, Any]) -> tuple[Campaign, int]:
    return campaign_from_json(row["body"]), row["version"]
