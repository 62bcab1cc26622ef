"""A person's own table of goods: CSV at an address, in the watched folder, or uploaded.

Which column is what is chosen once (`columns`); the delimiter and the encoding are told from the
file. It is read again when it changed, and believed for `max_age_h` hours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from playlists.errors import Invalid
from playlists.ids import check_id
from server.connectors import http
from server.connectors.body import Body, Deadline
from server.connectors.http import Validators
from server.connectors.shops.columns import MAX_MAPPED, check_columns, placed
from server.connectors.shops.csv_rows import Rows, reading
from server.connectors.shops.goods import GoodsConfig
from server.connectors.shops.rows import nothing, web_page
from server.connectors.shops.table import TableReader, open_table
from server.connectors.source import Kind, Setup
from server.ports import AwaitedError, Batch, PermanentError, TemporaryError

ACCEPT = "text/csv, text/tab-separated-values, text/plain, application/gzip, */*;q=0.5"
ENDINGS = (".csv", ".txt", ".tsv", ".csv.gz")
SETTLED_MS = 2_000
"""A file that changed more lately may still be written."""
WEEK_H = 168
YEAR_H = 8_784
HOUR_MS = 3_600_000
MAX_FILES = 10_000
"""Files of a watched folder that are looked at."""


def _an_id_or_none(text: str) -> str:
    try:
        return check_id(text) if text else ""
    except Invalid as refused:
        raise ValueError(str(refused)) from None


class CsvConfig(GoodsConfig):
    """Where the table is, and what its columns are."""

    shop: str = Field(
        default="",
        description="The shop that stores name in their channel: shop@store. Empty where the table "
        "only tells stock.",
    )
    url: str = Field(
        default="", description="Address of the file. Empty: it is uploaded, or in a folder."
    )
    folder: str = Field(
        default="",
        max_length=500,
        description="A file or a folder below the watched folder (ENSEIGNE_CSV_FOLDER); of a "
        "folder the newest file is read.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        max_length=MAX_MAPPED,
        description="Which column is what: {“Prix TTC”: “price”}.",
    )
    decimal: Literal["", ",", "."] = Field(
        default="",
        description="What stands before the cents. Empty: told from each price, and one that may "
        "say two things (1,234) is not taken.",
    )
    day_first: bool = Field(
        default=True, description="Dates such as 03/04/2026 begin with the day."
    )
    whole: bool = Field(default=True, description="It lists everything: what is absent is gone.")
    max_age_h: int = Field(
        default=WEEK_H,
        ge=1,
        le=YEAR_H,
        description="For how many hours an uploaded or watched file is believed.",
    )

    _columns = field_validator("columns")(check_columns)

    _shop = field_validator("shop")(_an_id_or_none)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return http.check_url(url) if url else ""

    @field_validator("folder")
    @classmethod
    def _folder(cls, folder: str) -> str:
        path = Path(folder)
        if path.is_absolute() or ".." in path.parts or not folder.isprintable():
            raise ValueError("Write a path below the watched folder, without a / in front or ..")
        return folder

    @model_validator(mode="after")
    def _one_place(self) -> CsvConfig:
        if self.url and self.folder:
            raise ValueError("It is at an address or in a folder, not both.")
        if self.columns:
            priced = "price" in self.columns.values()
            if priced and not self.shop:
                raise ValueError("Prices are a shop’s: name it (shop).")
            if not priced and self.shop:
                raise ValueError("A table without prices names no shop: leave it empty.")
        return self


@dataclass(frozen=True, slots=True)
class Found:
    """A table that is open: its bytes, how they begin, and what tells it from a later one."""

    body: Body
    first: bytes
    state: Mapping[str, Any]

    def table(self) -> TableReader:
        """Its header, read. Raises TemporaryError, PermanentError."""
        begin = self.first[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n")
        if not begin:
            raise nothing()
        if begin[:14].lower().startswith((b"<!doctype html", b"<html")):
            raise web_page()
        if begin.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise PermanentError("This is a spreadsheet. Save it as CSV (UTF-8) first.")
        return open_table(self.body.stream(self.first), self.first)


def fetch(setup: Setup) -> Batch:
    """What the table says now, or that it did not change. Raises TemporaryError, PermanentError."""
    config: CsvConfig = setup.config
    began = setup.clock()
    if not config.columns:
        raise AwaitedError("Say first which column is what, on this source’s page.")
    with found(setup) as table:
        if table is None:
            return Batch(began, unchanged=True, state=setup.state)
        rows = read(setup, table.table(), config.columns)
        state = dict(table.state)
    stock = rows.stock()
    return Batch(
        began,
        whole=config.whole,
        products=rows.products(),
        stock=stock,
        refused=rows.refused,
        state=state,
    )


def read(setup: Setup, table: TableReader, columns: Mapping[str, str]) -> Rows:
    """All rows of a table, whose columns are what `columns` says. Raises TemporaryError,
    PermanentError.
    """
    places = placed(table.table.columns, columns)
    rows = table.rows(places, setup.limits.max_rows)
    return reading(rows, setup, frozenset(columns.values()))


@contextmanager
def found(setup: Setup) -> Iterator[Found | None]:
    """The table as it is now; None where it did not change. Raises TemporaryError (it does not
    answer, is still written, is too old) and PermanentError (it is nowhere).
    """
    config: CsvConfig = setup.config
    if config.url:
        kept = Validators.from_state(setup.state.get("url"))
        with http.get(config.url, setup.limits, kept, ACCEPT) as answer:
            if answer.unchanged:
                yield None
            else:
                yield Found(*answer.body.unpacked_file(), {"url": answer.validators.to_state()})
        return
    path = located(setup)
    _check_age(setup, path)
    state = {"file": _stamp(path)}
    if setup.state.get("file") == state["file"]:
        yield None
        return
    with opened(path, setup) as (body, first):
        try:
            yield Found(body, first, state)
        except (TemporaryError, PermanentError) as error:
            error.unread = error.unread or "unread"
            raise
    if _stamp(path) != state["file"]:
        raise TemporaryError("The file changed while it was read. It is read again soon.")


def located(setup: Setup) -> Path:
    """Where the file is that is in use. Raises TemporaryError, PermanentError."""
    return _watched(setup) if setup.config.folder else uploaded(setup)


@contextmanager
def opened(path: Path, setup: Setup) -> Iterator[tuple[Body, bytes]]:
    """A file, unpacked, and how it begins, within the limits. Raises TemporaryError."""
    try:
        file = path.open("rb")
    except OSError:
        raise TemporaryError("The file cannot be opened.") from None
    with file, Deadline(setup.limits.total_s) as deadline:
        yield Body(file, "", setup.limits.max_bytes, deadline).unpacked_file()


def uploaded(setup: Setup, ending: str = "csv") -> Path:
    """Where the file lies that people uploaded for a connector; `new` is one that is not taken yet.
    Raises PermanentError where there is nowhere.
    """
    if setup.folders.uploads is None:
        raise PermanentError("This server keeps no uploaded files.")
    return setup.folders.uploads / f"{setup.id}.{ending}"


def _watched(setup: Setup) -> Path:
    root = setup.folders.watched
    if root is None:
        raise PermanentError(
            "No folder is watched here. The server’s ENSEIGNE_CSV_FOLDER names it."
        )
    path = _within(root, root / setup.config.folder)
    if not path.is_dir():
        return path
    names = []
    with os.scandir(path) as entries:
        for number, entry in enumerate(entries):
            if number >= MAX_FILES:
                raise PermanentError(f"The folder holds over {MAX_FILES} files. Clear it up.")
            if entry.name.lower().endswith(ENDINGS) and not entry.name.startswith("."):
                names.append(entry.name)
    files = [_within(root, path / name) for name in names]
    newest = max((file for file in files if file.is_file()), key=_age_key, default=None)
    if newest is None:
        raise AwaitedError("There is no CSV file in the folder.")
    return newest


def _age_key(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name


def _within(root: Path, path: Path) -> Path:
    """The path itself, links followed. Raises PermanentError where it leads out of the folder."""
    real = path.resolve()
    if not real.is_relative_to(root.resolve()):
        raise PermanentError("This leads out of the watched folder.")
    return real


def _stamp(path: Path) -> list[Any]:
    try:
        status = path.stat()
    except OSError:
        raise AwaitedError("There is no such file yet.") from None
    return [path.name, status.st_mtime_ns, status.st_ctime_ns, status.st_size]


def _check_age(setup: Setup, path: Path) -> None:
    age_ms = setup.clock() - int(_stamp(path)[1]) // 1_000_000
    if setup.config.folder and 0 <= age_ms < SETTLED_MS:
        raise TemporaryError("The file is only just being written. It is read in a moment.")
    if age_ms > setup.config.max_age_h * HOUR_MS:
        raise TemporaryError(
            f"The file is older than {setup.config.max_age_h} hours, so it is not believed any "
            "more. Bring a newer one."
        )


KIND = Kind(
    name="csv",
    title={"fr": "Fichier CSV", "en": "CSV file"},
    config=CsvConfig,
    fetch=fetch,
    every_s=60,
)
