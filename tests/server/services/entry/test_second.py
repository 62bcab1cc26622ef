"""The second factor with real codes of RFC 6238, computed apart from the server."""

from __future__ import annotations

import hashlib
import hmac
import struct
from base64 import b32decode

import pytest

from server.db.models import AccountRow
from server.errors import BadInput, Forbidden, TooMany, Unauthenticated
from server.services.base.context import Context
from server.services.entry import accounts, people, second, signing_in
from server.services.entry.signing_in import Waiting
from server.services.entry.tokens import SignedIn
from tests.server.services.entry.crew import Crew, crew
from tests.support.record import TestClock

STEP_MS = 30_000


def code_at(key: str, now_ms: int) -> str:
    """RFC 6238's code, as an app shows it."""
    bare = key.replace("-", "")
    secret = b32decode(bare + "=" * (-len(bare) % 8))
    mac = hmac.new(secret, struct.pack(">Q", now_ms // STEP_MS), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def with_app(here: Crew, name: str) -> tuple[str, list[str]]:
    """Someone who joined and set up an app; its key and the recovery codes."""
    who = here.join(name, "viewer")
    setup = second.begin(here.ctx, who)
    assert setup.uri.startswith("otpauth://totp/")
    codes = second.confirm(here.ctx, who, code_at(setup.key, here.ctx.clock()))
    here.ctx.clock.advance(STEP_MS)  # type: ignore[attr-defined]
    return setup.key, codes


def test_the_password_alone_no_longer_comes_in(any_ctx: Context, clock: TestClock) -> None:
    here = crew(any_ctx)
    key, _ = with_app(here, "awa")
    waiting = here.sign_in("awa")
    assert isinstance(waiting, Waiting)
    with pytest.raises(Unauthenticated):
        people.actor_of_session(any_ctx, waiting.secret)
    came = signing_in.by_code(any_ctx, waiting.secret, code_at(key, clock()), "")
    assert isinstance(came, SignedIn)
    with pytest.raises(Unauthenticated, match="too long"):
        signing_in.by_code(any_ctx, waiting.secret, code_at(key, clock() + STEP_MS), "")


def test_a_code_counts_once(any_ctx: Context, clock: TestClock) -> None:
    here = crew(any_ctx)
    key, _ = with_app(here, "awa")
    code = code_at(key, clock())
    signing_in.by_code(any_ctx, here.sign_in("awa").secret, code, "")
    with pytest.raises(Unauthenticated) as used:
        signing_in.by_code(any_ctx, here.sign_in("awa").secret, code, "")
    assert used.value.code == "wrong_code"


def test_a_recovery_code_counts_once_however_it_is_typed(any_ctx: Context) -> None:
    here = crew(any_ctx)
    _, codes = with_app(here, "awa")
    assert len(set(codes)) == 10
    typed = codes[0].upper().replace("-", " ")
    signing_in.by_code(any_ctx, here.sign_in("awa").secret, typed, "")
    with pytest.raises(Unauthenticated):
        signing_in.by_code(any_ctx, here.sign_in("awa").secret, codes[0], "")
    signing_in.by_code(any_ctx, here.sign_in("awa").secret, codes[1], "")


def test_trying_codes_takes_longer_each_time(any_ctx: Context, clock: TestClock) -> None:
    here = crew(any_ctx)
    key, _ = with_app(here, "awa")
    waiting = here.sign_in("awa").secret
    for _ in range(second.WRONG_FREE):
        with pytest.raises(Unauthenticated):
            signing_in.by_code(any_ctx, waiting, "000 00", "")
    for wait_s in (60, 120, 240):
        with pytest.raises(TooMany) as refused:
            signing_in.by_code(any_ctx, waiting, code_at(key, clock()), "")
        assert refused.value.retry_after_s == wait_s
        clock.advance(wait_s * 1000)
        if wait_s < 240:
            with pytest.raises(Unauthenticated):
                signing_in.by_code(any_ctx, waiting, "000 00", "")
    signing_in.by_code(any_ctx, waiting, code_at(key, clock()), "")


def test_a_wait_for_the_code_ends(any_ctx: Context, clock: TestClock) -> None:
    here = crew(any_ctx)
    key, _ = with_app(here, "awa")
    waiting = here.sign_in("awa").secret
    clock.advance(10 * 60_000)
    with pytest.raises(Unauthenticated, match="too long"):
        signing_in.by_code(any_ctx, waiting, code_at(key, clock()), "")


def test_an_app_counts_only_once_its_code_came_back(any_ctx: Context, clock: TestClock) -> None:
    here = crew(any_ctx)
    awa = here.join("awa", "viewer")
    key = second.begin(any_ctx, awa).key
    assert second.begin(any_ctx, awa).key == key
    with pytest.raises(BadInput):
        second.confirm(any_ctx, awa, "000 00")
    assert isinstance(here.sign_in("awa"), SignedIn)
    with any_ctx.db.read() as session:
        assert key.replace("-", "") not in session.get_one(AccountRow, awa.id).totp


def test_who_lost_the_phone_asks_an_owner(any_ctx: Context) -> None:
    here = crew(any_ctx)
    with_app(here, "awa")
    luc = here.join("luc", "viewer")
    awa = next(one for one in people_of(here) if one.name == "awa")
    assert awa.two_factor
    with pytest.raises(Forbidden):
        second.remove_of(any_ctx, luc, awa.id)
    second.remove_of(any_ctx, here.owner, awa.id)
    assert isinstance(here.sign_in("awa"), SignedIn)


def people_of(here: Crew) -> tuple[accounts.Person, ...]:
    """Everybody as the owner sees them."""

    return accounts.list_people(here.ctx, here.owner).items
