"""Uploads in pieces: begun with their length, sent on after any break, then kept as assets are.

Who began one goes on with it, in whichever session. What is whole is examined at once; an upload
whose examination was cut off lacks its last byte, so that whoever sends that has it examined again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from media.errors import LANGUAGES, Reason, Refused
from media.incoming import Busy, Incoming, NoSuchUpload, OffsetDiffers, Piecemeal, TooMuch
from media.limits import DEFAULT_LIMITS, MIB
from media.store import read_chunks
from server.errors import BadInput, Conflict, TooLarge
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import check_name, missing
from server.services.library import assets


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload came: bytes; it is forgotten at `expires_at` (unix ms) unless it goes on.
    `asset` is the sha256 of what was kept once it is whole.
    """

    id: str
    offset: int
    length: int
    expires_at: int
    asset: str = ""


class FileRefused(BadInput):
    """The file may not be kept; `said` is why, by language."""

    def __init__(self, code: str, said: Mapping[str, str], status: int = BadInput.status) -> None:
        super().__init__(said["en"], field="file", code=code)
        self.said = said
        self.status = status


class Locked(Conflict):
    """Another request sends a piece of this upload."""

    status = 423
    code = "upload_busy"


def begin(ctx: Context, actor: Actor, name: str, length: int) -> Progress:
    """Begin an upload of `length` bytes. Raises BadInput, FileRefused, Conflict, TooLarge (too many
    are begun, or too much).
    """
    actor.require("content")
    name = check_name(name)
    most = min(ctx.settings.max_upload_bytes, DEFAULT_LIMITS.max_upload_bytes)
    if length > most:
        raise refusal(Refused(Reason.TOO_LARGE, limit_mib=most // MIB))
    if length == 0:
        raise refusal(Refused(Reason.EMPTY))
    incoming = _swept(ctx)
    mine = [one for one in incoming.all() if _is_open_of(actor, one)]
    if len(mine) >= ctx.settings.uploads_per_person:
        raise Conflict(
            f"{len(mine)} uploads of yours are not finished. Finish those, or wait a day.",
            code="too_many_uploads",
        )
    room = ctx.settings.upload_bytes_per_person - sum(one.length for one in mine)
    if length > room:
        raise TooLarge(
            f"Finish your other uploads first: they leave room for {max(room, 0) // MIB} MiB.",
            code="no_room",
        )
    made = incoming.create(length, {"by": actor.id, "name": name})
    return Progress(made, 0, length, _expires_at(ctx))


def progress(ctx: Context, actor: Actor, upload: str) -> Progress:
    """Where an upload goes on. Raises NotFound (it is over, or someone else's), Locked."""
    actor.require("content")
    found = _mine(ctx, actor, upload)
    if found.about.get("asset"):
        return _kept(ctx, found)
    with _held(ctx, upload) as path:
        offset = path.stat().st_size
        if offset == found.length:
            offset -= 1
            ctx.media.incoming.shorten(path, offset)
    return Progress(upload, offset, found.length, _expires_at(ctx))


def proceed(
    ctx: Context, actor: Actor, upload: str, offset: int, chunks: Iterable[bytes]
) -> Progress:
    """Take a piece that begins at `offset`; the last one makes the asset.

    Raises NotFound, Locked, Conflict (it goes on elsewhere), FileRefused (it is then forgotten).
    """
    actor.require("content")
    incoming: Incoming = ctx.media.incoming
    found = _mine(ctx, actor, upload)
    if found.about.get("asset"):
        return _kept(ctx, found)
    with _held(ctx, upload) as path:
        try:
            size = incoming.append(path, offset, chunks, found.length)
        except OffsetDiffers:
            message = "This upload goes on elsewhere: ask where first."
            raise Conflict(message, code="other_offset") from None
        except TooMuch:
            raise BadInput("More bytes came than were announced.", code="too_much") from None
        if size < found.length:
            return Progress(upload, size, found.length, _expires_at(ctx))
        try:
            sha = assets.keep(ctx, actor, found.about["name"], read_chunks(path)).asset.sha
        except Refused as refused:
            incoming.drop(upload)
            raise refusal(refused) from None
        about = {**found.about, "asset": sha}
        incoming.settle(upload, about)
    return _kept(ctx, Piecemeal(upload, found.length, about))


def give_up(ctx: Context, actor: Actor, upload: str) -> None:
    """Forget an upload. Raises NotFound, Locked."""
    actor.require("content")
    found = _mine(ctx, actor, upload)
    if found.about.get("asset"):
        return
    with _held(ctx, upload):
        ctx.media.incoming.drop(upload)


def refusal(refused: Refused) -> FileRefused:
    """What media refused, for people."""
    status = TooLarge.status if refused.reason is Reason.TOO_LARGE else BadInput.status
    said = {language: refused.sentence(language) for language in LANGUAGES}
    return FileRefused(str(refused.reason), said, status)


@contextmanager
def _held(ctx: Context, upload: str) -> Iterator[Path]:
    """An upload held for the block; its bytes' path. Raises NotFound, Locked."""
    with ExitStack() as stack:
        try:
            path = stack.enter_context(ctx.media.incoming.alone(upload))
        except NoSuchUpload:
            raise missing("upload") from None
        except Busy:
            message = "Another request sends a piece of this upload. Wait for it to end."
            raise Locked(message) from None
        yield path


def _mine(ctx: Context, actor: Actor, upload: str) -> Piecemeal:
    try:
        found = _swept(ctx).get(upload)
    except NoSuchUpload:
        raise missing("upload") from None
    if found.about["by"] != actor.id:
        raise missing("upload")
    return found


def _swept(ctx: Context) -> Incoming:
    incoming: Incoming = ctx.media.incoming
    incoming.sweep(ctx.clock() - ctx.settings.upload_life_s * 1000)
    return incoming


def _is_open_of(actor: Actor, one: Piecemeal) -> bool:
    return one.about["by"] == actor.id and not one.about.get("asset")


def _kept(ctx: Context, found: Piecemeal) -> Progress:
    asset = str(found.about["asset"])
    return Progress(found.id, found.length, found.length, _expires_at(ctx), asset)


def _expires_at(ctx: Context) -> int:
    return ctx.clock() + ctx.settings.upload_life_s * 1000
