"""How a device becomes a screen, and what goes wrong on the way."""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from media.qr import svg
from playlists.credentials import ALPHABET
from playlists.signing import SigningKey
from playlists.wire.http import PairingGiven, PairingRequest
from server.db.models import AuditRow, DeviceRow, PairingRow, ScreenRow, ScreenStateRow
from server.errors import BadInput, Conflict, Forbidden, NotFound, TooMany, Unauthenticated
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.chain.places import create_screen, create_store
from server.services.screens import commands, devices, pairing
from tests.support.record import TestClock

LILLE = Actor("lea", "Léa", ALL_SCOPES, frozenset({"lille"}))
LIFE_MS = 900_000
WHILE_S = 0.1
"""Enough for another person's claim, if it does not wait."""


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    for store in ("lille", "prado"):
        create_store(any_ctx, SYSTEM, StoreWish(store, "Europe/Paris"), store)
        create_screen(any_ctx, SYSTEM, ScreenWish(f"{store} window", store), f"{store}-window")
    return any_ctx


def ask(ctx: Context, key: SigningKey | None = None, origin: str = "10.0.0.7") -> PairingGiven:
    key = key or SigningKey.generate()
    return pairing.begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920), {"video": True}), origin)


def device(ctx: Context, screen: str = "lille-window") -> bytes | None:
    with ctx.db.read() as session:
        row = session.get(DeviceRow, screen)
        return row.public_key if row is not None else None


def told(ctx: Context) -> list[str]:
    with ctx.db.read() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id))
        return [action for action in actions if action.startswith("device.")]


def test_a_code_is_claimed_and_the_device_learns_its_screen_and_whom_to_believe(
    chain: Context,
) -> None:
    key = SigningKey.generate()
    given = ask(chain, key)
    assert set(given.code.replace("-", "")) <= set(ALPHABET)
    assert pairing.poll(chain, given.pairing, given.secret) is None
    typed = given.code.replace("-", " ").lower()
    claimed = pairing.claim(chain, LILLE, code=typed, screen_id="lille-window")
    assert (claimed.device, claimed.replaced) == ("Pi", False)
    assert claimed.fingerprint == given.fingerprint == chain.keys.fingerprint
    paired = pairing.poll(chain, given.pairing, given.secret)
    assert paired is not None
    assert (paired.screen, paired.root.x) == ("lille-window", chain.keys.root_x)
    assert paired == pairing.poll(chain, given.pairing, given.secret)
    assert device(chain) == key.public
    assert told(chain) == ["device.pair"]


def test_the_secret_is_needed_to_learn_it(chain: Context) -> None:
    given = ask(chain)
    pairing.claim(chain, SYSTEM, code=given.code, screen_id="lille-window")
    with pytest.raises(Unauthenticated):
        pairing.poll(chain, given.pairing, "guess")
    with pytest.raises(NotFound):
        pairing.poll(chain, "nothing", given.secret)


def test_a_code_lapses(chain: Context, clock: TestClock) -> None:
    given = ask(chain)
    clock.advance(LIFE_MS)
    with pytest.raises(NotFound):
        pairing.claim(chain, SYSTEM, code=given.code, screen_id="lille-window")
    with pytest.raises(NotFound):
        pairing.poll(chain, given.pairing, given.secret)
    assert device(chain) is None


def test_a_code_works_once(chain: Context) -> None:
    given = ask(chain)
    pairing.claim(chain, SYSTEM, code=given.code, screen_id="lille-window")
    with pytest.raises(NotFound):
        pairing.claim(chain, SYSTEM, code=given.code, screen_id="prado-window")


@pytest.mark.parametrize("typed", ["", "ABC", "ABC-DEF-GH", "OIL-000"])
def test_what_is_no_code_is_said_to_be_none(chain: Context, typed: str) -> None:
    with pytest.raises(BadInput):
        pairing.look_up(chain, SYSTEM, typed)


def test_asking_again_voids_the_code_before(chain: Context) -> None:
    key = SigningKey.generate()
    first, second = ask(chain, key), ask(chain, key)
    with pytest.raises(NotFound):
        pairing.look_up(chain, SYSTEM, first.code)
    assert pairing.look_up(chain, SYSTEM, second.code).width == 1080


