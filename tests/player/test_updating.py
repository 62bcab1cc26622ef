"""Root's side of an update: what is refused, what is tried, and that there is a way back."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from player.cache.files import write_atomic
from player.updating import record as records
from player.updating import updater
from player.updating.handover import MAX_REQUEST_BYTES, PACKAGES, REQUEST, Request
from player.updating.record import load
from playlists.errors import Invalid, Refused
from playlists.ids import sha256
from playlists.signing import SigningKey
from tests.player.updating_bed import DEVICE, HOUR_MS, NOW, Bed, package


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)


def test_a_version_that_paints_stays(bed: Bed) -> None:
    request = bed.ask("2")
    result = bed.run()
    assert (result.request, result.state) == (request.id, "done")
    assert result.detail == {"version": "2", "from": "1"}
    assert bed.system.installed() == "2"
    assert bed.system.seconds >= 120, "it is looked at for a while"
    assert {path.name for path in bed.own.glob("*.deb")} == {
        "enseigne-player_1.deb",
        "enseigne-player_2.deb",
    }
    bed.ask("3", issued_at=NOW + 1)
    assert bed.run().state == "done"
    assert bed.updater.kept() == "3"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("mute", "did not paint within 60 s"),
        ("nap", "did not paint within 60 s"),
        ("die", "ended again and again"),
    ],
)
def test_a_version_that_does_not_play_goes_back_by_itself(bed: Bed, does: str, said: str) -> None:
    bed.ask("2", does)
    result = bed.run()
    assert result.state == "failed"
    assert said in result.said
    assert result.detail == {"version": "2", "from": "1", "rolled_back": True}
    assert bed.system.installed() == "1"
    assert bed.system.asked == ["install 2", "restart", "install 1", "restart"]
    assert bed.system.seconds < 70
    bed.ask("2", issued_at=NOW + 1)
    assert bed.run().state == "done", "asked for anew, and better, it is tried again"


def test_a_display_that_is_off_needs_no_frames_but_a_page_that_lives(bed: Bed) -> None:
    bed.system.dark = True
    bed.ask("2")
    assert bed.run().state == "done"
    bed.ask("3", "mute", issued_at=NOW + 1)
    assert bed.run().detail["rolled_back"] is True


def test_where_nothing_was_painted_before_an_agent_that_answers_is_enough(bed: Bed) -> None:
    bed.system.put(package("1", "mute"))
    bed.ask("2", "mute")
    assert "nothing was painted before" in bed.run().said
    assert bed.system.installed() == "2"


def test_what_dpkg_cannot_install_changes_nothing(bed: Bed) -> None:
    bed.ask("2")
    bed.system.dpkg_works = False
    result = bed.run()
    assert "dependency problems" in result.said
    assert (bed.system.installed(), result.detail["rolled_back"]) == ("1", True)


def test_what_is_installed_already_is_done(bed: Bed) -> None:
    bed.ask("1")
    assert bed.run().state == "done"
    assert not bed.system.asked


def overdue(bed: Bed) -> Request:
    return bed.ask(life_ms=HOUR_MS, issued_at=NOW - HOUR_MS)


def other_root(bed: Bed) -> Request:
    return bed.ask(keys=Bed(bed.folder / "other").keys())


def older(bed: Bed) -> Request:
    """A signed command of last month, after one of today was obeyed."""
    bed.ask("2")
    bed.run()
    return bed.ask("1.5", issued_at=NOW - 1)


def the_same_again(bed: Bed) -> Request:
    """Handed over anew after another was obeyed, with the same keys."""
    first = bed.ask("2")
    bed.run()
    bed.ask("3", issued_at=NOW + 1)
    bed.run()
    bed.hand(first)
    return first


def old_keys(bed: Bed) -> Request:
    """By a key that the root key has ended meanwhile."""
    before, stolen = bed.keys(), bed.online
    bed.online, bed.keys_version = SigningKey.generate(), 2
    bed.ask("2")
    bed.run()
    return bed.ask("3", issued_at=NOW + 1, key=stolen, keys=before)


def without_pin(bed: Bed) -> Request:
    bed.places.key.unlink()
    return bed.ask()


def without_way_back(bed: Bed) -> Request:
    (bed.own / "enseigne-player_1.deb").write_bytes(b"rotten")
    return bed.ask()


def other_computer(bed: Bed) -> Request:
    """Newer than what was obeyed here, and signed by the same server."""
    bed.ask("2")
    bed.run()
    return bed.ask("3", issued_at=NOW + 1, device="e" * 16)


REFUSED: dict[str, tuple[Callable[[Bed], Request], str]] = {
    "forged": (lambda bed: bed.ask(key=SigningKey.generate()), "does not list this key"),
    "another root": (other_root, "for another server's key"),
    "another kind": (lambda bed: bed.ask(kind="reload"), "not about an update"),
    "overdue": (overdue, "too late"),
    "older": (older, "has been begun already"),
    "other computer": (other_computer, "for another computer"),
    "no computer": (lambda bed: bed.ask(device=None), "older than this player"),
    "again": (the_same_again, "has been begun already"),
    "ended key": (old_keys, "older than the one held"),
    "hash": (lambda bed: bed.ask(sha256="0" * 64), "not the one that the server signed"),
    "longer": (lambda bed: bed.ask(bytes=5), "over 5 bytes"),
    "huge": (lambda bed: bed.ask(bytes=1 << 40), "whole number"),
    "name": (lambda bed: bed.ask(data=package("2", name="sudo")), "no package enseigne-player 2"),
    "version": (lambda bed: bed.ask("2", data=package("9")), "no package enseigne-player 2"),
    "path": (lambda bed: bed.ask("../2"), "version of a Debian package"),
    "no pin": (without_pin, "run the installer again"),
    "no way back": (without_way_back, "no way back"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused_changes_nothing(bed: Bed, why: str) -> None:
    make, said = REFUSED[why]
    request = make(bed)
    before, held, asked = bed.system.state, load(bed.own), list(bed.system.asked)
    result = bed.run()
    assert (result.request, result.state) == (request.id, "refused")
    assert said in result.said
    assert result.detail["rolled_back"] is False
    assert (bed.system.state, bed.system.asked) == (before, asked)
    assert load(bed.own).obeyed_at == held.obeyed_at


def test_a_clock_that_nobody_keeps_right_judges_no_deadline(bed: Bed) -> None:
    bed.system.clock_ms = None
    overdue(bed)
    assert bed.run().state == "done"
    bed.ask("1.5", issued_at=NOW - 2 * HOUR_MS)
    assert "begun already" in bed.run().said


@pytest.mark.parametrize(("free_mib", "copies"), [(63, 0), (70, 1)])
def test_a_full_disk_is_told_before_anything_is_changed(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, free_mib: int, copies: int
) -> None:
    taken = []
    take = updater.take_package
    monkeypatch.setattr(updater, "take_package", lambda *at: taken.append(1) or take(*at))
    bed.system.free = free_mib * 1024 * 1024
    bed.ask("2")
    result = bed.run()
    assert result.state == "failed"
    assert "The disk lacks" in result.said
    assert (len(taken), bed.system.asked) == (copies, [])


def test_a_disk_that_does_not_answer_is_told_and_nothing_is_changed(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.ask("2")

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(updater.shutil, "copytree", broken)
        result = bed.run()
    assert (result.state, result.detail["rolled_back"]) == ("failed", False)
    assert not bed.system.asked
    bed.ask("2", issued_at=NOW + 1)
    assert bed.run().state == "done"


def test_another_root_key_pinned_by_the_installer_begins_anew(bed: Bed) -> None:
    bed.ask("2")
    bed.run()
    bed.root = SigningKey.generate()
    bed.places.key.write_text(bed.root.x)
    bed.ask("3", issued_at=NOW - 1, device="e" * 16)
    assert bed.run().state == "done"


def test_moved_to_another_screen_it_is_the_same_computer(bed: Bed) -> None:
    bed.ask("2")
    bed.run()
    bed.ask("3", issued_at=NOW + 1, screen="prado-1")
    assert bed.run().state == "done"


def test_a_new_key_of_the_computer_is_believed_once_the_installer_ran(bed: Bed) -> None:
    bed.ask("2")
    bed.run()
    bed.ask("3", issued_at=NOW + 1, device="e" * 16)
    assert "run the installer" in bed.run().said
    bed.updater.pin(bed.root.x)
    bed.ask("3", issued_at=NOW, device="e" * 16)
    assert "begun already" in bed.run().said, "what was obeyed is not forgotten"
    bed.ask("3", issued_at=NOW + 2, device="e" * 16)
    assert bed.run().state == "done"
    bed.ask("4", issued_at=NOW + 3)
    assert "another computer" in bed.run().said


def test_a_record_of_before_computers_were_told_apart_is_read(bed: Bed) -> None:
    written = json.loads((bed.own / records.NAME).read_bytes())
    del written["device"]
    (bed.own / records.NAME).write_text(json.dumps(written))
    bed.ask("2")
    assert bed.run().state == "done"
    assert load(bed.own).device == DEVICE


def link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def test_no_link_is_followed(bed: Bed, tmp_path: Path) -> None:
    data = package("2")
    secret = tmp_path / "secret"
    secret.write_bytes(data)
    request = bed.ask("2")
    link(bed.agent / PACKAGES / sha256(data), secret)
    assert "no plain file" in bed.run().said

    bed.hand(request)
    link(bed.agent / REQUEST, secret)
    assert bed.run().state == "refused"
    assert secret.read_bytes() == data

    folder = bed.agent / PACKAGES
    folder.rename(tmp_path / "moved")
    link(folder, tmp_path / "moved")
    bed.ask("3", issued_at=NOW + 1)
    assert "no plain file" in bed.run().said
    assert bed.system.installed() == "1"


@pytest.mark.parametrize("what", ["pipe", "folder", "endless", "nonsense"])
def test_whatever_lies_there_instead_of_a_request_is_taken_away(bed: Bed, what: str) -> None:
    place = bed.agent / REQUEST
    if what == "pipe":
        os.mkfifo(place)
    elif what == "folder":
        (place / "inner").mkdir(parents=True)
    elif what == "endless":
        place.write_bytes(b" " * (MAX_REQUEST_BYTES + 1))
    else:
        place.write_bytes(b"{")
    assert bed.run().state == "refused"


def test_nothing_asked_nothing_done(bed: Bed) -> None:
    assert bed.updater.run() is None


def test_what_was_asked_before_the_machine_started_anew_is_passed_over(bed: Bed) -> None:
    """Nobody may know the time yet: the agent asks again once it does."""
    request = bed.ask("2")
    bed.system.life_of_machine = "second"
    assert bed.updater.run() is None
    assert not (bed.agent / REQUEST).exists()
    bed.hand(replace(request, boot="second"))
    assert bed.run().state == "done"


def test_an_answer_is_given_again_where_it_was_cut_off(bed: Bed) -> None:
    request = bed.ask("2")
    result = bed.run()
    asked = list(bed.system.asked)
    bed.hand(request)
    assert bed.run() == result
    assert bed.system.asked == asked


def test_going_back_that_fails_is_told_and_tried_again(bed: Bed) -> None:
    bed.ask("2", "mute")
    install = bed.system.install

    def once(deb: Path) -> object:
        told = install(deb)
        bed.system.dpkg_works = False
        return told

    bed.system.install = once  # type: ignore[method-assign, assignment]
    result = bed.updater.run()
    assert result is not None
    assert result.detail["rolled_back"] is False
    assert "at each start" in result.said
    bed.system.dpkg_works, bed.system.install = True, install  # type: ignore[method-assign]
    assert bed.updater.undo("The computer was restarted.")
    assert bed.system.installed() == "1"
    assert bed.told().detail["rolled_back"] is True


def test_only_the_package_that_is_installed_is_kept(bed: Bed) -> None:
    other = bed.folder / "other.deb"
    other.write_bytes(package("7"))
    with pytest.raises(Refused, match="not the package that is installed"):
        bed.updater.keep(other)
    bed.system.put(package("7"))
    assert bed.updater.kept() == ""
    bed.updater.keep(other)
    assert bed.updater.kept() == "7"
    bed.system.put(package("1"))
    assert bed.updater.kept() == "1", "gone back by hand, the way is kept too"
    bed.ask("8")
    assert bed.run().state == "done"
    assert set(load(bed.own).kept) == {"1", "8"}


@pytest.mark.parametrize(
    "wrong", [b"", b"[]", b'{"v":1}', json.dumps({"v": 1, "kept": [["1"]]}).encode()]
)
def test_a_damaged_record_ends_updates_until_the_installer_ran(bed: Bed, wrong: bytes) -> None:
    write_atomic(bed.own / records.NAME, wrong)
    with pytest.raises(Invalid, match="installer"):
        load(bed.own)
    request = bed.ask()
    result = bed.updater.run()
    assert result is not None
    assert (result.request, result.state) == (request.id, "refused")
    bed.system.put(package("1"), "half")
    with pytest.raises(Invalid, match="installer"):
        bed.updater.undo("The computer was restarted.")
    assert bed.system.installed() == "1", "what was unpacked is made whole"
    bed.updater.keep(bed.folder / "first.deb")
    bed.ask()
    assert bed.run().state == "done"
