"""Refresh requirements/*.txt from pyproject.toml: every version and every file hash, no address.

Run `.venv/bin/python tools/lock.py` after a change of dependencies, or with `--upgrade` to take
newer releases. Needs `uv` (`pip install uv`), which is not itself a dependency of the project.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "run": ("player", "demo"),
    "test": ("player", "demo", "lan", "test"),
}
ADDRESS = re.compile(
    r"^(--(extra-)?index-url|--find-links|-f|-i)\b|https?://|file://", re.MULTILINE
)


def compile_lock(uv: str, name: str, extras: tuple[str, ...], options: list[str]) -> None:
    """Write requirements/NAME.txt for all platforms and Python 3.11 on."""
    out = ROOT / "requirements" / f"{name}.txt"
    command = [uv, "pip", "compile", "pyproject.toml", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
    command += ["--custom-compile-command", "tools/lock.py", "--output-file", str(out)]
    command += [f"--extra={extra}" for extra in extras]
    if name != "run":
        command += ["--constraint", "requirements/run.txt"]
    subprocess.run([*command, *options], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    if found := ADDRESS.search(out.read_text()):
        sys.exit(f"{out.name} names an address ({found.group()!r}): it must hold hashes only.")
    print(f"{out.relative_to(ROOT)}: {out.read_text().count('==')} packages")


def main() -> None:
    """Refresh every lock, the smaller first, since the larger is held to it."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("tools/lock.py needs uv: pip install uv")
    for name, extras in LOCKS.items():
        compile_lock(uv, name, extras, sys.argv[1:])


if __name__ == "__main__":
    main()
