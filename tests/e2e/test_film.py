"""A film from its upload to the glass: real ffmpeg, real server, real Chromium."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from playlists.ids import ItemId, OverrideId, PlaylistId, ScreenId, Sha256, StoreId
from playlists.model import Card, Item, Override, Playlist
from server.services.base.actors import SYSTEM
from server.services.library import assets, renditions
from server.services.screens import pairing
from server.services.wishes import content, overrides
from tests.e2e.screen.looking import in_stage
from tests.support.studio import Studio, running_studio

pytestmark = [pytest.mark.chromium, pytest.mark.ffmpeg, pytest.mark.slow]

WITHIN_MS = 30_000
HOUR_MS = 3_600_000
SCREEN = "prado-shoes"
PLAYING = """(() => {
  const film = shadow.querySelector("video");
  if (!film || film.currentTime < 0.5 || film.readyState < 3) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 9 });
  const pen = canvas.getContext("2d");
  pen.drawImage(film, 0, 0, 16, 9);
  const seen = pen.getImageData(0, 0, 16, 9).data;
  return { at: film.currentTime, size: [film.videoWidth, film.videoHeight], first: film.shownFirst,
           light: Math.max(...seen.filter((_, index) => index % 4 < 3)) };
})()"""
FIRST_FRAME = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
  const root = attach.call(this, options);
  new MutationObserver(() => {
    const film = root.querySelector("video");
    if (film && film.shownFirst === undefined) film.shownFirst = film.readyState;
  }).observe(root, { childList: true, subtree: true });
  return root;
};
"""


def film(path: Path) -> Path:
    """Three seconds as a phone gives them: HEVC, with sound."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=1280x720:rate=10:duration=3")
    sound = ("-f", "lavfi", "-i", "sine=duration=3")
    coded = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
    kept = ("-pix_fmt", "yuv420p", "-c:a", "aac", str(path))
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *picture, *sound, *coded, *kept], check=True
    )
    return path


def hold(studio: Studio, sha: str) -> None:
    """Show the film on the screen for an hour."""
    item = Item(ItemId("film"), Card("video", assets=(Sha256(sha),)), 3_000)
    content.create_playlist(studio.ctx, SYSTEM, Playlist(PlaylistId("film"), "Film", (item,)))
    now = studio.ctx.clock()
    wish = Override(
        OverrideId(""),
        StoreId("prado"),
        "show",
        now,
        now + HOUR_MS,
        playlist=PlaylistId("film"),
        screens=frozenset({ScreenId(SCREEN)}),
    )
    overrides.create_override(studio.ctx, SYSTEM, wish)


def test_a_film_is_made_to_measure_and_plays_from_its_first_picture(
    ffmpeg_path: str, tmp_path: Path, browser: Browser
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="ens-film-") as folder,
        running_studio(Path(folder)) as studio,
    ):
        given = film(tmp_path / "film.mp4").read_bytes()
        sha = assets.upload(studio.ctx, SYSTEM, "film.mp4", [given]).asset.sha
        while (missing := renditions.next_missing(studio.ctx)) is not None:
            assert renditions.make(studio.ctx, missing)
        made = assets.get_asset(studio.ctx, SYSTEM, sha).renditions
        assert sorted((one.width, one.height, one.mime) for one in made) == [
            (480, 270, "image/webp"),
            (1080, 608, "video/mp4"),
            (1280, 720, "video/mp4"),
        ]
        hold(studio, sha)

        page = browser.new_page(viewport={"width": 640, "height": 360})
        page.set_default_timeout(WITHIN_MS)
        page.add_init_script(FIRST_FRAME)
        page.goto(f"{studio.url}/screen")
        code = page.wait_for_function("() => window.enseigne?.state().pairing?.code").json_value()
        pairing.claim(studio.ctx, SYSTEM, code=code, screen_id=SCREEN)
        seen = page.wait_for_function(in_stage(PLAYING)).json_value()
        assert seen["size"] == [1280, 720]
        assert seen["light"] > 200, "coloured bars, not a black frame"
        assert seen["first"] >= 2, "on the glass only once its first picture is decoded"
        later = page.wait_for_function(in_stage(f"({PLAYING})?.at > {seen['at']} + 0.2"))
        assert later.json_value()
        page.close()
