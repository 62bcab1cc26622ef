"""The stores at one look, each with how many screens hang there and how many have a device; and
how far a chain has come that is only beginning.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from server.db.models import ConnectorRow, DeviceRow, PlaylistRow, ScreenRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.paging import FIRST, Cut, Page
from server.services.chain import places
from server.services.chain.place_views import StoreView


@dataclass(frozen=True, slots=True)
class Place:
    """A store; `paired` of its `screens` have a device."""

    store: StoreView
    screens: int
    paired: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a chain has: stores, kinds of connectors, screens, those with a device, playlists."""

    stores: int
    kinds: frozenset[str]
    screens: int
    paired: int
    playlists: int


def list_places(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Place]:
    """The actor's stores by id."""
    found = places.list_stores(ctx, actor, cut)
    stores = [one.value for one in found.items]
    counts = (
        select(ScreenRow.store_id, func.count(), func.count(DeviceRow.screen_id))
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id, isouter=True)
        .where(ScreenRow.store_id.in_([store.id for store in stores]))
        .group_by(ScreenRow.store_id)
    )
    with ctx.db.read() as session:
        hung = {store: (screens, paired) for store, screens, paired in session.execute(counts)}
    items = tuple(Place(store, *hung.get(store.id, (0, 0))) for store in stores)
    return Page(items, found.next)


def beginning(ctx: Context, actor: Actor) -> Beginning:
    """How far the chain has come. Only for the whole chain. Raises Forbidden."""
    actor.require_chain("places")
    with ctx.db.read() as session:

        def count(table: type[StoreRow | ScreenRow | DeviceRow | PlaylistRow]) -> int:
            return session.scalar(select(func.count()).select_from(table)) or 0

        return Beginning(
            stores=count(StoreRow),
            kinds=frozenset(session.scalars(select(ConnectorRow.kind).distinct())),
            screens=count(ScreenRow),
            paired=count(DeviceRow),
            playlists=count(PlaylistRow),
        )
