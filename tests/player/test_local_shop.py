"""A person at one screen acts on the others of the shop: real pages over HTTP, and who may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests

from player.cache.orders import Orders
from player.clock import Clock
from player.errors import Unreachable
from player.link.lan_client import Neighbour, exchange
from player.local import asked, shop, tries
from player.local.guard import Entrant
from player.local.hands import Hands
from player.local.server import HandsServer
from player.local.shop import GREET, ORDER, Shop, Wish
from player.local.words import ENGLISH
from playlists.fields import Fields, parse_json
from playlists.ids import canonical
from playlists.shown import Now
from playlists.signing import SigningKey, b64
from playlists.wire.hands import Act, HandsPlan, ShopScreen, code_proof
from playlists.wire.shop_hands import MAX_BYTES, Answer, Order, Sealed
from tests.fakes.shop_content import HOUR_MS, NOON
from tests.player.bench import Bench
from tests.player.by_hand import CODE, SALT, ordered, person, plan

LOOK = Path("player/page/look")
MIA = Entrant("mia", code_proof(CODE, SALT)[1])
SHOW = Wish("show", "cash", HOUR_MS)
ASKED = "a" * 20


@dataclass
class Screen:
    """One of the shop's screens, with its page open."""

    name: str
    hands: Hands
    shop: Shop
    page: HandsServer
    key: SigningKey
    near: list[Neighbour] = field(default_factory=list)

    @property
    def peer(self) -> Neighbour:
        return Neighbour("b" * 16, "127.0.0.1", 1, self.page.port)

    @property
    def running(self) -> Act | None:
        return self.hands.sight().running

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.page.port}"

    def post(self, path: str, **form: str | list[str]) -> requests.Response:
        headers = {"Origin": self.origin, "Accept-Language": "en"}
        return requests.post(self.origin + path, data=form, headers=headers, timeout=20)

    def come_in(self) -> str:
        """A pass, by the token that it shows and Mia's code."""
        self.hands.show(self.origin, "127.0.0.1")
        shown = self.hands.shown()
        assert shown
        found = re.search(
            r'name="pass" value="([^"]+)"', self.post("/enter", token=shown.token, code=CODE).text
        )
        assert found
        return found[1]


@dataclass
class Street:
    """A shop of three screens that find each other, and time that a test moves."""

    screens: dict[str, Screen]
    ms: list[int]

    def __getitem__(self, name: str) -> Screen:
        return self.screens[name]

    def tell(self, told: HandsPlan, *names: str) -> None:
        """The server's word to some, or all."""
        for name in names or self.screens:
            self[name].hands.follow(told, self.ms[0])


@pytest.fixture
def street(screen: Bench, tmp_path: Path) -> Iterator[Street]:
    ms = [1_000]
    clock = Clock(lambda: ms[0], lambda: NOON)
    made = Street({}, ms)
    for name in ("window", "till", "door"):
        key = SigningKey.generate()
        near_: list[Neighbour] = []
        hands = Hands(Orders(tmp_path / f"{name}.db"), clock, 0)
        hands.see(screen.agent._playback.plan, 1, frozenset(), Now(NOON, 0))
        its = Shop(hands, key, lambda near_=near_: near_)  # type: ignore[misc]
        page = HandsServer(0, hands, its, LOOK)
        page.start()
        made.screens[name] = Screen(name, hands, its, page, key, near_)
    made.tell(the_plan(made))
    for one in made.screens.values():
        one.near += [it.peer for it in made.screens.values() if it is not one]
    yield made
    with ThreadPoolExecutor() as ending:
        for one in made.screens.values():
            ending.submit(one.page.stop)


def the_plan(street: Street) -> HandsPlan:
    screens = (ShopScreen(it.name, it.name.title(), it.key.x) for it in street.screens.values())
    return replace(plan(), screens=tuple(screens))


def rows(page: requests.Response) -> dict[str, str]:
    """What the page says of each screen."""
    found = re.findall(r"<li[^>]*><p><b>([^<]*)</b>.*?<small>([^<]*)</small>", page.text)
    return dict(found)


def test_one_choice_shows_on_all_screens_and_ends_on_all(street: Street) -> None:
    window = street["window"]
    mine = window.come_in()
    answer = window.post("/hold", **{"pass": mine}, choice="cash", minutes="60", scope="all")
    said = rows(answer)
    assert said["Till"].startswith("Shown. Espèces seulement, until ")
    assert said["Till"].endswith("by Mia.")
    assert said["Door"] == said["Till"]
    assert "3 of 3 screens are held" in answer.text
    for name in street.screens:
        act = street[name].running
        assert act is not None
        signed = Sealed.read(act.proof.encode())
        assert (act.person, act.choice, signed.is_by(MIA.key.x)) == ("mia", "cash", True)
        assert (signed.order.to, signed.order.via) == (street[name].key.x, window.key.x)
        assert act.until_ms == NOON + HOUR_MS
    assert len({it.running.id for it in street.screens.values() if it.running}) == 3
    ended = window.post("/end", **{"pass": mine}, scope="all")
    assert rows(ended)["Door"] == "Ended. Plays to plan."
    assert [it.running for it in street.screens.values()] == [None] * 3
    assert [it.hands.unsent()[0].how for it in street.screens.values()] == ["hand"] * 3


