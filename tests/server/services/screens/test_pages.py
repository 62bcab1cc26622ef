"""The page's code, version by version: which one drew a screen, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from playlists.ids import Sha256, sha256
from playlists.wire.door import Report
from playlists.wire.page_tree import page_version
from server.db.models import ObjectRow, PageRow, ScreenPageRow
from server.errors import NotFound
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.keeping import retention
from server.services.keeping.retention import HISTORY_MS
from server.services.screens import pages, playback
from server.services.screens.devices import Viewer
from server.services.screens.pages import PageThen, keep_page, page_file, page_folder, page_then
from server.services.screens.screen_states import record_reports
from tests.support.record import TestClock
from tests.support.shops import open_chain

HOUR = 3_600_000
SCREEN = "lille-window"


class Served:
    """A page's folder, and the server that keeps it."""

    def __init__(self, ctx: Context, folder: Path) -> None:
        self.ctx, self.folder = ctx, folder

    def serve(self, **files: str) -> Sha256:
        """Put files there (`main` is main.js), start a worker an hour later; their version."""
        for name, text in files.items():
            (self.folder / f"{name}.js").write_text(text, "utf-8")
        assert isinstance(self.ctx.clock, TestClock)
        self.ctx.clock.advance(HOUR)
        keep_page(self.ctx, self.folder)
        there = {path.name: sha256(path.read_bytes()) for path in self.folder.glob("*.js")}
        return page_version(there)

    def at(self, at_ms: int, screen: str = SCREEN) -> PageThen | None:
        with self.ctx.db.read() as session:
            return page_then(session, screen, at_ms)

    def file(self, version: str, name: str) -> bytes:
        with self.ctx.db.read() as session:
            return page_file(session, version, name)

    def report(self, version: str, screen: str = SCREEN) -> int:
        """The screen says so an hour later; when."""
        assert isinstance(self.ctx.clock, TestClock)
        now = self.ctx.clock.advance(HOUR)
        body: dict[str, Any] = {"page": version} if version else {}
        record_reports(self.ctx, {screen: (now, body)})
        return now

    def count(self, row: Any) -> int:
        with self.ctx.db.read() as session:
            return session.scalar(select(func.count()).select_from(row)) or 0


@pytest.fixture
def served(any_ctx: Context, tmp_path: Path) -> Served:
    """The small chain, and an empty page."""
    open_chain(any_ctx)
    folder = tmp_path / "page"
    (folder / "engine").mkdir(parents=True)
    (folder / "engine" / "LICENSE").write_text("none of the page", "utf-8")
    return Served(any_ctx, folder)


def test_every_version_is_kept_with_its_files_and_shares_what_did_not_change(
    served: Served,
) -> None:
    first = served.serve(main="one", stage="same")
    then = served.ctx.clock()
    second = served.serve(main="two")
    assert served.at(then - 1) is None
    assert served.at(then) == PageThen(first, "server", kept=True, newest=False)
    assert served.at(served.ctx.clock()) == PageThen(second, "server", kept=True, newest=True)
    assert served.file(first, "main.js") == b"one"
    assert served.file(second, "main.js") == b"two"
    assert served.count(ObjectRow) == 3 + 2  # three files, two trees
    with pytest.raises(NotFound):
        served.file(first, "engine/LICENSE")


def test_the_same_page_is_not_kept_twice_and_one_that_comes_back_is_told(served: Served) -> None:
    first = served.serve(main="one")
    served.serve()
    assert served.count(PageRow) == 1
    served.serve(main="two")
    between = served.ctx.clock()
    assert served.serve(main="one") == first
    found = served.at(between)
    assert found is not None
    assert found.version != first
    assert served.at(served.ctx.clock()) == PageThen(first, "server", kept=True, newest=True)


def test_what_the_screen_itself_reported_goes_before_what_was_served(served: Served) -> None:
    old = served.serve(main="one")
    new = served.serve(main="two")
    began = served.report(old)
    assert served.at(began - 1) == PageThen(new, "server", kept=True, newest=True)
    assert served.at(began) == PageThen(old, "screen", kept=True, newest=False)
    served.report("")  # says nothing of it: what was said before stands
    moved = served.report("f" * 64)
    assert served.at(moved - 1) == PageThen(old, "screen", kept=True, newest=False)
    assert served.at(moved) == PageThen("f" * 64, "screen", kept=False, newest=False)
    assert served.at(moved, "lille-till") == PageThen(new, "server", kept=True, newest=True)
    served.report("f" * 64)
    assert served.count(ScreenPageRow) == 2
    places.delete_screen(served.ctx, SYSTEM, SCREEN)
    assert served.count(ScreenPageRow) == 0


def test_a_screen_whose_socket_is_silent_says_its_page_all_the_same(served: Served) -> None:
    first = served.serve(main="one")
    served.serve(main="two")
    said = Report(0, {}, 0, 0, None, {}, page=first)
    playback.report(served.ctx, Viewer((SCREEN,), "d" * 16), said)
    now = served.ctx.clock()
    assert served.at(now) == PageThen(first, "screen", kept=True, newest=False)
    assert served.at(now - 1) == PageThen(first, "server", kept=True, newest=False)


def test_no_other_object_is_served_as_a_file_of_the_page(served: Served) -> None:
    version = served.serve(main="one")
    for name in (sha256(b"one"), "0" * 64):  # a file is no tree
        with pytest.raises(NotFound):
            served.file(name, "main.js")
    with pytest.raises(NotFound):
        served.file(version, "../main.js")


def test_versions_go_when_no_instant_of_history_was_drawn_by_them(served: Served) -> None:
    first, said = served.serve(main="one", stage="same"), served.serve(main="two")
    served.report(said)
    third = served.serve(main="three")
    clock = served.ctx.clock
    assert isinstance(clock, TestClock)
    clock.advance(HISTORY_MS - 3 * HOUR)
    retention.sweep(served.ctx)
    assert served.file(first, "main.js") == b"one"  # its last hour is still in history
    clock.advance(2 * HOUR)
    retention.sweep(served.ctx)
    with pytest.raises(NotFound):
        served.file(first, "main.js")
    assert served.file(said, "main.js") == b"two"  # a screen has it still
    served.report(third)
    clock.advance(HISTORY_MS)
    retention.sweep(served.ctx)
    with pytest.raises(NotFound):
        served.file(said, "main.js")
    assert served.file(third, "stage.js") == b"same"
    assert served.count(PageRow) == served.count(ScreenPageRow) == 1


def test_a_screen_that_names_another_version_each_time_fills_no_table(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SCREEN_PAGES_KEPT", 3)
    last = [served.report(str(number)) for number in range(6)][-1]
    served.report("7", "lille-till")
    retention.sweep(served.ctx)
    assert served.count(ScreenPageRow) == 3 + 1
    found = served.at(last)
    assert found is not None
    assert found.version == "5"


def test_the_page_that_is_served_is_there() -> None:
    assert (page_folder() / "still.js").is_file()
