"""Keeps facts: records what sources observe, says which keys changed, lets the old lapse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from playlists.facts import Fact, FactKey
from playlists.ids import SourceId
from server.db.mappers import fact_from, fact_values
from server.db.models import FactRow
from server.services.base import outbox

KEEP_PAST_MS = 3 * 86_400_000
"""Facts about the past are kept this long for explanation, then swept."""
IN_ROWS = 500
"""Keys in one IN clause."""

_Held = dict[FactKey, dict[int, Fact]]
_TABLE = cast(Table, FactRow.__table__)
_HERE = (_TABLE.c.key == bindparam("of"), _TABLE.c.valid_from == bindparam("at"))
_COLUMNS = ("valid_until", "value", "observed_at", "expires_at", "source")
_CHANGE = update(_TABLE).where(*_HERE).values({name: bindparam(name) for name in _COLUMNS})


def record(session: Session, facts: Sequence[Fact], now: int) -> frozenset[FactKey]:
    """Store `facts` in the caller's transaction and mark the keys whose values changed as dirty.

    An observation (open end) takes the place of the key's older observations; a forecast of the
    rows with the same beginning. An older observation than the one held is ignored; of a value
    that stands only the age changes. Returns the keys that changed.
    """
    held = _held(session, {fact.key for fact in facts})
    before = {key: dict(rows) for key, rows in held.items()}
    changed: set[FactKey] = set()
    for fact in sorted(facts, key=lambda one: one.observed_at):
        rows = held.setdefault(fact.key, {})
        if (_observe if fact.valid_until is None else _forecast)(fact, rows):
            changed.add(fact.key)
    _write(session, before, held)
    outbox.mark(session, changed, now)
    return frozenset(changed)


def derive(session: Session, found: Sequence[Fact], now: int) -> frozenset[FactKey]:
    """Store what follows from other facts: each takes the place of all that its key said, however
    old that is. Returns the keys that changed.
    """
    held = _held(session, {fact.key for fact in found})
    before = {key: dict(rows) for key, rows in held.items()}
    changed: set[FactKey] = set()
    for fact in found:
        last = next(iter(held.get(fact.key, {}).values()), None)
        same = last is not None and (last.value, last.source) == (fact.value, fact.source)
        if last is None or not same or last.expires_at <= now:
            changed.add(fact.key)
        begin = last.valid_from if last is not None and same else fact.valid_from
        held[fact.key] = {begin: replace(fact, valid_from=begin)}
    _write(session, before, held)
    outbox.mark(session, changed, now)
    return frozenset(changed)


def _observe(fact: Fact, rows: dict[int, Fact]) -> bool:
    """Bring `rows` up to an observation; whether what they say changed."""
    open_rows = [row for row in rows.values() if row.valid_until is None]
    last = max(open_rows, key=lambda row: row.observed_at, default=None)
    if last is not None and last.observed_at > fact.observed_at:
        return False
    if last is not None and last.value == fact.value and last.source == fact.source:
        return _age(last, fact, rows)
    for row in open_rows:
        del rows[row.valid_from]
    rows[fact.valid_from] = fact
    return True


def _forecast(fact: Fact, rows: dict[int, Fact]) -> bool:
    """The same for a forecast."""
    last = rows.get(fact.valid_from)
    if last is not None and last.observed_at > fact.observed_at:
        return False
    if last is not None and (last.value, last.valid_until) == (fact.value, fact.valid_until):
        return _age(last, fact, rows)
    rows[fact.valid_from] = fact
    return True


def _age(last: Fact, fact: Fact, rows: dict[int, Fact]) -> bool:
    """`last` was seen again; that it had lapsed to UNKNOWN is a change."""
    rows[last.valid_from] = replace(last, observed_at=fact.observed_at, expires_at=fact.expires_at)
    return last.expires_at <= fact.observed_at


def _write(session: Session, before: _Held, after: _Held) -> None:
    """Write the difference, in three statements at most."""
    gone, new, moved = [], [], []
    for key, rows in after.items():
        old = before.get(key, {})
        gone += [{"of": key, "at": at} for at in old.keys() - rows.keys()]
        for at, fact in rows.items():
            if at not in old:
                new.append(fact_values(fact))
            elif old[at] != fact:
                moved.append({"of": key, "at": at, **_told(fact)})
    connection = session.connection()
    for statement, values in (
        (delete(_TABLE).where(*_HERE), gone),
        (insert(_TABLE), new),
        (_CHANGE, moved),
    ):
        if values:
            connection.execute(statement, values)


def _told(fact: Fact) -> dict[str, Any]:
    values = fact_values(fact)
    return {name: values[name] for name in _COLUMNS}


def _held(session: Session, keys: Iterable[FactKey]) -> _Held:
    found: _Held = {}
    ordered = sorted(keys)
    for at in range(0, len(ordered), IN_ROWS):
        some = ordered[at : at + IN_ROWS]
        for row in session.execute(select(_TABLE).where(FactRow.key.in_(some))):
            found.setdefault(FactKey(row.key), {})[row.valid_from] = fact_from(row)
    return found


def unconfirmed(session: Session, connector: str, observed_at: int) -> list[SourceId]:
    """The sources of a connector, one for each store, with facts observed before `observed_at`."""
    query = select(FactRow.source).where(
        FactRow.source.startswith(f"{connector}@", autoescape=True),
        FactRow.observed_at < observed_at,
    )
    return sorted(SourceId(source) for source in session.scalars(query.distinct()))


def confirm(session: Session, source: SourceId, observed_at: int) -> None:
    """The source answered and says nothing else: its observations are as young as the answer."""
    session.execute(
        update(FactRow)
        .where(FactRow.source == source, FactRow.observed_at < observed_at)
        .values(
            expires_at=FactRow.expires_at - FactRow.observed_at + observed_at,
            observed_at=observed_at,
        )
    )


def facts_for(session: Session, keys: Iterable[FactKey]) -> dict[FactKey, tuple[Fact, ...]]:
    """All rows of `keys`, by key; a key without rows is absent."""
    held = _held(session, set(keys))
    return {key: tuple(rows[at] for at in sorted(rows)) for key, rows in held.items()}


def latest(session: Session, prefix: str = "", limit: int = 1000) -> tuple[Fact, ...]:
    """The facts that begin with `prefix`, by key then beginning; at most `limit` rows."""
    query = select(FactRow).order_by(FactRow.key, FactRow.valid_from).limit(limit)
    if prefix:
        query = query.where(FactRow.key.startswith(prefix, autoescape=True))
    return tuple(fact_from(row) for row in session.scalars(query))


def sweep(session: Session, now: int) -> int:
    """Forget forecasts about a past that no explanation asks for any more. Returns how many rows
    went.
    """
    gone = session.execute(
        delete(FactRow).where(
            FactRow.valid_until.is_not(None), FactRow.valid_until < now - KEEP_PAST_MS
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
