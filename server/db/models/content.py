"""Tables of wishes: assets, playlists, campaigns, overrides, emergencies and base playlists.

Bodies are the domain's own JSON (playlists.model_json); columns beside them are what queries need.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, Ms, Word


class AssetRow(Base):
    """An upload that passed the probe, by the sha256 of what was stored. `released` ones may be
    fetched by players.
    """

    __tablename__ = "asset"

    sha: Mapped[Hash] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    mime: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    duration_ms: Mapped[int | None]
    codec: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[Ms]
    created_by: Mapped[Word]


class RenditionRow(Base):
    """A form of an asset made for a size; `spec` is the rendition's stable key."""

    __tablename__ = "rendition"

    asset_sha: Mapped[Hash] = mapped_column(ForeignKey("asset.sha"), primary_key=True)
    spec: Mapped[Word] = mapped_column(primary_key=True)
    sha: Mapped[Hash] = mapped_column(index=True)
    mime: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]


class RenditionFaultRow(Base):
    """Why a form of an asset could not be made, `tries` times over, and when to try again; None:
    never. `reason` and `params` are what media says it with.
    """

    __tablename__ = "rendition_fault"

    asset_sha: Mapped[Hash] = mapped_column(ForeignKey("asset.sha"), primary_key=True)
    spec: Mapped[Word] = mapped_column(primary_key=True)
    reason: Mapped[Word]
    params: Mapped[dict[str, Any]]
    tries: Mapped[int]
    next_try_at: Mapped[Ms | None]


class PlaylistRow(Base):
    """A playlist; `version` is its ETag."""

    __tablename__ = "playlist"

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    body: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]
    edited_by: Mapped[Word]


class CampaignRow(Base):
    """A campaign. `stores` lists the stores that its target may concern, null for all: the set
    key's index.
    """

    __tablename__ = "campaign"

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    body: Mapped[dict[str, Any]]
    playlist_id: Mapped[Word] = mapped_column(ForeignKey("playlist.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]
    edited_by: Mapped[Word]


class OverrideRow(Base):
    """A store's hand on its screens; it ends by itself at `until_ms`."""

    __tablename__ = "override"

    id: Mapped[Word] = mapped_column(primary_key=True)
    store_id: Mapped[Word] = mapped_column(ForeignKey("store.id"), index=True)
    body: Mapped[dict[str, Any]]
    from_ms: Mapped[Ms]
    until_ms: Mapped[Ms] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]
    edited_by: Mapped[Word]


class EmergencyRow(Base):
    """A message that beats everything."""

    __tablename__ = "emergency"

    id: Mapped[Word] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    from_ms: Mapped[Ms]
    until_ms: Mapped[Ms] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]
    edited_by: Mapped[Word]


class BaseRow(Base):
    """The playlist of a screen, a store or the chain, by zone."""

    __tablename__ = "base_playlist"

    scope: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject: Mapped[Word] = mapped_column(primary_key=True)
    zone: Mapped[Word] = mapped_column(primary_key=True)
    playlist_id: Mapped[Word] = mapped_column(ForeignKey("playlist.id"), index=True)
