"""The page of an instant as plain text, to be copied into a mail."""

from __future__ import annotations

from collections.abc import Iterable

from server.web.phrases import Language, say
from server.web.why_shapes import FactLine, Lost, WhyWords


def why_text(words: WhyWords, language: Language) -> str:
    """All that the page says, in its order."""
    parts = [
        [f"{words.first} {words.second}", words.instant, words.device, words.basis, words.page],
        words.troubles,
        [words.win, *(f"{one.text} ({one.age})" for one in words.marked), *words.notes],
        _titled(
            "prices_shown",
            (_row(one.name, one.value, one.said, one.proof) for one in words.prices),
            language,
        ),
        _titled("ruled_out", map(_lost, (*words.lost, *words.elsewhere)), language),
        _titled("facts_used", map(_fact, (*words.facts, *words.more_facts)), language),
    ]
    said = ("\n".join(line for line in part if line) for part in parts)
    return "\n\n".join(part for part in said if part)


def _titled(key: str, lines: Iterable[str], language: Language) -> list[str]:
    found = [f"- {line}" for line in lines]
    return [say(key, language), *found] if found else []


def _lost(one: Lost) -> str:
    return _row(one.name, one.layer, one.word, one.said)


def _fact(one: FactLine) -> str:
    return _row(one.name, one.value, f"{one.age} {one.limit}".strip())


def _row(*cells: str) -> str:
    return " · ".join(cell for cell in cells if cell)
