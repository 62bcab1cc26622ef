"""GET /health and /metrics on the door's port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import generate_latest


class Counts:
    """What the door counts, for Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.refused = self._counter("refused", "Proofs refused", "code")
        self.closed = self._counter("closed", "Connections that the door ended", "reason")
        self.pushed = self._counter("pushed", "Messages handed to connections", "event")
        self.reports = self._counter("reports", "Reports received", "outcome")
        self.overflows = Counter(
            "enseigne_door_overflows", "Backlogs dropped for slow clients", registry=self.registry
        )

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(f"enseigne_door_{name}", text, [label], registry=self.registry)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A value that is read when asked for."""
        gauge = Gauge(f"enseigne_door_{name}", text, registry=self.registry)
        gauge.set_function(read)


def create_app(counts: Counts, vitals: Callable[[], dict[str, Any]]) -> Flask:
    """The door's small Flask application; its health is good whether or not the worker is there."""
    app = Flask("enseigne-door", static_folder=None)

    @app.get("/health")
    def health() -> Response:
        return jsonify({"status": "ok", **vitals()})

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(counts.registry), content_type=CONTENT_TYPE_LATEST)

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app
