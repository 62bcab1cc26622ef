"""Counters over MQTT, through real brokers: Mosquitto, and amqtt as in the demo."""

from __future__ import annotations

import json
import queue
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from playlists.facts import Fact
from server.connectors.footfall import mqtt
from server.connectors.source import Setup
from server.demo.world.broker import DemoBroker
from server.ports import Batch, PermanentError
from tests.server.connectors.conftest import LIMITS, MakeSetup
from tests.support.mosquitto import Broker, running_broker
from tests.support.programs import free_port
from tests.support.record import START_MS

DEADLINE_S = 8.0
AT = datetime.fromtimestamp(START_MS / 1000, UTC).isoformat()


class Counter:
    """A sensor that publishes."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, f"counter-{secrets.token_hex(4)}")
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, topic: str, said: object, retain: bool = False) -> None:
        payload = said if isinstance(said, bytes) else json.dumps(said).encode()
        info: MQTTMessageInfo = self._client.publish(topic, payload, qos=1, retain=retain)
        info.wait_for_publish(DEADLINE_S)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Ear:
    """What a subscription hands on and says of itself."""

    def __init__(self) -> None:
        self.batches: queue.Queue[Batch] = queue.Queue()
        self.told: queue.Queue[str] = queue.Queue()

    def facts(self, many: int) -> list[Fact]:
        found: list[Fact] = []
        while len(found) < many:
            found += self.batches.get(timeout=DEADLINE_S).facts
        return found

    def refused(self, many: int) -> dict[str, int]:
        found: dict[str, int] = {}
        while sum(found.values()) < many:
            for reason, count in self.batches.get(timeout=DEADLINE_S).refused.items():
                found[reason] = found.get(reason, 0) + count
        return found

    def is_told(self, good: Callable[[str], bool]) -> str:
        while not good(said := self.told.get(timeout=DEADLINE_S)):
            continue
        return said


@contextmanager
def listening(setup: Setup) -> Iterator[Ear]:
    ear = Ear()
    listener = mqtt.listen(setup, ear.batches.put, ear.told.put)
    try:
        yield ear
    finally:
        listener.stop()


@pytest.fixture
def counter(mosquitto: Broker) -> Iterator[Counter]:
    sensor = Counter(mosquitto.port)
    yield sensor
    sensor.stop()


def config(port: int, **more: Any) -> dict[str, Any]:
    return {"url": f"mqtt://127.0.0.1:{port}", **more}


def footfall(**fields: Any) -> dict[str, Any]:
    return {"count": 9, "window_s": 60, "at": AT, **fields}


@pytest.mark.mosquitto
def test_counts_published_become_facts(
    make_setup: MakeSetup, mosquitto: Broker, counter: Counter
) -> None:
    with listening(make_setup("mqtt_counts", config(mosquitto.port))) as ear:
        ear.is_told(lambda said: said == "")
        counter.publish("footfall/lille/entrance", footfall())
        counter.publish("occupancy/lille/tills", {"count": 14, "at": AT})
        facts = {fact.key: fact.value for fact in ear.facts(2)}
    assert facts == {"footfall:entrance@lille": 135, "occupancy:tills@lille": 14}


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("topic", "said", "reason"),
    [
        ("footfall/lille/entrance", footfall(count=-1), "negative"),
        ("footfall/lille/entrance", footfall(count=10**9), "huge"),
        ("footfall/lille/entrance", footfall(at="2099-01-01T00:00:00Z"), "future"),
        ("footfall/lille/entrance", footfall(mac="aa:bb:cc:dd:ee:ff"), "personal"),
        ("footfall/lille/aabbccddeeff", footfall(), "personal"),
        ("occupancy/lille/tills", footfall(), "personal"),
        ("footfall/paris/entrance", footfall(), "unknown_store"),
        ("footfall/lille/entrance", b"{" + b"x" * 2_000, "too_large"),
        ("footfall/lille/entrance", b"\xff\x00", "not_a_count"),
        ("footfall/lille/entrance", [9], "not_a_count"),
    ],
)
def test_what_is_no_count_is_refused_and_counted(
    make_setup: MakeSetup,
    mosquitto: Broker,
    counter: Counter,
    topic: str,
    said: object,
    reason: str,
) -> None:
    with listening(make_setup("mqtt_counts", config(mosquitto.port))) as ear:
        ear.is_told(lambda told: told == "")
        counter.publish(topic, said)
        assert ear.refused(1) == {reason: 1}


@pytest.mark.mosquitto
def test_a_message_left_at_the_broker_yesterday_is_late(
    make_setup: MakeSetup, mosquitto: Broker, counter: Counter
) -> None:
    topic = f"left-{secrets.token_hex(4)}/{{store}}/{{zone}}"
    place = topic.format(store="lille", zone="entrance")
    counter.publish(place, footfall(at="2026-10-14T14:32:00Z"), retain=True)
    with listening(make_setup("mqtt_counts", config(mosquitto.port, footfall=topic))) as ear:
        assert ear.refused(1) == {"late": 1}


@pytest.mark.mosquitto
def test_topics_of_ones_own_are_heard(
    make_setup: MakeSetup, mosquitto: Broker, counter: Counter
) -> None:
    mine = config(mosquitto.port, footfall="shops/{store}/in/{zone}/15", occupancy="")
    mine["stores"] = {"0041": "lille"}
    with listening(make_setup("mqtt_counts", mine)) as ear:
        ear.is_told(lambda said: said == "")
        counter.publish("shops/0041/in/door/15", footfall(count=40, window_s=900))
        (fact,) = ear.facts(1)
    assert (fact.key, fact.value) == ("footfall:door@lille", 40)


def test_the_demos_own_broker_serves_as_well(make_setup: MakeSetup) -> None:
    broker = DemoBroker()
    broker.start()
    try:
        sensor = Counter(broker.port)
        with listening(make_setup("mqtt_counts", config(broker.port))) as ear:
            ear.is_told(lambda said: said == "")
            sensor.publish("footfall/lille/entrance", footfall())
            assert [fact.value for fact in ear.facts(1)] == [135]
        sensor.stop()
    finally:
        broker.stop()


def test_a_broker_that_comes_later_is_found(
    make_setup: MakeSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there at first; the subscription says so, goes on trying, and then hears."""
    monkeypatch.setattr(mqtt, "RECONNECT_S", (1, 1))
    port = free_port()
    broker = DemoBroker(port)
    try:
        with listening(make_setup("mqtt_counts", config(port))) as ear:
            assert "does not answer" in ear.is_told(bool)
            broker.start()
            ear.is_told(lambda said: said == "")
            sensor = Counter(broker.port)
            sensor.publish("footfall/lille/entrance", footfall())
            assert [fact.value for fact in ear.facts(1)] == [135]
            sensor.stop()
    finally:
        broker.stop()


