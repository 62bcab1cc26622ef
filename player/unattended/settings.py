"""Settings as people write them (`server=https://…`), and as systemd reads them for the player."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from player.config import PREFIX, BadConfig, read_config

KEYS = ("server", "name", "size", "rotate", "ca", "door", "assets-mib", "chromium-flags")
"""What a computer is told; each is the option of `python -m player` of the same name."""


def read_pairs(lines: Iterable[str]) -> dict[str, str]:
    """The settings in lines of `key=value`; empty ones and comments (#) count for nothing.

    Raises BadConfig, naming the line.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        key, equals, value = words.partition("=")
        key = key.strip().lower()
        if not equals or key not in KEYS:
            raise BadConfig(f"Line {number} is no setting: {words!r}. Write one of {_all()}.")
        found[key] = value.strip()
    return found


def environment(pairs: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The player's variables for these settings; a file is looked for in `folder`.

    Raises BadConfig where the player would not start with them.
    """
    told = {PREFIX + key.upper().replace("-", "_"): value for key, value in pairs.items()}
    if told.get(PREFIX + "CA"):
        told[PREFIX + "CA"] = str(folder / told[PREFIX + "CA"])
    for name, value in told.items():
        if not value.isprintable():
            raise BadConfig(f"{name} has a character that cannot be printed.")
    read_config([], told, needs_server=False)
    return told


def as_environment_file(told: Mapping[str, str], why: str) -> str:
    """The same as a file for EnvironmentFile= (systemd.exec(5)); `why` says who wrote it."""
    lines = [f"# {why}"]
    for name, value in sorted(told.items()):
        for special in '\\"$`':
            value = value.replace(special, "\\" + special)
        lines.append(f'{name}="{value}"')
    return "\n".join((*lines, ""))


def _all() -> str:
    return ", ".join(f"{key}=" for key in KEYS)
