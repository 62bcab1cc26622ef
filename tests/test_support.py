"""The helpers that every other test leans on."""

import subprocess
import sys

import pytest
import sqlalchemy as sa

from tests.support.children import left_behind, running_children
from tests.support.postgres import Cluster

pytest_plugins = ["pytester"]


def test_a_process_left_behind_is_named() -> None:
    before = running_children()
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1)
    try:
        assert any("sys.stdin.read()" in line for line in left_behind(before, within_s=0))
    finally:
        child.kill()
        child.communicate()
    assert left_behind(before, within_s=0) == []


@pytest.mark.parametrize(("setting", "outcome"), [("1", {"failed": 1}), ("", {"skipped": 1})])
def test_a_skip_fails_only_where_skips_count_as_failures(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    outcome: dict[str, int],
) -> None:
    monkeypatch.setenv("ENSEIGNE_NO_SKIPS", setting)
    pytester.makepyfile("import pytest\ndef test_it():\n    pytest.skip('no browser')")
    result = pytester.runpytest_inprocess("-p", "tests.support.no_skips", "-p", "no:playwright")
    result.assert_outcomes(**outcome)
    assert "no browser" in result.stdout.str() or not setting


@pytest.mark.postgres
def test_a_database_is_a_copy_of_its_template(postgres_cluster: Cluster) -> None:
    template = postgres_cluster.create()
    engine = sa.create_engine(postgres_cluster.url(template), poolclass=sa.NullPool)
    with engine.begin() as link:
        link.execute(sa.text("CREATE TABLE screens (name text)"))
    copy = sa.create_engine(
        postgres_cluster.url(postgres_cluster.create(template)), poolclass=sa.NullPool
    )
    with copy.begin() as link:
        link.execute(sa.text("INSERT INTO screens VALUES ('window')"))
    with engine.begin() as link:
        assert link.scalar(sa.text("SELECT count(*) FROM screens")) == 0
