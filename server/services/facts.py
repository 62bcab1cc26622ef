"""Keeps facts: records what sources observe, says which keys changed, lets the old lapse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from playlists.facts import Fact, FactKey
from playlists.ids import SourceId
from server.db.mappers import fact_from, fact_values
from server.db.models import FactRow
from server.services import outbox

KEEP_PAST_MS = 3 * 86_400_000
"""Facts about the past are kept this long for explanation, then swept."""
IN_ROWS = 500
"""Keys in one IN clause."""


_AGE = (
    update(FactRow)
    .where(FactRow.key == bindparam("held_key"), FactRow.valid_from == bindparam("held_from"))
    .values(observed_at=bindparam("seen"), expires_at=bindparam("ends"))
)
"""For many rows at once: the ORM's own statement a row would hold the record for long."""


def record(session: Session, facts: Sequence[Fact], now: int) -> frozenset[FactKey]:
    """Store `facts` in the caller's transaction and mark the keys whose values changed as dirty.

    An observation (open end) takes the place of the key's older observations; a forecast of the
    rows with the same beginning. An older observation than the one held is ignored. Values that
    stand cost one update of their ages for all of them. Returns the keys that changed.
    """
    held = _held(session, {fact.key for fact in facts})
    changed: set[FactKey] = set()
    aged: list[tuple[FactKey, int, int, int]] = []
    for fact in sorted(facts, key=lambda one: one.observed_at):
        rows = held.setdefault(fact.key, {})
        if fact.valid_until is None:
            rows = _observe(session, fact, rows, changed, aged)
        else:
            _forecast(session, fact, rows, changed, aged)
        held[fact.key] = rows
    if aged:
        names = ("held_key", "held_from", "seen", "ends")
        rows_aged = [dict(zip(names, row, strict=True)) for row in aged]
        session.connection().execute(_AGE, rows_aged)
    outbox.mark(session, changed, now)
    return frozenset(changed)


def _observe(
    session: Session,
    fact: Fact,
    rows: dict[int, Fact],
    changed: set[FactKey],
    aged: list[tuple[FactKey, int, int, int]],
) -> dict[int, Fact]:
    open_rows = [row for row in rows.values() if row.valid_until is None]
    last = max(open_rows, key=lambda row: row.observed_at, default=None)
    if last is not None and last.observed_at > fact.observed_at:
        return rows
    if last is not None and last.value == fact.value and last.source == fact.source:
        aged.append((fact.key, last.valid_from, fact.observed_at, fact.expires_at))
        if last.expires_at <= fact.observed_at:  # it had lapsed to UNKNOWN
            changed.add(fact.key)
        return rows
    session.execute(delete(FactRow).where(FactRow.key == fact.key, FactRow.valid_until.is_(None)))
    session.execute(
        delete(FactRow).where(FactRow.key == fact.key, FactRow.valid_from == fact.valid_from)
    )
    session.add(FactRow(**fact_values(fact)))
    session.flush()
    changed.add(fact.key)
    rest = {at: row for at, row in rows.items() if row.valid_until is not None}
    return rest | {fact.valid_from: fact}


def _forecast(
    session: Session,
    fact: Fact,
    rows: dict[int, Fact],
    changed: set[FactKey],
    aged: list[tuple[FactKey, int, int, int]],
) -> None:
    last = rows.get(fact.valid_from)
    if last is not None and last.observed_at > fact.observed_at:
        return
    if last is not None and (last.value, last.valid_until) == (fact.value, fact.valid_until):
        aged.append((fact.key, fact.valid_from, fact.observed_at, fact.expires_at))
        if last.expires_at <= fact.observed_at:
            changed.add(fact.key)
        return
    session.merge(FactRow(**fact_values(fact)))
    rows[fact.valid_from] = fact
    changed.add(fact.key)


def _held(session: Session, keys: Iterable[FactKey]) -> dict[FactKey, dict[int, Fact]]:
    found: dict[FactKey, dict[int, Fact]] = {}
    ordered = sorted(keys)
    for at in range(0, len(ordered), IN_ROWS):
        some = ordered[at : at + IN_ROWS]
        for row in session.execute(select(FactRow.__table__).where(FactRow.key.in_(some))):
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
