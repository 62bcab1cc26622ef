"""Single sign-on against a real OpenID provider in a process of its own, good days and bad."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.app import create_app
from server.db.models import AccountRow, ActorRow, AuditRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.entry import accounts, provider
from tests.server.web.conftest import Chain
from tests.server.web.test_doors import csrf
from tests.support import identity_provider
from tests.support.identity_provider import CLIENT_ID, IdentityProvider
from tests.support.record import TestClock

EN = {"Accept-Language": "en"}
SECRET = "a long word that both sides keep"
AWA = {"email": "awa@pluvier.example", "email_verified": True, "name": "Awa Ndiaye"}
HOST = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def op() -> Iterator[IdentityProvider]:
    """The provider, for all tests here."""
    started = identity_provider.start(HOST + provider.BACK, SECRET)
    yield started
    started.stop()


class Work(Chain):
    """A chain whose browsers share one application."""

    @cached_property
    def app(self) -> Flask:
        """That."""
        return create_app(self.ctx)

    def browser(self) -> FlaskClient:
        """A browser that nobody signed in with."""
        return self.app.test_client()


@pytest.fixture
def work(ctx: Context, clock: TestClock, op: IdentityProvider) -> Work:
    """Two stores, whose people may come in through it as viewers; the hour is the real one."""
    chain = Work(ctx, clock)
    for store, region in (("lille", "nord"), ("prado", "sud")):
        wish = StoreWish(store.title(), "Europe/Paris", regions=frozenset({region}))
        places.create_store(ctx, SYSTEM, wish, store)
    settings = ctx.settings
    settings.sso_issuer, settings.sso_client_id = op.issuer, CLIENT_ID
    settings.sso_client_secret, settings.sso_name = SECRET, "Pluvier"
    settings.sso_default_role = "viewer"
    chain.clock.now = time.time_ns() // 1_000_000
    op.be("awa", claims=AWA)
    provider._kept().clear()
    return chain


def there(client: FlaskClient, path: str = "/sign-in/sso") -> str:
    """Set out; the address at the provider."""
    answer = client.get(path, headers=EN)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def walk(op: IdentityProvider, client: FlaskClient, path: str = "/sign-in/sso") -> TestResponse:
    """There and back again."""
    return home(client, op.visit(there(client, path)))


def home(client: FlaskClient, back: str) -> TestResponse:
    """Follow the provider's redirect to us."""
    assert back.startswith(HOST + provider.BACK)
    return client.get(back.removeprefix(HOST), headers=EN)


def refused(answer: TestResponse, said: str, status: int = 401) -> None:
    """Nobody came in, and the sentence stands on the page for signing in."""
    assert (answer.status_code, "enseigne_session=" in str(answer.headers)) == (status, False)
    assert said in html.unescape(answer.text)
    assert "Continue with" in answer.text


def rows(chain: Chain, table: Any) -> list[Any]:
    with chain.ctx.db.read() as session:
        return list(session.scalars(select(table)))


def test_the_button_is_there_where_it_works_only(work: Work) -> None:
    assert "Continue with Pluvier" in work.browser().get("/sign-in", headers=EN).text
    assert "Continuer avec Pluvier" in work.browser().get("/sign-in?next=/me").text
    work.ctx.settings.sso_issuer = ""
    assert "sso" not in work.browser().get("/sign-in", headers=EN).text
    off = work.browser().get("/sign-in/sso", headers=EN)
    assert off.status_code == 404
    assert "Single sign-on is not set up here." in off.text


