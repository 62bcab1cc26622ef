"""Finds schema.org products in the JSON-LD of a web page.

Structured data as search engines ask for it:
https://developers.google.com/search/docs/appearance/structured-data/product.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_SCRIPTS = 100
"""JSON-LD blocks of one page that are read."""
MAX_DEPTH = 12
MAX_PRODUCTS = 500
"""Products of one page."""

PRODUCTS = frozenset({"Product", "IndividualProduct", "SomeProducts", "ProductModel"})
GROUPS = frozenset({"ProductGroup"})
_WITHIN = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item")
_WRAPPINGS = ("<!--", "//<![CDATA[", "<![CDATA[", "/*<![CDATA[*/")
_ENDINGS = ("-->", "//]]>", "]]>", "/*]]>*/", ";")

Node = Mapping[str, Any]


class Number(str):
    """A number as the page writes it: never through a float, and its mark is a full stop."""

    __slots__ = ()


class Structured:
    """The JSON-LD of one page. `broken` counts blocks that are no JSON."""

    def __init__(self, html: str) -> None:
        self.broken = 0
        self._by_id: dict[str, Node] = {}
        self._roots: list[Any] = []
        for text in _scripts(html):
            try:
                self._roots.append(_parsed(text))
            except (ValueError, RecursionError):
                self.broken += 1
        for root in self._roots:
            for node in _objects(root, MAX_DEPTH):
                name = node.get("@id")
                if isinstance(name, str) and len(node) > 1:
                    self._by_id.setdefault(name, node)

    def products(self) -> Iterator[tuple[Node, Node]]:
        """Each product, and the group that it is a variant of, empty where it is none."""
        count = 0
        for root in self._roots:
            for product, group in self._in(root, MAX_DEPTH):
                count += 1
                if count > MAX_PRODUCTS:
                    return
                yield product, group

    def node(self, value: Any) -> Node:
        """An object, looked up where only its name (@id) is written; empty where it is none."""
        if not isinstance(value, Mapping):
            return {}
        if set(value) <= {"@id", "@type"} and isinstance(value.get("@id"), str):
            return self._by_id.get(value["@id"], value)
        return value

    def nodes(self, value: Any) -> list[Node]:
        """The objects of a value that may be one or a list of them."""
        return [one for one in map(self.node, listed(value)) if one]

    def _in(self, value: Any, depth: int) -> Iterator[tuple[Node, Node]]:
        if depth == 0:
            return
        for node in listed(value):
            if not isinstance(node, Mapping):
                continue
            kinds = types(node)
            if kinds & GROUPS:
                for variant in self.nodes(node.get("hasVariant")):
                    yield variant, node
            elif kinds & PRODUCTS:
                yield node, self.node(node.get("isVariantOf"))
            for name in _WITHIN:
                if name in node:
                    yield from self._in(node[name], depth - 1)


def listed(value: Any) -> Sequence[Any]:
    """A value that may be one or several, as several."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def types(node: Node) -> set[str]:
    """The types of a node, without the vocabulary's address."""
    return {term(one) for one in listed(node.get("@type")) if isinstance(one, str)}


def term(text: Any) -> str:
    """`https://schema.org/ListPrice`, `schema:ListPrice` and `ListPrice` as the last."""
    return text.strip().rpartition("/")[2].rpartition(":")[2] if isinstance(text, str) else ""


def text_of(value: Any) -> str:
    """What a value says as text: itself, the first of a list, or the name of an object."""
    for one in listed(value):
        if isinstance(one, str):
            return one.strip()
        if isinstance(one, Mapping):
            return text_of(one.get("name", one.get("@value")))
    return ""


def _parsed(text: str) -> Any:
    text = text.strip()
    for begin in _WRAPPINGS:
        text = text.removeprefix(begin).strip()
    for end in _ENDINGS:
        text = text.removesuffix(end).strip()
    return json.loads(text, strict=False, parse_float=Number, parse_int=Number)


def _objects(value: Any, depth: int) -> Iterator[Node]:
    if depth == 0:
        return
    if isinstance(value, Mapping):
        yield value
        for part in value.values():
            if isinstance(part, (Mapping, list)):
                yield from _objects(part, depth - 1)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part, depth)


def _scripts(html: str) -> Iterator[str]:
    """The text of each script that is JSON-LD; those in comments are none."""
    at, found = 0, 0
    while (begin := _BEGIN.search(html, at)) and found < MAX_SCRIPTS:
        comment = begin[0] == "<!--"
        end = (_COMMENT_END if comment else _SCRIPT_END).search(html, begin.end())
        stop = end.start() if end else len(html)
        if not comment:
            head, _, text = html[begin.end() : stop].partition(">")
            if "application/ld+json" in head.lower() and end is not None:
                found += 1
                yield text
        if end is None:
            return
        at = end.end()


_BEGIN = re.compile(r"<!--|<script(?=[\s>/])", re.IGNORECASE)
_COMMENT_END = re.compile(r"-->")
_SCRIPT_END = re.compile(r"</script", re.IGNORECASE)
