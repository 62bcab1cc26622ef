"""Real pictures of screens, held against what the plan says that they show."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from playlists.ids import ItemId, PlaylistId, Sku
from playlists.model import Base, Card, Good, Item, Playlist
from playlists.wire.commands import Answer, Answers
from server.db.models import CommandFileRow, CommandRow, DeviceRow, ScreenStateRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import answering, commands
from server.services.screens.devices import Viewer
from server.services.showing import glimpses
from server.services.showing.explaining import explain
from server.services.showing.glimpses import Verdict, compare, judge
from server.services.wishes import bases, content
from tests.server.services.showing.test_shots import damaged_png
from tests.support.record import TestClock
from tests.support.small_shop import keep_file, lay_out, publish

SCREEN = "lille-window"


def drawn(seed: int, size: tuple[int, int] = (1920, 1080)) -> Image.Image:
    """A picture with something everywhere; another for each seed."""
    rng = random.Random(seed)
    picture = Image.new("RGB", size, "#204060")
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        side = rng.randrange(size[0] // 20, size[0] // 6)
        draw.ellipse((x - side, y - side, x + side, y + side), fill=rng.randrange(0xFFFFFF))
    return picture


def jpeg(picture: Image.Image, quality: int = 70) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture
def at(ctx: Context, clock: TestClock) -> int:
    """Lille's window shows one picture and nothing else; an instant amid its turn."""
    lay_out(ctx)
    real = keep_file(ctx, jpeg(drawn(1), 92), "real")
    items = (Item(ItemId("p"), Card("image", assets=(real,))),)
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId("real"), "Real", items))
    bases.set_base(ctx, SYSTEM, Base("store", "lille", PlaylistId("real")))
    publish(ctx)
    clock.advance(60_000)
    shown = explain(ctx, SYSTEM, SCREEN, ctx.clock()).playing.shown
    return (shown.since + shown.until) // 2


def said(ctx: Context, at: int) -> dict[str, object]:
    return {"zone:main": explain(ctx, SYSTEM, SCREEN, at).playing.shown.card or ""}


def told(verdict: Verdict) -> tuple[str, str]:
    return verdict.state, verdict.why


def test_the_planned_picture_is_known_again_scaled_and_in_other_light(
    ctx: Context, at: int
) -> None:
    for seen in (drawn(1), ImageEnhance.Brightness(drawn(1)).enhance(0.6)):
        verdict = compare(ctx, SCREEN, jpeg(seen.resize((1280, 720))), said(ctx, at), at)
        assert told(verdict) == ("right", "picture"), verdict
    assert verdict.like > 900


def test_another_picture_is_told_though_the_page_says_otherwise(ctx: Context, at: int) -> None:
    for seed in range(2, 8):
        verdict = compare(ctx, SCREEN, jpeg(drawn(seed)), said(ctx, at), at)
        assert told(verdict) == ("wrong", "other_picture"), verdict


def test_a_black_and_an_empty_glass_are_told(ctx: Context, at: int) -> None:
    for colour, why in (("#000000", "black"), ("#050505", "black"), ("#ffffff", "one_colour")):
        seen = jpeg(Image.new("RGB", (1280, 720), colour))
        assert told(compare(ctx, SCREEN, seen, said(ctx, at), at)) == ("wrong", why)


def test_a_glass_that_is_to_be_off_is_not_called_black(ctx: Context, at: int) -> None:
    seen = jpeg(Image.new("RGB", (1280, 720), "black"))
    assert told(compare(ctx, SCREEN, seen, {"off": True}, at)) == ("cannot", "off")


def test_a_page_that_says_it_shows_something_else_is_wrong(ctx: Context, at: int) -> None:
    verdict = compare(ctx, SCREEN, jpeg(drawn(1)), {"zone:main": "0123456789"}, at)
    assert told(verdict) == ("wrong", "other_card")


def test_a_picture_that_lies_across_is_wrong_but_not_where_the_page_turned_it(
    ctx: Context, at: int
) -> None:
    across = drawn(1).rotate(-90, expand=True)
    assert told(compare(ctx, SCREEN, jpeg(across), said(ctx, at), at)) == ("wrong", "lies")
    turned = {**said(ctx, at), "turned": 90}
    assert told(compare(ctx, SCREEN, jpeg(across), turned, at)) == ("right", "picture")


