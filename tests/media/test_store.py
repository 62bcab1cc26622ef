"""Assets are kept by what they are, whole or not at all."""

import hashlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media.errors import AssetCorrupt, AssetMissing, Reason, Refused
from media.store import AssetStore, Stored

DATA = bytes(range(256)) * 4096
SHA = hashlib.sha256(DATA).hexdigest()
ABSENT = "0" * 64


def pieces(data: bytes = DATA, size: int = 70_000) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def files_under(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture(params=["directory", "object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AssetStore:
    """A local directory, and fsspec's memory filesystem standing for an object store."""
    if request.param == "directory":
        return AssetStore(str(tmp_path / "assets"))
    return AssetStore(f"memory://{uuid.uuid4().hex}/assets")


def test_what_is_put_is_filed_by_its_sha256_and_read_back(store: AssetStore) -> None:
    assert store.put_stream(pieces(), len(DATA)) == Stored(SHA, len(DATA))
    assert store.exists(SHA)
    assert store.stat(SHA) == Stored(SHA, len(DATA))
    assert b"".join(store.open_range(SHA, verify=True)) == DATA


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (5, 5), (300_000, 700_001), (len(DATA) - 1, None)]
)
def test_a_range_is_exactly_those_bytes(store: AssetStore, start: int, stop: int | None) -> None:
    store.put_stream(pieces(), len(DATA))
    with store.open_range(SHA, start, stop) as chunks:
        assert b"".join(chunks) == DATA[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (6, 5), (0, len(DATA) + 1)])
def test_a_range_outside_of_the_asset_is_an_error(store: AssetStore, start: int, stop: int) -> None:
    store.put_stream(pieces(), len(DATA))
    with pytest.raises(ValueError):
        store.open_range(SHA, start, stop)


def test_an_absent_asset_is_said_at_once(store: AssetStore) -> None:
    assert not store.exists(ABSENT)
    for ask in (store.stat, store.open_range, store.verify):
        with pytest.raises(AssetMissing):
            ask(ABSENT)
    store.delete(ABSENT)


def test_a_deleted_asset_is_gone(store: AssetStore) -> None:
    store.put_stream(pieces(), len(DATA))
    store.delete(SHA)
    assert not store.exists(SHA)


def test_a_tool_gets_a_local_path(store: AssetStore) -> None:
    store.put_stream(pieces(), len(DATA))
    with store.local_copy(SHA) as path:
        assert path.read_bytes() == DATA


def test_too_many_bytes_are_refused_without_reading_them_all(store: AssetStore) -> None:
    read = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield bytes(1000)

    with pytest.raises(Refused) as refused:
        store.put_stream(endless(), 10_000)
    assert refused.value.reason is Reason.TOO_LARGE
    assert len(read) == 11
    assert not store.exists(hashlib.sha256(bytes(11_000)).hexdigest())


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "a" * 63, SHA + "\n"])
def test_only_a_sha256_is_a_name(store: AssetStore, name: str) -> None:
    with pytest.raises(ValueError):
        store.exists(name)


def test_what_is_staged_but_not_committed_is_not_an_asset(store: AssetStore) -> None:
    with store.staged(pieces(), len(DATA)) as staged:
        assert staged.path.read_bytes() == DATA
        assert not store.exists(staged.sha256)
    assert not staged.path.exists()
    assert not store.exists(SHA)


def test_local_assets_are_spread_over_folders(tmp_path: Path) -> None:
    AssetStore(str(tmp_path)).put_stream(pieces(), len(DATA))
    assert files_under(tmp_path) == [tmp_path / SHA[:2] / SHA[2:4] / SHA]


def test_a_commit_moves_the_bytes_and_never_copies_them_in_place(tmp_path: Path) -> None:
    store = AssetStore(str(tmp_path))
    with store.staged(pieces(), len(DATA)) as staged:
        written = staged.path.stat().st_ino
        store.commit(staged)
    assert (tmp_path / SHA[:2] / SHA[2:4] / SHA).stat().st_ino == written


def test_a_source_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        AssetStore(str(tmp_path)).put_stream(broken(), 100)
    assert files_under(tmp_path) == []


def test_a_writer_killed_half_way_leaves_nothing_visible_and_is_swept(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from media.store import AssetStore\n"
        "def slow():\n"
        "    yield b'x' * 3_000_000\n"
        "    print('written', flush=True)\n"
        "    time.sleep(600)\n"
        "AssetStore(sys.argv[1]).put_stream(slow(), 10**9)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout
    assert writer.stdout.readline() == "written\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()

    store = AssetStore(str(tmp_path))
    left = files_under(tmp_path)
    assert [path.parent.parent.name for path in left] == ["incoming"]
    written_ms = left[0].parent.stat().st_mtime_ns // 1_000_000
    assert store.sweep(before_ms=written_ms - 1000) == 0
    assert store.sweep(before_ms=written_ms + 1000) == 1
    assert files_under(tmp_path) == []


def test_the_same_bytes_put_by_many_at_once_are_one_asset(tmp_path: Path) -> None:
    store = AssetStore(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        puts = [pool.submit(store.put_stream, pieces(), len(DATA)) for _ in range(24)]
        assert {put.result() for put in puts} == {Stored(SHA, len(DATA))}
    assert files_under(tmp_path) == [tmp_path / SHA[:2] / SHA[2:4] / SHA]
    store.verify(SHA)


def test_rotten_bytes_are_found_and_a_new_put_heals_them(tmp_path: Path) -> None:
    store = AssetStore(str(tmp_path))
    store.put_stream(pieces(), len(DATA))
    path = tmp_path / SHA[:2] / SHA[2:4] / SHA
    path.write_bytes(b"\xff" + DATA[1:])
    with pytest.raises(AssetCorrupt):
        store.open_range(SHA, 0, 10, verify=True)
    store.put_stream(pieces(), len(DATA))
    assert b"".join(store.open_range(SHA, verify=True)) == DATA


def test_bytes_and_folders_reach_the_disk_before_the_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def recording(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        real(handle)

    monkeypatch.setattr(os, "fsync", recording)
    AssetStore(str(tmp_path)).put_stream(pieces(), len(DATA))
    assert Path(synced[0]).parents[1] == tmp_path / "incoming"
    assert synced[1:] == [
        str(tmp_path / SHA[:2] / SHA[2:4]),
        str(tmp_path / SHA[:2]),
        str(tmp_path),
    ]
