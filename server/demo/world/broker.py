"""The demo's own MQTT broker: amqtt, pure Python, on the loopback address, in its own thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig

from server.demo.world.peer import LOOPBACK

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
_ANYONE = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


class DemoBroker:
    """An MQTT 3.1.1 broker that anyone on this machine may use."""

    def __init__(self, port: int = 0) -> None:
        """`port` 0 takes a free one."""
        self._wanted_port = port
        self.port = 0
        self._stop_asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; raises `OSError` when the port is taken."""
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        self.port = ready.result(START_TIMEOUT_S)

    def stop(self) -> None:
        """Disconnect everyone and free the port."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop_asked.set)
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self, ready: Future[int]) -> None:
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        listener = ListenerConfig(bind=f"{LOOPBACK}:{self._wanted_port}")
        broker = Broker(BrokerConfig(listeners={"default": listener}, plugins=dict(_ANYONE)))
        try:
            await broker.start()
        except Exception as error:
            taken = f"the MQTT broker cannot listen on port {self._wanted_port}: {error}"
            ready.set_exception(OSError(taken))
            return
        ready.set_result(_port_of(broker))
        await self._stop_asked.wait()
        await broker.shutdown()


def _port_of(broker: Broker) -> int:
    """The port that a listener on port 0 got; amqtt tells it only through its own server object."""
    instance = broker._servers["default"].instance
    assert isinstance(instance, asyncio.Server)
    return int(instance.sockets[0].getsockname()[1])
