"""Pictures and videos that people upload: examined, kept by their sha256, listed, deleted when
unused.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from media.errors import Reason, Refused
from media.limits import DEFAULT_LIMITS, Limits
from media.probe import Probed, probe
from server.db.models import (
    AssetPriceRow,
    AssetRow,
    AssetTagRow,
    DraftRow,
    ProductRow,
    RenditionFaultRow,
    RenditionRow,
    StoreRow,
)
from server.errors import BadInput, Conflict, Forbidden, TooLarge
from server.services.base import audit, outbox
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import check_name, locked, missing
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.library.browsing import seen
from server.services.library.renditions import RenditionView, renditions_of, sizes_of_screens
from server.services.wishes.drawn import Drawn, drawn_of
from server.services.wishes.reach import Reach, said_of


@dataclass(frozen=True, slots=True)
class AssetView:
    """A file: pixels, bytes and milliseconds; `renditions` are its forms, made and still to be
    made, `prices` those that it shows, `tags` the words that it is filed under.
    """

    sha: str
    name: str
    kind: str
    mime: str
    bytes: int
    width: int
    height: int
    duration_ms: int | None
    created_at: int
    created_by: str
    renditions: tuple[RenditionView, ...]
    prices: tuple[Drawn, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of an upload; `new` is false where the very same file was there already."""

    asset: AssetView
    new: bool


def upload(
    ctx: Context,
    actor: Actor,
    name: str,
    chunks: Iterable[bytes],
    limits: Limits = DEFAULT_LIMITS,
) -> Upload:
    """Receive a file, examine it aside, keep it. The same bytes twice are one asset.

    Raises BadInput with media's own reason as code, TooLarge; nothing is then kept.
    """
    try:
        return keep(ctx, actor, name, chunks, limits)
    except Refused as refused:
        kind = TooLarge if refused.reason is Reason.TOO_LARGE else BadInput
        raise kind(str(refused), field="file", code=str(refused.reason)) from None


def keep(
    ctx: Context,
    actor: Actor,
    name: str,
    chunks: Iterable[bytes],
    limits: Limits = DEFAULT_LIMITS,
) -> Upload:
    """As `upload`, but raises media's own Refused."""
    actor.require("content")
    name = check_name(name)
    most = min(limits.max_upload_bytes, ctx.settings.max_upload_bytes)
    with ctx.media.staged(chunks, most) as staged:
        probed = probe(staged.path, limits)
        ctx.media.commit(staged)
        sha = staged.sha256
    return _keep(ctx, actor, name, sha, probed)


def get_asset(ctx: Context, actor: Actor, sha: str) -> AssetView:
    """One file. Raises NotFound, also where it shows in none of the actor's stores."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(AssetRow, sha)
        if row is None or not _sees(session, actor, row):
            raise missing("file")
        return view_of(session, row)


def list_assets(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[AssetView]:
    """The files that the actor uploaded or that show in its stores, newest first."""
    actor.require("read")
    with ctx.db.read() as session:
        mine = seen(session, actor)
        statement = select(AssetRow)
        if mine is not None:
            statement = statement.where(AssetRow.sha.in_(mine))
        keys = [AssetRow.created_at, AssetRow.sha]
        page = paged(
            session, ctx.settings, statement, keys, cut, lambda row: row, newest_first=True
        )
        return Page(tuple(_views(session, page.items, sizes_of_screens(session))), page.next)


def delete_asset(ctx: Context, actor: Actor, sha: str) -> None:
    """Delete a file and its renditions. Raises Conflict, saying where, while something shows it."""
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = own(session, actor, sha)
        uses = where_used(session, sha)
        if uses:
            raise Conflict(
                f"This file is in use: {said_of(uses)}. Take it out there first.", code="in_use"
            )
        renditions = select(RenditionRow.sha).where(RenditionRow.asset_sha == sha)
        gone = [sha, *session.scalars(renditions)]
        for table in (RenditionRow, RenditionFaultRow, AssetPriceRow, AssetTagRow):
            session.execute(delete(table).where(table.asset_sha == sha))
        session.delete(row)
        session.flush()
        gone = [one for one in gone if not _still_kept(session, one)]
        audit.record(session, actor, now, "asset.delete", f"asset:{sha}", {"name": row.name})
        outbox.mark(session, [f"asset:{sha}"], now)
    for one in gone:
        ctx.media.delete(one)
    ctx.wake()


def own(session: Session, actor: Actor, sha: str) -> AssetRow:
    """A file that the actor may change, held until the transaction ends. Raises NotFound,
    Forbidden.
    """
    row = locked(session, AssetRow, sha, "file")
    if not _sees(session, actor, row):
        raise missing("file")
    if actor.stores is not None and row.created_by != actor.id:
        raise Forbidden("Someone else uploaded this file, so you cannot change it.")
    return row


def where_used(session: Session, sha: str, reach: Reach | None = None) -> list[str]:
    """What shows a file: playlists, drafts of them, stores' brands, products; as `kind:id`."""
    playlists = [f"playlist:{name}" for name in (reach or Reach(session)).showing(sha)]
    drafts = session.execute(select(DraftRow.subject, DraftRow.body))
    playlists += [f"draft:{name}" for name, body in drafts if sha in json.dumps(body)]
    brands = session.execute(select(StoreRow.id, StoreRow.brand))
    playlists += [f"store:{name}" for name, brand in brands if sha in brand.values()]
    sold = select(ProductRow.sku).where(ProductRow.picture_sha == sha).distinct()
    return sorted([*playlists, *(f"product:{sku}" for sku in session.scalars(sold))])


