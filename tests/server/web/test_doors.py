"""Ways in and out, what every page carries, pairing by hand."""

from __future__ import annotations

import re

import pytest
from structlog.testing import capture_logs

from server.services.base.context import Context
from server.services.entry import people, sessions
from tests.server.web.conftest import HOUR_MS, Chain
from tests.support.http_player import HttpPlayer

PAGES = ("/wall", "/pair", "/screens/lille-window/why", "/signed-out")


def csrf(page: str) -> str:
    """The word that a page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("language", "button"), [("en", "Come in"), ("fr", "Entrer")], ids=["en", "fr"]
)
def test_looking_at_the_link_does_not_use_it_up(calm: Chain, language: str, button: str) -> None:
    path = people.owner_link(calm.ctx).removeprefix(calm.ctx.settings.url)
    for look in (calm.browser().head, calm.browser().get, calm.browser().get):
        answer = look(path, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
    assert f"autofocus>{button}</button>" in answer.text
    assert answer.text.count('<form method="post">') == 1
    assert calm.browser().post(path).status_code == 303


def test_pressing_the_button_comes_in_once(calm: Chain) -> None:
    path = people.owner_link(calm.ctx).removeprefix(calm.ctx.settings.url)
    client = calm.browser()
    answer = client.post(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/wall")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/wall").status_code == 200
    for again in (calm.browser().get, calm.browser().post):
        over = again(path, headers={"Accept-Language": "en"})
        assert over.status_code == 410
        assert "This link was used already, or is too old." in over.text
        assert "python3 start.py run owner-link" in over.text


def test_the_link_ends(calm: Chain) -> None:
    path = people.owner_link(calm.ctx).removeprefix(calm.ctx.settings.url)
    now = calm.clock.now
    calm.clock.advance(25 * HOUR_MS)
    answers = [calm.browser().get(path), calm.browser().post(path)]
    calm.clock.now = now
    assert [answer.status_code for answer in answers] == [410, 410]
    assert "Set-Cookie" not in answers[1].headers


def test_the_log_does_not_tell_the_link(calm: Chain) -> None:
    path = people.owner_link(calm.ctx).removeprefix(calm.ctx.settings.url)
    with capture_logs() as told:
        calm.browser().post(path)
        calm.browser().get(path)
    assert [line["path"] for line in told if line["event"] == "request"] == ["/start/<secret>"] * 2


def test_nobody_signed_in(calm: Chain) -> None:
    for path in ("/wall", "/pair", "/screens/lille-window/why"):
        answer = calm.browser().get(path, headers={"Accept-Language": "fr"})
        assert answer.status_code == 401
        assert "python3 start.py run owner-link" in answer.text
        assert "Personne n’est connecté ici." in answer.text


def test_a_cookie_that_was_forged(calm: Chain) -> None:
    client = calm.browser()
    client.set_cookie(sessions.COOKIE, "someone.else")
    assert client.get("/wall").status_code == 401


def test_signing_out_ends_the_session(calm: Chain) -> None:
    owner = calm.owner()
    word = csrf(owner.text("/wall"))
    assert owner.client.post("/sign-out").status_code == 403
    assert owner.client.post("/sign-out", data={"csrf": word}).status_code == 200
    assert owner.get("/wall").status_code == 401


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_script_or_style_of_its_own(calm: Chain, path: str) -> None:
    answer = calm.owner().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self' http://127.0.0.1:8081 ws://127.0.0.1:8081" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", answer.text)


def test_only_the_embedded_wall_may_be_framed(calm: Chain) -> None:
    world = "http://127.0.0.1:8082"
    calm.ctx.settings.frame_ancestors = f"{world}, https://a.example;script-src"
    owner = calm.owner()
    embedded = owner.get("/wall?embed=1").headers
    plain = owner.get("/wall").headers
    calm.ctx.settings.frame_ancestors = "'none'"
    assert embedded["Content-Security-Policy"].endswith(f"frame-ancestors {world}")
    assert "X-Frame-Options" not in embedded
    assert plain["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_a_language_is_kept(calm: Chain) -> None:
    owner = calm.owner("en")
    answer = owner.client.post("/language", data={"language": "fr", "back": "/wall?embed=1"})
    assert answer.headers["Location"] == "/wall?embed=1"
    assert "écrans suivent le plan" in owner.text("/wall")


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_choosing_a_language_leads_nowhere_else(calm: Chain, back: str) -> None:
    answer = calm.browser().post("/language", data={"language": "fr", "back": back})
    assert answer.headers["Location"] == "/wall"


def test_the_studios_files(calm: Chain) -> None:
    client = calm.browser()
    for name in ("studio.css", "wall.css", "why.css", "forms.css", "theme.js", "wall.js", "why.js"):
        assert client.get(f"/studio/{name}").status_code == 200, name
    assert client.get("/studio/../phrases.py").status_code == 404
    assert client.get("/", follow_redirects=False).headers["Location"] == "/wall"


def test_pairing_by_hand(chain: Chain) -> None:
    owner = chain.owner()
    page = owner.text("/pair")
    assert chain.ctx.keys.fingerprint in page
    device = HttpPlayer(chain.browser())
    given = device.ask_for_code()
    form = {"csrf": csrf(page), "screen": "prado-shoes", "code": "222-222"}
    wrong = owner.client.post("/pair", data=form)
    assert wrong.status_code in (404, 422)
    assert 'role="alert"' in wrong.text
    assert 'value="222-222"' in wrong.text
    right = owner.client.post(
        "/pair", data=form | {"code": given["code"].lower()}, headers={"Accept-Language": "en"}
    )
    assert right.status_code == 200, right.text
    assert "Chaussures is paired." in right.text
    assert "The device before it counts no more." in right.text
    assert device.poll(given).json["screen"] == "prado-shoes"  # type: ignore[index]


def test_pairing_a_new_screen(chain: Chain) -> None:
    owner = chain.owner()
    given = HttpPlayer(chain.browser()).ask_for_code()
    form = {"csrf": csrf(owner.text("/pair")), "screen": "new:prado", "code": given["code"]}
    answer = owner.client.post("/pair", data=form | {"name": "Terrasse"})
    assert answer.status_code == 200
    assert "Terrasse" in owner.text("/wall")


def test_a_wrong_code_is_told_in_the_reader_s_language(chain: Chain) -> None:
    owner = chain.owner("fr")
    form = {"csrf": csrf(owner.text("/pair")), "screen": "new:prado", "code": "ABC-DEF"}
    headers = {"Accept-Language": "fr"}
    told = owner.client.post("/pair", data=form | {"name": "Terrasse"}, headers=headers)
    assert told.status_code == 422
    assert "Un code a six" in told.text
    given = HttpPlayer(chain.browser()).ask_for_code()
    endless = form | {"code": given["code"], "name": "x" * 201}
    assert "Donnez-lui un nom" in owner.client.post("/pair", data=endless, headers=headers).text


def test_pairing_needs_a_form_of_this_session(calm: Chain) -> None:
    owner, other = calm.owner(), calm.owner()
    word = csrf(other.text("/pair"))
    form = {"csrf": word, "screen": "prado-shoes", "code": "ABC-DEF"}
    assert owner.client.post("/pair", data=form).status_code == 403
    assert owner.client.post("/pair", data=form | {"csrf": ""}).status_code == 403


def test_a_manager_pairs_in_her_store_only(chain: Chain) -> None:
    lille = chain.manager("lille", "read", "devices")
    page = lille.text("/pair")
    assert 'value="lille-window"' in page
    assert "prado" not in page
    given = HttpPlayer(chain.browser()).ask_for_code()
    form = {"csrf": csrf(page), "screen": "prado-shoes", "code": given["code"]}
    assert lille.client.post("/pair", data=form).status_code == 404


def test_an_empty_installation(ctx: Context) -> None:
    chain = Chain(ctx, ctx.clock)  # type: ignore[arg-type]
    page = chain.owner().text("/wall")
    assert "No screen hangs here yet." in page


def test_pairing_tells_an_address_that_devices_cannot_reach(chain: Chain) -> None:
    owner, url = chain.owner(), chain.ctx.settings.url
    told = owner.text("/pair")
    assert "Set ENSEIGNE_PUBLIC_URL to one that devices reach" in told
    assert f'href="{url}/screen"' in told
    chain.ctx.settings.public_url = "https://signs.example"
    reached = owner.text("/pair")
    assert "ENSEIGNE_PUBLIC_URL" not in reached
    assert 'href="https://signs.example/screen"' in reached
