"""Conditions and schedules as sentences, and back: nothing is lost, whatever the tree."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from playlists.conditions import All, Any, Compare, Condition, Not, Within
from playlists.facts import FactKey
from playlists.schedule import ALWAYS, Daypart, Edge, Schedule
from server.web import i18n
from server.web.phrases import Language
from server.web.sentence_words import Names, sentence
from server.web.sentences import (
    EVERY_DAY,
    Other,
    Times,
    clauses_of,
    condition_of,
    times_of,
    with_times,
)

NAMES = Names({"G-1": "Galet"}, {"prado": "Prado"}, "G-1")
KEYS = (
    "weather.rain:{store}",
    "weather.temperature:{store}",
    "weather.code:{store}",
    "weather.rain:lille",
    "stock:G-1@{store}",
    "stock:G-2@prado",
    "occupancy:{place}@{store}",
    "footfall:tills@{store}",
)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(
        Compare,
        st.sampled_from(KEYS).map(FactKey),
        st.sampled_from(("<", "<=", "==", "!=", ">=", ">")),
        st.one_of(st.integers(-50, 50), st.just("dry")),
    ),
    st.builds(Within, st.sampled_from(KEYS).map(FactKey), st.integers(-5, 0), st.integers(1, 99)),
)
TREES: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Any(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)


@given(TREES)
def test_a_condition_comes_back_from_its_clauses(condition: Condition) -> None:
    assert condition_of(clauses_of(condition)) == condition


@given(TREES, st.sampled_from(("fr", "en")))
def test_every_tree_can_be_said(condition: Condition, tongue: Language) -> None:
    text = said(condition, ALWAYS, tongue)
    assert text.endswith(".")
    assert "%(" not in text


def said(condition: Condition | None, schedule: Schedule, tongue: Language = "en") -> str:
    """The sentence as text, what opens in brackets."""
    app = Flask(__name__)
    i18n.set_up(app)
    with app.test_request_context("/"), force_locale(tongue):
        pieces = sentence(condition, schedule, NAMES, tongue)
    return "".join(f"[{one.text}]" if one.phrase else one.text for one in pieces)


def compare(key: str, op: str, value: int) -> Compare:
    """One comparison."""
    return Compare(FactKey(key), op, value)  # type: ignore[arg-type]


RAIN = compare("weather.rain:{store}", ">=", 2)
SHOPPING = Daypart(Edge("clock", 450), Edge("clock", 1200), frozenset(range(5)))


@pytest.mark.parametrize(
    ("condition", "schedule", "text"),
    [
        (None, ALWAYS, "[Always]."),
        (RAIN, ALWAYS, "When it is [raining] in the store’s town."),
        (
            All((RAIN, compare("stock:G-1@{store}", ">=", 1))),
            Schedule(end="2026-10-25"),
            "When it is [raining] in the store’s town and [at least 1] is in stock here, "
            "[until 24 October].",
        ),
        (
            All(
                (
                    compare("stock:G-1@{store}", "==", 0),
                    compare("stock:G-1@prado", ">=", 1),
                )
            ),
            ALWAYS,
            "When there are [none here] and [at least 1] of Galet is in stock in Prado.",
        ),
        (
            compare("occupancy:tills@{store}", ">=", 12),
            ALWAYS,
            "When [12 people or more] are at “tills”.",
        ),
        (
            None,
            Schedule(dayparts=(SHOPPING,)),
            "On [weekdays] between [7:30 and 20:00].",
        ),
        (
            None,
            Schedule(dayparts=(Daypart(Edge("sunset", -30), Edge("close", 0)),)),
            "[From 30 min before sunset to closing].",
        ),
        (
            Not(Any((RAIN, compare("weather.temperature:{store}", "<", 50)))),
            ALWAYS,
            "When [not so that it is raining in the store’s town or it is colder than 5°].",
        ),
    ],
)
def test_a_sentence(condition: Condition | None, schedule: Schedule, text: str) -> None:
    assert said(condition, schedule) == text


def test_in_french() -> None:
    condition = All((RAIN, compare("stock:G-1@{store}", ">=", 1)))
    text = said(condition, Schedule(end="2026-10-02"), "fr")
    assert text == (
        "Quand [il pleut] dans la ville du magasin et [au moins 1] est en stock ici, "
        "[jusqu’au 1er octobre]."
    )


def test_a_name_with_brackets_and_percents_is_only_a_name() -> None:
    names = Names({"G-1": "50 %(x)s [b]"}, {})
    app = Flask(__name__)
    i18n.set_up(app)
    with app.test_request_context("/"), force_locale("en"):
        pieces = sentence(compare("stock:G-1@{store}", ">=", 2), ALWAYS, names, "en")
    assert [one.text for one in pieces if one.phrase] == ["at least 2"]
    assert " of 50 %(x)s [b] is in stock here" in "".join(one.text for one in pieces)


@given(st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(1, 1440))
def test_hours_come_back_from_a_schedule(days: frozenset[int], start: int, end: int) -> None:
    times = Times(days, start, end)
    held = Schedule(start="2026-10-01", holidays="except")
    found = with_times(held, times)
    whole = times.whole_day and days == EVERY_DAY
    assert times_of(found) == (None if whole else times)
    assert with_times(found, None) == held


def test_only_what_opens_is_a_clause_of_its_own() -> None:
    assert isinstance(clauses_of(Any((RAIN,)))[0], Other)
    assert isinstance(clauses_of(All((RAIN,)))[0], Other)