def test_two_devices_never_show_one_code(chain: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["CCC-CCC", "CCC-CCC", "FFF-FFF"])
    monkeypatch.setattr(pairing, "pairing_code", lambda _: next(codes))
    assert [ask(chain).code, ask(chain).code] == ["CCC-CCC", "FFF-FFF"]


def test_a_screen_paired_anew_has_the_new_device_only(chain: Context, clock: TestClock) -> None:
    old = ask(chain)
    pairing.claim(chain, SYSTEM, code=old.code, screen_id="lille-window")
    with chain.db.write() as session:
        before = devices.stamp(session)
        session.get_one(DeviceRow, "lille-window").caps = {"agent": True}
    asked = commands.send(chain, SYSTEM, "lille-window", "forget")
    key = SigningKey.generate()
    new = ask(chain, key)
    assert pairing.claim(chain, SYSTEM, code=new.code, screen_id="lille-window").replaced
    assert device(chain) == key.public
    with pytest.raises(NotFound):
        pairing.poll(chain, old.pairing, old.secret)
    with chain.db.read() as session:
        assert devices.stamp(session) != before
        assert [row.key for row in devices.directory(session)] == [key.public]
        assert not commands.open_commands(session, clock())
    taken_back = commands.get_command(chain, SYSTEM, "lille-window", asked.id)
    assert taken_back.state == commands.REPLACED, "it was asked of the other device"


def test_a_device_moved_to_another_screen_leaves_the_one_before(chain: Context) -> None:
    key = SigningKey.generate()
    pairing.claim(chain, SYSTEM, code=ask(chain, key).code, screen_id="lille-window")
    pairing.claim(chain, SYSTEM, code=ask(chain, key).code, screen_id="prado-window")
    assert (device(chain), device(chain, "prado-window")) == (None, key.public)
    assert told(chain) == ["device.pair", "device.move", "device.pair"]


def test_a_new_screen_of_the_devices_size_is_made_where_there_is_none(chain: Context) -> None:
    key = SigningKey.generate()
    given = ask(chain, key)
    claimed = pairing.claim(chain, LILLE, code=given.code, store="lille", name="Vitrine")
    with chain.db.read() as session:
        row = session.get_one(ScreenRow, claimed.screen)
        assert (row.name, row.width, row.height) == ("Vitrine", 1080, 1920)
    assert device(chain, claimed.screen) == key.public


