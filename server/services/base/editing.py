"""What every edit shares: ids made from names, versions that two editors cannot both change, clear
conflicts.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.ids import check_id
from server.db.models import Base
from server.errors import BadInput, Conflict, NotFound, Stale

SLUG_CHARACTERS = 40
"""Of a name, in the id that is made from it."""
MAX_NAME_CHARACTERS = 200
MAX_TAGS = 20
"""Of one thing that people file under words of theirs."""
MAX_TAG_CHARACTERS = 40
JOINERS = "\u200c\u200d\u200e\u200f"
"""Join or part letters and emoji (Unicode 9.2, 23.2), or say which way a word is read."""

Value_co = TypeVar("Value_co", covariant=True)
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Versioned(Generic[Value_co]):
    """A thing of the record and its version, which its ETag is made of."""

    value: Value_co
    version: int


class StaleEdit(Stale):
    """Someone else changed it since it was read; `current` is the version it has now."""

    def __init__(self, current: int) -> None:
        super().__init__(
            "Someone changed this since you read it. Read it again, then make your change on that."
        )
        self.current = current


MESSAGE_ID = "message_"
"""Begins the ids of the playlists that hold a store's own words. No name in plain letters has a
"_", and nobody may choose such an id, so nothing else is ever taken for one.
"""
OUT_ID = "out_"
"""Begins the ids of the pauses that belong to a product that is out."""


def new_id(name: str) -> str:
    """An id that is free and says what it is of: the name in plain letters, six random digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:SLUG_CHARACTERS].strip("-")
    return f"{slug}-{secrets.token_hex(3)}" if slug else secrets.token_hex(6)


def chosen_id(wanted: str, name: str) -> str:
    """The id that the caller wants, checked, or a new one where it wants none. Raises BadInput."""
    if not wanted:
        return new_id(name)
    if wanted.startswith((MESSAGE_ID, OUT_ID)):
        raise BadInput("The server's own ids begin like this. Choose another.", field="id")
    with as_bad_input():
        return check_id(wanted)


def checked_tags(words: Iterable[str], field: str) -> list[str]:
    """The words that something is filed under as they are kept: each once, in small letters, with
    single spaces. Raises BadInput.
    """
    found = list(dict.fromkeys(re.sub(r"\s+", " ", word).strip().lower() for word in words))
    for one in found:
        if not one or len(one) > MAX_TAG_CHARACTERS or not one.isprintable() or "," in one:
            message = f"A tag has 1 to {MAX_TAG_CHARACTERS} characters and no comma."
            raise BadInput(message, field=field, code="bad_tag")
    return found


def check_name(name: str, field: str = "name") -> str:
    """A name for people: not empty, not too long, no control characters. Raises BadInput."""
    text = name.strip()
    if not text or len(text) > MAX_NAME_CHARACTERS or not _is_line(text):
        message = f"Give it a name of 1 to {MAX_NAME_CHARACTERS} characters, on one line."
        raise BadInput(message, field=field)
    return text


def locked(session: Session, table: type[Row], key: str | tuple[str, ...], what: str) -> Row:
    """A row, held until the transaction ends. Raises NotFound, saying `what` there is none of."""
    row = session.get(table, key, with_for_update=True)
    if row is None:
        raise missing(what)
    return row


def missing(what: str) -> NotFound:
    """The one answer for what is not there and for what this actor may not know of."""
    return NotFound(f"There is no such {what} among your stores.")


def check_version(current: int, if_version: int | None) -> None:
    """Refuse an edit of another version than `if_version`; None is whatever is there. Raises
    StaleEdit.
    """
    if if_version is not None and if_version != current:
        raise StaleEdit(current)


def insert(session: Session, row: Base, what: str, row_id: str) -> None:
    """Add a row whose id may be taken. Raises Conflict."""
    if session.get(type(row), row_id) is not None:
        raise Conflict(f"There is already a {what} “{row_id}”. Choose another id.", field="id")
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(
            f"There is already a {what} “{row_id}”, or what it names is gone.", field="id"
        ) from None


@contextmanager
def as_bad_input(path: str = "") -> Iterator[None]:
    """Say what the domain refuses as the server's BadInput, with the path of the offending part."""
    try:
        yield
    except Invalid as refused:
        field = "/".join(part for part in (path, refused.field) if part)
        raise BadInput(str(refused), field=field, code=refused.code) from None


def _is_line(text: str) -> bool:
    """Whether a text stays on its line and turns nothing beside it around. What joins letters and
    emoji is no control.
    """
    return all(char.isprintable() or char in JOINERS for char in text)
