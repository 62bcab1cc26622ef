"""Who may come in: the one-time owner link, sessions of people, API tokens of programs.

Secrets are 256 random bits, so the record keeps their plain sha256 and nothing that could be used
again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from playlists.ids import sha256
from server.db.models import ActorRow, StoreRow, TokenRow
from server.errors import BadInput, Forbidden, NotFound, Unauthenticated
from server.services.base import audit
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor, Scope
from server.services.base.context import Context
from server.services.base.editing import check_name, new_id
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.entry import ended

OWNER = "owner"
SECRET_BYTES = 32
SESSION_LIFE_MS = 14 * 24 * 3_600_000
TOKEN_PREFIX = "ens_"
"""Begins every API token, so that scanners of leaked secrets can tell one."""
API, SESSION, OWNER_LINK = "api", "session", "owner_link"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just begun: `secret` goes into the cookie and is nowhere else. `expires_at`: unix
    ms.
    """

    actor: Actor
    secret: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class TokenView:
    """An API token as it may be shown: never its secret. Instants are unix milliseconds."""

    id: str
    name: str
    scopes: tuple[str, ...]
    stores: tuple[str, ...] | None
    created_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new API token with its secret, shown this once."""

    token: TokenView
    secret: str


def has_owner(ctx: Context) -> bool:
    """Whether someone has come in through an owner link."""
    with ctx.db.read() as session:
        return session.get(ActorRow, OWNER) is not None


def owner_link(ctx: Context) -> str:
    """A new one-time owner link, whole; older ones that were not used stop working.

    For the console of the machine only: whoever holds the link owns the installation.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    now = ctx.clock()
    expires_at = now + ctx.settings.owner_link_life_s * 1000
    with ctx.db.write() as session:
        session.execute(delete(TokenRow).where(TokenRow.kind == OWNER_LINK))
        _add_token(session, secret, OWNER, OWNER_LINK, "owner link", now, expires_at)
        audit.record(session, SYSTEM, now, "people.owner_link", f"actor:{OWNER}")
    return f"{ctx.settings.url}/start/{secret}"


def is_owner_link(ctx: Context, secret: str) -> bool:
    """Whether an owner link would let someone in now; asking does not use it up."""
    with ctx.db.read() as session:
        link = session.get(TokenRow, sha256(secret.encode()))
        return link is not None and link.kind == OWNER_LINK and (link.expires_at or 0) > ctx.clock()


def redeem_owner_link(ctx: Context, secret: str) -> SignedIn:
    """Come in through an owner link, which works once. Raises Unauthenticated when used, expired or
    unknown.
    """
    now = ctx.clock()
    with ctx.db.write() as session:
        link = TokenRow.hash == sha256(secret.encode()), TokenRow.kind == OWNER_LINK
        gone = session.execute(
            delete(TokenRow).where(*link, TokenRow.expires_at > now).returning(TokenRow.hash)
        ).all()
        if len(gone) != 1:
            raise Unauthenticated(
                "This link was used already, or is too old. Start the server again, or run "
                "“enseigne owner-link”, for a new one."
            )
        if session.get(ActorRow, OWNER) is None:
            scopes = sorted(ALL_SCOPES)
            session.add(
                ActorRow(id=OWNER, name="Owner", scopes=scopes, stores=None, created_at=now)
            )
            session.flush()
        signed_in = _sign_in(session, _actor(session, OWNER), now)
        audit.record(session, signed_in.actor, now, "people.sign_in", f"actor:{OWNER}")
    return signed_in


def actor_of_session(ctx: Context, secret: str) -> Actor:
    """Whose session this is. Raises Unauthenticated."""
    return _actor_of(ctx, sha256(secret.encode()), (SESSION,))


def actor_of_token(ctx: Context, secret: str) -> Actor:
    """Whose API token this is. Raises Unauthenticated."""
    return _actor_of(ctx, sha256(secret.encode()), (API,))


def actor_under(ctx: Context, under: str) -> Actor:
    """Who gave something away as `Actor.under`, if that session or token still counts. Raises
    Unauthenticated.
    """
    return _actor_of(ctx, under, (SESSION, API))


