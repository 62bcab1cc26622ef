"""Whatever goes wrong is said as a problem document: what, where, and what to do next."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from server.services.chain import places
from server.services.library import assets
from server.services.library.assets import AssetView
from tests.server.api.chain import message
from tests.server.api.programs import Api

JSON = {"Content-Type": "application/json"}


def problem(answer: TestResponse, status: int, code: str) -> Any:
    """The problem document, checked for what every one has."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body = answer.json
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:enseigne:problem:{code}"
    assert body["request_id"] == answer.headers["X-Request-Id"] != ""
    assert len(body["title"]) > 20
    return body


def test_an_address_without_anything(api: Api) -> None:
    problem(api.call("GET", "/nothing"), 404, "not_found")


def test_a_method_that_is_not_there_says_which_are(api: Api) -> None:
    answer = api.call("DELETE", "/stores")
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"null", b'"x"', b"", b"\xff\xfe", b"NaN"])
def test_a_body_that_is_no_json_object(api: Api, body: bytes) -> None:
    problem(api.call("POST", "/stores", data=body, headers=JSON), 400, "bad_request")


@pytest.mark.parametrize("name", ["a\\u0000b", "half \\ud800 a character"])
def test_a_text_that_no_database_keeps(api: Api, name: str) -> None:
    body = f'{{"name": "{name}", "zone": "Europe/Paris"}}'.encode()
    problem(api.call("POST", "/stores", data=body, headers=JSON), 400, "bad_request")


def test_a_body_nested_without_end(api: Api) -> None:
    deep = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    problem(api.call("POST", "/stores", data=deep, headers=JSON), 400, "bad_request")


@pytest.mark.parametrize("path", ["/stores/a%00b", "/screens?store=a%00b", "/stores/%ED%A0%80"])
def test_an_address_with_characters_that_no_name_has(any_api: Api, path: str) -> None:
    assert any_api.call("GET", path).status_code in (400, 404)


def test_a_body_of_another_kind(api: Api) -> None:
    problem(api.call("POST", "/stores", data=b"<x/>"), 415, "unsupported_media_type")


def test_a_body_over_the_limit(api: Api) -> None:
    body = b'{"name": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    said = problem(api.call("POST", "/stores", data=body, headers=JSON), 413, "too_large")
    assert "2097152 bytes" in said["title"]
    assert api.get("/stores")["items"] == []


def test_every_faulty_field_is_named(api: Api) -> None:
    answer = api.call("POST", "/screens", json={"store": "No Id", "width": "wide", "depth": 3})
    said = problem(answer, 422, "bad_input")
    assert {fault["field"] for fault in said["errors"]} == {"name", "store", "width", "depth"}


def test_a_fault_deep_in_a_playlist_is_named_by_its_path(api: Api) -> None:
    item = message("x")
    item["schedule"] = {"dayparts": [{"start": {"anchor": "clock", "minutes": 60}}]}
    answer = api.call("POST", "/playlists", json={"name": "A", "items": [item]})
    assert problem(answer, 422, "bad_input")["field"] == "items/0/schedule/dayparts/0/end"


RAIN = {"fact": "weather.rain:{store}", "op": ">=", "value": 2}


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"condition": {"compare": {**RAIN, "opp": 1}}}, "condition/compare/opp"),
        ({"condition": {"compare": {**RAIN, "op": "="}}}, "condition/compare/op"),
        ({"condition": {"compare": {**RAIN, "value": 2.5}}}, "condition/compare/value"),
        ({"condition": {"compar": RAIN}}, "condition"),
        ({"condition": []}, "condition"),
        ({"condition": {"compare": RAIN, "all": []}}, "condition/compare"),
        ({"condition": {"all": [{"compare": RAIN}, {"nott": 1}]}}, "condition/all/1"),
        (
            {"condition": {"not": {"within": {"fact": "a:b", "low": 1}}}},
            "condition/not/within/high",
        ),
        ({"content": {"card": {"template": "poster"}}}, "content/card/template"),
        (
            {"content": {"card": {"template": "message", "params": {"a": 1.5}}}},
            "content/card/params/a",
        ),
        ({"content": {"crad": {"template": "message"}}}, "content"),
        ({"content": {"playlist": 5}}, "content/playlist"),
    ],
)
def test_one_typo_gets_one_complaint_at_its_place(
    api: Api, item: dict[str, object], field: str
) -> None:
    answer = api.call("POST", "/playlists", json={"name": "A", "items": [{**message("x"), **item}]})
    said = problem(answer, 422, "bad_input")
    assert [fault["field"] for fault in said["errors"]] == [f"items/0/{field}"]


def test_what_the_domain_refuses_is_named_by_its_path_too(api: Api) -> None:
    item = {**message("x"), "schedule": {"start": "2026-02-30"}}
    answer = api.call("POST", "/playlists", json={"name": "A", "items": [item]})
    assert problem(answer, 422, "invalid")["field"] == "items/0/schedule/start"


def test_a_taken_id(api: Api) -> None:
    api.make("/playlists", id="autumn", name="Autumn")
    answer = api.call("POST", "/playlists", json={"id": "autumn", "name": "Autumn"})
    assert problem(answer, 409, "conflict")["field"] == "id"


def test_a_failure_of_ours_is_a_problem_too_and_tells_nothing(
    app: Flask, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(places, "list_stores", fail)
    answer = api.call("GET", "/stores")
    problem(answer, 500, "server")
    assert "secret" not in answer.text


def test_an_answer_of_another_shape_than_documented_is_a_failure_of_ours(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = AssetView("0" * 64, "n", "secret", "image/png", 1, 1, 1, None, 1, "anne", (), (), ())
    monkeypatch.setattr(assets, "get_asset", lambda *_: told)
    with capture_logs() as lines:
        answer = api.call("GET", "/assets/any")
    problem(answer, 500, "server")
    assert "secret" not in answer.text
    (line,) = [line for line in lines if line["event"] == "unfit_answer"]
    assert (line["path"], [fault["field"] for fault in line["faults"]]) == (
        "/api/v1/assets/any",
        ["kind"],
    )
    assert "secret" not in str(lines)


def test_answers_are_not_kept_by_anyone_between(api: Api) -> None:
    answer = api.call("GET", "/stores")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
