"""A film after a film, in a real Chromium: never a dark frame between them."""

import base64
import subprocess
from pathlib import Path

import pytest
from PIL import ImageStat
from playwright.sync_api import Page

from tests.e2e.stage.looking import picture_of

pytestmark = [pytest.mark.chromium, pytest.mark.ffmpeg]

DARK = 40


def film(ffmpeg: str, path: Path, colour: str) -> str:
    """The address of a second of one colour."""
    source = ("-f", "lavfi", "-i", f"color={colour}:size=320x180:rate=10:duration=1")
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", *source, "-c:v", "vp8", path], check=True)
    return "data:video/webm;base64," + base64.b64encode(path.read_bytes()).decode()


def test_a_film_stays_under_the_next_until_that_has_shown_a_frame(
    page: Page, ffmpeg_path: str, tmp_path: Path
) -> None:
    first, second = (
        film(ffmpeg_path, tmp_path / f"{colour}.webm", colour) for colour in ("orange", "white")
    )
    page.evaluate(
        """async ([first, second]) => {
          const proto = HTMLVideoElement.prototype;
          const ask = proto.requestVideoFrameCallback;
          const view = (url) => {
            const params = { url, transition: "cut" };
            return { key: url, template: "video", params, goods: [] };
          };
          window.now = stageIn();
          await now.stage.show(view(first));
          await now.stage.prepare(view(second));
          proto.requestVideoFrameCallback = function (seen) {
            window.release = () => ask.call(this, seen);
          };
          now.stage.show(view(second), { boundaryInMs: 300 });
        }""",
        [first, second],
    )
    scenes = "now.shadow.querySelectorAll('.scene').length"
    opaque = "[...now.shadow.querySelectorAll('.plot')].at(-1)"
    page.wait_for_function(
        f"window.release && {scenes} === 2 && getComputedStyle({opaque}).opacity === '1'"
        f" && {opaque}.querySelector('video').currentTime > 0"
    )
    assert ImageStat.Stat(picture_of(page).convert("L")).extrema[0][0] > DARK
    assert page.evaluate(scenes) == 2
    page.evaluate("release()")
    page.wait_for_function(f"{scenes} === 1")
    assert ImageStat.Stat(picture_of(page).convert("L")).mean[0] > 240, "the second film, white"


def test_a_film_is_as_loud_as_the_screen_was_told(
    page: Page, ffmpeg_path: str, tmp_path: Path
) -> None:
    """It plays in a shadow root, out of which neither the film nor its events come."""
    heard = page.evaluate(
        """async (url) => {
          const { Told } = await import("/player/page/told.js");
          const { stage, shadow } = stageIn();
          const told = new Told();
          told.take({ volume: 40 });
          await stage.show({ key: "film", template: "video", params: { url }, goods: [] });
          const film = shadow.querySelector("video");
          while (film.volume === 1) await new Promise((next) => setTimeout(next, 5));
          const first = film.volume;
          told.take({ volume: 70 });
          return [first, film.volume];
        }""",
        film(ffmpeg_path, tmp_path / "loud.webm", "orange"),
    )
    assert heard == [0.4, 0.7]


def test_a_picture_gives_way_to_a_film_without_their_darkness_between(page: Page) -> None:
    """Both lie over a night; crossing through it would be a blink of the whole window."""
    moved = page.evaluate(
        """async () => {
          const { stage, shadow } = stageIn();
          const { params } = sample("image");
          const turn = { params: { ...params, transition: "brand" } };
          const image = (key) => sample("image", { key, ...turn });
          const scenes = () => shadow.querySelectorAll(".scene").length;
          await stage.show(image("one"));
          await stage.prepare(image("two"));
          stage.show(image("two"), { boundaryInMs: 1500 });
          while (scenes() < 2) await new Promise((next) => setTimeout(next, 5));
          const moves = shadow.getAnimations().map(({ effect }) => effect);
          return moves.filter(({ target }) => !target.closest(".lease")).map((effect) =>
            [effect.target.className, effect.getKeyframes().map(({ opacity }) => opacity)]);
        }"""
    )
    assert moved == [["plot", ["0", "1"]]]
