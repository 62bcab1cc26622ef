"""How far playlists and files reach: the stores whose screens may come to show them, through what.

Whoever's rights end at some stores sees what reaches one of those or is for local use, and changes
only what reaches no further. What nothing uses yet belongs to whoever made it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from playlists.ids import Sha256
from playlists.model import Card, Playlist, Target
from playlists.model_json import campaign_from_json, playlist_from_json
from server.db.models import (
    BaseRow,
    CampaignRow,
    EmergencyRow,
    OverrideRow,
    PlaylistRow,
    ScreenRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.wishes.local_use import local_playlists
from server.services.wishes.pilots import pilots
from server.services.wishes.targeting import Map, map_of, within
from server.services.wishes.wish_rows import (
    campaign_said,
    emergency_of,
    override_of,
    playlist_said,
)

MAX_SHOWN_USES = 20
"""Uses that a refusal to delete names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that plays a playlist or shows a file: `kind:id`, and the stores it may concern.

    `open` is true where it may come to concern stores that are not among them, though none outside
    `regions` where there are some.
    """

    by: str
    stores: frozenset[str]
    open: bool
    regions: frozenset[str] = frozenset()

    def ends_within(self, actor: Actor) -> bool:
        """Whether it reaches no further than the actor's stores and regions, now and later."""
        bound = bool(self.regions) and self.regions <= actor.regions
        return actor.stores is None or (self.stores <= actor.stores and (bound or not self.open))


@dataclass(frozen=True, slots=True)
class _Meant:
    """A use whose target nobody has asked about yet."""

    by: str
    target: Target


class Reach:
    """Everything that uses every playlist, read once in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        body = cast(PlaylistRow.body, String)
        rows = session.execute(select(PlaylistRow.id, PlaylistRow.edited_by, body)).all()
        self.playlists: dict[str, Playlist] = {row[0]: playlist_said(row[2]) for row in rows}
        self._editors = {row[0]: row[1] for row in rows}
        self._local = local_playlists(session)
        self._direct: dict[str, list[Use | _Meant]] = defaultdict(list)
        self._parents: dict[str, set[str]] = defaultdict(set)
        trials = [playlist_from_json(row.body) for row in pilots(session, "playlist")]
        for playlist in [*self.playlists.values(), *trials]:
            for child in children(playlist):
                self._parents[child].add(playlist.id)
        self._targeted(session)
        self._placed(session)

    def uses(self, playlist: str) -> list[Use]:
        """Everything that plays it, through other playlists too."""
        seen, todo = {playlist}, [playlist]
        found: list[Use] = []
        while todo:
            here = todo.pop()
            found += self._used(here)
            todo += sorted(self._parents[here] - seen)
            seen |= self._parents[here]
        return found

    def _used(self, playlist: str) -> list[Use]:
        """What names it; where targets reach is worked out once it is asked for."""
        found = [
            one if isinstance(one, Use) else _use(one, self._places)
            for one in self._direct[playlist]
        ]
        self._direct[playlist] = list(found)
        return found

    def direct_uses(self, playlist: str) -> list[str]:
        """What names it: campaigns, overrides, bases, emergencies and playlists, as `kind:id`."""
        named = [use.by for use in self._direct[playlist]]
        return sorted({*named, *(f"playlist:{parent}" for parent in self._parents[playlist])})

    def sees(self, actor: Actor, playlist: str) -> bool:
        """Whether this actor may know of it."""
        if actor.stores is None or playlist in self._local:
            return True
        uses = self.uses(playlist)
        made = self._editors.get(playlist) == actor.id
        return made if not uses else any(use.stores & actor.stores for use in uses)

    def may_edit(self, actor: Actor, playlist: str) -> bool:
        """Whether a change of it stays within the actor's stores."""
        if actor.stores is None:
            return True
        uses = self.uses(playlist)
        if not uses:
            return self._editors.get(playlist) == actor.id
        return all(use.ends_within(actor) for use in uses)

    def showing(self, sha: str) -> list[str]:
        """The playlists with a card that needs this file."""
        return [p.id for p in self.playlists.values() if sha in files_of(p)]

    def _targeted(self, session: Session) -> None:
        bodies = session.scalars(select(cast(CampaignRow.body, String)))
        campaigns = [campaign_said(text) for text in bodies]
        campaigns += [campaign_from_json(row.body) for row in pilots(session, "campaign")]
        emergencies = [emergency_of(row) for row in session.scalars(select(EmergencyRow))]
        targets = [wish.target for wish in campaigns] + [wish.target for wish in emergencies]
        self._places = map_of(session, targets)
        for campaign in campaigns:
            meant = _Meant(f"campaign:{campaign.id}", campaign.target)
            self._direct[campaign.playlist].append(meant)
        for emergency in emergencies:
            meant = _Meant(f"emergency:{emergency.id}", emergency.target)
            self._direct[emergency.playlist].append(meant)

    def _placed(self, session: Session) -> None:
        for row in session.scalars(select(OverrideRow)):
            override = override_of(row)
            if override.playlist is not None:
                stores = frozenset({str(override.store)})
                self._direct[override.playlist].append(
                    Use(f"override:{override.id}", stores, False)
                )
        every = frozenset(session.scalars(select(StoreRow.id)))
        owners = select(ScreenRow.id, ScreenRow.store_id).join(
            BaseRow, (BaseRow.subject == ScreenRow.id) & (BaseRow.scope == "screen")
        )
        store_of = dict(session.execute(owners).all())
        for base in session.scalars(select(BaseRow)):
            owner = store_of.get(base.subject, "") if base.scope == "screen" else base.subject
            stores = every if base.scope == "chain" else frozenset({owner})
            by = f"base:{base.scope}:{base.subject}" if base.subject else "base:chain"
            self._direct[base.playlist_id].append(Use(by, stores, base.scope == "chain"))


def sees_playlist(session: Session, actor: Actor, playlist: str) -> bool:
    """Whether this actor may know of one playlist."""
    return actor.stores is None or Reach(session).sees(actor, playlist)


def children(playlist: Playlist) -> tuple[str, ...]:
    """The playlists that stand in it as items."""
    return tuple(str(i.content) for i in playlist.items if not isinstance(i.content, Card))


def cards_of(playlist: Playlist) -> Iterator[tuple[str, Card]]:
    """Every card in it, fallbacks too, each with its path."""
    for index, item in enumerate(playlist.items):
        if isinstance(item.content, Card):
            yield f"items/{index}/content/card", item.content
        if item.fallback is not None:
            yield f"items/{index}/fallback", item.fallback


def files_of(playlist: Playlist) -> frozenset[Sha256]:
    """The sha256 of every file that its cards name."""
    found: set[Sha256] = set()
    for _, card in cards_of(playlist):
        found.update(card.assets)
        found.update(good.picture for good in card.goods if good.picture)
        found.update([card.qr] if card.qr else [])
    return frozenset(found)


def said_of(uses: list[str]) -> str:
    """Where something is used, for the sentence that refuses to delete it."""
    shown = ", ".join(uses[:MAX_SHOWN_USES])
    more = len(uses) - MAX_SHOWN_USES
    return f"{shown} and {more} more" if more > 0 else shown


def _use(meant: _Meant, places: Map) -> Use:
    concerned = places.concerned(meant.target)
    bounded = Actor("", "", frozenset(), concerned)
    is_open = not within(bounded, meant.target, places)
    return Use(meant.by, concerned, is_open, meant.target.regions)
