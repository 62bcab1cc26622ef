"""What a rollout decides: waves, first screens, harm, halts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from server.services.screens.rollout_plans import (
    DAY_MS,
    Course,
    Member,
    Pairs,
    Rules,
    Seen,
    choose_pilots,
    deadline,
    faults,
    forgiven,
    go_on,
    waves,
)

NOW = 1_792_067_520_000
RULES = Rules(2, 900_000, 7_200_000)
REST = Course("rest", NOW, DAY_MS)
WELL = Seen("new", NOW)


def fleet(well: int, back: int = 0, due: int = 0) -> Pairs:
    """Screens of stores of their own."""
    stages = [*["has"] * well, *["back"] * back, *["due"] * due]
    return [
        (Member(f"s{number}", f"store{number}", 1, stage, NOW), WELL)  # type: ignore[arg-type]
        for number, stage in enumerate(stages)
    ]


@given(
    st.dictionaries(
        st.integers(0, 500).map(lambda n: f"s{n}"), st.sampled_from("abcde"), min_size=1
    ),
    st.integers(1, 100),
)
def test_waves_are_a_share_each_and_never_all_of_a_store(
    screens: dict[str, str], share: int
) -> None:
    found = waves(screens, share, "salt")
    assert found.keys() == screens.keys()
    sizes = Counter(found.values())
    assert max(sizes.values()) <= max(1, -(-len(screens) * share // 100))
    assert set(sizes) == set(range(1, max(sizes) + 1))
    several = Counter(screens.values())
    for (store, _), number in Counter((screens[it], found[it]) for it in screens).items():
        assert number < several[store] or several[store] == 1


def test_the_first_are_one_of_each_of_the_largest_stores_that_is_heard() -> None:
    screens = [("a1", "a", True), ("b1", "b", False), ("b2", "b", True), ("c1", "c", False)]
    assert choose_pilots(screens, 3) == ("b2", "a1")
    assert choose_pilots(screens, 1) == ("b2",)
    assert choose_pilots([("c1", "c", False)], 3) == ()


def test_of_the_others_a_small_share_may_fail() -> None:
    assert not go_on(REST, fleet(98, 2, 50), RULES, NOW).held
    halted = go_on(REST, fleet(97, 3, 50), RULES, NOW)
    assert (halted.held, halted.why, halted.at_screen) == ("halted", "back", "s97")
    assert go_on(REST, fleet(10, 1), RULES, NOW).held == "halted"
    assert not go_on(replace(REST, state="done"), fleet(10, 5), RULES, NOW).held


def test_silence_long_after_an_update_is_not_its_doing() -> None:
    quiet, elsewhere = Seen("new", NOW - 3_600_000), fleet(1)
    member = Member("s", "store", 1, "has", NOW - DAY_MS)
    assert not faults(REST, [(member, quiet), *elsewhere], RULES, NOW)
    soon = replace(member, since=quiet.heard_at - 60_000)
    assert faults(REST, [(soon, quiet), *elsewhere], RULES, NOW) == {"s": "silent"}
    assert not faults(REST, [(soon, quiet)], RULES, NOW), "nobody is heard: the server is deaf"
    pilot, waiting = replace(member, wave=0), replace(REST, state="waiting")
    assert faults(waiting, [(pilot, quiet), *elsewhere], RULES, NOW) == {"s": "silent"}


def test_who_is_excused_is_neither_judged_nor_told() -> None:
    member = forgiven(Member("s", "store", 0, "back", NOW), "back", NOW)
    assert not faults(REST, [(member, WELL)], RULES, NOW)
    again = forgiven(replace(member, stage="failed", excused=False), "failed", NOW)
    assert deadline(REST, again, (NOW, NOW + DAY_MS), NOW) == NOW + DAY_MS
    assert deadline(REST, replace(again, excused=True), (NOW, NOW + DAY_MS), NOW) is None


def test_nobody_is_told_so_late_that_the_way_there_takes_the_night() -> None:
    member = Member("s", "store", 0, "due", NOW)
    assert deadline(REST, member, (NOW - 1, NOW + 240_000), NOW) is None
    assert deadline(REST, member, (NOW + 1, NOW + DAY_MS), NOW) is None
    assert deadline(REST, replace(member, wave=2), (NOW, NOW + DAY_MS), NOW) is None
