"""The owner's link, sessions and tokens, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from playlists.ids import sha256
from server.app import build_context, prepare
from server.config import Settings
from server.db.models import AuditRow, TokenRow
from server.errors import BadInput, Forbidden, NotFound, Unauthenticated
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.entry import ended, people, tokens
from tests.support.record import TestClock


def secret_of(link: str) -> str:
    """What stands at the end of an owner link."""
    return link.rpartition("/")[2]


def test_of_many_who_follow_the_link_at_once_one_comes_in(any_ctx: Context) -> None:
    secret = secret_of(people.owner_link(any_ctx))
    gate = threading.Barrier(5)

    def follow(_: int) -> bool:
        gate.wait()
        try:
            people.redeem_owner_link(any_ctx, secret)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(follow, range(5))) == [False] * 4 + [True]


def test_a_new_link_stops_the_older_and_the_owner_stays_one(any_ctx: Context) -> None:
    old, new = (secret_of(people.owner_link(any_ctx)) for _ in range(2))
    with pytest.raises(Unauthenticated):
        people.redeem_owner_link(any_ctx, old)
    first = people.redeem_owner_link(any_ctx, new)
    again = people.redeem_owner_link(any_ctx, secret_of(people.owner_link(any_ctx)))
    assert first.actor == again.actor
    assert first.actor.scopes == ALL_SCOPES
    assert people.actor_of_session(any_ctx, first.secret) == first.actor


def test_the_first_start_tells_the_link_and_later_ones_do_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    said: list[str] = []
    prepare(settings, said.append)
    assert "http://127.0.0.1:8080/start/" in said[0]
    assert [path.stat().st_mode & 0o777 for path in [tmp_path / "keys"]] == [0o700]
    context = build_context(settings)
    assert not people.has_owner(context)
    secret = next(word for word in said[0].split() if "/start/" in word)
    people.redeem_owner_link(context, secret_of(secret))
    prepare(settings, said.append)
    assert len(said) == 1
    context.db.close()


def test_there_is_no_way_in_without_the_link(any_ctx: Context) -> None:
    for guess in ("", "owner", "admin", "x" * 43):
        with pytest.raises(Unauthenticated):
            people.redeem_owner_link(any_ctx, guess)
        with pytest.raises(Unauthenticated):
            people.actor_of_token(any_ctx, guess)
        with pytest.raises(Unauthenticated):
            people.actor_of_session(any_ctx, guess)


def test_a_token_acts_within_its_rights_and_stores_until_its_end(
    any_ctx: Context, clock: TestClock
) -> None:
    places.create_store(any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris"), "lille")
    end = clock() + 1_000
    issued = people.create_token(any_ctx, SYSTEM, "Till", ["read", "override"], ["lille"], end)
    actor = people.actor_of_token(any_ctx, issued.secret)
    assert (actor.scopes, actor.stores) == ({"read", "override"}, {"lille"})
    assert actor.id == issued.token.id
    clock.advance(1_000)
    with pytest.raises(Unauthenticated, match="expired"):
        people.actor_of_token(any_ctx, issued.secret)


def test_what_is_refused_of_a_token(any_ctx: Context) -> None:
    limited = Actor("m", "Manager", frozenset({"people", "read"}), frozenset({"lille"}))
    with pytest.raises(BadInput):
        people.create_token(any_ctx, SYSTEM, "x", [])
    with pytest.raises(BadInput, match="future"):
        people.create_token(any_ctx, SYSTEM, "x", ["read"], None, 1)
    with pytest.raises(NotFound):
        people.create_token(any_ctx, SYSTEM, "x", ["read"], ["moon"])
    with pytest.raises(Forbidden, match="not: prices"):
        people.create_token(any_ctx, limited, "x", ["prices"], ["lille"])
    with pytest.raises(Forbidden, match="Name the stores"):
        people.create_token(any_ctx, limited, "x", ["read"])
    with pytest.raises(NotFound):
        people.create_token(any_ctx, limited, "x", ["read"], ["prado"])


def test_a_token_that_ends_makes_none_that_outlives_it(any_ctx: Context, clock: TestClock) -> None:
    end = clock() + 1_000
    issued = people.create_token(any_ctx, SYSTEM, "Guest", ["read", "people"], None, end)
    guest = people.actor_of_token(any_ctx, issued.secret)
    for later in (None, end + 1):
        with pytest.raises(Forbidden, match="ends no later"):
            people.create_token(any_ctx, guest, "Forever", ["read"], None, later)
    child = people.create_token(any_ctx, guest, "As long", ["read"], None, end)
    assert child.token.expires_at == end


def test_a_revoked_token_takes_along_what_it_made(any_ctx: Context) -> None:
    """Three levels deep and two wide; the owner's other token, and what that made, stay."""

    def made_by(maker: Actor, name: str) -> people.Issued:
        return people.create_token(any_ctx, maker, name, ["read", "people"])

    def actor(issued: people.Issued) -> Actor:
        return people.actor_of_token(any_ctx, issued.secret)

    top, other = made_by(SYSTEM, "top"), made_by(SYSTEM, "other")
    left, right = made_by(actor(top), "left"), made_by(actor(top), "right")
    below, stays = made_by(actor(left), "below"), made_by(actor(other), "stays")
    late = actor(below)
    people.revoke_token(any_ctx, actor(other), top.token.id)
    for gone in (top, left, right, below):
        with pytest.raises(Unauthenticated):
            actor(gone)
    for kept in (other, stays):
        actor(kept)
    with pytest.raises(Unauthenticated):
        made_by(late, "too late")
    with any_ctx.db.read() as session:
        told = select(AuditRow.subject).where(AuditRow.action == "token.revoke")
        assert len(session.scalars(told).all()) == 4


