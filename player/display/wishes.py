"""What the agent wishes of whoever has the display: standing wishes, and pictures of it.

The agent has no way to the display: the kiosk's process asks for these (GET /wishes), does what it
has not done yet, and says what came of it (POST /wishes). So either may be restarted alone.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playlists.errors import Invalid
from playlists.fields import Fields
from playlists.ids import Json
from playlists.wire.door import Cap, caps_from

MAX_PICTURE_CHARS = 1_500_000
"""Of a picture in base64: a little over what the server takes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`id` is another one whenever it is to be done again."""

    id: str
    kind: str
    arguments: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> Json:
        """As the kiosk hears it."""
        return {"id": self.id, "kind": self.kind, **self.arguments}


@dataclass(frozen=True, slots=True)
class Did:
    """What came of a wish: whether it could be done, by which means, in which words."""

    id: str
    ok: bool
    how: str
    said: str
    detail: Mapping[str, Cap] = field(default_factory=dict)
    picture: bytes = b""

    def to_json(self) -> Json:
        """As the kiosk says it."""
        return {
            "id": self.id,
            "ok": self.ok,
            "how": self.how,
            "said": self.said,
            "detail": dict(self.detail),
            "picture": base64.b64encode(self.picture).decode(),
        }

    @classmethod
    def from_json(cls, value: object) -> Did:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        try:
            picture = given.text("picture", MAX_PICTURE_CHARS, empty=True)
            data = base64.b64decode(picture, validate=True)
        except (ValueError, binascii.Error):
            raise Invalid("A picture comes as base64.", "picture") from None
        return cls(
            given.text("id", 128),
            given.value("ok") is True,
            given.text("how", 64, empty=True),
            given.text("said", 500, empty=True),
            caps_from(given, "detail"),
            data,
        )


class Wishes:
    """The list. Every method is for any thread; `told` takes what came of a wish."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: dict[str, Wish] = {}
        self.told: Callable[[Did], None] = lambda did: None

    def put(self, name: str, wish: Wish | None) -> None:
        """Wish this under that name from now on, or nothing any more."""
        with self._lock:
            if wish is None:
                self._wishes.pop(name, None)
            else:
                self._wishes[name] = wish

    def to_json(self) -> Mapping[str, Json]:
        """All of them."""
        with self._lock:
            return {"wishes": [wish.to_json() for wish in self._wishes.values()]}

    def take(self, value: object) -> None:
        """What came of one. Raises Invalid."""
        self.told(Did.from_json(value))
