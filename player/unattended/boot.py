"""The file on the boot partition: read at each start of the computer, before the player starts.

Whoever writes the card, on whatever computer, can write it; what it says wins over what was set
before. A mistake in it changes nothing: it is told in a file beside it, and the player goes on.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from player.cache.files import write_atomic
from player.config import BadConfig
from player.errors import NoRoom
from player.unattended.settings import as_environment_file, environment, read_pairs

FILES = ("boot/firmware/enseigne.txt", "boot/enseigne.txt")
"""Below the root, in this order; the first that is there is read."""
SETTINGS = Path("etc/enseigne-player/player.conf.d")
MAX_BYTES = 64 * 1024


def apply(root: Path) -> Path | None:
    """Put the boot file's settings in force; its path, None where there is none.

    Raises BadConfig, after it is written beside the file too, and OSError.
    """
    path = next((root / name for name in FILES if (root / name).is_file()), None)
    if path is None:
        return None
    error = path.with_name("enseigne-error.txt")
    try:
        told = environment(read_pairs(_lines(path)), path.parent)
    except BadConfig as why:
        with suppress(OSError, NoRoom):  # a card that cannot be written: the journal has it
            _keep(error, f"{why}\n")
        raise
    with suppress(OSError):  # a boot partition that is read-only keeps the old word, not the player
        error.unlink(missing_ok=True)
    put(root, "20-boot.conf", told, f"From {path.name} on the boot partition, at each start.")
    return path


def put(root: Path, name: str, told: dict[str, str], why: str) -> None:
    """Write one file of settings, where it is not so already: a card wears out."""
    folder = root / SETTINGS
    folder.mkdir(parents=True, exist_ok=True)
    _keep(folder / name, as_environment_file(told, why))


def _lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadConfig(f"{path.name} has over {MAX_BYTES} bytes.")
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BadConfig(f"{path.name} is no text in UTF-8: save it as UTF-8.") from None


def _keep(path: Path, text: str) -> None:
    data = text.encode()
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)
        path.chmod(0o644)
