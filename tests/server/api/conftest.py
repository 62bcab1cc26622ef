"""The API over a fresh record, and whoever speaks to it with a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.app import create_app
from server.services import people
from server.services.actors import ALL_SCOPES, SYSTEM, Scope
from server.services.context import Context
from tests.support.record import TestClock, make_context


@dataclass
class Api:
    """A program that holds a token."""

    client: FlaskClient
    token: str

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """One request under /api/v1. `headers` come on top of the token's."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def make(self, path: str, **body: Any) -> Any:
        """The JSON of a creation that must succeed."""
        answer = self.call("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json


Tokens = Callable[..., Api]


@pytest.fixture
def app(ctx: Context) -> Flask:
    """The web process's application over SQLite."""
    return create_app(ctx)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock) -> Iterator[Flask]:
    """The same over SQLite and over PostgreSQL."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    context = make_context(tmp_path, url, clock)
    yield create_app(context)
    context.db.close()


def token_for(app: Flask, scopes: frozenset[Scope], stores: list[str] | None = None) -> Api:
    """A program with these rights."""
    context = app.extensions["enseigne"]
    issued = people.create_token(context, SYSTEM, "program", scopes, stores)
    return Api(app.test_client(), issued.secret)


@pytest.fixture
def api(app: Flask) -> Api:
    """Someone with every right for the whole chain."""
    return token_for(app, ALL_SCOPES)


@pytest.fixture
def any_api(any_app: Flask) -> Api:
    """The same over SQLite and over PostgreSQL."""
    return token_for(any_app, ALL_SCOPES)
