"""Between people's wishes and their rows: playlists, campaigns, overrides, emergencies, bases."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from playlists.model import Campaign, Emergency, Override, Playlist
from playlists.model_json import (
    campaign_from_json,
    campaign_to_json,
    emergency_from_json,
    emergency_to_json,
    override_from_json,
    override_to_json,
    playlist_from_json,
    playlist_to_json,
)
from server.db.models import CampaignRow, EmergencyRow, OverrideRow, PlaylistRow

WISHES_KEPT = 4_096
"""Decoded playlists, and as many campaigns, held in memory."""


def playlist_of(row: PlaylistRow) -> Playlist:
    """A playlist from its row."""
    return playlist_from_json(row.body)


def campaign_of(row: CampaignRow) -> Campaign:
    """A campaign from its row."""
    return campaign_from_json(row.body)


@lru_cache(maxsize=WISHES_KEPT)
def playlist_said(text: str) -> Playlist:
    """A playlist from its row's body as it is kept; the same text is decoded once."""
    return playlist_from_json(json.loads(text))


@lru_cache(maxsize=WISHES_KEPT)
def campaign_said(text: str) -> Campaign:
    """A campaign from its row's body as it is kept; the same text is decoded once."""
    return campaign_from_json(json.loads(text))


def override_of(row: OverrideRow) -> Override:
    """An override from its row."""
    return override_from_json(row.body)


def emergency_of(row: EmergencyRow) -> Emergency:
    """An emergency from its row."""
    return emergency_from_json(row.body)


def playlist_columns(playlist: Playlist) -> dict[str, Any]:
    """What a playlist's row keeps of it, by column. Raises Invalid, naming the field."""
    body = playlist_to_json(playlist)
    playlist_from_json(body)
    return {"name": playlist.name, "body": body}


def campaign_columns(campaign: Campaign) -> dict[str, Any]:
    """What a campaign's row keeps of it, by column. Raises Invalid, naming the field."""
    body = campaign_to_json(campaign)
    campaign_from_json(body)
    return {"name": campaign.name, "body": body, "playlist_id": campaign.playlist}


def override_columns(override: Override) -> dict[str, Any]:
    """What an override's row keeps of it, by column. Raises Invalid, naming the field."""
    body = override_to_json(override)
    override_from_json(body)
    spans = {"from_ms": override.from_ms, "until_ms": override.until_ms}
    return {"store_id": override.store, "body": body, **spans}


def emergency_columns(emergency: Emergency) -> dict[str, Any]:
    """What an emergency's row keeps of it, by column. Raises Invalid, naming the field."""
    body = emergency_to_json(emergency)
    emergency_from_json(body)
    return {"body": body, "from_ms": emergency.from_ms, "until_ms": emergency.until_ms}
