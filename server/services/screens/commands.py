"""Commands to the devices behind the screens: signed, sent until answered or overdue, and kept.

Delivery is level-triggered: `open_commands` is told to the door and with every answer to a report.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from playlists.ids import Json, ScreenId
from playlists.signing import kid_of
from playlists.wire.commands import Answer, Command
from server.db.models import CommandFileRow, CommandRow, DeviceRow, ScreenRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base import audit
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.base.kept import MAX_IN, batched
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.screens.devices import Viewer

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 3_600_000
Kind = Literal[
    "identify",
    "screenshot",
    "reload",
    "restart",
    "reboot",
    "rotate",
    "volume",
    "logs",
    "forget",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
EVERYDAY: frozenset[str] = frozenset(("identify", "screenshot", "reload"))
"""What a store's manager may ask of the store's own screens; all else is for who minds devices."""
POWER: Final = "power"
FETCH: Final = "fetch"
HANDS: Final = "hands"
OWN: Final = (POWER, FETCH, HANDS)
"""The server's own commands: when the display is off, how files are fetched, who may act while the
server is away.
"""
UPDATE: Final = "update"
"""The server's own too: a version of the player that is to be installed (rollouts)."""
REPLACED: Final = "replaced"
"""The state of a command that was taken back before it was answered."""
NOBODY: Final = ""
"""By whom commands are that no person asked for: plans for displays, pictures on a schedule. The
audit log, which is for what people do, has neither them nor their answers.
"""
LIFE_MS: Mapping[str, int] = {
    "identify": 2 * MINUTE_MS,
    "screenshot": 10 * MINUTE_MS,
    "reload": 10 * MINUTE_MS,
    "restart": 60 * MINUTE_MS,
    "reboot": 60 * MINUTE_MS,
    "logs": 60 * MINUTE_MS,
}
"""Within this a command is done or not at all."""
LONG_LIFE_MS: Final = DAY_MS
"""The same of the others."""
MAX_OPEN: Final = 16
"""Commands of one screen that wait for their answers."""
DEGREES: Final = (0, 90, 180, 270)
MAX_VOLUME: Final = 100
"""Per cent."""
MAX_SHOT_BYTES: Final = 1024 * 1024
MAX_LOGS_BYTES: Final = 4 * 1024 * 1024
KEPT_SHOTS: Final = 24
"""Pictures kept of one screen."""
KEPT_MS: Final = 60 * DAY_MS
"""Commands and their answers are kept this long, bundles of logs LOGS_KEPT_MS."""
LOGS_KEPT_MS: Final = 7 * DAY_MS
OWN_KEPT_MS: Final = 2 * DAY_MS
"""The server's own are many, pictures on a schedule most of all: these last as their files do."""
_TYPES: Mapping[str, tuple[tuple[bytes, str], ...]] = {
    "screenshot": (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"RIFF", "image/webp"),
        (b"\x89PNG\r\n", "image/png"),
    ),
    "logs": ((b"\x1f\x8b", "application/gzip"),),
}
"""What files may be, by the command that asks for them, and how they begin."""
FILE_ENDINGS: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/png": "png",
    "application/gzip": "tar.gz",
}


@dataclass(frozen=True, slots=True)
class CommandView:
    """A command as people see it; `state` is "" while it waits, "overdue" once it cannot be done
    any more. `file` is the media type of what it brought, "" for none.
    """

    id: str
    screen: str
    kind: str
    arguments: Mapping[str, Any]
    by: str
    issued_at: int
    deadline: int
    state: str
    said: str
    detail: Mapping[str, Any]
    answered_at: int | None
    file: str
    verdict: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """A command that waits: for which screen, until when (unix ms), and its signed form."""

    id: str
    screen: str
    deadline: int
    jws: str


def may_send(actor: Actor, kind: str, store: str) -> bool:
    """Whether this actor may ask this of the store's devices."""
    return actor.may("devices", store) or (kind in EVERYDAY and actor.may("override", store))


def send(
    ctx: Context, actor: Actor, screen: str, kind: str, arguments: Mapping[str, Json] | None = None
) -> CommandView:
    """Have a screen's device do something, once. Raises NotFound, Forbidden, BadInput, Conflict."""
    now = ctx.clock()
    with ctx.db.write() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        asks = may_send(actor, "identify", place.store_id)
        given = _checked(kind, arguments or {}) if asks else {}
        if not may_send(actor, kind, place.store_id):
            raise Forbidden("Who minds devices may ask this of a screen. Ask the owner for it.")
        if kind == "identify":
            given = {"name": place.name}
        row = issue(ctx, session, screen, kind, given, actor.name, now)
        after = {"id": row.id, "kind": kind, "arguments": dict(given)}
        audit.record(session, actor, now, "command.send", f"screen:{screen}", None, after)
        session.flush()
        view = _view(row, now)
    ctx.wake()
    return view


