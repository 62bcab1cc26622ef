"""Tables of stock: what stores counted, and where that is not what the shop online says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word

_COMING_BACK: dict[str, Any] = {
    f"{dialect}_where": text("back_since > 0") for dialect in ("sqlite", "postgresql")
}
_OPEN: dict[str, Any] = {
    f"{dialect}_where": text("ended_at = 0") for dialect in ("sqlite", "postgresql")
}


class ShelfRow(Base):
    """A SKU in a store as last counted, and whether it is out as screens see it; `back_since` (unix
    ms, 0: no) is when there was something again though it still is.
    """

    __tablename__ = "shelf"
    __table_args__ = (Index("ix_shelf_coming_back", "source", "back_since", **_COMING_BACK),)

    store_id: Mapped[Word] = mapped_column(primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    counted: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    is_out: Mapped[bool]
    back_since: Mapped[Ms] = mapped_column(default=0)
    counted_at: Mapped[Ms]
    source: Mapped[Word]


class ParadoxRow(Base):
    """A stretch in which a store and the shop online said otherwise of a SKU: `kind` out_here (the
    shop online has it) or out_online (the store has it). Instants in unix ms; `ended_at` 0: it
    lasts.
    """

    __tablename__ = "paradox"
    __table_args__ = (
        Index("ix_paradox_open", "began_at", **_OPEN),
        Index("ix_paradox_ended_at", "ended_at"),
    )

    store_id: Mapped[Word] = mapped_column(primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    began_at: Mapped[Ms] = mapped_column(primary_key=True)
    kind: Mapped[Word]
    ended_at: Mapped[Ms] = mapped_column(default=0)
