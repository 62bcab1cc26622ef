"""What passes between the agent and root: two files there, one file back, all of them bounded.

The agent puts the package at `PACKAGES/<sha256>` and then the request at `REQUEST`, both in its own
folder; root tells what came of it in `RESULT`, in a folder of its own that anybody may read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from playlists.errors import Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import Json, Sha256, canonical, sha256
from playlists.signing import MAX_BYTES
from playlists.wire.commands import MAX_SAID, State
from playlists.wire.door import Cap, caps_from

KIND = "update"
NAME = "enseigne-player"
AGENT = Path("/var/lib/enseigne-player")
"""The agent's folder, as its unit has it (StateDirectory)."""
ROOT = Path("/var/lib/enseigne-update")
"""Root's."""
PACKAGES, REQUEST = "packages", "update.json"
RESULT = "result.json"
MAX_PACKAGE_BYTES = 64 * 1024 * 1024
MAX_REQUEST_BYTES = MAX_BYTES["command"] + MAX_BYTES["keys"] + 1024
MAX_RESULT_BYTES = 16 * 1024
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+~-]{0,63}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The arguments of an `update`: the version to install, its package's sha256 and bytes."""

    version: str
    sha256: Sha256
    size: int

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Json]) -> Wanted:
        """Raises Invalid."""
        given = Fields.of(arguments, "arguments")
        return cls(
            given.match("version", _VERSION, "A version of a Debian package is needed."),
            Sha256(given.sha("sha256")),
            given.whole("bytes", 1, MAX_PACKAGE_BYTES),
        )


@dataclass(frozen=True, slots=True)
class Request:
    """The signed command, and the signed keys document by which it holds, both as received. `boot`
    is the machine's life in which the agent asks: after another it asks anew, or it is too late.
    """

    command: str
    keys: str
    boot: str

    @property
    def id(self) -> Sha256:
        """Its name in what root answers: also what root cannot read has one."""
        return sha256(self.command.encode())

    def to_bytes(self) -> bytes:
        """The file."""
        return canonical({"v": 1, "command": self.command, "keys": self.keys, "boot": self.boot})

    @classmethod
    def from_bytes(cls, data: bytes) -> Request:
        """Undo `to_bytes`. Raises Invalid."""
        given = Fields.of(parse_json(data))
        given.format()
        return cls(
            given.text("command", MAX_BYTES["command"]),
            given.text("keys", MAX_BYTES["keys"]),
            given.text("boot", empty=True),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the request of that id, as the command's answer tells it."""

    request: Sha256
    state: State
    said: str
    detail: Mapping[str, Cap] = field(default_factory=dict)

    def to_json(self) -> Json:
        """As in the file."""
        return {
            "request": self.request,
            "state": self.state,
            "said": self.said,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_json(cls, value: object) -> Result:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        state = given.text("state")
        if state not in get_args(State):
            raise Invalid("This is no state of an answer.", given.at("state"))
        return cls(
            Sha256(given.sha("request")),
            state,  # type: ignore[arg-type]
            given.text("said", MAX_SAID),
            caps_from(given, "detail"),
        )
