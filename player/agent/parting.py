"""When a device stops being its screen: the server says so twice, and really the server.

Until that is certain it plays on. Over TLS and on this machine the server's word is its own; over
plain HTTP a refusal counts only with its signature, which is newer than any time seen before.
"""

from __future__ import annotations

from player.errors import Denied
from playlists.admission import Trusted
from playlists.errors import DomainError
from playlists.signing import open_token
from playlists.wire.http import PARTED
from playlists.wire.signed import TimeMessage

AGAIN_MS = 20_000
"""The second refusal that counts comes at least so long after the first."""


class Parting:
    """Counts refusals. `is_certain`: nobody can stand between this device and the server."""

    def __init__(self, is_certain: bool) -> None:
        self._is_certain = is_certain
        self._since: int | None = None

    def welcomed(self) -> None:
        """The server knows this device as its screen."""
        self._since = None

    def refused(self, error: Exception, trusted: Trusted | None, monotonic_ms: int) -> bool:
        """Whether it is certain now that this device is no more this screen."""
        if trusted is None or not isinstance(error, Denied) or error.code not in PARTED:
            return False
        if not self._is_certain and not _is_signed(error, trusted):
            return False
        if self._since is None:
            self._since = monotonic_ms
        return monotonic_ms - self._since >= AGAIN_MS


def _is_signed(error: Denied, trusted: Trusted) -> bool:
    try:
        opened = open_token(error.signed, "time", trusted.ring, None)
        said = TimeMessage.from_json(opened.payload)
    except DomainError:
        return False
    return said.nonce == error.refusal and said.now >= trusted.time.mark_ms
