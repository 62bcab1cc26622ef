"""The templates that screens have (player/page/templates), and what a card must give each of them.

This table is where it is written: the checks hold cards to it, the API's document is made from it,
and a test holds it to what the page reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MAX_GOODS = 12
SKIES = ("mist", "night", "price", "rain", "sun", "tide")
PICTURES = ("image", "drawing")
FILMS = ("video",)
CROPS = ("whole", "middle", "top", "bottom")
"""How a good's picture is cut: not at all, or to a square around its middle or an end."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a card of one template holds.

    `words` are the texts that it paints, of which it cannot do without `needs` (empty: none);
    `settings` are parameters that are never painted as words, with the values that they know;
    `goods` is how many products it shows, least and most; `files` are the kinds of the one file
    that it shows (none: it shows none).
    """

    shows: str
    words: tuple[str, ...] = ()
    needs: str = ""
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    goods: tuple[int, int] = (0, MAX_GOODS)
    files: tuple[str, ...] = ()


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "price": Template(
            "one product and its price; without the price its name and the facts",
            words=("headline", "kicker", "cta", "facts"),
            settings={"crop": CROPS},
            goods=(1, 1),
        ),
        "trio": Template(
            "up to three products under one sky",
            words=("headline", "second", "chip"),
            settings={"sky": SKIES, "chip_icon": ("rain", "sun", "cold"), "crop": CROPS},
            goods=(1, 3),
        ),
        "elsewhere": Template(
            "a product that is sold out here and waits in another store",
            words=("headline", "here", "there", "there_note", "distance", "cta"),
            goods=(1, 1),
        ),
        "service": Template(
            "the shop's own word, with a large figure and an arrow",
            words=("headline", "second", "figure", "facts"),
            needs="headline",
            settings={"arrow": ("up", "left", "right")},
        ),
        "message": Template(
            "a few words",
            words=("headline", "second", "lead", "cta"),
            needs="headline",
            settings={"sky": SKIES, "crop": CROPS},
        ),
        "image": Template(
            "a picture, edge to edge", settings={"fit": ("contain", "cover")}, files=PICTURES
        ),
        "video": Template(
            "a film, edge to edge", settings={"fit": ("contain", "cover")}, files=FILMS
        ),
    }
)

PRICED = frozenset({"price", "trio"})
"""The templates that paint the prices of their goods; others show the goods alone."""


def described() -> str:
    """The table in words, for whoever writes cards through the API."""
    return " ".join(f"`{name}`: {_one(template)}." for name, template in TEMPLATES.items())


def _one(template: Template) -> str:
    said = [template.shows]
    if template.words:
        listed = (f"{word} (needed)" if word == template.needs else word for word in template.words)
        said.append(f"texts {', '.join(listed)}")
    for name, values in template.settings.items():
        said.append(f"parameter {name} of {', '.join(values)}")
    least, most = template.goods
    if least:
        said.append(f"{least} product" if least == most else f"{least} to {most} products")
    if template.files:
        said.append(f"one asset of kind {' or '.join(template.files)}")
    return "; ".join(said)
