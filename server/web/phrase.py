"""A phrase of the studio in both languages."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")


class Phrase(NamedTuple):
    """One phrase in both languages; `{name}` stands for a value."""

    fr: str
    en: str
