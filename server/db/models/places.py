"""Tables of places: stores, screens, their devices and pairings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word


class StoreRow(Base):
    """A shop, with its hours and country; `version` is the ETag of its edits."""

    __tablename__ = "store"

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    zone: Mapped[Word]
    lat_e6: Mapped[int]
    lon_e6: Mapped[int]
    regions: Mapped[list[Any]]
    country: Mapped[str] = mapped_column(String(8))
    hours: Mapped[list[Any]]
    special_hours: Mapped[list[Any]]
    channel: Mapped[str | None] = mapped_column(String(140))
    brand: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]


class ScreenRow(Base):
    """A screen as wished for."""

    __tablename__ = "screen"

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    store_id: Mapped[Word] = mapped_column(ForeignKey("store.id"), index=True)
    width: Mapped[int]
    height: Mapped[int]
    tags: Mapped[list[Any]]
    place: Mapped[Word]
    language: Mapped[str] = mapped_column(String(8))
    layout: Mapped[list[Any]]
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]


class DeviceRow(Base):
    """The hardware behind a screen: its public key (raw Ed25519) and what it last said of itself.

    `proved_at` is when the challenge that it last answered over HTTP was made: none earlier counts.
    """

    __tablename__ = "device"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    caps: Mapped[dict[str, Any]]
    paired_at: Mapped[Ms]
    proved_at: Mapped[Ms] = mapped_column(default=0)
    held_reason: Mapped[str] = mapped_column(String(64), default="")


class PairingRow(Base):
    """A device that shows a code and waits for a person. `secret_hash` is sha256 of what it polls
    with; `code` is null once claimed; `origin` is a keyed hash of the address that asked.
    """

    __tablename__ = "pairing"

    id: Mapped[Word] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(8), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    origin: Mapped[Word]
    name: Mapped[str] = mapped_column(String(200))
    width: Mapped[int]
    height: Mapped[int]
    caps: Mapped[dict[str, Any]]
    expires_at: Mapped[Ms]
    screen_id: Mapped[str | None] = mapped_column(ForeignKey("screen.id"))


class ScreenStateRow(Base):
    """What a screen last reported. Written in batches by the worker. `glass_wrong` is since when
    pictures of it have not been what the plan says, null while they are.
    """

    __tablename__ = "screen_state"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    seen_at: Mapped[Ms]
    connected: Mapped[bool] = mapped_column(default=False)
    glass_wrong: Mapped[int | None] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any]]
