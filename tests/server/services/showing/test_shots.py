"""The newest real picture of each screen."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from server.db.models import CommandRow
from server.errors import NotFound
from server.services.base.context import Context
from server.services.showing.shots import FRESH_MS, Shot, newest, small
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

SCREEN, OTHER = "lille-window", "prado-window"


def took(ctx: Context, name: str, screen: str, at: int, file: str = "image/jpeg") -> None:
    """A command to this screen was answered then."""
    fixed = {"kind": "screenshot", "arguments": {}, "by": "", "jws": "", "state": "done"}
    row = CommandRow(
        id=name, screen_id=screen, issued_at=at, deadline=at + 1, answered_at=at, file=file, **fixed
    )
    row.verdict = {"state": "right", "at": at + 5} if name == "new" else {}
    with ctx.db.write() as session:
        session.add(row)


def test_of_each_screen_the_newest_of_a_day_counts(any_ctx: Context, clock: TestClock) -> None:
    ctx, now = any_ctx, clock()
    lay_out(ctx)
    took(ctx, "old", SCREEN, now - 2_000)
    took(ctx, "new", SCREEN, now - 1_000)
    took(ctx, "without", SCREEN, now - 500, "")
    took(ctx, "logs", SCREEN, now - 400, "application/gzip")
    took(ctx, "other", OTHER, now - 3_000)
    took(ctx, "yesterday", OTHER, now - FRESH_MS)
    with ctx.db.read() as session:
        assert newest(session, [SCREEN, OTHER], now) == {
            SCREEN: Shot("new", now - 995, "right"),
            OTHER: Shot("other", now - 3_000, ""),
        }
        assert newest(session, [], now) == {}


def damaged_png() -> bytes:
    """A picture whose card rotted after its first part."""
    out = io.BytesIO()
    Image.effect_noise((600, 400), 80).save(out, "PNG")
    first, rest = out.getvalue().split(b"IDAT", 1)
    return first + b"IDAT" + rest.replace(b"IDAT", b"\x8b\x89\x89\xe9")


def test_what_is_no_picture_is_not_made_small() -> None:
    for bad in (b"\xff\xd8\xffpicture", damaged_png()):
        with pytest.raises(NotFound):
            small(bad)
