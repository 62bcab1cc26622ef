"""What a screen says is wrong with it, in plain words, the longest standing first."""

from __future__ import annotations

from collections.abc import Mapping

from server.web.clock import NBSP, when
from server.web.phrases import PHRASES, Language, counted, say, sentence


def trouble_lines(
    troubles: Mapping[str, int], now: int, zone: str, language: Language
) -> tuple[str, ...]:
    """A line for each trouble with its since-when (unix ms)."""
    return tuple(
        sentence(_said(code, when(since, now, zone, language), language))
        for code, since in sorted(troubles.items(), key=lambda one: (one[1], one[0]))
    )


def trouble_line(troubles: Mapping[str, int], now: int, zone: str, language: Language) -> str:
    """All of them in one line; empty where there is none."""
    lines = trouble_lines(troubles, now, zone, language)
    if len(lines) < 2:
        return "".join(lines)
    more = counted("trouble_and", len(lines) - 1, language)
    return f"{lines[0]}{NBSP if language == 'fr' else ''}; {more}"


def _said(code: str, at: str, language: Language) -> str:
    return say("trouble_since", language, what=_what(code, language), at=at)


def _what(code: str, language: Language) -> str:
    """A code of a newer player is told as it is."""
    known = f"trouble_{code}"
    return say(known, language) if known in PHRASES else say("trouble_other", language, code=code)