def test_some_screens_are_chosen_and_one_is_ended_alone(street: Street) -> None:
    window = street["window"]
    mine = {"pass": window.come_in()}
    both = ["till", "door"]
    window.post("/hold", **mine, choice="cash", minutes="60", scope="some", where=both)
    assert (window.running, street["till"].running is not None) == (None, True)
    seen = window.post("/end", **mine, scope="some", where="till")
    assert street["till"].running is None
    assert rows(seen)["Door"].startswith("Espèces seulement, until"), "what others show is seen"
    none = window.post("/hold", **mine, choice="cash", minutes="60", scope="some")
    assert (none.status_code, ENGLISH["where_wrong"] in none.text) == (422, True)
    here = window.post("/hold", **mine, choice="cash", minutes="60")
    assert here.status_code == 200
    assert street["till"].running is None


def test_who_does_not_answer_is_named_and_asked_again(street: Street) -> None:
    window, till = street["window"], street["till"]
    mine = {"pass": window.come_in()}
    till.page.stop()
    answer = window.post("/hold", **mine, choice="cash", minutes="60", scope="all")
    assert rows(answer)["Till"] == f"Not shown. {ENGLISH['is_gone']}"
    assert rows(answer)["Door"].startswith("Shown.")
    again = re.search(r'name="where" value="(\w+)"><button class="btn quiet">', answer.text)
    assert again
    assert again[1] == "till"


