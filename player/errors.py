"""What can go wrong around a player: each kind says whether trying again helps."""

from __future__ import annotations


class PlayerError(Exception):
    """Base. The message is an English sentence for people."""


class Unreachable(PlayerError):
    """The server did not answer, or not now. `retry_after_s` is its own wish, 0 without one."""

    def __init__(self, message: str, retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BadAnswer(PlayerError):
    """The server answered something else than was asked for: too long, or not as it must be."""


class Missing(PlayerError):
    """The server does not have it, or not for this screen (404, 410)."""


class Denied(PlayerError):
    """The server refuses this device. `code` is its stable word, such as cloned_key; `signed` is
    the same with its signature, which must answer `refusal`, both "" where it gave none.
    """

    def __init__(self, code: str, message: str, signed: str = "", refusal: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.signed = signed
        self.refusal = refusal


class Corrupt(PlayerError):
    """Bytes are not those that their address names; they were thrown away."""


class NoRoom(PlayerError):
    """The disk, or its share for this purpose, is full; what is held stays as it was."""
