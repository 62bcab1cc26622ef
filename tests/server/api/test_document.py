"""The OpenAPI document names every operation of the API, and what each needs and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from server.api.kit import OPERATIONS
from server.app import create_app
from server.services.base.actors import ALL_SCOPES
from tests.server.api.programs import Api, token_for
from tests.support.record import make_context


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all of this module."""
    context = make_context(tmp_path_factory.mktemp("document"))
    yield create_app(context)
    context.db.close()


@pytest.fixture(scope="module")
def api(app: Flask) -> Api:
    """Someone with every right."""
    return token_for(app, ALL_SCOPES)


@pytest.fixture(scope="module")
def document(api: Api) -> Any:
    """The document."""
    return api.get("/openapi.json")


def test_it_is_openapi_31_and_names_every_operation(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    named = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert sorted(named) == sorted(OPERATIONS)
    assert all(o["summary"] and o["tags"] for p in document["paths"].values() for o in p.values())


def test_what_is_no_json_is_documented_as_it_is(document: Any) -> None:
    described = document["paths"]["/api/v1/metrics"]["get"]["responses"]
    assert list(described["200"]["content"]) == ["text/plain"]
    assert "403" in described


def test_it_says_where_the_other_addresses_are_written_down(app: Flask, document: Any) -> None:
    said = document["info"]["description"]
    described = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    for rule in app.url_map.iter_rules():
        first = rule.rule.split("/")[1]
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("/openapi.json"):
            assert rule.rule in described
        elif first in ("player", "media", "hooks", "counts"):
            assert f"`/{first}/" in said


def test_every_refusal_is_documented_as_a_problem(document: Any) -> None:
    for path in document["paths"].values():
        for described in path.values():
            for status, answer in described["responses"].items():
                if status >= "400" and (described["operationId"], status) != ("ready", "503"):
                    assert list(answer["content"]) == ["application/problem+json"]


def test_whoever_is_to_come_later_is_told_when(document: Any) -> None:
    for path in document["paths"].values():
        for method, described in path.items():
            later = [
                described["responses"][s] for s in ("429", "503") if s in described["responses"]
            ]
            assert all(answer["headers"]["Retry-After"]["required"] for answer in later)
            assert method in ("get", "delete") or "503" in described["responses"]


def test_every_edit_asks_for_the_version_and_every_creation_takes_a_key(document: Any) -> None:
    for path in document["paths"].values():
        for method, described in path.items():
            headers = {p["name"] for p in described["parameters"] if p["in"] == "header"}
            declared = OPERATIONS[described["operationId"]]
            assert ("If-Match" in headers) == declared.edits
            assert ("Idempotency-Key" in headers) == declared.creates
            if method == "put":
                assert declared.edits
            if method == "post":
                assert declared.creates or described["operationId"] in (
                    "create_token",  # its secret is kept nowhere
                    "invite_person",  # nor is its link
                    "upload_asset",  # the same bytes are one file anyway
                    "bring_connector_file",  # it takes the place of one that waits
                    "take_connector_file",  # it is in use then, however often that is said
                    "ask_connector",  # it is due then, however often that is said
                    "rehearse",  # it changes nothing: ask as often as you like
                )
