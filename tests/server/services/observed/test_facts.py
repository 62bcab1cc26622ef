"""Facts as sources tell them: in any order, twice, late, lapsed, forecast and observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from playlists.facts import Fact, FactKey, FactValue
from playlists.ids import SourceId
from server.db.models import FactRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.observed import facts
from tests.support.record import START_MS, TestClock, make_context

HOUR = 3_600_000
RAIN = FactKey("weather.rain:lille")
STOCK = FactKey("stock:BAG@lille")
SOURCE = SourceId("w@lille")


def observed(value: FactValue, at: int, key: FactKey = RAIN, life: int = HOUR) -> Fact:
    return Fact(key, value, at, None, at, at + life, SOURCE)


def forecast(value: FactValue, begin: int, told_at: int, hours: int = 1) -> Fact:
    end = begin + hours * HOUR
    return Fact(RAIN, value, begin, end, told_at, told_at + 6 * HOUR, SOURCE)


def told(ctx: Context, *some: Fact) -> frozenset[FactKey]:
    """What changed when all of it was told at once."""
    with ctx.db.write() as session:
        return facts.record(session, some, ctx.clock())


def rows(ctx: Context, key: FactKey = RAIN) -> tuple[Fact, ...]:
    with ctx.db.read() as session:
        return facts.facts_for(session, [key]).get(key, ())


def test_an_observation_takes_the_place_of_the_one_before(any_ctx: Context) -> None:
    assert told(any_ctx, observed(4, START_MS)) == {RAIN}
    later = observed(0, START_MS + 5)
    assert told(any_ctx, later) == {RAIN}
    assert rows(any_ctx) == (later,)


def test_a_value_that_stands_only_grows_younger_and_marks_nothing(any_ctx: Context) -> None:
    told(any_ctx, observed(4, START_MS))
    claim = outbox.claim(any_ctx.db, "test", START_MS)
    assert claim.keys == {RAIN}
    with any_ctx.db.write() as session:
        outbox.settle(session, claim)
    assert told(any_ctx, observed(4, START_MS + 5)) == frozenset()
    with any_ctx.db.read() as session:
        assert outbox.pending(session) == 0
    (row,) = rows(any_ctx)
    assert (row.valid_from, row.observed_at, row.expires_at) == (
        START_MS,
        START_MS + 5,
        START_MS + 5 + HOUR,
    )


def test_the_same_value_after_it_had_lapsed_is_news(any_ctx: Context) -> None:
    told(any_ctx, observed(4, START_MS))
    assert told(any_ctx, observed(4, START_MS + HOUR)) == {RAIN}


def test_a_late_observation_is_ignored(any_ctx: Context) -> None:
    held = observed(4, START_MS + 5)
    told(any_ctx, held)
    assert told(any_ctx, observed(9, START_MS)) == frozenset()
    assert rows(any_ctx) == (held,)


def test_a_newer_forecast_replaces_the_same_hour_and_no_other(any_ctx: Context) -> None:
    first = [forecast(at, START_MS + at * HOUR, START_MS) for at in range(3)]
    told(any_ctx, *first)
    better = forecast(9, START_MS + HOUR, START_MS + 5)
    assert told(any_ctx, better) == {RAIN}
    assert rows(any_ctx) == (first[0], better, first[2])
    assert told(any_ctx, first[1]) == frozenset(), "the older one came again"
    assert rows(any_ctx) == (first[0], better, first[2])


def test_an_observation_leaves_forecasts_alone_but_takes_its_own_instant(any_ctx: Context) -> None:
    now, ahead = forecast(1, START_MS, START_MS - 5), forecast(2, START_MS + HOUR, START_MS - 5)
    told(any_ctx, now, ahead)
    seen = observed(7, START_MS)
    told(any_ctx, seen)
    assert rows(any_ctx) == (seen, ahead)


def test_a_confirmation_renews_what_its_source_said_and_nothing_else(any_ctx: Context) -> None:
    other = replace(observed(3, START_MS, STOCK), source=SourceId("ww@lille"))
    told(any_ctx, observed(4, START_MS), other)
    at = START_MS + 1000
    with any_ctx.db.write() as session:
        assert facts.unconfirmed(session, "w", at) == [SOURCE]
        facts.confirm(session, SOURCE, at)
        assert facts.unconfirmed(session, "w", at) == []
    (row,) = rows(any_ctx)
    assert (row.observed_at, row.expires_at) == (at, at + HOUR)
    assert rows(any_ctx, STOCK) == (other,)


def test_a_confirmation_from_the_past_makes_nothing_older(any_ctx: Context) -> None:
    told(any_ctx, observed(4, START_MS))
    with any_ctx.db.write() as session:
        facts.confirm(session, SOURCE, START_MS - 1)
    assert rows(any_ctx) == (observed(4, START_MS),)


def test_old_forecasts_are_swept_and_observations_stay(any_ctx: Context) -> None:
    old = START_MS - facts.KEEP_PAST_MS - 2 * HOUR
    kept, seen = forecast(2, START_MS, START_MS), replace(observed(5, old), key=STOCK)
    told(any_ctx, forecast(1, old, old), kept, seen)
    with any_ctx.db.write() as session:
        assert facts.sweep(session, START_MS) == 1
    assert rows(any_ctx) == (kept,)
    assert rows(any_ctx, STOCK) == (seen,)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """One record for all the orders that are tried."""
    context = make_context(tmp_path_factory.mktemp("facts"), clock=TestClock())
    yield context
    context.db.close()


STORIES = st.lists(st.integers(0, 3), min_size=1, max_size=6).flatmap(
    lambda values: st.tuples(
        st.just(values),
        st.permutations(range(len(values))),
        st.lists(st.booleans(), min_size=len(values), max_size=len(values)),
    )
)


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_observations_in_any_order_and_any_batches_end_in_the_newest(
    kept: Context, story: tuple[list[int], list[int], list[bool]]
) -> None:
    values, order, splits = story
    made = [observed(value, START_MS + at) for at, value in enumerate(values)]
    with kept.db.write() as session:
        _forget(session)
        batch: list[Fact] = []
        for at, split in zip(order, splits, strict=True):
            batch.append(made[at])
            if split:
                facts.record(session, batch, START_MS)
                batch = []
        facts.record(session, [*batch, made[order[0]]], START_MS)
    (row,) = rows(kept)
    newest = made[-1]
    assert (row.value, row.observed_at, row.expires_at) == (
        newest.value,
        newest.observed_at,
        newest.expires_at,
    )


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_forecasts_in_any_order_end_in_the_newest_of_each_hour(
    kept: Context, story: tuple[list[int], list[int], list[bool]]
) -> None:
    values, order, hours = story
    made = [
        forecast(value, START_MS + hour * HOUR, START_MS + at)
        for at, (value, hour) in enumerate(zip(values, hours, strict=True))
    ]
    with kept.db.write() as session:
        _forget(session)
        for at in order:
            facts.record(session, [made[at]], START_MS)
    newest = {fact.valid_from: fact for fact in made}
    assert rows(kept) == tuple(newest[begin] for begin in sorted(newest))


def _forget(session: Session) -> None:
    session.execute(delete(FactRow))
