"""Why a screen shows what it shows: /api/v1/explain."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from playlists.explain import explanation_text
from playlists.ids import ZoneId
from server.api.kit import Call, Done, operation, resource
from server.api.shapes import Shape
from server.services.showing.explaining import Explained, explain
from server.services.showing.spoken import names_for

blueprint = resource("explain")

LATEST_MS = 4_102_444_800_000
"""No plan looks beyond 2100."""

Value = int | bool | str


class ExplainQuery(BaseModel):
    """Which zone of which screen, when (now where left out), told in which language."""

    screen: Annotated[str, Field(max_length=64)]
    at: Annotated[int, Field(ge=0, le=LATEST_MS, description="Unix milliseconds.")] | None = None
    zone: Annotated[str, Field(max_length=64)] = "main"
    lang: Literal["fr", "en"] = "en"


class WinnerShape(Shape):
    """The wish that put the turn there: its layer, its id, the item's id."""

    layer: str
    source: str
    item: str


class LoserShape(Shape):
    """A wish, or one item of it, that does not show, and the one rule that ruled it out."""

    layer: str
    wish: str
    item: str
    rule: str
    detail: dict[str, Value]


class FactUsedShape(Shape):
    """A fact that was asked for; `value` null is unknown."""

    key: str
    value: Value | None
    source: str | None
    age_ms: int | None
    since: int | None
    until: int | None


class HeldShape(Shape):
    """How it is known what the screen held.

    `basis`: `server` (now), `plan` (the future), `run` (its play record), `report` (its last
    report, sent at `said_at`) or `record` (what was published by
    then; the screen said nothing). `channels`: the offer versions that the screen itself named.
    """

    basis: Literal["server", "plan", "run", "report", "record"]
    said_at: int | None
    channels: dict[str, int] | None


class PriceThenShape(Shape):
    """What was said of a product's price: minor units, from which version of its channel's offers,
    on which ledger rows. `unit` and `comparison` stood beside it; `because` are the reasons of what
    did and what did not (was:lowest, prior:not_lower, unit:unreadable, comparison:no_source …).
    Without a price `off` says why; `doubt` is what the offer itself says of a missing one.
    """

    sku: str
    channel: str
    name: str
    version: int | None
    currency: str
    price: int | None
    prior: int | None
    from_ms: int | None
    until_ms: int | None
    ledger: int | None
    prior_ledger: int | None
    unit: str
    comparison: str
    because: list[str]
    off: str
    doubt: str


class PageShape(Shape):
    """The version of the page's code that drew it, by the screen's word or as the server served it.

    `kept`: its files are at /page-at/<version>/; `newest`: it is what this server serves now.
    """

    version: str
    by: Literal["screen", "server"]
    kept: bool
    newest: bool


class ExplainedShape(Shape):
    """One zone at one instant. `winner` null is the slate; its plan ends at `planned_until` (unix
    ms); `sentences` say it all to a person.
    """

    screen: str
    at: int
    zone: str
    time_zone: str
    card: str | None
    variant: str
    since: int
    until: int
    winner: WinnerShape | None
    because: list[str]
    losers: list[LoserShape]
    facts: list[FactUsedShape]
    revision: int
    held: HeldShape
    prices: list[PriceThenShape]
    page: PageShape | None
    planned_until: int
    sentences: list[str]


@blueprint.get("/explain")
@operation("explain", ExplainedShape, query=ExplainQuery, errors=(404,))
def explain_screen(call: Call, query: ExplainQuery) -> Done:
    """Why a zone of a screen shows what it shows, at any instant past, present or planned.

    Beyond the days that are planned it answers `not_planned`, and until when there are plans.
    """
    at = call.ctx.clock() if query.at is None else query.at
    found = explain(call.ctx, call.actor, query.screen, at, ZoneId(query.zone))
    names = names_for(call.ctx, found, query.lang)
    sentences = explanation_text(found.explanation, query.lang, names)
    return Done({"screen": query.screen, **_body(found), "sentences": list(sentences)})


def _body(found: Explained) -> dict[str, Any]:
    why, shown, held = found.explanation, found.playing.shown, found.held
    return {
        "at": why.at_ms,
        "zone": why.zone,
        "time_zone": why.time_zone,
        "card": shown.card,
        "variant": why.variant,
        "since": why.since,
        "until": why.until,
        "winner": None if why.winner is None else asdict(why.winner),
        "because": list(why.because),
        "losers": [{**asdict(loser), "detail": dict(loser.detail)} for loser in why.losers],
        "facts": [asdict(fact) for fact in why.facts],
        "revision": found.revision,
        "held": {
            "basis": held.basis,
            "said_at": held.said_at,
            "channels": None if held.versions is None else dict(held.versions),
        },
        "prices": [{**asdict(price), "because": list(price.because)} for price in found.prices],
        "page": None if found.page is None else asdict(found.page),
        "planned_until": found.planned_until,
    }
