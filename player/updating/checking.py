"""Whether a request counts: who signed it, for which computer, that it is new, and in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from player.updating.handover import KIND, Request, Wanted
from player.updating.record import Record
from playlists.errors import Refused
from playlists.fields import Fields
from playlists.ids import Sha256
from playlists.signing import KeyRing, verify
from playlists.wire.commands import Command


@dataclass(frozen=True, slots=True)
class Order:
    """A request that counts, and the record as it is once it is obeyed."""

    id: Sha256
    wanted: Wanted
    record: Record


def check(request: Request, record: Record, root: bytes, now_ms: int | None) -> Order:
    """`root` is the pinned key; `now_ms` (unix ms) None where nobody vouches for the clock: then
    neither the deadline nor the keys' time can be judged here, and the agent's word stands. What
    is older than what was obeyed is refused in any case, and what is for another computer: the
    first one that counts after the installer ran says which this is.

    Raises Refused, Invalid.
    """
    ring = _renewed(record.ring(root), request.keys)
    command = Command.from_json(verify(request.command, "command", ring, now_ms))
    if command.kind != KIND:
        raise Refused("kind", "This command is not about an update.")
    if root != record.root:
        record = replace(record, obeyed_at=0, device="")
    device = _device(command, record.device)
    if command.issued_at <= record.obeyed_at:
        raise Refused("replay", "An update that was asked for later has been begun already.")
    if now_ms is not None and now_ms >= command.deadline:
        raise Refused("overdue", "It is too late to begin this update.")
    wanted = Wanted.from_arguments(command.arguments)
    obeyed = replace(record, root=root, keys=ring.token, obeyed_at=command.issued_at, device=device)
    return Order(request.id, wanted, obeyed)


def _device(command: Command, known: str) -> str:
    given = Fields.of(command.arguments, "arguments")
    if not given.has("device"):
        raise Refused(
            "no_device", "The server does not say for which computer: it is older than this player."
        )
    device = given.kid("device")
    if known and device != known:
        raise Refused(
            "another_device",
            "This update is for another computer. Where this one was given a new key, run the "
            "installer on it again.",
        )
    return device


def _renewed(ring: KeyRing, keys: str) -> KeyRing:
    try:
        return ring.renewed(keys)
    except Refused as refused:
        if refused.reason != "unknown_key":
            raise
        raise Refused(
            "another_server",
            "This computer was installed for another server's key: run this one's installer on it.",
        ) from None
