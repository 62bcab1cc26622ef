"""Tables of what a store's people may do, and did, on screens whose server was out of reach."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word


class HandCodeRow(Base):
    """A person's code for a store: its first letters, scrypt of the whole with `salt` (hex), and
    the public half (base64url) of the key that it makes.
    """

    __tablename__ = "hand_code"

    store_id: Mapped[Word] = mapped_column(primary_key=True)
    actor_id: Mapped[Word] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(String(2))
    salt: Mapped[str] = mapped_column(String(32))
    hash: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(43))
    issued_at: Mapped[Ms]
    until_ms: Mapped[Ms]


class HandActRow(Base):
    """What a person had a screen show without its server, as its device told afterwards. `state` is
    taken, over or refused; `ended_ms` null while it runs there;
    `cards` are those that it showed, as in a deck.
    """

    __tablename__ = "hand_act"

    id: Mapped[Word] = mapped_column(primary_key=True)
    screen_id: Mapped[Word] = mapped_column(index=True)
    actor_id: Mapped[Word]
    choice: Mapped[Word]
    from_ms: Mapped[Ms]
    until_ms: Mapped[Ms]
    cards: Mapped[dict[str, Any]]
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[Ms] = mapped_column(index=True)
