"""The stores that rights can end at, by name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from server.db.models import StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context


@dataclass(frozen=True, slots=True)
class Shop:
    """A store, the regions that it lies in, and its time zone."""

    id: str
    name: str
    regions: tuple[str, ...]
    zone: str


def list_shops(ctx: Context, actor: Actor) -> list[Shop]:
    """The actor's stores, by name."""
    columns = StoreRow.id, StoreRow.name, StoreRow.regions, StoreRow.zone
    with ctx.db.read() as session:
        rows = session.execute(select(*columns).order_by(StoreRow.name)).all()
    return [
        Shop(store, name, tuple(regions), zone)
        for store, name, regions, zone in rows
        if actor.sees(store)
    ]
