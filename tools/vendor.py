"""Copy browser libraries out of npm packages into the folders that serve them.

    .venv/bin/python tools/vendor.py           fetch what tools/vendor.toml lists, with `npm pack`
    .venv/bin/python tools/vendor.py --check   compare what is here with its VENDORED.md; no network

Each folder gets a VENDORED.md: name, version, licence and the sha256 of every file.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTE = "VENDORED.md"
ROW = re.compile(r"^\| (?P<file>\S+) \| .* \| `(?P<sha256>[0-9a-f]{64})` \|$", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """One npm package, and which of its files go where."""

    name: str
    version: str
    into: str
    files: dict[str, str]


def wanted() -> list[Package]:
    """What tools/vendor.toml lists."""
    listed = tomllib.loads((ROOT / "tools/vendor.toml").read_text())
    return [Package(**entry) for entry in listed["package"]]


def fetch(package: Package, scratch: Path) -> Path:
    """Unpack a package as npm delivers it; the folder of its files."""
    command = ["npm", "pack", "--json", "--silent", f"--pack-destination={scratch}"]
    command.append(f"{package.name}@{package.version}")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=scratch)
    answer = json.loads(done.stdout)
    packed = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
    inside = scratch / f"{package.name}-{package.version}".replace("/", "-")
    with tarfile.open(scratch / Path(packed["filename"]).name) as archive:
        archive.extractall(inside, filter="data")
    return next(inside.iterdir())


def copy(package: Package, source: Path) -> list[str]:
    """Copy the listed files; their rows for VENDORED.md."""
    licence = json.loads((source / "package.json").read_text())["license"]
    rows = []
    for inside, name in sorted(package.files.items(), key=lambda pair: pair[1]):
        content = (source / inside).read_bytes()
        (ROOT / package.into / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        rows.append(f"| {name} | {package.name} | {package.version} | {licence} | `{digest}` |")
    return rows


def write_note(folder: Path, rows: list[str]) -> None:
    """Say what a folder holds and where it is from."""
    head = "# Vendored files\n\nWritten by tools/vendor.py from npm packages; do not edit.\n\n"
    head += "| file | package | version | licence | sha256 |\n|---|---|---|---|---|\n"
    (folder / NOTE).write_text(head + "\n".join(rows) + "\n")


def check(folder: Path) -> list[str]:
    """What in a vendored folder differs from its note; empty when nothing does."""
    noted = {row["file"]: row["sha256"] for row in ROW.finditer((folder / NOTE).read_text())}
    held = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and path.name != NOTE
    }
    return sorted(str(folder / name) for name, _ in noted.items() ^ held.items())


def main() -> None:
    """Fetch everything, or check everything."""
    packages = wanted()
    folders = sorted({package.into for package in packages})
    if sys.argv[1:] == ["--check"]:
        wrong = sorted({path for folder in folders for path in check(ROOT / folder)})
        sys.exit("differs from its VENDORED.md: " + ", ".join(wrong) if wrong else 0)
    rows: dict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        for package in packages:
            (ROOT / package.into).mkdir(parents=True, exist_ok=True)
            rows[package.into] += copy(package, fetch(package, Path(scratch)))
    for folder in folders:
        write_note(ROOT / folder, rows[folder])
        print(f"{folder}: {len(rows[folder])} files")


if __name__ == "__main__":
    main()
