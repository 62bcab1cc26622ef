"""Offers and the ledger behind them: /api/v1/offers, and a person's word on suspect prices."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field

from server.api.kit import Call, Done, operation, resource
from server.api.shapes import PageQuery, Shape
from server.services.base.paging import Cut
from server.services.observed import world
from server.services.observed.world import OfferView
from server.services.prices import settling

blueprint = resource("offers")


class OfferShape(Shape):
    """What screens may say of a SKU: `offer` as it is signed, its reason `r` included. `suspect` is
    what is held against the price that the shop says now, `pending` that price as reported.
    """

    channel: str
    sku: str
    store: str
    offer: dict[str, Any]
    suspect: str
    pending: dict[str, Any] | None
    version: int
    as_of: int
    lease_ms: int


class PriceShape(Shape):
    """A price as received, in minor units. Without a currency: not sold any more from then on."""

    price: int
    currency: str
    valid_from: int
    valid_until: int | None
    reduced: bool
    recorded_at: int


class OfferDetail(OfferShape):
    """An offer with the newest rows of its ledger."""

    ledger: list[PriceShape]


class OfferPage(Shape):
    """Some offers."""

    items: list[OfferShape]
    next: str


class OfferQuery(PageQuery):
    """Which offers."""

    channel: Annotated[str, Field(max_length=140)] = ""
    sku: Annotated[str, Field(max_length=64)] = ""
    suspect: Annotated[bool, Field(description="Only those that wait for a person.")] = False


class PriceSettlement(Shape):
    """A person's word on a suspect price: believe it, or stay at the last good one."""

    channel: Annotated[str, Field(min_length=1, max_length=140)]
    sku: Annotated[str, Field(min_length=1, max_length=64)]
    accept: bool


class PriceSettled(Shape):
    """What was decided."""

    channel: str
    sku: str
    settled: Literal["accepted", "rejected"]


@blueprint.get("/offers")
@operation("offers", OfferPage, query=OfferQuery)
def list_offers(call: Call, query: OfferQuery) -> Done:
    """List the offers of your stores, of one channel or SKU where given, or only suspect ones."""
    cut = Cut(query.after, query.limit)
    page = world.list_offers(
        call.ctx,
        call.actor,
        cut,
        channel=query.channel,
        sku=query.sku,
        suspect=query.suspect,
    )
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.get("/offers/<channel>/<sku>")
@operation("offers", OfferDetail, errors=(404,))
def get_offer(call: Call, channel: str, sku: str) -> Done:
    """One offer, with the ledger that its “was” and its reduction come from."""
    found, history = world.get_offer(call.ctx, call.actor, channel, sku)
    return Done({**_body(found), "ledger": [asdict(row) for row in history]})


@blueprint.post("/settlements/prices")
@operation("offers", PriceSettled, status=201, body=PriceSettlement, creates=True, errors=(404,))
def settle_price(call: Call, body: PriceSettlement) -> Done:
    """Decide on a price that is kept off the screens because it is suspect."""
    settling.settle_suspect(call.ctx, call.actor, body.channel, body.sku, body.accept)
    settled = "accepted" if body.accept else "rejected"
    return Done({"channel": body.channel, "sku": body.sku, "settled": settled})


def _body(view: OfferView) -> dict[str, Any]:
    return {**asdict(view), "offer": dict(view.offer)}