def sign_out(ctx: Context, secret: str) -> None:
    """End a session, and what was given away under it. One that is over already is no error."""
    with ctx.db.write() as session:
        token = session.get(TokenRow, sha256(secret.encode()), with_for_update=True)
        if token is not None and token.kind == SESSION:
            ended.end(session, token, ctx.clock())
    ctx.wake()


def create_token(
    ctx: Context,
    actor: Actor,
    name: str,
    scopes: Iterable[Scope],
    stores: Iterable[str] | None = None,
    expires_at: int | None = None,
) -> Issued:
    """A token for a program, which acts under a name of its own with at most its maker's rights and
    stores, and no longer than its maker where that is a token too. `expires_at`: unix ms.

    Raises BadInput, Forbidden (more rights than one's own), NotFound (a store that is not there).
    """
    actor.require("people")
    wanted, shops = frozenset(scopes), None if stores is None else frozenset(stores)
    _check_rights(actor, wanted, shops)
    now = ctx.clock()
    if expires_at is not None and expires_at <= now:
        raise BadInput("The end of a token lies in the future.", field="expires_at")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = ActorRow(
        id=new_id(check_name(name)),
        name=name.strip(),
        scopes=sorted(wanted),
        stores=None if shops is None else sorted(shops),
        made_by=actor.id,
        created_at=now,
    )
    with ctx.db.write() as session:
        _check_maker(session, actor, expires_at)
        for store in sorted(shops or ()):
            if session.get(StoreRow, store) is None:
                raise NotFound(f"There is no store “{store}” among your stores.", field="stores")
        session.add(row)
        token = _add_token(session, secret, row.id, API, row.name, now, expires_at)
        view = _token_view(row, token)
        after = {"name": row.name, "scopes": row.scopes, "stores": row.stores}
        audit.record(session, actor, now, "token.create", f"token:{row.id}", None, after)
    return Issued(view, secret)


def leave_until(session: Session, actor: Actor, until: int) -> int:
    """Until when (unix ms) something signed under the actor's session or token may run: `until`,
    or the end of that. Raises Unauthenticated where it is over, or was none.
    """
    token = session.get(TokenRow, actor.under) if actor.under else None
    if token is None:
        raise Unauthenticated("Sign in, or send a token: what you give away ends with it.")
    return until if token.expires_at is None else min(until, token.expires_at)


def sweep(session: Session, now: int) -> None:
    """Forget sessions and owner links that are over; API tokens stay in their list."""
    over = TokenRow.kind != API, TokenRow.expires_at <= now
    session.execute(delete(TokenRow).where(*over))
    ended.sweep(session, now)


