"""The page of a screen, version by version, over HTTP: its name, and its files of then."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient

from player.display.page import Page
from server.services.base.context import Context
from server.services.screens.pages import keep_page, page_folder
from server.services.screens.screen_states import record_reports
from tests.server.api.programs import Api
from tests.support.record import TestClock
from tests.support.small_shop import Shop


def moved_on(ctx: Context, clock: TestClock, folder: Path) -> None:
    """The server served this page, and an hour later another one."""
    keep_page(ctx)
    clock.advance(3_600_000)
    (folder / "still.js").write_text("export class Still {}", "utf-8")
    keep_page(ctx, folder)


def test_server_and_player_agent_name_a_version_alike(ctx: Context, client: FlaskClient) -> None:
    keep_page(ctx)
    told = re.search(r'name="enseigne-page" content="([^"]*)"', client.get("/screen").text)
    assert told
    assert told[1] == Page(page_folder()).digest


def test_a_past_instant_names_the_page_that_drew_it_and_has_its_files(
    ctx: Context, clock: TestClock, client: FlaskClient, shop: Shop, api: Api, tmp_path: Path
) -> None:
    then, version = ctx.clock(), Page(page_folder()).digest
    moved_on(ctx, clock, tmp_path)
    drawn = api.get(f"/explain?screen=lille-window&at={then}")["page"]
    assert drawn == {"version": version, "by": "server", "kept": True, "newest": False}
    file = f"/page-at/{version}/look/fonts.css"
    assert client.get(file).status_code == 401
    signed_in = {"Authorization": f"Bearer {api.token}"}
    answer = client.get(file, headers=signed_in)
    assert answer.data == (page_folder() / "look" / "fonts.css").read_bytes()
    assert answer.content_type == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for missing in (f"/page-at/{version}/nothing.js", f"/page-at/{'0' * 64}/main.js"):
        assert client.get(missing, headers=signed_in).status_code == 404


def test_the_screens_own_word_goes_before_the_servers(
    ctx: Context, clock: TestClock, shop: Shop, api: Api, tmp_path: Path
) -> None:
    moved_on(ctx, clock, tmp_path)
    assert api.get("/explain?screen=lille-window")["page"]["newest"]
    record_reports(ctx, {"lille-window": (clock.now, {"page": "e" * 64})})
    drawn = api.get("/explain?screen=lille-window")["page"]
    assert drawn == {"version": "e" * 64, "by": "screen", "kept": False, "newest": False}


def test_before_the_first_page_was_kept_none_is_named(shop: Shop, api: Api) -> None:
    assert api.get("/explain?screen=lille-window")["page"] is None
