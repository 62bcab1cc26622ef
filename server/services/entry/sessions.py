"""What a signed-in browser carries: the session's cookie, signed, and the word against forged
requests.
"""

from __future__ import annotations

import hashlib
import hmac

from itsdangerous import BadSignature, Signer

from server.services.base.context import Context

COOKIE = "enseigne_session"
CSRF_HEADER = "X-CSRF-Token"
"""Every unsafe request that the cookie signs in must bear this header, which no other site can set.
"""


def seal(ctx: Context, secret: str) -> str:
    """The cookie's value for a session's secret."""
    return _signer(ctx).sign(secret).decode()


def unseal(ctx: Context, cookie: str) -> str | None:
    """The session's secret, or None where the cookie is not one that we made."""
    try:
        return _signer(ctx).unsign(cookie).decode()
    except (BadSignature, UnicodeDecodeError):
        return None


def csrf_of(ctx: Context, secret: str) -> str:
    """The word that the pages of this session send along in CSRF_HEADER."""
    return hmac.new(_key(ctx), b"csrf\n" + secret.encode(), hashlib.sha256).hexdigest()


def is_csrf(ctx: Context, secret: str, word: str) -> bool:
    """Whether `word` is this session's."""
    return hmac.compare_digest(csrf_of(ctx, secret).encode(), word.encode())


def _signer(ctx: Context) -> Signer:
    return Signer(_key(ctx), salt="enseigne.session", digest_method=hashlib.sha256)


def _key(ctx: Context) -> bytes:
    """A key of its own, so that no token of a player is ever a cookie of a person."""
    return hmac.new(ctx.keys.channel_secret, b"enseigne.session", hashlib.sha256).digest()
