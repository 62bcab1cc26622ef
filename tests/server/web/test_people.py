"""People come in by password, code and link; are invited, changed and let go; the log tells it."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from server.services.entry import passwords, second
from server.web.entry_words import browser_name
from tests.server.services.entry.crew import OTHER, PASSWORD
from tests.server.services.entry.test_second import STEP_MS, code_at
from tests.server.services.situation.peers import Inbox, mail_server
from tests.server.web.conftest import HOUR_MS, Chain, Reader

EN = {"Accept-Language": "en"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
FORM = {"name": "Bo", "email": "bo@pluvier.example", "role": "viewer", "reach": "stores"}
ROOMS = ("/people", "/me", "/audit", "/people/owner")


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with little work: what it costs is not what these tests are about."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)


def word(page: str) -> str:
    """The word that a page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def send(reader: Reader, path: str, on: str, **form: object) -> object:
    """Send a form that stands on the page `on`."""
    data = {"csrf": word(reader.text(on)), **form}
    return reader.client.post(path, data=data, headers={"Accept-Language": reader.language})


def invite(owner: Reader, **form: object) -> str:
    """Invite somebody; the path of the link."""
    given = {"name": "Awa", "email": "awa@pluvier.example", "role": "viewer", "reach": "chain"}
    answer = send(owner, "/people", "/people", **{**given, **form})
    assert answer.status_code == 200, answer.text
    found = re.search(r'value="http[^"]*(/join/[^"]+)"', answer.text)
    assert found
    return found[1]


def join(chain: Chain, path: str, password: str = PASSWORD) -> Reader:
    """Somebody who follows a link."""
    client = chain.browser()
    form = {"csrf": word(client.get(path).text), "password": password}
    answer = client.post(path, data=form, headers={"User-Agent": FIREFOX})
    assert answer.status_code == 303, answer.text
    return Reader(client, "en")


def sign_in(client: FlaskClient, email: str, password: str, **more: str) -> object:
    """Send the form of the way in."""
    form = {"csrf": word(client.get("/sign-in").text), "email": email, "password": password, **more}
    return client.post("/sign-in", data=form, headers=EN)


def test_from_invitation_to_signing_in_again(chain: Chain) -> None:
    path = invite(chain.owner(), role="manager", reach="stores", store=["lille"])
    assert "Welcome, Awa." in chain.browser().get(path, headers=EN).text
    awa = join(chain, path)
    assert "Store manager, for Lille" in html.unescape(awa.text("/me"))
    assert "prado" not in awa.text("/wall").lower()
    assert chain.browser().get(path, headers=EN).status_code == 410
    again = chain.browser()
    answer = sign_in(again, "Awa@Pluvier.example", PASSWORD, next="/me")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    assert "Firefox, Linux" in again.get("/me").text


def test_a_password_that_is_refused_keeps_the_link(chain: Chain) -> None:
    path = invite(chain.owner())
    client = chain.browser()
    form = {"csrf": word(client.get(path).text), "password": "motdepasse12"}
    answer = client.post(path, data=form, headers={"Accept-Language": "fr"})
    assert answer.status_code == 422
    assert "C’est l’un des premiers que l’on devine." in answer.text
    join(chain, path)


def test_wrong_passwords_are_told_and_then_made_to_wait(chain: Chain) -> None:
    join(chain, invite(chain.owner()))
    client = chain.browser()
    said = [sign_in(client, "awa@pluvier.example", OTHER).status_code for _ in range(11)]
    assert said == [401] * 10 + [429]
    assert sign_in(client, "awa@pluvier.example", PASSWORD).status_code == 429
    assert sign_in(client, "someone@pluvier.example", OTHER).status_code == 401


def test_the_way_in_needs_a_form_of_ours_and_leads_nowhere_else(chain: Chain) -> None:
    join(chain, invite(chain.owner()))
    form = {"email": "awa@pluvier.example", "password": PASSWORD}
    foreign = word(chain.browser().get("/sign-in").text)
    for csrf in ("", foreign):
        answer = chain.browser().post("/sign-in", data={**form, "csrf": csrf})
        assert answer.status_code == 403
    away = sign_in(chain.browser(), form["email"], PASSWORD, next="//evil.example")
    assert away.headers["Location"] == "/wall"


