"""Pages through a list by keys, not by offsets: rows that come or go never shift the rest."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.config import Settings
from server.errors import BadInput

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Cut:
    """Which page is asked for: `after` is the last page's `next`, opaque; `limit` is rows, None the
    default.
    """

    after: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows in order; `next` leads to those after them, empty at the end."""

    items: tuple[Item, ...]
    next: str = ""


FIRST = Cut()
"""The first page, as long as it usually is."""


def paged(
    session: Session,
    settings: Settings,
    statement: Select[Any],
    keys: Sequence[InstrumentedAttribute[Any]],
    cut: Cut,
    make: Callable[[Any], Made | None],
    *,
    newest_first: bool = False,
) -> Page[Made]:
    """One page of `statement` in the order of `keys` (unique together); `make` gives None for a row
    to leave out.

    Raises BadInput for a cursor that is not one of ours, or a limit out of range.
    """
    limit = settings.page_rows if cut.limit is None else cut.limit
    if not 1 <= limit <= settings.max_page_rows:
        raise BadInput(f"Ask for 1 to {settings.max_page_rows} rows.", field="limit")
    order = [key.desc() if newest_first else key.asc() for key in keys]
    after = _read(cut.after, keys) if cut.after else None
    kept: list[tuple[Made, list[Any]]] = []
    while len(kept) <= limit:
        some = statement if after is None else statement.where(_beyond(keys, after, newest_first))
        rows = session.scalars(some.order_by(*order).limit(limit + 1)).all()
        for row in rows:
            after = [getattr(row, key.key) for key in keys]
            made = make(row)
            if made is not None:
                kept.append((made, after))
        if len(rows) <= limit:
            break
    shown = kept[:limit]
    more = len(kept) > limit
    return Page(tuple(made for made, _ in shown), _write(shown[-1][1]) if more else "")


def _beyond(
    keys: Sequence[InstrumentedAttribute[Any]], after: list[Any], newest_first: bool
) -> ColumnElement[bool]:
    left, right = tuple_(*keys), tuple_(*after)
    return left < right if newest_first else left > right


def _write(values: list[Any]) -> str:
    text = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    types = [key.type.python_type for key in keys]
    if (
        not isinstance(values, list)
        or [type(value) for value in values] != types
        or not all(_storable(value) for value in values)
    ):
        raise BadInput("Pass on the “next” of the page before as it is.", field="after")
    return values


def _storable(value: str | int) -> bool:
    """Whether a database takes the value at all."""
    return "\x00" not in value if isinstance(value, str) else abs(value) < 2**63
