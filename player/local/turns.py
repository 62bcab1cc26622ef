"""What a hold makes the screen show, turn by turn."""

from __future__ import annotations

from playlists.ids import CardId
from playlists.shown import LocalOverride
from playlists.wire.hands import Act

AHEAD_MS = 120_000
"""The page is told turns of at least so long, and new ones as often."""


def turns_of(act: Act, turns: tuple[tuple[CardId, int], ...], now: int) -> list[LocalOverride]:
    """The turns that lie in the present stretch of AHEAD_MS or the next."""

    def shown(card: CardId, begin: int, end: int) -> LocalOverride:
        return LocalOverride(act.id, act.zone, "show", card, begin, min(end, act.until_ms))

    if len(turns) == 1:
        return [shown(turns[0][0], act.from_ms, act.until_ms)]
    loop = sum(length for _, length in turns)
    stretch = act.from_ms + (now - act.from_ms) // AHEAD_MS * AHEAD_MS
    at = act.from_ms + (stretch - act.from_ms) // loop * loop
    found = []
    while at < min(stretch + 2 * AHEAD_MS, act.until_ms):
        for card, length in turns:
            if at + length > stretch and at < act.until_ms:
                found.append(shown(card, at, at + length))
            at += length
    return found
