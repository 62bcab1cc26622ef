"""Tables of what proves prices: signed offers of the past, and how screens and shops agreed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, LongText, Ms, Word


class PastDeltaRow(Base):
    """The signed message that brought a channel to `version`, kept once another replaced it."""

    __tablename__ = "past_delta"

    channel: Mapped[str] = mapped_column(String(140), primary_key=True)
    version: Mapped[Ms] = mapped_column(primary_key=True, index=True)
    jws: Mapped[LongText]


class AlignedDayRow(Base):
    """How far a store's day (its own date, `[from_ms, end_ms)`) is reckoned: up to `until_ms`;
    `settled` once it was reckoned again with the play records that came late.
    """

    __tablename__ = "aligned_day"
    __table_args__ = (Index("ix_aligned_day_settled", "settled", "from_ms"),)

    store_id: Mapped[Word] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    from_ms: Mapped[Ms]
    end_ms: Mapped[Ms]
    until_ms: Mapped[Ms]
    settled: Mapped[bool] = mapped_column(default=False)


class AlignedRow(Base):
    """For how long (ms, all screens together) a store's screens showed a price of a SKU on a day:
    `shown_ms` in all, of that `equal_ms` the shop's at that moment, `late_ms` its last one, changed
    no longer ago than prices take, `other_ms` another. `bare` are reductions without a prior price
    and `free` cards without a price, each in ms by its reason's code.
    """

    __tablename__ = "aligned"

    store_id: Mapped[Word] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True, index=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    shown_ms: Mapped[Ms]
    equal_ms: Mapped[Ms]
    late_ms: Mapped[Ms]
    other_ms: Mapped[Ms]
    bare: Mapped[dict[str, Any]]
    free: Mapped[dict[str, Any]]


class RepricedRow(Base):
    """A price that a shop changed at `at_ms`: `delay_ms` later the last of `screens` held it (null:
    `waiting` of them have not said so).
    """

    __tablename__ = "repriced"

    store_id: Mapped[Word] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True, index=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    at_ms: Mapped[Ms] = mapped_column(primary_key=True)
    screens: Mapped[int]
    waiting: Mapped[int]
    delay_ms: Mapped[int | None] = mapped_column(BigInteger)