def list_tokens(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[TokenView]:
    """The API tokens whose rights lie within the actor's stores, by id."""
    actor.require("people")
    with ctx.db.read() as session:
        tokens = {
            token.actor_id: token
            for token in session.scalars(select(TokenRow).where(TokenRow.kind == API))
        }

        def make(row: ActorRow) -> TokenView | None:
            token = tokens.get(row.id)
            return _token_view(row, token) if token and _within(actor, row) else None

        return paged(session, ctx.settings, select(ActorRow), [ActorRow.id], cut, make)


def get_token(ctx: Context, actor: Actor, token_id: str) -> TokenView:
    """One API token. Raises NotFound, also where it reaches beyond the actor's stores."""
    actor.require("people")
    with ctx.db.read() as session:
        row, token = _token(session, actor, token_id)
        return _token_view(row, token)


def revoke_token(ctx: Context, actor: Actor, token_id: str) -> None:
    """Stop a token at once, and every token that it made, they made, and so on; their names stay
    in the audit log. Raises NotFound.
    """
    actor.require("people")
    now = ctx.clock()
    with ctx.db.write() as session:
        tree = [_token(session, actor, token_id)]
        while tree:
            row, token = tree.pop()
            ended.end(session, token, now)  # before its children are read: see _check_maker
            audit.record(session, actor, now, "token.revoke", f"token:{row.id}", {"name": row.name})
            made = select(ActorRow, TokenRow).join(TokenRow, TokenRow.actor_id == ActorRow.id)
            made = made.where(ActorRow.made_by == row.id, TokenRow.kind == API)
            tree += [(child, held) for child, held in session.execute(made.with_for_update())]
    ctx.wake()


def _token(session: Session, actor: Actor, token_id: str) -> tuple[ActorRow, TokenRow]:
    row = session.get(ActorRow, token_id)
    chosen = select(TokenRow).where(TokenRow.actor_id == token_id, TokenRow.kind == API)
    token = session.scalars(chosen).first()
    if row is None or token is None or not _within(actor, row):
        raise NotFound("There is no such token among your stores.")
    return row, token


def _within(actor: Actor, row: ActorRow) -> bool:
    """Whether what a token may do ends within the actor's stores."""
    return actor.stores is None or (row.stores is not None and set(row.stores) <= actor.stores)


def _check_rights(actor: Actor, scopes: frozenset[Scope], stores: frozenset[str] | None) -> None:
    if not scopes or not scopes <= ALL_SCOPES:
        raise BadInput(f"Name at least one of {', '.join(sorted(ALL_SCOPES))}.", field="scopes")
    if not scopes <= actor.scopes:
        beyond = ", ".join(sorted(scopes - actor.scopes))
        raise Forbidden(f"You cannot give rights that you have not: {beyond}.", field="scopes")
    if actor.stores is None:
        return
    if stores is None:
        raise Forbidden("Name the stores: your rights end at your stores.", field="stores")
    if not stores <= actor.stores:
        raise NotFound("There is no such store among your stores.", field="stores")


def _check_maker(session: Session, actor: Actor, expires_at: int | None) -> None:
    """A token that ends may not outlive itself in another. The maker's is locked: if it is revoked
    this moment, either what it makes is seen and goes too, or nothing is made.
    """
    if not actor.under:
        return
    own = session.get(TokenRow, actor.under, with_for_update=True)
    if own is None:
        raise Unauthenticated("Sign in, or send a token that is good.")
    end = own.expires_at if own.kind == API else None
    if end is not None and (expires_at is None or expires_at > end):
        raise Forbidden(
            f"Your own token ends at {end} (unix ms); one that you make ends no later.",
            field="expires_at",
        )


def _actor_of(ctx: Context, hashed: str, kinds: tuple[str, ...]) -> Actor:
    with ctx.db.read() as session:
        token = session.get(TokenRow, hashed)
        if token is None or token.kind not in kinds:
            raise Unauthenticated("Sign in, or send a token that is good.")
        if token.expires_at is not None and token.expires_at <= ctx.clock():
            raise Unauthenticated("This has expired. Sign in again, or make a new token.")
        return replace(_actor(session, token.actor_id), under=hashed)


def _actor(session: Session, actor_id: str) -> Actor:
    row = session.get(ActorRow, actor_id)
    if row is None:
        raise Unauthenticated("Sign in, or send a token that is good.")
    stores = None if row.stores is None else frozenset(row.stores)
    return Actor(row.id, row.name, frozenset(row.scopes) & ALL_SCOPES, stores)


def _sign_in(session: Session, actor: Actor, now: int) -> SignedIn:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    expires_at = now + SESSION_LIFE_MS
    _add_token(session, secret, actor.id, SESSION, "session", now, expires_at)
    return SignedIn(actor, secret, expires_at)


def _add_token(
    session: Session,
    secret: str,
    actor_id: str,
    kind: str,
    name: str,
    now: int,
    expires_at: int | None,
) -> TokenRow:
    token = TokenRow(
        hash=sha256(secret.encode()),
        actor_id=actor_id,
        kind=kind,
        name=name,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    return token


def _token_view(row: ActorRow, token: TokenRow) -> TokenView:
    stores = None if row.stores is None else tuple(row.stores)
    return TokenView(
        row.id, row.name, tuple(row.scopes), stores, token.created_at, token.expires_at
    )
