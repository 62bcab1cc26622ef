"""Tables that people bring themselves: a file waits until somebody saw what it would do, and is
only then taken, with the columns as they were chosen.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from server.connectors.shops import csv_files
from server.connectors.shops.columns import guessed, placed
from server.connectors.shops.csv_files import CsvConfig, Found
from server.connectors.shops.csv_rows import Complaint
from server.connectors.shops.rows import Row
from server.connectors.shops.table import TableReader
from server.connectors.source import Setup
from server.db.models import ConnectorRow
from server.errors import BadInput, NotFound, TooLarge
from server.ports import PermanentError, ProductReport, StockReport, TemporaryError
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.connectors.edits import ConnectorWish, update_connector
from server.services.connectors.views import setup_of

SAMPLES = 5
"""Rows that are shown, of the file and of what it says."""
SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its name, what it begins with, and what it is chosen to be."""

    name: str
    samples: tuple[str, ...]
    field: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do, nothing of it taken. `waits`: it is not the one that is in use.

    `error` says why nothing of it can be read; `complaints` are rows that would not be taken or not
    believed, `refused` all of them by reason.
    """

    waits: bool
    error: str = ""
    encoding: str = ""
    delimiter: str = ""
    columns: tuple[Column, ...] = ()
    rows: int = 0
    products: int = 0
    stock: int = 0
    doubted: int = 0
    samples: tuple[ProductReport, ...] = ()
    stock_samples: tuple[StockReport, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


def bring_file(ctx: Context, actor: Actor, connector_id: str, chunks: Iterable[bytes]) -> None:
    """Keep an uploaded file until it is taken; another one that waited is gone. Raises BadInput
    where the connector reads its file elsewhere, NotFound, TooLarge.
    """
    setup = _setup(ctx, actor, connector_id)
    if setup.config.url or setup.config.folder:
        raise BadInput(
            "This source reads its file elsewhere. Empty its address and its folder first.",
            field="file",
        )
    waiting = csv_files.uploaded(setup, "new")
    waiting.parent.mkdir(parents=True, exist_ok=True)
    part = waiting.with_name(f"{waiting.name}.{secrets.token_hex(4)}")
    most, size = ctx.settings.feed_max_bytes, 0
    try:
        with part.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > most:
                    raise TooLarge(f"A file has {most // 2**20} MiB at most.", field="file")
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(waiting)
    finally:
        part.unlink(missing_ok=True)


def look_at_file(
    ctx: Context, actor: Actor, connector_id: str, columns: Mapping[str, str] | None = None
) -> Preview:
    """What the file that waits, or else the one in use, would do with these columns, or those that
    are kept; where none are, they are guessed. Takes nothing. Raises BadInput, NotFound.
    """
    setup = _setup(ctx, actor, connector_id)
    waits = _waits(setup)
    try:
        with _file(setup, waits) as path:
            return _preview(setup, path, columns, waits=waits)
    except (TemporaryError, PermanentError) as error:
        return Preview(waits, error=str(error))


def take_file(
    ctx: Context, actor: Actor, connector_id: str, columns: Mapping[str, str] | None = None
) -> None:
    """Have the file that waits taken, or the one in use read anew, with these columns or those that
    are kept; its source is due at once. Raises BadInput (no file, no columns, a header without
    them), NotFound.
    """
    setup = _setup(ctx, actor, connector_id)
    chosen = dict(setup.config.columns if columns is None else columns)
    if not chosen:
        raise BadInput("Say first which column is what.", field="columns")
    setup = replace(setup, config=_with_columns(setup.config, chosen))
    waits = _waits(setup)
    try:
        with _file(setup, waits) as path, _header(setup, path) as table:
            placed(table.table.columns, chosen)
    except (TemporaryError, PermanentError) as error:
        raise BadInput(str(error), field="file") from None
    if waits:
        waiting, now_s = csv_files.uploaded(setup, "new"), ctx.clock() / 1000
        os.utime(waiting, (now_s, now_s))
        waiting.replace(csv_files.uploaded(setup))
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        if row is None:
            raise missing("connector")
    config = setup.config.model_dump(mode="json")
    wish = ConnectorWish(row.kind, row.name, config, enabled=row.enabled, every_s=row.every_s)
    update_connector(ctx, actor, connector_id, wish)


def _setup(ctx: Context, actor: Actor, connector_id: str) -> Setup:
    """The connector, asked as if for the first time. Raises NotFound where it reads no tables."""
    actor.require_chain("connectors")
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        if row is None:
            raise missing("connector")
        if row.kind != csv_files.KIND.name:
            raise NotFound("This source reads no file of yours.")
        try:
            return replace(setup_of(ctx, session, row), state={})
        except PermanentError as error:
            raise BadInput(str(error)) from None


def _waits(setup: Setup) -> bool:
    elsewhere = setup.config.url or setup.config.folder
    return not elsewhere and csv_files.uploaded(setup, "new").exists()


@contextmanager
def _file(setup: Setup, waits: bool) -> Iterator[Path]:
    """The file on this machine; one at an address is fetched for as long as it is looked at."""
    if not setup.config.url:
        yield csv_files.uploaded(setup, "new") if waits else csv_files.located(setup)
        return
    with tempfile.NamedTemporaryFile() as copy, csv_files.found(setup) as there:
        if there is not None:
            shutil.copyfileobj(there.body.stream(there.first), copy)
        copy.flush()
        yield Path(copy.name)


@contextmanager
def _header(setup: Setup, path: Path) -> Iterator[TableReader]:
    with csv_files.opened(path, setup) as (body, first):
        yield Found(body, first, {}).table()


def _preview(
    setup: Setup, path: Path, columns: Mapping[str, str] | None, *, waits: bool
) -> Preview:
    with _header(setup, path) as table:
        written = table.table
        begins = list(
            islice(table.rows(_by_number(written.columns), setup.limits.max_rows), SAMPLES)
        )
    kept = setup.config.columns if columns is None else columns
    chosen = dict(kept) or guessed(written.columns)
    seen = Preview(
        waits,
        encoding=written.encoding,
        delimiter=written.delimiter,
        columns=_columns(written.columns, begins, chosen),
    )
    if not chosen:
        return replace(seen, error="Say first which column is what.")
    try:
        setup = replace(setup, config=_with_columns(setup.config, chosen))
        with _header(setup, path) as table:
            rows = csv_files.read(setup, table, chosen)
    except (TemporaryError, PermanentError, BadInput) as error:
        return replace(seen, error=str(error))
    products = rows.products()
    stock = rows.stock()
    return replace(
        seen,
        rows=rows.rows,
        products=len(products),
        stock=len(stock),
        doubted=sum(bool(one.problem) or one.price is None for one in products),
        samples=tuple(islice(products, SAMPLES)),
        stock_samples=stock[:SAMPLES],
        complaints=tuple(rows.complaints),
        refused=dict(rows.refused),
    )


def _by_number(header: Sequence[str]) -> dict[int, str]:
    return {at: str(at) for at in range(len(header))}


def _columns(
    header: Sequence[str], begins: Sequence[Row], chosen: Mapping[str, str]
) -> tuple[Column, ...]:
    return tuple(
        Column(
            name,
            tuple(row.fields.get(str(at), "")[:SHOWN_CHARACTERS] for row in begins),
            chosen.get(name, ""),
        )
        for at, name in enumerate(header)
    )


def _with_columns(config: CsvConfig, columns: Mapping[str, str]) -> CsvConfig:
    """The configuration with other columns; a table without prices is no shop’s. Raises BadInput
    where they are no choice.
    """
    said = config.model_dump() | {"columns": dict(columns)}
    if "price" not in columns.values():
        said["shop"] = ""
    try:
        return CsvConfig.model_validate(said)
    except ValidationError as refused:
        message = str(refused.errors()[0]["msg"]).removeprefix("Value error, ")
        raise BadInput(message, field="columns") from None
