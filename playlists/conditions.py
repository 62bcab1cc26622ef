"""When content may show, as a closed three-valued tree over facts that the UI can build and explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playlists.facts import FactKey, FactValue

Op = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds. An empty All is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds. An empty Any is false."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; `not UNKNOWN` is UNKNOWN."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Compare:
    """One fact against one value. Order operators take whole numbers only."""

    fact: FactKey
    op: Op
    value: FactValue


@dataclass(frozen=True, slots=True)
class Within:
    """A numeric fact lies in `[low, high]`, both ends included."""

    fact: FactKey
    low: int
    high: int


Condition = All | Any | Not | Compare | Within
