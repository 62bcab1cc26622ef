"""What an explanation says, as codes and values: the winner, every loser with its one rule, the
facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from playlists.facts import FactKey, FactValue
from playlists.ids import SourceId, ZoneId
from playlists.manifest import Why

Rule = Literal[
    "layer",
    "priority",
    "turn",
    "share",
    "airtime",
    "place",
    "dates",
    "daypart",
    "pause",
    "stock",
    "weather",
    "crowd",
    "product",
    "price",
    "asset",
    "card",
    "empty",
]
Detail = str | int | bool


@dataclass(frozen=True, slots=True)
class Loser:
    """A wish that does not show, or (with `item`) one item of it, and the one rule that ruled it
    out.

    `detail` by rule: layer (winner: its layer); priority (by: priority, target, edit or id); turn
    (waits: unix ms, where it waits for a slot to end); share (percent in basis points that
    campaigns take); place (part: stores, regions, screens, tags, radius, zone or locked); dates
    and daypart (next: unix ms, if it plays again within the days); pause (by: the override's id);
    stock, weather and crowd (fact, op, needed, high for a range, had unless unknown, negated if it
    must not be so, truth: false or unknown); product, price, asset and card (subject: the SKU,
    file or field); empty (problem, playlist).
    """

    layer: str
    wish: str
    rule: Rule
    item: str = ""
    detail: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FactUsed:
    """A fact that some wish here asks for. `value` None is unknown; it holds on `[since, until)`.

    `age_ms` is since the source was last known good, None where that was not given.
    """

    key: FactKey
    value: FactValue | None
    source: SourceId | None
    age_ms: int | None
    since: int | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One zone at one instant. `winner` None is the slate; `[since, until)` is its turn, in unix
    ms.

    `variant` and `because` are those of what was shown (see `playlists.shown.Shown`), where given.
    `time_zone` is the store's, for those who write times. Losers stand in the cascade's order.
    """

    at_ms: int
    zone: ZoneId
    time_zone: str
    winner: Why | None
    since: int
    until: int
    variant: str
    because: tuple[str, ...]
    losers: tuple[Loser, ...]
    facts: tuple[FactUsed, ...]
