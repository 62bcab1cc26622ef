"""Every message, both ways, by the vectors in `wire/` that the page's JavaScript reads too."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.errors import Invalid
from playlists.signing import KeyDocument
from playlists.wire import door, freshness, http, offers, signed

FOLDER = Path(__file__).parent / "wire"
READ: dict[str, Callable[[object], object]] = {
    "head": signed.Head.from_json,
    "time": signed.TimeMessage.from_json,
    "watch": signed.Watch.from_json,
    "keys": KeyDocument.from_json,
    "offers": offers.OffersMessage.from_json,
    "freshness": freshness.FreshnessMessage.from_json,
    "challenge": door.Challenge.from_json,
    "prove": door.prove_from_json,
    "welcome": door.Welcome.from_json,
    "refused": door.Refusal.from_json,
    "pull": door.Pull.from_json,
    "report": door.Report.from_json,
    "pairing_request": http.PairingRequest.from_json,
    "pairing_given": http.PairingGiven.from_json,
    "paired": http.paired_from_json,
    "session_proof": http.SessionProof.from_json,
    "session_given": http.SessionGiven.from_json,
    "difference": http.Difference.from_json,
    "offers_answer": http.offers_from_json,
    "plays": http.plays_from_json,
}
WRITE: dict[str, Callable[..., object]] = {
    "paired": lambda paired: paired.to_json() if paired else http.WAITING,
    "offers_answer": http.offers_json,
    "plays": http.plays_json,
}


def grown(value: object) -> object:
    """Write out `$repeat`, `$letters` and `$table`, which only show that a limit is passed."""
    if isinstance(value, list):
        return [grown(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    for form, make in (
        ("$repeat", lambda entry, times: [entry] * times),
        ("$letters", lambda letter, times: letter * times),
        ("$table", lambda entry, times: {str(at): entry for at in range(times)}),
    ):
        if form in value:
            return make(grown(value[form][0]), value[form][1])
    return {key: grown(inner) for key, inner in value.items()}


def vectors(part: str) -> list[object]:
    return [
        pytest.param(name, grown(case), id=f"{name}-{case.get('why', at)}")
        for name in READ
        for at, case in enumerate(json.loads((FOLDER / f"{name}.json").read_text())[part])
    ]


def written(name: str, message: object) -> object:
    write = WRITE.get(name) or (lambda known: known.to_json())
    return json.loads(json.dumps(write(message)))


def with_extras(value: object, depth: int = 0) -> object:
    """The same message as a newer side might send it: unknown fields beside the known ones."""
    if isinstance(value, dict):
        grown_up = {key: with_extras(inner, depth + 1) for key, inner in value.items()}
        return grown_up | ({"later": {"x": [1]}} if "v" in value or depth == 0 else {})
    return [with_extras(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def test_every_message_has_vectors_and_every_vector_a_message() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(READ)


@pytest.mark.parametrize(("name", "value"), vectors("good"))
def test_a_message_is_written_as_it_was_read(name: str, value: object) -> None:
    message = READ[name](value)
    assert written(name, message) == value
    assert message is None or is_dataclass(message) or isinstance(message, tuple)


@pytest.mark.parametrize(("name", "value"), vectors("good"))
def test_a_newer_side_may_add_fields(name: str, value: object) -> None:
    assert written(name, READ[name](with_extras(value))) == value


@pytest.mark.parametrize(("name", "case"), vectors("bad"))
def test_a_known_field_that_is_wrong_is_refused_with_its_path(
    name: str, case: dict[str, dict[str, object]]
) -> None:
    good = json.loads((FOLDER / f"{name}.json").read_text())["good"][0]
    changed = {**good, **case["change"]}
    with pytest.raises(Invalid) as caught:
        READ[name](changed)
    assert caught.value.field == case["field"]


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_what_is_no_object_is_no_message(name: str, value: object) -> None:
    with pytest.raises(Invalid):
        READ[name](value)


@pytest.mark.parametrize("name", READ)
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(Invalid, match=r"missing|object|format"):
        READ[name]({})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
GOOD = {name: grown(json.loads((FOLDER / f"{name}.json").read_text())["good"]) for name in READ}


def changed_somewhere(value: object, data: st.DataObject) -> object:
    """The same value with one part, anywhere in it, replaced by anything."""
    inside = value if isinstance(value, dict | list) else None
    if not inside or data.draw(st.integers(0, 3)) == 0:
        return data.draw(ANYTHING)
    if isinstance(inside, dict):
        key = data.draw(st.sampled_from(sorted(inside)))
        return {**inside, key: changed_somewhere(inside[key], data)}
    at = data.draw(st.integers(0, len(inside) - 1))
    return [*inside[:at], changed_somewhere(inside[at], data), *inside[at + 1 :]]


@pytest.mark.parametrize("name", READ)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_whatever_a_stranger_sends_is_read_or_refused(name: str, data: st.DataObject) -> None:
    value = changed_somewhere(data.draw(st.sampled_from(GOOD[name])), data)  # type: ignore[arg-type]
    try:
        message = READ[name](value)
    except Invalid:
        return
    json.dumps(written(name, message), ensure_ascii=False).encode()
