"""What devices say beside their reports: answers to commands, and when displays were off."""

from __future__ import annotations

from playlists.wire.commands import Answers
from server.services.base.context import Context
from server.services.screens import commands, offs
from server.services.screens.devices import Viewer


def take(ctx: Context, viewer: Viewer, said: Answers) -> int:
    """Keep it all; the number up to which the device may forget when its display was off."""
    now = ctx.clock()
    with ctx.db.write() as session:
        acked = offs.take_power(session, viewer, said.power, now)
        commands.take_answers(session, viewer, said.answers, now)
    if said.answers:
        ctx.wake()
    return acked
