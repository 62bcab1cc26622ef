"""The files as people look through them: some at a time, by kind, word and state, each with what it
is used for and whether the prices that it shows are the shops'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, cast, func, or_, select
from sqlalchemy.orm import Session

from media.advice import Advice, File, advice
from media.specs import THUMBNAIL
from playlists.wire.offers import offer_from_json
from server.db.models import (
    AssetPriceRow,
    AssetRow,
    AssetTagRow,
    ChannelRow,
    OfferRow,
    PlaylistRow,
    RenditionFaultRow,
    RenditionRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.paging import Cut, paged
from server.services.library.drawings import KIND as DRAWING
from server.services.library.renditions import POSTER_KEY, sizes_of_screens
from server.services.wishes.drawn import Agreement, Drawn, compare, drawn_of
from server.services.wishes.reach import Reach, files_of
from server.services.wishes.wish_rows import playlist_said

KINDS = ("image", "video", "drawing")
STATES = ("unused", "priced")
MAX_TAGS_SHOWN = 40
FILES_SHOWN = 48


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked for: part of a name, a kind (none: all but drawings, which the installation
    itself makes), a tag, a state; `after` is a page's `next`.
    """

    named: str = ""
    kind: str = ""
    tag: str = ""
    state: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A drawn price that is not the shop's in a store."""

    store: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Shelved:
    """A file among others. `thumb` is the sha256 of its small picture, empty until that is made;
    `uses` counts playlists and brands; `differs` are the stores that its prices keep it from.
    """

    sha: str
    name: str
    kind: str
    mime: str
    width: int
    height: int
    bytes: int
    duration_ms: int | None
    created_at: int
    thumb: str
    tags: tuple[str, ...]
    prices: tuple[Drawn, ...]
    uses: int
    differs: tuple[Disagreement, ...]
    advice: tuple[Advice, ...]
    failed: bool


@dataclass(frozen=True, slots=True)
class Gallery:
    """Some files, newest first; how many there are of each kind, and of each tag. `off` are how
    many the prices that they show keep off some store's screens.
    """

    files: tuple[Shelved, ...]
    kinds: Mapping[str, int]
    tags: tuple[tuple[str, int], ...]
    off: int
    next: str


def gallery(ctx: Context, actor: Actor, look: Look) -> Gallery:
    """The files that the actor uploaded or that show in its stores. Raises BadInput (a cursor that
    is not ours).
    """
    actor.require("content")
    with ctx.db.read() as session:
        uses = _uses(session)
        mine = seen(session, actor)
        statement = _asked(look, uses)
        if mine is not None:
            statement = statement.where(AssetRow.sha.in_(mine))
        keys = [AssetRow.created_at, AssetRow.sha]
        cut = Cut(look.after, FILES_SHOWN)
        page = paged(
            session, ctx.settings, statement, keys, cut, lambda row: row, newest_first=True
        )
        files = shelved(ctx, session, actor, page.items, uses)
        counts = select(AssetRow.kind, func.count()).group_by(AssetRow.kind)
        tags = select(AssetTagRow.tag, func.count()).group_by(AssetTagRow.tag)
        if mine is not None:
            counts = counts.where(AssetRow.sha.in_(mine))
            tags = tags.where(AssetTagRow.asset_sha.in_(mine))
        most = tags.order_by(func.count().desc(), AssetTagRow.tag).limit(MAX_TAGS_SHOWN)
        return Gallery(
            files,
            dict(session.execute(counts).all()),
            tuple((tag, n) for tag, n in session.execute(most)),
            _off(ctx, session, actor, mine),
            page.next,
        )


def shelved(
    ctx: Context,
    session: Session,
    actor: Actor,
    rows: Sequence[AssetRow],
    uses: Mapping[str, int] | None = None,
) -> tuple[Shelved, ...]:
    """Rows with all that is told of them, in a few statements."""
    shas = [row.sha for row in rows]
    uses = _uses(session) if uses is None else uses
    small = select(RenditionRow.asset_sha, RenditionRow.sha).where(
        RenditionRow.asset_sha.in_(shas), RenditionRow.spec.in_((THUMBNAIL.key, POSTER_KEY))
    )
    thumbs = dict(session.execute(small).all())
    tags = _grouped(session, shas)
    prices = _prices(session, shas)
    differs = disagreements(ctx, session, actor, prices)
    faults = select(RenditionFaultRow.asset_sha).where(
        RenditionFaultRow.asset_sha.in_(shas), RenditionFaultRow.next_try_at.is_(None)
    )
    failed = set(session.scalars(faults))
    sizes = sizes_of_screens(session)
    return tuple(
        Shelved(
            sha=row.sha,
            name=row.name,
            kind=row.kind,
            mime=row.mime,
            width=row.width,
            height=row.height,
            bytes=row.bytes,
            duration_ms=row.duration_ms,
            created_at=row.created_at,
            thumb=row.sha if row.kind == "drawing" else thumbs.get(row.sha, ""),
            tags=tags.get(row.sha, ()),
            prices=prices.get(row.sha, ()),
            uses=uses.get(row.sha, 0),
            differs=differs.get(row.sha, ()),
            advice=advice(_as_file(row), sizes),
            failed=row.sha in failed,
        )
        for row in rows
    )


