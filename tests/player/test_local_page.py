"""The page on the shop's network over real HTTP: what it says, and whom it turns away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from player.local.server import MAX_BODY_BYTES, MAX_FIELDS, HandsServer
from player.local.shop import Shop
from player.local.words import ENGLISH, FRENCH, clock, lasts
from playlists.signing import SigningKey
from playlists.wire.hands import HandsPlan
from tests.fakes.shop_content import HOUR_MS, NOON
from tests.player.bench import Bench
from tests.player.by_hand import CODE, away, hands, plan, tell, token

assert away, "a fixture"
LOOK = Path("player/page/look")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Phone:
    """A browser on the shop's network."""

    def __init__(self, page: HandsServer) -> None:
        self.origin = f"http://127.0.0.1:{page.port}"

    def get(self, path: str = "/", **headers: str) -> requests.Response:
        return requests.get(self.origin + path, headers=headers, timeout=5)

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> str:
        return self.answer(path, headers, **form).text

    def answer(
        self, path: str, headers: dict[str, str] | None = None, **form: str
    ) -> requests.Response:
        sent = {"Origin": self.origin, "Accept-Language": "en", **FORM, **(headers or {})}
        return requests.post(self.origin + path, data=form, headers=sent, timeout=5)


def page_of(screen: Bench, port: int = 0) -> HandsServer:
    """The page of a screen that finds no other."""
    shop = Shop(hands(screen), SigningKey.generate(), tuple)
    return HandsServer(port, hands(screen), shop, LOOK)


@pytest.fixture
def door(away: Bench) -> Iterator[HandsServer]:
    made = page_of(away)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def phone(door: HandsServer) -> Phone:
    return Phone(door)


def given(page: str) -> str:
    found = re.search(r'name="pass" value="([^"]+)"', page)
    assert found, page
    return found[1]


def come_in(away: Bench, phone: Phone) -> str:
    return given(phone.post("/enter", token=token(away), code=CODE))


def test_a_person_shows_something_and_ends_it(away: Bench, phone: Phone) -> None:
    assert ENGLISH["show"] in phone.get(**{"Accept-Language": "en"}).text
    assert ENGLISH["shown"] in phone.post("/show")
    away.settle()
    shown = away.state["device"]["scan"]
    assert shown["address"] == phone.origin.removeprefix("http://")
    assert shown["qr"].startswith("data:image/svg+xml")
    scanned = phone.get(f"/?t={shown['token']}", **{"Accept-Language": "fr-FR,fr"}).text
    assert f'value="{shown["token"]}"' in scanned
    assert FRENCH["code_say"] in scanned
    desk = phone.post("/enter", token=shown["token"], code="cf23 4567 89cg")
    held = phone.post("/hold", **{"pass": given(desk)}, choice="cash", minutes="60")
    until = clock(NOON, "UTC")
    assert until < "24:00"
    assert "Espèces seulement" in held
    assert "by Mia" in held
    away.settle()
    assert len(away.state["overrides"]) == 1
    assert ENGLISH["plan"] in phone.post("/end", **{"pass": given(held)})


def test_the_front_says_when_the_studio_is_to_be_used(screen: Bench) -> None:
    tell(screen, plan())
    made = page_of(screen)
    made.start()
    try:
        phone = Phone(made)
        assert FRENCH["online_2"] in phone.get().text
        assert phone.answer("/show").status_code == 409
    finally:
        made.stop()


def test_it_says_what_is_wrong_beside_the_field(away: Bench, phone: Phone) -> None:
    shown = token(away)
    wrong = phone.answer("/enter", token=shown, code=CODE[:-1] + "X")
    assert wrong.status_code == 403
    assert ENGLISH["code_wrong"] in wrong.text
    assert f'value="{shown}"' in wrong.text, "the token need not be typed again"
    assert ENGLISH["token_wrong"] in phone.post("/enter", token="222222", code=CODE)
    for _ in range(9):
        answer = phone.answer("/enter", token="222222", code=CODE)
    assert answer.status_code == 429


