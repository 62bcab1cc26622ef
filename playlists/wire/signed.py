"""The small signed payloads: head, time and watch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playlists.errors import Invalid
from playlists.fields import Fields, text
from playlists.ids import Json, ScreenId, Sha256, check_id

MAX_WATCHED = 500
"""Screens that one studio page may follow."""
MAX_NONCE = 128
"""Characters of a nonce."""
_ASKED = re.compile(r"[A-Za-z0-9_-]*")


def asked_nonce(value: object, path: str) -> str:
    """A nonce that a client asks the signed time with. Raises Invalid.

    What the server signs of itself has a colon in it (`playlists.wire.http.refusal_nonce`), so that
    no client can ask for it.
    """
    nonce = text(value, path, MAX_NONCE, empty=True)
    if not _ASKED.fullmatch(nonce):
        raise Invalid("A nonce has letters of base64url only.", path)
    return nonce


@dataclass(frozen=True, slots=True)
class Head:
    """`enseigne.head`: which manifest a screen is to play. Instants are unix milliseconds."""

    screen: ScreenId
    revision: int
    manifest: Sha256
    issued_at: int
    expires_at: int

    def to_json(self) -> Json:
        """The payload."""
        return {
            "v": 1,
            "screen": self.screen,
            "revision": self.revision,
            "manifest": self.manifest,
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
        }

    @classmethod
    def from_json(cls, value: object) -> Head:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        issued_at = given.whole("issued_at")
        return cls(
            ScreenId(check_id(given.text("screen"), "screen")),
            given.whole("revision", 1),
            Sha256(given.sha("manifest")),
            issued_at,
            given.whole("expires_at", issued_at + 1),
        )


@dataclass(frozen=True, slots=True)
class TimeMessage:
    """`enseigne.time`: the server's instant `now` (unix ms), in answer to the player's nonce."""

    nonce: str
    now: int

    def to_json(self) -> Json:
        """The payload."""
        return {"v": 1, "nonce": self.nonce, "now": self.now}

    @classmethod
    def from_json(cls, value: object) -> TimeMessage:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        return cls(given.text("nonce", MAX_NONCE), given.whole("now"))


@dataclass(frozen=True, slots=True)
class Watch:
    """`enseigne.watch`: a studio page may follow these screens until `expires_at` (unix ms), unless
    the session or token ends before whose secret has the sha256 `under`.
    """

    screens: tuple[ScreenId, ...]
    expires_at: int
    under: Sha256

    def to_json(self) -> Json:
        """The payload."""
        return {
            "v": 1,
            "screens": list(self.screens),
            "expires_at": self.expires_at,
            "under": self.under,
        }

    @classmethod
    def from_json(cls, value: object) -> Watch:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        screens = tuple(
            ScreenId(check_id(text(screen, at), at))
            for at, screen in given.items("screens", MAX_WATCHED)
        )
        if not screens:
            raise Invalid("At least one screen is followed.", "screens")
        return cls(screens, given.whole("expires_at"), Sha256(given.sha("under")))
