"""Speaks OpenID Connect with the identity provider of the settings: discovery, the code flow with
PKCE, and an ID token that is held to all that OpenID Connect Core 1.0 §3.1.3.7 asks.

The operator names the issuer, so its host may be a private one; the endpoints that its document
names elsewhere may not, unless the settings allow it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from server.config import Settings
from server.connectors import http
from server.connectors.body import Deadline
from server.connectors.source import Limits
from server.errors import Away, Unauthenticated
from server.ports import PermanentError, TemporaryError

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

BACK = "/sign-in/sso/back"
"""Where the provider sends people back to."""
KNOWN_MS = 10 * 60_000
"""What the provider says of itself is asked again after this long."""
LEEWAY_S = 60
"""How far the provider's clock may be off."""
AT_ONCE = 4
"""Conversations with the provider at the same time: a slow one leaves room for everybody else."""
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that count, all with a key that the provider alone has."""
AWAY = "The sign-in service does not answer. Try again in a minute, or come in another way."
UNFIT = "The sign-in service’s answer does not hold. Begin again, or tell whoever runs this server."
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

log = structlog.get_logger(__name__)
_room = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider says of itself, and its keys; `until`: unix ms."""

    metadata: Mapping[str, Any]
    keys: Mapping[str, Any]
    until: int


class Unfit(Exception):
    """An answer that cannot be believed; the message is for the log, never for the reader."""


def is_set_up(settings: Settings) -> bool:
    """Whether people may come in this way."""
    return bool(settings.sso_issuer and settings.sso_client_id)


def title(settings: Settings) -> str:
    """What people call the provider."""
    return settings.sso_name or urlsplit(settings.sso_issuer).hostname or ""


def address(settings: Settings, now: int, state: str, nonce: str, verifier: str) -> str:
    """Where to send a browser. `now`: unix ms. Raises Away, Unauthenticated."""
    with _talk(settings) as client:
        known = _known(client, settings, now)
        asked = {"code_verifier": verifier, "nonce": nonce}
        url, _ = client.create_authorization_url(
            known.metadata["authorization_endpoint"], state, **asked
        )
    return str(url)


def leave_address(settings: Settings, now: int) -> str:
    """Where a browser ends its session with the provider too; "" where that is not offered or not
    known at the moment (OpenID Connect RP-Initiated Logout 1.0 §2). `now`: unix ms.
    """
    from authlib.common.urls import add_params_to_uri

    known = _kept().get(settings.sso_issuer)
    there = known.metadata.get("end_session_endpoint") if known and known.until > now else ""
    if not there:
        return ""
    asked = {"client_id": settings.sso_client_id, "post_logout_redirect_uri": settings.url}
    return str(add_params_to_uri(there, asked))


