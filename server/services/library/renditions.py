"""Makes the forms of each file that the screens want: one per screen size, and a thumbnail for
lists.

Level-triggered: what is wanted and not there is made, one at a time, whenever someone asks for the
next. What cannot be made is kept as a fault with its reason, and tried again (see faults); what a
power cut or kill left half made was never in the record, and is made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from media import renditions
from media.errors import MediaError
from media.renditions import Rendered
from media.specs import MAX_SIDE, THUMBNAIL, ImageSpec, VideoSpec
from server.db.models import AssetRow, RenditionFaultRow, RenditionRow, ScreenRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.library.drawings import KIND as DRAWING
from server.services.library.faults import fault_of, note

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 3.0
"""Between two looks for new files."""
POSTER_KEY = f"{THUMBNAIL.key}-at0ms"
"""The key of a video's thumbnail, as media names it."""


@dataclass(frozen=True, slots=True)
class RenditionView:
    """A form of a file: `spec` is its stable name; what is not known of one not ready is empty.

    `reason` and `said` (sentences by language) tell why the last try failed; the state stays
    "pending" while it is soon tried again.
    """

    spec: str
    state: Literal["ready", "pending", "failed"]
    sha: str = ""
    mime: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0
    reason: str = ""
    said: Mapping[str, str] = field(default_factory=dict)


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
    session: Session, rows: Collection[AssetRow], sizes: Iterable[tuple[int, int]]
) -> dict[str, tuple[RenditionView, ...]]:
    """What there is of each file and what is still to come, by spec; by the file's sha256."""
    shas, sizes = [row.sha for row in rows], list(sizes)
    found: dict[str, dict[str, RenditionView]] = {sha: {} for sha in shas}
    made = select(RenditionRow).where(RenditionRow.asset_sha.in_(shas))
    for one in session.scalars(made):
        found[one.asset_sha][one.spec] = RenditionView(
            one.spec, "ready", one.sha, one.mime, one.bytes, one.width, one.height
        )
    kept = select(RenditionFaultRow).where(RenditionFaultRow.asset_sha.in_(shas))
    faults = {(one.asset_sha, one.spec): fault_of(one) for one in session.scalars(kept)}
    for row in rows:
        for wanted in _wanted(row.sha, row.kind, sizes):
            fault = faults.get((row.sha, wanted.key))
            if fault is None:
                view = RenditionView(wanted.key, "pending")
            else:
                state: Literal["failed", "pending"] = "failed" if fault.final else "pending"
                view = RenditionView(wanted.key, state, reason=fault.reason, said=fault.said)
            found[row.sha].setdefault(wanted.key, view)
    return {sha: tuple(forms[key] for key in sorted(forms)) for sha, forms in found.items()}


def next_missing(ctx: Context) -> Missing | None:
    """A form that is wanted and not there: of the oldest file first, then one that failed before
    and is due again.
    """
    now = ctx.clock()
    again: Missing | None = None
    with ctx.db.read() as session:
        sizes = sizes_of_screens(session)
        there = set(session.execute(select(RenditionRow.asset_sha, RenditionRow.spec)))
        faults = {
            (row.asset_sha, row.spec): row.next_try_at
            for row in session.scalars(select(RenditionFaultRow))
        }
        files = select(AssetRow.sha, AssetRow.kind).order_by(AssetRow.created_at, AssetRow.sha)
        for sha, kind in session.execute(files):
            for wanted in _wanted(sha, kind, sizes):
                name = (sha, wanted.key)
                if name in there:
                    continue
                if name not in faults:
                    return wanted
                due = faults[name]
                if again is None and due is not None and due <= now:
                    again = wanted
    return again


def make(ctx: Context, missing: Missing) -> bool:
    """Make one form and publish it; False, logged and kept as a fault, where that fails."""
    try:
        rendered = _render(ctx, missing)
    except (MediaError, OSError) as error:
        log.warning("rendition_failed", asset=missing.asset, spec=missing.key, error=str(error))
        _keep_fault(ctx, missing, error)
        return False
    _keep(ctx, missing, rendered)
    return True


def run(ctx: Context, stop: threading.Event) -> None:
    """Make what is missing, one at a time, until `stop`."""
    while not stop.is_set():
        try:
            missing = next_missing(ctx)
            if missing is not None:
                make(ctx, missing)
        except Exception:
            log.exception("renditions_paused")
            missing = None
        if missing is None:
            stop.wait(LOOK_EVERY_S)


def _render(ctx: Context, missing: Missing) -> Rendered:
    with ctx.media.local_copy(missing.asset) as source:
        if missing.poster:
            assert isinstance(missing.spec, ImageSpec)
            return renditions.poster(source, missing.spec, ctx.media)
        if isinstance(missing.spec, VideoSpec):
            return renditions.video(source, missing.spec, ctx.media)
        return renditions.image(source, missing.spec, ctx.media)


def _keep_fault(ctx: Context, missing: Missing, error: Exception) -> None:
    with ctx.db.write() as session:
        if session.get(AssetRow, missing.asset) is not None:
            note(session, missing.asset, missing.key, error, ctx.clock())


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
        fault = RenditionFaultRow.asset_sha == missing.asset, RenditionFaultRow.spec == missing.key
        session.execute(delete(RenditionFaultRow).where(*fault))
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
