"""How the outside world serves HTTP: a Flask app on a threaded server, and its action routes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

LOOPBACK = "127.0.0.1"
ACTION_BYTES = 16_384
"""Most bytes an action's JSON body may have."""
STOP_TIMEOUT_S = 5.0

Action = Callable[[Mapping[str, Any]], dict[str, Any]]


class BadAction(ValueError):
    """An action was asked for with values it cannot use; the message says what to send."""


class _QuietHandler(WSGIRequestHandler):
    """Werkzeug's request handler without a log line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class HttpPeer:
    """A WSGI app served on the loopback address from its own threads."""

    def __init__(self, app: Callable[..., Any], port: int = 0) -> None:
        """Bind at once (port 0 takes a free one); raises `OSError` when the port is taken."""
        self._server: BaseWSGIServer = _bind(app, port)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )

    @property
    def url(self) -> str:
        """The peer's address, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join(STOP_TIMEOUT_S)
        self._server.server_close()


def _bind(app: Callable[..., Any], port: int) -> BaseWSGIServer:
    """Werkzeug leaves the process when a port is taken; turn that into an `OSError`."""
    try:
        return make_server(LOOPBACK, port, app, threaded=True, request_handler=_QuietHandler)
    except SystemExit:
        raise OSError(f"port {port} on {LOOPBACK} is taken: choose another") from None


def action_routes(
    name: str, actions: Mapping[str, Action], state: Callable[[], dict[str, Any]]
) -> Blueprint:
    """Routes `GET state` and `POST <action>` (JSON in, JSON out) over a peer's actions."""
    routes = Blueprint(name, __name__)

    @routes.get("/state")
    def read_state() -> Response:
        return jsonify(state())

    @routes.post("/<action>")
    def act(action: str) -> ResponseReturnValue:
        if action not in actions:
            return jsonify(error=f"unknown action {action!r}", actions=sorted(actions)), 404
        if request.content_length is None or request.content_length > ACTION_BYTES:
            return jsonify(error=f"send a JSON object of at most {ACTION_BYTES} bytes"), 413
        body = request.get_json(silent=True)
        if not request.is_json or not isinstance(body, dict):
            return jsonify(error="send a JSON object as application/json"), 415
        try:
            return jsonify(actions[action](body))
        except BadAction as error:
            return jsonify(error=str(error)), 400

    return routes


def wanted_int(body: Mapping[str, Any], key: str, low: int, high: int) -> int:
    """The integer `key` of an action, within bounds; `BadAction` else."""
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadAction(f"{key} must be a whole number from {low} to {high}")
    return value


def wanted_number(body: Mapping[str, Any], key: str, low: float, high: float) -> float:
    """The number `key` of an action, within bounds; `BadAction` else."""
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadAction(f"{key} must be a number from {low:g} to {high:g}")
    return float(value)


def wanted_choice(body: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    """The text `key` of an action, one of `choices`; `BadAction` else."""
    value = body.get(key)
    if not isinstance(value, str) or value not in choices:
        raise BadAction(f"{key} must be one of: {', '.join(choices)}")
    return value


def wanted_switch(body: Mapping[str, Any], key: str) -> bool:
    """The truth value `key` of an action; `BadAction` else."""
    value = body.get(key)
    if not isinstance(value, bool):
        raise BadAction(f"{key} must be true or false")
    return value