@pytest.mark.parametrize(
    ("why", "said"),
    [("online", "is_online"), ("choice", "is_choice"), ("until", "is_until"), ("code", "is_code")],
)
def test_who_refuses_says_why_and_the_others_go_on(street: Street, why: str, said: str) -> None:
    window, till = street["window"], street["till"]
    told = the_plan(street)
    other = {
        "online": told,
        "choice": replace(told, choices=()),
        "until": replace(told, longest_ms=HOUR_MS // 2),
        "code": replace(told, people=(person(code="CF" + "XXXXXXXXXX"),)),
    }[why]
    street.tell(other, "till")
    till.hands._away_ms = 10**9 if why == "online" else 0
    mine = {"pass": window.come_in()}
    answer = window.post("/hold", **mine, choice="cash", minutes="60", scope="all")
    assert rows(answer)["Till"] == f"Not shown. {ENGLISH[said]}"
    assert (till.running, street["door"].running is not None) == (None, True)


def test_what_runs_on_a_screen_whose_line_is_back_is_ended_too(street: Street) -> None:
    window, till = street["window"], street["till"]
    mine = {"pass": window.come_in()}
    window.post("/hold", **mine, choice="cash", minutes="60", scope="all")
    till.hands._away_ms = 10**9
    assert rows(window.post("/end", **mine, scope="all"))["Till"] == "Ended. Plays to plan."
    assert till.running is None


def test_a_code_from_before_acts_on_one_screen_only(street: Street) -> None:
    told = the_plan(street)
    street.tell(replace(told, people=(replace(person(), key=""),)))
    window = street["window"]
    mine = {"pass": window.come_in()}
    answer = window.post("/hold", **mine, choice="cash", minutes="60", scope="all")
    assert ENGLISH["alone"] in answer.text
    assert street["till"].running is None


# --- who may not ----------------------------------------------------------------------------------


def order_to(to: Screen, by: SigningKey, carrier: SigningKey, **changes: object) -> bytes:
    """What somebody at the socket sends, with a nonce of that screen's."""
    given = exchange(to.peer, GREET, canonical({"asked": ASKED}), MAX_BYTES)
    nonce = Fields.of(parse_json(given)).text("nonce")
    order = Order(to.key.x, carrier.x, nonce, ASKED, "mia", "show", "cash", HOUR_MS)
    return replace(order, **changes).sealed(by, carrier)  # type: ignore[arg-type]


def send(to: Screen, body: bytes) -> Answer:
    return Answer.opened(exchange(to.peer, ORDER, body, MAX_BYTES), to.key.x, ASKED)


def test_an_order_is_done_once_in_time_and_by_whom_it_names(street: Street) -> None:
    window, till, door = (street[name] for name in ("window", "till", "door"))
    body = order_to(till, MIA.key, window.key)
    with pytest.raises(Unreachable):
        send(door, body)
    assert send(till, body).why == ""
    till.hands.end()
    with pytest.raises(Unreachable):
        send(till, body)
    late = order_to(till, MIA.key, window.key)
    street.ms[0] += asked.NONCE_MS
    with pytest.raises(Unreachable):
        send(till, late)
    for nobodys in ({"nonce": "ffffff_1_" + "0" * 32}, {"asked": "b" * 20}):
        with pytest.raises(Unreachable):
            send(till, order_to(till, MIA.key, window.key, **nobodys))
    assert till.running is None


def test_a_strangers_order_and_one_of_another_store_is_refused_and_sees_nothing(
    street: Street,
) -> None:
    till, theirs = street["till"], SigningKey.generate()
    till.hands.begin(ordered(MIA))
    said = send(till, order_to(till, MIA.key, theirs, do="end"))
    assert said == Answer(ASKED, "stranger")
    assert till.running is not None
    forged = order_to(till, MIA.key, theirs, via=street["window"].key.x)
    with pytest.raises(Unreachable):
        send(till, forged)


def test_who_has_a_stolen_screen_but_no_code_gains_nothing_and_hinders_nobody(
    street: Street,
) -> None:
    till, stolen = street["till"], street["door"]
    till.hands.begin(ordered(MIA))
    whys = [
        send(till, order_to(till, SigningKey.generate(), stolen.key, do="look"))
        for _ in range(tries.WRONG_FREE + 1)
    ]
    assert [one.why for one in whys] == ["code"] * tries.WRONG_FREE + ["pause"]
    assert all(not one.what for one in whys), "nor does it see what is shown, by whom"
    assert whys[-1].wait_ms == tries.PAUSE_MS
    assert send(till, order_to(till, MIA.key, stolen.key, do="end")).why == "pause"
    found = street["window"].shop.ask(MIA, {"till": Wish("end")})
    assert found["till"].why == "", "a person at another screen is not kept out by it"


def test_a_screen_carries_so_many_orders_a_minute(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "ASKED", 2)
    window, till = street["window"], street["till"]
    found = [window.shop.ask(MIA, {"till": SHOW})["till"].why for _ in range(3)]
    assert found == ["", "", "often"]
    street.ms[0] += asked.ASKED_MS
    assert window.shop.ask(MIA, {"till": SHOW})["till"].why == ""
    assert till.running


def test_whoever_says_that_it_is_another_screen_is_not_believed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It passes the greeting on, and answers the order by itself."""
    window, till, door = (street[name] for name in ("window", "till", "door"))

    def lying(peer: Neighbour, path: str, body: bytes, most: int) -> bytes:
        if path == ORDER:
            return Answer(ASKED).sealed(door.key)
        return exchange(till.peer, path, body, most)

    monkeypatch.setattr(shop, "exchange", lying)
    assert window.shop.ask(MIA, {"till": SHOW}) == {}
    assert till.running is None


def test_who_passes_orders_on_in_between_spoils_no_screens_word(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many claim to be the till; each hands on what it hears, with the person's word changed."""
    window, till = street["window"], street["till"]
    window.near[:] = [replace(till.peer, id=f"{n:016x}") for n in range(20)]
    orders = []

    def spoiling(peer: Neighbour, path: str, body: bytes, most: int) -> bytes:
        if path == ORDER:
            orders.append(body)
            wrong = MIA.key.sign_bytes(b"something else")
            body = canonical({**Fields.of(parse_json(body)).raw, "person": b64(wrong)})  # type: ignore[dict-item]
        return exchange(peer, path, body, most)

    monkeypatch.setattr(shop, "exchange", spoiling)
    assert window.shop.ask(MIA, {"till": SHOW}) == {}
    assert len(orders) == shop.CLAIMS
    window.shop.ask(MIA, {"till": SHOW})
    monkeypatch.undo()
    assert window.shop.ask(MIA, {"till": SHOW})["till"].why == "", "nothing counts against it"
    assert till.running


def test_greetings_name_no_screen_to_who_has_no_plan_and_pages_cannot_send_them(
    street: Street,
) -> None:
    till = street["till"]
    given = exchange(till.peer, GREET, canonical({"asked": ASKED}), MAX_BYTES)
    assert b"till" not in given
    url, json = till.origin + GREET, {"Content-Type": "application/json"}
    body = canonical({"asked": ASKED})
    evil = requests.post(url, body, headers={**json, "Origin": "http://evil.example"}, timeout=5)
    assert evil.status_code == 403
    assert requests.post(url, body, timeout=5).status_code == 415
    assert requests.post(url, b"x" * 5_000, headers=json, timeout=5).status_code == 413
    for wrong in (b"", b"{}", b'{"asked":"short"}', b'{"asked":' + b"[" * 4_000):
        assert requests.post(url, wrong, headers=json, timeout=5).status_code == 403


def test_no_key_outlives_its_pass(street: Street) -> None:
    window = street["window"]
    window.come_in()
    assert len(window.hands.guard._passes) == 1
    street.ms[0] += 11 * 60_000
    mine = window.come_in()
    assert list(window.hands.guard._passes) == [mine]
    assert window.hands.entrant(mine, "127.0.0.1").key.x == MIA.key.x
