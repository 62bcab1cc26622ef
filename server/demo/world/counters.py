"""The people counters as peers: they publish over MQTT, and one store's push over HTTP.

MQTT: `footfall/<store>/<zone>` carries `{"count", "window_s", "at"}` (people who passed in the
window), `occupancy/<store>/<zone>` carries `{"count", "at"}` (people there now). HTTP: one POST of
`{"readings": [...]}`, each of them the same with `kind`, `store` and `zone`, under a bearer token.
"""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from server.demo.world.crowd import Counter, Crowd
from server.demo.world.journal import Journal
from server.demo.world.peer import LOOPBACK

WINDOW_S = 60
PUSH_TIMEOUT_S = 3.0
STOP_TIMEOUT_S = 5.0
QOS_AT_LEAST_ONCE = 1
log = logging.getLogger(__name__)


def readings(counter: Counter, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """What one sensor says now: each kind of count with its message."""
    at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield "footfall", {"count": counter.per_minute, "window_s": WINDOW_S, "at": at}
    yield "occupancy", {"count": counter.inside, "at": at}


class Reporter:
    """A thread that makes every sensor report: every `interval_s`, and at once after a change."""

    def __init__(self, crowd: Crowd, journal: Journal, interval_s: float) -> None:
        self._crowd, self._journal, self._interval_s = crowd, journal, interval_s
        self._due = threading.Event()
        self._stopping = False
        self._last_push: str | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._push_url: str | None = None
        self._push_token = ""
        self._mqtt = Client(CallbackAPIVersion.VERSION2, "pluvier-counters")
        self._mqtt.on_connect = lambda *_: self._due.set()
        crowd.on_change(self._due.set)

    def start(self, mqtt_port: int, push_url: str | None, push_token: str) -> None:
        """Connect to the broker on the loopback address and begin to report."""
        self._push_url, self._push_token = push_url, push_token
        self._mqtt.connect_async(LOOPBACK, mqtt_port)
        self._mqtt.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Stop reporting and leave the broker."""
        self._stopping = True
        self._due.set()
        self._thread.join(STOP_TIMEOUT_S)
        self._mqtt.disconnect()
        self._mqtt.loop_stop()

    def _run(self) -> None:
        while not self._stopping:
            self._due.wait(self._interval_s)
            self._due.clear()
            if self._crowd.counting and not self._stopping:
                self._report()

    def _report(self) -> None:
        now = datetime.now(UTC)
        pushed: list[dict[str, Any]] = []
        for counter in self._crowd.counters():
            for kind, message in readings(counter, now):
                if counter.zone.carrier == "mqtt":
                    self._publish(f"{kind}/{counter.key}", message)
                else:
                    where = {"store": counter.store.code, "zone": counter.zone.code}
                    pushed.append({"kind": kind} | where | message)
        if pushed and self._push_url:
            self._push(self._push_url, pushed)

    def _publish(self, topic: str, message: dict[str, Any]) -> None:
        if self._mqtt.is_connected():
            self._mqtt.publish(topic, json.dumps(message), qos=QOS_AT_LEAST_ONCE)

    def _push(self, url: str, pushed: list[dict[str, Any]]) -> None:
        """POST the readings; only a change of the outcome is worth an entry in the journal."""
        body = json.dumps({"readings": pushed}).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._push_token}",
        }
        call = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with self._opener.open(call, timeout=PUSH_TIMEOUT_S) as answer:
                outcome = str(answer.status)
        except urllib.error.HTTPError as refusal:
            outcome = str(refusal.code)
        except (OSError, ValueError) as error:
            outcome = str(getattr(error, "reason", error))
        if outcome != self._last_push:
            self._last_push = outcome
            self._journal.add("push", outcome=outcome)