def test_too_long_and_too_late_are_said(away: Bench, phone: Phone) -> None:
    mine = come_in(away, phone)
    for minutes in ("241", "0", "-5", "99999", "x"):
        answer = phone.answer("/hold", **{"pass": mine}, choice="cash", minutes=minutes)
        assert (answer.status_code, ENGLISH["until_wrong"] in answer.text) == (422, True)
    for choice in ("nothing", "x" * 200, "\0", ""):
        answer = phone.answer("/hold", **{"pass": mine}, choice=choice, minutes="60")
        assert (answer.status_code, ENGLISH["choice_wrong"] in answer.text) == (422, True)
    gone = phone.answer("/hold", **{"pass": "stolen"}, choice="cash", minutes="60")
    assert (gone.status_code, ENGLISH["gone"] in gone.text) == (409, True)
    assert away.state["overrides"] == []


def test_it_answers_to_its_own_address_only(phone: Phone) -> None:
    for host in ("evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", ""):
        answer = phone.get(Host=host)
        assert (answer.status_code, "<html" in answer.text) == (421, False)


def test_forms_of_other_pages_are_refused(phone: Phone, away: Bench) -> None:
    for origin in ("http://evil.example", "null", "https://127.0.0.1", ""):
        assert phone.answer("/show", {"Origin": origin}).status_code == 403
    assert requests.post(f"{phone.origin}/show", timeout=5).status_code == 403
    assert phone.answer("/show", {"Content-Type": "text/plain"}).status_code == 415
    away.settle()
    assert away.state["device"]["scan"] is None


def test_bodies_have_an_end_and_forms_few_fields(phone: Phone) -> None:
    assert phone.answer("/enter", token="2" * MAX_BODY_BYTES, code="x").status_code == 413
    many = {f"f{n}": "1" for n in range(MAX_FIELDS + 1)}
    assert phone.answer("/enter", **many).status_code == 422
    sent = {"Origin": phone.origin, **FORM}
    chunked = requests.post(f"{phone.origin}/enter", iter([b"a=1"]), headers=sent, timeout=5)  # type: ignore[arg-type]
    assert chunked.status_code == 413
    endless = phone.answer("/enter", {"Content-Length": "0" * 9 + "99999999999"})
    assert endless.status_code == 413
    raw = requests.post(f"{phone.origin}/enter", b"\xff=1", headers=sent, timeout=5)
    assert raw.status_code == 422


def test_nothing_else_of_the_player_is_reached(phone: Phone) -> None:
    for path in ("/state", "/health", "/assets/" + "a" * 64, "/fonts/x.woff2", "/hold"):
        assert phone.get(path).status_code == 404
    assert phone.answer("/wishes").status_code == 404
    assert phone.get("/hands.css").headers["Content-Type"].startswith("text/css")
    assert phone.get("/fonts/instrument-sans-latin.woff2").status_code == 200
    headers = phone.get().headers
    assert headers["Cache-Control"] == "no-store"
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers


def test_names_are_written_as_text(screen: Bench) -> None:
    tell(screen, plan())
    made = page_of(screen)
    made.start()
    try:
        page = Phone(made).get("/?t=%22%3E%3Cscript%3E&lang=%22%3E<b>").text
        assert "<script" not in page
        assert "<b>" not in page
    finally:
        made.stop()


def test_the_page_is_open_while_somebody_has_a_code(screen: Bench) -> None:
    made = page_of(screen)
    screen.agent._handing._page = made
    told = []
    for people in (None, plan(), HandsPlan()):
        if people is not None:
            tell(screen, people)
        screen.settle()
        told.append(made.is_open)
    assert told == [False, True, False]


def test_a_port_that_is_taken_is_said_and_tried_again(away: Bench, door: HandsServer) -> None:
    second = page_of(away, door.port)
    away.agent._handing._page = second
    away.settle()
    assert "hands" in away.notes
    door.stop()
    away.settle()
    assert second.is_open
    assert "hands" not in away.notes
    second.stop()


def test_lengths_and_clocks_are_said_as_people_say_them() -> None:
    assert lasts(15 * 60_000, FRENCH) == "15\u00a0min"
    assert lasts(2 * HOUR_MS, ENGLISH) == "2\u00a0h"
    assert clock(NOON, "Europe/Paris") != clock(NOON, "no such zone")
    assert FRENCH.keys() == ENGLISH.keys()
