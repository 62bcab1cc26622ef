"""Programs that speak to the API with a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.services.base.actors import SYSTEM, Scope
from server.services.entry import people


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


def token_for(app: Flask, scopes: frozenset[Scope], stores: list[str] | None = None) -> Api:
    """A program with these rights."""
    context = app.extensions["enseigne"]
    issued = people.create_token(context, SYSTEM, "program", scopes, stores)
    return Api(app.test_client(), issued.secret)
