"""The tables of the chain's brand: every version that went out, and the one on its way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word


class BrandRow(Base):
    """The chain's brand from `at` on. `body`: what screens show of it; `voice`: how it speaks, by
    language, for those who write.
    """

    __tablename__ = "brand"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]]
    voice: Mapped[dict[str, Any]]
    at: Mapped[Ms]
    by: Mapped[Word]


class BrandTrialRow(Base):
    """The brand that is on its way to some stores, or waits for a time; one at most. `worn`: what
    each store that shows it had `before`, and has `after`.
    """

    __tablename__ = "brand_trial"

    id: Mapped[Word] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    body: Mapped[dict[str, Any]]
    voice: Mapped[dict[str, Any]]
    stores: Mapped[list[Any] | None]
    local: Mapped[str] = mapped_column(String(32))
    worn: Mapped[dict[str, Any]]
    created_at: Mapped[Ms]
    created_by: Mapped[Word]
