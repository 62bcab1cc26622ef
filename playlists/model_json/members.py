"""Small readers of JSON members that the model's codecs share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from playlists.errors import Invalid
from playlists.fields import Fields, text
from playlists.ids import Json, check_id

MAX_NAME_CHARS = 200
MAX_TAG_CHARS = 64
MAX_CHANNEL_CHARS = 140

Word = TypeVar("Word", bound=str)
_TAG = re.compile(r"[^\s:@][^:@\x00-\x1f]*")
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]*@([a-z0-9][a-z0-9_-]*|\{store\})")


def opened(value: object, path: str, *names: str) -> Fields:
    """Begin reading an object that may have these members and no other. Raises Invalid."""
    fields = Fields.of(value, path)
    for name in fields.raw:
        if name not in names:
            raise Invalid(f"This field is not known. Known: {', '.join(names)}.", fields.at(name))
    return fields


def without_defaults(written: Mapping[str, Json], **defaults: Json) -> dict[str, Json]:
    """The members that are not at their default: by name in `defaults`, else empty or null."""
    return {
        name: value
        for name, value in written.items()
        if (value != defaults[name] if name in defaults else value not in (None, "", [], {}))
    }


def identifier(fields: Fields, name: str) -> str:
    """A lower-case identifier."""
    return check_id(fields.text(name), fields.at(name))


def optional_id(fields: Fields, name: str) -> str | None:
    """A lower-case identifier, or None where it is left out."""
    return identifier(fields, name) if fields.has(name) else None


def name_of(fields: Fields, name: str = "name") -> str:
    """A name for people."""
    return fields.text(name, MAX_NAME_CHARS)


def choice(fields: Fields, name: str, words: tuple[Word, ...], default: Word | None = None) -> Word:
    """One of some words; without a default the member is needed."""
    if default is not None and not fields.has(name):
        return default
    for word in words:
        if fields.value(name) == word:
            return word
    raise Invalid(f"Use one of {', '.join(words)}.", fields.at(name))


def flag(fields: Fields, name: str) -> bool:
    """True or false; false where it is left out."""
    value = fields.raw.get(name, False)
    if not isinstance(value, bool):
        raise Invalid("Use true or false.", fields.at(name))
    return value


def number(fields: Fields, name: str, low: int, high: int, default: int) -> int:
    """A whole number in `[low, high]`, or the default where it is left out."""
    return fields.whole(name, low, high) if fields.has(name) else default


def listed(fields: Fields, name: str, limit: int) -> Iterator[tuple[str, object]]:
    """The entries of a list with their paths; none where it is left out."""
    return fields.items(name, limit) if fields.has(name) else iter(())


def table(fields: Fields, name: str, limit: int, key_chars: int) -> Iterator[tuple[str, object]]:
    """The members of a table; none where it is left out."""
    return fields.members(name, limit, key_chars) if fields.has(name) else iter(())


def ids(fields: Fields, name: str, limit: int) -> frozenset[str]:
    """A set of identifiers."""
    found = listed(fields, name, limit)
    return frozenset(check_id(text(value, at), at) for at, value in found)


def tags(fields: Fields, name: str, limit: int) -> frozenset[str]:
    """A set of tags or regions."""
    found: set[str] = set()
    for at, value in listed(fields, name, limit):
        tag = text(value, at, MAX_TAG_CHARS)
        if not _TAG.fullmatch(tag):
            raise Invalid("A tag has no : or @, and begins with no space.", at)
        found.add(tag)
    return frozenset(found)


def channel(fields: Fields, name: str) -> str | None:
    """An offer channel `shop@store`, where `{store}` may stand for the store; None where it is
    left out."""
    if not fields.has(name):
        return None
    found = fields.text(name, MAX_CHANNEL_CHARS)
    if not _CHANNEL.fullmatch(found):
        raise Invalid("A channel is written shop@store, for example web@{store}.", fields.at(name))
    return found


def window(fields: Fields) -> tuple[int, int]:
    """`from` and `until`, unix milliseconds: an end after the begin."""
    begin, end = fields.whole("from"), fields.whole("until")
    if end <= begin:
        raise Invalid("The end must lie after the begin.", fields.at("until"))
    return begin, end
