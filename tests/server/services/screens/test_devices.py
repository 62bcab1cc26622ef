"""Who may speak for a screen: proofs that count once, tokens, held and revoked devices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from playlists.credentials import sign_proof
from playlists.ids import ScreenId, Sha256
from playlists.signing import SigningKey, kid_of
from playlists.wire.http import PairingRequest, SessionProof
from playlists.wire.signed import Watch
from server.db.models import AuditRow
from server.errors import KEPT_OUT, Conflict, Forbidden, NotFound, Unauthenticated
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.chain.places import create_screen, create_store, update_screen
from server.services.entry import people
from server.services.entry.ended import LEAVE_LIFE_MS
from server.services.screens import devices, pairing, watching
from server.services.screens.devices import Viewer
from tests.support.people import holder
from tests.support.record import TestClock

SCREEN = "lille-window"
LILLE = Actor("lea", "Léa", ALL_SCOPES, frozenset({"lille"}))


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def chain(any_ctx: Context, key: SigningKey) -> Context:
    for store in ("lille", "prado"):
        create_store(any_ctx, SYSTEM, StoreWish(store, "Europe/Paris"), store)
        create_screen(any_ctx, SYSTEM, ScreenWish(f"{store} window", store), f"{store}-window")
    pair(any_ctx, key, SCREEN)
    return any_ctx


def pair(ctx: Context, key: SigningKey, screen: str) -> None:
    given = pairing.begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
    pairing.claim(ctx, SYSTEM, code=given.code, screen_id=screen)


def proof(ctx: Context, key: SigningKey, screen: str = SCREEN) -> SessionProof:
    nonce = devices.session_nonce(ctx, screen)
    return SessionProof(ScreenId(screen), nonce, sign_proof(key, nonce, screen))


def code(refused: pytest.ExceptionInfo[Unauthenticated]) -> str:
    return refused.value.code


def test_a_proof_gives_a_token_that_speaks_for_the_screen(chain: Context, key: SigningKey) -> None:
    given = devices.prove(chain, proof(chain, key))
    assert given.expires_at == chain.clock() + 3_600_000
    assert devices.authenticate(chain, given.token) == Viewer((SCREEN,), kid_of(key.public))


def test_a_proof_counts_once(chain: Context, key: SigningKey, clock: TestClock) -> None:
    said = proof(chain, key)
    devices.prove(chain, said)
    clock.advance(1)
    with pytest.raises(Unauthenticated) as refused:
        devices.prove(chain, said)
    assert code(refused) == "nonce"
    devices.prove(chain, proof(chain, key))


def test_a_proof_comes_in_time_and_for_its_own_screen(
    chain: Context, key: SigningKey, clock: TestClock
) -> None:
    late = proof(chain, key)
    clock.advance(devices.PROVE_WITHIN_MS)
    foreign = proof(chain, key, "prado-window")
    moved = SessionProof(ScreenId(SCREEN), foreign.nonce, sign_proof(key, foreign.nonce, SCREEN))
    made_up = SessionProof(ScreenId(SCREEN), "A" * 43, sign_proof(key, "A" * 43, SCREEN))
    for said in (late, moved, made_up):
        with pytest.raises(Unauthenticated) as refused:
            devices.prove(chain, said)
        assert code(refused) == "nonce"


def test_another_key_proves_nothing(chain: Context) -> None:
    with pytest.raises(Unauthenticated) as refused:
        devices.prove(chain, proof(chain, SigningKey.generate()))
    assert code(refused) == "bad_signature"
    with pytest.raises(Unauthenticated) as refused:
        devices.prove(chain, proof(chain, SigningKey.generate(), "prado-window"))
    assert code(refused) == "unknown_screen"


def test_a_replaced_device_loses_its_token_and_its_key(
    chain: Context, key: SigningKey, clock: TestClock
) -> None:
    token = devices.prove(chain, proof(chain, key)).token
    clock.advance(1_000)
    new = SigningKey.generate()
    pair(chain, new, SCREEN)
    with pytest.raises(Unauthenticated) as refused:
        devices.authenticate(chain, token)
    assert code(refused) == "replaced"
    with pytest.raises(Unauthenticated) as refused:
        devices.prove(chain, proof(chain, key))
    assert code(refused) == "bad_signature"
    assert devices.authenticate(chain, devices.prove(chain, proof(chain, new)).token).device


def test_a_copied_key_holds_both_and_the_owner_is_told(
    chain: Context, key: SigningKey, clock: TestClock
) -> None:
    token = devices.prove(chain, proof(chain, key)).token
    with chain.db.read() as session:
        before = devices.stamp(session)
    assert devices.hold(chain, SCREEN)
    assert not devices.hold(chain, SCREEN)
    clock.advance(1)
    with pytest.raises(Forbidden):
        devices.authenticate(chain, token)
    with pytest.raises(Forbidden) as refused:
        devices.prove(chain, proof(chain, key))
    assert (refused.value.code, refused.value.message) == ("cloned_key", KEPT_OUT["cloned_key"])
    with chain.db.read() as session:
        assert devices.stamp(session) != before
        assert [row.held for row in devices.directory(session)] == [True]
        told = session.scalars(select(AuditRow).where(AuditRow.action == "device.hold")).one()
        assert told.subject == f"screen:{SCREEN}"
    devices.release(chain, LILLE, SCREEN)
    devices.authenticate(chain, token)
    with pytest.raises(Conflict):
        devices.release(chain, LILLE, SCREEN)


def test_a_revoked_device_is_out_at_once(chain: Context, key: SigningKey) -> None:
    token = devices.prove(chain, proof(chain, key)).token
    with chain.db.read() as session:
        before = devices.stamp(session)
    devices.revoke(chain, LILLE, SCREEN)
    with pytest.raises(Unauthenticated):
        devices.authenticate(chain, token)
    with chain.db.read() as session:
        assert devices.stamp(session) != before
        assert devices.directory(session) == []
    with pytest.raises(NotFound):
        devices.revoke(chain, LILLE, SCREEN)


def test_nobody_settles_devices_of_other_stores(chain: Context) -> None:
    pair(chain, SigningKey.generate(), "prado-window")
    for act in (devices.revoke, devices.release):
        with pytest.raises(NotFound):
            act(chain, LILLE, "prado-window")


def test_the_directory_names_keys_and_stores(chain: Context, key: SigningKey) -> None:
    with chain.db.read() as session:
        (row,) = devices.directory(session)
        assert devices.directory(session, ["prado-window"]) == []
        assert devices.directory(session, [SCREEN]) == [row]
    assert row.to_row() == [SCREEN, key.x, "lille", [], False]


def test_a_page_follows_the_screens_that_its_reader_sees_for_a_while(
    chain: Context, clock: TestClock
) -> None:
    lille = holder(chain, ["lille"])
    token = watching.watch_token(chain, lille, life_ms=60_000)
    assert devices.authenticate(chain, token) == Viewer((SCREEN,))
    both = watching.watch_token(chain, holder(chain), life_ms=60_000)
    assert devices.authenticate(chain, both).screens == (SCREEN, "prado-window")
    with pytest.raises(NotFound):
        watching.watch_token(chain, lille, life_ms=60_000, screens=["prado-window"])
    with pytest.raises(Forbidden):
        watching.watch_token(chain, Actor("x", "X", frozenset()), life_ms=60_000)
    clock.advance(60_000)
    with pytest.raises(Unauthenticated):
        devices.authenticate(chain, token)


def test_nothing_follows_screens_that_nobody_could_end(chain: Context) -> None:
    for actor in (SYSTEM, LILLE, replace(SYSTEM, under="0" * 64)):
        with pytest.raises(Unauthenticated):
            watching.watch_token(chain, actor, life_ms=60_000)


def test_what_follows_screens_ends_with_the_token_or_session_it_was_given_under(
    chain: Context, clock: TestClock
) -> None:
    issued = people.create_token(chain, SYSTEM, "Till", ["read"], None, clock() + 30_000)
    short = watching.watch_token(
        chain, people.actor_of_token(chain, issued.secret), life_ms=LEAVE_LIFE_MS
    )
    owner = people.redeem_owner_link(chain, people.owner_link(chain).rpartition("/")[2])
    signed_in = people.actor_of_session(chain, owner.secret)
    long = watching.watch_token(chain, signed_in, life_ms=LEAVE_LIFE_MS)
    assert devices.authenticate(chain, short).screens == devices.authenticate(chain, long).screens
    people.sign_out(chain, owner.secret)
    with pytest.raises(Unauthenticated):
        devices.authenticate(chain, long)
    devices.authenticate(chain, short)
    clock.advance(30_000)
    with pytest.raises(Unauthenticated, match="over"):
        devices.authenticate(chain, short)


def test_a_screen_that_moves_away_is_followed_no_more(chain: Context) -> None:
    token = watching.watch_token(chain, holder(chain, ["lille"]), life_ms=60_000)
    update_screen(chain, SYSTEM, SCREEN, ScreenWish("lille window", "prado"))
    assert devices.authenticate(chain, token).screens == ()


def test_a_watch_signed_by_another_installation_is_none(chain: Context) -> None:
    from playlists.signing import sign

    under = Sha256(holder(chain).under)
    watch = Watch((ScreenId(SCREEN),), chain.clock() + 60_000, under)
    forged = sign("watch", watch.to_json(), SigningKey.generate())
    with pytest.raises(Unauthenticated):
        devices.authenticate(chain, forged)
