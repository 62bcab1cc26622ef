"""The only libraries that the domain and the player lean on."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOMAIN_EXTRAS = {"recurrence.py": {"dateutil"}, "signing.py": {"cryptography"}}
PLAYER_LIBRARIES = {
    *("cryptography", "playlists", "player", "requests", "sdnotify", "socketio", "urllib3"),
    *("engineio", "websocket"),  # what socketio speaks through; looked after in player/link
    *("ifaddr", "zeroconf"),  # recommended, not needed: without them nothing is shared in a shop
    "segno",  # recommended, not needed: without it a token is typed, not scanned
}


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports, also inside its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def modules(package: str) -> list[Path]:
    """Every Python file of a package; never none, so that a moved folder is noticed."""
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"no Python under {package}/"
    return found


def strays(package: str, allowed: set[str], extras: dict[str, set[str]]) -> list[str]:
    """`file: library` for each import beyond the standard library and what is allowed."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package)
        for name in imported(path)
        if name not in sys.stdlib_module_names | allowed | extras.get(path.name, set())
    ]


def test_the_domain_leans_on_the_standard_library() -> None:
    assert strays("playlists", {"playlists"}, DOMAIN_EXTRAS) == []


def test_the_player_leans_on_few_libraries() -> None:
    assert strays("player", PLAYER_LIBRARIES, {}) == []


@pytest.mark.parametrize("line", ["import flask", "from PIL import Image", "import a.b as c"])
def test_an_import_is_seen_wherever_it_stands(tmp_path: Path, line: str) -> None:
    (tmp_path / "m.py").write_text(f"def late():\n    {line}\n")
    assert set(imported(tmp_path / "m.py")) < {"flask", "PIL", "a"}
