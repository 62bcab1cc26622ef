"""Canonical bytes: one form for each value, and none for what has several."""

from __future__ import annotations

import pytest

from playlists.errors import Invalid
from playlists.ids import canonical


def test_keys_are_sorted_and_letters_stand_as_they_are() -> None:
    assert canonical({"é": 1, "a": [True, None, "ü"]}) == '{"a":[true,null,"ü"],"é":1}'.encode()


@pytest.mark.parametrize("value", [1.0, [1.5], {"a": 2.0}, {"a": {"b": [0.1]}}, ({"a": (0.5,)},)])
def test_a_float_has_no_one_form(value: object) -> None:
    with pytest.raises(Invalid, match="whole numbers"):
        canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [{1: "a"}, [{None: 1}]])
def test_a_key_is_text(value: object) -> None:
    with pytest.raises(Invalid, match="must be text"):
        canonical(value)  # type: ignore[arg-type]


def test_what_is_no_json_has_no_form() -> None:
    with pytest.raises(TypeError):
        canonical({"a": b"bytes"})  # type: ignore[dict-item]
