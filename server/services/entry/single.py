"""Come in through the organisation's identity provider (single sign-on, OpenID Connect).

1. A way begins with a secret in the browser's cookie; state, nonce and PKCE verifier derive from
   it, and a row that its return uses up keeps it from being walked twice.
2. The provider's word is checked (`provider`) outside of any transaction: it is asked over the net.
3. A person is known by issuer and subject, which their confirmed address ties to them the first
   time. Who is not known is made, where the settings give a role, or refused.
4. An authenticator app that somebody keeps here is still asked for.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import sha256
from server.config import Settings
from server.db.models import AccountRow, ActorRow
from server.errors import NotFound, ServerError, Unauthenticated
from server.services.base import audit
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.editing import MAX_NAME_CHARACTERS, new_id
from server.services.entry import accounts, provider, signing_in, tokens
from server.services.entry.roles import CHAIN_WIDE, Role
from server.services.entry.signing_in import Waiting
from server.services.entry.tokens import SignedIn

WAY_LIFE_MS = 10 * 60_000
"""How long somebody may take at the provider."""
MAX_ONWARD = 200
"""Characters of the page to go on to; a longer one is forgotten."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A way to the provider: `secret` goes into the browser's cookie; `expires_at`: unix ms."""

    url: str
    secret: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Come:
    """Somebody who came back, and the page to go on to ("" for none)."""

    who: SignedIn | Waiting
    onward: str


@dataclass(frozen=True, slots=True)
class _Part:
    """What somebody may do by the provider's word."""

    role: Role
    stores: list[str] | None
    regions: list[str]


def begin(ctx: Context, onward: str) -> Begun:
    """Where to send a browser. Raises NotFound where nothing is set up, Away, Unauthenticated."""
    settings, now = _settings(ctx), ctx.clock()
    secret, until = tokens.new_secret(), now + WAY_LIFE_MS
    url = provider.address(settings, now, *(_part_of(secret, one) for one in _PARTS))
    kept = onward if len(onward) <= MAX_ONWARD else ""
    with ctx.db.write() as session:
        tokens.add(session, secret, "", tokens.SSO, kept, now, until)
    return Begun(url, secret, until)


def finish(ctx: Context, secret: str, answer: Mapping[str, str], browser: str) -> Come:
    """Let in whom the provider sent back. `secret` is the browser's, `answer` the address's query.

    Raises NotFound, Unauthenticated, Away, Conflict, each with a code and a sentence of its own.
    """
    settings, now = _settings(ctx), ctx.clock()
    state, nonce, verifier = (_part_of(secret, one) for one in _PARTS)
    if not secret or not hmac.compare_digest(state.encode(), answer.get("state", "").encode()):
        raise Unauthenticated("That took too long. Begin again.", code="waited_too_long")
    with ctx.db.write() as session:
        way = tokens.look(session, secret, tokens.SSO, now)
        onward = way.name if way else ""
        if tokens.take(session, secret, tokens.SSO, now) is None:
            raise Unauthenticated("That took too long. Begin again.", code="waited_too_long")
    if answer.get("iss", settings.sso_issuer) != settings.sso_issuer:  # RFC 9207 §2.4
        raise Unauthenticated(provider.UNFIT, code="sso_unfit")
    if "code" not in answer:
        raise Unauthenticated(
            "You did not sign in at the sign-in service, or were not let in there.",
            code="sso_denied",
        )
    said = provider.claims(settings, now, answer["code"], nonce, verifier)
    part = _given(settings, said)
    with accounts.one_address(), ctx.db.write() as session:
        account = _known(session, settings, said) or _tied(ctx, session, settings, said, part)
        _check_here(session, account.actor_id)
        if settings.sso_role_claim:
            _apply(ctx, session, account.actor_id, part)
        who = signing_in.let_in(ctx, session, account, browser, "single sign-on")
    ctx.wake()
    return Come(who, onward)


def leave_address(ctx: Context, actor_id: str) -> str:
    """Where somebody who came through the provider signs out of it too; "" where there is no such
    place.
    """
    if not provider.is_set_up(ctx.settings):
        return ""
    with ctx.db.read() as session:
        account = session.get(AccountRow, actor_id)
        if account is None or account.subject is None:
            return ""
    return provider.leave_address(ctx.settings, ctx.clock())


def _settings(ctx: Context) -> Settings:
    if not provider.is_set_up(ctx.settings):
        raise NotFound("Single sign-on is not set up here.", code="sso_off")
    return ctx.settings


_PARTS = ("state", "nonce", "verifier")


def _part_of(secret: str, part: str) -> str:
    """64 hexadecimal characters: enough for each of the three (RFC 7636 §4.1 asks for 43)."""
    return hashlib.sha256(f"enseigne.sso.{part}\n{secret}".encode()).hexdigest()


