"""Signed calls of the demo's shop and tills to the server.

Signature: `sha256=` and the hex HMAC-SHA256, under the shared secret, of the timestamp, a full
stop and the raw body.
"""

from __future__ import annotations

import hashlib
import hmac
import urllib.error
import urllib.request
import uuid
from http.client import HTTPException

from server.demo.world.journal import now_ms

CALL_TIMEOUT_S = 5.0


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature header of one call."""
    message = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class Caller:
    """Makes calls to one address under one secret, past any proxy."""

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def post(self, body: bytes) -> tuple[int, bytes]:
        """POST JSON: the status and the answer's body, of a refusal too. The same body is the same
        delivery. Raises OSError, ValueError.
        """
        timestamp = str(now_ms() // 1000)
        headers = {
            "Content-Type": "application/json",
            "X-Enseigne-Timestamp": timestamp,
            "X-Enseigne-Delivery": str(uuid.uuid5(uuid.NAMESPACE_OID, body.hex())),
            "X-Enseigne-Signature": sign(self._secret, timestamp, body),
        }
        call = urllib.request.Request(self._url, data=body, headers=headers, method="POST")
        try:
            with self._opener.open(call, timeout=CALL_TIMEOUT_S) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()
        except HTTPException as broken:
            raise OSError(str(broken)) from broken
