"""Passkeys: sign in by WebAuthn (W3C, level 3) with a key that never leaves its device.

A passkey stands for password and second factor at once, so its device must have verified the
person (a finger, a face, a PIN). A challenge is kept in the record and used once; the ceremonies
themselves are checked by py_webauthn.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update

from playlists.ids import sha256
from server.config import Settings
from server.db.models import AccountRow, PasskeyRow
from server.errors import BadInput, NotFound, Unauthenticated
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import check_name
from server.services.entry import signing_in, tokens
from server.services.entry.tokens import SignedIn

CHALLENGE_LIFE_MS = 5 * 60_000
MAX_PASSKEYS = 20
"""Of one person."""
ANYONE = "-"
"""Whom a challenge to sign in is for."""
REFUSED = "This passkey is not known here."


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys of this installation count: the relying party's id, and the pages' origin."""

    rp: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it; instants are unix milliseconds."""

    id: str
    name: str
    created_at: int
    used_at: int | None


def place(settings: Settings) -> Place | None:
    """None where browsers offer none: at a bare address, or without https beyond this machine.

    A loopback address is also called localhost, where they do.
    """
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        secure = parts.scheme == "https" or host == "localhost"
        return Place(host, f"{parts.scheme}://{host}{port}") if secure else None
    return Place("localhost", f"{parts.scheme}://localhost{port}") if address.is_loopback else None


def list_own(ctx: Context, actor: Actor) -> list[Passkey]:
    """One's passkeys, the oldest first."""
    with ctx.db.read() as session:
        chosen = select(PasskeyRow).where(PasskeyRow.actor_id == actor.id)
        rows = session.scalars(chosen.order_by(PasskeyRow.created_at))
        return [Passkey(row.id, row.name, row.created_at, row.used_at) for row in rows]


def ask_to_add(ctx: Context, actor: Actor) -> Mapping[str, Any]:
    """What `navigator.credentials.create` is given. Raises BadInput where there are too many."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    there = _place(ctx)
    with ctx.db.read() as session:
        account = session.get(AccountRow, actor.id)
        if account is None:
            raise NotFound("Programs have no passkeys.")
        known = session.scalars(select(PasskeyRow.id).where(PasskeyRow.actor_id == actor.id)).all()
        label = account.email or actor.name
    if len(known) >= MAX_PASSKEYS:
        raise BadInput(f"You have {MAX_PASSKEYS} passkeys, the most there may be. Remove one.")
    options = generate_registration_options(
        rp_id=there.rp,
        rp_name="Enseigne",
        user_id=bytes.fromhex(sha256(actor.id.encode())),
        user_name=label,
        user_display_name=actor.name,
        challenge=_new_challenge(ctx, actor.id),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known
        ],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return dict(json.loads(options_to_json(options)))


def add(ctx: Context, actor: Actor, name: str, answer: Mapping[str, Any]) -> None:
    """Keep the passkey that the device made. Raises BadInput."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    there, title = _place(ctx), check_name(name).strip()
    challenge = _answered(ctx, answer, actor.id)
    try:
        made = verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=there.rp,
            expected_origin=there.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise BadInput(
            "The device’s answer does not fit. Try again.", code="bad_passkey"
        ) from error
    now, key = ctx.clock(), bytes_to_base64url(made.credential_id)
    with ctx.db.write() as session:
        if session.get(PasskeyRow, key) is not None:
            raise BadInput("This passkey is kept already.")
        session.add(
            PasskeyRow(
                id=key,
                actor_id=actor.id,
                name=title,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                created_at=now,
            )
        )
        after = {"name": title}
        audit.record(session, actor, now, "passkey.add", f"actor:{actor.id}", None, after)


def remove(ctx: Context, actor: Actor, key: str) -> None:
    """Forget one of one's passkeys. Raises NotFound."""
    now = ctx.clock()
    with ctx.db.write() as session:
        own = PasskeyRow.id == key, PasskeyRow.actor_id == actor.id
        name = session.scalar(delete(PasskeyRow).where(*own).returning(PasskeyRow.name))
        if name is None:
            raise NotFound("You have no such passkey.")
        audit.record(session, actor, now, "passkey.remove", f"actor:{actor.id}", {"name": name})


def ask_to_sign_in(ctx: Context) -> Mapping[str, Any]:
    """What `navigator.credentials.get` is given: any passkey of this place."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_place(ctx).rp,
        challenge=_new_challenge(ctx, ANYONE),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(options_to_json(options)))


def sign_in(ctx: Context, answer: Mapping[str, Any], browser: str) -> SignedIn:
    """Come in with a passkey. Raises Unauthenticated."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    there, key = _place(ctx), str(answer.get("id", ""))
    try:
        challenge = _answered(ctx, answer, ANYONE)
    except BadInput as error:
        raise Unauthenticated(error.message, code=error.code) from error
    with ctx.db.read() as session:
        kept = session.get(PasskeyRow, key)
    if kept is None:
        raise Unauthenticated(REFUSED, code="unknown_passkey")
    try:
        shown = verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=there.rp,
            expected_origin=there.origin,
            credential_public_key=kept.public_key,
            credential_current_sign_count=kept.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Unauthenticated(REFUSED, code="unknown_passkey") from error
    with ctx.db.write() as session:
        same = PasskeyRow.id == key, PasskeyRow.sign_count == kept.sign_count
        values = {"sign_count": shown.new_sign_count, "used_at": ctx.clock()}
        changed = update(PasskeyRow).where(*same).values(**values).returning(PasskeyRow.id)
        if session.scalar(changed) is None:
            raise Unauthenticated(REFUSED, code="unknown_passkey")
        return signing_in.begin(ctx, session, kept.actor_id, browser, "passkey")


def _place(ctx: Context) -> Place:
    found = place(ctx.settings)
    if found is None:
        raise NotFound("Passkeys need https and a name: set ENSEIGNE_PUBLIC_URL.")
    return found


def _new_challenge(ctx: Context, who: str) -> bytes:
    """Random bytes, kept as whose they are for five minutes."""
    now, word = ctx.clock(), tokens.new_secret()
    with ctx.db.write() as session:
        tokens.add(session, word, who, tokens.PASSKEY, "challenge", now, now + CHALLENGE_LIFE_MS)
    return word.encode()


def _answered(ctx: Context, answer: Mapping[str, Any], who: str) -> bytes:
    """The challenge that an answer is to, which is used up. Raises BadInput where it is none of
    `who`'s.
    """
    from webauthn.helpers import base64url_to_bytes

    try:
        said = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
        word = base64url_to_bytes(said["challenge"]).decode()
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput("This is no answer of a passkey.", code="bad_passkey") from error
    with ctx.db.write() as session:
        if tokens.take(session, word, tokens.PASSKEY, ctx.clock()) != who:
            raise BadInput("That took too long. Try again.", code="waited_too_long")
    return word.encode()
