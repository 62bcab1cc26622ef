"""Reads RSS 2.0 as it arrives, item by item: no tree, no entities, no DTD, bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from server.connectors.body import Body
from server.connectors.http import Answer
from server.ports import PermanentError, TemporaryError

G = "http://base.google.com/ns/1.0"
"""The namespace of Google Merchant Center's attributes."""
MAX_FIELD_CHARACTERS = 5_000
MAX_FIELDS = 200
MAX_DEPTH = 40
MAX_SILENT_BYTES = 1024 * 1024
"""Bytes without any element or text in them: one endless tag or comment."""
_RSS, _CHANNEL, _ITEM, _FIELD = 1, 2, 3, 4

Item = dict[str, str]


def items(answer: Answer, max_rows: int) -> Iterator[Item]:
    """Each item's direct children by local name, those of the `g:` namespace before plain ones.

    Raises TemporaryError where the answer is no feed now (a web page, empty, cut short), and
    PermanentError where it never will be (another format, a DTD, over a limit). What was yielded
    before is then not to be used.
    """
    if answer.content_type in ("text/html", "application/xhtml+xml"):
        raise _web_page()
    reader = _Reader()
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(reader)
    count = 0
    try:
        for part in _parts(answer.body, reader):
            parser.feed(part)
            found, reader.found = reader.found, []
            count += len(found)
            if count > max_rows:
                raise PermanentError(
                    f"The feed has over {max_rows} items (ENSEIGNE_FEED_MAX_ROWS)."
                )
            yield from found
        if not reader.elements:
            raise _nothing()
        parser.close()
    except DefusedXmlException:
        raise PermanentError("The feed declares a DTD or entities; they are refused.") from None
    except SAXException as error:
        if reader.elements == 0:
            raise _nothing() from None
        raise TemporaryError(f"The feed is broken or cut short: {error}.") from None
    yield from reader.found


def _parts(body: Body, reader: _Reader) -> Iterator[bytes]:
    first = body.read()
    if first.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise _web_page()
    silent, seen = 0, -1
    part = first
    while part:
        yield part
        silent = silent + len(part) if reader.events == seen else 0
        seen = reader.events
        if silent > MAX_SILENT_BYTES:
            raise PermanentError("The feed has a tag or comment over a megabyte.")
        part = body.read()


def _nothing() -> TemporaryError:
    return TemporaryError("The answer is empty or no XML.")


def _web_page() -> TemporaryError:
    return TemporaryError("The answer is a web page, not a feed. Is the shop closed for repairs?")


class _Reader(ContentHandler):
    """Gathers items; keeps of each only its fields' text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Item] = []
        self.events = 0
        self.elements = 0
        self._depth = 0
        self._item: Item | None = None
        self._ranks: dict[str, bool] = {}
        self._field: tuple[str, bool] | None = None
        self._text: list[str] = []
        self._kept = 0

    def startElementNS(
        self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl
    ) -> None:
        """An element begins."""
        space, local = name
        self.events += 1
        self.elements += 1
        self._depth += 1
        if self._depth == _RSS and local != "rss":
            if local.lower() == "html":
                raise _web_page()
            raise PermanentError(f"The feed is to be RSS 2.0; this one begins with <{local[:40]}>.")
        if self._depth > MAX_DEPTH:
            raise PermanentError(f"The feed is nested over {MAX_DEPTH} levels deep.")
        if self._depth == _ITEM and local == "item":
            self._item, self._ranks = {}, {}
        elif self._depth == _FIELD and self._item is not None:
            self._field = (local, space == G)
            self._text, self._kept = [], 0

    def characters(self, content: str) -> None:
        """Text, in pieces."""
        self.events += 1
        if self._field is not None and self._kept < MAX_FIELD_CHARACTERS:
            piece = content[: MAX_FIELD_CHARACTERS - self._kept]
            self._text.append(piece)
            self._kept += len(piece)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        """An element ends."""
        self.events += 1
        if self._depth == _FIELD and self._field is not None:
            self._keep(*self._field)
            self._field = None
        elif self._depth == _ITEM and self._item is not None:
            self.found.append(self._item)
            self._item = None
        self._depth -= 1

    def _keep(self, local: str, is_g: bool) -> None:
        assert self._item is not None
        better = local not in self._item or (is_g and not self._ranks[local])
        if better and len(self._item) < MAX_FIELDS:
            self._item[local] = "".join(self._text).strip()
            self._ranks[local] = is_g
