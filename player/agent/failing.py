"""What is wrong when a need cannot be met, noted for people by its code, and how long it waits."""

from __future__ import annotations

from player.agent.needs import DAMAGED_RETRY_MS, FILES, LAST_RETRY_MS, Need
from player.errors import Corrupt, Denied, NoRoom, Unreachable
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


def waits_of(need: Need, error: Exception) -> tuple[int, int]:
    """The least and the most ms before it is tried again."""
    least_ms = int(error.retry_after_s * 1000) if isinstance(error, Unreachable) else 0
    is_damaged = need.kind in FILES and isinstance(error, Corrupt)
    return least_ms, DAMAGED_RETRY_MS if is_damaged else LAST_RETRY_MS


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
