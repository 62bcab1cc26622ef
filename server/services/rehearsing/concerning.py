"""Whom drafts concern, and whose published plan says what the record says.

A playlist concerns the profiles that read it, as the index knows; a campaign the screens that its
target takes in, as it is or as it would be.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from playlists.model import Campaign, Playlist, Screen, Store, Target
from playlists.resolving.targets import mismatch
from server.services.base import outbox
from server.services.publishing.publish import concerned
from server.services.publishing.reading import Snapshot
from server.services.publishing.readsets import ReadIndex
from server.services.wishes.targeting import map_of


class Concern:
    """What drafts may change, as one snapshot of the record has it."""

    def __init__(
        self, session: Session, is_: Snapshot, wishes: Sequence[Playlist | Campaign]
    ) -> None:
        index = ReadIndex()
        keys = [f"playlist:{wish.id}" for wish in wishes if isinstance(wish, Playlist)]
        self._readers = index.profiles_reading(session, keys)
        self._targets = _targets(is_, wishes)
        self._waiting = concerned(session, index, outbox.unpublished(session))
        places = map_of(session, self._targets)
        found = {store for target in self._targets for store in places.concerned(target)}
        self.stores = sorted(found | set(self._readers.values()))

    def changes(self, store: Store, screen: Screen, profile: str) -> bool:
        """Whether a screen may come to show something else; `profile` is the key of the one that it
        has, which is published."""
        return profile in self._readers or any(
            mismatch(target, store, screen.tags, screen.id) is None for target in self._targets
        )

    def is_published(self, store: str, profile: str) -> bool:
        """Whether all that a published profile reads has been published."""
        waiting = self._waiting.get(store, set())
        return waiting is not None and profile not in waiting


def _targets(is_: Snapshot, wishes: Sequence[Playlist | Campaign]) -> list[Target]:
    """Where the campaigns would be, are, and are on trial."""
    names = {wish.id for wish in wishes if isinstance(wish, Campaign)}
    on_air = [is_.library.campaigns.wishes.get(name) for name in sorted(names)]
    trials = [one for one in is_.library.pilots.every("campaign") if one.value.id in names]
    return [
        *(wish.target for wish in wishes if isinstance(wish, Campaign)),
        *(one.value.target for one in (*on_air, *trials) if one is not None),
    ]
