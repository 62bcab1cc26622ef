"""The table of limits in docs/guides/operate.md, from server/config.py: run, it is written anew;
`--check` says whether it stands as it should.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import itertools

from server.config import Settings

GUIDE = Path(__file__).parent.parent / "docs/guides/operate.md"
BEGIN, END = "<!-- limits: written by tools/limits.py -->", "<!-- end of limits -->"
UNITS = {
    "bytes_per_person": "bytes a person",
    "_ms": "milliseconds",
    "_s": "seconds",
    "_bytes": "bytes",
    "_rows": "rows",
    "_percent": "percent",
    "_days": "days",
    "_per_minute": "a minute",
    "_per_hour": "an hour",
    "minutes_per_day": "minutes a day",
    "_minutes": "minutes",
    "_per_person": "a person",
}
"""What a setting is counted in, by the end of its name."""
MACHINE = {"planner_processes"}
"""Its default is the machine's, so that it differs from one to the next."""


def limits() -> dict[str, tuple[str, str, str]]:
    """Each limit: its unit, its default, what it says."""
    said = _said()
    found: dict[str, tuple[str, str, str]] = {}
    for name, field in Settings.model_fields.items():
        if field.annotation not in (int, float) or name.endswith("port"):
            continue
        unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
        default = "the machine's" if name in MACHINE else str(field.default)
        found[name] = (unit, default, said.get(name, ""))
    return found


def table() -> str:
    """The table as it stands in the guide."""
    rows = ["| Variable | Default | Unit | |", "|---|---|---|---|"]
    for name, (unit, default, said) in limits().items():
        rows.append(f"| `ENSEIGNE_{name.upper()}` | {default} | {unit} | {said} |")
    return "\n".join(rows)


def in_guide() -> str:
    """What stands there now."""
    return GUIDE.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def _said() -> dict[str, str]:
    """The sentence under each setting in the code."""
    tree = ast.parse(inspect.getsource(Settings))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found: dict[str, str] = {}
    for field, after in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(after.value.value).split())
    return found


def main() -> None:
    """Write the table, or say that it is an old one."""
    if "--check" in sys.argv[1:]:
        sys.exit(None if in_guide() == table() else "Run tools/limits.py: the table is an old one.")
    text = GUIDE.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    GUIDE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")


if __name__ == "__main__":
    main()