def test_the_first_time_makes_the_person_and_the_next_knows_them(
    work: Work, op: IdentityProvider
) -> None:
    client = work.browser()
    url = there(client)
    asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    came = home(client, op.visit(url))
    assert (came.status_code, came.headers["Location"]) == (303, "/wall")
    assert "Awa Ndiaye" in client.get("/me", headers=EN).text
    assert "Viewer, for the whole chain" in html.unescape(client.get("/me", headers=EN).text)
    op.be("awa", claims={**AWA, "email": "awa.ndiaye@pluvier.example", "email_verified": False})
    again = walk(op, work.browser(), "/sign-in/sso?next=/me")
    assert again.headers["Location"] == "/me"
    assert len([one for one in rows(work, AccountRow) if one.subject]) == 1
    done = [one.action for one in rows(work, AuditRow) if one.action.startswith("people.s")]
    assert done == ["people.sso_new", "people.sso_tie", "people.sign_in", "people.sign_in"]


def test_whom_the_owner_invited_keeps_their_part(work: Work, op: IdentityProvider) -> None:
    accounts.invite(work.ctx, SYSTEM, "Awa", "awa@pluvier.example", "manager", ["lille"])
    work.ctx.settings.sso_default_role = ""
    client = work.browser()
    assert walk(op, client).headers["Location"] == "/store"
    assert "Store manager, for Lille" in html.unescape(client.get("/me", headers=EN).text)


def test_nobody_is_made_where_no_role_is_set(work: Work, op: IdentityProvider) -> None:
    work.ctx.settings.sso_default_role = ""
    refused(walk(op, work.browser()), "Nobody has invited you here yet.")


@pytest.mark.parametrize("verified", [False, None, 1])
def test_an_address_that_is_not_confirmed_ties_to_nobody(
    work: Work, op: IdentityProvider, verified: object
) -> None:
    accounts.invite(work.ctx, SYSTEM, "Awa", "awa@pluvier.example", "owner")
    op.be("awa", claims={**AWA, "email_verified": verified})
    refused(walk(op, work.browser()), "Your email address is not confirmed")


def test_another_subject_with_the_same_address_is_someone_else(
    work: Work, op: IdentityProvider
) -> None:
    walk(op, work.browser())
    op.be("impostor", claims=AWA)
    refused(walk(op, work.browser()), "Your address belongs to someone else here.")


def test_who_was_let_go_stays_out(work: Work, op: IdentityProvider) -> None:
    walk(op, work.browser())
    [awa] = [one.actor_id for one in rows(work, AccountRow) if one.subject]
    accounts.dismiss(work.ctx, SYSTEM, awa)
    refused(walk(op, work.browser()), "You are no longer among the people here.")


def test_groups_of_the_provider_say_what_people_may_do(work: Work, op: IdentityProvider) -> None:
    settings = work.ctx.settings
    settings.sso_scopes, settings.sso_role_claim = "openid email profile work", "groups"
    settings.sso_roles = {"Signage": "marketing", "Filiale": "manager"}
    settings.sso_stores_claim, settings.sso_default_role = "stores", ""
    op.be("awa", claims={**AWA, "groups": ["Compta", "Filiale"], "stores": "lille"})
    walk(op, work.browser())
    op.be("awa", claims={**AWA, "groups": ["Signage"], "stores": ["lille", "prado"]})
    walk(op, work.browser())
    [awa] = [one for one in rows(work, ActorRow) if one.name == "Awa Ndiaye"]
    assert (awa.role, awa.stores) == ("marketing", ["lille", "prado"])
    [change] = [one for one in rows(work, AuditRow) if one.action == "people.change"]
    assert (change.before["role"], change.after["role"]) == ("manager", "marketing")
    op.be("awa", claims={**AWA, "groups": ["Filiale"]})
    refused(walk(op, work.browser()), "The sign-in service names no store for you.")
    op.be("awa", claims={**AWA, "groups": ["Compta"]})
    refused(walk(op, work.browser()), "The sign-in service gives you nothing to do here.")


def test_a_way_is_walked_once_and_by_the_browser_that_set_out(
    work: Work, op: IdentityProvider
) -> None:
    client, late = work.browser(), "That took too long. Begin again."
    back = op.visit(there(client))
    refused(home(work.browser(), back), late)
    stolen = client.get_cookie("enseigne_way")
    assert stolen
    assert home(client, back).status_code == 303
    client.set_cookie("enseigne_way", stolen.value)
    refused(client.get(back.removeprefix(HOST), headers=EN), late)
    other = work.browser()
    there(other)
    refused(home(other, back), late)
    slow = work.browser()
    back = op.visit(there(slow))
    work.clock.advance(11 * 60_000)
    refused(home(slow, back), late)


