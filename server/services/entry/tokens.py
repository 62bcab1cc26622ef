"""The secrets that let somebody in: made, looked up, taken once.

The record keeps their sha256 only, which is enough: they are 256 random bits.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from playlists.ids import sha256
from server.db.models import ActorRow, StoreRow, TokenRow
from server.errors import Unauthenticated
from server.services.base.actors import Actor
from server.services.entry.roles import rights_of

SECRET_BYTES = 32
API, SESSION, OWNER_LINK = "api", "session", "owner_link"
INVITE, SECOND, PASSKEY, SSO = "invite", "second", "passkey", "sso"
SESSION_LIFE_MS = 14 * 24 * 3_600_000
SEEN_EVERY_MS = 5 * 60_000
"""That a session was used is noted this often at most."""
BROWSER_CHARACTERS = 200
NOBODY = "Sign in, or send a token that is good."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just begun: `secret` goes into the cookie and is nowhere else. `expires_at`: unix
    ms. `language` is the person's, "" where none was chosen.
    """

    actor: Actor
    secret: str
    expires_at: int
    language: str = ""


def new_secret() -> str:
    """One that nobody guesses."""
    return secrets.token_urlsafe(SECRET_BYTES)


def add(
    session: Session,
    secret: str,
    actor_id: str,
    kind: str,
    name: str,
    now: int,
    expires_at: int | None,
) -> TokenRow:
    """Have `secret` count for the actor. `now`, `expires_at`: unix ms."""
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


def look(session: Session, secret: str, kind: str, now: int) -> TokenRow | None:
    """The token of this kind that `secret` stands for, while it counts."""
    token = session.get(TokenRow, sha256(secret.encode()))
    good = token is not None and token.kind == kind and (token.expires_at or now + 1) > now
    return token if good else None


def take(session: Session, secret: str, kind: str, now: int) -> str | None:
    """Use up a secret; whose it was, or None where it does not count. Of many at once one takes."""
    chosen = TokenRow.hash == sha256(secret.encode()), TokenRow.kind == kind
    counts = TokenRow.expires_at > now
    return session.scalar(delete(TokenRow).where(*chosen, counts).returning(TokenRow.actor_id))


def actor(session: Session, actor_id: str) -> Actor:
    """The actor with the rights it has now. Raises Unauthenticated for one who left or is not
    there.
    """
    row = session.get(ActorRow, actor_id)
    if row is None or row.left_at is not None:
        raise Unauthenticated(NOBODY)
    return Actor(row.id, row.name, rights_of(row), *reach_of(session, row))


def reach_of(session: Session, row: ActorRow) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The stores where rights end now, those of the regions included, and the regions."""
    if row.stores is None:
        return None, frozenset()
    stores, regions = frozenset(row.stores), frozenset(row.regions)
    if regions:
        places = session.execute(select(StoreRow.id, StoreRow.regions))
        stores |= {store for store, lies_in in places if regions & set(lies_in)}
    return stores, regions


def begin(
    session: Session, who: Actor, now: int, browser: str = "", language: str = ""
) -> SignedIn:
    """Begin a session. `browser`: as its owner knows it again."""
    secret, expires_at = new_secret(), now + SESSION_LIFE_MS
    token = add(session, secret, who.id, SESSION, browser[:BROWSER_CHARACTERS], now, expires_at)
    token.seen_at = now
    return SignedIn(who, secret, expires_at, language)
