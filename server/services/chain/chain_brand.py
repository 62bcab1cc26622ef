"""The chain's brand as it stands: what every store shows that has nothing of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import BrandRow, StoreRow


def last_brand(session: Session) -> BrandRow | None:
    """The version that went out last; None before the first."""
    return session.scalars(select(BrandRow).order_by(BrandRow.version.desc()).limit(1)).first()


def chain_brand(session: Session) -> Mapping[str, str]:
    """Its entries. Before the first version they are what all stores that have a brand agree on."""
    last = last_brand(session)
    if last is not None:
        return last.body
    brands = [brand for brand in session.scalars(select(StoreRow.brand)) if brand]
    said = Counter((key, value) for brand in brands for key, value in brand.items())
    return {key: value for (key, value), n in said.items() if n == len(brands)}
