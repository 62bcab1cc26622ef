"""The turns that the page says it showed, read from its JSON."""

from __future__ import annotations

from player.spool import Turn
from playlists.errors import Invalid
from playlists.fields import Fields, text
from playlists.ids import ChannelId, Sha256, ZoneId
from playlists.manifest import LAYERS
from playlists.runs import MAX_BECAUSE, MAX_CHANNELS, Play, Slot

MAX_TURNS = 2_000
"""Turns in one request."""


def read_turns(value: object) -> tuple[str, list[Turn]]:
    """Read the body of `POST /played`: the page's name and its turns. Raises Invalid."""
    given = Fields.of(value)
    turns = [_turn(Fields.of(turn, at)) for at, turn in given.items("turns", MAX_TURNS)]
    return given.text("page", 64), turns


def _turn(given: Fields) -> Turn:
    offers = given.fields("offers")
    from_ms = given.whole("from")
    play = Play(
        zone=ZoneId(given.text("zone", 64)),
        head=given.whole("head"),
        manifest=Sha256(given.sha("manifest")),
        from_ms=from_ms,
        until_ms=given.whole("until", from_ms),
        offers={
            ChannelId(name): offers.whole(name) for name, _ in given.members("offers", MAX_CHANNELS)
        },
        card=given.text("card", 64) if given.has("card") else None,
        because=tuple(text(code, at) for at, code in given.items("because", MAX_BECAUSE)),
    )
    return Turn(given.whole("n", 1), play, _slot(given) if given.has("slot") else None)


def _slot(given: Fields) -> Slot:
    parts = [text(part, at, empty=True) for at, part in given.items("slot", 3)]
    if len(parts) != 3 or parts[0] not in LAYERS:
        raise Invalid("A slot is its layer, source and item.", given.at("slot"))
    return parts[0], parts[1], parts[2]
