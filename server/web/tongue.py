"""Sentences in the reader's language, typed: English as written, French from the catalogues."""

from __future__ import annotations

import unicodedata
from typing import Any

import flask_babel

from server import said as errors

FROM_RIGHT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})
"""Classes of characters that are written from the right (Unicode UAX 9)."""
ISOLATE, POP = "\u2068", "\u2069"
"""Keep what stands between them from turning around what stands beside it."""


def gettext(message: str, **values: object) -> str:
    """A sentence, its `%(name)s` filled in."""
    return str(flask_babel.gettext(message, **_apart(values)))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """A sentence that counts; `%(num)s` is the number."""
    return str(flask_babel.ngettext(one, many, number, **_apart(values)))


def said(message: str) -> str:
    """An error's sentence, as it was raised, in the reader's language."""
    locale = flask_babel.get_locale()
    return errors.said(message, locale.language if locale is not None else "en")


def kept(sentence: str) -> str:
    """A sentence as the name of something: without the marks that only set its parts in a page."""
    return sentence.replace(ISOLATE, "").replace(POP, "")


def _apart(values: dict[str, object]) -> dict[str, Any]:
    """What a sentence is filled in with; names written from the right are set apart, so that the
    sentence around them stays in its order.
    """
    return {
        key: f"{ISOLATE}{value}{POP}" if isinstance(value, str) and _from_right(value) else value
        for key, value in values.items()
    }


def _from_right(text: str) -> bool:
    return not text.isascii() and any(
        unicodedata.bidirectional(char) in FROM_RIGHT for char in text
    )
