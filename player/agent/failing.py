"""What is wrong when a need cannot be met, noted for people by its code."""

from __future__ import annotations

from player.agent.needs import FILES, Need
from player.errors import Denied, NoRoom, Unreachable
from player.health import Health


def note_failure(health: Health, need: Need, error: Exception) -> None:
    """Note it."""
    if isinstance(error, Unreachable):
        health.count("unreachable")
        health.note("unreachable", str(error))
    elif isinstance(error, NoRoom):
        health.note("files_full" if need.kind == "asset" else "disk_full", str(error))
    elif isinstance(error, Denied):
        health.note("server", f"The server refuses this device: {error.code}. {error}")
    else:
        health.count(f"failed:{need.kind}:{type(error).__name__}")
        if need.kind in FILES:
            health.note("files_failing", f"{need.key} cannot be had: {error}")


def note_success(health: Health, need: Need, *, complete: bool) -> None:
    """It is met; `complete`: every file of the plan is here."""
    health.clear("unreachable")
    if need.kind != "asset":
        health.clear("server")
    note_complete(health, complete=complete)


def note_complete(health: Health, *, complete: bool) -> None:
    """A file is here; `complete`: so is every other of the plan."""
    if complete:
        for code in ("files_full", "files_failing", "files_damaged"):
            health.clear(code)
