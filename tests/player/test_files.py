"""Pictures and films: fetched, resumed, checked, made room for; a crash leaves old or new."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from player.cache import files as cache_files
from player.cache.files import write_atomic
from player.cache.key import device_key
from player.cache.store import Budget, Store
from player.errors import Corrupt, NoRoom, Unreachable
from playlists.ids import Sha256, sha256
from tests.fakes.server_sim import Answer
from tests.fakes.shop_content import HOUR_MS, SHOP, content
from tests.player.bench import Bench, paired

PICTURE = b"\x89PNG\r\n" + b"picture" * 5_000
KIB = 1024


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files", Budget(100 * KIB))


def show(bench: Bench, data: bytes = PICTURE, headline: str = "Photo") -> Sha256:
    address = bench.sim.add_asset(data)
    bench.hear("head", bench.sim.publish(content(headline, picture=address)))
    return address


def test_a_picture_is_fetched_before_it_is_called_held(screen: Bench) -> None:
    down: Answer = (503, {}, b"")
    screen.sim.faults.hook = lambda method, path: down if "/assets/" in path else None
    address = show(screen)
    assert screen.state["held"] == []
    assert f"asset_missing:{address}" in screen.shown().because
    screen.sim.faults.hook = lambda method, path: None
    screen.wait(10_000)
    assert screen.state["held"] == [address]
    assert screen.shown().because == ()


def test_a_picture_damaged_on_its_way_is_thrown_away_and_fetched_again(screen: Bench) -> None:
    address = sha256(PICTURE)
    screen.sim.assets[address] = PICTURE[:-1] + b"X"
    screen.hear("head", screen.sim.publish(content("Photo", picture=address)))
    assert screen.state["held"] == []
    assert screen.counts["failed:asset:Corrupt"] == 1
    screen.sim.assets[address] = PICTURE
    screen.wait(10_000)
    assert screen.state["held"] == [address]


@pytest.mark.parametrize("damage", ["bytes", "length", "gone"])
def test_a_picture_damaged_on_the_disk_is_fetched_again(screen: Bench, damage: str) -> None:
    address = show(screen)
    path = screen.parts.assets.path(address)
    assert path is not None
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(PICTURE[:-1] + b"X" if damage == "bytes" else PICTURE[:-1])
    screen.reboot()
    if damage == "bytes":
        assert not screen.parts.assets.verify(address)
    screen.wait(10_000)
    assert screen.parts.assets.read(address) == PICTURE
    assert screen.state["held"] == [address]


def test_a_plan_damaged_on_the_disk_plays_as_far_as_it_goes_and_is_fetched_again(
    screen: Bench,
) -> None:
    chunk = screen.state["plan"]["chunks"][0]
    path = screen.parts.objects.path(chunk)
    assert path is not None
    path.write_bytes(b"x" * path.stat().st_size)
    screen.reboot()
    assert screen.state["plan"]["chunks"] == []
    assert screen.shown().because == ("no_day",)
    screen.wait(10_000)
    assert screen.state["plan"]["chunks"] == [chunk]
    assert screen.shown().card is not None


def test_a_half_fetched_picture_goes_on_where_it_was_after_a_reboot(screen: Bench) -> None:
    half = len(PICTURE) // 2
    screen.sim.faults.hook = lambda method, path: (503, {}, b"") if "/assets/" in path else None
    address = show(screen)
    screen.parts.assets.write_part(address, (0, half), [PICTURE[:half]], frozenset())
    screen.reboot()
    screen.sim.faults.hook = lambda method, path: None
    screen.wait(3_000)
    assert screen.sim.ranges == [f"bytes={half}-"]
    assert screen.state["held"] == [address]


def test_a_part_that_is_longer_than_the_file_begins_anew(screen: Bench) -> None:
    address = sha256(PICTURE)
    longer = PICTURE + b"more"
    screen.parts.assets.write_part(address, (0, len(longer)), [longer], frozenset())
    show(screen)
    screen.wait(10_000)
    assert screen.state["held"] == [address]


def test_a_file_that_is_wrong_at_the_server_does_not_fill_the_line_for_ever(screen: Bench) -> None:
    address = sha256(PICTURE)
    screen.sim.assets[address] = PICTURE[:-1] + b"X"
    screen.hear("head", screen.sim.publish(content("Photo", picture=address)))
    screen.sim.requests.clear()
    screen.wait(6 * HOUR_MS, step_ms=30_000)
    asked = [path for _, path in screen.sim.requests if path.startswith("/assets/")]
    assert 8 <= len(asked) <= 25, "soon at first, in the end once an hour"
    screen.sim.assets[address] = PICTURE
    screen.wait(2 * HOUR_MS, step_ms=30_000)
    assert screen.state["held"] == [address]


def test_old_pictures_make_room_for_new_ones(bench: Bench) -> None:
    bench.parts.assets._budget = Budget(2 * len(PICTURE))
    screen = paired(bench)
    first = show(screen, PICTURE, "Un")
    second = show(screen, PICTURE + b"2", "Deux")
    third = show(screen, PICTURE[:-2] + b"3", "Trois")
    assert first not in screen.parts.assets.held()
    assert screen.parts.assets.held() == {second, third}
    assert screen.notes == {}


def test_pictures_that_do_not_fit_are_told_and_the_rest_plays(bench: Bench) -> None:
    bench.parts.assets._budget = Budget(1_000)
    screen = paired(bench)
    show(screen)
    assert "files_full" in screen.notes
    assert screen.state["notice"] == "files_full"
    assert screen.prices() == [8_990]
    screen.parts.assets._budget = Budget(1_000_000)
    screen.wait(60_000)
    assert screen.notes == {}


def test_the_store_refuses_bytes_of_another_name(store: Store) -> None:
    with pytest.raises(Corrupt):
        store.put(Sha256("0" * 64), b"other", frozenset())
    assert store.held() == frozenset()


def test_the_store_drops_the_oldest_that_nobody_needs(store: Store) -> None:
    names = []
    for at in range(3):
        data = bytes([at]) * 40 * KIB
        names.append(sha256(data))
        keep = frozenset(names[:1])
        store.put(names[-1], data, keep)
        path = store.path(names[-1])
        assert path is not None
        os.utime(path, (at, at))
    assert store.held() == {names[0], names[2]}
    with pytest.raises(NoRoom):
        store.put(sha256(b"x" * 40 * KIB), b"x" * 40 * KIB, frozenset(names))
    assert store.held() == {names[0], names[2]}


def test_a_broken_download_keeps_what_came(store: Store) -> None:
    def blocks() -> Iterator[bytes]:
        yield PICTURE[:10_000]
        raise Unreachable("the line broke")

    address = sha256(PICTURE)
    with pytest.raises(Unreachable):
        store.write_part(address, (0, len(PICTURE)), blocks(), frozenset())
    assert store.part_size(address) == 10_000
    store.write_part(address, (10_000, len(PICTURE)), [PICTURE[10_000:]], frozenset())
    store.admit_part(address)
    assert store.read(address) == PICTURE


def test_strangers_in_the_folder_are_swept_out(tmp_path: Path) -> None:
    store = Store(tmp_path, Budget(KIB * KIB))
    store.put(sha256(b"good"), b"good", frozenset())
    folder = tmp_path / sha256(b"good")[:2]
    (folder / "stray").write_bytes(b"?")
    (folder / f"{sha256(b'other')}-9").write_bytes(b"short")
    (folder / f"{sha256(b'good')}-4.new").write_bytes(b"go")
    found = Store(tmp_path, Budget(KIB * KIB))
    assert found.held() == {sha256(b"good")}
    assert [path.name for path in folder.iterdir()] == [f"{sha256(b'good')}-4"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "state"
    write_atomic(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_files.os, step, full)
    with pytest.raises(NoRoom):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256(b"old")
    assert list(tmp_path.iterdir()) == [path]


def spoil(screen: Bench, *names: str) -> None:
    """Overwrite files of a player that is off, and switch it on."""
    screen.parts.kept.close()
    screen.parts.spool.close()
    for name in names:
        (screen.folder / name).write_bytes(b"not a database" * 1_000)
    screen.boot()
    screen.settle()


def test_a_damaged_state_costs_no_pairing_and_no_plan(screen: Bench) -> None:
    plan = screen.state["plan"]
    screen.sim.faults.down = True
    spoil(screen, "state.db")
    assert "state_damaged" in screen.notes
    assert (screen.folder / "state.db.damaged").exists()
    assert screen.state["plan"] == plan
    assert screen.prices() == []
    screen.sim.faults.down = False
    screen.wait(60_000)
    assert screen.prices() == [8_990]


def test_with_both_copies_damaged_it_shows_a_code(screen: Bench) -> None:
    spoil(screen, "state.db", "state.db.spare")
    assert "state_damaged" in screen.notes
    assert screen.state["pairing"]["code"]


def test_a_price_that_the_disk_changed_is_not_believed(screen: Bench) -> None:
    db = screen.parts.kept._db
    (row,) = db.execute("SELECT value FROM kept WHERE name LIKE 'channels/%'").fetchone()
    assert b"8990" in row
    with db:
        wrong = row.replace(b"8990", b"8190")
        db.execute("UPDATE kept SET value = ? WHERE name LIKE 'channels/%'", (wrong,))
    screen.reboot()
    assert screen.state["plan"]
    assert SHOP not in screen.state["offers"]
    screen.wait(60_000)
    assert screen.prices() == [8_990]


def test_a_row_that_is_gone_is_noticed(screen: Bench) -> None:
    with screen.parts.kept._db as db:
        db.execute("DELETE FROM kept WHERE name = 'playing'")
    screen.reboot()
    assert "state_damaged" in screen.notes
    assert screen.state["plan"]["revision"] == screen.sim.revision


@pytest.mark.parametrize("name", ["device.pem", "device.pem.spare"])
def test_one_damaged_copy_of_the_key_costs_no_pairing(screen: Bench, name: str) -> None:
    key = screen.parts.request.device_key
    path = screen.folder / name
    good = path.read_bytes()
    path.write_bytes(good[:60] + bytes([good[60] ^ 1]) + good[61:])
    screen.reboot()
    assert screen.parts.request.device_key == key
    assert path.read_bytes() == good
    path.unlink()
    screen.reboot()
    assert screen.parts.request.device_key == key
    assert path.read_bytes() == good


@pytest.mark.parametrize("name", ["device.pem", "device.pem.spare"])
def test_a_copy_of_the_key_that_the_disk_does_not_give_costs_no_pairing(
    screen: Bench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, read = screen.parts.request.device_key, Path.read_bytes
    worn = {screen.folder / name}

    def reads(path: Path) -> bytes:
        if path in worn:
            raise OSError(errno.EIO, "a worn block")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", reads)
    screen.reboot()
    assert screen.parts.request.device_key == key
    worn |= {screen.folder / "device.pem", screen.folder / "device.pem.spare"}
    with pytest.raises(OSError, match="worn"):
        device_key(screen.folder / "device.pem")


def test_a_part_that_goes_while_it_is_measured_is_no_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "files" / "partial" / ("f" * 64)).symlink_to(tmp_path / "gone")
    store.put(sha256(b"data"), b"data", frozenset())
    assert store.held() == {sha256(b"data")}
