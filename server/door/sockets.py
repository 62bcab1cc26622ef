"""The namespace /player on Flask-SocketIO, and the WebSocket server under it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import flask_socketio
import socketio
import structlog
from flask import Flask

from server.config import Settings
from server.door.fanout import PlainOutlet
from server.door.health import Counts
from server.door.limits import (
    MAX_MESSAGE_BYTES,
    NAMESPACE,
    PING_EVERY_S,
    PING_TIMEOUT_S,
)
from server.door.links import Link, Links, Outlet
from server.door.pulse import Pulse
from server.door.reception import POLICY, Reception, new_nonce
from server.door.websocket import take_over

log = structlog.get_logger(__name__)

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def origins(settings: Settings) -> Callable[[str, dict[str, Any]], bool]:
    """Which pages may connect: those of our own addresses, of this host, and those set.

    Proofs are signatures, never cookies, so a foreign page could do no more than any program; this
    keeps honest browsers' mistakes out.
    """
    urls = [settings.url, settings.door_url, *settings.door_origins.replace(",", " ").split()]
    known = {url.rstrip("/").lower() for url in urls}

    def allowed(origin: str, environ: dict[str, Any]) -> bool:
        host = urlsplit(origin).hostname or ""
        own = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname
        return origin.lower() in known or host in LOCAL_HOSTS or host == own

    return allowed


class Manager(socketio.Manager):  # type: ignore[misc]
    """Socket.IO's book of clients without rooms: its own walks all rooms for each one that ends.

    That is quadratic: ten thousand screens cut off together would keep the loop busy for a minute.
    """

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """Take a client out of its two rooms: everyone's, and its own."""
        for room in (None, sid):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)


class PlayerNamespace(flask_socketio.Namespace):  # type: ignore[misc]
    """Events of the players' namespace, handed to the reception without a Flask request each."""

    def __init__(
        self,
        reception: Reception,
        links: Links,
        counts: Counts,
        pulse: Pulse,
        *,
        framed: bool,
        most: int,
    ) -> None:
        super().__init__(NAMESPACE)
        self._reception = reception
        self._links = links
        self._counts = counts
        self._pulse = pulse
        self._framed = framed
        self._most = most

    def trigger_event(self, event: str, *args: Any) -> None:
        """Dispatch one event; whatever fails in here ends with that event."""
        try:
            sid = args[0]
            if event == "connect" and sid not in self._links.open:
                self._connect(sid, args[1])
            elif event == "disconnect" and not self._is_joined(sid):
                self._reception.disconnected(sid)
                self._pulse.ended()
            else:
                self._event(event, *args)
        except Exception:
            log.exception("door_event_failed", event_name=event)

    def _is_joined(self, sid: str) -> bool:
        """Whether it stays: a client may itself send an event that is named "disconnect"."""
        joined: bool = self.socketio.server.manager.is_connected(sid, NAMESPACE)
        return joined

    def _connect(self, sid: str, environ: dict[str, Any]) -> None:
        websocket = environ["wsgi.websocket"]
        server = self.socketio.server
        eio_sid = server.manager.eio_sid_from_sid(sid, NAMESPACE)
        websocket.handler.on_end = partial(forget, server.eio, eio_sid)
        overflowed = self._counts.overflows.inc
        outlet: Outlet
        if self._framed:
            outlet = take_over(websocket, overflowed)
        else:
            outlet = PlainOutlet(server, sid, eio_sid, overflowed)
        link = Link(sid, new_nonce(), outlet)
        self._reception.connected(link, full=len(self._links.open) >= self._most)

    def _event(self, event: str, sid: str, *args: Any) -> None:
        link = self._links.open.get(sid)
        if link is None or link.ended:
            return
        if not link.messages.take(1):
            self._reception.close(link, "too_many_messages", POLICY)
        elif event == "prove" and args:
            self._reception.prove(link, args[0])
        elif event == "report" and args:
            self._reception.report(link, args[0])


def forget(engine: Any, eio_sid: str) -> None:
    """Have Engine.IO close a session whose connection has ended, if it has not noticed."""
    session = engine.sockets.get(eio_sid)
    if session is not None:
        session.close(wait=False, abort=True, reason=engine.reason.TRANSPORT_ERROR)


def create_socketio(app: Flask, settings: Settings) -> flask_socketio.SocketIO:
    """Flask-SocketIO as the door uses it: gevent, WebSocket only, handlers in the reader."""
    quiet = logging.getLogger("enseigne.door.libraries")
    quiet.setLevel(logging.CRITICAL)  # a client's garbage is not worth a traceback each
    return flask_socketio.SocketIO(
        app,
        async_mode="gevent",
        transports=["websocket"],
        allow_upgrades=False,
        client_manager=Manager(),
        always_connect=True,
        async_handlers=False,
        manage_session=False,
        cors_allowed_origins=origins(settings),
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_TIMEOUT_S,
        max_http_buffer_size=MAX_MESSAGE_BYTES,
        logger=quiet,
        engineio_logger=quiet,
    )
