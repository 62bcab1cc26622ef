"""What scenarios of the store's hand begin with: a code, a plan of who may, a cut screen."""

from __future__ import annotations

import secrets

import pytest

from player.local.guard import Entrant, NotNow
from player.local.hands import Hands
from playlists.manifest import DeckCard
from playlists.signing import SigningKey
from playlists.wire.hands import Choice, HandsPlan, Person, code_proof
from playlists.wire.shop_hands import Order, Sealed
from tests.fakes.shop_content import HOUR_MS, NOON, card_id
from tests.player.bench import Bench

CODE = "CF" + "23456789CG"
SALT = "ab" * 16
HOST = "192.168.1.7"
MINUTE_MS = 60_000
AWAY_MS = 120_000
CASH = DeckCard("message", {"headline": "Espèces seulement", "sky": "mist"})
SOON = DeckCard("message", {"headline": "De retour bientôt", "sky": "mist"})


def person(name: str = "mia", code: str = CODE, until: int = NOON + 90 * 24 * HOUR_MS) -> Person:
    hashed, key = code_proof(code, SALT)
    return Person(name, name.title(), code[:2], SALT, hashed, until, key.x)


def plan(*people: Person, longest_ms: int = 4 * HOUR_MS) -> HandsPlan:
    cards = {card_id(one): one for one in (CASH, SOON)}
    names = list(cards)
    choices = (
        Choice("cash", "Espèces seulement", ((names[0], 10_000),)),
        Choice("both", "Les deux", ((names[0], 10_000), (names[1], 20_000))),
    )
    return HandsPlan("Lille", people or (person(),), choices, cards, longest_ms)


@pytest.fixture
def away(screen: Bench) -> Bench:
    """A screen that was told who may, and lost its server."""
    tell(screen, plan())
    cut(screen)
    return screen


def tell(screen: Bench, what: HandsPlan) -> None:
    command = screen.sim.command("hands", **what.to_json())
    screen.hear("command", screen.sim.commands[command.id])
    assert screen.sim.answers[-1].state == "done"


def cut(screen: Bench) -> None:
    screen.sim.faults.down = True
    screen.wait(AWAY_MS)


def back(screen: Bench) -> None:
    screen.sim.faults.down = False
    screen.wait(90_000)


def hands(screen: Bench) -> Hands:
    return screen.agent._handing.hands


def token(screen: Bench, host: str = HOST) -> str:
    hands(screen).show("192.168.1.20:8095", host)
    screen.settle()
    return str(screen.state["device"]["scan"]["token"])


def enter(screen: Bench, code: str = CODE, host: str = HOST) -> str:
    return hands(screen).enter(token(screen), code, host)


def begin(screen: Bench, choice: str = "cash", length_ms: int = HOUR_MS) -> str:
    """Somebody comes in and holds the screen; their pass."""
    given = enter(screen)
    hold(screen, given, choice, length_ms)
    screen.settle()
    return given


def hold(screen: Bench, given: str, choice: str = "cash", length_ms: int = HOUR_MS) -> None:
    """Who bears this pass holds the screen."""
    hands(screen).begin(ordered(hands(screen).entrant(given, HOST), choice, length_ms))


def ordered(entrant: Entrant, choice: str = "cash", length_ms: int = HOUR_MS) -> Sealed:
    """What this person signs."""
    screen = SigningKey.generate()
    nonce = secrets.token_urlsafe(16)
    order = Order(screen.x, screen.x, nonce, nonce, entrant.person, "show", choice, length_ms)
    return Sealed.read(order.sealed(entrant.key, screen))


def why(refused: pytest.ExceptionInfo[NotNow]) -> str:
    return refused.value.why


def playing(screen: Bench) -> tuple[str | None, tuple[str, ...]]:
    """What a report says of the screen."""
    shown = screen.agent._report().playing["main"]  # type: ignore[index]
    return shown.card, shown.because
