"""Says an error's sentence in French. Errors are raised in English, with their parts filled in; the
catalogue of errors (web/translations/fr/errors.po) holds each as it stands in the code, with its
parts as %(name)s, and finds it again by the words around them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "web/translations"
PART = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """Sentences without parts, and patterns of those with parts, the most telling first."""

    whole: dict[str, str]
    patterns: list[tuple[re.Pattern[str], str]]


def said(message: str, tongue: str) -> str:
    """An error's sentence in `tongue` (fr, en); as it is where the catalogue does not know it."""
    known = _catalogue(tongue)
    if message in known.whole:
        return known.whole[message]
    for pattern, translated in known.patterns:
        if found := pattern.fullmatch(message):
            return PART.sub(lambda part: found[part[1]], translated)
    return message


@cache
def _catalogue(tongue: str) -> _Catalogue:
    whole: dict[str, str] = {}
    parted: list[tuple[int, re.Pattern[str], str]] = []
    path = FOLDER / tongue / "errors.po"
    if path.exists():
        with path.open("rb") as file:
            for one in read_po(file, locale=tongue):
                message, translated = str(one.id), str(one.string)
                if not message or not translated:
                    continue
                pieces = PART.split(message)
                if len(pieces) == 1:
                    whole[message] = translated
                    continue
                written = "".join(
                    f"(?P<{piece}>.*)" if at % 2 else re.escape(piece)
                    for at, piece in enumerate(pieces)
                )
                weight = sum(map(len, pieces[::2]))
                parted.append((weight, re.compile(written, re.DOTALL), translated))
    parted.sort(key=lambda one: -one[0])
    return _Catalogue(whole, [(pattern, translated) for _, pattern, translated in parted])
