"""Every error the domain raises, each with a stable code that the API and the UI translate."""

from __future__ import annotations


class DomainError(Exception):
    """Base of the domain's errors. `code` is stable; the message is a sentence for people."""

    code = "domain"


class Invalid(DomainError):
    """A value that the domain refuses. `field` is the path of the offending part, with slashes."""

    code = "invalid"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class PlaylistCycle(Invalid):
    """A playlist contains itself, directly or through others: `path` is the way walked."""

    code = "playlist_cycle"

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__("A playlist cannot contain itself: " + " > ".join(path), "items")
        self.path = path


class Refused(DomainError):
    """A message was verified and refused: nothing of it may be used. `reason` is a stable word."""

    code = "refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
