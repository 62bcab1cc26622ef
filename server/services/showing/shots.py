"""The newest real picture of each of some screens, as it stands against the plan, and in small."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.db.models import CommandRow
from server.errors import NotFound
from server.services.base.kept import MAX_IN, batched

FRESH_MS: Final = 24 * 3_600_000
"""An older picture says nothing of how a screen stands today."""
SMALL: Final = (240, 240)
"""Pixels, at most, of a picture in small."""
QUALITY: Final = 80
MAX_PIXELS: Final = 16_000_000
UNREADABLE: Final = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises of a picture that is none; SyntaxError for a PNG that is damaged inside."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What the command of that id brought, taken at `at` (unix ms); `state` as in
    `glimpses.Verdict`, "" where it was not compared.
    """

    command: str
    at: int
    state: str


def newest(session: Session, screens: Collection[str], now: int) -> Mapping[str, Shot]:
    """By screen; who may see a screen may see these."""
    found: dict[str, Shot] = {}
    rank = func.row_number().over(
        partition_by=CommandRow.screen_id, order_by=(CommandRow.issued_at.desc(), CommandRow.id)
    )
    for some in batched(sorted(screens), MAX_IN):
        ranked = (
            select(CommandRow.id, rank.label("rank"))
            .where(
                CommandRow.screen_id.in_(some),
                CommandRow.issued_at > now - FRESH_MS,
                CommandRow.file.startswith("image/"),
            )
            .subquery()
        )
        rows = select(CommandRow).join(ranked, ranked.c.id == CommandRow.id)
        for row in session.scalars(rows.where(ranked.c.rank == 1)):
            at = int(row.verdict.get("at", row.answered_at or row.issued_at))
            found[row.screen_id] = Shot(row.id, at, str(row.verdict.get("state", "")))
    return found


def small(data: bytes) -> bytes:
    """A picture as a small JPEG. Raises NotFound where it cannot be opened."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise NotFound("This picture is too large.")
            picture.thumbnail(SMALL)
            made = io.BytesIO()
            picture.convert("RGB").save(made, "JPEG", quality=QUALITY)
    except UNREADABLE as wrong:
        raise NotFound("This picture cannot be opened.") from wrong
    return made.getvalue()
