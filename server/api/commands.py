"""What devices are told: /api/v1/screens/…/commands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from server.api.kit import Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, PageQuery, Shape
from server.services.base.paging import Cut
from server.services.screens import commands
from server.services.screens.commands import CommandView, Kind

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


def _command(view: CommandView) -> dict[str, Any]:
    return asdict(view)
