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


class ExplainedShape(Shape):
    """One zone at one instant. `winner` null is the slate; `sentences` say it all to a person."""

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
    sentences: list[str]


@blueprint.get("/explain")
@operation("explain", ExplainedShape, query=ExplainQuery, errors=(404,))
def explain_screen(call: Call, query: ExplainQuery) -> Done:
    """Why a zone of a screen shows what it shows, at any instant past, present or future."""
    at = call.ctx.clock() if query.at is None else query.at
    found = explain(call.ctx, call.actor, query.screen, at, ZoneId(query.zone))
    return Done({"screen": query.screen, **_body(found, query.lang)})


def _body(found: Explained, lang: Literal["fr", "en"]) -> dict[str, Any]:
    why, shown = found.explanation, found.playing.shown
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
        "sentences": list(explanation_text(why, lang)),
    }