def issue(
    ctx: Context,
    session: Session,
    screen: str,
    kind: str,
    arguments: Mapping[str, Json],
    by: str,
    now: int,
    deadline: int | None = None,
) -> CommandRow:
    """Sign a command and keep it; without a `deadline` it lives as long as its kind. Raises
    Conflict where no device could do it.
    """
    device = session.get(DeviceRow, screen)
    if device is None:
        raise Conflict("No device is paired with this screen. Pair one first.", code="unpaired")
    if not device.caps.get("agent"):
        raise Conflict("This screen is a browser; only a player can be told to do this.")
    waiting = select(func.count()).where(
        CommandRow.screen_id == screen, CommandRow.state == "", CommandRow.deadline > now
    )
    if (session.scalar(waiting) or 0) >= MAX_OPEN:
        raise Conflict("Many commands wait for this screen. Wait until it has answered.")
    if kind == UPDATE:
        # Root's side knows no screens, but the computer's key.
        arguments = {**arguments, "device": kid_of(device.public_key)}
    if deadline is None:
        deadline = now + LIFE_MS.get(kind, LONG_LIFE_MS)
    command = Command(secrets.token_hex(12), ScreenId(screen), kind, arguments, now, deadline)
    row = CommandRow(
        id=command.id,
        screen_id=screen,
        kind=kind,
        arguments=dict(arguments),
        by=by,
        issued_at=now,
        deadline=deadline,
        jws=ctx.keys.sign_command(command),
    )
    session.add(row)
    return row


def stamp(session: Session, now: int) -> tuple[int, int, str, str]:
    """Another one whenever a command was sent, answered or overtaken: see `open_commands`."""
    issued = func.coalesce(func.sum(CommandRow.issued_at), 0)
    ends = (func.min(CommandRow.id), func.max(CommandRow.id))
    rows = select(func.count(), issued, *ends).where(
        CommandRow.state == "", CommandRow.deadline > now
    )
    count, total, first, last = session.execute(rows).one()
    return int(count), int(total), first or "", last or ""


def open_commands(session: Session, now: int, screens: Collection[str] | None = None) -> list[Open]:
    """Every command that waits for its answer and may still be done, or those of these screens."""
    rows = select(CommandRow).where(CommandRow.state == "", CommandRow.deadline > now)
    if screens is not None:
        rows = rows.where(CommandRow.screen_id.in_(screens))
    found = session.scalars(rows.order_by(CommandRow.issued_at, CommandRow.id))
    return [Open(row.id, row.screen_id, row.deadline, row.jws) for row in found]


def take_answers(session: Session, viewer: Viewer, answers: Collection[Answer], now: int) -> None:
    """Keep what a device answers; the first word on each of its own commands counts."""
    screen = viewer.screens[0]
    for answer in answers:
        row = session.get(CommandRow, answer.id, with_for_update=True)
        if row is None or row.screen_id != screen or row.state:
            continue
        row.state, row.said, row.detail = answer.state, answer.said, dict(answer.detail)
        row.answered_at, row.device = now, viewer.device
        if row.by != NOBODY:
            after = {"id": row.id, "kind": row.kind, "state": row.state, "said": row.said}
            audit.record(session, SYSTEM, now, "command.answer", f"screen:{screen}", None, after)
        if row.kind == "forget" and row.state == "done":
            _part(session, screen, now)


def take_file(ctx: Context, viewer: Viewer, command: str, data: bytes) -> None:
    """Keep the file that a command asked for. Raises NotFound, Conflict, BadInput."""
    with ctx.db.read() as session:
        row = session.get(CommandRow, command)
        kind = row.kind if row is not None and row.screen_id == viewer.screens[0] else ""
    mime = _mime(kind, data)
    with ctx.db.write() as session:
        found = session.get(CommandRow, command, with_for_update=True)
        if found is None or found.state:
            raise Conflict("This command is answered.")
        found.file = mime
        session.merge(CommandFileRow(command_id=command, data=data))
        session.flush()
        _forget_shots(session, viewer.screens[0])


def get_command(ctx: Context, actor: Actor, screen: str, command: str) -> CommandView:
    """One command. Raises NotFound."""
    now = ctx.clock()
    with ctx.db.read() as session:
        return _view(_row(session, actor, screen, command), now)


def get_file(ctx: Context, actor: Actor, screen: str, command: str) -> tuple[str, bytes]:
    """The media type and bytes of what a command brought. Raises NotFound; logs are for who minds
    devices.
    """
    with ctx.db.read() as session:
        row = _row(session, actor, screen, command)
        if row.kind == "logs":
            actor.require("devices")
        file = session.get(CommandFileRow, command)
        if file is None:
            raise NotFound("This command has brought no file, or it is forgotten.")
        return row.file, file.data


