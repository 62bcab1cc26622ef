"""Makes the computer a screen: no desktop, and nothing to read or to blink while it starts.

Everything that is changed is noted, so that `give_back` leaves what was there before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from player.cache.files import write_atomic

NOTES = Path("etc/enseigne-player/taken.json")
KERNEL = (
    "quiet",
    "loglevel=3",
    "logo.nologo",
    "vt.global_cursor_default=0",
    "consoleblank=0",
    "cgroup_enable=memory",  # Raspberry Pi OS leaves it off; MemoryMax= counts nothing without it
)
"""Words of the kernel's command line."""
CMDLINES = ("boot/firmware/cmdline.txt", "boot/cmdline.txt")
FIRMWARE = ("boot/firmware/config.txt", "boot/config.txt")
NO_RAINBOW = "\n# enseigne-player\n[all]\ndisable_splash=1\n"
GRUB = Path("etc/default/grub.d/enseigne-player.cfg")
GRUB_TEXT = (
    f'GRUB_CMDLINE_LINUX_DEFAULT="{" ".join(KERNEL[:-1])}"\nGRUB_TIMEOUT=1\n'
    "GRUB_TIMEOUT_STYLE=hidden\n"
)
DESKTOP, CONSOLE = "graphical.target", "multi-user.target"

Run = Callable[[Sequence[str]], str]
"""Runs a command and returns what it prints; "" where it cannot be run."""


def take(root: Path, run: Run) -> None:
    """Make it a screen; again and again without harm. Raises OSError."""
    notes = _notes(root)
    _quiet_kernel(root, notes)
    _no_rainbow(root, notes)
    if (root / "usr/sbin/update-grub").exists() and not (root / GRUB).exists():
        (root / GRUB).parent.mkdir(parents=True, exist_ok=True)
        (root / GRUB).write_text(GRUB_TEXT)
        run(["update-grub"])
    if "target" not in notes and run(["systemctl", "get-default"]).strip() == DESKTOP:
        notes["target"] = DESKTOP
        run(["systemctl", "set-default", CONSOLE])
    run(["systemctl", "--no-block", "stop", "display-manager.service"])
    (root / NOTES).parent.mkdir(parents=True, exist_ok=True)
    write_atomic(root / NOTES, json.dumps(notes).encode())


def give_back(root: Path, run: Run) -> None:
    """Undo what `take` did. Raises OSError."""
    notes = _notes(root)
    for name, words in notes.get("kernel", {}).items():
        path = root / name
        if path.is_file():
            kept = [word for word in path.read_text().split() if word not in words]
            write_atomic(path, (" ".join(kept) + "\n").encode())
    for name in notes.get("firmware", []):
        path = root / name
        if path.is_file():
            write_atomic(path, path.read_text().replace(NO_RAINBOW, "").encode())
    if (root / GRUB).exists():
        (root / GRUB).unlink()
        run(["update-grub"])
    if "target" in notes:
        run(["systemctl", "set-default", notes["target"]])
    (root / NOTES).unlink(missing_ok=True)


def _notes(root: Path) -> dict[str, Any]:
    try:
        notes = json.loads((root / NOTES).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _quiet_kernel(root: Path, notes: dict[str, Any]) -> None:
    """Add what lacks to the one line of a Raspberry Pi's cmdline.txt."""
    name = next((name for name in CMDLINES if (root / name).is_file()), None)
    if name is None:
        return
    words = (root / name).read_text().split()
    added = [word for word in KERNEL if word not in words]
    if added:
        held = notes.setdefault("kernel", {})
        held[name] = sorted({*held.get(name, []), *added})
        write_atomic(root / name, (" ".join([*words, *added]) + "\n").encode())


def _no_rainbow(root: Path, notes: dict[str, Any]) -> None:
    """A Raspberry Pi's firmware shows colours before the kernel starts, unless told not to."""
    name = next((name for name in FIRMWARE if (root / name).is_file()), None)
    if name is None:
        return
    text = (root / name).read_text()
    if "disable_splash=1" not in text:
        notes["firmware"] = sorted({*notes.get("firmware", []), name})
        write_atomic(root / name, (text.rstrip("\n") + "\n" + NO_RAINBOW).encode())
