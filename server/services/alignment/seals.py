"""Signed messages of the past, verified again today with the keys that were valid in their time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playlists.errors import Refused
from playlists.ids import Json, sha256
from playlists.signing import KeyRing, OnlineKey, open_token

HOLDS = "holds"
NOT_KEPT = "not_kept"
DIFFERS = "differs"
"""The signature is good, but the message says something else than the record."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed message (`kind` head or offers) about `subject`, signed at `at_ms` (unix ms).

    `verdict` is `holds`, `not_kept`, `differs`, or why it is refused (playlists.signing); `key` is
    the key as the root lists it, None where it is listed no more; `digest` the sha256 of `jws`.
    """

    kind: str
    subject: str
    at_ms: int
    jws: str
    digest: str
    verdict: str
    kid: str = ""
    key: OnlineKey | None = None

    def to_json(self) -> Json:
        """As in the download."""
        return {
            "kind": self.kind,
            "about": self.subject,
            "signed_at": self.at_ms,
            "kid": self.kid,
            "key_valid_from": self.key.from_ms if self.key else None,
            "key_valid_until": self.key.until_ms if self.key else None,
            "sha256": self.digest,
            "verdict": self.verdict,
            "jws": self.jws,
        }


def seal(
    ring: KeyRing,
    kind: str,
    subject: str,
    at_ms: int,
    jws: str,
    agrees: Callable[[Mapping[str, Any]], bool],
) -> Seal:
    """Verify a message of `at_ms`; `agrees` tells whether its payload says what the record says."""
    if not jws:
        return Seal(kind, subject, at_ms, "", "", NOT_KEPT)
    digest = sha256(jws.encode())
    try:
        opened = open_token(jws, kind, ring, at_ms)
    except Refused as refused:
        return Seal(kind, subject, at_ms, jws, digest, refused.reason)
    payload: Any = opened.payload
    verdict = HOLDS if agrees(payload) else DIFFERS
    return Seal(kind, subject, at_ms, jws, digest, verdict, opened.kid, ring.find(opened.kid))