def test_the_code_of_an_app_is_asked_for(chain: Chain) -> None:
    awa = join(chain, invite(chain.owner()))
    setup = send(awa, "/me/app", "/me")
    key = re.search(r"<code>([A-Z2-7-]+)</code>", setup.text)
    assert key
    assert "data:image/svg+xml" in setup.text
    wrong = send(awa, "/me/app/confirm", "/me", code="000 00")
    assert wrong.status_code == 422
    assert key[1] in wrong.text
    code = code_at(key[1], chain.clock())
    codes = re.findall(
        r"<li>([0-9a-f-]{19})</li>", send(awa, "/me/app/confirm", "/me", code=code).text
    )
    assert len(codes) == second.RECOVERY_CODES
    chain.clock.advance(STEP_MS)
    client = chain.browser()
    halfway = sign_in(client, "awa@pluvier.example", PASSWORD, next="/me")
    assert halfway.headers["Location"] == "/sign-in/code?next=%2Fme"
    assert client.get("/me").status_code == 401
    csrf = word(client.get("/sign-in/code").text)
    refused = client.post("/sign-in/code", data={"csrf": csrf, "code": code}, headers=EN)
    assert refused.status_code == 401
    assert "This code is wrong, or was used." in refused.text
    good = {"csrf": csrf, "code": code_at(key[1], chain.clock()), "next": "/me"}
    assert client.post("/sign-in/code", data=good).headers["Location"] == "/me"
    assert "10 recovery codes are left" in client.get("/me", headers=EN).text


def test_ways_in_are_changed_soon_after_signing_in_only(chain: Chain) -> None:
    awa = join(chain, invite(chain.owner()))
    chain.clock.advance(HOUR_MS)
    answer = send(awa, "/me/password", "/me", current=PASSWORD, password=OTHER)
    assert answer.status_code == 403
    assert "Sign in again to change how you come in." in answer.text
    assert send(awa, "/me/app", "/me").status_code == 403
    assert sign_in(chain.browser(), "awa@pluvier.example", OTHER).status_code == 401


def test_the_owner_sets_an_address_and_a_password(chain: Chain) -> None:
    owner = chain.owner()
    assert "You came by a link that works once." in owner.text("/me")
    early = send(owner, "/me/password", "/me", password=PASSWORD)
    assert "Write your email address first" in early.text
    send(owner, "/me/name", "/me", name="Inès", email="ines@pluvier.example")
    answer = send(owner, "/me/password", "/me", password=PASSWORD)
    assert answer.headers["Location"] == "/me?done=password"
    assert sign_in(chain.browser(), "ines@pluvier.example", PASSWORD).status_code == 303
    assert "You came by a link" not in owner.text("/me")


def test_sessions_are_ended_one_by_one(chain: Chain) -> None:
    first = join(chain, invite(chain.owner()))
    second_one = chain.browser()
    sign_in(second_one, "awa@pluvier.example", PASSWORD)
    session = re.search(r'name="session" value="([0-9a-f]{64})"', first.text("/me"))
    assert session
    stranger = chain.owner()
    assert send(stranger, "/me/sessions/end", "/me", session=session[1]).status_code == 404
    send(first, "/me/sessions/end", "/me", session=session[1])
    assert second_one.get("/me").status_code == 401
    assert first.get("/me").status_code == 200


def test_an_owner_changes_and_lets_go(chain: Chain) -> None:
    owner = chain.owner()
    awa = join(chain, invite(owner))
    found = re.search(r'href="(/people/awa-[^"]+)"', owner.text("/people"))
    assert found
    path = found[1]
    assert "You need" not in awa.text("/wall")
    answer = send(owner, path, path, role="manager", reach="stores", store=["prado"])
    assert answer.status_code == 303
    assert "Store manager, for Prado" in html.unescape(owner.text(path))
    assert awa.get("/wall").status_code == 401
    sign_in(awa.client, "awa@pluvier.example", PASSWORD)
    assert "lille" not in awa.text("/wall").lower()
    wrong = send(owner, path, path, role="manager", reach="stores")
    assert (wrong.status_code, "Choose one store at least." in wrong.text) == (422, True)
    send(owner, f"{path}/dismiss", path)
    assert awa.get("/wall").status_code == 401
    assert "No longer here" in owner.text("/people")
    last = send(owner, "/people/owner/dismiss", path)
    assert (last.status_code, "last owner" in last.text) == (409, True)


