"""What an operator types: a backup that can stand in for the installation, and new keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.app import build_context, prepare
from server.cli import app
from server.config import Settings
from server.db.engine import Database
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.entry import people


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a store and a file, chosen by the environment as an operator would."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ENSEIGNE_DATA_DIR", str(folder))
    prepare(Settings(), None)
    context = build_context(Settings())
    places.create_store(context, SYSTEM, StoreWish("Lille", "Europe/Paris"), "lille")
    with context.media.staged([b"a file"], 100) as staged:
        context.media.commit(staged)
    context.db.close()
    return folder


def run(*words: str) -> tuple[int, str]:
    """One command: its exit code and all that it said."""
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.output


def test_a_backup_taken_while_it_is_written_to_stands_in_for_the_installation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Database(f"sqlite:///{data / 'enseigne.db'}")
    with writer.write():
        code, said = run("backup", str(tmp_path / "copy"))
    writer.close()
    assert (code, "enseigne.db, keys, media" in said) == (0, True), said
    before = build_context(Settings())
    before.db.close()
    monkeypatch.setenv("ENSEIGNE_DATA_DIR", str(tmp_path / "copy"))
    restored = build_context(Settings())
    assert places.get_store(restored, SYSTEM, "lille").value.name == "Lille"
    assert restored.keys.fingerprint == before.keys.fingerprint
    assert len([path for path in (tmp_path / "copy/media").rglob("*") if path.is_file()]) >= 1
    restored.db.close()
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700


def test_a_backup_never_writes_over_another(data: Path, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "copy"))[0] == 0
    code, said = run("backup", str(tmp_path / "copy"))
    assert (code, "there already" in said) == (1, True), said


def test_a_token_from_the_console_has_the_rights_that_it_was_given(data: Path) -> None:
    code, secret = run("token", "Sync", "--right", "read", "--right", "connectors")
    assert code == 0, secret
    context = build_context(Settings())
    actor = people.actor_of_token(context, secret.strip())
    context.db.close()
    assert (actor.name, actor.scopes, actor.stores) == ("Sync", {"read", "connectors"}, None)
    code, said = run("token", "Sync", "--right", "everything")
    assert (code, "prices" in said) == (1, True), said


def test_new_keys_need_the_root_key_in_its_place(data: Path) -> None:
    code, said = run("rotate-keys")
    assert (code, "document 2" in said) == (0, True), said
    (data / "keys/root.pem").rename(data.parent / "root.pem")
    code, said = run("rotate-keys")
    assert (code, "Put the root key back" in said) == (1, True), said
