"""Videos: what they are, what is refused, and what a screen is given of them."""

import json
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from media import renditions
from media.errors import Reason, Refused
from media.limits import DEFAULT_LIMITS, Limits
from media.probe import Probed, probe
from media.specs import THUMBNAIL, ImageSpec, VideoSpec
from media.store import AssetStore
from tests.media.files import RED, encoded, near
from tests.media.videos import H264, TONE, TWO_SECONDS, box_order, made, turned_clockwise

needs_ffmpeg = pytest.mark.ffmpeg


@pytest.fixture(scope="module")
def film(ffmpeg_path: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 320 x 240 at 50 frames a second, with sound, a title and a place."""
    path = tmp_path_factory.mktemp("videos") / "film.mp4"
    secrets = ("-metadata", "title=SecretTitle", "-metadata", "location=+48.85+002.35/")
    return made(path, *TWO_SECONDS, *TONE, *H264, "-c:a", "aac", *secrets)


@pytest.fixture
def store(tmp_path: Path) -> AssetStore:
    return AssetStore(str(tmp_path / "assets"))


def refusal(path: Path, limits: Limits = DEFAULT_LIMITS) -> Refused:
    with pytest.raises(Refused) as refused:
        probe(path, limits)
    return refused.value


def streams_of(path: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)],
        check=True,
        capture_output=True,
    )
    found: list[dict[str, object]] = json.loads(done.stdout)["streams"]
    return found


@needs_ffmpeg
def test_an_mp4_is_described(film: Path) -> None:
    assert probe(film) == Probed(
        kind="video",
        mime="video/mp4",
        width=320,
        height=240,
        duration_ms=2000,
        codec="h264",
        frames=100,
        has_audio=True,
        has_alpha=False,
        orientation=1,
        size=film.stat().st_size,
    )


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "encoder", "mime", "codec"),
    [
        ("a.webm", ("-c:v", "libvpx", "-deadline", "realtime"), "video/webm", "vp8"),
        ("a.mov", H264, "video/quicktime", "h264"),
    ],
)
def test_other_containers_are_described(
    ffmpeg_path: str, tmp_path: Path, name: str, encoder: tuple[str, ...], mime: str, codec: str
) -> None:
    found = probe(made(tmp_path / name, *TWO_SECONDS, *encoder))
    assert (found.mime, found.codec, found.duration_ms) == (mime, codec, 2000)
    assert not found.has_audio


@needs_ffmpeg
def test_a_video_held_sideways_is_measured_upright(film: Path, tmp_path: Path) -> None:
    found = probe(turned_clockwise(film, tmp_path / "turned.mp4"))
    assert (found.width, found.height, found.orientation) == (240, 320, 6)


@needs_ffmpeg
def test_wide_pixels_are_counted_as_shown(ffmpeg_path: str, tmp_path: Path) -> None:
    found = probe(made(tmp_path / "a.mp4", *TWO_SECONDS, "-vf", "setsar=2/1", *H264))
    assert (found.width, found.height) == (640, 240)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(DEFAULT_LIMITS, max_video_ms=1999), Reason.TOO_LONG),
        (replace(DEFAULT_LIMITS, max_video_pixels=320 * 240 - 1), Reason.TOO_MANY_PIXELS),
        (replace(DEFAULT_LIMITS, max_video_bytes=1000), Reason.TOO_LARGE),
    ],
)
def test_each_limit_is_enforced(film: Path, limits: Limits, reason: Reason) -> None:
    assert refusal(film, limits).reason is reason


@needs_ffmpeg
@pytest.mark.parametrize("fast_start", [False, True])
def test_a_video_cut_short_is_refused(ffmpeg_path: str, tmp_path: Path, fast_start: bool) -> None:
    flags = ("-movflags", "+faststart") if fast_start else ()
    whole = made(tmp_path / "whole.mp4", *TWO_SECONDS, *H264, *flags).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    assert refusal(cut).reason is Reason.UNREADABLE


@needs_ffmpeg
def test_a_container_full_of_noise_is_refused(film: Path, tmp_path: Path) -> None:
    content = bytearray(film.read_bytes())
    at = content.index(b"mdat")
    size = int.from_bytes(content[at - 4 : at], "big")
    content[at + 4 : at - 4 + size] = b"\xa5" * (size - 8)
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(content)
    assert refusal(noise).reason is Reason.UNREADABLE


@needs_ffmpeg
@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\x10ftypisom\0\0\0\0",
        b"\0\0\0\x10ftypisom\0\0\0\0" + b"\xff" * 400,
        b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(400),
    ],
)
def test_a_video_that_is_not_one_is_refused(
    ffmpeg_path: str, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "fake.mp4"
    path.write_bytes(content)
    assert refusal(path).reason is Reason.UNREADABLE


@needs_ffmpeg
def test_sound_alone_is_not_a_video(ffmpeg_path: str, tmp_path: Path) -> None:
    path = made(tmp_path / "song.mp4", *TONE, "-c:a", "aac")
    assert refusal(path).reason is Reason.NO_PICTURE


@needs_ffmpeg
def test_an_old_codec_is_refused_by_its_name(ffmpeg_path: str, tmp_path: Path) -> None:
    refused = refusal(made(tmp_path / "old.mp4", *TWO_SECONDS, "-c:v", "mpeg4"))
    assert refused.reason is Reason.CODEC
    assert "mpeg4" in refused.sentence("fr")


@needs_ffmpeg
def test_a_video_of_unknown_length_is_refused(ffmpeg_path: str, tmp_path: Path) -> None:
    live = ("-c:v", "libvpx", "-deadline", "realtime", "-live", "1")
    assert refusal(made(tmp_path / "a.webm", *TWO_SECONDS, *live)).reason is Reason.DURATION_UNKNOWN


def test_without_ffmpeg_a_video_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")
    refused = refusal(path)
    assert refused.reason is Reason.NO_FFMPEG
    assert "apt install ffmpeg" in refused.sentence("fr")


@needs_ffmpeg
def test_a_screen_is_given_a_video_it_can_play(
    film: Path, tmp_path: Path, store: AssetStore
) -> None:
    made_ = renditions.video(film, VideoSpec(200, 200), store)
    assert (made_.width, made_.height, made_.mime) == (200, 150, "video/mp4")
    assert made_.duration_ms == 2000
    with store.local_copy(made_.sha256) as path:
        (stream,) = streams_of(path)
        content = path.read_bytes()
    assert (stream["codec_name"], stream["profile"]) == ("h264", "High")
    assert (stream["pix_fmt"], stream["avg_frame_rate"]) == ("yuv420p", "30/1")
    boxes = box_order(content)
    assert boxes.index("moov") < boxes.index("mdat")
    assert b"Secret" not in content
    assert b"+48.85" not in content


@needs_ffmpeg
def test_a_video_is_never_enlarged_nor_quickened(
    ffmpeg_path: str, tmp_path: Path, store: AssetStore
) -> None:
    slow = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1")
    source = made(tmp_path / "slow.mp4", *slow, *H264)
    made_ = renditions.video(source, VideoSpec(1920, 1080), store)
    assert (made_.width, made_.height) == (160, 120)
    with store.local_copy(made_.sha256) as path:
        assert streams_of(path)[0]["avg_frame_rate"] == "10/1"


@needs_ffmpeg
@pytest.mark.parametrize(
    "arguments",
    [
        ("-vf", "scale=321:241", "-pix_fmt", "yuv444p", *H264[:-2]),
        ("-vf", "select='not(mod(n,7))+lt(n,20)'", "-fps_mode", "vfr", *H264),
        ("-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"),
    ],
    ids=["odd-sides-444", "variable-rate", "hevc-10-bit"],
)
def test_whatever_comes_in_every_screen_can_play_what_comes_out(
    ffmpeg_path: str, tmp_path: Path, store: AssetStore, arguments: tuple[str, ...]
) -> None:
    source = made(tmp_path / "in.mp4", *TWO_SECONDS, *arguments, "-preset", "ultrafast")
    made_ = renditions.video(source, VideoSpec(200, 200), store)
    with store.local_copy(made_.sha256) as path:
        (stream,) = streams_of(path)
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert (stream["width"], stream["height"]) == (made_.width, made_.height) == (200, 150)
    assert stream.get("sample_aspect_ratio", "1:1") == "1:1"
    rate = Fraction(str(stream["avg_frame_rate"]))
    assert 0 < rate <= 30
    assert made_.duration_ms == pytest.approx(2000, abs=50)


@needs_ffmpeg
def test_a_video_rounded_to_even_sides_has_square_pixels(
    ffmpeg_path: str, tmp_path: Path, store: AssetStore
) -> None:
    source = made(tmp_path / "wide.mp4", *TWO_SECONDS, "-vf", "scale=960:540,setsar=1", *H264)
    made_ = renditions.video(source, VideoSpec(540, 960), store)
    assert (made_.width, made_.height) == (540, 304)


@needs_ffmpeg
def test_a_sideways_video_comes_out_upright_and_says_so_no_more(
    film: Path, tmp_path: Path, store: AssetStore
) -> None:
    turned = turned_clockwise(film, tmp_path / "turned.mp4")
    made_ = renditions.video(turned, VideoSpec(1080, 1920), store)
    with store.local_copy(made_.sha256) as path:
        again = probe(path)
    assert (made_.width, made_.height) == (again.width, again.height) == (240, 320)
    assert again.orientation == 1


@needs_ffmpeg
@pytest.mark.parametrize("audio", [False, True])
def test_sound_is_kept_only_when_asked_for(film: Path, store: AssetStore, audio: bool) -> None:
    made_ = renditions.video(film, VideoSpec(160, 120, audio=audio), store)
    with store.local_copy(made_.sha256) as path:
        assert probe(path).has_audio is audio


@needs_ffmpeg
def test_a_silent_video_may_be_asked_for_with_sound(
    ffmpeg_path: str, tmp_path: Path, store: AssetStore
) -> None:
    source = made(tmp_path / "mute.mp4", *TWO_SECONDS, *H264)
    assert renditions.video(source, VideoSpec(160, 120, audio=True), store).duration_ms == 2000


@needs_ffmpeg
@pytest.mark.parametrize(("at_ms", "colour"), [(0, RED), (1500, (0, 0, 255)), (9000, (0, 0, 255))])
def test_a_poster_is_the_picture_shown_at_that_instant(
    ffmpeg_path: str, tmp_path: Path, store: AssetStore, at_ms: int, colour: tuple[int, ...]
) -> None:
    red = ("-f", "lavfi", "-i", "color=red:size=160x120:rate=10:duration=1")
    blue = ("-f", "lavfi", "-i", "color=blue:size=160x120:rate=10:duration=1")
    joined = ("-filter_complex", "[0][1]concat=n=2", *H264)
    source = made(tmp_path / "two.mp4", *red, *blue, *joined)
    made_ = renditions.poster(source, ImageSpec(80, 80, "png"), store, at_ms=at_ms)
    assert (made_.width, made_.height) == (80, 60)
    assert made_.key == f"80x80-png-at{at_ms}ms"
    with store.local_copy(made_.sha256) as path, Image.open(path) as image:
        assert near(image.convert("RGB").getpixel((40, 30)), colour, within=20)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "encoder", "colour"),
    [
        ("a.mp4", H264, (0, 0, 255)),
        # WebM does not say where its picture track ends, only where the whole file does.
        ("a.webm", ("-c:v", "libvpx", "-deadline", "realtime"), RED),
    ],
)
def test_when_the_sound_outlasts_the_pictures_a_late_poster_is_still_one_of_them(
    ffmpeg_path: str,
    tmp_path: Path,
    store: AssetStore,
    name: str,
    encoder: tuple[str, ...],
    colour: tuple[int, ...],
) -> None:
    red = ("-f", "lavfi", "-i", "color=red:size=160x120:rate=10:duration=0.5")
    blue = ("-f", "lavfi", "-i", "color=blue:size=160x120:rate=10:duration=0.5")
    song = ("-f", "lavfi", "-i", "sine=duration=4")
    joined = ("-filter_complex", "[0][1]concat=n=2[v]", "-map", "[v]", "-map", "2:a", *encoder)
    source = made(tmp_path / name, *red, *blue, *song, *joined)
    made_ = renditions.poster(source, ImageSpec(80, 80, "png"), store, at_ms=3000)
    with store.local_copy(made_.sha256) as path, Image.open(path) as image:
        assert near(image.convert("RGB").getpixel((40, 30)), colour, within=20)


@needs_ffmpeg
def test_a_video_is_not_a_picture(film: Path, store: AssetStore) -> None:
    with pytest.raises(Refused) as refused:
        renditions.image(film, THUMBNAIL, store)
    assert refused.value.reason is Reason.NOT_A_PICTURE


@needs_ffmpeg
def test_a_video_rendition_over_the_size_limit_is_refused_and_not_kept(
    film: Path, tmp_path: Path, store: AssetStore
) -> None:
    noisy = made(tmp_path / "noisy.mp4", "-i", str(film), "-an", "-c:v", "libx264", "-crf", "45")
    limits = replace(DEFAULT_LIMITS, max_video_bytes=noisy.stat().st_size)
    with pytest.raises(Refused) as refused:
        renditions.video(noisy, VideoSpec(320, 240, crf=1), store, limits)
    assert refused.value.reason is Reason.TOO_HEAVY
    assert [p for p in (tmp_path / "assets").rglob("*") if p.is_file()] == []


@needs_ffmpeg
def test_a_poster_before_the_beginning_is_an_error(film: Path, store: AssetStore) -> None:
    with pytest.raises(ValueError):
        renditions.poster(film, THUMBNAIL, store, at_ms=-1)


def test_a_picture_has_no_poster(tmp_path: Path, store: AssetStore) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(encoded(Image.new("RGB", (9, 9)), "PNG"))
    with pytest.raises(Refused) as refused:
        renditions.poster(path, THUMBNAIL, store)
    assert refused.value.reason is Reason.NOT_A_VIDEO