def list_commands(
    ctx: Context, actor: Actor, screen: str, cut: Cut = FIRST, *, scheduled: bool = True
) -> Page[CommandView]:
    """What was asked of a screen's device, newest first; pictures on a schedule too, unless
    `scheduled` is False. Raises NotFound.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        _place(session, actor, screen)
        statement = select(CommandRow).where(
            CommandRow.screen_id == screen, CommandRow.kind.not_in(OWN)
        )
        if not scheduled:
            is_asked = or_(CommandRow.kind != "screenshot", CommandRow.by != NOBODY)
            statement = statement.where(is_asked)
        keys = [CommandRow.issued_at, CommandRow.id]
        return paged(
            *(session, ctx.settings, statement, keys, cut, lambda row: _view(row, now)),
            newest_first=True,
        )


def sweep(session: Session, now: int) -> None:
    """Forget commands and bundles of long ago."""
    bare = and_(CommandRow.kind == "screenshot", CommandRow.by == NOBODY, CommandRow.file == "")
    own = and_(or_(CommandRow.kind.in_(OWN), bare), CommandRow.issued_at < now - OWN_KEPT_MS)
    session.execute(delete(CommandRow).where(or_(CommandRow.issued_at < now - KEPT_MS, own)))
    logs = select(CommandRow.id).where(
        CommandRow.kind == "logs", CommandRow.issued_at < now - LOGS_KEPT_MS
    )
    _forget_files(session, list(session.scalars(logs.where(CommandRow.file != ""))))


def _checked(kind: str, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    if kind not in KINDS:
        raise BadInput(f"A command is one of {', '.join(KINDS)}.", field="kind")
    allowed: dict[str, tuple[str, Collection[int]]] = {
        "rotate": ("degrees", DEGREES),
        "volume": ("percent", range(MAX_VOLUME + 1)),
    }
    name, values = allowed.get(kind, ("", ()))
    if set(arguments) != ({name} if name else set()):
        raise BadInput(f"The command “{kind}” takes other arguments.", field="arguments")
    value = arguments.get(name)
    if name and (not isinstance(value, int) or isinstance(value, bool) or value not in values):
        least, most = min(values), max(values)
        raise BadInput(f"Give {name} from {least} to {most}.", field=f"arguments/{name}")
    return arguments


def _mime(kind: str, data: bytes) -> str:
    """Raises NotFound, BadInput."""
    if kind not in _TYPES:
        raise NotFound("No file is wanted for this.")
    most = MAX_SHOT_BYTES if kind == "screenshot" else MAX_LOGS_BYTES
    if len(data) > most:
        raise BadInput(f"This file may have {most} bytes.", code="too_large")
    for begin, mime in _TYPES[kind]:
        if data.startswith(begin) and (mime != "image/webp" or data[8:12] == b"WEBP"):
            return mime
    raise BadInput("This is not the file that was asked for.")


def _forget_shots(session: Session, screen: str) -> None:
    newest = (
        select(CommandRow.id)
        .where(CommandRow.screen_id == screen, CommandRow.file.startswith("image/"))
        .order_by(CommandRow.issued_at.desc())
        .offset(KEPT_SHOTS)
    )
    _forget_files(session, list(session.scalars(newest)))


def _forget_files(session: Session, commands: Collection[str]) -> None:
    for some in batched(sorted(commands), MAX_IN):
        session.execute(delete(CommandFileRow).where(CommandFileRow.command_id.in_(some)))
        session.execute(update(CommandRow).where(CommandRow.id.in_(some)).values(file=""))


def _part(session: Session, screen: str, now: int) -> None:
    """The device forgot that it is this screen: so does the record."""
    device = session.get(DeviceRow, screen)
    if device is not None:
        session.delete(device)
        audit.record(
            session, SYSTEM, now, "device.revoke", f"screen:{screen}", {"name": device.name}
        )


def _place(session: Session, actor: Actor, screen: str) -> ScreenRow:
    actor.require("read")
    place = session.get(ScreenRow, screen)
    if place is None or not actor.sees(place.store_id):
        raise missing("screen")
    return place


def _row(session: Session, actor: Actor, screen: str, command: str) -> CommandRow:
    _place(session, actor, screen)
    row = session.get(CommandRow, command)
    # Hashes of people's codes are for the device alone.
    if row is None or row.screen_id != screen or row.kind == HANDS:
        raise missing("command")
    return row


def _view(row: CommandRow, now: int) -> CommandView:
    overdue = not row.state and row.deadline <= now
    return CommandView(
        id=row.id,
        screen=row.screen_id,
        kind=row.kind,
        arguments=dict(row.arguments),
        by=row.by or SYSTEM.name,
        issued_at=row.issued_at,
        deadline=row.deadline,
        state="overdue" if overdue else row.state,
        said=row.said,
        detail=dict(row.detail),
        answered_at=row.answered_at,
        file=row.file,
        verdict=dict(row.verdict),
    )
