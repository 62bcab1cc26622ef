"""A feed's rows, whatever it is written in: told from its first bytes, never configured."""

from __future__ import annotations

from collections.abc import Iterator

from server.connectors.body import Body
from server.connectors.http import Answer
from server.connectors.shops.rows import MONEY, READ, Row, field_name, nothing, web_page
from server.connectors.shops.table import SAMPLE_BYTES, open_table
from server.connectors.shops.xml_feed import xml_rows
from server.ports import PermanentError

ACCEPT = (
    "application/xml, application/rss+xml, application/atom+xml, text/xml, "
    "text/tab-separated-values, text/plain, application/gzip, */*;q=0.5"
)
_HTML = ("text/html", "application/xhtml+xml")
_FEEDS = ("<?xml", "<rss", "<feed", "<rdf:rdf", "id\t")
"""How feeds begin that shops send as if they were web pages."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def feed_rows(answer: Answer, max_rows: int) -> Iterator[Row]:
    """Each row of RSS, Atom or tab-separated text, packed or not, under Merchant Center's names.

    Raises TemporaryError where the answer is no feed now (a web page, empty, cut short), and
    PermanentError where it never will be (another format, a DTD, over a limit). What was yielded
    before is then not to be used.
    """
    body, first = answer.body.unpacked_file()
    if first.startswith(b"PK\x03\x04"):
        raise PermanentError("The feed is a zip file. Pack it with gzip, or not at all.")
    begin = _text_of(first).lstrip("\ufeff \t\r\n")
    if not begin:
        raise nothing()
    html = answer.content_type in _HTML and not begin[:9].lower().startswith(_FEEDS)
    if html or begin[:14].lower().startswith(("<!doctype html", "<html")):
        raise web_page()
    if begin.startswith("<"):
        yield from xml_rows(body, first, max_rows)
    else:
        yield from _table_rows(body, first, max_rows)


def _text_of(first: bytes) -> str:
    """How a feed begins, only to tell what it is."""
    return first[:1_000].decode("utf-16" if first.startswith(_UTF16) else "utf-8", "replace")


def _table_rows(body: Body, first: bytes, max_rows: int) -> Iterator[Row]:
    reader = open_table(body.stream(first), first[:SAMPLE_BYTES])
    names = [field_name(column) for column in reader.table.columns]
    if len(names) == 1:
        raise nothing()
    if "id" not in names:
        raise PermanentError(
            "The feed is neither XML nor tab-separated text with a column “id” in its first line."
        )
    for name in sorted(MONEY):
        if names.count(name) > 1:
            raise PermanentError(f"The feed has the column “{name}” twice.")
    first_of = {name: at for at, name in reversed(list(enumerate(names)))}
    yield from reader.rows({at: name for name, at in first_of.items() if name in READ}, max_rows)
