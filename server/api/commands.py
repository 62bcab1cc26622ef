"""What devices are told, and how displays are switched: /api/v1/screens/…/commands, …/display."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field

from server.api.kit import Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, PageQuery, Shape, Stretch, Version
from server.services.base.paging import Cut
from server.services.screens import commands, displays, offs
from server.services.screens.commands import CommandView, Kind
from server.services.screens.displays import Display, DisplayView
from server.services.screens.power_plans import Mode, Night, Rule

blueprint = resource("commands")

Known = dict[str, bool | int | str]


class CommandNew(Shape):
    """What a device is to do. `rotate` needs `degrees` (0, 90, 180, 270), `volume` `percent`."""

    kind: Kind
    arguments: Annotated[dict[str, int], Field(max_length=4)] = {}


class CommandShape(Shape):
    """A command and its answer: `state` is empty while it waits, then done, failed, refused,
    unknown (the player is older), overdue, or replaced (taken back: another device was paired).
    `file` is the media type of what it brought; `verdict` what comparing a picture with the plan
    came to.
    """

    id: Id
    screen: Id
    kind: str
    arguments: dict[str, Any]
    by: str
    issued_at: Ms
    deadline: Ms
    state: str
    said: str
    detail: Known
    answered_at: Ms | None
    file: str
    verdict: dict[str, Any]


class CommandPage(Shape):
    """Some commands, newest first."""

    items: list[CommandShape]
    next: str


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
    """A screen's rule, or its store's where `of_store`, and the stretches that follow from it."""

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


@blueprint.post("/screens/<screen_id>/commands")
@operation("devices", CommandShape, status=201, body=CommandNew, creates=True, errors=(404,))
def send_command(call: Call, screen_id: str, body: CommandNew) -> Done:
    """Have a screen's device do something, once, before its deadline."""
    arguments: dict[str, Any] = dict(body.arguments)
    made = commands.send(call.ctx, call.actor, screen_id, body.kind, arguments)
    return Done(_command(made), location=located("screens", screen_id, "commands", made.id))


@blueprint.get("/screens/<screen_id>/commands")
@operation("devices", CommandPage, query=PageQuery, errors=(404,))
def list_commands(call: Call, screen_id: str, query: PageQuery) -> Done:
    """List what was asked of a screen's device, and what it answered."""
    cut = Cut(query.after, query.limit)
    page = commands.list_commands(call.ctx, call.actor, screen_id, cut)
    return Done({"items": [_command(one) for one in page.items], "next": page.next})


@blueprint.get("/screens/<screen_id>/commands/<command_id>")
@operation("devices", CommandShape, errors=(404,))
def get_command(call: Call, screen_id: str, command_id: str) -> Done:
    """One command."""
    return Done(_command(commands.get_command(call.ctx, call.actor, screen_id, command_id)))


@blueprint.get("/screens/<screen_id>/commands/<command_id>/file")
@operation("devices", gives=tuple(commands.FILE_ENDINGS), errors=(404,))
def get_command_file(call: Call, screen_id: str, command_id: str) -> Done:
    """What a command brought: the picture of a screenshot, or a bundle of logs, which is for who
    minds devices. Pictures are kept until newer ones take their place, logs for seven days.
    """
    mime, data = commands.get_file(call.ctx, call.actor, screen_id, command_id)
    name = f"{screen_id}-{command_id}.{commands.FILE_ENDINGS[mime]}"
    return Done({}, raw=data, raw_type=mime, raw_name=name)


@blueprint.get("/screens/<screen_id>/display")
@operation("devices", DisplayShape, versioned=True, errors=(404,))
def get_display(call: Call, screen_id: str) -> Done:
    """How a screen's display is switched."""
    found = displays.of_screen(call.ctx, call.actor, screen_id)
    return Done(_display(found.value, found.version), found.version)


@blueprint.put("/screens/<screen_id>/display")
@operation("devices", DisplayShape, body=DisplayEdit, edits=True, versioned=True)
def set_display(call: Call, screen_id: str, body: DisplayEdit, if_version: int | None) -> Done:
    """Say how a screen's display is switched; version 0 is that it has no rule of its own yet."""
    hours = tuple(tuple((a, b) for a, b in day) for day in body.hours)
    rule = Rule(body.mode, body.before_min, body.after_min, hours, body.night)
    subject = f"screen:{screen_id}"
    displays.set_display(call.ctx, call.actor, subject, Display(rule, body.shots_min), if_version)
    found = displays.of_screen(call.ctx, call.actor, screen_id)
    return Done(_display(found.value, found.version), found.version)


@blueprint.get("/screens/<screen_id>/power")
@operation("devices", PowerRunPage, query=PageQuery, errors=(404,))
def list_power(call: Call, screen_id: str, query: PageQuery) -> Done:
    """List when a screen's display was off."""
    cut = Cut(query.after, query.limit)
    page = offs.list_power(call.ctx, call.actor, screen_id, cut)
    return Done({"items": [asdict(one) for one in page.items], "next": page.next})


def _command(view: CommandView) -> dict[str, Any]:
    return asdict(view)


def _display(view: DisplayView, version: int) -> dict[str, Any]:
    rule = view.display.rule
    return {
        "mode": rule.mode,
        "before_min": rule.before_min,
        "after_min": rule.after_min,
        "hours": [[list(one) for one in day] for day in rule.hours],
        "night": rule.night,
        "shots_min": view.display.shots_min,
        "of_store": view.of_store,
        "version": version,
        "off": [asdict(off) for off in view.plan.off],
    }
