"""Ways in which the shop's feeds can go wrong, switched on from the world's page or a test."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response

from server.demo.world.journal import Journal
from server.demo.world.peer import Action, wanted_choice

MODES = (
    "none", "empty", "blank", "html", "truncated", "zero", "currency", "500", "down", "slow",
)  # fmt: skip
SLOW_PIECES = 60
SLOW_PAUSE_S = 1.0

_ITEM = re.compile(rb"<item>.*?</item>\s*", re.DOTALL)
_PRICE = re.compile(rb"(<g:(?:sale_)?price>)\d+\.\d\d EUR")
_HTML = b"<!doctype html><title>Pluvier</title><h1>Nous revenons bient\xc3\xb4t</h1>"


class Breakage:
    """The one mode in force, `none` when all is well. It is not kept over a restart."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.mode = "none"

    def actions(self) -> dict[str, Action]:
        """What can be done, by name."""
        return {"break": self.set_mode}

    def set_mode(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"mode"}`: one of `MODES`; `none` mends the feeds."""
        self.mode = wanted_choice(body, "mode", MODES)
        self._journal.add("break", mode=self.mode)
        return {"mode": self.mode}

    def spoil(self, feed: bytes) -> bytes:
        """The feed's bytes as the mode in force leaves them."""
        match self.mode:
            case "empty":
                return _ITEM.sub(b"", feed)
            case "blank":
                return b""
            case "truncated":
                return feed[: len(feed) * 2 // 3]
            case "zero":
                return _PRICE.sub(rb"\g<1>0.00 EUR", feed)
            case "currency":
                return feed.replace(b" EUR<", b" USD<")
            case _:
                return feed

    def refusal(self, feed: bytes) -> Response | None:
        """The answer given instead of the feed when the mode in force is not about its bytes."""
        match self.mode:
            case "html":
                return Response(_HTML, mimetype="text/html")
            case "500":
                return Response("Internal Server Error", status=500, mimetype="text/plain")
            case "down":
                return Response("Closed for repairs", status=503, mimetype="text/plain")
            case "slow":
                return Response(_dripping(feed), mimetype="application/xml")
            case _:
                return None


def _dripping(feed: bytes) -> Iterator[bytes]:
    """The feed in small pieces with a pause after each: a minute in all."""
    size = -(-len(feed) // SLOW_PIECES)
    for start in range(0, len(feed), size):
        yield feed[start : start + size]
        time.sleep(SLOW_PAUSE_S)
