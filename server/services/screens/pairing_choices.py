"""Which screens a person may give a device: those without one first, and stores for new ones."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from server.db.models import DeviceRow, ScreenRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context

MAX_CHOICES = 500
"""Screens that a form lists."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A screen; `device` is the name of its device, None where it has none."""

    id: str
    name: str
    device: str | None


@dataclass(frozen=True, slots=True)
class Choices:
    """A store with its screens."""

    store: str
    name: str
    screens: tuple[Choice, ...]


def choices(ctx: Context, actor: Actor) -> tuple[Choices, ...]:
    """The actor's stores by id, each with its screens, those without a device first. Raises
    Forbidden.
    """
    actor.require("devices")
    stores = select(StoreRow.id, StoreRow.name).order_by(StoreRow.id)
    screens = (
        select(ScreenRow.id, ScreenRow.name, ScreenRow.store_id, DeviceRow.name)
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id, isouter=True)
        .order_by(DeviceRow.name.is_not(None), ScreenRow.id)
        .limit(MAX_CHOICES)
    )
    if actor.stores is not None:
        stores = stores.where(StoreRow.id.in_(actor.stores))
        screens = screens.where(ScreenRow.store_id.in_(actor.stores))
    found: dict[str, list[Choice]] = {}
    with ctx.db.read() as session:
        for screen, name, store, device in session.execute(screens):
            found.setdefault(store, []).append(Choice(screen, name, device))
        return tuple(
            Choices(store, name, tuple(found.get(store, ())))
            for store, name in session.execute(stores)
        )