def test_only_who_looks_after_people_sees_them(chain: Chain) -> None:
    awa = join(chain, invite(chain.owner()))
    for path in ("/people", "/people/owner", "/audit", "/audit.csv", "/audit.json"):
        assert awa.get(path).status_code == 403, path
        assert chain.browser().get(path).status_code == 401, path
    for path in ("/people", "/people/owner", "/people/owner/link", "/people/owner/dismiss"):
        assert send(awa, path, "/me").status_code == 403, path


def test_the_language_is_kept_on_the_account(chain: Chain) -> None:
    awa = join(chain, invite(chain.owner()))
    awa.client.post("/language", data={"language": "en"})
    client = chain.browser()
    sign_in(client, "awa@pluvier.example", PASSWORD)
    assert "Signed in nowhere" not in client.get("/me", headers={"Accept-Language": "fr"}).text
    assert "Where you are signed in" in client.get("/me", headers={"Accept-Language": "fr"}).text


def test_the_log_is_searched_and_exported(chain: Chain) -> None:
    owner = chain.owner()
    invite(owner, name="=cmd()", email="x@pluvier.example")
    page = html.unescape(owner.text("/audit?action=people.invite&since=2026-10-15"))
    assert "When (Europe/Paris)" in page, "the clock of most stores, not of the first"
    assert "<ins>x@pluvier.example</ins>" in page
    assert "people.sign_in" not in page
    assert "Nothing fits this search." in owner.text("/audit?until=2026-10-01")
    rows = list(csv.DictReader(io.StringIO(owner.text("/audit.csv?action=people."))))
    assert rows[0]["action"] == "people.invite"
    assert rows[0]["at"].endswith("+00:00")
    told = owner.get("/audit.json?action=people.").json
    assert [str(one["id"]) for one in told] == [row["id"] for row in rows]
    assert told[0]["after"]["name"] == "=cmd()"
    assert owner.get("/audit?since=tomorrow").status_code == 422


@pytest.mark.parametrize("path", [*ROOMS, "/sign-in"])
def test_no_page_of_these_has_script_or_style_of_its_own(calm: Chain, path: str) -> None:
    page = calm.owner("fr").text(path)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge, Windows"),
        ("curl/8", ""),
    ],
)
def test_browsers_are_known_again(agent: str, said: str) -> None:
    assert browser_name(agent) == said


@pytest.fixture
def inbox(chain: Chain) -> Iterator[Inbox]:
    """A mail server that the settings name."""
    with mail_server() as inbox:
        settings = chain.ctx.settings
        settings.smtp_host, settings.smtp_port, settings.smtp_tls = "127.0.0.1", inbox.port, "none"
        yield inbox


def test_an_invitation_goes_out_by_mail_and_is_shown_too(chain: Chain, inbox: Inbox) -> None:
    owner = chain.owner()
    path = invite(owner)
    [letter] = inbox.letters
    assert letter["To"] == "awa@pluvier.example"
    assert path in letter.get_content()
    join(chain, path)
    inbox.deaf = True
    shown = send(owner, "/people", "/people", **{**FORM, "reach": "chain"}).text
    assert "The mail did not go out: pass the link on yourself." in shown
    assert "The mail server answered 451." in shown
    assert "/join/" in shown


def test_rights_that_end_at_a_region_follow_its_stores(chain: Chain) -> None:
    owner = chain.owner()
    path = invite(owner, role="marketing", reach="stores", region=["Hauts-de-France"])
    awa = join(chain, path)
    assert "Marketing, for region Hauts-de-France" in html.unescape(awa.text("/me"))
    assert "lille" in awa.text("/wall").lower()
    assert "prado" not in awa.text("/wall").lower()
    nowhere = send(owner, "/people", "/people", **{**FORM, "region": ["Atlantide"]})
    assert nowhere.status_code == 404
