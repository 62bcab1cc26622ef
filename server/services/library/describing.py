"""What people say about a file: its name, the words it is filed under, the prices that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel.numbers import is_currency
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.db.models import AssetPriceRow, AssetTagRow, OfferRow, ProductRow, StoreRow
from server.errors import BadInput
from server.services.base import audit, outbox
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MAX_TAGS, check_name, checked_tags
from server.services.library import assets
from server.services.library.assets import AssetView
from server.services.wishes.drawn import Drawn

MAX_PRICES = 12
"""That one picture may show."""
MAX_PRICE_MINOR = 10**12


def describe(
    ctx: Context,
    actor: Actor,
    sha: str,
    *,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    prices: Sequence[Drawn] | None = None,
) -> AssetView:
    """Say it of a file; what is None stays. Raises BadInput, NotFound, Forbidden."""
    actor.require("content")
    if prices is not None and len(prices) > MAX_PRICES:
        raise BadInput(f"A picture shows {MAX_PRICES} prices at most.", field="prices")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = assets.own(session, actor, sha)
        before = _said(assets.view_of(session, row, ()))
        if name is not None:
            row.name = check_name(name)
        if tags is not None:
            _set_tags(session, sha, _checked_tags(tags))
        if prices is not None:
            _set_prices(session, sha, [_checked(session, one, n) for n, one in enumerate(prices)])
            outbox.mark(session, [f"asset:{sha}"], now)
        session.flush()
        view = assets.view_of(session, row)
        after = _said(view)
        if after != before:
            audit.record(session, actor, now, "asset.update", f"asset:{sha}", before, after)
    ctx.wake()
    return view


def _said(view: AssetView) -> dict[str, Any]:
    prices = [[one.sku, one.price, one.currency, one.channel] for one in view.prices]
    return {"name": view.name, "tags": list(view.tags), "prices": prices}


def _set_tags(session: Session, sha: str, tags: Sequence[str]) -> None:
    session.execute(delete(AssetTagRow).where(AssetTagRow.asset_sha == sha))
    session.add_all(AssetTagRow(asset_sha=sha, tag=tag) for tag in tags)


def _set_prices(session: Session, sha: str, prices: Sequence[Drawn]) -> None:
    if len({one.sku for one in prices}) < len(prices):
        message = "A product is named twice: a picture shows one price of each."
        raise BadInput(message, field="prices", code="named_twice")
    session.execute(delete(AssetPriceRow).where(AssetPriceRow.asset_sha == sha))
    session.add_all(
        AssetPriceRow(
            asset_sha=sha,
            sku=one.sku,
            price=one.price,
            currency=one.currency,
            channel=one.channel,
        )
        for one in prices
    )


def _checked_tags(tags: Sequence[str]) -> list[str]:
    found = checked_tags(tags, "tags")
    if len(found) > MAX_TAGS:
        raise BadInput(f"A file has {MAX_TAGS} tags at most.", field="tags", code="too_many_tags")
    return found


def _checked(session: Session, drawn: Drawn, number: int) -> Drawn:
    """Raises BadInput unless some shop sells such a product for money of this kind."""
    at = f"prices/{number}"
    if not 0 < drawn.price <= MAX_PRICE_MINOR:
        raise BadInput("A price is above zero.", field=f"{at}/price", code="bad_price")
    if not is_currency(drawn.currency):
        message = "Give the currency as three capital letters, as in EUR."
        raise BadInput(message, field=f"{at}/currency", code="bad_currency")
    shop = drawn.channel.partition("@")[0]
    sold = select(ProductRow.sku).where(ProductRow.sku == drawn.sku)
    if session.scalar((sold.where(ProductRow.shop == shop) if shop else sold).limit(1)) is None:
        message = f"No shop delivers a product “{drawn.sku[:64]}”. Choose one from the catalogue."
        raise BadInput(message, field=f"{at}/sku", code="no_such_product")
    if drawn.channel and "{store}" not in drawn.channel:
        known = select(StoreRow.id).where(StoreRow.channel == drawn.channel).limit(1)
        if session.scalar(known) is None:
            message = f"No store is priced by “{drawn.channel}”."
            raise BadInput(message, field=f"{at}/channel", code="no_such_channel")
    bodies = session.scalars(select(OfferRow.body).where(OfferRow.sku == drawn.sku))
    sold_in = {body["cur"] for body in bodies if body["cur"]}
    if sold_in and drawn.currency not in sold_in:
        message = f"The shop sells it in {', '.join(sorted(sold_in))}."
        raise BadInput(message, field=f"{at}/currency", code="other_currency")
    return drawn
