"""Forms that cannot be made: tried again, then said; a killed maker's work is done anew."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from PIL import Image

from media.errors import HelperCrashed, Reason, Refused
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.library import assets, faults, renditions
from server.services.library.renditions import RenditionView

Failing = Callable[[Exception | None], None]


@pytest.fixture
def sha(any_ctx: Context) -> str:
    """An uploaded picture; no screen hangs yet, so its thumbnail is all that is wanted."""
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(out, "PNG")
    return assets.upload(any_ctx, SYSTEM, "coat.png", [out.getvalue()]).asset.sha


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Makes every rendering fail with an error, or none any more."""
    real = renditions.renditions.image

    def fail(error: Exception | None) -> None:
        def image(*given: object) -> object:
            if error is None:
                return real(*given)  # type: ignore[arg-type]
            raise error

        monkeypatch.setattr(renditions.renditions, "image", image)

    return fail


def thumbnail(ctx: Context, sha: str) -> RenditionView:
    """The state of the only form that is wanted."""
    (view,) = assets.get_asset(ctx, SYSTEM, sha).renditions
    return view


def make_next(ctx: Context) -> bool | None:
    """What came of the next form that is due; None where none is."""
    missing = renditions.next_missing(ctx)
    return None if missing is None else renditions.make(ctx, missing)


def pass_ms(ctx: Context, ms: int) -> None:
    """Let time pass."""
    ctx.clock.advance(ms)  # type: ignore[attr-defined]


def test_what_may_pass_is_tried_again_less_and_less_often_then_said_to_have_failed(
    any_ctx: Context, sha: str, failing: Failing
) -> None:
    failing(HelperCrashed("out of luck"))
    for wait_ms in faults.RETRY_MS:
        assert make_next(any_ctx) is False
        assert make_next(any_ctx) is None, "not at once"
        view = thumbnail(any_ctx, sha)
        assert (view.state, view.reason) == ("pending", "server-fault")
        pass_ms(any_ctx, wait_ms)
    assert make_next(any_ctx) is False
    view = thumbnail(any_ctx, sha)
    assert view.state == "failed"
    assert set(view.said) == {"fr", "en"}
    pass_ms(any_ctx, faults.DAILY_MS - 1)
    assert make_next(any_ctx) is None
    pass_ms(any_ctx, 1)
    failing(None)
    assert make_next(any_ctx) is True
    assert (thumbnail(any_ctx, sha).state, thumbnail(any_ctx, sha).reason) == ("ready", "")


def test_a_file_at_fault_fails_for_good_with_medias_own_words(
    any_ctx: Context, sha: str, failing: Failing
) -> None:
    refused = Refused(Reason.TOO_MANY_PIXELS, limit_mp=80)
    failing(refused)
    assert make_next(any_ctx) is False
    view = thumbnail(any_ctx, sha)
    assert (view.state, view.reason) == ("failed", "too-many-pixels")
    assert view.said["fr"] == refused.sentence("fr")
    pass_ms(any_ctx, 365 * faults.DAILY_MS)
    assert make_next(any_ctx) is None
    assets.delete_asset(any_ctx, SYSTEM, sha)


@pytest.mark.parametrize("error", [Refused(Reason.NO_FFMPEG), OSError(28, "No space left")])
def test_a_full_disk_or_a_missing_program_may_be_mended(
    any_ctx: Context, sha: str, failing: Failing, error: Exception
) -> None:
    failing(error)
    assert make_next(any_ctx) is False
    pass_ms(any_ctx, faults.RETRY_MS[0])
    failing(None)
    assert make_next(any_ctx) is True


def test_one_file_that_fails_does_not_hold_up_the_next(
    any_ctx: Context, sha: str, failing: Failing
) -> None:
    any_ctx.media.delete(sha)
    assert make_next(any_ctx) is False
    assert thumbnail(any_ctx, sha).reason == "gone"
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "green").save(out, "PNG")
    pass_ms(any_ctx, faults.RETRY_MS[0])
    second = assets.upload(any_ctx, SYSTEM, "tent.png", [out.getvalue()]).asset.sha
    assert make_next(any_ctx) is True
    assert thumbnail(any_ctx, second).state == "ready"


def test_a_maker_killed_half_way_leaves_nothing_and_the_next_makes_it_anew(
    ctx: Context, sha_of_ctx: str
) -> None:
    folder = ctx.settings.data_dir / "media"
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from media import renditions\n"
        "from media.specs import THUMBNAIL\n"
        "from media.store import AssetStore\n"
        "store = AssetStore(sys.argv[1])\n"
        "def hang(*_):\n"
        "    print('half made', flush=True)\n"
        "    time.sleep(600)\n"
        "store.commit = hang\n"
        "with store.local_copy(sys.argv[2]) as source:\n"
        "    renditions.image(source, THUMBNAIL, store)\n"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), sha_of_ctx], stdout=subprocess.PIPE, text=True
    )
    assert maker.stdout is not None
    assert maker.stdout.readline() == "half made\n"
    os.kill(maker.pid, signal.SIGKILL)
    maker.communicate()
    assert thumbnail(ctx, sha_of_ctx).state == "pending"
    assert make_next(ctx) is True
    assert ctx.media.sweep(time.time_ns() // 1_000_000 + 1_000) > 0, "what was half made goes"
    assert ctx.media.exists(thumbnail(ctx, sha_of_ctx).sha)


@pytest.fixture
def sha_of_ctx(ctx: Context) -> str:
    """An uploaded picture of the record over SQLite."""
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(out, "PNG")
    return assets.upload(ctx, SYSTEM, "coat.png", [out.getvalue()]).asset.sha


def test_the_makers_thread_goes_on_after_a_failure_until_it_is_stopped(
    ctx: Context, sha_of_ctx: str, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(HelperCrashed("once"))
    stop = threading.Event()
    looked = threading.Event()
    real = renditions.next_missing

    def looking(looking_ctx: Context) -> renditions.Missing | None:
        found = real(looking_ctx)
        if found is None:
            looked.set()
        return found

    monkeypatch.setattr(renditions, "next_missing", looking)
    maker = threading.Thread(target=renditions.run, args=(ctx, stop))
    maker.start()
    assert looked.wait(30), "the failure is passed over"
    assert thumbnail(ctx, sha_of_ctx).reason == "server-fault"
    stop.set()
    maker.join(30)
    assert not maker.is_alive()
