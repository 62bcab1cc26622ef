"""The composition root: puts settings, record, keys, media and processes together, and starts
them.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

import requests
import structlog

from media.store import AssetStore
from server.bus import BusClient
from server.config import Settings
from server.db import migrate
from server.db.engine import Database
from server.services.base.context import Context
from server.services.base.keys import load_keys
from server.services.entry import people
from server.services.library import renditions

if TYPE_CHECKING:
    from flask import Flask

WEB_THREADS = 16
"""Requests that the web process answers at the same time."""
CONNECTIONS = 500
"""Connections that the web process keeps open."""
BODY_HEADROOM_BYTES = 1024 * 1024
"""Beyond the file itself, an upload may carry this much of form around it."""
GC_THRESHOLDS = (20_000, 25, 100)
"""When the web process looks for garbage: rooms remember hundreds of thousands of objects that
stay, and looking through all of them takes longer than a page.
"""
DOOR_ANSWERS_S = 1.0
"""The door of this machine answers a question for its health within this."""
UPLOAD_LEFT_ASIDE_MS = 24 * 3_600_000
"""What a killed upload left aside is deleted at a start this long after."""


def now_ms() -> int:
    """The present in unix milliseconds."""
    return time.time_ns() // 1_000_000


def build_context(settings: Settings, wake: Callable[[], None] = lambda: None) -> Context:
    """What services need. `wake` pokes the worker; in the worker itself, its own loop."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Context(
        db=Database(
            settings.db_url,
            write_budget_ms=settings.write_budget_ms,
            busy_ms=settings.write_wait_ms,
        ),
        settings=settings,
        clock=now_ms,
        keys=load_keys(settings.data_dir / "keys", now_ms()),
        wake=wake,
        media=AssetStore(str((settings.data_dir / "media").absolute())),
    )


def prepare(settings: Settings, say: Callable[[str], None] | None = print) -> None:
    """Make the data folder, keys and tables that are missing; tell the first start's owner link
    through `say`.
    """
    context = build_context(settings)
    try:
        migrate.upgrade(context.db)
        context.media.sweep(now_ms() - UPLOAD_LEFT_ASIDE_MS)
        if say is not None and not people.has_owner(context):
            link = people.owner_link(context)
            say(f"Open this once, within a day, to own this installation:\n\n  {link}\n")
    finally:
        context.db.close()


def create_app(context: Context, peers: Mapping[str, Callable[[], bool]] | None = None) -> Flask:
    """The web process's application: API, players' HTTP, studio pages.

    `peers` are the other processes by name, with how to ask whether each is there.
    """
    # Here, as the worker is to carry nothing of the web process.
    from flask import Flask

    from server import api, web
    from server.services.entry.limits import Limits

    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = context.settings.max_request_bytes
    app.extensions["enseigne"] = context
    app.extensions["enseigne.limits"] = Limits()
    app.extensions["enseigne.room"] = BoundedSemaphore(context.settings.players_at_once)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    api.register(app, context, peers or {})
    web.register(app)
    return app


def run_web(settings: Settings) -> None:
    """Serve the web process until it is stopped; renditions are made beside it in one thread."""
    from waitress import serve

    from server.services.screens import packages

    set_up_logs(settings)
    bus = BusClient(settings.bus)
    context = build_context(settings, wake=partial(_send_wake, bus))
    maker = threading.Thread(
        target=renditions.run, args=(context, threading.Event()), daemon=True, name="renditions"
    )
    maker.start()
    # Nobody who opens a page is to wait for it.
    threading.Thread(target=packages.own, daemon=True, name="player's package").start()
    peers: dict[str, Callable[[], bool]] = {
        "worker": lambda: bus.connected,
        "door": partial(_door_answers, settings),
    }
    app = create_app(context, peers)
    gc.set_threshold(*GC_THRESHOLDS)
    gc.freeze()
    serve(
        app,
        host=settings.host,
        port=settings.port,
        threads=WEB_THREADS,
        connection_limit=CONNECTIONS,
        max_request_body_size=settings.max_upload_bytes + BODY_HEADROOM_BYTES,
        ident="enseigne",
        clear_untrusted_proxy_headers=True,
        **_proxy(settings),
    )


def _proxy(settings: Settings) -> dict[str, Any]:
    """Have the server in front of the application read who asks, and whether over https, from the
    one proxy believed.

    Limits per address would otherwise count all the world as that proxy, and no browser would be
    told to stay with https.
    """
    if not settings.trusted_proxy:
        return {}
    return {
        "trusted_proxy": settings.trusted_proxy,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }


def run_worker(settings: Settings) -> None:
    """Run the worker until it is stopped."""
    from server.worker.main import run

    set_up_logs(settings)
    run(build_context(settings))


def _door_answers(settings: Settings) -> bool:
    """Whether the door of this machine says that it is well."""
    host = "127.0.0.1" if settings.door_host in ("0.0.0.0", "::") else settings.door_host
    try:
        url = f"http://{host}:{settings.door_port}/health"
        return requests.get(url, timeout=DOOR_ANSWERS_S).ok
    except requests.RequestException:
        return False


def _send_wake(bus: BusClient) -> None:
    """A wake that is lost costs the worker one tick."""
    bus.send({"t": "wake"})


def set_up_logs(settings: Settings) -> None:
    """Structured lines on standard error: JSON where the settings ask for it, else for people to
    read.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