def test_a_provider_that_calls_itself_otherwise(work: Work, op: IdentityProvider) -> None:
    work.ctx.settings.sso_issuer = op.issuer.replace("127.0.0.1", "localhost")
    unfit = "The sign-in service’s answer does not hold."
    refused(work.browser().get("/sign-in/sso", headers=EN), unfit)


@pytest.mark.parametrize(
    "wrong", [{"issuer": "https://evil.example"}, {"lifetime": -3600}], ids=["issuer", "expired"]
)
def test_a_token_that_does_not_hold(
    work: Work, op: IdentityProvider, wrong: dict[str, object]
) -> None:
    client = work.browser()
    back = op.visit(there(client))
    op.be("awa", claims=AWA, **wrong)
    refused(home(client, back), "The sign-in service’s answer does not hold.")
    assert [one for one in rows(work, AccountRow) if one.subject] == []


def test_the_code_of_another_way(work: Work, op: IdentityProvider) -> None:
    mine, other = work.browser(), work.browser()
    code = parse_qs(urlsplit(op.visit(there(other))).query)["code"][0]
    state = parse_qs(urlsplit(there(mine)).query)["state"][0]
    answer = mine.get(f"{provider.BACK}?{urlencode({'code': code, 'state': state})}", headers=EN)
    refused(answer, "The sign-in service’s answer does not hold.")


def test_who_was_not_let_in_there(work: Work) -> None:
    client = work.browser()
    state = parse_qs(urlsplit(there(client)).query)["state"][0]
    answer = client.get(f"{provider.BACK}?error=access_denied&state={state}", headers=EN)
    refused(answer, "You did not sign in at the sign-in service")


def test_a_provider_that_is_slow_or_away(work: Work, op: IdentityProvider) -> None:
    away = "The sign-in service does not answer."
    client = work.browser()
    back = op.visit(there(client))
    op.be("awa", claims=AWA, wait=5)
    work.ctx.settings.sso_timeout_s = 0.3
    refused(home(client, back), away, 503)
    work.ctx.settings.sso_issuer = "http://127.0.0.1:9"
    refused(work.browser().get("/sign-in/sso", headers=EN), away, 503)


def test_setting_out_again_and_again_is_made_to_wait(work: Work) -> None:
    work.ctx.settings.stranger_per_minute = 2
    client = work.browser()
    assert [client.get("/sign-in/sso").status_code for _ in range(3)] == [303, 303, 429]


def test_signing_out_offers_to_sign_out_there_too(work: Work, op: IdentityProvider) -> None:
    client = work.browser()
    walk(op, client)
    word = csrf(client.get("/wall").text)
    left = client.post("/sign-out", data={"csrf": word}, headers=EN).text
    assert "Sign out of Pluvier too" in left
    assert f'href="{op.issuer}/session?client_id={CLIENT_ID}' in left
    owner = work.owner()
    left = owner.client.post("/sign-out", data={"csrf": csrf(owner.text("/wall"))}).text
    assert op.issuer not in left


def test_the_code_of_an_app_is_still_asked_for(work: Work, op: IdentityProvider) -> None:
    walk(op, work.browser())
    with work.ctx.db.write() as session:
        account = session.scalars(select(AccountRow).where(AccountRow.subject.is_not(None))).one()
        account.totp_on = True
    answer = walk(op, work.browser())
    assert answer.headers["Location"].startswith("/sign-in/code")


def test_signing_in_leads_nowhere_else(work: Work, op: IdentityProvider) -> None:
    away = walk(op, work.browser(), "/sign-in/sso?next=//evil.example")
    assert away.headers["Location"] == "/wall"
