"""Come in by email and password, with a second factor where one is kept, or by a link to join.

1. The hash is checked outside of any transaction: it takes a tenth of a second.
2. Who has an authenticator app gets a short-lived secret that waits for its code; others a session.
3. What was decided meanwhile (another password, let go) counts: the transaction looks again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import AccountRow, ActorRow
from server.errors import BadInput, Unauthenticated
from server.services.base import audit
from server.services.base.context import Context
from server.services.entry import accounts, passwords, second, tokens
from server.services.entry.tokens import SignedIn

WAITING_LIFE_MS = 10 * 60_000
"""How long a sign-in waits for its second factor."""
WRONG = "The address or the password is wrong."
NO_EMAIL = "Write your email address first: you sign in with it."
TOO_LATE = "That took too long. Sign in again."
LINK_OVER = "This link was used already, or is too old. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in whose second factor is still to come; `expires_at`: unix ms."""

    secret: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Joining:
    """Whom a link is for."""

    name: str
    email: str


def by_password(ctx: Context, email: str, password: str, browser: str) -> SignedIn | Waiting:
    """Come in by address and password. Raises Unauthenticated, whatever of the two was wrong."""
    with ctx.db.read() as session:
        chosen = select(AccountRow).where(AccountRow.email == email.strip().lower())
        account = session.scalars(chosen).first()
        who, kept = (account.actor_id, account.password) if account else ("", "")
    if not passwords.fits(kept, password):
        raise Unauthenticated(WRONG, code="wrong_sign_in")
    better = passwords.hashed(password) if passwords.is_old(kept) else kept
    with ctx.db.write() as session:
        account = session.get(AccountRow, who, with_for_update=True)
        if account is None or account.password != kept:
            raise Unauthenticated(WRONG, code="wrong_sign_in")
        account.password = better
        return let_in(ctx, session, account, browser, "password")


def by_code(ctx: Context, waiting: str, code: str, browser: str) -> SignedIn:
    """The second step: a code of the app, or a recovery code, which then counts no more.

    Raises Unauthenticated: a code that is wrong has the code `wrong_code`.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        token = tokens.look(session, waiting, tokens.SECOND, now)
        if token is None:
            raise Unauthenticated(TOO_LATE, code="waited_too_long")
        who = token.actor_id
    second.use(ctx, who, code)
    with ctx.db.write() as session:
        if tokens.take(session, waiting, tokens.SECOND, now) is None:
            raise Unauthenticated(TOO_LATE, code="waited_too_long")
        return begin(ctx, session, who, browser, "second factor")


def who_joins(ctx: Context, secret: str) -> Joining:
    """Whom a link to join is for; asking does not use it up. Raises Unauthenticated."""
    with ctx.db.read() as session:
        token = tokens.look(session, secret, tokens.INVITE, ctx.clock())
        if token is None:
            raise Unauthenticated(LINK_OVER, code="link_over")
        row = session.get_one(ActorRow, token.actor_id)
        return Joining(row.name, session.get_one(AccountRow, row.id).email or "")


def join(ctx: Context, secret: str, password: str, browser: str) -> SignedIn | Waiting:
    """Come in by a link, which works once, with a new password; "" leaves it as it is, for people
    who take a passkey. Sessions from before end. Raises Unauthenticated, BadInput.
    """
    who = who_joins(ctx, secret)
    kept = ""
    if password:
        passwords.check(password, who.name, who.email)
        kept = passwords.hashed(password)
    now = ctx.clock()
    with ctx.db.write() as session:
        actor_id = tokens.take(session, secret, tokens.INVITE, now)
        if actor_id is None:
            raise Unauthenticated(LINK_OVER, code="link_over")
        account = session.get_one(AccountRow, actor_id, with_for_update=True)
        account.password = kept or account.password
        accounts.end_sessions(session, actor_id, now)
        came = let_in(ctx, session, account, browser, "link")
    ctx.wake()
    return came


def begin(ctx: Context, session: Session, who: str, browser: str, how: str) -> SignedIn:
    """Begin a session and note it. Raises Unauthenticated for someone who left."""
    now = ctx.clock()
    actor = tokens.actor(session, who)
    account = session.get_one(AccountRow, who)
    signed_in = tokens.begin(session, actor, now, browser, account.language)
    audit.record(session, actor, now, "people.sign_in", f"actor:{who}", None, {"by": how})
    return signed_in


def let_in(
    ctx: Context, session: Session, account: AccountRow, browser: str, how: str
) -> SignedIn | Waiting:
    """The session, or the wait for the second factor."""
    if not account.totp_on:
        return begin(ctx, session, account.actor_id, browser, how)
    tokens.actor(session, account.actor_id)
    secret, until = tokens.new_secret(), ctx.clock() + WAITING_LIFE_MS
    tokens.add(session, secret, account.actor_id, tokens.SECOND, how, ctx.clock(), until)
    return Waiting(secret, until)


def set_password(ctx: Context, actor_id: str, under: str, current: str, password: str) -> None:
    """Someone's new password; whoever has one says it. Their other sessions end.

    Raises BadInput with the field at fault.
    """
    with ctx.db.read() as session:
        account = session.get_one(AccountRow, actor_id)
        name, email = session.get_one(ActorRow, actor_id).name, account.email
        kept = account.password
    if not email:
        raise BadInput(NO_EMAIL, field="email", code="no_email")
    if kept and not passwords.fits(kept, current):
        raise BadInput("This is not your password.", field="current", code="wrong_password")
    passwords.check(password, name, email)
    made, now = passwords.hashed(password), ctx.clock()
    with ctx.db.write() as session:
        account = session.get_one(AccountRow, actor_id, with_for_update=True)
        if account.password != kept:
            raise BadInput("This is not your password.", field="current", code="wrong_password")
        account.password = made
        accounts.end_sessions(session, actor_id, now, but=under)
        actor = tokens.actor(session, actor_id)
        before, after = {"password": bool(kept)}, {"password": True}
        audit.record(session, actor, now, "people.password", f"actor:{actor_id}", before, after)
    ctx.wake()
