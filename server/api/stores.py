"""Stores: /api/v1/stores."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Name, PageQuery, Shape, Version, Words
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.chain import places
from server.services.chain.brand_checks import BRAND_KEYS
from server.services.chain.place_views import StoreView
from server.services.chain.place_wishes import StoreWish

blueprint = resource("stores")

Minutes = Annotated[int, Field(ge=0, le=2880, description="Minutes after local midnight.")]
Stretch = Annotated[list[Minutes], Field(min_length=2, max_length=2)]
Day = Annotated[list[Stretch], Field(max_length=6)]
Degrees = Annotated[int, Field(ge=-180_000_000, le=180_000_000)]


class SpecialDay(Shape):
    """Opening hours of one date instead of its weekday's."""

    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    hours: Day


class StoreEdit(Shape):
    """A store as a person describes it."""

    name: Name
    zone: Annotated[str, Field(max_length=64, description="IANA, such as Europe/Paris.")]
    lat_e6: Annotated[int, Field(ge=-90_000_000, le=90_000_000)] = 0
    lon_e6: Degrees = 0
    regions: Words = []
    country: Annotated[str, Field(max_length=8, description="FR, or FR-MQ for a part of it.")] = ""
    hours: Annotated[list[Day], Field(min_length=7, max_length=7, description="Monday first.")] = [
        [] for _ in range(7)
    ]
    special_hours: Annotated[list[SpecialDay], Field(max_length=400)] = []
    channel: Annotated[str, Field(max_length=140, description="shop@store")] | None = None
    brand: Annotated[
        dict[str, str],
        Field(description=f"What it has of its own beside the chain's: {', '.join(BRAND_KEYS)}."),
    ] = {}
    details: dict[str, str] = {}


class StoreNew(StoreEdit):
    """A store to open; the id is made from its name where it is left out."""

    id: Id | None = None


class StoreShape(StoreEdit):
    """A store."""

    id: Id
    edited_at: Ms
    version: Version


class StorePage(Shape):
    """Some stores."""

    items: list[StoreShape]
    next: str


@blueprint.get("/stores")
@operation("stores", StorePage, query=PageQuery)
def list_stores(call: Call, query: PageQuery) -> Done:
    """List the stores that you may see."""
    page = places.list_stores(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/stores")
@operation("stores", StoreShape, status=201, body=StoreNew, creates=True)
def create_store(call: Call, body: StoreNew) -> Done:
    """Open a store."""
    store_id = body.id or new_id(body.name)
    made = places.create_store(call.ctx, call.actor, _wish(body), store_id)
    return Done(_body(made), made.version, located("stores", made.value.id))


@blueprint.get("/stores/<store_id>")
@operation("stores", StoreShape, versioned=True, errors=(404,))
def get_store(call: Call, store_id: str) -> Done:
    """One store."""
    found = places.get_store(call.ctx, call.actor, store_id)
    return Done(_body(found), found.version)


@blueprint.put("/stores/<store_id>")
@operation("stores", StoreShape, body=StoreEdit, edits=True, versioned=True)
def update_store(call: Call, store_id: str, body: StoreEdit, if_version: int | None) -> Done:
    """Replace what is known of a store."""
    made = places.update_store(call.ctx, call.actor, store_id, _wish(body), if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/stores/<store_id>")
@operation("stores", status=204, edits=True)
def delete_store(call: Call, store_id: str, if_version: int | None) -> Done:
    """Close a store that has no screens and no prices left."""
    places.delete_store(call.ctx, call.actor, store_id, if_version)
    return NOTHING


def _wish(body: StoreEdit) -> StoreWish:
    return StoreWish(
        name=body.name,
        zone=body.zone,
        lat_e6=body.lat_e6,
        lon_e6=body.lon_e6,
        regions=frozenset(body.regions),
        country=body.country,
        hours=tuple(_day(day) for day in body.hours),
        special_hours=tuple((special.date, _day(special.hours)) for special in body.special_hours),
        channel=body.channel,
        brand=body.brand,
        details=body.details,
    )


def _day(day: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((begin, end) for begin, end in day)


def _body(store: Versioned[StoreView]) -> dict[str, Any]:
    view = store.value
    return {
        "id": view.id,
        "name": view.name,
        "zone": view.zone,
        "lat_e6": view.lat_e6,
        "lon_e6": view.lon_e6,
        "regions": list(view.regions),
        "country": view.country,
        "hours": [[list(stretch) for stretch in day] for day in view.hours],
        "special_hours": [
            {"date": date, "hours": [list(stretch) for stretch in hours]}
            for date, hours in view.special_hours
        ],
        "channel": view.channel,
        "brand": dict(view.brand),
        "details": dict(view.details),
        "edited_at": view.edited_at,
        "version": store.version,
    }
