"""Read JSON that came from elsewhere: strict on every known field, blind to unknown ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from playlists.errors import Invalid

MAX_WHOLE = 2**53 - 1
"""The greatest whole number that Python and a browser both hold exactly."""
MAX_TEXT = 2_000
"""Characters in any one text unless a field says otherwise."""

_LONE = re.compile("[\ud800-\udfff]")
_KID = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def parse_json(data: bytes) -> object:
    """Parse UTF-8 JSON without floats, NaN or lone surrogates. Raises Invalid."""
    try:
        value: object = json.loads(
            data.decode(), parse_float=_no_float, parse_constant=_no_float, parse_int=_whole
        )
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Invalid("This is not JSON as we write it: UTF-8, whole numbers only.") from None
    return value


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object being read. Each method checks one field and raises Invalid with its path."""

    raw: Mapping[str, object]
    path: str = ""

    @classmethod
    def of(cls, value: object, path: str = "") -> Fields:
        """Begin reading `value`, which must be a JSON object."""
        if not isinstance(value, Mapping):
            raise Invalid("An object is needed here.", path)
        return cls(value, path)

    def at(self, name: str) -> str:
        """The path of a field, like `keys/0/kid`."""
        return f"{self.path}/{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.raw.get(name) is not None

    def value(self, name: str) -> object:
        """The field as it is. Raises Invalid where it is missing."""
        if name not in self.raw:
            raise Invalid("This field is missing.", self.at(name))
        return self.raw[name]

    def whole(self, name: str, low: int = 0, high: int = MAX_WHOLE) -> int:
        """A whole number in `[low, high]`."""
        return whole(self.value(name), self.at(name), low, high)

    def text(self, name: str, limit: int = MAX_TEXT, *, empty: bool = False) -> str:
        """A text of at most `limit` characters, not empty unless `empty`."""
        return text(self.value(name), self.at(name), limit, empty=empty)

    def match(self, name: str, pattern: re.Pattern[str], hint: str) -> str:
        """A text that `pattern` matches whole; `hint` says to people what is needed."""
        found = self.text(name)
        if not pattern.fullmatch(found):
            raise Invalid(hint, self.at(name))
        return found

    def kid(self, name: str) -> str:
        """A key id."""
        return self.match(name, _KID, "A key id has 16 lower-case hex digits.")

    def sha(self, name: str) -> str:
        """A content address."""
        return sha(self.value(name), self.at(name))

    def base64url(self, name: str) -> str:
        """Bytes as base64url without padding, not decoded here."""
        return self.match(name, _BASE64URL, "Use base64url without padding.")

    def fields(self, name: str) -> Fields:
        """An object inside this one."""
        return Fields.of(self.value(name), self.at(name))

    def items(self, name: str, limit: int) -> Iterator[tuple[str, object]]:
        """The entries of a list of at most `limit`, each with its path."""
        return iter(entries(self.value(name), self.at(name), limit))

    def members(self, name: str, limit: int, key_limit: int = 200) -> Iterator[tuple[str, object]]:
        """The members of an object used as a table, of at most `limit` with keys of `key_limit`."""
        table = self.fields(name)
        if len(table.raw) > limit:
            raise Invalid(f"At most {limit} entries may stand here.", table.path)
        for key, value in table.raw.items():
            text(key, table.path, key_limit)
            yield key, value

    def format(self, known: int = 1) -> None:
        """The message's format version `v`. Raises Invalid for one that this code does not know."""
        if self.whole("v") != known:
            raise Invalid(f"Format {known} is understood here; update this side.", self.at("v"))


def whole(value: object, path: str, low: int = 0, high: int = MAX_WHOLE) -> int:
    """Check one whole number. Raises Invalid."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Invalid(f"A whole number from {low} to {high} is needed.", path)
    return value


def text(value: object, path: str, limit: int = MAX_TEXT, *, empty: bool = False) -> str:
    """Check one text. Raises Invalid."""
    if not isinstance(value, str) or len(value) > limit or not (value or empty):
        raise Invalid(f"A text of {0 if empty else 1} to {limit} characters is needed.", path)
    if not is_whole_text(value):
        raise Invalid("A text has no NUL and no half of a character.", path)
    return value


def is_whole_text(value: str) -> bool:
    """Whether every program and database can hold it: it has no NUL and no half of a character."""
    return "\0" not in value and (value.isascii() or not _LONE.search(value))


def sha(value: object, path: str) -> str:
    """Check one content address. Raises Invalid."""
    if not _SHA256.fullmatch(text(value, path)):
        raise Invalid("A sha256 has 64 lower-case hex digits.", path)
    return str(value)


def entries(value: object, path: str, limit: int) -> list[tuple[str, object]]:
    """Check one list and pair its entries with their paths. Raises Invalid."""
    if not isinstance(value, list | tuple) or len(value) > limit:
        raise Invalid(f"A list of at most {limit} entries is needed.", path)
    return [(f"{path}/{index}", inner) for index, inner in enumerate(value)]


def row(value: object, path: str, at_least: int) -> list[object]:
    """Check a row such as `[from, until]`; more columns are a later format's. Raises Invalid."""
    if not isinstance(value, list | tuple) or len(value) < at_least:
        raise Invalid(f"A row of {at_least} values is needed.", path)
    return list(cast("list[object]", value))


def _no_float(_: str) -> object:
    raise ValueError("float")


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > MAX_WHOLE:
        raise ValueError("too large")
    return number
