"""Whether any screen has the zone that a wish names: on one that none has it would never show."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.model import MAIN
from server.db.mappers import layout_from
from server.db.models import ScreenRow
from server.errors import BadInput
from server.services.base.actors import Actor


def check_zone(
    session: Session,
    actor: Actor,
    zone: str,
    *,
    store: str = "",
    screens: Collection[str] = (),
    locked: bool = True,
) -> None:
    """Raises BadInput naming the zones there are, where no screen has this one: none of `screens`,
    of a store, or of those that the actor sees. `locked` False: locked zones do not count.

    The main zone passes where no screen is named: a wish may be older than its screens.
    """
    if zone == MAIN and not screens and locked:
        return
    rows = select(ScreenRow.store_id, ScreenRow.layout)
    if screens:
        rows = rows.where(ScreenRow.id.in_(screens))
    elif store:
        rows = rows.where(ScreenRow.store_id == store)
    boxes = [
        box for of, layout in session.execute(rows) if actor.sees(of) for box in layout_from(layout)
    ]
    if zone == MAIN and not boxes:
        return
    there = {box.id for box in boxes if locked or not box.locked}
    if zone not in there:
        which = "These screens have" if screens or store else "The screens have"
        listed = ", ".join(sorted(there)) or "none"
        what = "the zones" if locked else "the zones that a hand may take"
        message = (
            f"No screen has a zone “{zone}”, so this would never show. {which} {what} {listed}."
        )
        raise BadInput(message, field="zone", code="no_such_zone")