def test_a_screen_made_for_a_code_that_is_gone_is_taken_away_again(
    chain: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ask(chain)

    def too_late(*_: object, **__: object) -> None:
        pairing.claim(chain, SYSTEM, code=given.code, screen_id="lille-window")
        return original(*_, **__)

    original = pairing.places.create_screen
    monkeypatch.setattr(pairing.places, "create_screen", too_late)
    with pytest.raises(NotFound):
        pairing.claim(chain, SYSTEM, code=given.code, store="prado", name="Late")
    with chain.db.read() as session:
        assert session.scalars(select(ScreenRow.id).order_by(ScreenRow.id)).all() == [
            "lille-window",
            "prado-window",
        ]


def test_nobody_pairs_beyond_their_stores_or_rights(chain: Context) -> None:
    given = ask(chain)
    with pytest.raises(NotFound):
        pairing.claim(chain, LILLE, code=given.code, screen_id="prado-window")
    with pytest.raises(NotFound):
        pairing.claim(chain, LILLE, code=given.code, store="prado", name="Mine")
    reader = Actor("r", "R", frozenset({"read"}))
    with pytest.raises(Forbidden):
        pairing.claim(chain, reader, code=given.code, screen_id="lille-window")
    with pytest.raises(BadInput):
        pairing.claim(chain, SYSTEM, code=given.code)
    key = SigningKey.generate()
    pairing.claim(chain, SYSTEM, code=ask(chain, key).code, screen_id="prado-window")
    with pytest.raises(NotFound):
        pairing.claim(chain, LILLE, code=ask(chain, key).code, screen_id="lille-window")
    assert device(chain, "prado-window") == key.public


def test_a_copied_key_is_not_paired_again(chain: Context) -> None:
    key = SigningKey.generate()
    pairing.claim(chain, SYSTEM, code=ask(chain, key).code, screen_id="lille-window")
    devices.hold(chain, "lille-window")
    for screen in ("lille-window", "prado-window"):
        with pytest.raises(Conflict):
            pairing.claim(chain, SYSTEM, code=ask(chain, key).code, screen_id=screen)
    pairing.claim(chain, SYSTEM, code=ask(chain).code, screen_id="lille-window")
    with chain.db.read() as session:
        assert session.get_one(DeviceRow, "lille-window").held_reason == ""


def test_a_crowd_of_strangers_is_turned_away(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "MAX_WAITING_PER_ORIGIN", 2)
    monkeypatch.setattr(pairing, "MAX_WAITING", 3)
    for _ in range(2):
        ask(chain)
    with pytest.raises(TooMany):
        ask(chain)
    ask(chain, origin="10.0.0.8")
    with pytest.raises(TooMany):
        ask(chain, origin="10.0.0.9")
    clock.advance(LIFE_MS)
    ask(chain)
    with chain.db.read() as session:
        rows = session.scalars(select(PairingRow)).all()
        assert len(rows) == 1
        assert "10.0.0.7" not in rows[0].origin


def test_of_two_devices_given_one_screen_at_once_the_later_has_it(
    chain: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(chain), ask(chain, SigningKey.generate(), "10.0.0.8")
    late, paired = list[threading.Thread](), list[pairing.Claimed]()
    move = pairing._take_from_others

    def other() -> None:
        claimed = pairing.claim(chain, SYSTEM, code=second.code, screen_id="lille-window")
        paired.append(claimed)

    def meanwhile(*given: Any) -> None:
        if not late:
            late.append(threading.Thread(target=other))
            late[0].start()
            late[0].join(WHILE_S)
        move(*given)

    monkeypatch.setattr(pairing, "_take_from_others", meanwhile)
    pairing.claim(chain, SYSTEM, code=first.code, screen_id="lille-window")
    late[0].join()
    assert [one.replaced for one in paired] == [True]


def test_what_was_wrong_with_one_devices_glass_is_not_said_of_the_next(chain: Context) -> None:
    def wrong() -> int | None:
        with chain.db.read() as session:
            return session.get_one(ScreenStateRow, "lille-window").glass_wrong

    def pair(key: SigningKey) -> None:
        pairing.claim(chain, SYSTEM, code=ask(chain, key).code, screen_id="lille-window")

    key = SigningKey.generate()
    pair(key)
    with chain.db.write() as session:
        session.add(ScreenStateRow(screen_id="lille-window", seen_at=1, report={}, glass_wrong=7))
    pair(key)
    assert wrong() == 7, "the same device's glass is as it was"
    pair(SigningKey.generate())
    assert wrong() is None


@pytest.mark.parametrize(
    ("site", "public", "leads"),
    [
        ("http://10.0.0.2:8000/", "", True),
        ("http://10.0.0.2:8000/", "https://signs.example", True),
        ("http://127.0.0.1:8000/", "", False),
        ("http://localhost:8000/", "", False),
        ("http://[::1]:8000/", "", False),
        ("http://10.0.0.2:8000/", "https://" + "a" * 300 + ".example", False),
    ],
)
def test_a_screen_shows_where_to_type_its_code_if_a_phone_can_get_there(
    chain: Context, site: str, public: str, leads: bool
) -> None:
    ctx = replace(chain, settings=chain.settings.model_copy(update={"public_url": public}))
    asked = PairingRequest(SigningKey.generate().x, "Pi", (1080, 1920))
    given = pairing.begin(ctx, asked, "10.0.0.7", site)
    at = public or site.rstrip("/")
    drawn = b64encode(svg(f"{at}/pair?code={given.code}")).decode() if leads else ""
    assert given.qr.rpartition(",")[2] == drawn
    assert PairingGiven.from_json(given.to_json()) == given
