"""Tables of what keeps a price off the screens though the shop said it: recalls, and tills that do
not have it yet.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word

_OPEN: dict[str, Any] = {
    f"{dialect}_where": text("until_ms IS NULL") for dialect in ("sqlite", "postgresql")
}
_IN_FORCE: dict[str, Any] = {
    f"{dialect}_where": text("lifted_at IS NULL") for dialect in ("sqlite", "postgresql")
}


class RecallRow(Base):
    """A SKU whose price a person withdrew, in `stores` (null: all, later ones too), until somebody
    lifts it.
    """

    __tablename__ = "recall"
    __table_args__ = (Index("ix_recall_in_force", "sku", **_IN_FORCE),)

    id: Mapped[Word] = mapped_column(primary_key=True)
    sku: Mapped[Word]
    stores: Mapped[list[Any] | None]
    note: Mapped[str] = mapped_column(String(500), default="")
    at_ms: Mapped[Ms] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(String(64))
    lifted_at: Mapped[int | None] = mapped_column(BigInteger)
    lifted_by: Mapped[str] = mapped_column(String(64), default="")


class RecalledRow(Base):
    """Where a recall took a price off: the channel's version that says so; what was said before
    (version `was`) may show until its `step_end` (null: open) and `lease_end` at most.
    """

    __tablename__ = "recalled"

    recall_id: Mapped[Word] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(140), primary_key=True)
    store_id: Mapped[Word] = mapped_column(index=True)
    version: Mapped[Ms]
    was: Mapped[Ms]
    lease_end: Mapped[Ms]
    step_end: Mapped[int | None] = mapped_column(BigInteger)


class TillPriceRow(Base):
    """What a store's till and its screens owe each other for one price
    (server.services.prices.tilling). Unix ms, minor units.
    """

    __tablename__ = "till_price"

    channel: Mapped[str] = mapped_column(String(140), primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    connector: Mapped[Word] = mapped_column(index=True)
    price: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3), default="")
    said_version: Mapped[str] = mapped_column(String(64), default="")
    said_at: Mapped[Ms] = mapped_column(default=0)
    phase: Mapped[str] = mapped_column(String(16), default="even", index=True)
    old: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[int | None] = mapped_column(BigInteger)
    target_currency: Mapped[str] = mapped_column(String(3), default="")
    since: Mapped[Ms] = mapped_column(default=0)
    deadline: Mapped[Ms] = mapped_column(default=0)
    version: Mapped[Ms] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)
    call_at: Mapped[Ms] = mapped_column(default=0)
    owed: Mapped[int | None] = mapped_column(BigInteger)
    apart_since: Mapped[Ms] = mapped_column(default=0)
    apart: Mapped[bool] = mapped_column(default=False)
    same_at: Mapped[Ms] = mapped_column(default=0)
    look_at: Mapped[Ms] = mapped_column(index=True)


class TillMismatchRow(Base):
    """A stretch on which a store's screens could show one price and its till charged another."""

    __tablename__ = "till_mismatch"
    __table_args__ = (
        Index("ix_till_mismatch_store_from", "store_id", "from_ms"),
        Index("ix_till_mismatch_open", "channel", "sku", **_OPEN),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(140))
    sku: Mapped[Word]
    store_id: Mapped[Word]
    connector: Mapped[Word]
    shown: Mapped[int] = mapped_column(BigInteger)
    shown_currency: Mapped[str] = mapped_column(String(3))
    charged: Mapped[int] = mapped_column(BigInteger)
    charged_currency: Mapped[str] = mapped_column(String(3))
    from_ms: Mapped[Ms]
    until_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
