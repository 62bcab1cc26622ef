"""Wishes, content and places as JSON, for the record and the API, and what is refused of them.

Every `..._from_json(value, path)` is strict: unknown members are refused, limits are the constants
of these modules, and Invalid names the field, like `items/3/content/card/texts/headline`. Members
at their default are left out when written, and may be when read; each `..._to_json` gives the same
thing back.
"""

from __future__ import annotations

from playlists.model_json.content import (
    card_from_json,
    card_to_json,
    item_from_json,
    item_to_json,
    playlist_from_json,
    playlist_to_json,
)
from playlists.model_json.places import (
    calendar_from_json,
    calendar_to_json,
    layout_from_json,
    layout_to_json,
    screen_from_json,
    screen_to_json,
    store_from_json,
    store_to_json,
)
from playlists.model_json.wishes import (
    base_from_json,
    base_to_json,
    campaign_from_json,
    campaign_to_json,
    emergency_from_json,
    emergency_to_json,
    override_from_json,
    override_to_json,
    target_from_json,
    target_to_json,
)

__all__ = [
    "base_from_json",
    "base_to_json",
    "calendar_from_json",
    "calendar_to_json",
    "campaign_from_json",
    "campaign_to_json",
    "card_from_json",
    "card_to_json",
    "emergency_from_json",
    "emergency_to_json",
    "item_from_json",
    "item_to_json",
    "layout_from_json",
    "layout_to_json",
    "override_from_json",
    "override_to_json",
    "playlist_from_json",
    "playlist_to_json",
    "screen_from_json",
    "screen_to_json",
    "store_from_json",
    "store_to_json",
    "target_from_json",
    "target_to_json",
]
