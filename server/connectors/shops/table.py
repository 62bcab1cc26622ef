"""Reads delimited text row by row: a header, then rows that are as wide as it is.

Merchant Center's tab-separated feeds (https://support.google.com/merchants/answer/160567) and
people's own CSV. What may have been shifted into another column is not believed.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from server.connectors.shops.rows import MAX_FIELD_CHARACTERS, Row, nothing, too_many, web_page
from server.ports import PermanentError, TemporaryError

MAX_COLUMNS = 500
MAX_LINE_CHARACTERS = 1024 * 1024
SAMPLE_BYTES = 65_536
"""Of a text, what its encoding and delimiter are told from."""
DELIMITERS = ";\t,|"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
AS_WINDOWS = "enseigne_cp1252"
"""How to meet bytes that are no UTF-8 when decoding: as Windows-1252."""


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are read as Windows-1252, which they then almost always are."""
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error(AS_WINDOWS, _as_windows)


@dataclass(frozen=True, slots=True)
class Table:
    """How a text is written: its encoding (a Python codec), its delimiter, its columns."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]


def sniffed_encoding(sample: bytes) -> str:
    """The codec that the beginning of a text is in. Raises TemporaryError where it is none."""
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return encoding
    if b"\0" in sample:
        raise TemporaryError("The answer is neither text nor XML. Is this the right address?")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def sniffed_delimiter(sample: str) -> str:
    """What parts the columns of the first line; outside quotes, the one that is there most."""
    line: list[str] = []
    quoted = False
    for letter in sample:
        quoted = quoted != (letter == '"')
        if letter in "\r\n" and not quoted and line:
            break
        if not quoted:
            line.append(letter)
    counts = {mark: line.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def open_table(stream: IO[bytes], sample: bytes, delimiter: str = "") -> TableReader:
    """A table that is read from `stream`; `sample` is how it begins. Raises TemporaryError where
    it is no table now, PermanentError where its header cannot be read.
    """
    encoding = sniffed_encoding(sample)
    errors = "replace" if encoding == "cp1252" else "strict" if "16" in encoding else AS_WINDOWS
    text = io.TextIOWrapper(stream, encoding, errors, newline="")
    if not delimiter:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        delimiter = sniffed_delimiter(decoder.decode(sample))
    return TableReader(text, encoding, delimiter)


class TableReader:
    """Reads a header at once and its rows as they are asked for."""

    def __init__(self, text: io.TextIOWrapper, encoding: str, delimiter: str) -> None:
        self._text = text
        self._lines = 0
        self._whole_line = True
        self._csv = csv.reader(self._line_by_line(), delimiter=delimiter)
        columns = next(self._read(), None)
        if columns is None or not any(columns):
            raise nothing()
        if len(columns) > MAX_COLUMNS:
            raise PermanentError(f"The first line names over {MAX_COLUMNS} columns.")
        if columns[0].lstrip().lower().startswith(("<!doctype", "<html")):
            raise web_page()
        self.table = Table(encoding, delimiter, tuple(name.strip() for name in columns))

    def rows(self, names: Mapping[int, str], max_rows: int) -> Iterator[Row]:
        """Rows with the columns of `names` (by place, from 0), under those names. Raises
        TemporaryError (cut short) and PermanentError (over a limit, no table).
        """
        width = len(self.table.columns)
        count, began = 0, self._csv.line_num + 1
        for cells in self._read():
            number, began = began, self._csv.line_num + 1
            if not any(cells):
                continue
            count += 1
            if count > max_rows:
                raise too_many(max_rows)
            problem = "columns" if len(cells) != width else self._shifted(cells, number)
            if problem == "columns" and not self._whole_line and len(cells) < width:
                words = "The feed is cut short: its last line is not whole."
                raise TemporaryError(words, unread="truncated")
            given = {
                name: cells[at].strip()[:MAX_FIELD_CHARACTERS]
                for at, name in names.items()
                if at < len(cells)
            }
            yield Row(number, given, problem)

    def _shifted(self, cells: Sequence[str], number: int) -> str:
        """Whether a quote that was never closed swallowed lines up to the same column of another
        row, which looks like one good row with the beginning of one and the end of another.
        """
        if self._csv.line_num == number:
            return ""
        mark = self.table.delimiter
        for at, cell in enumerate(cells):
            first, line_end, last = cell.partition("\n")
            last = last.rpartition("\n")[2]
            after, before = len(cells) - at - 1, at
            swallowed = first.count(mark) >= after and last.count(mark) >= before
            if line_end and swallowed and len(cells) > 1:
                return "quotes"
        return ""

    def _read(self) -> Iterator[list[str]]:
        try:
            yield from self._csv
        except csv.Error as error:
            raise PermanentError(
                f"Line {self._csv.line_num} cannot be read ({error}). Is a quote not closed there?"
            ) from None
        except UnicodeError:
            raise TemporaryError("The feed is broken or cut short: its text is no text.") from None

    def _line_by_line(self) -> Iterator[str]:
        while line := self._text.readline(MAX_LINE_CHARACTERS):
            if len(line) >= MAX_LINE_CHARACTERS:
                raise PermanentError("The feed has a line over a megabyte.")
            self._whole_line = line[-1] in "\r\n"
            yield line