def disagreements(
    ctx: Context, session: Session, actor: Actor, prices: Mapping[str, Sequence[Drawn]]
) -> dict[str, tuple[Disagreement, ...]]:
    """By file: the prices that it shows and a shop does not say, in the actor's stores."""
    skus = {one.sku for some in prices.values() for one in some}
    if not skus:
        return {}
    stores = session.execute(select(StoreRow.id, StoreRow.channel).order_by(StoreRow.name))
    mine = [(store, channel) for store, channel in stores if channel and actor.sees(store)]
    leases = {
        name: (as_of, lease)
        for name, as_of, lease in session.execute(
            select(ChannelRow.id, ChannelRow.as_of, ChannelRow.lease_ms)
        )
    }
    rows = session.execute(
        select(OfferRow.channel, OfferRow.sku, OfferRow.body).where(OfferRow.sku.in_(skus))
    )
    offers = {(channel, sku): offer_from_json(body) for channel, sku, body in rows}
    now = ctx.clock()
    found: dict[str, tuple[Disagreement, ...]] = {}
    for sha, some in prices.items():
        here = []
        for store, own in mine:
            for drawn in some:
                channel = drawn.channel_in(store, own)
                offer = offers.get((channel, drawn.sku))
                as_of, lease_ms = leases.get(channel, (0, 0))
                confirmed = max(as_of, offer.confirmed_at if offer else 0)
                agreement = compare(drawn, offer, confirmed + lease_ms, now)
                if agreement.reason:
                    here.append(Disagreement(store, agreement))
        if here:
            found[sha] = tuple(here)
    return found


def _off(ctx: Context, session: Session, actor: Actor, mine: Sequence[str] | None) -> int:
    priced = set(session.scalars(select(AssetPriceRow.asset_sha)))
    known = sorted(priced if mine is None else priced.intersection(mine))
    return len(disagreements(ctx, session, actor, _prices(session, known)))


def _asked(look: Look, uses: Mapping[str, int]) -> Select[Any]:
    statement = select(AssetRow)
    if look.kind in KINDS:
        statement = statement.where(AssetRow.kind == look.kind)
    else:
        statement = statement.where(AssetRow.kind != DRAWING)
    if look.tag:
        tagged = select(AssetTagRow.asset_sha).where(AssetTagRow.tag == look.tag)
        statement = statement.where(AssetRow.sha.in_(tagged))
    if look.named.strip():
        part = look.named.strip()
        tagged = select(AssetTagRow.asset_sha).where(
            AssetTagRow.tag.icontains(part, autoescape=True)
        )
        statement = statement.where(
            or_(AssetRow.name.icontains(part, autoescape=True), AssetRow.sha.in_(tagged))
        )
    if look.state == "priced":
        statement = statement.where(AssetRow.sha.in_(select(AssetPriceRow.asset_sha)))
    if look.state == "unused":
        statement = statement.where(AssetRow.sha.not_in(sorted(uses)))
    return statement


def _uses(session: Session) -> Counter[str]:
    """How many playlists and brands name each file."""
    found: Counter[str] = Counter()
    for text in session.scalars(select(cast(PlaylistRow.body, String))):
        found.update(files_of(playlist_said(text)))
    for brand in session.scalars(select(StoreRow.brand)):
        found.update({value for value in brand.values() if isinstance(value, str)})
    return found


def seen(session: Session, actor: Actor) -> list[str] | None:
    """The files that an actor whose rights end at some stores may know of; None: all."""
    if actor.stores is None:
        return None
    reach = Reach(session)
    known = set(session.scalars(select(AssetRow.sha).where(AssetRow.created_by == actor.id)))
    for name, playlist in reach.playlists.items():
        if reach.sees(actor, name):
            known |= files_of(playlist)
    for store, brand in session.execute(select(StoreRow.id, StoreRow.brand)):
        if actor.sees(store):
            known |= {value for value in brand.values() if isinstance(value, str)}
    return sorted(known)


def _grouped(session: Session, shas: Sequence[str]) -> dict[str, tuple[str, ...]]:
    rows = select(AssetTagRow.asset_sha, AssetTagRow.tag).where(AssetTagRow.asset_sha.in_(shas))
    found: dict[str, list[str]] = {}
    for sha, tag in session.execute(rows.order_by(AssetTagRow.tag)):
        found.setdefault(sha, []).append(tag)
    return {sha: tuple(tags) for sha, tags in found.items()}


def _prices(session: Session, shas: Sequence[str]) -> dict[str, tuple[Drawn, ...]]:
    rows = select(AssetPriceRow).where(AssetPriceRow.asset_sha.in_(shas))
    found: dict[str, list[Drawn]] = {}
    for row in session.scalars(rows.order_by(AssetPriceRow.sku)):
        found.setdefault(row.asset_sha, []).append(drawn_of(row))
    return {sha: tuple(prices) for sha, prices in found.items()}


def _as_file(row: AssetRow) -> File:
    return File(row.kind, row.codec, row.width, row.height, row.bytes, row.duration_ms)
