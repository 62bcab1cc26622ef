"""Who plans which stores, and what of a plan still counts when claims came after it began."""

from __future__ import annotations

from typing import cast

from server.services.base.outbox import Claim
from server.services.publishing.crew import MOST_STORES, Helper, divided
from server.services.publishing.planning import StorePlan
from server.services.publishing.slices import Ask
from server.services.publishing.telephone import Telephone
from server.services.publishing.works import Work, Works

RAIN = frozenset({"weather.rain:s0"})


def helper() -> Helper:
    return Helper(cast(Telephone, None), ready=True)


def whole(*numbers: int) -> list[Ask]:
    return [Ask(f"s{number}", None, None) for number in numbers]


def facts(*numbers: int) -> list[Ask]:
    return [Ask(f"s{number}", {"p"}, RAIN) for number in numbers]


def names(asks: list[Ask]) -> set[str]:
    return {ask.store for ask in asks}


def test_stores_that_nobody_knows_are_shared_out() -> None:
    one, two = helper(), helper()
    parts = divided(whole(*range(30)), {}, [one, two], 3)
    assert [found for found, _ in parts.helpers] == [one, two]
    assert [len(some) for _, some in parts.helpers] == [10, 10]
    assert len(parts.own) == 10
    assert names(parts.own).isdisjoint(names(parts.helpers[0][1] + parts.helpers[1][1]))


def test_a_single_store_that_nobody_knows_stays_with_the_worker() -> None:
    parts = divided(whole(1), {}, [helper()], 2)
    assert parts.helpers == []
    assert names(parts.own) == {"s1"}


def test_a_store_goes_to_whoever_planned_it_last() -> None:
    one = helper()
    parts = divided(facts(1, 2, 3), {"s1": one, "s2": None, "s3": one}, [one], 2)
    assert [names(some) for _, some in parts.helpers] == [{"s1", "s3"}]
    assert names(parts.own) == {"s2"}


def test_facts_alone_wait_for_a_busy_owner_and_nobody_takes_them() -> None:
    busy, idle = helper(), helper()
    asks = facts(*range(20))
    parts = divided(asks, dict.fromkeys(names(asks), busy), [idle], 3)
    assert parts.helpers == []
    assert parts.own == []


def test_whole_stores_of_another_are_taken_by_whoever_is_free() -> None:
    busy, idle = helper(), helper()
    asks = whole(*range(90))
    parts = divided(asks, dict.fromkeys(names(asks), busy), [idle], 3)
    assert [(found, len(some)) for found, some in parts.helpers] == [(idle, 30)]
    assert len(parts.own) == 60
    mine = divided(asks, dict.fromkeys(names(asks), None), [idle], 2)
    assert [len(some) for _, some in mine.helpers] == [MOST_STORES]
    assert len(mine.own) == 90 - MOST_STORES


def claimed(works: Works, number: int, *keys: str) -> Work:
    claim = Claim(f"holder-{number}", dict.fromkeys(keys, 1))
    work = Work.of({"lille": {"p"}}, number, claim, now=0)
    works.add(work)
    return work


def test_a_plan_is_nothing_to_claims_that_came_after_it_began() -> None:
    works = Works()
    before, after = claimed(works, 1, "weather.rain:lille"), claimed(works, 2, "playlist:base")
    assert works.asks(()) == [Ask("lille", {"p"}, None)]
    assert works.claimed_after(1) == {"playlist:base"}
    works.done(StorePlan("lille", None, begun=1), set())
    assert before.wanted == {}
    assert after.wanted == {"lille": {"p"}}
    works.gone("lille", 1)
    assert after.wanted == {"lille": {"p"}}
    works.gone("lille", 2)
    assert works.asks(()) == []


def test_facts_alone_are_said_only_where_nothing_else_is_wanted() -> None:
    works = Works()
    claimed(works, 1, "weather.rain:lille")
    claimed(works, 2, "footfall:lille")
    asked = works.asks(())
    assert asked == [Ask("lille", {"p"}, frozenset({"weather.rain:lille", "footfall:lille"}))]
    assert works.asks({"lille"}) == []


def test_the_smallest_work_comes_first() -> None:
    works = Works()
    works.add(Work(dict.fromkeys(("a", "b", "c")), 0))
    claimed(works, 1, "playlist:base")
    assert names(works.asks(())) == {"lille"}
    assert names(works.asks({"lille"})) == {"a", "b", "c"}
