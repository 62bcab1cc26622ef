"""How the installation fares: /api/v1/health/live, /api/v1/health/ready, /api/v1/metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.api import requests
from server.api.kit import Call, Done, operation, resource
from server.api.shapes import Shape
from server.services.base.context import Context
from server.services.keeping import health

blueprint = resource("health")

State = Literal["ok", "away"]
Peers = Mapping[str, Callable[[], bool]]
"""The other processes by name, and how to ask whether each is there."""


class LiveShape(Shape):
    """This process answers."""

    status: Literal["ok"]


class ReadyShape(Shape):
    """Whether the installation does its work, and which part does not."""

    status: State
    parts: dict[str, State]


class _Gauges(Collector):
    """Figures that are counted when someone asks for them."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def collect(self) -> Iterable[Metric]:
        """One gauge for each of the figures."""
        found = health.figures(self._ctx)
        for name, said, value in (
            ("enseigne_screens", "Screens wished for", found.screens),
            ("enseigne_screens_connected", "Screens connected", found.screens_connected),
            ("enseigne_dirty_keys", "Changed keys that wait for the worker", found.keys_waiting),
            (
                "enseigne_dirty_oldest_seconds",
                "How long the oldest changed key waits",
                found.oldest_wait_ms / 1000,
            ),
        ):
            yield GaugeMetricFamily(name, said, value)


def register(app: Flask, ctx: Context, peers: Peers) -> None:
    """Count every request of the application; keep how to ask its peers."""
    registry = CollectorRegistry()
    labels = ("method", "route", "status")
    requests_total = Counter(
        "enseigne_http_requests", "HTTP requests answered", labels, registry=registry
    )
    seconds = Histogram(
        "enseigne_http_request_seconds", "Time to answer", labels[:2], registry=registry
    )
    registry.register(_Gauges(ctx))
    app.extensions["enseigne.peers"] = dict(peers)
    app.extensions["enseigne.metrics"] = registry

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule is not None else "none"
        requests_total.labels(request.method, route, str(response.status_code)).inc()
        if started := g.get("started"):
            seconds.labels(request.method, route).observe(requests.monotonic() - started)
        return response


@blueprint.get("/health/live")
@operation("health", LiveShape, public=True)
def live(ctx: Context) -> Done:
    """Whether this process answers."""
    return Done({"status": "ok"})


@blueprint.get("/health/ready")
@operation("health", ReadyShape, public=True, also={503: ReadyShape})
def ready(ctx: Context) -> Done:
    """Whether record, worker and door are all there; 503, saying which is not, otherwise."""
    peers: Peers = current_app.extensions["enseigne.peers"]
    parts: dict[str, State] = {"record": "ok" if health.record_answers(ctx) else "away"}
    for name, there in peers.items():
        parts[name] = "ok" if there() else "away"
    well = set(parts.values()) == {"ok"}
    return Done({"status": "ok" if well else "away", "parts": parts}, status=200 if well else 503)


@blueprint.get("/metrics")
@operation("health", gives=("text/plain",))
def metrics(call: Call) -> Done:
    """Figures for Prometheus (text format), for whoever may read the whole chain."""
    call.actor.require_chain("read")
    registry: CollectorRegistry = current_app.extensions["enseigne.metrics"]
    return Done({}, raw=generate_latest(registry), raw_type=CONTENT_TYPE_LATEST)
