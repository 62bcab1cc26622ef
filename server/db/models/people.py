"""Tables of who may do what: actors and their tokens, the owner link, the audit log, idempotency
keys.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, Key, Ms, Word


class ActorRow(Base):
    """A person or a program. `scopes` are rights; `stores` null means the whole chain; `made_by` is
    the actor that made this one.
    """

    __tablename__ = "actor"

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[Any]]
    stores: Mapped[list[Any] | None]
    made_by: Mapped[str | None] = mapped_column(String(64), index=True)
    created_at: Mapped[Ms]


class TokenRow(Base):
    """A secret an actor signs in with: sha256 only; `kind` is api, session or owner_link."""

    __tablename__ = "token"

    hash: Mapped[Hash] = mapped_column(primary_key=True)
    actor_id: Mapped[Word] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Ms]
    expires_at: Mapped[int | None] = mapped_column(BigInteger)


class EndedRow(Base):
    """The hash of a token that was ended, kept while leaves signed under it may still run."""

    __tablename__ = "ended"

    hash: Mapped[Hash] = mapped_column(primary_key=True)
    until: Mapped[Ms] = mapped_column(index=True)


class AuditRow(Base):
    """Who changed what, from what, to what. Only ever appended."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[Ms] = mapped_column(index=True)
    actor_id: Mapped[Word]
    action: Mapped[Word]
    subject: Mapped[Key] = mapped_column(index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class IdempotencyRow(Base):
    """An answer already given to an Idempotency-Key, kept for a day."""

    __tablename__ = "idempotency"

    actor_id: Mapped[Word] = mapped_column(primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)
    request: Mapped[Hash]
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[Ms] = mapped_column(index=True)


class SettingRow(Base):
    """Small values of the installation itself, such as the secret shared by door and web."""

    __tablename__ = "setting"

    key: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