def test_nothing_is_told_at_a_cut_without_a_plan_or_of_what_is_no_picture(
    ctx: Context, at: int
) -> None:
    good, words = jpeg(drawn(1)), said(ctx, at)
    shown = explain(ctx, SYSTEM, SCREEN, at).playing.shown
    assert told(compare(ctx, SCREEN, good, words, shown.since + 100)) == ("cannot", "at_cut")
    assert told(compare(ctx, SCREEN, good, {"zone:main": "moving"}, at)) == ("cannot", "at_cut")
    assert told(compare(ctx, SCREEN, good, words, 1)) == ("cannot", "no_plan")
    for bad in (b"\xff\xd8\xffno", damaged_png()):
        assert told(compare(ctx, SCREEN, bad, words, at)) == ("cannot", "unreadable")


def test_of_a_drawn_card_the_page_is_asked_and_without_it_nothing_is_told(
    ctx: Context, at: int
) -> None:
    items = (Item(ItemId("bag"), Card("price", goods=(Good(Sku("BAG")),))),)
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId("bag"), "Bag", items))
    bases.set_base(ctx, SYSTEM, Base("store", "lille", PlaylistId("bag")))
    publish(ctx)
    shown = explain(ctx, SYSTEM, SCREEN, at + 3_600_000).playing.shown
    later = (shown.since + shown.until) // 2
    seen = jpeg(drawn(1))
    assert told(compare(ctx, SCREEN, seen, said(ctx, later), later)) == ("right", "page")
    assert told(compare(ctx, SCREEN, seen, {}, later)) == ("cannot", "no_word")


def test_a_picture_that_was_asked_for_is_judged_once(
    ctx: Context, at: int, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer((SCREEN,), "d" * 16)
    with ctx.db.write() as session:
        asked = {"kind": "screenshot", "arguments": {}, "by": "Ana"}
        row = CommandRow(
            id="shot", screen_id=SCREEN, jws="", issued_at=at, deadline=at + 1, **asked
        )
        row.file = "image/jpeg"
        session.add(row)
        before = {"seen_at": at, "connected": True, "report": {}, "glass_wrong": 1}
        session.add(ScreenStateRow(screen_id=SCREEN, **before))
        session.flush()
        session.add(CommandFileRow(command_id="shot", data=jpeg(drawn(1))))
    answer = Answer("shot", "done", "", at, {**said(ctx, at), "at": at})  # type: ignore[dict-item]
    answering.take(ctx, viewer, Answers((answer,)))
    judge(ctx, viewer, (answer,))
    found = commands.get_command(ctx, SYSTEM, SCREEN, "shot")
    assert (found.verdict["state"], found.verdict["why"]) == ("right", "picture")
    with ctx.db.read() as session:
        assert session.get_one(ScreenStateRow, SCREEN).glass_wrong is None
    monkeypatch.setattr(glimpses, "compare", lambda *given: pytest.fail("judged already"))
    judge(ctx, viewer, (answer,))


@pytest.mark.parametrize("off", [-(2**53), -3_600_000, 3_600_000, 2**52])
def test_a_picture_is_of_no_instant_that_only_a_wrong_clock_has(
    ctx: Context, at: int, clock: TestClock, off: int
) -> None:
    viewer = Viewer((SCREEN,), "d" * 16)
    clock.now = at
    with ctx.db.write() as session:
        player = {"name": "", "caps": {"agent": True}, "paired_at": 0}
        session.add(DeviceRow(screen_id=SCREEN, public_key=b"k", **player))
    shot = commands.send(ctx, SYSTEM, SCREEN, "screenshot").id
    commands.take_file(ctx, viewer, shot, jpeg(drawn(2)))
    answer = Answer(shot, "done", "", at, {"at": at + off})
    answering.take(ctx, viewer, Answers((answer,)))
    judge(ctx, viewer, (answer,))
    found = commands.get_command(ctx, SYSTEM, SCREEN, shot).verdict
    assert (found["state"], found["why"], found["at"]) == ("wrong", "other_picture", at)
