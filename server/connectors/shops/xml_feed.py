"""Reads RSS 2.0, RSS 1.0 and Atom as they arrive, item by item: no tree, no entities, no DTD,
bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NoReturn
from xml.parsers import expat

from server.connectors.body import Body
from server.connectors.shops.rows import (
    MAX_FIELD_CHARACTERS,
    MONEY,
    READ,
    Row,
    field_name,
    nothing,
    too_many,
    web_page,
)
from server.ports import PermanentError, TemporaryError

G = "http://base.google.com/ns/1.0"
"""The namespace of Google Merchant Center's attributes."""
MAX_DEPTH = 40
MAX_SILENT_BYTES = 1024 * 1024
"""Bytes that neither begin nor end anything: one endless tag or comment."""
TEXT_BYTES = 16_384
"""Text that the parser hands over at once."""
MAX_PIECES = 8
"""Of a field's text, before they are cut to what is kept."""
_APART = " "
_ATOM = f"http://www.w3.org/2005/Atom{_APART}"
_ATOM_LINK = f"{_ATOM}link"
_ITEMS = {"rss": (3, "item"), "RDF": (2, "item"), "feed": (2, "entry")}
"""By the name of the first element: how deep the items lie, and what they are called."""
_ATOM_NAMES = {"summary": "description", "content": "description"}


def xml_rows(body: Body, first: bytes, max_rows: int) -> Iterator[Row]:
    """Each item's direct children by name, those of the `g:` namespace before plain ones; `first`
    is what was already read of the body.

    Raises TemporaryError where the answer is no feed now (a web page, empty, cut short), and
    PermanentError where it never will be (another format, a DTD, over a limit). What was yielded
    before is then not to be used.
    """
    reader = _Reader()
    part = first.lstrip(b" \t\r\n") if first[:1].isspace() else first
    count = silent_from = fed = 0
    try:
        while part:
            reader.feed(part)
            fed += len(part)
            silent_from = max(silent_from, reader.at)
            if fed - silent_from > MAX_SILENT_BYTES:
                raise PermanentError("The feed has a tag or comment over a megabyte.")
            found, reader.found = reader.found, []
            count += len(found)
            if count > max_rows:
                raise too_many(max_rows)
            yield from found
            part = body.read()
        if not reader.elements:
            raise nothing()
        reader.feed(b"", last=True)
    except expat.ExpatError as error:
        if not reader.elements:
            raise nothing() from None
        words = f"The feed is broken or cut short: {error}."
        raise TemporaryError(words, unread="truncated") from None
    yield from reader.found


class _Reader:
    """Gathers items; keeps of each only its fields' text."""

    def __init__(self) -> None:
        parser = expat.ParserCreate(namespace_separator=_APART)
        parser.buffer_text = True
        parser.buffer_size = TEXT_BYTES
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        for handler in ("StartDoctypeDecl", "EntityDecl", "UnparsedEntityDecl"):
            setattr(parser, f"{handler}Handler", _refuse)
        parser.ExternalEntityRefHandler = _refuse
        self._parser = parser
        self.found: list[Row] = []
        self.elements = 0
        self._depth = 0
        self._item_depth, self._item_name = 0, ""
        self._count = 0
        self._item: dict[str, str] | None = None
        self._of_google: set[str] = set()
        self._problem = ""
        self._field: tuple[str, bool] | None = None
        self._text: list[str] = []

    @property
    def at(self) -> int:
        """The byte that the last piece of markup or text ended at."""
        return self._parser.CurrentByteIndex

    def feed(self, part: bytes, *, last: bool = False) -> None:
        """Some bytes more. Raises expat.ExpatError where they are not well-formed."""
        self._parser.Parse(part, last)
        if len(self._text) > MAX_PIECES:  # one field over many parts: its beginning will do
            self._text[:] = ["".join(self._text)[:MAX_FIELD_CHARACTERS]]

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth = depth = self._depth + 1
        if self._item is not None:
            if depth == self._item_depth + 1:
                self._field = field = _meant(name)
                if field is not None:
                    self._text.clear()
                    self._parser.CharacterDataHandler = self._text.append
                    if attributes and name == _ATOM_LINK:
                        self._link(attributes)
            elif depth > MAX_DEPTH:
                raise PermanentError(f"The feed is nested over {MAX_DEPTH} levels deep.")
            return
        self.elements += 1
        local = name.rpartition(_APART)[2]
        if depth == 1:
            self._format(local)
        elif depth > MAX_DEPTH:
            raise PermanentError(f"The feed is nested over {MAX_DEPTH} levels deep.")
        elif depth == self._item_depth and local == self._item_name:
            self._item, self._problem = {}, ""
            self._of_google.clear()

    def _format(self, local: str) -> None:
        if local.lower() == "html":
            raise web_page()
        if local not in _ITEMS:
            raise PermanentError(
                "The feed is to be RSS, Atom or tab-separated text; this one begins with "
                f"<{local[:40]}>."
            )
        self._item_depth, self._item_name = _ITEMS[local]

    def _link(self, attributes: dict[str, str]) -> None:
        if attributes.get("rel", "alternate") == "alternate":
            self._text.append(attributes.get("href", ""))
        else:
            self._field = None
            self._parser.CharacterDataHandler = None

    def _end(self, _name: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        if self._item is None:
            return
        if depth == self._item_depth + 1:
            if self._field is not None:
                self._parser.CharacterDataHandler = None
                self._keep(*self._field, "".join(self._text)[:MAX_FIELD_CHARACTERS].strip())
        elif depth == self._item_depth:
            self._count += 1
            self.found.append(Row(self._count, self._item, self._problem))
            self._item = None

    def _keep(self, name: str, google: bool, text: str) -> None:
        assert self._item is not None
        if name not in self._item or (google and name not in self._of_google):
            self._item[name] = text
        elif google and name in MONEY and self._item[name] != text:
            self._problem = "twice"
        if google:
            self._of_google.add(name)


@lru_cache(maxsize=2_048)
def _meant(name: str) -> tuple[str, bool] | None:
    """An element's name as a field's, and whether it is Google's; None where nobody reads it."""
    space, _, local = name.rpartition(_APART)
    if space == _ATOM[:-1]:
        local = _ATOM_NAMES.get(local, local)
    field = field_name(local)
    return (field, space == G) if field in READ else None


def _refuse(*_declared: object) -> NoReturn:
    raise PermanentError("The feed declares a DTD or entities; they are refused.")
