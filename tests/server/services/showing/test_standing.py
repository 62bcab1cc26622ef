"""How a screen stands, by what its device says of itself; over both databases."""

from __future__ import annotations

from playlists.wire.door import Report
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens.screen_states import record_reports
from server.services.showing.standing import Roll
from tests.support.record import TestClock
from tests.support.small_shop import lay_out
from tests.support.studio import pair

SAID = {"lille-window": {"display_on": False}, "prado-window": {"display_on": "false?"}}


def test_a_display_is_dark_where_its_device_says_so(any_ctx: Context, clock: TestClock) -> None:
    ctx, now = any_ctx, clock()
    lay_out(ctx)
    for screen, device in SAID.items():
        pair(ctx, screen)
        report = Report(1, {}, 0, 0, 20, {}, device=device)
        record_reports(ctx, {screen: (now, report.to_json())})
    with ctx.db.read() as session:
        found = Roll(session, SYSTEM, now, 30).standings()
    assert {screen for screen, one in found.items() if one.is_dark} == {"lille-window"}
    assert {one.state for screen, one in found.items() if screen in SAID} == {"plan"}