def _keep(ctx: Context, actor: Actor, name: str, sha: str, probed: Probed) -> Upload:
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(AssetRow, sha)
        new = row is None
        if row is None:
            row = AssetRow(
                sha=sha,
                name=name,
                kind=probed.kind,
                mime=probed.mime,
                bytes=probed.size,
                width=probed.width,
                height=probed.height,
                duration_ms=probed.duration_ms,
                codec=probed.codec,
                created_at=now,
                created_by=actor.id,
            )
            session.add(row)
            session.flush()
            audit.record(session, actor, now, "asset.create", f"asset:{sha}", None, {"name": name})
            outbox.mark(session, [f"asset:{sha}"], now)
        view = view_of(session, row)
    ctx.wake()
    return Upload(view, new)


def sees(session: Session, actor: Actor, sha: str) -> bool:
    """Whether the actor may know of a file."""
    row = session.get(AssetRow, sha)
    return row is not None and _sees(session, actor, row)


def _sees(session: Session, actor: Actor, row: AssetRow) -> bool:
    return actor.stores is None or _seen_through(Reach(session), session, actor, row)


def _seen_through(reach: Reach, session: Session, actor: Actor, row: AssetRow) -> bool:
    if row.created_by == actor.id:
        return True
    if any(reach.sees(actor, playlist) for playlist in reach.showing(row.sha)):
        return True
    brands = session.execute(select(StoreRow.id, StoreRow.brand))
    if any(actor.sees(store) and row.sha in brand.values() for store, brand in brands):
        return True
    return _is_sold_to(session, actor, row.sha)


def _is_sold_to(session: Session, actor: Actor, sha: str) -> bool:
    """Whether it is how a shop that prices the actor's stores pictures a product."""
    channels = select(StoreRow.channel).where(StoreRow.id.in_(actor.stores or ()))
    shops = {channel.partition("@")[0] for channel in session.scalars(channels) if channel}
    sold = select(ProductRow.sku).where(ProductRow.picture_sha == sha, ProductRow.shop.in_(shops))
    return session.scalar(sold.limit(1)) is not None


def _still_kept(session: Session, sha: str) -> bool:
    """Whether another asset, or a rendition of one, is these very bytes."""
    other = select(RenditionRow.sha).where(RenditionRow.sha == sha).limit(1)
    return session.get(AssetRow, sha) is not None or session.scalar(other) is not None


def view_of(
    session: Session, row: AssetRow, sizes: Iterable[tuple[int, int]] | None = None
) -> AssetView:
    """A file with all that is said of it; `sizes` are the screens', looked up where not given."""
    wanted = sizes_of_screens(session) if sizes is None else sizes
    return _views(session, [row], wanted)[0]


def _views(
    session: Session, rows: Sequence[AssetRow], sizes: Iterable[tuple[int, int]]
) -> list[AssetView]:
    """Files with all that is said of them, read together."""
    shas = [row.sha for row in rows]
    forms = renditions_of(session, rows, sizes)
    prices: dict[str, list[Drawn]] = defaultdict(list)
    priced = select(AssetPriceRow).where(AssetPriceRow.asset_sha.in_(shas))
    for one in session.scalars(priced.order_by(AssetPriceRow.sku)):
        prices[one.asset_sha].append(drawn_of(one))
    tags: dict[str, list[str]] = defaultdict(list)
    filed = select(AssetTagRow).where(AssetTagRow.asset_sha.in_(shas))
    for tag in session.scalars(filed.order_by(AssetTagRow.tag)):
        tags[tag.asset_sha].append(tag.tag)
    return [
        AssetView(
            sha=row.sha,
            name=row.name,
            kind=row.kind,
            mime=row.mime,
            bytes=row.bytes,
            width=row.width,
            height=row.height,
            duration_ms=row.duration_ms,
            created_at=row.created_at,
            created_by=row.created_by,
            renditions=forms[row.sha],
            prices=tuple(prices[row.sha]),
            tags=tuple(tags[row.sha]),
        )
        for row in rows
    ]
