"""What play records say of hands that people laid on a screen without its server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.cards import read_card
from playlists.ids import CardId
from playlists.manifest import DeckCard
from playlists.runs import Play
from playlists.shown import LocalOverride
from server.db.models import HandActRow, OverrideRow, PlaylistRow
from server.services.wishes.wish_rows import override_of, playlist_of

CODE = "by_hand"
"""The reason that screens record (player/page/engine/zone.js)."""


def hand_of(play: Play) -> LocalOverride | None:
    """The hand that a record names, for as long as the record lasts; None for any other record."""
    code, _, name = play.because[0].partition(":") if play.because else ("", "", "")
    if code != CODE or play.card is None:
        return None
    card = CardId(play.card)
    return LocalOverride(name, play.zone, "show", card, play.from_ms, play.until_ms)


def cards_of(session: Session, hands: Collection[str]) -> Mapping[CardId, DeckCard]:
    """The cards that these hands showed, as their devices told."""
    if not hands:
        return {}
    rows = select(HandActRow.cards).where(HandActRow.id.in_(set(hands)))
    return {
        CardId(name): read_card(body, "cards")
        for cards in session.scalars(rows)
        for name, body in cards.items()
    }


def hand_wishes(session: Session, hands: Collection[str]) -> dict[str, Any]:
    """The overrides that these hands became and the playlists that they showed, as they are now, by
    `kind:id`.
    """
    if not hands:
        return {}
    found: dict[str, Any] = {}
    rows = session.scalars(select(OverrideRow).where(OverrideRow.id.in_(set(hands))))
    for override in map(override_of, rows):
        found[f"override:{override.id}"] = override
        playlist = session.get(PlaylistRow, override.playlist)
        if playlist is not None:
            found[f"playlist:{playlist.id}"] = playlist_of(playlist)
    return found
