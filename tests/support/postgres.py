"""A throw-away PostgreSQL cluster on a Unix socket, and a fresh database for each test."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.programs import end, need, wait_until

OWNER = "enseigne"
UNPRIVILEGED = ("postgres", "nobody")
# Durability is not what these tests prove, and a test database is thrown away.
FAST = (
    "autovacuum=off",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "synchronous_commit=off",
)


class Cluster:
    """A running PostgreSQL server; databases are named by `create` and gone with the cluster."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that holds the server's socket."""
        self._folder = folder
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one database."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self._folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database as a copy of another, which nobody may be connected to; its name."""
        name = f"test_{next(self._numbers)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Remove a database, with whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def answers(self) -> bool:
        """True once the server takes connections."""
        try:
            self._run(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: sql.SQL | sql.Composed) -> None:
        host = str(self._folder)
        with psycopg.connect(host=host, user=OWNER, dbname="postgres", autocommit=True) as link:
            link.execute(statement)


def _server_user() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root, so root borrows an unprivileged user."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server for the length of the block; it and its files are gone afterwards."""
    postgres = Path(need("postgres"))
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="enseigne-pg-"))
    data, log = folder / "data", folder / "log"
    try:
        if user is not None:
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        initdb = [str(postgres.resolve().with_name("initdb")), "-D", str(data), "-U", OWNER]
        initdb += ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(initdb, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        command = [str(postgres), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
        for setting in FAST:
            command += ["-c", setting]
        with log.open("wb") as out:
            child = subprocess.Popen(command, user=user, cwd=folder, stdout=out, stderr=out)
        cluster = Cluster(folder)
        try:
            wait_until(cluster.answers, child, f"PostgreSQL ({postgres})")
            yield cluster
        finally:
            end(child)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
