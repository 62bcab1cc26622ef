"""When stores are open, for all that goes by their hours: displays and updates."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import StoreRow
from server.services.base.kept import MAX_IN, batched
from server.services.chain.place_views import store_view
from server.services.screens.power_plans import Opening


def openings(session: Session, stores: Collection[str]) -> dict[str, Opening]:
    """When these stores are open, by store."""
    found = {}
    for some in batched(sorted(stores), MAX_IN):
        for row in session.scalars(select(StoreRow).where(StoreRow.id.in_(some))):
            view = store_view(row).value
            found[view.id] = Opening(view.zone, view.hours, view.special_hours)
    return found
