"""Operations on a draft: each has one that takes it back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import BadInput, Conflict
from server.services.drafting.ops import apply


def body() -> dict[str, Any]:
    """Three items."""
    items: list[dict[str, Any]] = [{"id": name, "duration_ms": 10_000} for name in "abc"]
    return {"id": "autumn", "name": "Autumn", "items": items}


def order(found: dict[str, Any]) -> str:
    """The ids of its items."""
    return "".join(item["id"] for item in found["items"])


def test_a_value_is_set_and_set_back() -> None:
    done, back = apply(body(), {"op": "set", "path": "items/b/duration_ms", "value": 8_000})
    assert done["items"][1]["duration_ms"] == 8_000
    assert apply(done, back)[0] == body()


def test_a_key_that_was_not_there_goes_again() -> None:
    done, back = apply(
        body(), {"op": "set", "path": "items/b/schedule/start", "value": "2026-10-17"}
    )
    assert done["items"][1]["schedule"] == {"start": "2026-10-17"}
    undone, _ = apply(done, back)
    assert undone["items"][1]["schedule"] == {}


def test_items_are_added_moved_and_taken_away_anywhere() -> None:
    new = {"op": "add", "path": "items", "id": "d", "after": "a", "value": {"duration_ms": 1}}
    assert order(apply(body(), new)[0]) == "adbc"
    assert order(apply(body(), {**new, "after": None})[0]) == "dabc"
    move = {"op": "move", "path": "items", "id": "c", "after": None}
    assert order(apply(body(), move)[0]) == "cab"
    assert order(apply(body(), {"op": "remove", "path": "items", "id": "b"})[0]) == "ac"


def test_behind_a_neighbour_that_is_gone_is_the_end() -> None:
    move = {"op": "move", "path": "items", "id": "a", "after": "gone"}
    assert order(apply(body(), move)[0]) == "bca"


@pytest.mark.parametrize(
    "op",
    [
        {"op": "set", "path": "items/z/duration_ms", "value": 1},
        {"op": "remove", "path": "items", "id": "z"},
        {"op": "move", "path": "items", "id": "z", "after": None},
        {"op": "add", "path": "items", "id": "a", "after": None, "value": {}},
        {"op": "set", "path": "name", "value": "Winter", "was": "Summer"},
        {"op": "set", "path": "name/deeper/still", "value": 1},
        {"op": "remove", "path": "name", "id": "a"},
    ],
)
def test_what_somebody_else_changed_meanwhile_is_said(op: dict[str, Any]) -> None:
    before = body()
    with pytest.raises(Conflict):
        apply(before, op)
    assert before == body()


@pytest.mark.parametrize(
    "op",
    [
        {},
        {"op": "burn", "path": "items"},
        {"op": ["set"], "path": "name"},
        {"op": "set", "path": 3, "value": 1},
        {"op": "set", "path": "name//x", "value": 1},
        {"op": "set", "path": "/".join("k" * 13), "value": 1},
        {"op": "set", "path": "name", "value": 1, "more": 2},
        {"op": "add", "path": "items", "id": "d", "after": None},
        {"op": "add", "path": "items", "id": 4, "after": None, "value": {}},
        {"op": "move", "path": "items", "id": "a", "after": "a"},
    ],
)
def test_what_is_no_edit_is_refused(op: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        apply(body(), op)


@st.composite
def edits(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some edits, not all of them possible."""
    names = st.sampled_from("abcdefg")
    after = st.one_of(st.none(), names)
    one = st.one_of(
        st.builds(lambda i, a: {"op": "move", "path": "items", "id": i, "after": a}, names, after),
        st.builds(lambda i: {"op": "remove", "path": "items", "id": i}, names),
        st.builds(
            lambda i, a, v: {
                "op": "add",
                "path": "items",
                "id": i,
                "after": a,
                "value": {"duration_ms": v},
            },
            names,
            after,
            st.integers(1, 9),
        ),
        st.builds(
            lambda i, v: {"op": "set", "path": f"items/{i}/duration_ms", "value": v},
            names,
            st.integers(1, 9),
        ),
        st.builds(lambda v: {"op": "set", "path": "name", "value": v}, st.text(min_size=1)),
    )
    return draw(st.lists(one, max_size=12))


@given(edits())
def test_everything_done_can_be_taken_back_step_by_step(wanted: list[dict[str, Any]]) -> None:
    now, backs = body(), []
    for op in wanted:
        try:
            now, back = apply(now, op)
        except (BadInput, Conflict):
            continue
        backs.append(back)
    for back in reversed(backs):
        now, _ = apply(now, back)
    assert now == body()
