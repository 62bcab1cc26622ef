"""Runs contract documents through the page's engine in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NODE = shutil.which("node")


def replay_in_node(docs: Iterable[dict[str, Any]]) -> tuple[int, list[str]]:
    """How many cases node replayed, and a line for each that came out otherwise (20 at most)."""
    with subprocess.Popen(
        [str(NODE), str(HERE / "replay_lines.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        for doc in docs:
            node.stdin.write(json.dumps(doc) + "\n")
        node.stdin.close()
        said = node.stdout.read()
    assert node.returncode == 0, said
    found = json.loads(said)
    return found["count"], found["wrong"]
