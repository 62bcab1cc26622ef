"""The resting picture: as large as it is to be, the brand's where it is known, else a night."""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path

import pytest

from player.display.resting import Resting, night

STAMP = bytes(32)
SIZES = [(1920, 1080), (1080, 1920), (1280, 1024), (480, 1920), (1, 1), (3, 7)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_night_fills_any_display_and_is_not_black(width: int, height: int) -> None:
    picture = night(width, height)
    assert len(picture) == width * height * 4
    seen = Counter(memoryview(picture).cast("I").tolist())
    assert not {0x000000, 0xFFFFFF} & {pixel & 0xFFFFFF for pixel in seen}
    assert {pixel >> 24 for pixel in seen} == {255}


def test_what_is_kept_is_shown_where_it_is_whole_and_of_that_size(tmp_path: Path) -> None:
    resting = Resting(tmp_path)
    assert resting.paint(8, 4) == night(8, 4)
    brand = bytes(range(128))
    kept = tmp_path / "resting-8x4"
    kept.write_bytes(STAMP + zlib.compress(brand))
    assert resting.paint(8, 4) == brand
    assert resting.paint(4, 8) == night(4, 8)
    for damaged in (b"", b"what?", zlib.compress(brand)[:-20], zlib.compress(brand[1:])):
        kept.write_bytes(STAMP + damaged)
        assert resting.paint(8, 4) == night(8, 4)
    kept.write_bytes(STAMP + zlib.compress(bytes(10_000_000)))  # far more than it says
    assert resting.paint(8, 4) == night(8, 4)


def test_one_picture_is_kept_the_one_of_now(tmp_path: Path) -> None:
    resting = Resting(tmp_path)
    assert resting.stamp(4, 2) == b""
    resting.keep(4, 2, b"a" * 32, zlib.compress(bytes(32)))
    resting.keep(2, 4, b"b" * 32, zlib.compress(bytes(32)))
    assert (resting.stamp(4, 2), resting.stamp(2, 4)) == (b"", b"b" * 32)
    assert [path.name for path in tmp_path.iterdir()] == ["resting-2x4"]
