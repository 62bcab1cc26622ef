"""The door's process: puts its parts together and serves until it is told to stop.

It begins with nothing, asks the worker for everything, and goes on with what it has while the
worker is away. It ends on SIGTERM, on SIGINT, and when its parent is gone.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Mapping
from typing import Any

import gevent
import gevent.event
import gevent.socket
import structlog
from gevent.pywsgi import WSGIServer

from server.bus import BusClient, Runtime
from server.config import Settings
from server.door import frames
from server.door.fanout import Fanout
from server.door.health import Counts, create_app
from server.door.intake import Intake
from server.door.limits import (
    BACKLOG,
    NAMESPACE,
    RESERVED_FILES,
    SEND_BUFFER_BYTES,
    TELL_EVERY_S,
)
from server.door.links import Links
from server.door.pulse import Pulse
from server.door.reception import Reception
from server.door.sockets import PlayerNamespace, create_socketio
from server.door.state import State
from server.door.told import Told
from server.door.websocket import Application, Handler, speed_up

log = structlog.get_logger(__name__)

GEVENT = Runtime(gevent.socket.socket, gevent.spawn, gevent.event.Event)


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def raise_file_limit() -> int:
    """Let this process have as many descriptors as it may (one a client); how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    log.info("door_file_limit", before=soft, now=hard)
    return hard


class Door:
    """All parts of the door, started by `run`."""

    def __init__(self, settings: Settings, max_files: int) -> None:
        self.settings = settings
        self.state = State()
        self.links = Links()
        self.counts = Counts()
        self.pulse = Pulse()
        self.fanout = Fanout()
        self.told = Told(self._tell)
        self.framed = self._may_frame()
        if self.framed:
            speed_up()
        self.app = create_app(self.counts, self.vitals)
        self.socketio = create_socketio(self.app, settings)
        self.reception = Reception(
            self.state,
            self.links,
            self.told,
            self.counts,
            now_ms,
            self._challenge,
            token_ms=settings.token_life_s * 1000,
            report_ms=settings.report_every_s * 1000,
        )
        self.socketio.on_namespace(
            PlayerNamespace(
                self.reception,
                self.links,
                self.counts,
                self.pulse,
                framed=self.framed,
                most=max_files - RESERVED_FILES,
            )
        )
        self.intake = Intake(self.state, self.links, self.reception, self.fanout, self.counts)
        self._gauges()
        self.listener = self._listen()
        self.server = WSGIServer(
            self.listener, Application(self.app), handler_class=Handler, log=None
        )
        self.bus = BusClient(
            settings.bus,
            self.intake.take,
            lambda bus: self.told.hello(self.links.screens_up()),
            runtime=GEVENT,
        )

    def vitals(self) -> dict[str, Any]:
        """What /health says besides "ok"."""
        return {
            "worker": self.bus.connected,
            "ready": self.state.ready,
            "framed": self.framed,
            "clients": len(self.links.open),
            "screens": len(self.links.screens_up()),
            "stall_ms": {str(n): round(self.pulse.worst_ms(n), 1) for n in (1, 10, 60)},
            "broadcast": {
                "rounds": self.fanout.rounds,
                "clients": self.fanout.last_clients,
                "ms": round(self.fanout.last_ms, 2),
            },
        }

    def serve(self) -> None:
        """Serve until a signal, or until the parent is gone."""
        stop = gevent.event.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, stop.set)
        self.server.start()
        self.pulse.start()
        log.info("door_listening", host=self.settings.door_host, port=self.server.server_port)
        parent = os.getppid()
        while not stop.wait(TELL_EVERY_S) and os.getppid() == parent:
            self.told.flush()
            self.reception.sweep()
            self.pulse.tidy(len(self.links.open))
        self.listener.close()
        self.told.flush()
        self.bus.close()

    def _may_frame(self) -> bool:
        reason = frames.matches_library() if self.settings.door_framed else "switched off"
        if reason:
            log.warning("door_plain_emit", reason=reason)
        return not reason

    def _tell(self, message: Mapping[str, Any]) -> bool:
        return self.bus.send(message)

    def _challenge(self, sid: str, body: Any) -> None:
        self.socketio.server.emit("challenge", body, to=sid, namespace=NAMESPACE)

    def _listen(self) -> Any:
        host, port = self.settings.door_host, self.settings.door_port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = WSGIServer.get_listener((host, port), backlog=BACKLOG, family=family)
        except OSError as error:
            raise SystemExit(
                f"The door cannot listen on {host} port {port} ({error.strerror}). "
                "Set ENSEIGNE_DOOR_HOST and ENSEIGNE_DOOR_PORT to what is free here."
            ) from error
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def _gauges(self) -> None:
        gauge = self.counts.gauge
        gauge("clients", "Open connections", lambda: len(self.links.open))
        gauge("worker_connected", "Whether the worker is on the bus", lambda: self.bus.connected)
        gauge("stall_ms", "Longest pause of the loop in a minute", lambda: self.pulse.worst_ms(60))
        gauge("broadcast_ms", "Length of the last broadcast", lambda: self.fanout.last_ms)


def run(settings: Settings) -> None:
    """Run the door until it is told to stop."""
    Door(settings, raise_file_limit()).serve()
