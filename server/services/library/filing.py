"""One file as its page tells of it: where it is used, what it shows, what the shops sell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from playlists.ids import Sha256
from server.connectors.shops.values import Unreadable, amount
from server.db.models import AssetRow, OfferRow, PlaylistRow, ProductRow, StoreRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.base.naming import name_in
from server.services.library import assets, browsing
from server.services.library.browsing import Shelved
from server.services.library.renditions import RenditionView, renditions_of, sizes_of_screens
from server.services.wishes.drawn import Drawn
from server.services.wishes.reach import Reach

GOODS_SHOWN = 40
"""Products that one search gives."""
MAX_OTHERS = 60
"""Files that are offered in another's place, the newest."""
_NOISE = re.compile(r"[^\d.,]")
_COMMA = re.compile(r",(\d{1,2})$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is used: a playlist, a draft of one, or a store's brand."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Sold:
    """A product of the catalogue."""

    sku: str
    name: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A file with everything its page says. `others` are files of its kind; `stores` by id are the
    names of those that its prices keep it from.
    """

    file: Shelved
    forms: tuple[RenditionView, ...]
    places: tuple[Place, ...]
    others: tuple[tuple[str, str], ...]
    stores: dict[str, str]
    goods: dict[str, str]
    may_change: bool
    may_replace: bool


def filed(ctx: Context, actor: Actor, sha: str, language: str) -> Filed:
    """One file. Raises NotFound."""
    actor.require("content")
    with ctx.db.read() as session:
        if not assets.sees(session, actor, sha):
            raise missing("file")
        row = session.get_one(AssetRow, sha)
        (file,) = browsing.shelved(ctx, session, actor, [row])
        reach = Reach(session)
        shows = reach.showing(Sha256(sha))
        stores = [one.store for one in file.differs]
        named = select(StoreRow.id, StoreRow.name).where(StoreRow.id.in_(stores))
        skus = [one.sku for one in file.prices]
        return Filed(
            file=file,
            forms=renditions_of(session, [row], sizes_of_screens(session))[sha],
            places=_places(session, assets.where_used(session, sha, reach)),
            others=_others(session, row),
            stores=dict(session.execute(named).all()),
            goods={one.sku: one.name for one in _sold(session, language, skus=skus)},
            may_change=actor.stores is None or row.created_by == actor.id,
            may_replace=bool(shows) and all(reach.may_edit(actor, name) for name in shows),
        )


def goods(ctx: Context, actor: Actor, asked: str, language: str) -> tuple[Sold, ...]:
    """Products whose name or SKU has `asked` in it."""
    actor.require("content")
    with ctx.db.read() as session:
        return tuple(_sold(session, language, asked=asked))


def read_price(ctx: Context, sku: str, text: str, field: str) -> Drawn:
    """A price as a person reads it off a picture (`89,90`), in the currency that the shop sells
    `sku` in. Raises BadInput.
    """
    with ctx.db.read() as session:
        bodies = session.scalars(select(OfferRow.body).where(OfferRow.sku == sku))
        found = sorted({body["cur"] for body in bodies if body["cur"]})
    if not found:
        message = f"No shop delivers a price for “{sku[:64]}”. Choose a product that it sells."
        raise BadInput(message, field=f"{field}/sku", code="no_such_product")
    plain = _COMMA.sub(r".\1", _NOISE.sub("", text))
    try:
        return Drawn(sku, amount(plain, found[0]), found[0])
    except Unreadable:
        message = "Write the price as it stands in the picture, as in 89,90."
        raise BadInput(message, field=f"{field}/price", code="bad_price") from None


def _places(session: Session, uses: Sequence[str]) -> tuple[Place, ...]:
    found = [use.partition(":") for use in uses]
    lists = [key for kind, _, key in found if kind != "store"]
    stores = [key for kind, _, key in found if kind == "store"]
    named = select(PlaylistRow.id, PlaylistRow.name).where(PlaylistRow.id.in_(lists))
    shops = select(StoreRow.id, StoreRow.name).where(StoreRow.id.in_(stores))
    titles = dict(session.execute(named).all())
    names = {"playlist": titles, "draft": titles, "store": dict(session.execute(shops).all())}
    return tuple(Place(kind, key, names.get(kind, {}).get(key, key)) for kind, _, key in found)


def _others(session: Session, row: AssetRow) -> tuple[tuple[str, str], ...]:
    alike = select(AssetRow.sha, AssetRow.name).where(
        AssetRow.kind == row.kind, AssetRow.sha != row.sha
    )
    newest = alike.order_by(AssetRow.created_at.desc()).limit(MAX_OTHERS)
    return tuple((sha, name) for sha, name in session.execute(newest))


def _sold(
    session: Session, language: str, *, asked: str = "", skus: Sequence[str] | None = None
) -> list[Sold]:
    query = select(ProductRow.sku, ProductRow.names).order_by(ProductRow.sku).limit(GOODS_SHOWN)
    if skus is not None:
        query = query.where(ProductRow.sku.in_(skus))
    if part := asked.strip():
        named = cast(ProductRow.names, String).icontains(part, autoescape=True)
        query = query.where(or_(named, ProductRow.sku.icontains(part, autoescape=True)))
    found: dict[str, Sold] = {}
    for sku, names in session.execute(query):
        found.setdefault(sku, Sold(sku, name_in(names, language, sku)))
    return list(found.values())
