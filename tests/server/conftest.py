"""The record that service and API tests stand on: SQLite, and PostgreSQL where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from server.db import engine as opening
from server.services.base.context import Context
from server.services.entry import passwords
from tests.support.postgres import Cluster
from tests.support.record import TestClock, make_context, migrate_record


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[Callable[[], PasswordHasher]]:
    """How the product hashes passwords; the tests' own way costs next to nothing."""
    real = passwords._hasher
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        yield real


class Templates(BytecodeCache):
    """Pages' templates as compiled by whichever application came to them first."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _applications_compiled_once() -> Iterator[None]:
    """Many tests make an application of their own: its templates, and what builds the addresses of
    its routes (which werkzeug compiles from source), are compiled by the first alone.
    """
    compiled: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}
    compiling = Rule._compile_builder

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        same = (rule.rule, *rule._trace, repr(rule.defaults), append_unknown)
        if same not in compiled:
            compiled[same] = compiling(rule, append_unknown)
        return compiled[same]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compile_builder)
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": Templates()})
        yield


STATEMENTS = 5_000
"""Compiled statements that are kept, of all tests together."""


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Each test opens a record of its own: what the first engine of a kind compiled, and what it
    knows of its database's kind, is good for the others.
    """
    first: dict[str, Engine] = {}

    def create(url: str, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        kept = first.get(engine.dialect.name)
        if kept is None or kept.dialect.default_isolation_level is None:  # it never connected
            engine._compiled_cache = LRUCache(STATEMENTS)
            first[engine.dialect.name] = engine
        else:
            engine.dialect = engine.pool._dialect = kept.dialect
            engine._compiled_cache = kept._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "create_engine", create)
        yield


@pytest.fixture
def clock() -> TestClock:
    """Time, which stands still until the test moves it."""
    return TestClock()


@pytest.fixture
def ctx(tmp_path: Path, clock: TestClock) -> Iterator[Context]:
    """A context over an empty SQLite record."""
    context = make_context(tmp_path, clock=clock)
    yield context
    context.db.close()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_cluster: Cluster) -> str:
    """The name of an empty PostgreSQL record, made once: a copy of it needs no migration."""
    name = postgres_cluster.create()
    migrate_record(postgres_cluster.url(name))
    return name


@pytest.fixture
def postgres_record(postgres_cluster: Cluster, migrated_postgres: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL record of the test's own."""
    name = postgres_cluster.create(migrated_postgres)
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_ctx(request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock) -> Iterator[Context]:
    """The same over SQLite and over PostgreSQL."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_record")
    context = make_context(tmp_path, url, clock)
    yield context
    context.db.close()
