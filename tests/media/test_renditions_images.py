"""What a screen is given of a picture: upright, sRGB, fitted, and nothing but pixels."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from media import renditions
from media._render_child import decode_no_more_than_needed
from media.errors import Reason, Refused
from media.limits import DEFAULT_LIMITS
from media.renditions import Rendered
from media.specs import THUMBNAIL, ImageSpec, VideoSpec
from media.store import AssetStore
from tests.media.files import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    encoded,
    gif_of,
    near,
    phone_photo,
    red_cmyk_profile,
    swapped_rgb_profile,
)

FORMATS = ("webp", "jpeg", "png")
SCREEN = ImageSpec(1920, 1080, "png")


@pytest.fixture
def store(tmp_path: Path) -> AssetStore:
    return AssetStore(str(tmp_path / "assets"))


def shown(store: AssetStore, rendered: Rendered) -> Image.Image:
    """The rendition, decoded."""
    with store.local_copy(rendered.sha256) as path, Image.open(path) as image:
        image.load()
        return image


def bytes_of(store: AssetStore, rendered: Rendered) -> bytes:
    return b"".join(store.open_range(rendered.sha256))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        (ImageSpec(1920, 1080), "1920x1080-webp-q82"),
        (ImageSpec(1080, 1920, "jpeg", 70), "1080x1920-jpeg-q70"),
        (ImageSpec(800, 600, "png"), "800x600-png"),
        (THUMBNAIL, "480x270-webp-q75-still"),
        (VideoSpec(1920, 1080), "1920x1080-h264-crf21-30fps"),
        (VideoSpec(1280, 720, 25, 23, audio=True), "1280x720-h264-crf23-25fps-audio"),
    ],
)
def test_a_spec_has_a_stable_name(spec: ImageSpec | VideoSpec, key: str) -> None:
    assert spec.key == key


@pytest.mark.parametrize(("width", "height", "quality"), [(0, 9, 82), (9, 9000, 82), (9, 9, 101)])
def test_a_spec_out_of_bounds_is_an_error(width: int, height: int, quality: int) -> None:
    with pytest.raises(ValueError):
        ImageSpec(width, height, quality=quality)


@pytest.mark.parametrize(
    ("size", "result"),
    [
        ((4000, 1000), (200, 50)),
        ((1000, 4000), (25, 100)),
        ((90, 80), (90, 80)),
        ((9000, 1), (200, 1)),
    ],
)
def test_a_picture_fits_the_screen_and_is_never_enlarged(
    tmp_path: Path, store: AssetStore, size: tuple[int, int], result: tuple[int, int]
) -> None:
    path = written(tmp_path / "a.png", encoded(Image.new("RGB", size, RED), "PNG"))
    made = renditions.image(path, ImageSpec(200, 100), store)
    assert (made.width, made.height) == shown(store, made).size == result
    assert made.size == store.stat(made.sha256).size
    assert (made.key, made.mime, made.duration_ms) == ("200x100-webp-q82", "image/webp", None)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_phone_photo_comes_out_upright_and_says_nothing_of_its_owner(
    tmp_path: Path, store: AssetStore, kind: str
) -> None:
    photo = phone_photo(tmp_path / "photo.jpg")
    assert b"SecretPhone" in photo.read_bytes()
    made = renditions.image(photo, ImageSpec(1920, 1080, kind), store)  # type: ignore[arg-type]
    image = shown(store, made)
    assert image.size == (40, 80)
    rgb = image.convert("RGB")
    assert near(rgb.getpixel((20, 10)), RED)
    assert near(rgb.getpixel((20, 70)), BLUE)
    assert dict(image.getexif()) == {}
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    raw = bytes_of(store, made)
    assert not any(trace in raw for trace in (b"Exif", b"Secret", b"ICC", b"eXIf"))


@pytest.mark.parametrize("turned", range(1, 9))
def test_every_orientation_ends_with_the_same_corner_up(
    tmp_path: Path, store: AssetStore, turned: int
) -> None:
    upright = Image.new("RGB", (48, 24), BLUE)
    upright.paste(RED, (0, 0, 24, 12))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[turned])) if turned > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = turned
    path = written(tmp_path / "a.png", encoded(stored, "PNG", exif=exif))
    image = shown(store, renditions.image(path, SCREEN, store))
    assert image.size == (48, 24)
    corners = [image.getpixel(at) for at in ((2, 2), (45, 2), (2, 21), (45, 21))]
    assert corners == [RED, BLUE, BLUE, BLUE]


def test_a_colour_profile_is_obeyed_then_removed(tmp_path: Path, store: AssetStore) -> None:
    picture = Image.new("RGB", (8, 8), RED)
    content = encoded(picture, "PNG", icc_profile=swapped_rgb_profile())
    image = shown(store, renditions.image(written(tmp_path / "a.png", content), SCREEN, store))
    assert near(image.getpixel((4, 4)), GREEN)
    assert "icc_profile" not in image.info


def test_a_printer_s_jpeg_goes_through_its_profile(tmp_path: Path, store: AssetStore) -> None:
    ink = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    content = encoded(ink, "JPEG", icc_profile=red_cmyk_profile())
    assert b"Adobe" in content
    image = shown(store, renditions.image(written(tmp_path / "a.jpg", content), SCREEN, store))
    assert image.mode == "RGB"
    assert near(image.getpixel((8, 8)), RED, within=30)


@pytest.mark.parametrize("profile", [b"", b"garbage" * 40, swapped_rgb_profile()])
def test_a_broken_or_foreign_profile_is_ignored(
    tmp_path: Path, store: AssetStore, profile: bytes
) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    content = encoded(ink, "JPEG", icc_profile=profile)
    image = shown(store, renditions.image(written(tmp_path / "a.jpg", content), SCREEN, store))
    assert near(image.getpixel((8, 8)), RED)


def test_sixteen_bit_greys_keep_their_lightness(tmp_path: Path, store: AssetStore) -> None:
    content = encoded(Image.new("I;16", (8, 8), 0x80FF), "PNG")
    image = shown(store, renditions.image(written(tmp_path / "a.png", content), SCREEN, store))
    assert image.getpixel((4, 4)) == (0x80, 0x80, 0x80)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_keeps_white_white(tmp_path: Path, store: AssetStore, mode: str) -> None:
    content = encoded(Image.new("RGB", (8, 8), WHITE).convert(mode), "PNG")
    image = shown(store, renditions.image(written(tmp_path / "a.png", content), SCREEN, store))
    assert image.convert("RGB").getpixel((4, 4)) == WHITE


@pytest.mark.parametrize("kind", ["webp", "png"])
def test_transparency_survives_with_a_profile_too(
    tmp_path: Path, store: AssetStore, kind: str
) -> None:
    logo = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    logo.paste((*RED, 255), (0, 0, 20, 40))
    content = encoded(logo, "PNG", icc_profile=swapped_rgb_profile())
    spec = ImageSpec(20, 20, kind, quality=100)  # type: ignore[arg-type]
    image = shown(store, renditions.image(written(tmp_path / "a.png", content), spec, store))
    assert near(image.getpixel((4, 10)), (*GREEN, 255))
    clear = image.getpixel((16, 10))
    assert isinstance(clear, tuple)
    assert clear[3] == 0


def test_a_transparent_palette_entry_stays_transparent(tmp_path: Path, store: AssetStore) -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([*WHITE, *RED])
    picture.paste(0, (0, 0, 4, 8))
    content = encoded(picture, "PNG", transparency=0)
    image = shown(store, renditions.image(written(tmp_path / "a.png", content), SCREEN, store))
    assert image.getpixel((6, 4)) == (*RED, 255)
    clear = image.getpixel((1, 4))
    assert isinstance(clear, tuple)
    assert clear[3] == 0


def test_jpeg_puts_transparency_on_white(tmp_path: Path, store: AssetStore) -> None:
    content = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")
    spec = ImageSpec(100, 100, "jpeg")
    image = shown(store, renditions.image(written(tmp_path / "a.png", content), spec, store))
    assert near(image.getpixel((4, 4)), WHITE, within=2)


def test_what_hides_behind_a_picture_does_not_reach_a_screen(
    tmp_path: Path, store: AssetStore
) -> None:
    hidden = b"PK\x03\x04<script>alert(1)</script>"
    content = encoded(Image.new("RGB", (30, 30), RED), "PNG") + hidden
    made = renditions.image(written(tmp_path / "a.png", content), SCREEN, store)
    raw = bytes_of(store, made)
    assert b"script" not in raw
    assert b"PK" not in raw


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_picture_twice_is_the_same_asset(
    tmp_path: Path, store: AssetStore, kind: str
) -> None:
    content = encoded(Image.effect_noise((300, 200), 60), "PNG")
    path = written(tmp_path / "a.png", content)
    spec = ImageSpec(120, 120, kind)  # type: ignore[arg-type]
    assert renditions.image(path, spec, store) == renditions.image(path, spec, store)


def test_an_animation_still_moves_in_webp(tmp_path: Path, store: AssetStore) -> None:
    path = tmp_path / "move.gif"
    colours = [RED, GREEN, BLUE]
    pictures = [Image.new("RGB", (400, 200), colour) for colour in colours]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=120, loop=0)
    made = renditions.image(path, ImageSpec(100, 100), store)
    assert (made.width, made.height, made.duration_ms) == (100, 50, 360)
    with store.local_copy(made.sha256) as result, Image.open(result) as image:
        seen = []
        for frame in range(3):
            image.seek(frame)
            seen.append(image.convert("RGB").getpixel((50, 25)))
    assert all(near(got, wanted, within=25) for got, wanted in zip(seen, colours, strict=True))


def test_a_thumbnail_of_an_animation_is_its_first_picture(
    tmp_path: Path, store: AssetStore
) -> None:
    made = renditions.image(written(tmp_path / "a.gif", gif_of(5)), THUMBNAIL, store)
    assert made.duration_ms is None
    with store.local_copy(made.sha256) as path, Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 1


def test_a_large_photo_is_reduced_while_it_is_decoded(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", encoded(Image.new("RGB", (4000, 6000), RED), "JPEG"))
    with Image.open(path) as image:
        decode_no_more_than_needed(image, THUMBNAIL)
        image.load()
        assert image.size == (500, 750)


def test_a_rendition_over_the_size_limit_is_refused_and_not_kept(
    tmp_path: Path, store: AssetStore
) -> None:
    path = written(tmp_path / "a.png", encoded(Image.effect_noise((300, 300), 90), "PNG"))
    with pytest.raises(Refused) as refused:
        renditions.image(path, SCREEN, store, replace(DEFAULT_LIMITS, max_video_bytes=5000))
    assert refused.value.reason is Reason.TOO_HEAVY
    assert [p for p in (tmp_path / "assets").rglob("*") if p.is_file()] == []


def test_a_picture_is_not_a_video(tmp_path: Path, store: AssetStore) -> None:
    path = written(tmp_path / "a.mp4", encoded(Image.new("RGB", (9, 9)), "PNG"))
    with pytest.raises(Refused) as refused:
        renditions.video(path, VideoSpec(100, 100), store)
    assert refused.value.reason is Reason.NOT_A_VIDEO
