"""The worker as a process: what a door that says hello is told, and what kill -9 cannot undo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from playlists.ids import ScreenId, Sku, StoreId, sha256
from playlists.model import Good
from playlists.signing import SigningKey, b64, verify
from playlists.wire.freshness import FreshnessMessage
from server.app import build_context, now_ms, prepare
from server.bus import BusClient
from server.config import Settings
from server.db.models import DeviceRow, ScreenStateRow
from server.ports import Batch, ProductReport
from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.entry import people
from server.services.prices.intake import Source, take
from server.services.wishes import content
from tests.support.shops import STORES, open_chain, plan_of, playlist, screen_ids

WITHIN_S = 30.0


class Door:
    """A peer of the worker that keeps every message, and says hello as the door does."""

    def __init__(self, settings: Settings) -> None:
        self.messages: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._client = BusClient(
            settings.bus, self._take, on_connect=lambda client: client.send({"t": "hello"})
        )

    def send(self, message: dict[str, Any]) -> None:
        self.wait_for(lambda: self._client.connected)
        assert self._client.send(message)

    def wait_for(self, seen: Callable[[], Any]) -> Any:
        with self._changed:
            assert self._changed.wait_for(seen, WITHIN_S), self.kinds()
            return seen()

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["t"] == kind]

    def kinds(self) -> set[str]:
        return {message["t"] for message in self.messages}

    def heads(self) -> dict[str, str]:
        return {
            screen: jws
            for message in self.all_of("heads")
            for screen, _, jws in sorted(message["heads"], key=lambda head: head[1])
        }

    def offers(self) -> dict[str, tuple[int, str]]:
        return {
            channel: (version, jws)
            for message in self.all_of("offers")
            for channel, version, jws in message["offers"]
        }

    def forget(self) -> None:
        with self._changed:
            self.messages.clear()

    def close(self) -> None:
        self._client.close()

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()


@contextmanager
def running_worker() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "server.cli", "worker"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The small chain in a data folder that the worker process finds too."""
    monkeypatch.setenv("ENSEIGNE_DATA_DIR", str(tmp_path))
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    prepare(settings, say=None)
    context = build_context(settings)
    open_chain(context)
    yield context
    context.db.close()


@pytest.fixture
def door(ctx: Context) -> Iterator[Door]:
    peer = Door(ctx.settings)
    yield peer
    peer.close()


def test_a_door_that_says_hello_is_told_everything(ctx: Context, door: Door) -> None:
    device = SigningKey.generate()
    with ctx.db.write() as session:
        row = DeviceRow(
            screen_id="lille-till", public_key=device.public, name="Pi", caps={}, paired_at=1
        )
        session.add(row)
    with running_worker():
        door.wait_for(lambda: door.heads().keys() == screen_ids(*STORES))
        door.wait_for(lambda: {m["store"] for m in door.all_of("freshness")} == set(STORES))
        directory = door.all_of("directory")[0]
        later = [row for message in door.all_of("screens") for row in message["set"]]
        last = [*directory["screens"], *later][-1]
        assert last[:3] == ["lille-till", b64(device.public), "lille"]
        assert directory["secret"] == b64(ctx.keys.channel_secret)
        for screen, jws in door.heads().items():
            assert verify(jws, "head", ctx.keys.ring, now_ms())["screen"] == screen  # type: ignore[index,call-overload]
        for message in door.all_of("freshness"):
            payload = verify(message["jws"], "freshness", ctx.keys.ring, now_ms())
            assert FreshnessMessage.from_json(payload).store == StoreId(message["store"])


def test_the_door_hears_which_tokens_ended_before_and_after_it_came(
    ctx: Context, door: Door
) -> None:
    early, late = (people.create_token(ctx, SYSTEM, "Till", ["read"]) for _ in range(2))
    people.revoke_token(ctx, SYSTEM, early.token.id)
    with running_worker():
        (directory,) = door.wait_for(lambda: door.all_of("directory"))
        assert directory["ended"] == [sha256(early.secret.encode())]
        people.revoke_token(ctx, SYSTEM, late.token.id)
        (told,) = door.wait_for(lambda: door.all_of("ended"))
        assert told["hashes"] == [sha256(late.secret.encode())]


