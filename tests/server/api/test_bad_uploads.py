"""Files that are not what they say they are: refused with the reason, and nothing else goes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from server.services.base.context import Context
from tests.media.files import bomb_png
from tests.server.api.programs import Api

SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>"
NO_FILM = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + b"Just words. " * 400


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("poster.png", bomb_png(50_000, 50_000), "too-many-pixels"),
        ("logo.png", SVG, "svg"),
        ("photo.jpg", b"\xef\xbb\xbf\n  " + SVG, "svg"),
        ("film.mp4", NO_FILM, "unreadable"),
        ("film.mp4", b"MZ" + b"\0" * 4_000, "unsupported"),
    ],
)
def test_a_file_that_is_not_what_it_says_leaves_what_was_there(
    api: Api, ctx: Context, ffmpeg_path: str, name: str, data: bytes, code: str
) -> None:
    good = send(api, "coat.png", picture())
    assert good.status_code == 201
    kept = files(ctx)
    answer = send(api, name, data)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert answer.content_type == "application/problem+json"
    assert len(answer.json["title"]) > 20
    assert [asset["sha"] for asset in api.get("/assets")["items"]] == [good.json["sha"]]
    assert files(ctx) == kept


def send(api: Api, name: str, data: bytes) -> Any:
    return api.call(
        "POST", f"/assets?name={name}", data=data, content_type="application/octet-stream"
    )


def files(ctx: Context) -> set[str]:
    """All that lies in the store of files, also halves and drafts."""
    return {str(path) for path in (ctx.settings.data_dir / "media").rglob("*") if path.is_file()}
