"""Root's own record: whom it believes, which computer this is, what it obeyed last, the attempt
under way, what it keeps.

One small file, replaced whole and synced: after a power cut it says what was, or what is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from player.cache.files import write_atomic
from player.updating.handover import Result
from playlists.errors import DomainError, Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import Json, Sha256, canonical
from playlists.signing import MAX_BYTES, KeyRing, b64, public_key

NAME = "record.json"
MAX_RECORD_BYTES = 512 * 1024
MAX_KEPT = 2
"""Packages that are kept: of the version that is installed, and of the one before."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An update that was begun and is neither confirmed nor undone: by which request, from which
    version to which.
    """

    request: Sha256
    before: str
    version: str

    def to_json(self) -> Json:
        """As in the record."""
        return {"request": self.request, "before": self.before, "version": self.version}

    @classmethod
    def from_json(cls, value: object) -> Attempt:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value, "attempt")
        return cls(
            Sha256(given.sha("request")),
            given.text("before"),
            given.text("version"),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """`root` is the pinned key that `keys` (a signed document) and `obeyed_at` belong to: the
    `issued_at` of the newest command that was begun. `device`: the id of this computer's key, as
    the server's commands name it, "" before the first. `kept`: sha256 by version, the newest last.
    """

    root: bytes = b""
    keys: str = ""
    obeyed_at: int = 0
    device: str = ""
    attempt: Attempt | None = None
    last: Result | None = None
    kept: Mapping[str, Sha256] = field(default_factory=dict)

    def ring(self, root: bytes) -> KeyRing:
        """Whom to believe under the pinned key; another key than before begins anew.

        Raises Refused.
        """
        ring = KeyRing(root)
        return ring.renewed(self.keys) if self.keys and root == self.root else ring

    def keeping(self, version: str, address: Sha256, beside: str = "") -> Mapping[str, Sha256]:
        """`kept` with one more, which is then the newest; `beside` is the last version to go."""
        rest = [(name, held) for name, held in self.kept.items() if name != version]
        rest.sort(key=lambda row: row[0] == beside)
        return dict([*rest, (version, address)][-MAX_KEPT:])

    def to_bytes(self) -> bytes:
        """The file."""
        return canonical(
            {
                "v": 1,
                "root": b64(self.root),
                "keys": self.keys,
                "obeyed_at": self.obeyed_at,
                "device": self.device or None,
                "attempt": self.attempt.to_json() if self.attempt else None,
                "last": self.last.to_json() if self.last else None,
                "kept": [[version, address] for version, address in self.kept.items()],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Undo `to_bytes`. Raises Invalid."""
        given = Fields.of(parse_json(data))
        given.format()
        root = given.text("root", 64, empty=True)
        kept: dict[str, Sha256] = {}
        for at, row in given.items("kept", MAX_KEPT + 1):
            if not isinstance(row, list) or len(row) != 2:
                raise Invalid("A version and its sha256 are needed.", at)
            pair = Fields.of({"version": row[0], "sha256": row[1]}, at)
            kept[pair.text("version", 64)] = Sha256(pair.sha("sha256"))
        return cls(
            public_key(root) if root else b"",
            given.text("keys", MAX_BYTES["keys"], empty=True),
            given.whole("obeyed_at"),
            given.kid("device") if given.has("device") else "",
            Attempt.from_json(given.value("attempt")) if given.has("attempt") else None,
            Result.from_json(given.value("last")) if given.has("last") else None,
            kept,
        )


def load(folder: Path) -> Record:
    """The record of this folder; an empty one where there is none.

    Raises Invalid where the disk changed it: then nothing is updated until the installer ran again.
    """
    try:
        with (folder / NAME).open("rb") as file:
            data = file.read(MAX_RECORD_BYTES + 1)
    except FileNotFoundError:
        return Record()
    try:
        return Record.from_bytes(data)
    except DomainError as wrong:
        raise Invalid(
            f"The record of updates is damaged ({wrong}). Run the installer again.", NAME
        ) from None


def save(folder: Path, record: Record) -> None:
    """Put it on the disk. Raises NoRoom, OSError."""
    write_atomic(folder / NAME, record.to_bytes())
