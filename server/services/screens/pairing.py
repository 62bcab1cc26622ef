"""How a device becomes a screen: it shows a code, a person who sees it claims it, the device asks.

The person compares the root key's fingerprint, which the device shows too: then the device
believes this server and no other. Pairing a screen anew replaces its device; the old key stops.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from media.errors import Refused
from media.qr import svg
from playlists.credentials import pairing_code, read_pairing_code
from playlists.ids import ScreenId, sha256
from playlists.signing import kid_of, public_key
from playlists.wire.http import Paired, PairingGiven, PairingRequest, RootKey
from server.db.models import CommandRow, DeviceRow, PairingRow, ScreenRow, ScreenStateRow
from server.errors import BadInput, Conflict, NotFound, TooMany, Unauthenticated
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input, check_name, missing
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.screens import commands

MAX_WAITING = 1_000
"""Devices that wait at the same time, of the whole installation."""
MAX_WAITING_PER_ORIGIN = 100
"""Of one network address: a shop being equipped."""
CLAIMED_LIFE_MS = 24 * 3_600_000
"""A device that was claimed may ask for its screen this long."""
CODE_TRIES = 20
SECRET_BYTES = 32
ID_BYTES = 16

_RNG = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits: what it says of itself. Pixels; `expires_at` is unix milliseconds."""

    name: str
    width: int
    height: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A device and its screen. `fingerprint` is what the device shows too; `replaced` is whether
    the screen had another before.
    """

    screen: str
    device: str
    fingerprint: str
    replaced: bool


def begin(ctx: Context, asked: PairingRequest, origin: str = "", site: str = "") -> PairingGiven:
    """Give a device its code. It may ask again: only its last code counts.

    `origin` is the network address that asked, `site` this server's address as that device has it:
    what the settings say goes before it. Raises TooMany.
    """
    site = ctx.settings.public_url or site
    now = ctx.clock()
    for _ in range(CODE_TRIES):
        code = pairing_code(_RNG)
        try:
            return replace(
                _begin(ctx, asked, _keyed(ctx, origin), code, now), qr=_picture_of(site, code)
            )
        except IntegrityError:
            continue  # another device shows this very code
    raise TooMany("No code is free at the moment. Try again in a minute.")


def poll(ctx: Context, pairing: str, secret: str) -> Paired | None:
    """What became of a pairing; None while it waits.

    Raises Unauthenticated for a wrong secret, NotFound where it is over or was overtaken.
    """
    with ctx.db.read() as session:
        row = session.get(PairingRow, pairing)
        if row is None or row.expires_at <= ctx.clock():
            raise _over()
        if not hmac.compare_digest(row.secret_hash, sha256(secret.encode())):
            raise Unauthenticated("This is not the secret of this pairing.")
        if row.screen_id is None:
            return None
        device = session.get(DeviceRow, row.screen_id)
        if device is None or device.public_key != row.public_key:
            raise _over()
        return Paired(ScreenId(row.screen_id), _root(ctx), ctx.keys.document_jws)


def look_up(ctx: Context, actor: Actor, code: str) -> Waiting:
    """The device that shows `code`. Raises BadInput, NotFound."""
    actor.require("devices")
    with ctx.db.read() as session:
        row = _waiting(session, code, ctx.clock())
        return Waiting(row.name, row.width, row.height, row.expires_at)


def claim(
    ctx: Context, actor: Actor, *, code: str, screen_id: str = "", store: str = "", name: str = ""
) -> Claimed:
    """Give the device that shows `code` the screen `screen_id`, or a new one in `store`.

    Its key is the screen's from now on; whichever was before stops. Raises BadInput, NotFound,
    Conflict where the key is one that was copied.
    """
    if bool(screen_id) == bool(store):
        raise BadInput("Choose a screen, or the store of a new one.", field="screen_id")
    if screen_id:
        return _claim(ctx, actor, code, screen_id)
    actor.require("devices", store)
    waiting = look_up(ctx, actor, code)
    wish = ScreenWish(
        name=check_name(name or waiting.name),
        store=store,
        width=waiting.width,
        height=waiting.height,
    )
    made = places.create_screen(ctx, actor, wish)
    try:
        return _claim(ctx, actor, code, made.value.id)
    except Exception:
        places.delete_screen(ctx, actor, made.value.id)
        raise


def _begin(ctx: Context, asked: PairingRequest, origin: str, code: str, now: int) -> PairingGiven:
    key = public_key(asked.device_key, "device_key")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = PairingRow(
        id=secrets.token_hex(ID_BYTES),
        code=code,
        secret_hash=sha256(secret.encode()),
        public_key=key,
        origin=origin,
        name="".join(char for char in asked.name if char.isprintable()).strip(),
        width=asked.size[0],
        height=asked.size[1],
        caps=dict(asked.caps),
        expires_at=now + ctx.settings.pairing_life_s * 1000,
    )
    with ctx.db.write() as session:
        session.execute(delete(PairingRow).where(PairingRow.expires_at <= now))
        session.execute(
            delete(PairingRow).where(PairingRow.public_key == key, PairingRow.code.is_not(None))
        )
        _refuse_crowd(session, origin)
        session.add(row)
        session.flush()
    return PairingGiven(
        pairing=row.id,
        secret=secret,
        code=code,
        root=_root(ctx),
        fingerprint=ctx.keys.fingerprint,
        expires_at=row.expires_at,
    )


def _picture_of(site: str, code: str) -> str:
    """A QR code of the address where `code` is typed, as a data: address; "" for a site that only
    this machine reaches, or whose address is no web address."""
    host = urlsplit(site).hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        return ""
    try:
        drawn = svg(f"{site.rstrip('/')}/pair?code={code}")
    except Refused:
        return ""
    return "data:image/svg+xml;base64," + b64encode(drawn).decode()


def _claim(ctx: Context, actor: Actor, code: str, screen_id: str) -> Claimed:
    now = ctx.clock()
    with ctx.db.write() as session:
        screen = session.get(ScreenRow, screen_id, with_for_update=True)
        if screen is None:
            raise missing("screen")
        actor.require("devices", screen.store_id)
        row = _waiting(session, code, now)
        before = session.get(DeviceRow, screen_id, with_for_update=True)
        if before is not None and before.held_reason and before.public_key == row.public_key:
            raise Conflict(
                "This device's key was copied. Reset the device so that it makes a new one, or "
                "release it where you know that there is no copy.",
                code=before.held_reason,
            )
        _take_from_others(session, actor, row.public_key, screen_id, now)
        # What waits was asked of the device before: this one is not to forget its screen for it.
        waiting = update(CommandRow).where(
            CommandRow.screen_id == screen_id, CommandRow.state == ""
        )
        session.execute(waiting.values(state=commands.REPLACED))
        if before is None or before.public_key != row.public_key:
            # Pictures of another device say nothing of this one's glass.
            seen = update(ScreenStateRow).where(ScreenStateRow.screen_id == screen_id)
            session.execute(seen.values(glass_wrong=None))
        old = kid_of(before.public_key) if before is not None else ""
        if before is None:
            before = DeviceRow(screen_id=screen_id, paired_at=0, proved_at=0)
            session.add(before)
        before.public_key = row.public_key
        before.name = row.name
        before.caps = row.caps
        before.paired_at = max(now, before.paired_at + 1)
        before.held_reason = ""
        row.code, row.screen_id = None, screen_id
        row.expires_at = now + CLAIMED_LIFE_MS
        after = {"device": kid_of(row.public_key), "name": row.name}
        audit.record(
            session,
            actor,
            now,
            "device.pair",
            f"screen:{screen_id}",
            {"device": old} if old else None,
            after,
        )
    ctx.wake()
    return Claimed(screen_id, row.name, ctx.keys.fingerprint, bool(old))


def _take_from_others(session: Session, actor: Actor, key: bytes, screen_id: str, now: int) -> None:
    """A device is one screen's only: moved, it leaves the one that it was."""
    other = session.scalar(
        select(DeviceRow).where(DeviceRow.public_key == key, DeviceRow.screen_id != screen_id)
    )
    if other is None:
        return
    place = session.get(ScreenRow, other.screen_id)
    actor.require("devices", place.store_id if place is not None else None)
    if other.held_reason:
        raise Conflict("This device's key was copied. Reset the device so that it makes a new one.")
    session.delete(other)
    subject = f"screen:{other.screen_id}"
    audit.record(session, actor, now, "device.move", subject, {"device": kid_of(key)})
    session.flush()


