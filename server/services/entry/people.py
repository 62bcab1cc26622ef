"""Who may come in: the one-time owner link, sessions of people, API tokens of programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from playlists.ids import sha256
from server.db.models import AccountRow, ActorRow, StoreRow, TokenRow
from server.errors import BadInput, Forbidden, NotFound, Unauthenticated
from server.services.base import audit
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor, Scope
from server.services.base.context import Context
from server.services.base.editing import check_name, new_id
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.entry import ended, roles, tokens
from server.services.entry.tokens import API, OWNER_LINK, SESSION, SignedIn

OWNER = "owner"
TOKEN_PREFIX = "ens_"
"""Begins every API token, so that scanners of leaked secrets can tell one."""


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
    secret = tokens.new_secret()
    now = ctx.clock()
    expires_at = now + ctx.settings.owner_link_life_s * 1000
    with ctx.db.write() as session:
        session.execute(delete(TokenRow).where(TokenRow.kind == OWNER_LINK))
        tokens.add(session, secret, OWNER, OWNER_LINK, "owner link", now, expires_at)
        audit.record(session, SYSTEM, now, "people.owner_link", f"actor:{OWNER}")
    return f"{ctx.settings.url}/start/{secret}"


def is_owner_link(ctx: Context, secret: str) -> bool:
    """Whether an owner link would let someone in now; asking does not use it up."""
    with ctx.db.read() as session:
        return tokens.look(session, secret, OWNER_LINK, ctx.clock()) is not None


def redeem_owner_link(ctx: Context, secret: str, browser: str = "") -> SignedIn:
    """Come in through an owner link, which works once. Raises Unauthenticated when used, expired or
    unknown.
    """
    now = ctx.clock()
    with ctx.db.write() as session:
        if tokens.take(session, secret, OWNER_LINK, now) is None:
            raise Unauthenticated(
                "This link was used already, or is too old. Start the server again, or run "
                "“python3 start.py run owner-link”, for a new one."
            )
        if (row := session.get(ActorRow, OWNER)) is None:
            row = ActorRow(id=OWNER, name="Owner", scopes=[], stores=None, created_at=now)
            session.add(row)
            session.add(AccountRow(actor_id=OWNER))
        row.role, row.stores, row.regions, row.left_at = roles.OWNER, None, [], None
        session.flush()
        account = session.get_one(AccountRow, OWNER)
        owner = tokens.actor(session, OWNER)
        signed_in = tokens.begin(session, owner, now, browser, account.language)
        audit.record(session, owner, now, "people.sign_in", f"actor:{OWNER}")
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
    check_rights(actor, wanted, shops)
    now = ctx.clock()
    if expires_at is not None and expires_at <= now:
        raise BadInput("The end of a token lies in the future.", field="expires_at")
    secret = TOKEN_PREFIX + tokens.new_secret()
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
        token = tokens.add(session, secret, row.id, API, row.name, now, expires_at)
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
    """Forget sessions and links that are over; API tokens stay in their list."""
    over = TokenRow.kind != API, TokenRow.expires_at <= now
    session.execute(delete(TokenRow).where(*over))
    ended.sweep(session, now)


def list_tokens(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[TokenView]:
    """The API tokens whose rights lie within the actor's stores, by id."""
    actor.require("people")
    with ctx.db.read() as session:
        held = {
            token.actor_id: token
            for token in session.scalars(select(TokenRow).where(TokenRow.kind == API))
        }

        def make(row: ActorRow) -> TokenView | None:
            token = held.get(row.id)
            return _token_view(row, token) if token and within(actor, row) else None

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
        _end_tree(session, actor, now, [_token(session, actor, token_id)])
    ctx.wake()


def end_beyond(session: Session, actor: Actor, now: int, maker: Actor) -> None:
    """Stop the tokens that the maker made and that may do more than the maker itself may now."""
    tree = [(row, token) for row, token in _made_by(session, maker.id) if _exceeds(row, maker)]
    _end_tree(session, actor, now, tree)


def _exceeds(row: ActorRow, maker: Actor) -> bool:
    return not roles.rights_of(row) <= maker.scopes or not within(maker, row)


def _end_tree(
    session: Session, actor: Actor, now: int, tree: list[tuple[ActorRow, TokenRow]]
) -> None:
    while tree:
        row, token = tree.pop()
        ended.end(session, token, now)  # before its children are read: see _check_maker
        audit.record(session, actor, now, "token.revoke", f"token:{row.id}", {"name": row.name})
        tree += _made_by(session, row.id)


def _made_by(session: Session, maker: str) -> list[tuple[ActorRow, TokenRow]]:
    made = select(ActorRow, TokenRow).join(TokenRow, TokenRow.actor_id == ActorRow.id)
    made = made.where(ActorRow.made_by == maker, TokenRow.kind == API)
    return [(row, token) for row, token in session.execute(made.with_for_update())]


def _token(session: Session, actor: Actor, token_id: str) -> tuple[ActorRow, TokenRow]:
    row = session.get(ActorRow, token_id)
    chosen = select(TokenRow).where(TokenRow.actor_id == token_id, TokenRow.kind == API)
    token = session.scalars(chosen).first()
    if row is None or token is None or not within(actor, row):
        raise NotFound("There is no such token among your stores.")
    return row, token


def within(actor: Actor, row: ActorRow) -> bool:
    """Whether what this one may do ends within the actor's stores."""
    if actor.stores is None:
        return True
    inside = row.stores is not None and set(row.stores) <= actor.stores
    return inside and set(row.regions) <= actor.regions


def check_rights(actor: Actor, scopes: frozenset[Scope], stores: frozenset[str] | None) -> None:
    """Refuse to give rights that the actor has not. Raises BadInput, Forbidden, NotFound."""
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
    now = ctx.clock()
    with ctx.db.read() as session:
        token = session.get(TokenRow, hashed)
        if token is None or token.kind not in kinds:
            raise Unauthenticated(tokens.NOBODY)
        if token.expires_at is not None and token.expires_at <= now:
            raise Unauthenticated("This has expired. Sign in again, or make a new token.")
        actor = replace(tokens.actor(session, token.actor_id), under=hashed)
        unseen = token.kind == SESSION and now - (token.seen_at or 0) >= tokens.SEEN_EVERY_MS
    if unseen:
        with ctx.db.write() as session:
            session.execute(update(TokenRow).where(TokenRow.hash == hashed).values(seen_at=now))
    return actor


def _token_view(row: ActorRow, token: TokenRow) -> TokenView:
    stores = None if row.stores is None else tuple(row.stores)
    return TokenView(
        row.id, row.name, tuple(row.scopes), stores, token.created_at, token.expires_at
    )
