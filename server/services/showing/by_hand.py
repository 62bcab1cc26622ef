"""What play records say of hands that people laid on a screen without its server."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.cards import read_card
from playlists.ids import CardId, OverrideId, PlaylistId, StoreId
from playlists.manifest import DeckCard
from playlists.model import Override
from playlists.runs import Play
from playlists.shown import LocalOverride
from server.db.models import ActorRow, HandActRow, PlaylistRow, ScreenRow
from server.services.wishes.wish_rows import playlist_of

CODE = "by_hand"
"""The reason that screens record (player/page/engine/zone.js)."""


def hand_of(play: Play) -> LocalOverride | None:
    """The hand that a record names, for as long as the record lasts; None for any other record."""
    code, _, name = play.because[0].partition(":") if play.because else ("", "", "")
    if code != CODE or play.card is None:
        return None
    card = CardId(play.card)
    return LocalOverride(name, play.zone, "show", card, play.from_ms, play.until_ms)


def hands_in(
    session: Session, plays: Collection[Play]
) -> tuple[tuple[LocalOverride, ...], dict[CardId, DeckCard]]:
    """The hands that these records name, and the cards that they showed, as their devices told; of
    one that was not told yet, a card that says nothing.
    """
    hands = tuple(hand for play in plays if (hand := hand_of(play)) is not None)
    if not hands:
        return (), {}
    cards = {hand.card: DeckCard("message", {}) for hand in hands}
    rows = select(HandActRow.cards).where(HandActRow.id.in_({hand.id for hand in hands}))
    for told in session.scalars(rows):
        cards |= {CardId(name): read_card(body, "cards") for name, body in told.items()}
    return hands, cards


def hand_wishes(session: Session, hands: Collection[str]) -> dict[str, Any]:
    """These hands as overrides, refused ones too, and the playlists that they showed, as they are
    now, by `kind:id`.
    """
    found: dict[str, Any] = {}
    if not hands:
        return found
    rows = (
        select(HandActRow, ScreenRow.store_id, ActorRow.name)
        .join(ScreenRow, ScreenRow.id == HandActRow.screen_id)
        .join(ActorRow, ActorRow.id == HandActRow.actor_id)
        .where(HandActRow.id.in_(set(hands)))
    )
    for act, store, name in session.execute(rows):
        found[f"override:{act.id}"] = Override(
            OverrideId(act.id),
            StoreId(store),
            "show",
            act.from_ms,
            act.until_ms if act.ended_ms is None else act.ended_ms,
            playlist=PlaylistId(act.choice),
            by=name,
        )
        playlist = session.get(PlaylistRow, act.choice)
        if playlist is not None:
            found[f"playlist:{playlist.id}"] = playlist_of(playlist)
    return found
