"""What keeps a playlist's draft off the air, turn by turn: all of it at once, before anybody asks
to publish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playlists.model import Card
from playlists.model_json import playlist_from_json
from server.errors import BadInput
from server.services.base.editing import check_name
from server.services.wishes.card_checks import check_card


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: the item's id (empty: the playlist), the field inside it, the refusal
    with its code.
    """

    item: str
    field: str
    code: str
    message: str


def problems(body: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that would be refused of a draft's cards, in order: the first fault of each."""
    found: list[Problem] = []
    playlist = playlist_from_json(body)
    try:
        check_name(playlist.name)
    except BadInput as wrong:
        found.append(_problem("", wrong))
    for item in playlist.items:
        cards = [("content/card", item.content)] if isinstance(item.content, Card) else []
        if item.fallback is not None:
            cards.append(("fallback", item.fallback))
        for path, card in cards:
            try:
                check_card(card, path)
            except BadInput as wrong:
                found.append(_problem(item.id, wrong))
    return tuple(found)


def _problem(item: str, wrong: BadInput) -> Problem:
    return Problem(item, wrong.field, wrong.code, wrong.message)
