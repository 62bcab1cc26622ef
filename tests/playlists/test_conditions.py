"""Conditions in three values: what they come to, why, when, and which sources must stay fresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlists.condition_json import (
    MAX_DEPTH,
    MAX_LEAVES,
    MAX_VALUE_LENGTH,
    condition_from_json,
    condition_to_json,
    validate_condition,
)
from playlists.conditions import (
    All,
    Any,
    Compare,
    Condition,
    Not,
    Op,
    Reason,
    Truth,
    Within,
    bind_condition,
    evaluate,
    facts_at,
    facts_of,
    gates_of,
    true_intervals,
    truth_line,
)
from playlists.errors import Invalid
from playlists.facts import FactKey, FactLine, FactSpan, FactValue
from playlists.ids import SourceId
from playlists.intervals import contains

RAIN = FactKey("weather.rain:lille")
TEMPERATURE = FactKey("weather.temperature:lille")
STOCK = FactKey("stock:PLV-01@lille")
KEYS = (RAIN, TEMPERATURE, STOCK)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
ALL_TRUTHS = (T, F, U)
RAINS = Compare(RAIN, ">", 5)
COLD = Compare(TEMPERATURE, "<", 100)
SOLD_OUT = Compare(STOCK, "==", 0)


def truth_of(condition: Condition, **facts: FactValue) -> Truth:
    keys = {"rain": RAIN, "temperature": TEMPERATURE, "stock": STOCK}
    return evaluate(condition, {keys[name]: value for name, value in facts.items()}.get).truth


def leaf(truth: Truth, key: FactKey = RAIN) -> tuple[Compare, dict[FactKey, FactValue]]:
    """A comparison that comes to `truth` with the facts beside it."""
    return Compare(key, "==", 1), {} if truth is U else {key: int(truth is T)}


@pytest.mark.parametrize(
    ("op", "holds"),
    [
        ("<", (1, 0, 0)),
        ("<=", (1, 1, 0)),
        ("==", (0, 1, 0)),
        ("!=", (1, 0, 1)),
        (">=", (0, 1, 1)),
        (">", (0, 0, 1)),
    ],
)
def test_each_operator_below_at_and_above_its_value(op: Op, holds: tuple[int, int, int]) -> None:
    found = [truth_of(Compare(RAIN, op, 5), rain=rain) for rain in (4, 5, 6)]
    assert found == [T if hold else F for hold in holds]


def test_within_includes_both_ends() -> None:
    found = [truth_of(Within(RAIN, 2, 4), rain=rain) for rain in (1, 2, 4, 5)]
    assert found == [F, T, T, F]


def test_a_missing_fact_is_unknown_and_so_is_its_opposite() -> None:
    for condition in (RAINS, Within(RAIN, 0, 9), Not(RAINS), Not(Within(RAIN, 0, 9))):
        assert truth_of(condition) is U


@pytest.mark.parametrize(
    ("condition", "had"),
    [
        (Compare(RAIN, ">", 5), "wet"),
        (Compare(RAIN, ">", "dry"), "wet"),
        (Compare(RAIN, "==", 1), True),
        (Compare(RAIN, "!=", "wet"), 3),
        (Within(RAIN, 0, 1), True),
        (Within(RAIN, 0, 1), "wet"),
    ],
)
def test_a_fact_of_another_type_is_unknown_and_the_reason_shows_it(
    condition: Condition, had: FactValue
) -> None:
    verdict = evaluate(condition, {RAIN: had}.get)
    assert verdict.truth is U
    assert [(reason.had, reason.truth) for reason in verdict.reasons] == [(had, U)]


def test_text_and_truth_values_compare_for_equality() -> None:
    assert truth_of(Compare(RAIN, "==", "wet"), rain="wet") is T
    assert truth_of(Compare(RAIN, "!=", True), rain=True) is F


def test_an_empty_all_is_true_and_an_empty_any_is_false() -> None:
    assert (truth_of(All(())), truth_of(Any(()))) == (T, F)


def test_the_reasons_of_what_is_false_are_the_false_parts() -> None:
    verdict = evaluate(All((RAINS, COLD, SOLD_OUT)), {RAIN: 9, TEMPERATURE: 200}.get)
    assert verdict.truth is F
    assert verdict.reasons == (Reason(TEMPERATURE, "<", 100, 200, F),)


def test_the_reasons_of_what_is_unknown_are_the_missing_facts() -> None:
    verdict = evaluate(All((RAINS, COLD, SOLD_OUT)), {RAIN: 9}.get)
    assert [(reason.key, reason.had) for reason in verdict.reasons] == [
        (TEMPERATURE, None),
        (STOCK, None),
    ]


def test_the_reasons_of_what_is_true_are_the_true_parts_in_the_trees_order_each_once() -> None:
    condition = Any((SOLD_OUT, Not(Not(RAINS)), COLD, RAINS))
    for facts in ({RAIN: 9, STOCK: 0}, {STOCK: 0, RAIN: 9}):
        verdict = evaluate(condition, facts.get)
        assert [reason.key for reason in verdict.reasons] == [STOCK, RAIN]


def test_every_fact_is_looked_up_even_when_the_first_decides() -> None:
    read: list[FactKey] = []

    def lookup(key: FactKey) -> FactValue | None:
        read.append(key)
        return 0

    condition = All((RAINS, Any((SOLD_OUT, Within(TEMPERATURE, 0, 1)))))
    evaluate(condition, lookup)
    assert set(read) == facts_of(condition) == set(KEYS)


def test_binding_fills_store_and_place_everywhere() -> None:
    def about(store: str, place: str) -> Condition:
        return All(
            (
                Not(Compare(FactKey(f"weather.rain:{store}"), ">", 5)),
                Any((Within(FactKey(f"footfall:{place}@{store}"), 0, 9),)),
            )
        )

    assert bind_condition(about("{store}", "{place}"), "lille", "window") == about(
        "lille", "window"
    )


@pytest.mark.parametrize("left", ALL_TRUTHS)
@pytest.mark.parametrize("right", ALL_TRUTHS)
def test_all_any_and_not_follow_kleenes_tables(left: Truth, right: Truth) -> None:
    a, facts_a = leaf(left)
    b, facts_b = leaf(right, STOCK)
    lookup = {**facts_a, **facts_b}.get
    order = [F, U, T]
    negated = {F: T, U: U, T: F}
    assert evaluate(All((a, b)), lookup).truth is min(left, right, key=order.index)
    assert evaluate(Any((a, b)), lookup).truth is max(left, right, key=order.index)
    assert evaluate(Not(a), lookup).truth is negated[left]


values: st.SearchStrategy[FactValue] = st.one_of(
    st.integers(-2, 2), st.booleans(), st.sampled_from(["a", "b"])
)
keys = st.sampled_from(KEYS)
_order: st.SearchStrategy[Op] = st.sampled_from(["<", "<=", ">=", ">"])
_equal: st.SearchStrategy[Op] = st.sampled_from(["==", "!="])
_leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, keys, _order, st.integers(-2, 2)),
    st.builds(Compare, keys, _equal, values),
    st.builds(lambda key, a, b: Within(key, min(a, b), max(a, b)), keys, *[st.integers(-2, 2)] * 2),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: All(tuple(parts)), st.lists(inner, max_size=3)),
        st.builds(lambda parts: Any(tuple(parts)), st.lists(inner, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
facts = st.dictionaries(keys, values)


@given(conditions, conditions, facts)
def test_de_morgans_laws_hold_with_unknown_too(
    a: Condition, b: Condition, known: dict[FactKey, FactValue]
) -> None:
    def truth(condition: Condition) -> Truth:
        return evaluate(condition, known.get).truth

    assert truth(Not(All((a, b)))) is truth(Any((Not(a), Not(b))))
    assert truth(Not(Any((a, b)))) is truth(All((Not(a), Not(b))))
    assert truth(Not(Not(a))) is truth(a)
    assert truth(All((a, b))) is truth(All((b, a)))
    assert truth(Any((a, Any((b,))))) is truth(Any((a, b)))


@given(conditions, facts)
def test_learning_a_fact_never_turns_true_into_false(
    condition: Condition, known: dict[FactKey, FactValue]
) -> None:
    for key in known:
        fewer = {other: value for other, value in known.items() if other != key}
        before = evaluate(condition, fewer.get).truth
        assert before in (U, evaluate(condition, known.get).truth)


@given(conditions, facts)
def test_the_reasons_alone_decide(condition: Condition, known: dict[FactKey, FactValue]) -> None:
    verdict = evaluate(condition, known.get)
    if verdict.truth is not U:
        decisive = {
            reason.key: known[reason.key] for reason in verdict.reasons if reason.had is not None
        }
        assert evaluate(condition, decisive.get).truth is verdict.truth


def lines_of(table: Mapping[FactKey, FactLine]) -> Callable[[FactKey], FactLine | None]:
    return table.get


def line(
    key: FactKey, *spans: tuple[int, int, FactValue], source: str = "m@lille", age: int = 9
) -> FactLine:
    return FactLine(key, SourceId(source), age, tuple(FactSpan(*span) for span in spans))


def test_rain_tomorrow_is_true_tomorrow_and_unknown_after_the_forecast() -> None:
    lines = lines_of({RAIN: line(RAIN, (0, 10, 0), (10, 20, 9), (20, 25, 8))})
    assert truth_line(RAINS, lines, 5, 40) == ((5, 10, F), (10, 25, T), (25, 40, U))
    assert true_intervals(RAINS, lines, 5, 40) == ((10, 25),)
    assert truth_line(RAINS, lines, 12, 22) == ((12, 22, T),)


def test_a_fact_without_a_line_is_unknown_throughout() -> None:
    assert truth_line(RAINS, lines_of({}), 0, 5) == ((0, 5, U),)


def test_an_empty_window_has_no_truth() -> None:
    assert truth_line(RAINS, lines_of({}), 5, 5) == ()


_spans = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), values), max_size=4)


def _line(key: FactKey, steps: list[tuple[int, int, FactValue]]) -> FactLine:
    spans, at = [], 0
    for length, gap, value in steps:
        at += gap
        spans.append((at, at + length, value))
        at += length
    return line(key, *spans)


lines_strategy = st.fixed_dictionaries(
    {}, optional={key: _spans.map(lambda steps, key=key: _line(key, steps)) for key in KEYS}
)


@given(conditions, lines_strategy, st.integers(0, 12), st.integers(0, 20))
def test_the_line_agrees_with_the_condition_at_every_instant(
    condition: Condition, table: dict[FactKey, FactLine], begin: int, length: int
) -> None:
    found = truth_line(condition, table.get, begin, begin + length)
    at_each = [truth for a, b, truth in found for _ in range(a, b)]
    assert at_each == [
        evaluate(condition, facts_at(table.get, t)).truth for t in range(begin, begin + length)
    ]
    assert all(a[1] == b[0] and a[2] is not b[2] for a, b in pairwise(found))
    true = true_intervals(condition, table.get, begin, begin + length)
    for t, truth in zip(range(begin, begin + length), at_each, strict=True):
        assert contains(true, t) == (truth is T)


def test_gates_are_the_sources_read_each_once_with_its_least_age_in_order() -> None:
    lines = lines_of(
        {
            RAIN: line(RAIN, (0, 9, 9), source="meteo@lille", age=30),
            TEMPERATURE: line(TEMPERATURE, (0, 9, 50), source="meteo@lille", age=20),
            STOCK: line(STOCK, (0, 9, 3), source="kasse@lille", age=40),
        }
    )
    condition = Any((RAINS, COLD, SOLD_OUT, Compare(FactKey("occupancy:x@lille"), "<", 5)))
    assert gates_of(condition, lines) == (("kasse@lille", 40), ("meteo@lille", 20))
    assert gates_of(condition, lines, at=5) == (("meteo@lille", 20),)


def test_a_line_that_is_empty_throughout_gates_nothing() -> None:
    assert gates_of(RAINS, lines_of({RAIN: line(RAIN)})) == ()


@given(conditions)
def test_json_gives_the_same_condition_back(condition: Condition) -> None:
    assert repr(condition_from_json(condition_to_json(condition))) == repr(condition)


def nested(levels: int) -> Condition:
    condition: Condition = RAINS
    for _ in range(levels - 1):
        condition = Not(condition)
    return condition


@pytest.mark.parametrize(
    "condition",
    [nested(MAX_DEPTH), All((RAINS,) * MAX_LEAVES), Compare(RAIN, "==", "x" * MAX_VALUE_LENGTH)],
)
def test_what_lies_at_a_limit_is_taken(condition: Condition) -> None:
    validate_condition(condition)


def compare(**changes: object) -> dict[str, object]:
    return {"compare": {"fact": RAIN, "op": ">", "value": 5, **changes}}


def within(**changes: object) -> dict[str, object]:
    return {"within": {"fact": RAIN, "low": 0, "high": 5, **changes}}


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        (condition_to_json(nested(MAX_DEPTH + 1)), "not/" * 7 + "not", "At most 8 levels"),
        (condition_to_json(All((Any((RAINS,) * 40),) * 2)), "", "At most 64 comparisons"),
        (condition_to_json(All((Any(()),) * 65)), "all", "at most 64 entries"),
        (condition_to_json(All((All((Any(()),) * 33),) * 2)), "", "and empty groups"),
        ({"all": [compare(op="<", value="wet")]}, "all/0/compare/value", "whole numbers only"),
        ({"any": [within(low=6)]}, "any/0/within/low", "lies over the high end"),
        ({"not": compare(fact="tides:brest")}, "not/compare/fact", "No such kind of fact"),
        (compare(fact="stock:{sku}"), "compare/fact", "Only {store} and {place}"),
        (compare(op="~"), "compare/op", "Use one of < <= =="),
        (compare(op="==", value=1.5), "compare/value", "A whole number, a text"),
        (compare(value=2**53), "compare/value", "whole number from"),
        (compare(op="==", value="x" * 201), "compare/value", "At most 200 characters"),
        (compare(unit="mm"), "compare", "exactly fact, op, value"),
        (within(high=True), "within/high", "whole number"),
        (within(fact="rain"), "within/fact", "name:subject"),
        ({}, "", "exactly one of all, any, not, compare, within"),
        ({"all": [], "any": []}, "", "exactly one of"),
        ({"xor": []}, "", "exactly one of"),
        ([], "", "object is needed"),
        ({"all": {}}, "all", "list"),
    ],
)
def test_a_wrong_condition_is_refused_with_its_place_and_what_to_do(
    wrong: object, field: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says.replace("{", r"\{")) as refusal:
        condition_from_json(wrong, "condition")
    assert refusal.value.field == f"condition/{field}".rstrip("/")


def test_numbers_that_a_browser_cannot_hold_are_refused_within_too() -> None:
    for condition in (Within(RAIN, -(2**53), 0), Within(RAIN, 0, 2**53)):
        with pytest.raises(Invalid, match="whole number from"):
            validate_condition(condition)


def test_very_deep_json_is_refused_and_not_walked() -> None:
    deep: dict[str, object] = compare()
    for _ in range(5_000):
        deep = {"not": deep}
    with pytest.raises(Invalid, match="levels"):
        condition_from_json(deep)
