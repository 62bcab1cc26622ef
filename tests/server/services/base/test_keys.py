"""The installation's keys: made once, kept private, rotated without losing anyone."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from playlists.errors import Refused
from playlists.ids import ScreenId, sha256
from playlists.signing import KeyRing, unb64, verify
from playlists.wire.commands import Command
from playlists.wire.signed import Head
from server.errors import Conflict
from server.services.base import keys as module
from server.services.base.keys import KEY_LIFE_MS, KEY_OVERLAP_MS, Keys, load_keys, rotate

NOW = 1_792_000_000_000


def a_head(keys: Keys) -> str:
    return keys.sign_head(Head(ScreenId("s1"), 1, sha256(b"m"), NOW, NOW + 1))


def test_the_first_start_makes_keys_that_sign_what_players_believe(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "keys", NOW)
    ring = KeyRing(unb64(keys.root_x)).renewed(keys.document_jws)
    assert verify(a_head(keys), "head", ring, NOW)["screen"] == "s1"  # type: ignore[index,call-overload]
    assert verify(keys.sign_time("n" * 16, NOW), "time", ring, NOW)


def test_the_second_start_finds_the_same_keys(tmp_path: Path) -> None:
    first, second = load_keys(tmp_path, NOW), load_keys(tmp_path, NOW + 1)
    assert first.document_jws == second.document_jws
    assert first.online.kid == second.online.kid
    assert first.channel_secret == second.channel_secret


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    load_keys(folder, NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secret = [path for path in folder.iterdir() if path.name != ".lock"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_processes_that_start_together_agree_on_one_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_keys(tmp_path, NOW), range(8)))
    assert len({keys.document_jws for keys in made}) == 1
    assert len({keys.online.kid for keys in made}) == 1


def test_the_time_key_may_not_sign_a_head(tmp_path: Path) -> None:
    keys = load_keys(tmp_path, NOW)
    swapped = Keys(keys.root_x, keys.document, keys.document_jws, keys.time, keys.time, b"")
    with pytest.raises(Refused) as refused:
        verify(a_head(swapped), "head", keys.ring, NOW)
    assert refused.value.reason == "key_use"


def test_after_a_rotation_old_heads_hold_for_the_overlap_and_new_ones_reach_old_players(
    tmp_path: Path,
) -> None:
    before = load_keys(tmp_path, NOW)
    old_head = a_head(before)
    after = rotate(tmp_path, NOW)
    assert after.online.kid != before.online.kid
    ring = before.ring.renewed(after.document_jws)
    assert verify(a_head(after), "head", ring, NOW)
    assert verify(old_head, "head", ring, NOW + KEY_OVERLAP_MS - 1)
    with pytest.raises(Refused):
        verify(old_head, "head", ring, NOW + KEY_OVERLAP_MS)
    with pytest.raises(Refused):
        ring.renewed(before.document_jws)


def test_a_start_late_in_the_keys_life_rotates_them(tmp_path: Path) -> None:
    before = load_keys(tmp_path, NOW)
    after = load_keys(tmp_path, NOW + KEY_LIFE_MS // 2 + 1)
    assert (before.document.version, after.document.version) == (1, 2)


def test_without_the_root_key_all_goes_on_but_rotation(tmp_path: Path) -> None:
    load_keys(tmp_path, NOW)
    (tmp_path / "root.pem").unlink()
    keys = load_keys(tmp_path, NOW + KEY_LIFE_MS - 1)
    assert verify(a_head(keys), "head", keys.ring, NOW)
    with pytest.raises(Conflict):
        rotate(tmp_path, NOW)


def test_a_power_cut_inside_a_rotation_is_mended_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_keys(tmp_path, NOW)
    old_head = a_head(before)
    real = module._write

    def cut(path: Path, data: bytes) -> None:
        if path.name == "online.pem":
            raise OSError("power cut")
        real(path, data)

    monkeypatch.setattr(module, "_write", cut)
    with pytest.raises(OSError, match="power cut"):
        rotate(tmp_path, NOW)
    monkeypatch.undo()
    keys = load_keys(tmp_path, NOW)
    assert keys.online.kid != before.online.kid
    assert verify(a_head(keys), "head", before.ring.renewed(keys.document_jws), NOW)
    assert verify(old_head, "head", keys.ring, NOW)


def test_keys_from_before_commands_are_rotated_so_that_they_may_sign_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Command("c1", ScreenId("s1"), "identify", {}, NOW, NOW + 1)
    with monkeypatch.context() as before:
        before.setattr(module, "_ONLINE_USES", module._ONLINE_USES - {"command"})
        old = load_keys(tmp_path, NOW)
    with pytest.raises(Conflict):
        old.sign_command(command)
    keys = load_keys(tmp_path, NOW)
    assert verify(keys.sign_command(command), "command", keys.ring, NOW)
    assert load_keys(tmp_path, NOW).document_jws == keys.document_jws
