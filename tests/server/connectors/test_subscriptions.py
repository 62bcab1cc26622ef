"""Subscriptions run as the record says, and what they hear becomes facts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from server.db.models import FactRow
from server.demo.world.broker import DemoBroker
from server.demo.world.counters import Reporter
from server.demo.world.crowd import Crowd
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, Subscriptions
from server.services.connectors.subscriptions import NOTE_EVERY_MS
from tests.server.connectors.polled import view
from tests.server.connectors.test_mqtt import AT, Counter
from tests.server.connectors.test_mqtt import _until as until
from tests.support.programs import free_port
from tests.support.record import TestClock


@pytest.fixture(scope="module")
def broker() -> Iterator[DemoBroker]:
    started = DemoBroker()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def subscriptions(small_chain: Context) -> Iterator[Subscriptions]:
    running = Subscriptions(small_chain)
    yield running
    running.stop()


def wish(port: int, **config: Any) -> ConnectorWish:
    return ConnectorWish("mqtt_counts", "Doors", {"url": f"mqtt://127.0.0.1:{port}", **config})


def value(ctx: Context, key: str) -> object:
    with ctx.db.read() as session:
        rows = [row for row in session.query(FactRow) if row.key == key]
        return rows[0].value["v"] if rows else None


def hears(ctx: Context, sensor: Counter, topic: str, key: str, count: int) -> bool:
    """Publish until it is heard: a subscription begins in its own time."""
    sensor.publish(topic, {"count": count, "at": AT})
    return value(ctx, key) == count


def test_counts_reach_the_record_and_edits_the_subscription(
    small_chain: Context, subscriptions: Subscriptions, broker: DemoBroker, clock: TestClock
) -> None:
    sensor = Counter(broker.port)
    key, topic = "occupancy:tills@lille", "occupancy/lille/tills"
    connectors.create_connector(small_chain, SYSTEM, wish(broker.port), "doors")
    subscriptions.sync()
    until(lambda: hears(small_chain, sensor, topic, key, 14))
    subscriptions.sync()  # nothing changed: it goes on
    connectors.update_connector(
        small_chain, SYSTEM, "doors", wish(broker.port, occupancy="in/{store}/{zone}")
    )
    subscriptions.sync()
    until(lambda: hears(small_chain, sensor, "in/lille/tills", key, 3))
    clock.advance(NOTE_EVERY_MS)
    connectors.delete_connector(small_chain, SYSTEM, "doors")
    subscriptions.sync()
    sensor.publish("in/lille/tills", {"count": 9, "at": AT})
    sensor.stop()
    assert value(small_chain, key) == 3


def test_what_is_refused_is_written_down_when_it_ends(
    small_chain: Context, subscriptions: Subscriptions, broker: DemoBroker
) -> None:
    sensor = Counter(broker.port)
    connectors.create_connector(small_chain, SYSTEM, wish(broker.port), "doors")
    subscriptions.sync()
    until(lambda: hears(small_chain, sensor, "occupancy/lille/a", "occupancy:a@lille", 1))
    for _ in range(3):
        sensor.publish("occupancy/lille/tills", {"count": -1, "at": AT})
    sensor.publish("occupancy/lille/tills", {"count": 2, "at": AT})
    until(lambda: value(small_chain, "occupancy:tills@lille") == 2)
    sensor.stop()
    subscriptions.stop()
    assert view(small_chain, "doors").counters["refused.negative"] == 3


def test_a_broker_that_is_away_is_told(small_chain: Context, subscriptions: Subscriptions) -> None:
    connectors.create_connector(small_chain, SYSTEM, wish(free_port()), "doors")
    subscriptions.sync()
    until(lambda: "does not answer" in view(small_chain, "doors").last_error)


def test_a_trial_listens_for_a_moment(small_chain: Context, broker: DemoBroker) -> None:
    sensor = Counter(broker.port)
    sensor.publish("occupancy/lille/tills", {"count": 5, "at": AT}, retain=True)
    connectors.create_connector(small_chain, SYSTEM, wish(broker.port), "doors")
    seen = connectors.test_connector(small_chain, SYSTEM, "doors")
    sensor.publish("occupancy/lille/tills", b"", retain=True)
    sensor.stop()
    assert (seen.ok, seen.facts, seen.samples) == (True, 1, ("occupancy:tills@lille 5",))


def test_the_demos_counters_are_heard(
    small_chain: Context, subscriptions: Subscriptions, broker: DemoBroker, clock: TestClock
) -> None:
    """The real sensors of the outside world, whose window slides."""
    clock.now = time.time_ns() // 1_000_000 + 5_000
    journal = Journal()
    crowd = Crowd(JsonFile(None), journal)
    reporter = Reporter(crowd, journal, 0.05)
    connectors.create_connector(small_chain, SYSTEM, wish(broker.port, average_s=60), "doors")
    subscriptions.sync()
    reporter.start(broker.port, None, "")
    try:
        until(lambda: value(small_chain, "footfall:entrance@lille") == 9 * 15)
        crowd.set_people({"store": "lille", "zone": "tills", "inside": 17})
        until(lambda: value(small_chain, "occupancy:tills@lille") == 17)
    finally:
        reporter.stop()
