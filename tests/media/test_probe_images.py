"""A picture is described, or refused, before it can hurt."""

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from media.errors import Reason, Refused
from media.limits import DEFAULT_LIMITS, MIB, Limits
from media.probe import Probed, probe
from tests.media.files import RED, bomb_png, encoded, gif_of, phone_photo


def refusal(path: Path, limits: Limits = DEFAULT_LIMITS) -> Refused:
    with pytest.raises(Refused) as refused:
        probe(path, limits)
    return refused.value


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_each_allowed_format_is_described(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "misleading.txt"
    path.write_bytes(encoded(Image.new("RGB", (64, 48), RED), kind))
    assert probe(path) == Probed(
        kind="image",
        mime=f"image/{kind.lower()}",
        width=64,
        height=48,
        duration_ms=None,
        codec=kind.lower(),
        frames=1,
        has_audio=False,
        has_alpha=False,
        orientation=1,
        size=path.stat().st_size,
    )


def test_transparency_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    Image.new("RGBA", (8, 8), (1, 2, 3, 0)).save(path)
    assert probe(path).has_alpha


def test_a_sideways_photo_is_measured_upright(tmp_path: Path) -> None:
    found = probe(phone_photo(tmp_path / "photo.jpg"))
    assert (found.width, found.height, found.orientation) == (40, 80, 6)


def test_an_animation_says_how_long_it_plays(tmp_path: Path) -> None:
    path = tmp_path / "move.gif"
    path.write_bytes(gif_of(7))
    found = probe(path)
    assert (found.frames, found.duration_ms) == (7, 350)


def test_the_second_picture_of_a_stereo_photo_is_not_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "stereo.jpg"
    left, right = Image.new("RGB", (20, 20), RED), Image.new("RGB", (20, 20))
    left.save(path, "MPO", save_all=True, append_images=[right])
    found = probe(path)
    assert (found.mime, found.frames, found.duration_ms) == ("image/jpeg", 1, None)


def test_a_bomb_is_refused_by_its_header_with_too_little_memory_to_decode_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb_png(50_000, 50_000))
    assert path.stat().st_size < 2048
    limits = replace(DEFAULT_LIMITS, memory_bytes=256 * MIB)
    assert refusal(path, limits).reason is Reason.TOO_MANY_PIXELS


def test_the_pixel_limit_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "square.png"
    Image.new("L", (100, 100)).save(path)
    assert probe(path, replace(DEFAULT_LIMITS, max_pixels=10_000)).width == 100
    tighter = replace(DEFAULT_LIMITS, max_pixels=9_998)
    assert refusal(path, tighter).reason is Reason.TOO_MANY_PIXELS


def test_a_thread_of_a_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thread.png"
    Image.new("1", (20_000, 2)).save(path)
    refused = refusal(path)
    assert refused.reason is Reason.SIDE_TOO_LONG
    assert "20000" in str(refused)


def test_ten_thousand_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.gif"
    path.write_bytes(gif_of(10_000))
    refused = refusal(path)
    assert refused.reason is Reason.TOO_MANY_FRAMES
    assert refused.params["frames"] == 10_000


def test_few_but_large_frames_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "heavy.webp"
    pictures = [Image.new("RGB", (100, 100), (shade, 0, 0)) for shade in (0, 90, 180)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    limits = replace(DEFAULT_LIMITS, max_animation_pixels=20_000)
    assert refusal(path, limits).params["limit"] == 2


def test_a_truncated_jpeg_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    whole = encoded(Image.effect_noise((200, 200), 60), "JPEG")
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path).reason is Reason.UNREADABLE


def test_a_damaged_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.png"
    whole = bytearray(encoded(Image.effect_noise((100, 100), 60), "PNG"))
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    assert refusal(path).reason is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("drawing.png", b"<svg><script>alert(1)</script></svg>", Reason.SVG),
        ("page.jpg", b"<html><body>hello</body></html>", Reason.MARKUP),
        ("office.webp", b"PK\x03\x04" + bytes(40), Reason.ARCHIVE),
        ("nothing.png", b"", Reason.EMPTY),
        ("script.gif", b"GIF89a=1;alert(1)//", Reason.UNREADABLE),
    ],
)
def test_what_only_bears_the_name_of_a_picture_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: Reason
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).reason is reason


def test_a_broken_exif_block_does_not_cost_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "odd.jpg"
    exif = b"Exif\0\0MM\0*\xff\xff\xff\xff garbage"
    path.write_bytes(encoded(Image.new("RGB", (9, 7)), "JPEG", exif=exif))
    assert (probe(path).width, probe(path).orientation) == (9, 1)


def test_over_weight_is_refused_with_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "heavy.png"
    path.write_bytes(encoded(Image.new("L", (4, 4)), "PNG") + bytes(2 * MIB))
    refused = refusal(path, replace(DEFAULT_LIMITS, max_image_bytes=MIB))
    assert refused.reason is Reason.TOO_LARGE
    assert refused.params["limit_mib"] == 1


def test_a_pipe_or_a_folder_is_not_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(pipe).reason is Reason.NOT_A_FILE
    assert refusal(tmp_path).reason is Reason.NOT_A_FILE
    assert refusal(tmp_path / "absent").reason is Reason.NOT_A_FILE


def test_a_picture_that_needs_more_memory_than_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    out = io.BytesIO()
    Image.new("RGB", (8000, 8000)).save(out, "PNG", compress_level=1)
    path.write_bytes(out.getvalue())
    limits = replace(DEFAULT_LIMITS, memory_bytes=160 * MIB)
    assert refusal(path, limits).reason is Reason.TOO_HEAVY
