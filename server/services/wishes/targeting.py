"""Which stores a target may concern, and whether someone whose rights end at some stores may set
it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import StoreId
from playlists.model import Store, Target
from playlists.resolving.targets import mismatch
from playlists.schedule import Calendar
from server.db.models import ScreenRow, StoreRow
from server.errors import Forbidden, NotFound
from server.services.base.actors import Actor


@dataclass(frozen=True, slots=True)
class Map:
    """Where every store lies, and the store of every screen that was asked about."""

    stores: tuple[Store, ...]
    screens: dict[str, str]

    def concerned(self, target: Target) -> frozenset[str]:
        """The stores that a target may concern today: the set keys that its campaign touches."""
        named = {self.screens.get(screen) for screen in target.screens}
        return frozenset(
            store.id
            for store in self.stores
            if (not target.screens or store.id in named)
            and mismatch(target, store, frozenset(), None) not in ("stores", "regions", "radius")
        )


def map_of(session: Session, targets: Iterable[Target]) -> Map:
    """All stores, and the screens that `targets` name."""
    rows = session.execute(
        select(StoreRow.id, StoreRow.zone, StoreRow.lat_e6, StoreRow.lon_e6, StoreRow.regions)
    )
    stores = tuple(
        Store(StoreId(name), name, Calendar(zone), lat, lon, frozenset(regions))
        for name, zone, lat, lon, regions in rows
    )
    named = sorted({screen for target in targets for screen in target.screens})
    screens: dict[str, str] = {}
    for start in range(0, len(named), 500):
        some = select(ScreenRow.id, ScreenRow.store_id).where(
            ScreenRow.id.in_(named[start : start + 500])
        )
        screens.update(session.execute(some).all())
    return Map(stores, screens)


def check_target(session: Session, actor: Actor, target: Target) -> frozenset[str]:
    """The stores that `target` may concern, where this actor may set it.

    Raises NotFound for a store or screen that is not there or not the actor's, Forbidden where its
    rights end at its stores and the target does not.
    """
    places = map_of(session, [target])
    known = {store.id for store in places.stores}
    for store in sorted(target.stores):
        if store not in known or not actor.sees(store):
            message = f"There is no store “{store}” among your stores."
            raise NotFound(message, field="target/stores")
    for screen in sorted(target.screens):
        if screen not in places.screens or not actor.sees(places.screens[screen]):
            message = f"There is no screen “{screen}” among your stores."
            raise NotFound(message, field="target/screens")
    if not within(actor, target, places):
        raise Forbidden(
            "Your rights end at your stores and regions: name them in the target.",
            field="target/stores",
        )
    return places.concerned(target)


def within(actor: Actor, target: Target, places: Map) -> bool:
    """Whether `target` ends at the actor's stores and regions, also when new stores open
    elsewhere.
    """
    if actor.stores is None:
        return True
    named = {places.screens.get(screen, "") for screen in target.screens}
    if target.regions and target.regions <= actor.regions:
        return True
    if target.stores:
        return target.stores <= actor.stores
    return bool(target.screens) and named <= actor.stores


def sees_target(actor: Actor, target: Target, places: Map) -> bool:
    """Whether it may concern a store of the actor's."""
    return actor.stores is None or bool(places.concerned(target) & actor.stores)
