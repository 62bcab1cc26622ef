"""The files on the disk: checked before they are handed out, dropped when needed longest ago."""

from __future__ import annotations

import errno
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from player.cache import parts
from player.cache.store import Budget, Store
from player.errors import Corrupt, NoRoom, Unreachable
from playlists.ids import Sha256, sha256

KIB = 1024
MIB = 1024 * KIB
DATA = bytes(range(256)) * 160
ADDRESS = sha256(DATA)
KEEP: frozenset[Sha256] = frozenset()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files", Budget(100 * KIB))


def put(store: Store, data: bytes = DATA) -> Path:
    """Admit a file; where it lies."""
    store.put(sha256(data), data, KEEP)
    path = store.path(sha256(data))
    assert path is not None
    return path


def flip(path: Path, *, at: int = 77, keep_times: bool = False) -> None:
    """Change one bit of a file."""
    stat = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    if keep_times:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_file_that_somebody_wrote_to_is_not_handed_out_again(store: Store) -> None:
    damaged: list[Sha256] = []
    store.on_damage = damaged.append
    flip(put(store), keep_times=True)
    assert store.path(ADDRESS) is None
    assert store.held() == frozenset()
    assert damaged == [ADDRESS]


def test_a_file_that_rotted_while_the_player_was_off_is_not_handed_out(
    store: Store, tmp_path: Path
) -> None:
    path = put(store)
    for at in (0, len(DATA) - 1, random.randrange(len(DATA))):
        flip(path, at=at)
        again = Store(tmp_path / "files", Budget(100 * KIB))
        assert again.held() == {ADDRESS}, "a start reads no file"
        assert again.path(ADDRESS) is None
        put(again)


def test_a_sound_file_is_read_through_but_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(store)
    monkeypatch.setattr("player.cache.store.digest_of", None)
    assert store.path(ADDRESS) == path
    store.let_go([ADDRESS])
    assert store.path(ADDRESS) == path


def test_what_was_needed_longest_ago_makes_room_first(store: Store) -> None:
    files = [bytes([number]) * 30 * KIB for number in range(3)]
    for at, data in enumerate(files):
        os.utime(put(store, data), (at, at))
    store.let_go([sha256(files[0])])
    put(store, b"new" * 15 * KIB)
    assert store.held() == {sha256(files[0]), sha256(b"new" * 15 * KIB)}


def test_nothing_is_dropped_for_what_does_not_fit_anyway(store: Store) -> None:
    put(store)
    with pytest.raises(NoRoom):
        store.make_room(101 * KIB, KEEP)
    assert store.held() == {ADDRESS}


def test_downloads_that_rest_make_room_but_not_those_under_way(store: Store) -> None:
    resting, moving = sha256(b"resting"), sha256(b"moving")
    store.write_part(resting, (0, 40 * KIB), [bytes(40 * KIB)], KEEP)

    def blocks() -> Iterator[bytes]:
        yield bytes(KIB)
        put(store)
        assert store.part_size(resting) == 0
        yield bytes(KIB)

    store.write_part(moving, (0, 40 * KIB), blocks(), KEEP)
    assert store.part_size(moving) == 2 * KIB


