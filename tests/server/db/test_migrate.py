"""Bringing a record to the newest schema: done once, and quick ever after."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from server.db import migrate
from server.db.engine import Database


def test_the_newest_revision_is_the_one_that_alembic_would_go_to() -> None:
    assert ScriptDirectory(str(migrate.SCRIPTS)).get_heads() == [migrate.newest()]


def test_a_record_that_is_up_to_date_does_not_trouble_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(f"sqlite:///{tmp_path}/record.db")
    migrate.upgrade(db)
    assert migrate.differences(db) == []
    monkeypatch.setattr("alembic.command.upgrade", None)
    migrate.upgrade(db)
    db.close()


def test_an_older_record_is_brought_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(f"sqlite:///{tmp_path}/record.db")
    migrate.upgrade(db)
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    asked = []
    monkeypatch.setattr("alembic.command.upgrade", lambda config, to: asked.append(to))
    migrate.upgrade(db)
    assert asked == ["head"]
    db.close()
