"""Vector drawings: our own art passes, anything that could act or fetch does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from media import qr
from server.demo.catalogue import GOODS_ART
from server.errors import BadInput
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.library import assets, drawings

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20">'
ART = sorted([*GOODS_ART.glob("*.svg"), *(GOODS_ART.parent / "brand").glob("*.svg")])


@pytest.mark.parametrize("file", ART, ids=lambda file: file.stem)
def test_the_demos_art_is_nothing_but_drawing(file: Path) -> None:
    width, height = drawings.check_drawing(file.read_bytes())
    assert width > 0
    assert height > 0


def test_a_drawing_kept_twice_is_one_asset(ctx: Context) -> None:
    data = qr.svg("https://pluvier.example/p/estran-28")
    first = drawings.keep_drawing(ctx, SYSTEM, "QR", data)
    assert drawings.keep_drawing(ctx, SYSTEM, "QR", data) == first
    assert assets.get_asset(ctx, SYSTEM, first).mime == "image/svg+xml"


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<image href="https://example.org/a.png"/>',
        "<foreignObject/>",
        "<style>@import url(//example.org)</style>",
        '<use href="https://example.org/a.svg#x"/>',
        '<rect fill="url(https://example.org/a.svg#x)"/>',
        '<a href="javascript:alert(1)"/>',
    ],
)
def test_what_acts_or_fetches_is_refused(inside: str) -> None:
    with pytest.raises(BadInput):
        drawings.check_drawing(f"{OPEN}{inside}</svg>".encode())


@pytest.mark.parametrize(
    "data",
    [
        b"<html/>",
        b"not xml",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<!DOCTYPE s [<!ENTITY a "b">]>' + OPEN.encode() + b"&a;</svg>",
        OPEN.encode() + b" " * drawings.MAX_BYTES + b"</svg>",
    ],
)
def test_what_is_no_drawing_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        drawings.check_drawing(data)