def test_a_disk_that_takes_no_change_and_does_not_give_all_ends_no_player(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Linux leaves a worn card: read-only, an entry of a folder damaged (EROFS, EUCLEAN)."""
    path, other = put(store), put(store, b"other")
    store.write_part(sha256(b"part"), (0, 4), [b"part"], KEEP)
    (tmp_path / "files" / "partial" / "a.neighbour").write_bytes(b"its")
    lost = tmp_path / "files" / "lost+found"
    lost.mkdir()
    stat, listed = Path.stat, Path.iterdir

    def refuses(*_: object, **more: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    def worn(path: Path, **more: bool) -> os.stat_result:
        if path == other:
            raise OSError(errno.EUCLEAN, "damaged")
        return stat(path, **more)

    def listing(path: Path) -> Iterator[Path]:
        if path == lost:
            raise PermissionError(errno.EACCES, "root's")
        return listed(path)

    monkeypatch.setattr(Path, "unlink", refuses)
    monkeypatch.setattr(Path, "stat", worn)
    monkeypatch.setattr(Path, "iterdir", listing)
    again = Store(tmp_path / "files", Budget(100 * KIB))
    assert again.held() == {ADDRESS}
    flip(path)
    assert again.read(ADDRESS) is None
    again.forget_parts(frozenset())
    assert again.held() == frozenset(), "what cannot be thrown away is not handed out either"


def test_room_is_made_for_all_of_a_file_before_a_byte_of_it_is_written(store: Store) -> None:
    asked = []

    def blocks() -> Iterator[bytes]:
        asked.append(1)
        yield b"never"

    with pytest.raises(NoRoom):
        store.write_part(ADDRESS, (0, 200 * KIB), blocks(), KEEP)
    assert not asked


def test_bytes_of_two_sources_are_never_mixed(store: Store, tmp_path: Path) -> None:
    half = len(DATA) // 2
    store.write_part(ADDRESS, (0, half), [DATA[:half]], KEEP)
    store.write_part(ADDRESS, (0, 9), [b"something"], KEEP, "aa")
    with pytest.raises(Corrupt):
        store.admit_part(ADDRESS, "aa")
    again = Store(tmp_path / "files", Budget(100 * KIB))
    assert (again.part_size(ADDRESS), again.part_size(ADDRESS, "aa")) == (half, 0)
    again.write_part(ADDRESS, (half, len(DATA)), [DATA[half:]], KEEP)
    again.admit_part(ADDRESS)
    assert again.read(ADDRESS) == DATA
    assert list((tmp_path / "files" / "partial").iterdir()) == []


@pytest.mark.parametrize("seed", range(5))
def test_downloads_cut_anywhere_and_power_cuts_cost_a_tenth_more_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A cut of the line keeps what came; one of the power keeps what was synced."""
    monkeypatch.setattr(parts, "SYNC_BYTES", 64 * KIB)
    dice = random.Random(seed)
    data = dice.randbytes(4 * MIB)
    address = sha256(data)
    sent = 0

    def blocks(begin: int) -> Iterator[bytes]:
        nonlocal sent
        cut = begin + dice.randrange(2 * MIB)
        for at in range(begin, len(data), 16 * KIB):
            if at >= cut:
                raise Unreachable("the line broke")
            block = data[at : at + 16 * KIB]
            sent += len(block)
            yield block

    store = Store(tmp_path, Budget(10 * MIB))
    while address not in store.held():
        begin = store.part_size(address)
        try:
            store.write_part(address, (begin, len(data)), blocks(begin), KEEP)
            store.admit_part(address)
        except Unreachable:
            if dice.random() < 0.5:
                lost = dice.randrange(64 * KIB)
                part = tmp_path / "partial" / address
                os.truncate(part, max(0, part.stat().st_size - lost))
                store = Store(tmp_path, Budget(10 * MIB))
    assert store.read(address) == data
    assert sent <= 1.1 * len(data)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    subprocess.run(made, check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_keeps_what_is_needed_and_its_reserve(small_disk: Path) -> None:
    store = Store(small_disk / "files", Budget(8_192 * MIB, 64 * MIB))
    files = [bytes([number]) * MIB for number in range(10)]
    needed = frozenset(sha256(data) for data in files[:3])
    for data in files:
        store.put(sha256(data), data, needed)
    assert needed <= store.held()
    assert os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize >= MIB
    film = bytes(7 * MIB)
    with pytest.raises(NoRoom):
        store.write_part(sha256(film), (0, len(film)), [film], needed)
    assert needed <= store.held()


def test_a_disk_that_somebody_else_fills_meanwhile_is_told_and_heals(small_disk: Path) -> None:
    store = Store(small_disk / "files", Budget(8_192 * MIB))
    film = os.urandom(5 * MIB)
    address = sha256(film)
    hog = small_disk / "hog"

    def blocks() -> Iterator[bytes]:
        yield film[:MIB]
        hog.write_bytes(bytes(6 * MIB))
        for at in range(MIB, len(film), 64 * KIB):
            yield film[at : at + 64 * KIB]

    with pytest.raises(NoRoom):
        store.write_part(address, (0, len(film)), blocks(), KEEP)
    hog.unlink()
    begin = store.part_size(address)
    assert begin >= MIB
    store.write_part(address, (begin, len(film)), [film[begin:]], KEEP)
    store.admit_part(address)
    assert store.read(address) == film
