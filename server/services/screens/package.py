"""The player as a Debian package, made of this server's own tree: what its screens install.

What goes in: the player whole, and of the domain what the player imports. No code of either is run.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import os
import threading
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import playlists
from server.errors import NotFound
from server.services.screens.deb import Entry, installed_kib, write_deb
from server.services.screens.pages import page_folder

NAME = "enseigne-player"
CODE = f"usr/lib/{NAME}"
DEBIAN = "debian"
"""The folder beside the player's code with what only the package needs."""
AT_S = 1_767_225_600
"""The time of every file, 2026-01-01; SOURCE_DATE_EPOCH says another (reproducible-builds.org)."""
SCRIPTS = ("postinst", "prerm", "postrm")
MANUAL = "enseigne-player-setup.8"
PLACES = {
    "enseigne-player.service": "usr/lib/systemd/system/enseigne-player.service",
    "enseigne-kiosk.service": "usr/lib/systemd/system/enseigne-kiosk.service",
    "enseigne-boot.service": "usr/lib/systemd/system/enseigne-boot.service",
    "enseigne-update.path": "usr/lib/systemd/system/enseigne-update.path",
    "enseigne-update.service": "usr/lib/systemd/system/enseigne-update.service",
    "enseigne-update-undo.service": "usr/lib/systemd/system/enseigne-update-undo.service",
    "enseigne-player.sysusers": f"usr/lib/sysusers.d/{NAME}.conf",
    "72-enseigne-kiosk.rules": "usr/lib/udev/rules.d/72-enseigne-kiosk.rules",
    "enseigne-player.polkit": f"usr/share/polkit-1/rules.d/{NAME}.rules",
    "chromium-policy.json": "etc/chromium/policies/managed/enseigne-player.json",
    "enseigne-kiosk.pam": "etc/pam.d/enseigne-kiosk",
    "enseigne-player-setup": "usr/sbin/enseigne-player-setup",
    "player.conf": f"etc/{NAME}/player.conf",
    "lintian-overrides": f"usr/share/lintian/overrides/{NAME}",
    "README": f"usr/share/doc/{NAME}/README",
    "copyright": f"usr/share/doc/{NAME}/copyright",
}
"""Where the files of that folder are put."""
_LEFT_OUT = ("__pycache__", DEBIAN)
_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Package:
    """The bytes of the package, their sha256, and the version that they install."""

    version: str
    data: bytes
    sha256: str

    @property
    def file_name(self) -> str:
        """As Debian names its files."""
        return f"{NAME}_{self.version}_all.deb"


def player_package() -> Package:
    """The package of this tree: made once, in half a second, for all who ask meanwhile too. Raises
    NotFound without a player.
    """
    with _MAKING:
        return _made()


@cache
def _made() -> Package:
    at_s = int(os.environ.get("SOURCE_DATE_EPOCH", AT_S))
    player = page_folder().parent
    return build(player, Path(playlists.__file__).parent, _release(), at_s)


def build(player: Path, domain: Path, release: str, at_s: int) -> Package:
    """The package of the player's code and the domain's. Its version ends in a hash of its files,
    so that it says which code a screen runs. Raises NotFound where the tree lacks something.
    """
    debian = player / DEBIAN
    code = [*_code(player, _player_files(player)), *_code(domain, _imported(player, domain))]
    entries = [*code, *(_own(debian, name, place) for name, place in PLACES.items())]
    entries.append(_packed(f"man/man8/{MANUAL}", _read(debian / MANUAL)))
    scripts = [Entry(name, _read(debian / name), runs=True) for name in SCRIPTS]
    control = _read(debian / "control").decode()
    named = f"{release}+{_digest([*entries, *scripts, Entry('control', control.encode())])}"
    entries.append(_packed(f"doc/{NAME}/changelog", _changelog(named, at_s).encode()))
    entries.append(Entry(f"{CODE}/VERSION", f"{named}\n".encode()))
    control = control.replace("@VERSION@", named)
    control = control.replace("@INSTALLED_KIB@", str(installed_kib(entries)))
    data = write_deb(control, scripts, entries, at_s)
    return Package(named, data, hashlib.sha256(data).hexdigest())


def debian_file(name: str) -> str:
    """A text of the package's own folder. Raises NotFound."""
    return _read(page_folder().parent / DEBIAN / name).decode()


def _player_files(player: Path) -> Iterator[Path]:
    for path in sorted(player.rglob("*")):
        parts = path.relative_to(player).parts
        if path.is_file() and not set(parts) & set(_LEFT_OUT) and path.suffix != ".pyc":
            yield path


def _code(folder: Path, files: Iterable[Path]) -> Iterator[Entry]:
    for path in files:
        yield Entry(f"{CODE}/{folder.name}/{path.relative_to(folder).as_posix()}", _read(path))


def _imported(player: Path, domain: Path) -> list[Path]:
    """The modules of the domain that the player imports, by way of each other too."""
    found: set[Path] = set()
    waiting = [path for path in _player_files(player) if path.suffix == ".py"]
    while waiting:
        for path in _modules(waiting.pop(), domain):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def _modules(file: Path, domain: Path) -> Iterator[Path]:
    """The files of the domain that the imports of one file name, packages on the way included."""
    for node in ast.walk(ast.parse(_read(file))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == domain.name:
                folders = (domain.joinpath(*parts[1:end]) for end in range(1, len(parts) + 1))
                yield from (path for folder in folders for path in _sources(folder))


def _sources(module: Path) -> Iterator[Path]:
    for path in (module / "__init__.py", module.with_suffix(".py")):
        if path.is_file():
            yield path


def _own(debian: Path, name: str, place: str) -> Entry:
    is_setting = place.startswith("etc/")
    return Entry(place, _read(debian / name), place.startswith("usr/sbin/"), is_setting)


def _release() -> str:
    """The version of this server: of the package that was installed, or of this clone."""
    try:
        return version("enseigne")
    except PackageNotFoundError:
        about = tomllib.loads(_read(page_folder().parents[1] / "pyproject.toml").decode())
        return str(about["project"]["version"])


def _changelog(named: str, at_s: int) -> str:
    return (
        f"{NAME} ({named}) unstable; urgency=medium\n\n  * Made of the tree of Enseigne.\n\n"
        f" -- Enseigne <enseigne@localhost.localdomain>  {formatdate(at_s)}\n"
    )


def _packed(place: str, data: bytes) -> Entry:
    return Entry(f"usr/share/{place}.gz", gzip.compress(data, mtime=0))


def _digest(entries: Sequence[Entry]) -> str:
    whole = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        whole.update(f"{entry.path}\0{entry.runs}\0{len(entry.data)}\0".encode())
        whole.update(entry.data)
    return whole.hexdigest()[:12]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound("This server was installed without the player’s package.") from None
