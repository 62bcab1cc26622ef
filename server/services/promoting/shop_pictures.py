"""Fetches the picture that a shop names of a product, the first time that somebody looks at it.

A chain has tens of thousands of products and promotes a few: only what is looked at is fetched. A
picture passes the same examination as an upload; a vector drawing that of drawings.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import structlog
from sqlalchemy import select

from media.errors import Refused
from playlists.ids import Sku
from server.connectors import http
from server.connectors.http import Answer
from server.connectors.source import Limits
from server.db.models import ChannelRow, ProductRow
from server.errors import NotFound, ServerError
from server.ports import PermanentError, TemporaryError
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.library import assets, drawings
from server.services.prices import products
from server.services.promoting.catalogue import shelves_of

log = structlog.get_logger(__name__)

MAX_BYTES = 20 * 1024 * 1024
TOTAL_S = 15.0
AT_ONCE = 4
"""Pictures that are fetched together."""
PATIENCE_S = 8.0
"""Who comes later waits so long for a turn."""
AGAIN_MS = 600_000
"""A picture that did not come is asked for again after so long."""
MAX_FAILED = 10_000
CHUNK_BYTES = 256 * 1024

_fetching = threading.BoundedSemaphore(AT_ONCE)
_failed: dict[str, int] = {}


def picture_of(ctx: Context, actor: Actor, sku: str, store: str) -> str:
    """The sha256 of a product's picture as a store's shop shows it; fetched where it is not here.
    Raises NotFound where there is none, or not now.
    """
    actor.require("content")
    with ctx.db.read() as session:
        shelf = next((one for one in shelves_of(session, actor) if one.id == store), None)
        shop = shelf.channel.partition("@")[0] if shelf is not None else ""
        row = session.get(ProductRow, (shop, sku))
        if row is None:
            raise NotFound("There is no such product among your stores.")
        if row.picture_sha:
            return row.picture_sha
        url, name = row.picture_url, row.sku
    now = ctx.clock()
    hopeless = not url or _failed.get(url, 0) > now - AGAIN_MS
    if hopeless or not _fetching.acquire(timeout=PATIENCE_S):
        raise NotFound("There is no picture of it yet.")
    try:
        sha = _fetch(ctx, url, name)
    except (TemporaryError, PermanentError, Refused, ServerError, ValueError) as wrong:
        if len(_failed) >= MAX_FAILED:
            _failed.clear()
        _failed[url] = now
        log.info("picture_not_fetched", sku=sku, error=str(wrong))
        raise NotFound("The shop's picture of it cannot be shown.") from None
    finally:
        _fetching.release()
    _keep(ctx, shop, Sku(sku), sha)
    return sha


def _fetch(ctx: Context, url: str, name: str) -> str:
    limits = replace(Limits.of(ctx.settings), total_s=TOTAL_S, max_bytes=MAX_BYTES)
    with http.get(http.check_url(url), limits, accept="image/*") as answer:
        if answer.content_type == drawings.MIME:
            return drawings.keep_drawing(ctx, SYSTEM, name, b"".join(_pieces(answer)))
        return assets.keep(ctx, SYSTEM, name, _pieces(answer)).asset.sha


def _pieces(answer: Answer) -> Iterator[bytes]:
    return iter(lambda: answer.body.read(CHUNK_BYTES), b"")


def _keep(ctx: Context, shop: str, sku: Sku, sha: str) -> None:
    """Screens that show the product show its picture from now on."""
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(ProductRow, (shop, sku), with_for_update=True)
        if row is None or row.picture_sha == sha:
            return
        row.picture_sha = sha
        channels = session.scalars(select(ChannelRow.id).where(ChannelRow.shop == shop))
        products.mark(session, [(channel, sku) for channel in channels], now)
    ctx.wake()
