"""The second factor: codes of an authenticator app (RFC 6238) and recovery codes, each used once.

The app's key is kept sealed (AES, by libpass) under a key derived from the installation's own. Each
time step counts once. After WRONG_FREE wrong codes in a row one waits, twice as long each time, so
that who has the password alone cannot try a million codes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import update

from playlists.ids import sha256
from server.db.models import AccountRow
from server.errors import BadInput, NotFound, TooMany, Unauthenticated
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import accounts, tokens

if TYPE_CHECKING:
    from passlib.totp import TOTP

ISSUER = "Enseigne"
WRONG = "This code is wrong, or was used. Wait for the app’s next one."
WINDOW_S = 30
"""How far the phone's clock may be off."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 8
"""Of chance in each: their sha256 is enough to keep."""
WRONG_FREE = 5
WAIT_MS = 60_000
MOST_WAIT_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app is given: the link for its camera, the key to type."""

    uri: str
    key: str


def begin(ctx: Context, actor: Actor) -> Setup:
    """A new key, which counts once its first code came back (see `confirm`); one that counts stays
    until then. Raises BadInput where there is one.
    """
    with ctx.db.read() as session:
        account = session.get(AccountRow, actor.id)
        if account is None:
            raise NotFound("Programs have no second factor.")
        if account.totp_on:
            raise BadInput("You have an authenticator app. Remove it first.")
        label, kept = account.email or actor.name, account.totp
    totp = _open(ctx, kept) if kept else _factory(ctx).new()
    if not kept:
        sealed = totp.to_json(encrypt=True)
        with ctx.db.write() as session:
            session.execute(
                update(AccountRow)
                .where(AccountRow.actor_id == actor.id, AccountRow.totp_on.is_(False))
                .values(totp=sealed)
            )
    return Setup(totp.to_uri(label=label, issuer=ISSUER), totp.pretty_key())


def confirm(ctx: Context, actor: Actor, code: str) -> list[str]:
    """Have the app count, now that it gave a good code; the recovery codes, shown this once.

    Raises BadInput for a wrong code.
    """
    with ctx.db.read() as session:
        account = session.get_one(AccountRow, actor.id)
        kept, on = account.totp, account.totp_on
    if not kept or on:
        raise BadInput("Begin anew: show the picture to your app first.", field="code")
    step = _step(ctx, kept, code, 0)
    if step is None:
        raise _wrong()
    now, codes = ctx.clock(), _new_codes()
    with ctx.db.write() as session:
        account = session.get_one(AccountRow, actor.id, with_for_update=True)
        if account.totp != kept or account.totp_on:
            raise _wrong()
        account.totp_on, account.totp_counter, account.wrong_codes = True, step, 0
        account.recovery = [sha256(_bare(one).encode()) for one in codes]
        audit.record(session, actor, now, "people.second", f"actor:{actor.id}", None, {"on": True})
    return codes


def renew_codes(ctx: Context, actor: Actor) -> list[str]:
    """New recovery codes, shown this once; older ones stop."""
    now, codes = ctx.clock(), _new_codes()
    with ctx.db.write() as session:
        account = session.get_one(AccountRow, actor.id, with_for_update=True)
        if not account.totp_on:
            raise BadInput("Recovery codes stand in for an authenticator app; you have none.")
        account.recovery = [sha256(_bare(one).encode()) for one in codes]
        audit.record(session, actor, now, "people.recovery", f"actor:{actor.id}")
    return codes


def remove(ctx: Context, actor: Actor) -> None:
    """Do without one's own second factor."""
    _remove(ctx, actor, actor.id)


def remove_of(ctx: Context, actor: Actor, person: str) -> None:
    """Take someone's second factor away, who lost it. Raises NotFound, Forbidden."""
    actor.require("people")
    with ctx.db.read() as session:
        accounts.found_below(session, actor, person)
    _remove(ctx, actor, person)


def use(ctx: Context, who: str, code: str) -> None:
    """Count a code of the app or a recovery code, once. Raises Unauthenticated (`wrong_code`),
    TooMany after many wrong ones.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        account = session.get_one(AccountRow, who)
        wait_s = -(-(account.wrong_at + _wait_ms(account.wrong_codes) - now) // 1000)
        kept, last = account.totp, account.totp_counter
    if wait_s > 0:
        raise TooMany(f"Many codes were wrong. Try again in {wait_s} s.", retry_after_s=wait_s)
    step = _step(ctx, kept, code, last)
    with ctx.db.write() as session:
        account = session.get_one(AccountRow, who, with_for_update=True)
        spent = sha256(_bare(code).encode())
        if step is not None and step > account.totp_counter and account.totp == kept:
            account.totp_counter, account.wrong_codes = step, 0
            return
        if account.totp_on and spent in account.recovery:
            account.recovery = [one for one in account.recovery if one != spent]
            account.wrong_codes = 0
            actor = tokens.actor(session, who)
            left = {"left": len(account.recovery)}
            audit.record(session, actor, now, "people.recovery_used", f"actor:{who}", None, left)
            return
        account.wrong_codes, account.wrong_at = account.wrong_codes + 1, now
    raise Unauthenticated(WRONG, code="wrong_code")


def _remove(ctx: Context, actor: Actor, person: str) -> None:
    now = ctx.clock()
    with ctx.db.write() as session:
        account = session.get_one(AccountRow, person, with_for_update=True)
        before = {"on": account.totp_on}
        account.totp, account.totp_on, account.recovery, account.wrong_codes = "", False, [], 0
        audit.record(session, actor, now, "people.second", f"actor:{person}", before, {"on": False})


def _step(ctx: Context, kept: str, code: str, last: int) -> int | None:
    """The time step that a code is of, None where it is of none after `last`."""
    from passlib.exc import TokenError

    if not kept:
        return None
    try:
        match = _open(ctx, kept).match(
            code, time=ctx.clock() // 1000, window=WINDOW_S, last_counter=last or None
        )
    except (TokenError, ValueError):
        return None
    return int(match.counter)


def _open(ctx: Context, kept: str) -> TOTP:
    return _factory(ctx).from_json(kept)


def _factory(ctx: Context) -> type[TOTP]:
    from passlib.totp import TOTP

    key = hmac.new(ctx.keys.channel_secret, b"enseigne.totp", hashlib.sha256).hexdigest()
    factory: type[TOTP] = TOTP.using(secrets={"1": key}, issuer=ISSUER)
    return factory


def _wait_ms(wrong: int) -> int:
    beyond = wrong - WRONG_FREE
    return 0 if beyond < 0 else min(WAIT_MS << min(beyond, 20), MOST_WAIT_MS)


def _new_codes() -> list[str]:
    """As people copy them: groups of four."""
    made = [secrets.token_hex(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    return ["-".join(one[at : at + 4] for at in range(0, len(one), 4)) for one in made]


def _bare(code: str) -> str:
    return "".join(c for c in code.lower() if c.isalnum())


def _wrong() -> BadInput:
    return BadInput(WRONG, field="code", code="wrong_code")
