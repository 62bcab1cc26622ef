"""Pluvier's studio over SQLite, its clock standing at an October afternoon, and people who look."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Emergency, Override, Target
from server.app import create_app
from server.db.models import ActorRow, ScreenStateRow
from server.demo.screens import SCREENS
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.entry import people, sessions, tokens
from server.services.screens import devices
from server.services.wishes import overrides
from tests.support.record import TestClock, make_context
from tests.support.small_shop import publish
from tests.support.studio import furnish, pair

HOUR_MS = 3_600_000
INES = replace(SYSTEM, id="ines", name="Inès")


@dataclass
class Chain:
    """The record with what has happened to it."""

    ctx: Context
    clock: TestClock

    def browser(self) -> FlaskClient:
        """A browser that nobody signed in with."""
        return self._app.test_client()

    @cached_property
    def _app(self) -> Flask:
        return create_app(self.ctx)

    def owner(self, language: str = "en") -> Reader:
        """The owner, who came through the link."""
        client = self.browser()
        path = people.owner_link(self.ctx).removeprefix(self.ctx.settings.url)
        assert client.post(path).status_code == 303
        return Reader(client, language)

    def manager(self, store: str, *scopes: str) -> Reader:
        """Someone whose rights end at a store."""
        name = f"manager-{store}-{len(scopes)}"
        row = ActorRow(
            id=name, name=name, scopes=list(scopes), stores=[store], created_at=self.clock()
        )
        with self.ctx.db.write() as session:
            session.merge(row)
            session.flush()
            signed_in = tokens.begin(session, tokens.actor(session, name), self.clock())
        client = self.browser()
        client.set_cookie(sessions.COOKIE, sessions.seal(self.ctx, signed_in.secret))
        return Reader(client, "en")

    def hold(self, screen: str, store: str, kind: str = "show") -> None:
        """Inès puts a hand on a screen for an hour and a half."""
        wish = Override(
            OverrideId(""),
            StoreId(store),
            kind,  # type: ignore[arg-type]
            self.clock(),
            self.clock() + 3 * HOUR_MS // 2,
            playlist=PlaylistId("held-by-hand") if kind == "show" else None,
            subject="" if kind == "show" else "base",
            screens=frozenset({ScreenId(screen)}),
        )
        overrides.create_override(self.ctx, INES, wish)
        publish(self.ctx)

    def alarm(self, screen: str) -> None:
        """An emergency on one screen, for an hour."""
        wish = Emergency(
            OverrideId(""),
            PlaylistId("held-by-hand"),
            Target(screens=frozenset({ScreenId(screen)})),
            self.clock(),
            self.clock() + HOUR_MS,
        )
        overrides.create_emergency(self.ctx, SYSTEM, wish)
        publish(self.ctx)

    def lose(self, screen: str) -> None:
        """A screen has been silent for three quarters of an hour."""
        with self.ctx.db.write() as session:
            row = session.get_one(ScreenStateRow, screen)
            row.connected, row.seen_at = False, self.clock() - 45 * 60_000

    def clone(self, screen: str) -> None:
        """Two devices used one key."""
        assert devices.hold(self.ctx, screen)


@dataclass
class Reader:
    """A signed-in browser."""

    client: FlaskClient
    language: str

    def get(self, path: str) -> TestResponse:
        """A page in the reader's language."""
        return self.client.get(path, headers={"Accept-Language": self.language})

    def text(self, path: str) -> str:
        """A page that is there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, **form: Any) -> TestResponse:
        """A form that a page of this session sends."""
        headers = {"Accept-Language": self.language}
        return self.client.post(path, data={"csrf": self._word, **form}, headers=headers)

    @cached_property
    def _word(self) -> str:
        """What the forms of this session carry."""
        found = re.search(r'data-csrf="([^"]+)"', self.get("/situation").text)
        assert found
        return found[1]


def plain(page: str) -> str:
    """A page's words."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the record of fourteen paired screens that play to plan."""
    folder = tmp_path_factory.mktemp("furnished")
    context = make_context(folder)
    furnish(context)
    pair(context, *(screen.id for screen in SCREENS))
    publish(context)
    context.db.close()
    return folder


@pytest.fixture
def chain(furnished: Path, tmp_path: Path) -> Iterator[Chain]:
    """That record, of the test's own."""
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    yield from _opened(tmp_path)


@pytest.fixture(scope="module")
def calm(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The same, shared by tests that only look."""
    folder = tmp_path_factory.mktemp("calm")
    shutil.copytree(furnished, folder, dirs_exist_ok=True)
    yield from _opened(folder)


def _opened(folder: Path) -> Iterator[Chain]:
    clock = TestClock()
    context = make_context(folder, clock=clock)
    yield Chain(context, clock)
    context.db.close()
