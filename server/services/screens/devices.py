"""The hardware behind the screens: how it proves its key, who may speak for a screen, who is held.

A device proves its key against a nonce that no one kept: the nonce says when it was made, is bound
to its screen by a MAC, and the record notes the last one answered. None made earlier counts again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from playlists.credentials import check_proof, check_token
from playlists.errors import Invalid, Refused
from playlists.signing import b64, kid_of, unb64, verify
from playlists.wire.http import SessionGiven, SessionProof
from playlists.wire.signed import Watch
from server.db.models import DeviceRow, ProfileRow, ScreenHeadRow, ScreenRow
from server.errors import KEPT_OUT, Conflict, Forbidden, Unauthenticated
from server.services.base import audit
from server.services.base.actors import SYSTEM, Actor, Scope
from server.services.base.context import Context
from server.services.base.editing import locked, missing
from server.services.base.kept import MAX_IN, batched
from server.services.entry import people

log = structlog.get_logger(__name__)

PROVE_WITHIN_MS = 60_000
"""A nonce is answered within this time."""
CLONED = "cloned_key"
"""Why a device is held: two used its key at once."""
_RANDOM_BYTES = 8
_TIME_BYTES = 8
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks for a screen's things: its device (`device` is its key's id), or a page of the
    studio that follows `screens` (`device` is ""): those of its leave that whoever gave it sees.
    """

    screens: tuple[str, ...]
    device: str = ""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A screen's device as people see it: its name, its key's id, when it was paired (unix ms), why
    it is held ("" where it is not), what it can do.
    """

    name: str
    kid: str
    paired_at: int
    held: str
    caps: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Device:
    """The device of a screen as the record has it."""

    public_key: bytes
    paired_at: int
    held_reason: str


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """What the door knows of a screen: its device's raw public key, its store, its channels, and
    whether it is kept out because its key was copied.
    """

    screen: str
    key: bytes
    store: str
    channels: tuple[str, ...]
    held: bool

    def to_row(self) -> list[Any]:
        """As the bus carries it."""
        return [self.screen, b64(self.key), self.store, list(self.channels), self.held]


def is_known(ctx: Context, screen: str) -> bool:
    """Whether a device is paired with this screen."""
    with ctx.db.read() as session:
        found = select(DeviceRow.screen_id).where(DeviceRow.screen_id == screen)
        return session.scalar(found) is not None


def session_nonce(ctx: Context, screen: str) -> str:
    """What the device of `screen` is to sign; given for any name, so that it gives none away."""
    made = ctx.clock().to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_RANDOM_BYTES)
    return b64(made + _nonce_mac(ctx, screen, made))


def prove(ctx: Context, proof: SessionProof) -> SessionGiven:
    """A bearer token for a device that signed its nonce, which counts once.

    Raises Unauthenticated: nonce (late, foreign or used), unknown_screen, bad_signature; Forbidden:
    cloned_key.
    """
    now = ctx.clock()
    made_at = _made_at(ctx, proof, now)
    device = _device_of(ctx, proof.screen)
    if not check_proof(device.public_key, proof.nonce, proof.screen, proof.sig):
        raise _kept_out("bad_signature")
    _refuse_held(device)
    with ctx.db.write() as session:
        first = (
            update(DeviceRow)
            .where(
                DeviceRow.screen_id == proof.screen,
                DeviceRow.public_key == device.public_key,
                DeviceRow.proved_at < made_at,
            )
            .values(proved_at=made_at)
        )
        if not session.execute(first.returning(DeviceRow.screen_id)).all():
            raise Unauthenticated("This nonce was answered already. Ask for another.", code="nonce")
    expires_at = now + ctx.settings.token_life_s * 1000
    token = ctx.keys.mint_token(proof.screen, expires_at)
    return SessionGiven(token, expires_at, ctx.keys.sign_time(proof.nonce, now))


def authenticate(ctx: Context, token: str) -> Viewer:
    """Whom a bearer token speaks for: a screen's device, or (a signed watch) a page of the studio.

    Raises Unauthenticated, also for a token from before the screen was paired anew; Forbidden for a
    held device.
    """
    if token.count(".") == 2 and token.startswith("eyJ"):
        return _watcher(ctx, token)
    now = ctx.clock()
    try:
        screen = check_token(ctx.keys.channel_secret, token, now)
    except Refused as refused:
        raise Unauthenticated(str(refused), code=refused.reason) from None
    issued_at = int(token.split(".")[1]) - ctx.settings.token_life_s * 1000
    device = _device_of(ctx, screen)
    if issued_at < device.paired_at:
        raise Unauthenticated("The device of this screen was replaced.", code="replaced")
    _refuse_held(device)
    return Viewer((screen,), kid_of(device.public_key))


def get_device(ctx: Context, actor: Actor, screen: str) -> DeviceView:
    """The device of a screen. Raises NotFound."""
    with ctx.db.read() as session:
        row = _device(session, actor, screen, "read")
        return DeviceView(
            row.name, kid_of(row.public_key), row.paired_at, row.held_reason, dict(row.caps)
        )


def hold(ctx: Context, screen: str, reason: str = CLONED) -> bool:
    """Keep a screen's device off until a person settles it; False where it is held already.

    The owner sees why at the screen, and in the log of changes.
    """
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(DeviceRow, screen, with_for_update=True)
        if row is None or row.held_reason:
            return False
        row.held_reason = reason
        after = {"reason": reason, "device": kid_of(row.public_key)}
        audit.record(session, SYSTEM, now, "device.hold", f"screen:{screen}", None, after)
    log.warning("device_held", screen=screen, reason=reason)
    ctx.wake()
    return True


def release(ctx: Context, actor: Actor, screen: str) -> None:
    """Let a held device in again with the key that it has. Raises NotFound, Conflict."""
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _device(session, actor, screen)
        if not row.held_reason:
            raise Conflict("This device is not held.")
        before = {"reason": row.held_reason}
        row.held_reason = ""
        audit.record(session, actor, now, "device.release", f"screen:{screen}", before, {})
    ctx.wake()


def revoke(ctx: Context, actor: Actor, screen: str) -> None:
    """Part a screen from its device: the key stops working at once here, and at the door as soon
    as the worker tells it. Raises NotFound.
    """
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _device(session, actor, screen)
        before = {"device": kid_of(row.public_key), "name": row.name}
        session.delete(row)
        audit.record(session, actor, now, "device.revoke", f"screen:{screen}", before)
    ctx.wake()


def stamp(session: Session) -> tuple[int, int, int]:
    """Another one whenever a device was paired, revoked, held or released: see `directory`."""
    held = func.count().filter(DeviceRow.held_reason != "")
    paired = func.coalesce(func.sum(DeviceRow.paired_at), 0)
    count, total, kept_off = session.execute(select(func.count(), paired, held)).one()
    return int(count), int(total), int(kept_off)


def directory(session: Session, screens: Sequence[str] | None = None) -> list[DirectoryRow]:
    """Who the door is to know: every screen with a device, or those named."""
    rows = (
        select(
            ScreenRow.id,
            DeviceRow.public_key,
            ScreenRow.store_id,
            ScreenHeadRow.profile,
            DeviceRow.held_reason,
        )
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
        .join(ScreenHeadRow, ScreenHeadRow.screen_id == ScreenRow.id, isouter=True)
        .order_by(ScreenRow.id)
    )
    found: list[tuple[str, bytes, str, str | None, str]] = []
    if screens is None:
        found.extend(session.execute(rows))
    else:
        for some in batched(list(screens), MAX_IN):
            found.extend(session.execute(rows.where(ScreenRow.id.in_(some))))
    channels = _channels(session, {profile for *_, profile, _ in found if profile})
    return [
        DirectoryRow(screen, key, store, channels.get(profile or "", ()), bool(held))
        for screen, key, store, profile, held in found
    ]


def _channels(session: Session, profiles: set[str]) -> dict[str, tuple[str, ...]]:
    channels: dict[str, tuple[str, ...]] = {}
    for some in batched(sorted(profiles), MAX_IN):
        bodies = select(ProfileRow.key, ProfileRow.body).where(ProfileRow.key.in_(some))
        for key, body in session.execute(bodies):
            channels[key] = tuple(body.get("channels", ()))
    return channels


def _device_of(ctx: Context, screen: str) -> _Device:
    """Raises Unauthenticated where the screen has none."""
    with ctx.db.read() as session:
        row = session.get(DeviceRow, screen)
        if row is None:
            raise _kept_out("unknown_screen")
        return _Device(row.public_key, row.paired_at, row.held_reason)


def _device(session: Session, actor: Actor, screen: str, scope: Scope = "devices") -> DeviceRow:
    actor.require(scope)
    place = session.get(ScreenRow, screen)
    if place is None:
        raise missing("screen")
    actor.require(scope, place.store_id)
    return locked(session, DeviceRow, screen, "device")


def _watcher(ctx: Context, token: str) -> Viewer:
    now = ctx.clock()
    try:
        watch = Watch.from_json(verify(token, "watch", ctx.keys.ring, now))
    except (Invalid, Refused) as wrong:
        raise Unauthenticated(f"This leave to follow screens is not good: {wrong}") from None
    if watch.expires_at <= now:
        raise Unauthenticated("This leave to follow screens is over. Reload the page.")
    giver = people.actor_under(ctx, watch.under)
    if giver.stores is None:
        return Viewer(tuple(watch.screens))
    theirs = select(ScreenRow.id).where(
        ScreenRow.id.in_(watch.screens), ScreenRow.store_id.in_(giver.stores)
    )
    with ctx.db.read() as session:
        return Viewer(tuple(session.scalars(theirs.order_by(ScreenRow.id))))


def _made_at(ctx: Context, proof: SessionProof, now: int) -> int:
    """When the nonce was made (unix ms). Raises Unauthenticated where it is not ours or too old."""
    try:
        raw = unb64(proof.nonce)
    except Refused:
        raw = b""
    made, mac = raw[: _TIME_BYTES + _RANDOM_BYTES], raw[_TIME_BYTES + _RANDOM_BYTES :]
    made_at = int.from_bytes(made[:_TIME_BYTES], "big")
    ours = hmac.compare_digest(mac, _nonce_mac(ctx, proof.screen, made))
    if not ours or not made_at <= now < made_at + PROVE_WITHIN_MS:
        raise Unauthenticated("This nonce is not good (any more). Ask for another.", code="nonce")
    return made_at


def _nonce_mac(ctx: Context, screen: str, made: bytes) -> bytes:
    message = b"enseigne.nonce\n" + screen.encode() + b"\n" + made
    return hmac.new(ctx.keys.channel_secret, message, hashlib.sha256).digest()[:_MAC_BYTES]


def _refuse_held(device: _Device) -> None:
    if device.held_reason:
        raise Forbidden(KEPT_OUT[device.held_reason], code=device.held_reason)


def _kept_out(code: str) -> Unauthenticated:
    return Unauthenticated(KEPT_OUT[code], code=code)
