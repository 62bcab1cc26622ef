"""Whatever words people write, they come back as they were written; what is too long is refused in
a sentence beside its field, and what stood there stays.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api.chain import furnish, message
from tests.server.api.programs import Api

STRANGE = "שלום مرحبا می\u200cخواهم 👩🏽\u200d🚀 <script>alert('x')</script> & \"'{{7*7}}"
LONG = "x" * 10_000
PLACES: dict[str, tuple[str, dict[str, Any], tuple[str | int, ...]]] = {
    "a store": ("/stores/lille", {"name": "", "zone": "Europe/Paris"}, ("name",)),
    "a screen": ("/screens/lille-window", {"name": "", "store": "lille"}, ("name",)),
    "a playlist": ("/playlists/lille-autumn", {"name": "", "items": [message("x")]}, ("name",)),
    "an item": (
        "/playlists/lille-autumn",
        {"name": "Autumn", "items": [{**message("x"), "title": ""}]},
        ("items", 0, "title"),
    ),
    "a card": (
        "/playlists/lille-autumn",
        {"name": "Autumn", "items": [message("")]},
        ("items", 0, "content", "card", "texts", "headline", "fr"),
    ),
    "a campaign": (
        "/campaigns/lille-rain",
        {"name": "", "playlist": "lille-autumn", "target": {"stores": ["lille"]}},
        ("name",),
    ),
}
"""Where people write: the address, a good body but for the text, and where in it that stands."""


def put(body: Any, where: tuple[str | int, ...], text: str) -> Any:
    """The body with a text in one place."""
    if not where:
        return text
    first, *rest = where
    copy: Any = list(body) if isinstance(body, list) else dict(body)
    copy[first] = put(body[first], tuple(rest), text)
    return copy


def at(body: Any, where: tuple[str | int, ...]) -> Any:
    """What stands there."""
    for part in where:
        body = body[part]
    return body


@pytest.mark.parametrize("place", PLACES)
def test_strange_words_come_back_as_they_were_written(api: Api, place: str) -> None:
    furnish(api, "lille")
    path, body, where = PLACES[place]
    made = api.call("PUT", path, json=put(body, where, STRANGE), headers={"If-Match": "*"})
    assert made.status_code == 200, made.text
    assert made.mimetype == "application/json"
    assert made.headers["X-Content-Type-Options"] == "nosniff"
    assert at(made.json, where) == at(api.get(path), where) == STRANGE


@pytest.mark.parametrize("place", PLACES)
def test_what_is_too_long_is_refused_by_name_and_nothing_is_lost(api: Api, place: str) -> None:
    furnish(api, "lille")
    path, body, where = PLACES[place]
    before = api.call("GET", path)
    refused = api.call("PUT", path, json=put(body, where, LONG), headers={"If-Match": "*"})
    assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
    assert refused.json["field"].split("/")[: len(where)] == [str(part) for part in where]
    assert LONG not in refused.text
    assert api.call("GET", path).json == before.json


@pytest.mark.parametrize("hostile", ["a\u202ebad", "a\u2066bad", "a\nb", "a\x00b", "\u2028"])
def test_a_name_turns_nothing_beside_it_around_and_stays_on_its_line(
    api: Api, hostile: str
) -> None:
    answer = api.call("POST", "/stores", json={"name": hostile, "zone": "Europe/Paris"})
    assert answer.status_code in (400, 422)
    assert api.get("/stores")["items"] == []
