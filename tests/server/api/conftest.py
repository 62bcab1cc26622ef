"""The API over a fresh record, programs that hold a token, and players that speak to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.app import create_app
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from tests.server.api.programs import Api, token_for
from tests.support.http_player import HttpPlayer
from tests.support.record import TestClock, make_context
from tests.support.small_shop import Shop, lay_out


@pytest.fixture
def app(ctx: Context) -> Flask:
    """The web process's application over SQLite."""
    return create_app(ctx)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock) -> Iterator[Flask]:
    """The same over SQLite and over PostgreSQL."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_record")
    context = make_context(tmp_path, url, clock)
    yield create_app(context)
    context.db.close()


@pytest.fixture
def api(app: Flask) -> Api:
    """Someone with every right for the whole chain."""
    return token_for(app, ALL_SCOPES)


@pytest.fixture
def any_api(any_app: Flask) -> Api:
    """The same over SQLite and over PostgreSQL."""
    return token_for(any_app, ALL_SCOPES)


@pytest.fixture
def shop(ctx: Context) -> Shop:
    """Two stores with a screen each."""
    return lay_out(ctx)


@pytest.fixture
def client(ctx: Context) -> FlaskClient:
    """The application."""
    return create_app(ctx).test_client()


@pytest.fixture
def lille(ctx: Context, shop: Shop, client: FlaskClient) -> HttpPlayer:
    """The player of Lille's window."""
    return HttpPlayer(client).pair(ctx, "lille-window")


@pytest.fixture
def prado(ctx: Context, shop: Shop, client: FlaskClient) -> HttpPlayer:
    """The player of Prado's window."""
    return HttpPlayer(client).pair(ctx, "prado-window")