def _subject(settings: Settings, said: Mapping[str, Any]) -> str:
    return sha256(f"{settings.sso_issuer}\n{said['sub']}".encode())


def _known(session: Session, settings: Settings, said: Mapping[str, Any]) -> AccountRow | None:
    """Who came this way before."""
    chosen = select(AccountRow).where(AccountRow.subject == _subject(settings, said))
    return session.scalars(chosen).first()


def _tied(
    ctx: Context, session: Session, settings: Settings, said: Mapping[str, Any], part: _Part | None
) -> AccountRow:
    """Whose confirmed address this is, or somebody new."""
    now, address, confirmed = ctx.clock(), said.get("email"), said.get("email_verified")
    if not isinstance(address, str) or (confirmed is not True and confirmed != "true"):
        raise Unauthenticated(
            "Your email address is not confirmed at the sign-in service. Confirm it there, "
            "then come back.",
            code="sso_email",
        )
    address = accounts.check_email(address)
    account = session.scalars(select(AccountRow).where(AccountRow.email == address)).first()
    if account is None:
        account = _made(session, now, str(said.get("name") or address), address, part)
    elif account.subject is not None:
        raise Unauthenticated(
            "Your address belongs to someone else here. Ask an owner.", code="sso_taken"
        )
    account.subject = _subject(settings, said)
    _check_here(session, account.actor_id)
    actor = tokens.actor(session, account.actor_id)
    after = {"issuer": settings.sso_issuer, "subject": said["sub"], "email": address}
    audit.record(session, actor, now, "people.sso_tie", f"actor:{actor.id}", None, after)
    return account


def _check_here(session: Session, person: str) -> None:
    if session.get_one(ActorRow, person).left_at is not None:
        raise Unauthenticated(
            "You are no longer among the people here. Ask an owner.", code="sso_left"
        )


def _made(session: Session, now: int, name: str, address: str, part: _Part | None) -> AccountRow:
    if part is None:
        raise Unauthenticated(
            "Nobody has invited you here yet. Ask an owner for it.", code="sso_unknown"
        )
    shown = (
        " ".join("".join(c for c in name if c.isprintable()).split())[:MAX_NAME_CHARACTERS]
        or address
    )
    row = ActorRow(id=new_id(shown), name=shown, scopes=[], created_at=now, made_by=SYSTEM.id)
    row.role, row.stores, row.regions = part.role, part.stores, part.regions
    account = AccountRow(actor_id=row.id, email=address)
    session.add_all([row, account])
    session.flush()
    after = {"name": shown, "email": address, "role": part.role, "stores": part.stores}
    after |= {"regions": part.regions}
    audit.record(session, SYSTEM, now, "people.sso_new", f"actor:{row.id}", None, after)
    return account


def _apply(ctx: Context, session: Session, person: str, part: _Part | None) -> None:
    """Have the provider's word count for somebody who is here. Raises Unauthenticated where it
    gives nothing, Conflict for the last owner.
    """
    row = session.get_one(ActorRow, person, with_for_update=True)
    if part is None:
        raise Unauthenticated(
            "The sign-in service gives you nothing to do here. Ask whoever looks after it.",
            code="sso_no_role",
        )
    accounts.give(session, SYSTEM, ctx.clock(), row, part.role, part.stores, part.regions)


def _given(settings: Settings, said: Mapping[str, Any]) -> _Part | None:
    """The mightiest role among those that the claim names, or the default one; None for none."""
    names = _words(said, settings.sso_role_claim)
    found = {settings.sso_roles.get(name) if settings.sso_roles else name for name in names}
    default = settings.sso_default_role
    role = next((one for one in get_args(Role) if one in found), None)
    role = role or next((one for one in get_args(Role) if one == default), None)
    if role is None:
        return None
    claimed = [one for one in (settings.sso_stores_claim, settings.sso_regions_claim) if one]
    stores = sorted(_words(said, settings.sso_stores_claim))
    regions = sorted(_words(said, settings.sso_regions_claim))
    whole = role in CHAIN_WIDE or not claimed
    try:
        return _Part(role, *accounts.check_reach(role, None if whole else stores, regions))
    except ServerError as wrong:
        raise Unauthenticated(
            "The sign-in service names no store for you. Ask whoever looks after it.",
            code="sso_no_stores",
        ) from wrong


def _words(said: Mapping[str, Any], claim: str) -> frozenset[str]:
    """A claim's values: a list, or one text with commas between them."""
    value = said.get(claim) if claim else None
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip())
    return frozenset(str(one) for one in value) if isinstance(value, list) else frozenset()
