"""What a brand may say, and how well its colours read on a shop screen.

Contrast is that of WCAG 2.2 (1.4.3, relative luminance of sRGB). A screen is read at five metres:
below 4.5 a colour is refused, below 7 it carries large words alone and the person is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from playlists.fields import sha, text
from playlists.manifest import BRAND_DRAWINGS
from server.errors import BadInput
from server.services.base.editing import as_bad_input
from server.services.base.wording import check_wording

COLOURS = ("price", "mist", "tide", "ground", "accent")
"""Skies by what they say, the ground, and what stands out on both dark ones."""
FACES = ("bricolage", "instrument", "archivo", "encode", "fraunces")
"""Families that the page ships: player/page/brand.js."""
TYPES = ("sign", "text")
LANGUAGES = ("fr", "en")
LEGALS = ("legal", "legal_goods")
"""Lines below every card, and below cards that show goods."""
MAX_LEGAL_CHARACTERS = 180
MAX_WORDS_CHARACTERS = 200
BRAND_KEYS = (
    *("name", "slogan", *BRAND_DRAWINGS),
    *(f"colour.{name}" for name in COLOURS),
    *(f"type.{name}" for name in TYPES),
    *(f"{name}.{language}" for name in LEGALS for language in LANGUAGES),
)
INK, CHALK = "#0c222a", "#f6faf9"
LOOK = {
    "price": "#ffd552",
    "mist": "#d3e2e0",
    "tide": "#083a43",
    "ground": "#0c222a",
    "accent": "#ffcb2b",
}
"""What the look gives where a brand says nothing: player/page/look/tokens.css."""
LEAST_TENTHS, GOOD_TENTHS = 45, 70
"""Contrasts in tenths: 4.5 and 7 to 1."""

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Reading:
    """How words read on a colour: `tenths` is the contrast times ten, rounded down; `light` says
    whether the words are the light ones. `replaced`: they would not read, so a screen takes those
    of the ground itself.
    """

    part: str
    on: str
    tenths: int
    light: bool
    replaced: bool = False

    @property
    def enough(self) -> bool:
        """Whether a screen may carry it."""
        return self.replaced or self.tenths >= LEAST_TENTHS

    @property
    def good(self) -> bool:
        """Whether small words read well too."""
        return self.tenths >= GOOD_TENTHS


def contrast_tenths(one: str, other: str) -> int:
    """The contrast of two colours `#rrggbb` in tenths, rounded down (WCAG 2.2: 10 to 210)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return int((light + 0.05) / (dark + 0.05) * 10)


def readings(brand: Mapping[str, str]) -> tuple[Reading, ...]:
    """How each pair of colours that meets on a screen reads, the look's own where none is said."""
    colour = {name: brand.get(f"colour.{name}") or LOOK[name] for name in COLOURS}
    best = {part: _best(part, colour[part]) for part in ("price", "mist", "ground")}
    fixed = _words("tide", CHALK, colour["tide"], "tide")
    deep, ground = (_words("accent", colour["accent"], colour[on], on) for on in ("tide", "ground"))
    ground = replace(ground, replaced=not ground.enough and best["ground"].enough)
    return (best["price"], best["mist"], fixed, best["ground"], deep, ground)


def check_brand(brand: Mapping[str, str], field: str = "brand") -> None:
    """Raises BadInput naming the entry that is wrong, `field` before it."""
    for key, value in brand.items():
        at = f"{field}/{key}"
        if key not in BRAND_KEYS:
            raise BadInput(f"A brand has {', '.join(BRAND_KEYS)}.", field=field)
        with as_bad_input(field):
            if key in BRAND_DRAWINGS:
                sha(value, key)
                continue
            most = MAX_LEGAL_CHARACTERS if key.startswith("legal") else MAX_WORDS_CHARACTERS
            text(value, key, most)
        if key.startswith("colour.") and not _COLOUR.fullmatch(value):
            raise BadInput("Write a colour as #ffd552.", field=at, code="bad_colour")
        if key.startswith("type.") and value not in FACES:
            raise BadInput(f"Use one of {', '.join(FACES)}.", field=at, code="bad_face")
        if not key.startswith(("colour.", "type.")):
            check_wording(value, at)
    for one in readings(brand):
        if not one.enough and (said := _said(one, brand)):
            message = (
                f"Words on this colour read at {one.tenths // 10}.{one.tenths % 10} to 1; a "
                "screen needs 4.5 to 1. Take a colour further from that of its words."
            )
            raise BadInput(message, field=f"{field}/colour.{said}", code="low_contrast")
    for name in LEGALS:
        said_in = [language for language in LANGUAGES if brand.get(f"{name}.{language}")]
        if len(said_in) == 1:
            lacks = next(language for language in LANGUAGES if language not in said_in)
            message = "Say it in every language that screens speak: the law is not translated."
            raise BadInput(message, field=f"{field}/{name}.{lacks}", code="one_language")


def _said(one: Reading, brand: Mapping[str, str]) -> str:
    """Which of the two colours of a pair the brand itself says, the named one first."""
    return next((name for name in (one.part, one.on) if f"colour.{name}" in brand), "")


def _best(part: str, colour: str) -> Reading:
    dark, light = contrast_tenths(colour, INK), contrast_tenths(colour, CHALK)
    return Reading(part, part, max(dark, light), light > dark)


def _words(part: str, words: str, ground: str, on: str) -> Reading:
    return Reading(part, on, contrast_tenths(words, ground), light=True)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
