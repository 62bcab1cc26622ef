"""A counter that sends an address, a face or a name: whichever way it comes, it is kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from server.demo.world.broker import DemoBroker
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, Subscriptions
from tests.server.connectors.conftest import web_app
from tests.server.connectors.polled import view
from tests.server.connectors.test_mqtt import AT, Counter
from tests.server.connectors.test_mqtt import _until as until
from tests.server.connectors.test_subscriptions import value

TOKEN = "a long enough token for counters"
SECRETS = ("12:34:56:78:9a:bc", "Camille Dupont", "face-0xbeef")
PERSONAL: list[dict[str, Any]] = [
    {"mac": SECRETS[0]},
    {"visitor": {"name": SECRETS[1]}},
    {"faces": [SECRETS[2]]},
]


@pytest.fixture
def broker() -> Iterator[DemoBroker]:
    started = DemoBroker()
    started.start()
    yield started
    started.stop()


def kept(ctx: Context) -> list[str]:
    """Which of the secrets lie anywhere in the data folder."""
    files = [path.read_bytes() for path in ctx.settings.data_dir.rglob("*") if path.is_file()]
    assert files
    return [told for told in SECRETS if any(told.encode() in data for data in files)]


def test_nothing_of_it_is_kept_from_http(
    small_chain: Context, capfd: pytest.CaptureFixture[str]
) -> None:
    wish = ConnectorWish("http_counts", "Counters", {}, TOKEN)
    connectors.create_connector(small_chain, SYSTEM, wish, "counters")
    web = web_app(small_chain).test_client()
    auth = {"Authorization": f"Bearer {TOKEN}"}
    for fields in PERSONAL:
        reading = {"store": "lille", "zone": "tills", "kind": "occupancy", "count": 3, "at": AT}
        answer = web.post("/counts/counters", json={"readings": [reading | fields]}, headers=auth)
        assert (answer.status_code, answer.json["code"]) == (422, "personal")
        assert not [told for told in SECRETS if told in answer.text]
    assert view(small_chain, "counters").counters["refused.personal"] >= 1
    assert value(small_chain, "occupancy:tills@lille") is None
    assert kept(small_chain) == []
    said = "".join(capfd.readouterr())
    assert not [told for told in SECRETS if told in said]


def test_nothing_of_it_is_kept_from_mqtt(
    small_chain: Context, broker: DemoBroker, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    wish = ConnectorWish("mqtt_counts", "Doors", {"url": url})
    connectors.create_connector(small_chain, SYSTEM, wish, "doors")
    running, sensor = Subscriptions(small_chain), Counter(broker.port)
    try:
        running.sync()

        def good_one_heard() -> bool:
            for fields in PERSONAL:
                sensor.publish("occupancy/lille/tills", {"count": 9, "at": AT} | fields)
            sensor.publish("occupancy/lille/fitting", {"count": 5, "at": AT})
            return value(small_chain, "occupancy:fitting@lille") == 5

        until(good_one_heard)
    finally:
        running.stop()
    counted = view(small_chain, "doors").counters["refused.personal"]
    assert counted >= len(PERSONAL)
    assert value(small_chain, "occupancy:tills@lille") is None
    assert kept(small_chain) == []
    said = "".join(capfd.readouterr())
    assert not [told for told in SECRETS if told in said]
