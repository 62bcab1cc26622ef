"""What the page of an instant is made of, in words."""

from __future__ import annotations

from dataclasses import dataclass

from server.web.price_words import PriceLine


@dataclass(frozen=True, slots=True)
class Lost:
    """One that was ruled out: its name, one word, the fact, and how it looks."""

    name: str
    layer: str
    word: str
    said: str
    sky: str
    picture: str


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact with its age; `left` is what remains of its life in percent, None where unknown."""

    name: str
    value: str
    age: str
    limit: str
    left: int | None
    old: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """A condition of the winner that holds, with the age of its fact."""

    text: str
    age: str


@dataclass(frozen=True, slots=True)
class Block:
    """A turn of the round as it is drawn: its place and width in thousandths."""

    number: int
    title: str
    sky: str
    x: int
    width: int
    current: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """A turn that was."""

    at: str
    title: str
    said: str


@dataclass(frozen=True, slots=True)
class WhyWords:
    """The whole page."""

    first: str
    second: str
    title: str
    layer: str
    win: str
    marked: tuple[Marked, ...]
    notes: tuple[str, ...]
    held: bool
    lost: tuple[Lost, ...]
    turns: tuple[Lost, ...]
    elsewhere: tuple[Lost, ...]
    facts: tuple[FactLine, ...]
    more_facts: tuple[FactLine, ...]
    round_title: str
    blocks: tuple[Block, ...]
    pin: int
    next: str
    past: tuple[Gone, ...]
    device: str
    instant: str
    basis: str
    page: str
    troubles: tuple[str, ...]
    prices: tuple[PriceLine, ...]
    ages_lost: bool
