"""What stand-ins of vendors share: a served Flask app, and answers that are broken."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, request

from server.demo.world.peer import HttpPeer
from tests.server.connectors.peers import Reply
from tests.server.connectors.shops.contract import Fault

RETRY_AFTER_S = 90
"""Longer than anybody waits for a page, and than a connector in the contract is due again."""
BROKEN: dict[Fault, tuple[int, bytes, dict[str, str]]] = {
    "429": (429, b'{"errors": "Too many"}', {"Retry-After": str(RETRY_AFTER_S)}),
    "500": (500, b"Internal Server Error", {}),
    "401": (401, b'{"errors": "[API] Invalid API key or access token"}', {}),
    "html": (200, b"<!doctype html><title>Back soon</title>", {"Content-Type": "text/html"}),
}


def broken(fault: Fault) -> Reply | None:
    """What any web server says with this fault; None where the shop itself answers."""
    return None if fault in ("", "401", "truncated") else Reply(*BROKEN[fault])


class Served:
    """A shop's server: `self.app` gets its routes in the subclass; `self.fault` breaks answers to
    reads. `asked` counts what was read.
    """

    def __init__(self) -> None:
        self.app = Flask(type(self).__module__, static_folder=None)
        self.fault: Fault = ""
        self.asked: list[str] = []
        self.app.after_request(self._broken)
        self._peer: HttpPeer | None = None

    @property
    def url(self) -> str:
        """Its address."""
        assert self._peer is not None, "not started"
        return self._peer.url

    def start(self) -> None:
        """Serve on the loopback address."""
        self._peer = HttpPeer(self.app)
        self._peer.start()

    def stop(self) -> None:
        """Serve nothing more."""
        assert self._peer is not None, "not started"
        self._peer.stop()

    def break_with(self, fault: Fault) -> None:
        """Answer so from now on."""
        self.fault = fault

    def _broken(self, good: Response) -> Response:
        self.asked.append(request.path)
        if not self.fault:
            return good
        if self.fault == "truncated":
            whole = good.get_data()
            good.set_data(whole[: len(whole) * 2 // 3])
            good.headers["Content-Length"] = str(len(whole))
            return good
        status, body, headers = BROKEN[self.fault]
        return Response(body, status, headers)


def dumped(value: Any) -> bytes:
    """JSON as vendors send it."""
    return json.dumps(value, separators=(",", ":")).encode()
