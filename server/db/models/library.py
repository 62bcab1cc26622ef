"""Tables of what people say about files: prices drawn in them, words they file them under."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, Word


class AssetPriceRow(Base):
    """A price that a file shows: of `sku`, in minor units. `channel` is empty for the channel of
    whichever store shows it.
    """

    __tablename__ = "asset_price"

    asset_sha: Mapped[Hash] = mapped_column(ForeignKey("asset.sha"), primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True, index=True)
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(140), default="")


class AssetTagRow(Base):
    """A word that a file is filed under."""

    __tablename__ = "asset_tag"

    asset_sha: Mapped[Hash] = mapped_column(ForeignKey("asset.sha"), primary_key=True)
    tag: Mapped[Word] = mapped_column(primary_key=True, index=True)
