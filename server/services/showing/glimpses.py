"""Whether a real picture of a screen shows what it should: compared by the machine, and honest.

What it can tell: a picture that is black or of one colour; a page that says it shows another card
than the plan's; for a full picture, whether the glass shows that very picture (its luminance, block
by block). What it cannot: whether each word of a drawn card stands there, what a panel makes of the
signal, or anything just as one message follows another. Then it says so, or on what it rests.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from statistics import fmean, median, pstdev
from typing import Literal

from PIL import Image, ImageOps

from media.errors import AssetMissing
from playlists.ids import ZoneId
from playlists.model import MAIN
from playlists.wire.commands import Answer
from server.db.models import CommandFileRow, CommandRow, ScreenRow, ScreenStateRow
from server.errors import ServerError
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens.devices import Viewer
from server.services.showing.explaining import Explained, explain
from server.services.showing.shots import UNREADABLE

State = Literal["right", "wrong", "cannot"]
EDGE_MS = 3_000
"""So near to a change of messages nothing is told: the picture is of either."""
CLOCK_MS = 60_000
"""A picture is believed to be of an instant that lies so near to when it was asked for and came."""
SIDE = 64
"""A picture is compared at so many pixels of its longer side."""
BLOCKS = 4
"""Blocks in each direction."""
FLAT = 2.0
"""A picture whose luminance (0 to 255) varies less is of one colour."""
BLACK = 12.0
"""One of one colour and darker than this is black."""
LIKE, UNLIKE = 700, 350
"""Thousandths of agreement from which a full picture is the planned one, and below which it is
not. The same picture as JPEG, scaled, agrees by over 950; two photographs by 0 to 300.
"""
MAX_PIXELS = 16_000_000
FULL = "image"
"""The template that shows a picture from edge to edge."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why` says on what it rests: picture, page, black, one_colour, lies, other_card,
    other_picture, at_cut, off, no_plan, no_word, unsure or unreadable. `like` is agreement in
    thousandths, -1 where it was not measured. `at` is the instant of the picture (unix ms).
    """

    state: State
    why: str
    at: int
    light: int = 0
    like: int = -1


def judge(ctx: Context, viewer: Viewer, answers: Collection[Answer]) -> None:
    """Compare the pictures that these answers brought, and keep what it came to."""
    for answer in answers:
        with ctx.db.read() as session:
            row = session.get(CommandRow, answer.id)
            file = session.get(CommandFileRow, answer.id)
            if row is None or file is None or row.screen_id != viewer.screens[0]:
                continue
            if row.kind != "screenshot" or row.verdict:
                continue
            data, detail, asked_at = file.data, dict(row.detail), row.issued_at
        at, now = detail.get("at", answer.at), ctx.clock()
        if not isinstance(at, int) or not asked_at - CLOCK_MS <= at <= now + CLOCK_MS:
            at = now  # a screen whose clock is wrong plays what was planned for another time
        verdict = compare(ctx, viewer.screens[0], data, detail, at)
        with ctx.db.write() as session:
            kept = session.get(CommandRow, answer.id)
            state = session.get(ScreenStateRow, viewer.screens[0])
            if kept is not None:
                kept.verdict = asdict(verdict)
            if state is not None and verdict.state == "right":
                state.glass_wrong = None
            elif state is not None and verdict.state == "wrong":
                state.glass_wrong = state.glass_wrong or verdict.at


def compare(
    ctx: Context, screen: str, data: bytes, detail: Mapping[str, object], at: int
) -> Verdict:
    """What a picture of a screen at an instant (unix ms) shows of the plan."""
    turned = detail.get("turned")
    try:
        seen = _grey(io.BytesIO(data), turned if isinstance(turned, int) else 0)
    except UNREADABLE:
        return Verdict("cannot", "unreadable", at)
    light = round(fmean(seen.tobytes()))
    if detail.get("off") is True:
        return Verdict("cannot", "off", at, light)
    if pstdev(seen.tobytes()) < FLAT:
        return Verdict("wrong", "black" if light < BLACK else "one_colour", at, light)
    try:
        planned = explain(ctx, SYSTEM, screen, at, _zone(detail))
    except ServerError:
        return Verdict("cannot", "no_plan", at, light)
    if _lies(ctx, screen, seen):
        return Verdict("wrong", "lies", at, light)
    shown = planned.playing.shown
    if at - shown.since < EDGE_MS or shown.until - at < EDGE_MS:
        return Verdict("cannot", "at_cut", at, light)
    said = detail.get(f"zone:{planned.playing.zone}")
    if said == "moving":
        return Verdict("cannot", "at_cut", at, light)
    if said is not None and said != (shown.card or ""):
        return Verdict("wrong", "other_card", at, light)
    like = _likeness(ctx, planned, seen)
    if like >= LIKE:
        return Verdict("right", "picture", at, light, like)
    if 0 <= like < UNLIKE:
        return Verdict("wrong", "other_picture", at, light, like)
    if like >= 0:
        return Verdict("cannot", "unsure", at, light, like)
    if said is None:
        return Verdict("cannot", "no_word", at, light)
    return Verdict("right", "page", at, light)


def likeness(one: Image.Image, other: Image.Image) -> int:
    """How far two grey pictures of one size agree, in thousandths: the median of the correlation of
    their blocks, of those in which there is anything to see.
    """
    width, height = one.size
    found = []
    for column, row in product(range(BLOCKS), repeat=2):
        box = (
            column * width // BLOCKS,
            row * height // BLOCKS,
            (column + 1) * width // BLOCKS,
            (row + 1) * height // BLOCKS,
        )
        a, b = one.crop(box).tobytes(), other.crop(box).tobytes()
        if pstdev(a) >= FLAT or pstdev(b) >= FLAT:
            found.append(_correlation(a, b))
    return round(1000 * max(0.0, median(found))) if found else 0


def _correlation(a: Sequence[int], b: Sequence[int]) -> float:
    mean_a, mean_b = fmean(a), fmean(b)
    spread = pstdev(a) * pstdev(b)
    if not spread:
        return 0.0
    return fmean((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True)) / spread


def _likeness(ctx: Context, planned: Explained, seen: Image.Image) -> int:
    """With the planned picture as the page lays it out; -1 where the card is no full picture."""
    card, layout = planned.playing.card, planned.playing.manifest.layout
    if card is None or card.template != FULL or not card.assets or len(layout) != 1:
        return -1
    try:
        with ctx.media.local_copy(card.assets[0]) as path, path.open("rb") as file:
            picture = Image.open(file, formats=("JPEG", "PNG", "WEBP"))
            picture.draft("L", (SIDE * 4, SIDE * 4))
            grey = picture.convert("L")
    except (*UNREADABLE, AssetMissing):
        return -1
    fits = (
        ImageOps.fit(grey, seen.size),
        ImageOps.pad(grey, seen.size, color=15),
    )
    return max(likeness(fit, seen) for fit in fits)


def _lies(ctx: Context, screen: str, seen: Image.Image) -> bool:
    """Whether the picture lies across on a screen that stands upright, or the reverse."""
    with ctx.db.read() as session:
        place = session.get_one(ScreenRow, screen)
        return (place.width - place.height) * (seen.width - seen.height) < 0


def _grey(file: io.BytesIO, turned: int) -> Image.Image:
    """A picture small and grey, as people see it where the page turned it clockwise. Raises one of
    UNREADABLE for what is none, or too large.
    """
    picture = Image.open(file, formats=("JPEG", "PNG", "WEBP"))
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError("too many pixels")
    picture.draft("L", (SIDE * 4, SIDE * 4))
    grey = picture.convert("L")
    grey.thumbnail((SIDE, SIDE))
    return grey.rotate(turned, expand=True) if turned in (90, 180, 270) else grey


def _zone(detail: Mapping[str, object]) -> ZoneId:
    """The zone that is compared: the main one, else the first that the page names."""
    named = [name.removeprefix("zone:") for name in detail if name.startswith("zone:")]
    return ZoneId(named[0]) if named and MAIN not in named else MAIN
