"""How displays are switched, /api/v1/screens/…/display and /api/v1/stores/…/display, and when they
were off, /api/v1/screens/…/power.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field

from server.api.kit import NOTHING, Call, Done, operation, resource
from server.api.shapes import Ms, PageQuery, Shape, Stretch, Version
from server.services.base.editing import Versioned
from server.services.base.paging import Cut
from server.services.screens import displays, offs
from server.services.screens.displays import Display, DisplayView
from server.services.screens.power_plans import Mode, Night, Rule

blueprint = resource("displays")


class DisplayEdit(Shape):
    """When a display is on: always, in the store's `hours` with minutes around them, or in hours of
    its `own` (seven days from Monday, minutes from midnight); and the law of the night that reaches
    it: `advert` (code de l’environnement R. 581-35), `sign` (R. 581-59) or none.
    """

    mode: Mode = "always"
    before_min: Annotated[int, Field(ge=0, le=displays.MAX_MARGIN_MIN)] = 0
    after_min: Annotated[int, Field(ge=0, le=displays.MAX_MARGIN_MIN)] = 0
    hours: Annotated[list[Annotated[list[Stretch], Field(max_length=8)]], Field(max_length=7)] = []
    night: Night = "none"
    shots_min: Annotated[
        int, Field(ge=0, le=1_440, description="Minutes between pictures; 0: when asked.")
    ] = 0


class OffShape(Shape):
    """A stretch in which the display is to be off."""

    from_ms: Ms
    until_ms: Ms
    why: Literal["hours", "law"]


class DisplayShape(DisplayEdit):
    """A screen's rule, or its store's where `of_store`, and the stretches that follow from it.
    Version 0: none was set here.
    """

    of_store: bool
    version: Version
    off: list[OffShape]


class PowerRunShape(Shape):
    """A stretch that the device says its display was off, by which means; chained by its hash."""

    seq: int
    hash: str
    prev: str
    from_ms: int
    until_ms: int
    why: str
    how: str
    said: str
    follows: bool
    received_at: int


class PowerRunPage(Shape):
    """Some stretches, newest first."""

    items: list[PowerRunShape]
    next: str


@blueprint.get("/screens/<screen_id>/display")
@operation("devices", DisplayShape, versioned=True, errors=(404,))
def get_display(call: Call, screen_id: str) -> Done:
    """How a screen's display is switched."""
    return _shown(displays.of_screen(call.ctx, call.actor, screen_id))


@blueprint.put("/screens/<screen_id>/display")
@operation("devices", DisplayShape, body=DisplayEdit, edits=True, versioned=True)
def set_display(call: Call, screen_id: str, body: DisplayEdit, if_version: int | None) -> Done:
    """Give a screen a rule of its own."""
    displays.set_display(call.ctx, call.actor, f"screen:{screen_id}", _wish(body), if_version)
    return _shown(displays.of_screen(call.ctx, call.actor, screen_id))


@blueprint.delete("/screens/<screen_id>/display")
@operation("devices", status=204, edits=True)
def clear_display(call: Call, screen_id: str, if_version: int | None) -> Done:
    """Leave it to its store's rule."""
    displays.set_display(call.ctx, call.actor, f"screen:{screen_id}", None, if_version)
    return NOTHING


@blueprint.get("/stores/<store_id>/display")
@operation("devices", DisplayShape, versioned=True, errors=(404,))
def get_store_display(call: Call, store_id: str) -> Done:
    """How the displays of a store's screens without a rule of their own are switched."""
    return _shown(displays.of_store(call.ctx, call.actor, store_id))


@blueprint.put("/stores/<store_id>/display")
@operation("devices", DisplayShape, body=DisplayEdit, edits=True, versioned=True)
def set_store_display(call: Call, store_id: str, body: DisplayEdit, if_version: int | None) -> Done:
    """Say how the displays of a store's screens without a rule of their own are switched."""
    displays.set_display(call.ctx, call.actor, f"store:{store_id}", _wish(body), if_version)
    return _shown(displays.of_store(call.ctx, call.actor, store_id))


@blueprint.delete("/stores/<store_id>/display")
@operation("devices", status=204, edits=True)
def clear_store_display(call: Call, store_id: str, if_version: int | None) -> Done:
    """Have them on at all hours."""
    displays.set_display(call.ctx, call.actor, f"store:{store_id}", None, if_version)
    return NOTHING


@blueprint.get("/screens/<screen_id>/power")
@operation("devices", PowerRunPage, query=PageQuery, errors=(404,))
def list_power(call: Call, screen_id: str, query: PageQuery) -> Done:
    """List when a screen's display was off."""
    cut = Cut(query.after, query.limit)
    page = offs.list_power(call.ctx, call.actor, screen_id, cut)
    return Done({"items": [asdict(one) for one in page.items], "next": page.next})


def _wish(body: DisplayEdit) -> Display:
    hours = tuple(tuple((a, b) for a, b in day) for day in body.hours)
    rule = Rule(body.mode, body.before_min, body.after_min, hours, body.night)
    return Display(rule, body.shots_min)


def _shown(found: Versioned[DisplayView]) -> Done:
    view = found.value
    rule = view.display.rule
    told: dict[str, Any] = {
        "mode": rule.mode,
        "before_min": rule.before_min,
        "after_min": rule.after_min,
        "hours": [[list(one) for one in day] for day in rule.hours],
        "night": rule.night,
        "shots_min": view.display.shots_min,
        "of_store": view.of_store,
        "version": found.version,
        "off": [asdict(off) for off in view.plan.off],
    }
    return Done(told, found.version)