def claims(settings: Settings, now: int, code: str, nonce: str, verifier: str) -> dict[str, Any]:
    """What the provider says of whom it sent back with `code`. `now`: unix ms.

    Raises Away, Unauthenticated.
    """
    with _talk(settings) as client:
        known = _known(client, settings, now)
        answer = client.fetch_token(
            known.metadata["token_endpoint"],
            code=code,
            code_verifier=verifier,
            grant_type="authorization_code",
            timeout=settings.sso_timeout_s,
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Unfit("no ID token came")
        found = _checked(client, settings, known, now, token, nonce, answer.get("access_token"))
        there = known.metadata.get("userinfo_endpoint")
        if there and answer.get("access_token"):
            more = client.get(there, timeout=settings.sso_timeout_s)
            more.raise_for_status()
            found = _joined(found, more.json())
    return found


def _joined(found: dict[str, Any], more: object) -> dict[str, Any]:
    """What stands in the ID token, and beside it what /userinfo adds (§5.3.2: of the same sub)."""
    if not isinstance(more, dict) or more.get("sub") != found["sub"]:
        raise Unfit("userinfo speaks of someone else")
    return {**more, **found}


def _checked(
    client: OAuth2Session,
    settings: Settings,
    known: Known,
    now: int,
    token: str,
    nonce: str,
    access: object,
) -> dict[str, Any]:
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError
    from joserfc.jwk import KeySet
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=list(SIGNED_BY), strict_check_header=False)
    try:
        signed = jwt.decode(token, KeySet.import_key_set(known.keys), registry=registry)  # type: ignore[arg-type]
    except InvalidKeyIdError:  # its keys were changed since they were read
        known = _ask(client, settings, now)
        signed = jwt.decode(token, KeySet.import_key_set(known.keys), registry=registry)  # type: ignore[arg-type]
    must = {
        "iss": {"essential": True, "value": settings.sso_issuer},
        "aud": {"essential": True, "value": settings.sso_client_id},
        "sub": {"essential": True},
    }
    shown = {"nonce": nonce, "client_id": settings.sso_client_id, "access_token": access}
    held = CodeIDToken(signed.claims, signed.header, must, shown)
    held.validate(now=now // 1000, leeway=LEEWAY_S)
    if not isinstance(held["sub"], str):
        raise Unfit("its subject is no text")
    return dict(held)


def _known(client: OAuth2Session, settings: Settings, now: int) -> Known:
    """What is kept of the provider, or what it says now."""
    known = _kept().get(settings.sso_issuer)
    return known if known is not None and known.until > now else _ask(client, settings, now)


def _ask(client: OAuth2Session, settings: Settings, now: int) -> Known:
    """Read its document (OpenID Connect Discovery 1.0 §4) and its keys."""
    issuer = settings.sso_issuer
    metadata = _json(client, settings, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if metadata.get("issuer") != issuer:
        raise Unfit(f"it calls itself {metadata.get('issuer')!r}: set ENSEIGNE_SSO_ISSUER so")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(metadata.get(name), str):
            raise Unfit(f"its document names no {name}")
        _check_address(metadata[name])
    keys = _json(client, settings, metadata["jwks_uri"])
    known = Known(metadata, keys, now + KNOWN_MS)
    _kept()[issuer] = known
    return known


def _json(client: OAuth2Session, settings: Settings, url: str) -> dict[str, Any]:
    answer = client.get(url, withhold_token=True, timeout=settings.sso_timeout_s)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise Unfit("it answered no JSON object")
    return found


def _check_address(url: str) -> None:
    parts = urlsplit(http.check_url(url))
    if parts.scheme != "https" and parts.hostname not in LOCAL:
        raise Unfit(f"{parts.hostname} has no encryption")


@contextmanager
def _talk(settings: Settings) -> Iterator[OAuth2Session]:
    """A conversation with the provider. What goes wrong in it is logged, and said in a sentence."""
    import requests
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.errors import JoseError

    if not _room.acquire(blocking=False):
        raise Away(AWAY, code="sso_away")
    try:
        _check_address(settings.sso_issuer)
        with Deadline(settings.sso_timeout_s) as deadline, _client(OAuth2Session, settings) as one:
            trusted = urlsplit(settings.sso_issuer).hostname or ""
            http.guard(one, Limits.of(settings), deadline, trusted)
            yield one
    except (requests.RequestException, OSError, TemporaryError) as wrong:
        status = getattr(getattr(wrong, "response", None), "status_code", 503)
        log.warning("sso_away", error=str(wrong)[:200])
        if status < 500:
            raise Unauthenticated(UNFIT, code="sso_unfit") from wrong
        raise Away(AWAY, code="sso_away") from wrong
    except (
        Unfit,
        PermanentError,
        JoseError,
        AuthlibBaseError,
        ValueError,
        KeyError,
        TypeError,
    ) as wrong:
        log.warning("sso_unfit", error=str(wrong)[:200], kind=type(wrong).__name__)
        raise Unauthenticated(UNFIT, code="sso_unfit") from wrong
    finally:
        _room.release()


def _client(kind: type[OAuth2Session], settings: Settings) -> OAuth2Session:
    return kind(
        client_id=settings.sso_client_id,
        client_secret=settings.sso_client_secret or None,
        scope=settings.sso_scopes,
        redirect_uri=settings.url + BACK,
        code_challenge_method="S256",
    )


@cache
def _kept() -> dict[str, Known]:
    """What issuers said of themselves, in this process."""
    return {}