@pytest.mark.mosquitto
def test_a_broker_that_leaves_is_told_of(make_setup: MakeSetup) -> None:
    with running_broker() as broker:
        ear = Ear()
        setup = make_setup("mqtt_counts", config(broker.port))
        listener = mqtt.listen(setup, ear.batches.put, ear.told.put)
        ear.is_told(lambda said: said == "")
    try:
        assert "lost" in ear.is_told(bool)
    finally:
        listener.stop()


def test_a_private_broker_is_reached_only_when_allowed(make_setup: MakeSetup) -> None:
    public = replace(LIMITS, allow_private=False)
    setup = make_setup("mqtt_counts", config(free_port()), limits=public)
    with listening(setup) as ear:
        assert "ENSEIGNE_ALLOW_PRIVATE" in ear.is_told(bool)


@pytest.mark.mosquitto
def test_a_taker_that_fails_does_not_end_the_subscription(
    make_setup: MakeSetup, mosquitto: Broker, counter: Counter
) -> None:
    heard = threading.Event()
    calls: list[Batch] = []
    told: queue.Queue[str] = queue.Queue()

    def hear(batch: Batch) -> None:
        calls.append(batch)
        if len(calls) == 1:
            raise RuntimeError("the record is away")
        heard.set()

    setup = make_setup("mqtt_counts", config(mosquitto.port))
    listener = mqtt.listen(setup, hear, told.put)
    try:
        assert told.get(timeout=DEADLINE_S) == ""
        for zone in ("entrance", "tills"):
            counter.publish(f"occupancy/lille/{zone}", {"count": 1, "at": AT})
            if zone == "entrance":
                _until(lambda: bool(calls))
        assert heard.wait(DEADLINE_S)
    finally:
        listener.stop()


def _until(ready: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(DEADLINE_S / 0.01)):
        if ready():
            return
        pause.wait(0.01)
    raise AssertionError("not within the deadline")


def test_a_certificate_authority_that_is_none_is_told(make_setup: MakeSetup) -> None:
    broken = {"url": "mqtts://127.0.0.1:9", "ca": "not PEM"}
    with pytest.raises(PermanentError, match="PEM"):
        mqtt.listen(make_setup("mqtt_counts", broken), Ear().batches.put, Ear().told.put)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://broker"}, "url"),
        ({"url": "mqtt://u:p@broker"}, "url"),
        ({"url": "mqtt://broker:port"}, "url"),
        ({"url": "mqtt://broker", "footfall": "in/#"}, "footfall"),
        ({"url": "mqtt://broker", "footfall": "in/{store}"}, "footfall"),
        ({"url": "mqtt://broker", "occupancy": "in/x{store}/{zone}"}, "occupancy"),
        ({"url": "mqtt://broker", "average_s": 5}, "average_s"),
    ],
)
def test_a_wrong_configuration_is_named(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        mqtt.MqttConfig.model_validate(wrong)
    assert refused.value.errors()[0]["loc"] == (field,)
