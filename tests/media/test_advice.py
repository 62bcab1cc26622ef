"""What to know of a file before a player plays it."""

from __future__ import annotations

import pytest

from media.advice import Advice, File, advice
from media.limits import MIB

HD, UHD, TALL = (1920, 1080), (3840, 2160), (1080, 1920)
FILM = File("video", "h264", 1920, 1080, 20 * MIB, 10_000)


def codes(file: File, *screens: tuple[int, int]) -> list[str]:
    return [one.code for one in advice(file, screens)]


@pytest.mark.parametrize(
    ("file", "screens", "said"),
    [
        (FILM, [HD], []),
        (File("video", "hevc", 1920, 1080, MIB, 10_000), [HD], ["codec_browser"]),
        (File("video", "vp9", 1920, 1080, MIB, 10_000), [HD], ["codec_pi"]),
        (File("video", "h264", 3840, 2160, MIB, 10_000), [HD], []),
        (File("video", "h264", 3840, 2160, MIB, 10_000), [HD, UHD], ["over_pi"]),
        (File("video", "h264", 1920, 1080, 40 * MIB, 10_000), [HD], ["heavy"]),
        (File("image", "", 1920, 1080, 21 * MIB, None), [HD], ["heavy"]),
        (File("image", "", 800, 450, MIB, None), [HD], ["soft"]),
        (File("image", "", 1920, 1080, MIB, None), [TALL], ["shape"]),
        (File("image", "", 1920, 1080, MIB, None), [HD, TALL], []),
        (File("image", "", 1920, 1080, MIB, None), [], []),
        (File("drawing", "", 10, 10, 100, None), [HD], []),
    ],
)
def test_each_thing_to_know(file: File, screens: list[tuple[int, int]], said: list[str]) -> None:
    assert codes(file, *screens) == said


def test_it_names_the_screens_that_it_is_about() -> None:
    small = File("image", "", 800, 450, MIB, None)
    assert advice(small, [HD, UHD]) == (Advice("soft", *UHD),)