def _waiting(session: Session, code: str, now: int) -> PairingRow:
    with as_bad_input():
        read = read_pairing_code(code)
    row = session.scalar(select(PairingRow).where(PairingRow.code == read).with_for_update())
    if row is None or row.expires_at <= now:
        raise NotFound(
            "No device shows this code (any more). Type the one that it shows now.", field="code"
        )
    return row


def _refuse_crowd(session: Session, origin: str) -> None:
    waiting = PairingRow.code.is_not(None)
    mine = func.count().filter(PairingRow.origin == origin)
    everyone, from_here = session.execute(select(func.count(), mine).where(waiting)).one()
    if everyone >= MAX_WAITING or from_here >= MAX_WAITING_PER_ORIGIN:
        raise TooMany("Too many devices wait for a person at the moment. Pair some of them first.")


def _root(ctx: Context) -> RootKey:
    return RootKey(ctx.keys.root_kid, ctx.keys.root_x)


def _keyed(ctx: Context, origin: str) -> str:
    """An address as it is kept: equal ones are equal, and no one can read it back."""
    message = b"enseigne.origin\n" + origin.encode()
    return hmac.new(ctx.keys.channel_secret, message, hashlib.sha256).hexdigest()


def _over() -> NotFound:
    return NotFound("This pairing is over. Ask for a new code.", code="pairing_over")
