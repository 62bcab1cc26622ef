"""Which files can be a brand's drawing: their shape alone is painted, in one colour of the sky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from media.shape import has_shape
from server.db.models import AssetRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.library.drawings import KIND as DRAWING

MAX_PIXELS = 4_000_000
"""A drawing has at most so many: it is decoded on the spot, and a mark is 6 % of a screen high."""
MAX_OFFERED = 24


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a drawing of the brand."""

    sha: str
    name: str


def candidates(ctx: Context, actor: Actor, held: Sequence[str]) -> tuple[Candidate, ...]:
    """Drawings of the installation and the newest PNG and WebP pictures of fitting size; those that
    the brand has now come first.
    """
    actor.require("content")
    fit = AssetRow.width * AssetRow.height <= MAX_PIXELS
    pictures = (AssetRow.mime.in_(("image/png", "image/webp")), fit)
    newest = AssetRow.created_at.desc()
    with ctx.db.read() as session:
        mine = session.scalars(select(AssetRow).where(AssetRow.sha.in_(held))).all()
        others = session.scalars(
            select(AssetRow)
            .where(*pictures, AssetRow.sha.not_in(held))
            .order_by(newest)
            .limit(MAX_OFFERED)
        ).all()
        return tuple(Candidate(row.sha, row.name) for row in (*mine, *others))


def check_shape_of(ctx: Context, sha: str, found: tuple[str, int, int] | None, part: str) -> None:
    """Raises BadInput unless a file (kind, width, height) has a shape of its own."""
    field = f"brand/{part}"
    if found is None:
        raise BadInput("There is no such file: add it in Media.", field=field, code="no_such_file")
    kind, width, height = found
    if kind == DRAWING:
        return
    if kind != "image" or width * height > MAX_PIXELS:
        message = f"Take a picture of at most {MAX_PIXELS // 1_000_000} million pixels."
        raise BadInput(message, field=field, code="not_a_mark")
    with ctx.media.local_copy(sha) as path:
        shaped = has_shape(path)
    if not shaped:
        message = (
            "This picture has no transparent ground, so its shape would be a rectangle. Export it "
            "as PNG or WebP with a transparent ground."
        )
        raise BadInput(message, field=field, code="no_shape")
