"""Makes the forms of each file that the screens want: one per screen size, and a thumbnail for
lists.

Level-triggered: what is wanted and not there is made, one at a time, whenever someone asks for the
next.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from media import renditions
from media.errors import MediaError
from media.renditions import Rendered
from media.specs import MAX_SIDE, THUMBNAIL, ImageSpec, VideoSpec
from server.db.models import AssetRow, RenditionRow, ScreenRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.library.drawings import KIND as DRAWING

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 3.0
"""Between two looks for new files."""
POSTER_KEY = f"{THUMBNAIL.key}-at0ms"
"""The key of a video's thumbnail, as media names it."""


@dataclass(frozen=True, slots=True)
class RenditionView:
    """A form of a file: `spec` is its stable name; the rest is empty while it is not ready."""

    spec: str
    state: Literal["ready", "pending"]
    sha: str = ""
    mime: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """A form that is wanted and not there: `poster` is a still of a video."""

    asset: str
    key: str
    spec: ImageSpec | VideoSpec
    poster: bool


def sizes_of_screens(session: Session) -> tuple[tuple[int, int], ...]:
    """Every size of the installation's screens in pixels, smallest first."""
    sizes = session.execute(select(ScreenRow.width, ScreenRow.height).distinct())
    return tuple(sorted(size for size in sizes if max(size) <= MAX_SIDE))


def renditions_of(
    session: Session, row: AssetRow, sizes: Iterable[tuple[int, int]]
) -> tuple[RenditionView, ...]:
    """What there is of a file and what is still to come, by spec."""
    made = session.scalars(select(RenditionRow).where(RenditionRow.asset_sha == row.sha))
    found = {
        one.spec: RenditionView(
            one.spec, "ready", one.sha, one.mime, one.bytes, one.width, one.height
        )
        for one in made
    }
    for wanted in _wanted(row.sha, row.kind, sizes):
        found.setdefault(wanted.key, RenditionView(wanted.key, "pending"))
    return tuple(found[key] for key in sorted(found))


def next_missing(ctx: Context, skip: Collection[tuple[str, str]] = ()) -> Missing | None:
    """A form that is wanted and not there, of the oldest file first; `skip` are (asset, spec)."""
    with ctx.db.read() as session:
        sizes = sizes_of_screens(session)
        there = set(session.execute(select(RenditionRow.asset_sha, RenditionRow.spec)))
        files = select(AssetRow.sha, AssetRow.kind).order_by(AssetRow.created_at, AssetRow.sha)
        for sha, kind in session.execute(files):
            for wanted in _wanted(sha, kind, sizes):
                if (sha, wanted.key) not in there and (sha, wanted.key) not in skip:
                    return wanted
    return None


def make(ctx: Context, missing: Missing) -> bool:
    """Make one form and publish it; False, logged, where the file cannot be rendered that way."""
    try:
        with ctx.media.local_copy(missing.asset) as source:
            if missing.poster:
                assert isinstance(missing.spec, ImageSpec)
                rendered = renditions.poster(source, missing.spec, ctx.media)
            elif isinstance(missing.spec, VideoSpec):
                rendered = renditions.video(source, missing.spec, ctx.media)
            else:
                rendered = renditions.image(source, missing.spec, ctx.media)
    except MediaError as error:
        log.warning("rendition_failed", asset=missing.asset, spec=missing.key, error=str(error))
        return False
    _keep(ctx, missing, rendered)
    return True


def run(ctx: Context, stop: threading.Event) -> None:
    """Make what is missing, one at a time, until `stop`; what cannot be made is tried again at the
    next start.
    """
    failed: set[tuple[str, str]] = set()
    while not stop.is_set():
        try:
            missing = next_missing(ctx, failed)
            if missing is not None and not make(ctx, missing):
                failed.add((missing.asset, missing.key))
        except Exception:
            log.exception("renditions_paused")
            missing = None
        if missing is None:
            stop.wait(LOOK_EVERY_S)


def _keep(ctx: Context, missing: Missing, rendered: Rendered) -> None:
    now = ctx.clock()
    with ctx.db.write() as session:
        if session.get(AssetRow, missing.asset) is None:
            return
        row = RenditionRow(
            asset_sha=missing.asset,
            spec=missing.key,
            sha=rendered.sha256,
            mime=rendered.mime,
            bytes=rendered.size,
            width=rendered.width,
            height=rendered.height,
        )
        session.merge(row)
        outbox.mark(session, [f"asset:{missing.asset}"], now)
    ctx.wake()


def _wanted(sha: str, kind: str, sizes: Iterable[tuple[int, int]]) -> tuple[Missing, ...]:
    if kind == DRAWING:
        return ()
    if kind == "video":
        boxes = [VideoSpec(width, height) for width, height in sizes]
        found = [Missing(sha, spec.key, spec, False) for spec in boxes]
        return (Missing(sha, POSTER_KEY, THUMBNAIL, True), *found)
    specs = [THUMBNAIL, *(ImageSpec(width, height) for width, height in sizes)]
    return tuple(Missing(sha, spec.key, spec, False) for spec in specs)
