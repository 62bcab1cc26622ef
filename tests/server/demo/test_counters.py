"""The people counters publish to the demo's real broker and push over HTTP: counts, no more."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from server.demo.world.broker import DemoBroker
from server.demo.world.counters import Reporter
from server.demo.world.crowd import Crowd
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.peer import BadAction
from tests.server.demo.conftest import DEADLINE_S, Receiver

Heard = queue.Queue[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def broker() -> Iterator[DemoBroker]:
    running = DemoBroker()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def heard(broker: DemoBroker) -> Iterator[Heard]:
    messages: Heard = queue.Queue()
    subscribed: queue.Queue[bool] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, "listener")

    def subscribe(*_: object) -> None:
        client.subscribe([("footfall/#", 1), ("occupancy/#", 1)])

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.put(True)
    client.on_message = lambda _c, _u, m: messages.put((m.topic, json.loads(m.payload)))
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    subscribed.get(timeout=DEADLINE_S)
    yield messages
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def crowd(journal: Journal) -> Crowd:
    return Crowd(JsonFile(None), journal)


@pytest.fixture
def reporter(
    crowd: Crowd, journal: Journal, broker: DemoBroker, receiver: Receiver
) -> Iterator[Reporter]:
    running = Reporter(crowd, journal, interval_s=60)
    running.start(broker.port, f"{receiver.url}/counts", "a token")
    yield running
    running.stop()


def until(heard: Heard, topic: str, count: int) -> dict[str, Any]:
    """Wait for a message on a topic with this count."""
    while True:
        got, message = heard.get(timeout=DEADLINE_S)
        if got == topic and message["count"] == count:
            return message


@pytest.mark.usefixtures("reporter")
def test_a_subscriber_gets_the_counts_that_were_set_at_once(heard: Heard, crowd: Crowd) -> None:
    crowd.set_people({"store": "lille", "zone": "tills", "per_minute": 23, "inside": 11})
    footfall = until(heard, "footfall/lille/tills", 23)
    occupancy = until(heard, "occupancy/lille/tills", 11)
    assert set(footfall) == {"count", "window_s", "at"}
    assert footfall["window_s"] == 60
    assert set(occupancy) == {"count", "at"}
    assert datetime.fromisoformat(footfall["at"]).tzinfo is not None


@pytest.mark.usefixtures("reporter")
def test_one_stores_counters_push_over_http_with_their_token(
    receiver: Receiver, crowd: Crowd
) -> None:
    crowd.set_people({"store": "fort-de-france", "zone": "tills", "inside": 17})
    calls = receiver.wait_for(lambda calls: any(b'"count": 17' in call.body for call in calls))
    call = next(call for call in calls if b'"count": 17' in call.body)
    assert call.path == "/counts"
    assert call.headers["Authorization"] == "Bearer a token"
    pushed = json.loads(call.body)["readings"]
    assert {reading["store"] for reading in pushed} == {"fort-de-france"}
    assert {reading["kind"] for reading in pushed} == {"footfall", "occupancy"}


@pytest.mark.usefixtures("reporter")
def test_switched_off_the_sensors_are_silent(heard: Heard, crowd: Crowd) -> None:
    crowd.set_people({"store": "lille", "zone": "entrance", "inside": 31})
    until(heard, "occupancy/lille/entrance", 31)
    crowd.switch({"on": False})
    crowd.set_people({"store": "lille", "zone": "entrance", "inside": 32})
    crowd.set_people({"store": "lille", "zone": "entrance", "inside": 33})
    crowd.switch({"on": True})
    seen: list[int] = []
    while 33 not in seen:
        topic, message = heard.get(timeout=DEADLINE_S)
        seen += [message["count"]] if topic == "occupancy/lille/entrance" else []
    assert 32 not in seen


@pytest.mark.parametrize(
    "body",
    [
        {"store": "prado", "zone": "entrance", "inside": 1},
        {"store": "lille", "zone": "tills", "inside": -1},
        {"store": "lille", "zone": "tills", "inside": 1_000_000},
        {"store": "lille", "zone": "tills", "per_minute": True},
    ],
)
def test_counts_that_cannot_be_are_refused(crowd: Crowd, body: dict[str, Any]) -> None:
    before = crowd.state()
    with pytest.raises(BadAction):
        crowd.set_people(body)
    assert crowd.state() == before


def test_what_was_set_is_kept_over_a_restart(tmp_path: Path, journal: Journal) -> None:
    kept = JsonFile(tmp_path / "counters.json")
    first = Crowd(kept, journal)
    first.set_people({"store": "lille", "zone": "tills", "inside": 21})
    assert Crowd(kept, journal).state() == first.state()


def test_a_taken_port_is_said(broker: DemoBroker) -> None:
    with pytest.raises(OSError, match=f"port {broker.port}"):
        DemoBroker(broker.port).start()