def test_of_a_token_revoked_while_it_makes_another_nothing_is_left(any_ctx: Context) -> None:
    for _ in range(5):
        issued = people.create_token(any_ctx, SYSTEM, "Maker", ["read", "people"])
        maker = people.actor_of_token(any_ctx, issued.secret)
        gate = threading.Barrier(2)

        def make(maker: Actor = maker, gate: threading.Barrier = gate) -> str:
            gate.wait()
            try:
                return people.create_token(any_ctx, maker, "Made", ["read"]).secret
            except Unauthenticated:
                return ""

        def revoke(token: str = issued.token.id, gate: threading.Barrier = gate) -> None:
            gate.wait()
            people.revoke_token(any_ctx, SYSTEM, token)

        with ThreadPoolExecutor(2) as pool:
            made, _ = pool.submit(make), pool.submit(revoke)
        with pytest.raises(Unauthenticated):
            people.actor_of_token(any_ctx, made.result())


def test_what_is_over_is_forgotten_in_time(any_ctx: Context, clock: TestClock) -> None:
    issued = people.create_token(any_ctx, SYSTEM, "Till", ["read"], None, clock() + 1)
    signed_in = people.redeem_owner_link(any_ctx, secret_of(people.owner_link(any_ctx)))
    people.sign_out(any_ctx, signed_in.secret)
    people.redeem_owner_link(any_ctx, secret_of(people.owner_link(any_ctx)))
    people.owner_link(any_ctx)

    def left() -> tuple[list[str], list[str]]:
        with any_ctx.db.write() as session:
            people.sweep(session, clock())
        with any_ctx.db.read() as session:
            kinds = session.scalars(select(TokenRow.kind).order_by(TokenRow.kind))
            return list(kinds), ended.hashes(session)

    gone = [sha256(signed_in.secret.encode())]
    assert left() == (["api", "owner_link", "session"], gone)
    clock.advance(tokens.SESSION_LIFE_MS)
    assert left() == (["api"], gone)
    clock.advance(ended.LEAVE_LIFE_MS)
    assert left() == (["api"], [])
    assert people.get_token(any_ctx, SYSTEM, issued.token.id).expires_at is not None


def test_a_revoked_token_is_gone_and_a_session_can_be_ended(any_ctx: Context) -> None:
    issued = people.create_token(any_ctx, SYSTEM, "x", ["read"])
    people.revoke_token(any_ctx, SYSTEM, issued.token.id)
    with pytest.raises(Unauthenticated):
        people.actor_of_token(any_ctx, issued.secret)
    with pytest.raises(NotFound):
        people.revoke_token(any_ctx, SYSTEM, issued.token.id)
    signed_in = people.redeem_owner_link(any_ctx, secret_of(people.owner_link(any_ctx)))
    people.sign_out(any_ctx, signed_in.secret)
    people.sign_out(any_ctx, signed_in.secret)
    with pytest.raises(Unauthenticated):
        people.actor_of_session(any_ctx, signed_in.secret)
