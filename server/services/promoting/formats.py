"""The shapes that the chain's screens really have, most frequent first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select

from playlists.model import MAIN
from server.db.mappers import layout_from
from server.db.models import ScreenRow
from server.services.base.actors import Actor
from server.services.base.context import Context

MAX_FORMATS = 8
FULL = 10_000
"""A side of the screen, in the unit of zone boxes."""


@dataclass(frozen=True, slots=True)
class Format:
    """A shape in pixels, on how many of one's screens, and the tags that most of these bear."""

    width: int
    height: int
    screens: int
    tags: tuple[str, ...]


USUAL = (Format(1920, 1080, 0, ()), Format(1080, 1920, 0, ()))
"""What is drawn for a chain without screens."""


def formats(ctx: Context, actor: Actor) -> tuple[Format, ...]:
    """The shapes of the main zones of the actor's screens, at most MAX_FORMATS."""
    actor.require("read")
    query = select(
        ScreenRow.width, ScreenRow.height, ScreenRow.layout, ScreenRow.tags, func.count()
    ).group_by(ScreenRow.width, ScreenRow.height, ScreenRow.layout, ScreenRow.tags)
    if actor.stores is not None:
        query = query.where(ScreenRow.store_id.in_(actor.stores))
    counted: Counter[tuple[int, int]] = Counter()
    tagged: dict[tuple[int, int], Counter[str]] = {}
    with ctx.db.read() as session:
        for width, height, layout, tags, count in session.execute(query):
            boxes = layout_from(layout)
            box = next((one for one in boxes if one.id == MAIN), boxes[0])
            size = (max(1, width * box.w // FULL), max(1, height * box.h // FULL))
            counted[size] += count
            tagged.setdefault(size, Counter()).update(dict.fromkeys(tags, count))
    most = counted.most_common(MAX_FORMATS)
    found = [Format(*size, n, _usual(tagged[size], n)) for size, n in most]
    return tuple(found) or USUAL


def _usual(tags: Counter[str], screens: int) -> tuple[str, ...]:
    """The two tags that most of them bear, where at least a third does."""
    return tuple(tag for tag, n in tags.most_common(2) if n * 3 >= screens)
