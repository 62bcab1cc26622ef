"""Names of things: the identifier types, their grammar, canonical bytes and content hashes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NewType

from playlists.errors import Invalid

ScreenId = NewType("ScreenId", str)
StoreId = NewType("StoreId", str)
ZoneId = NewType("ZoneId", str)
PlaylistId = NewType("PlaylistId", str)
ItemId = NewType("ItemId", str)
CampaignId = NewType("CampaignId", str)
OverrideId = NewType("OverrideId", str)
Sku = NewType("Sku", str)
SourceId = NewType("SourceId", str)
"""A fact source or shop as seen from one store, `name@store`: the unit that freshness renews."""
ChannelId = NewType("ChannelId", str)
"""An offer channel, `shop@store`."""
Sha256 = NewType("Sha256", str)
"""64 lower-case hex digits."""
CardId = NewType("CardId", str)
"""The first 10 hex digits of the sha256 of what a card says, bound to no store yet."""

_PLAIN = frozenset({int, str, bool, type(None)})

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SKU = re.compile(r"[^\s@:{}\x00-\x1f]{1,64}")


def check_id(value: str, field: str = "id") -> str:
    """Return `value` if it is a lower-case identifier of 1 to 64 characters. Raises Invalid."""
    if not _ID.fullmatch(value):
        raise Invalid("Use 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit.", field)
    return value


def check_sku(value: str, field: str = "sku") -> Sku:
    """Return `value` as a SKU: 1 to 64 characters without space, @, :, { or }. Raises Invalid."""
    if not _SKU.fullmatch(value):
        raise Invalid("A SKU has 1 to 64 characters, without spaces, @, :, { or }.", field)
    return Sku(value)


def canonical(value: Json) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8, integers only.

    Raises Invalid on a float: a float has no single text form, so it may never be hashed or signed.
    """
    _refuse_floats(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def sha256(data: bytes) -> Sha256:
    """The content address of `data`."""
    return Sha256(hashlib.sha256(data).hexdigest())


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise Invalid("Numbers in hashed or signed bytes must be whole numbers.")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise Invalid("Keys in hashed or signed bytes must be text.")
        _refuse_floats_in(value.values())
    elif isinstance(value, list | tuple):
        _refuse_floats_in(value)


def _refuse_floats_in(values: Iterable[object]) -> None:
    for inner in values:
        if type(inner) not in _PLAIN:  # most leaves, of which there are very many
            _refuse_floats(inner)
