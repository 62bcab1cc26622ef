"""The record is lost and yesterday's backup takes its place: screens, prices and proofs go on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playlists.ids import ItemId, PlaylistId
from playlists.model import Card, Item, Playlist
from server.app import create_app
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.wishes import content
from tests.support.http_player import HttpPlayer
from tests.support.record import TestClock, make_context
from tests.support.small_shop import CHANNEL, lay_out, publish, set_price

DAY_MS = 86_400_000
YESTERDAY, TODAY = 11_990, 9_990


@dataclass
class Installation:
    """A server's data folder, and the server that runs on it now."""

    folder: Path
    clock: TestClock
    ctx: Context

    def back_up(self) -> Path:
        """A copy of the record, made while it runs."""
        copy = self.folder.parent / "backup.db"
        with sqlite3.connect(self.record) as record, sqlite3.connect(copy) as into:
            record.backup(into)
        return copy

    def restore(self, copy: Path) -> None:
        """The server is stopped, its record replaced, and it is started again."""
        self.ctx.db.close()
        for file in self.folder.glob("enseigne.db*"):
            file.unlink()
        shutil.copy(copy, self.record)
        self.ctx = make_context(self.folder, clock=self.clock)

    @property
    def record(self) -> Path:
        """The database's file."""
        return self.folder / "enseigne.db"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Installation]:
    folder, clock = tmp_path / "data", TestClock()
    folder.mkdir()
    running = Installation(folder, clock, make_context(folder, clock=clock))
    lay_out(running.ctx)
    yield running
    running.ctx.db.close()


def test_a_screen_ahead_of_the_backup_is_led_by_it_again(server: Installation) -> None:
    player = HttpPlayer(create_app(server.ctx).test_client()).pair(server.ctx, "lille-window")
    player.converge()
    backup = server.back_up()
    server.clock.advance(DAY_MS)
    say(server.ctx, "Perdu")
    set_price(server.ctx, TODAY)
    publish(server.ctx)
    assert player.prove().status_code == 200
    player.converge()
    assert shown_price(player) == TODAY
    held, version, lost = revision(player), player.version(CHANNEL), player.manifest

    server.restore(backup)
    server.clock.advance(60_000)
    publish(server.ctx)
    player.client = create_app(server.ctx).test_client()
    assert player.prove().status_code == 200
    player.converge()
    player.converge()
    assert revision(player) > held
    assert player.manifest != lost
    assert player.version(CHANNEL) > version
    assert not lease_holds(player, server.clock())

    set_price(server.ctx, TODAY, whole=True)
    publish(server.ctx)
    player.converge()
    assert shown_price(player) == TODAY
    assert lease_holds(player, server.clock())
    say(server.ctx, "Nouveau")
    publish(server.ctx)
    before = revision(player)
    player.converge()
    assert revision(player) > before
    assert player.converge()["offers"] == []


def test_a_device_paired_after_the_backup_is_told_that_it_is_unknown(server: Installation) -> None:
    backup = server.back_up()
    player = HttpPlayer(create_app(server.ctx).test_client()).pair(server.ctx, "lille-window")
    server.restore(backup)
    player.client = create_app(server.ctx).test_client()
    answer = player.prove()
    assert (answer.status_code, answer.json["code"]) == (401, "unknown_screen")  # type: ignore[index]
    assert HttpPlayer(player.client, player.key).pair(server.ctx, "lille-window").token


def say(ctx: Context, words: str) -> None:
    """Lille shows these words beside the bag."""
    held = content.get_playlist(ctx, SYSTEM, "lille").value
    card = Card("message", texts={"headline": {"fr": words, "en": words}})
    items = (*held.items[-1:], Item(ItemId("words"), card))
    content.update_playlist(ctx, SYSTEM, Playlist(PlaylistId("lille"), "lille", items))


def revision(player: HttpPlayer) -> int:
    return int(player.report_body()["revision"])


def shown_price(player: HttpPlayer) -> int:
    """The price of the bag that the player holds, by the step in force last."""
    assert player.trusted is not None
    offer = player.trusted.channels[CHANNEL].offers["BAG"]  # type: ignore[index]
    price: int = offer.steps[-1].price
    return price


def lease_holds(player: HttpPlayer, now: int) -> bool:
    """Whether the price may be on the glass: by the lease that it brought, or one renewed since."""
    assert player.trusted is not None
    held = player.trusted.channels[CHANNEL]  # type: ignore[index]
    lease = player.trusted.freshness_of("lille").channels[CHANNEL]  # type: ignore[arg-type,index]
    renewed = lease.as_of + lease.lease_ms if lease.version == held.version else 0
    return lease.version <= held.version and now < max(sum(held.lease), renewed)
