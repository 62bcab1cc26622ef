"""Writes the golden vectors: `python -m tests.contract.generate`. Answers come from the oracle.

A file of vectors/ is {"about", "plans": {name: plan or null}, "cases": [{"name", "plan", "offers",
"freshness", "held", "overrides", "now", "walk"?, "want"}]}; objects.json is said in objects.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playlists.ids import canonical, sha256
from tests.contract.asking import Scenario
from tests.contract.objects import objects_doc
from tests.contract.oracle import answer, answers
from tests.contract.scenarios import SCENARIOS

VECTORS = Path(__file__).parent / "vectors"

Doc = dict[str, Any]


def vectors() -> dict[str, str]:
    """Every vector file's name and text."""
    files = {f"{topic}.json": vector_doc(topic, made) for topic, made in SCENARIOS.items()}
    files["objects.json"] = objects_doc()
    return {name: _text(doc) for name, doc in files.items()}


def vector_doc(topic: str, scenarios: list[Scenario]) -> Doc:
    """The document of one topic, plans shared by its cases."""
    plans: Doc = {}
    cases: list[Doc] = []
    for scenario in scenarios:
        title = scenario.__name__.replace("_", " ")
        for name, plan, asked in scenario():
            key = "none" if plan is None else sha256(canonical(plan))[:8]
            plans[key] = plan
            want = (answers if "walk" in asked else answer)(plan, asked)
            cases.append({"name": f"{title}: {name}", "plan": key, **asked, "want": want})
    return {"about": f"slot_at: {topic}", "plans": plans, "cases": cases}


def _text(doc: Doc) -> str:
    """JSON with one plan or case a line, so that a change reads well in a diff."""
    lines = []
    for name, part in doc.items():
        if isinstance(part, dict):
            rows = [f"{json.dumps(key)}: {_line(value)}" for key, value in part.items()]
            body = "{\n" + ",\n".join(rows) + "\n}"
        elif isinstance(part, list):
            body = "[\n" + ",\n".join(_line(value) for value in part) + "\n]"
        else:
            body = _line(part)
        lines.append(f"{json.dumps(name)}: {body}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for file_name, text in vectors().items():
        (VECTORS / file_name).write_text(text)
