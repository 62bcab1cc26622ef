"""What a command came to, and how what goes wrong on the way is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from player.machine.tools import short
from playlists.errors import Invalid
from playlists.wire.commands import MAX_SAID, State
from playlists.wire.door import Cap


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to."""

    state: State
    said: str
    detail: Mapping[str, Cap] = field(default_factory=dict)


Job = Callable[[], Outcome | None]
"""What takes a while; None: it is answered later."""


def attempted(job: Job) -> Outcome | None:
    """Do it; what goes wrong is an outcome too."""
    try:
        return job()
    except Invalid as wrong:
        return Outcome("refused", f"{wrong.field}: {wrong}"[:MAX_SAID])
    except Exception as wrong:  # whatever it is, the screen plays on and the server hears of it
        return Outcome("failed", short(f"{type(wrong).__name__}: {wrong}"))


def came_back(kind: str, is_rebooted: bool) -> Outcome:
    """What a command came to that the player was in when it ended."""
    if kind == "restart":
        return Outcome("done", "The player was restarted and is back.")
    if kind == "reboot" and is_rebooted:
        return Outcome("done", "The machine was restarted and is back.")
    if kind == "reboot":
        return Outcome("failed", "The player came back, but the machine was not restarted.")
    return Outcome("failed", "The player was restarted before this was done.")
