"""People counters that publish over MQTT: `footfall/<store>/<zone>` with `{"count", "window_s",
"at"}` and `occupancy/<store>/<zone>` with `{"count", "at"}`, or topics of one's own.
"""

from __future__ import annotations

import json
import queue
import re
import secrets
import socket
import ssl
import threading
from collections import Counter
from typing import Any, Self
from urllib.parse import urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import Field, field_validator, model_validator

from playlists.facts import Fact, FactKey
from server.connectors import addresses
from server.connectors.footfall import counts
from server.connectors.footfall.counts import (
    FOOTFALL,
    OCCUPANCY,
    CountsConfig,
    Recent,
    Refused,
)
from server.connectors.source import SECRET, Hear, Kind, Secret, Setup, Tell
from server.ports import Batch, PermanentError, TemporaryError

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 1_024
MAX_WAITING = 10_000
"""Messages that wait to be taken; beyond it the newest are dropped, and counted."""
MAX_LOT = 500
RECONNECT_S = (1, 15)
"""Between tries to reach the broker: at first, and at most."""
STOP_S = 5.0
KEEPALIVE_S = 30
QOS_AT_LEAST_ONCE = 1
PORTS = {"mqtt": 1883, "mqtts": 8883}
_STOP = ("", b"")


class MqttConfig(CountsConfig):
    """Where the broker is, and how its topics are called. The secret is the password."""

    url: str = Field(description="mqtt://host:port, or mqtts:// for TLS.")
    username: str = Field(default="", max_length=200)
    ca: str = Field(
        default="", description="The certificate authority, PEM, where it is one’s own."
    )
    footfall: str = Field(default="footfall/{store}/{zone}", description="Empty: not listened to.")
    occupancy: str = Field(
        default="occupancy/{store}/{zone}", description="Empty: not listened to."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.topics():
            raise ValueError("Name a topic to listen to, for footfall or for occupancy.")
        return self

    @field_validator("url")
    @classmethod
    def _broker(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("Write the broker as mqtt://host:1883, or mqtts:// for TLS.")
        if parts.username is not None or parts.password is not None:
            raise ValueError("Leave user name and password out of the address.")
        _ = parts.port  # raises where it is no number
        return url

    @field_validator("footfall", "occupancy")
    @classmethod
    def _topic(cls, topic: str) -> str:
        levels = topic.split("/")
        named = levels.count("{store}") == levels.count("{zone}") == 1
        if topic and (not named or re.search(r"[+#{}]", re.sub(r"\{(store|zone)\}", "", topic))):
            raise ValueError("A topic has {store} and {zone} as levels, such as in/{store}/{zone}.")
        return topic

    def topics(self) -> dict[str, str]:
        """By kind of count, the topics that are listened to."""
        pairs = {FOOTFALL: self.footfall, OCCUPANCY: self.occupancy}
        return {kind: topic for kind, topic in pairs.items() if topic}


class Readings:
    """Makes facts of messages; remembers the recent ones of each zone."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._recent: Recent = {}
        self._patterns = [
            (kind, re.compile(_pattern(topic))) for kind, topic in setup.config.topics().items()
        ]

    def batch(self, messages: list[tuple[str, bytes]], dropped: int = 0) -> Batch:
        """The facts of some messages, and how many were refused, by reason."""
        now = self._setup.clock()
        facts: dict[FactKey, Fact] = {}
        refused = Counter({"overflow": dropped} if dropped else {})
        for topic, payload in messages:
            try:
                fact = self._fact(topic, payload, now)
            except Refused as error:
                refused[error.reason] += 1
            else:
                facts[fact.key] = fact
        return Batch(now, facts=tuple(facts.values()), refused=refused)

    def _fact(self, topic: str, payload: bytes, now: int) -> Fact:
        for kind, pattern in self._patterns:
            place = pattern.fullmatch(topic)
            if place is not None:
                said = _said(payload)
                store, zone = place["store"], place["zone"]
                reading = counts.read(self._setup, kind, store, zone, said, now)
                return counts.fact_of(self._setup, reading, self._recent)
        raise Refused("unknown_kind")


def _pattern(topic: str) -> str:
    levels = {"{store}": r"(?P<store>[^/]+)", "{zone}": r"(?P<zone>[^/]+)"}
    return "/".join(levels.get(level, re.escape(level)) for level in topic.split("/"))


def _said(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise Refused("too_large")
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Refused("not_a_count")
    return said


class Listener:
    """Holds the connection to one broker, for ever; hands on what it hears in lots."""

    def __init__(self, setup: Setup, hear: Hear, tell: Tell) -> None:
        self._readings = Readings(setup)
        self._hear, self._tell = hear, tell
        self._topics = setup.config.topics()
        self._waiting: queue.Queue[tuple[str, bytes]] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._stopping = False
        self._up = False
        self._client = _client(setup, tell)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"counts-{setup.id}")

    def start(self) -> Listener:
        """Begin, and go on until stopped, whether or not the broker is there yet."""
        self._thread.start()
        self._client.loop_start()
        return self

    def stop(self) -> None:
        """Leave the broker; what was heard is still handed on."""
        self._stopping = True
        self._client.disconnect()
        self._client.loop_stop()
        self._waiting.put(_STOP)
        self._thread.join(STOP_S)

    def _connected(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._tell(f"The broker refuses us: {reason}.")
            return
        wanted = [re.sub(r"\{(store|zone)\}", "+", topic) for topic in self._topics.values()]
        client.subscribe([(topic, QOS_AT_LEAST_ONCE) for topic in wanted])

    def _subscribed(
        self,
        _client: Client,
        _data: object,
        _id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._up = True
        refused = any(reason.is_failure for reason in reasons)
        self._tell("The broker lets us in, but not listen to these topics." if refused else "")

    def _disconnected(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._up and not self._stopping:
            self._tell("The connection to the broker was lost. It is tried again.")
        self._up = False

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            self._waiting.put_nowait((message.topic, bytes(message.payload)))
        except queue.Full:
            self._dropped += 1

    def _run(self) -> None:
        going = True
        while going:
            lot = [self._waiting.get()]
            while len(lot) < MAX_LOT and not self._waiting.empty():
                lot.append(self._waiting.get_nowait())
            going = _STOP not in lot
            messages = [message for message in lot if message != _STOP]
            dropped, self._dropped = self._dropped, 0
            if not messages:
                continue
            try:
                self._hear(self._readings.batch(messages, dropped))
            except Exception:
                log.exception("counts not taken", messages=len(messages))


def _client(setup: Setup, tell: Tell) -> Client:
    config: MqttConfig = setup.config
    parts = urlsplit(config.url)
    client = _Pinned(setup, tell)
    if config.username:
        client.username_pw_set(config.username, setup.secret or None)
    if parts.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context(cadata=config.ca or None))
    client.reconnect_delay_set(*RECONNECT_S)
    client.connect_async(parts.hostname or "", parts.port or PORTS[parts.scheme], KEEPALIVE_S)
    return client


class _Pinned(Client):
    """A client whose connections go where the address rules allow, resolved once each."""

    def __init__(self, setup: Setup, tell: Tell) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, f"enseigne-{setup.id}-{secrets.token_hex(3)}")
        self._limits = setup.limits
        self._say = tell

    def _create_socket_connection(self) -> socket.socket:
        limits = self._limits
        try:
            return addresses.connect(
                self._host, self._port, limits.connect_s, allow_private=limits.allow_private
            )
        except (TemporaryError, PermanentError) as error:
            self._say(str(error))
            raise OSError(str(error)) from None


def listen(setup: Setup, hear: Hear, tell: Tell) -> Listener:
    """Begin to listen. Raises PermanentError where the certificate authority cannot be read."""
    try:
        return Listener(setup, hear, tell).start()
    except ssl.SSLError:
        raise PermanentError("The certificate authority is to be PEM text.") from None


KIND = Kind(
    name="mqtt_counts",
    title={"fr": "Compteurs de passage (MQTT)", "en": "People counters (MQTT)"},
    config=MqttConfig,
    listen=listen,
    secrets=(
        Secret(SECRET, {"fr": "Mot de passe de cet utilisateur", "en": "Password of that user"}),
    ),
)
