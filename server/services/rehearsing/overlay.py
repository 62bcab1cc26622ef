"""The record with drafts in the place of what is on air: what resolving would read were they it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TypeVar

from sqlalchemy.orm import Session

from playlists.ids import sha256
from playlists.model import Campaign, Override, Playlist
from server.services.base.kept import Kept, Wish
from server.services.publishing.reading import Library, Snapshot

_UNSAVED = b"rehearsed"

T = TypeVar("T")

_decoded = threading.local()
"""By record, what this thread has decoded of it."""


def library_of(session: Session) -> Library:
    """A Library is for one thread and one record; a record that is closed lets its own go."""
    if not hasattr(_decoded, "libraries"):
        _decoded.libraries = weakref.WeakKeyDictionary()
    found: Library = _decoded.libraries.setdefault(session.get_bind().engine, Library())
    return found


def overlaid(
    library: Library,
    session: Session,
    now: int,
    wishes: Sequence[Playlist | Campaign],
    hands: Sequence[Override] = (),
) -> Snapshot:
    """A snapshot in which these wishes are on air in every store, and these hands lie on screens;
    `library` itself stays as it is and has been brought to the present.
    """
    playlists = {str(one.id): one for one in wishes if isinstance(one, Playlist)}
    campaigns = {str(one.id): one for one in wishes if isinstance(one, Campaign)}
    made = copy(library)
    made.fits, made.concerning = {}, {}
    made.playlists = _laid_over(library.playlists, playlists)
    made.campaigns = _laid_over(library.campaigns, campaigns)
    made.overrides = _laid_over(library.overrides, {str(hand.id): hand for hand in hands})
    trials = [*(f"playlist:{name}" for name in playlists), *(f"campaign:{n}" for n in campaigns)]
    made.pilots = library.pilots.without(trials)
    made.sun = True if library.sun else _asks_for_sun(wishes)
    return Snapshot(made, session, now)


def _laid_over(kept: Kept[T], values: Mapping[str, T]) -> Kept[T]:
    """The same with `values` in the place of those of their ids."""
    made = copy(kept)
    added = {name: Wish(value, sha256(_UNSAVED), _UNSAVED) for name, value in values.items()}
    made.wishes = {**kept.wishes, **added}
    return made


def _asks_for_sun(wishes: Sequence[Playlist | Campaign]) -> bool:
    return any("sunrise" in repr(one) or "sunset" in repr(one) for one in wishes)
