"""The table of the chain's brand: every version that went out, none changed afterwards."""

from __future__ import annotations

from typing import Any

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
