"""Texts by language and freshness gates, as several messages carry them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from playlists.errors import Invalid
from playlists.fields import Fields, row, text, whole
from playlists.ids import Json, SourceId

MAX_LANGUAGES = 16
MAX_LINE = 400
"""Characters of one text on a screen."""
MAX_NAME = 140
"""Characters of a channel, source or live text's name."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

Texts = Mapping[str, Mapping[str, str]]
"""By language, then by part."""


def texts_from(
    given: Fields, name: str, needed: Collection[str], allowed: Collection[str]
) -> Texts:
    """Read texts: parts `needed` must be there, `allowed` may, others are a later format's."""
    found = {}
    for language, _ in given.members(name, MAX_LANGUAGES):
        parts = given.fields(name).fields(language)
        if not _LANGUAGE.fullmatch(language):
            raise Invalid("A language is written like fr or fr-BE.", parts.path)
        found[language] = {
            part: parts.text(part, MAX_LINE, empty=True)
            for part in (*needed, *allowed)
            if part in needed or parts.has(part)
        }
    return found


def texts_json(texts: Texts) -> Json:
    """Write texts."""
    return {language: dict(parts) for language, parts in texts.items()}


def gate_from(given: Fields, name: str) -> tuple[SourceId, int]:
    """Read a gate `[source, max age in milliseconds]`."""
    path = given.at(name)
    source, max_age = row(given.value(name), path, 2)[:2]
    return SourceId(text(source, path, MAX_NAME)), whole(max_age, path, 1)