def test_an_edit_and_a_wake_bring_new_heads(ctx: Context, door: Door) -> None:
    with running_worker():
        door.wait_for(lambda: door.heads().keys() == screen_ids(*STORES))
        before = door.heads()
        content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
        door.send({"t": "wake"})
        door.wait_for(lambda: all(door.heads()[screen] != before[screen] for screen in before))


def test_a_price_goes_out_signed_with_a_fresh_lease_behind_it(ctx: Context, door: Door) -> None:
    content.update_playlist(ctx, SYSTEM, playlist("base", "message", goods=(Good(Sku("BAG")),)))
    with running_worker():
        door.wait_for(lambda: door.heads().keys() == screen_ids(*STORES))
        shop = Source("feed", shop="pluvier")
        bag = ProductReport("BAG", "EUR", 11990, names={"fr": {"name": "Estran", "lead": "Sac"}})
        take(ctx, shop, Batch(now_ms(), whole=True, products=(bag,)))
        door.send({"t": "wake"})
        told = door.wait_for(
            lambda: door.offers().keys() == {"pluvier@lille", "pluvier@marseille"} and door.offers()
        )
        version, jws = told["pluvier@lille"]
        payload: Any = verify(jws, "offers", ctx.keys.ring, now_ms())
        assert payload["to"] == version
        assert payload["set"][0]["st"][0][2] == 11990
        door.wait_for(lambda: version in leases(ctx, door, "lille"))


def leases(ctx: Context, door: Door, store: str) -> set[int]:
    """The versions of the store's own channel that freshness gave a lease."""
    found: set[int] = set()
    for message in door.all_of("freshness"):
        if message["store"] == store:
            payload: Any = verify(message["jws"], "freshness", ctx.keys.ring, now_ms())
            found.update(row[0] for row in payload["channels"].values())
    return found


def test_reports_and_links_of_the_door_are_kept(ctx: Context, door: Door) -> None:
    def state() -> ScreenStateRow | None:
        with ctx.db.read() as session:
            row = session.get(ScreenStateRow, "lille-till")
            if row is not None:
                session.expunge(row)
            return row

    with running_worker():
        door.send({"t": "links", "up": ["lille-till", "nobody"], "down": [], "all": True})
        report = {"revision": 7, "missing": 0}
        door.send({"t": "reports", "reports": [["lille-till", 1_000, report], ["nobody", 1, {}]]})
        wait_until(lambda: (row := state()) is not None and row.report == report and row.connected)
        door.send({"t": "links", "up": [], "down": ["lille-till"]})
        wait_until(lambda: (row := state()) is not None and not row.connected)


def wait_until(seen: Callable[[], Any]) -> None:
    pause = threading.Event()
    for _ in range(int(WITHIN_S / 0.05)):
        if seen():
            return
        pause.wait(0.05)
    raise AssertionError("not seen in time")


@pytest.mark.slow
def test_a_worker_killed_at_random_moments_leaves_whole_plans_and_its_successor_finishes(
    ctx: Context, door: Door
) -> None:
    """kill -9 while plans are being published, over and over; claims of the dead are taken over."""
    with running_worker():
        door.wait_for(lambda: door.heads().keys() == screen_ids(*STORES))
    for number, delay_s in enumerate((0.0, 0.3, 0.6, 0.7)):
        content.update_playlist(ctx, SYSTEM, playlist("base", f"edit {number}"))
        with running_worker() as worker:
            threading.Event().wait(delay_s)
            os.kill(worker.pid, signal.SIGKILL)
    with ctx.db.write() as session:  # as if the time of a claim had passed
        session.connection().exec_driver_sql("UPDATE dirty SET claimed_until = 0")
    door.forget()
    with running_worker():
        wait_until(lambda: not waiting(ctx))
        door.wait_for(lambda: door.heads().keys() == screen_ids(*STORES))
    for screen in screen_ids(*STORES):
        cards = plan_of(ctx, ScreenId(screen)).cards.values()
        assert "edit 3" in {str(card.params["headline"]) for card in cards}


def waiting(ctx: Context) -> int:
    with ctx.db.read() as session:
        return outbox.pending(session)
