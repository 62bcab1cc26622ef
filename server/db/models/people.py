"""Tables of who may do what: actors, how people sign in, tokens, audit log, repeated requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, Key, LongText, Ms, Word


class ActorRow(Base):
    """A person or a program. A person has a `role`, which says the rights; a program has `scopes`.
    `stores` null means the whole chain; `regions` add the stores that lie in them, whichever those
    are at the time; `made_by` is the actor that made this one; a person who left at `left_at` may
    do nothing.
    """

    __tablename__ = "actor"

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[Any]]
    stores: Mapped[list[Any] | None]
    regions: Mapped[list[Any]] = mapped_column(default=list)
    made_by: Mapped[str | None] = mapped_column(String(64), index=True)
    created_at: Mapped[Ms]
    role: Mapped[str | None] = mapped_column(String(16))
    left_at: Mapped[int | None] = mapped_column(BigInteger)


class AccountRow(Base):
    """How a person signs in. `password` is an Argon2 hash, "" for none; `totp` the sealed key of an
    authenticator app, counted once `totp_on`; `recovery` the sha256 of each unused recovery code.

    `totp_counter` is the last time step that was used; `wrong_codes` how many codes in a row were
    wrong, the last at `wrong_at`. `subject` is the sha256 of the issuer and subject by which single
    sign-on knows the person.
    """

    __tablename__ = "account"

    actor_id: Mapped[Word] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    subject: Mapped[str | None] = mapped_column(String(64), unique=True)
    password: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(8), default="")
    totp: Mapped[LongText] = mapped_column(default="")
    totp_on: Mapped[bool] = mapped_column(default=False)
    totp_counter: Mapped[int] = mapped_column(BigInteger, default=0)
    wrong_codes: Mapped[int] = mapped_column(default=0)
    wrong_at: Mapped[Ms] = mapped_column(default=0)
    recovery: Mapped[list[Any]] = mapped_column(default=list)


class PasskeyRow(Base):
    """A passkey of a person: WebAuthn's credential id (base64url) and public key (COSE)."""

    __tablename__ = "passkey"

    id: Mapped[str] = mapped_column(String(1400), primary_key=True)
    actor_id: Mapped[Word] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(200))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Ms]
    used_at: Mapped[int | None] = mapped_column(BigInteger)


class TokenRow(Base):
    """A secret of an actor, sha256 only; `kind` is api, session, owner_link, invite (a link to join
    by), second (a sign-in that waits for its second factor), passkey (a challenge) or sso (a way to
    the identity provider and back).

    Of a session: `name` is the browser, `seen_at` when it was last used, give or take minutes.
    """

    __tablename__ = "token"

    hash: Mapped[Hash] = mapped_column(primary_key=True)
    actor_id: Mapped[Word] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Ms]
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    seen_at: Mapped[int | None] = mapped_column(BigInteger)


class EndedRow(Base):
    """The hash of a token that was ended, kept while leaves signed under it may still run."""

    __tablename__ = "ended"

    hash: Mapped[Hash] = mapped_column(primary_key=True)
    until: Mapped[Ms] = mapped_column(index=True)


class AuditRow(Base):
    """Who changed what, from what, to what. Only ever appended: the database refuses the rest."""

    __tablename__ = "audit"
    __table_args__ = ({"info": {"append_only": True}},)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[Ms] = mapped_column(index=True)
    actor_id: Mapped[Word]
    action: Mapped[Word]
    subject: Mapped[Key] = mapped_column(index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class IdempotencyRow(Base):
    """An answer already given to an Idempotency-Key, kept for a day."""

    __tablename__ = "idempotency"

    actor_id: Mapped[Word] = mapped_column(primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)
    request: Mapped[Hash]
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[Ms] = mapped_column(index=True)


class SettingRow(Base):
    """Small values of the installation itself, such as the secret shared by door and web."""

    __tablename__ = "setting"

    key: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
