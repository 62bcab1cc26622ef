"""The command `enseigne`: one process of the server, all of them, the demo, and care of the
database.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from server.config import Settings
from server.demo import MAX_PORT
from server.errors import ServerError
from server.processes import Group, Part, run_until_stopped

if TYPE_CHECKING:
    from server.services.base.actors import Scope

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False
)


@app.command()
def serve() -> None:
    """Run the whole server: worker, door and web, until Ctrl-C."""
    from server.app import prepare

    prepare(Settings())
    with Group() as group:
        for name in ("worker", "door", "web"):
            group.start(Part(name, [sys.executable, "-m", "server.cli", name]))
        raise typer.Exit(run_until_stopped(group))


@app.command()
def web() -> None:
    """Run the web process: studio, API, media (real threads)."""
    from server.app import run_web

    run_web(Settings())


@app.command()
def worker() -> None:
    """Run the worker: resolve, sign, feeds, timers."""
    from server.app import run_worker

    run_worker(Settings())


@app.command()
def door() -> None:
    """Run the door: the screens' sockets (gevent)."""
    from server.door.main import run

    run(Settings())


@app.command()
def owner_link() -> None:
    """Print a new one-time link that signs in as the owner; the last one stops working."""
    from server.app import build_context
    from server.services.entry import people

    context = build_context(Settings())
    print(people.owner_link(context))
    context.db.close()


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    right: Annotated[list[str], typer.Option(help="A right, such as connectors; repeatable.")],
    store: Annotated[list[str] | None, typer.Option(help="Only these stores; repeatable.")] = None,
) -> None:
    """Print a new API token with these rights, shown this once."""
    from server.app import build_context
    from server.services.base.actors import SYSTEM
    from server.services.entry import people

    context = build_context(Settings())
    try:
        with _said():
            rights = [cast("Scope", word) for word in right]  # create_token refuses unknown ones
            print(people.create_token(context, SYSTEM, name, rights, store).secret)
    finally:
        context.db.close()


@app.command()
def rotate_keys() -> None:
    """Replace the keys that sign for this installation; needs the root key in its place."""
    from server.app import now_ms
    from server.services.base.keys import rotate

    with _said():
        keys = rotate(Settings().data_dir / "keys", now_ms())
    print(f"Keys document {keys.document.version} is signed. Restart the server to use it.")


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder for the copy.")]) -> None:
    """Copy database, keys and media to a new folder; the server may run meanwhile."""
    from server.services.keeping.backup import back_up

    with _said():
        copied = back_up(Settings(), folder)
    print(f"Copied {', '.join(copied)} to {folder}.")


@app.command()
def player_package(
    folder: Annotated[Path, typer.Argument(help="Where it is put.")] = Path(),
) -> None:
    """Make the Debian package of this server's player, as /player/install installs it."""
    from server.services.screens.package import player_package as package

    with _said():
        made = package()
        (folder / made.file_name).write_bytes(made.data)
    print(folder / made.file_name)


@app.command()
def migrate(
    check: Annotated[
        bool, typer.Option(help="Only say whether migrations and models agree.")
    ] = False,
    write: Annotated[str, typer.Option(help="Write a new migration with this message.")] = "",
) -> None:
    """Bring the database to the newest schema."""
    from server.db import migrate as migrations
    from server.db.engine import Database

    if check or write:
        db = Database("sqlite://" if not write else Settings().db_url)
        migrations.upgrade(db)
        if write:
            migrations.write_revision(db, write)
            return
        found = migrations.differences(db)
        for line in found:
            print(line, file=sys.stderr)
        print("Migrations and models differ." if found else "Migrations and models agree.")
        raise typer.Exit(1 if found else 0)
    from server.app import prepare

    prepare(Settings())


@app.command()
def demo(
    port: Annotated[
        int,
        typer.Option(min=1, max=MAX_PORT, help="The studio's port; the others follow it."),
    ] = 8080,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    reset: Annotated[bool, typer.Option(help="Begin anew: forget the last demo's state.")] = False,
    smoke: Annotated[
        bool, typer.Option(help="Measure 30 price changes to the pixel, then stop.")
    ] = False,
    webhook: Annotated[
        bool, typer.Option(help="With --smoke: whether the shop calls the server on a change.")
    ] = True,
) -> None:
    """Run the demo chain: four shops, fourteen screens, and the world outside to play with."""
    from server.demo.run import run

    shown = browser and not smoke
    raise typer.Exit(run(port=port, browser=shown, reset=reset, smoke=smoke, webhook=webhook))


@contextmanager
def _said() -> Iterator[None]:
    """What cannot be done is said in a sentence, not in a traceback."""
    try:
        yield
    except ServerError as wrong:
        print(wrong.message, file=sys.stderr)
        raise typer.Exit(1) from None


def main() -> None:
    """Console entry."""
    app()


if __name__ == "__main__":
    main()
