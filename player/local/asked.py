"""What other screens of the shop carry here from a person who stands before one of them.

Believed is what this screen's own plan says: whose key a person has, and which screens the store
has. An order counts once, within seconds of its nonce, and for this screen alone.
"""

from __future__ import annotations

import hmac
import secrets
import threading

from player.errors import NoRoom
from player.local.guard import NotNow
from player.local.hands import Hands
from playlists.errors import Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import canonical
from playlists.signing import SigningKey
from playlists.wire.shop_hands import Answer, Order, Sealed, mark_of, nonce_of

NONCE_MS = 15_000
"""Within which an order must follow its nonce."""
ASKED = 30
"""Orders that one screen carries in ASKED_MS."""
ASKED_MS = 60_000


class Nonces:
    """Given to anybody, remembered only once they are used: to ask for many gains nothing."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._used: dict[str, int] = {}

    def give(self, asked: str, monotonic: int) -> str:
        """One for who asked so."""
        made = f"{monotonic + NONCE_MS:x}_{secrets.token_hex(8)}"
        return f"{made}_{self._mac(made, asked)}"

    def use(self, nonce: str, asked: str, monotonic: int) -> bool:
        """Whether it was given to who asked so, counts still and was never used."""
        made, _, mac = nonce.rpartition("_")
        if not hmac.compare_digest(mac, self._mac(made, asked)):
            return False
        until = int(made.partition("_")[0], 16)
        with self._lock:
            self._used = {one: end for one, end in self._used.items() if monotonic < end}
            if monotonic >= until or nonce in self._used:
                return False
            self._used[nonce] = until
            return True

    def _mac(self, made: str, asked: str) -> str:
        return hmac.digest(self._secret, f"{made} {asked}".encode(), "sha256").hex()[:32]


class Asked:
    """For any thread."""

    def __init__(self, hands: Hands, key: SigningKey) -> None:
        self._hands, self._key = hands, key
        self._nonces = Nonces()
        self._lock = threading.Lock()
        self._carried: dict[str, list[int]] = {}

    def greet(self, body: bytes) -> bytes:
        """A nonce for an order, and by what who has the store's plan knows this screen. Raises
        Invalid.
        """
        asked = nonce_of(Fields.of(parse_json(body)).raw, "asked")
        nonce = self._nonces.give(asked, self._hands.monotonic_ms())
        return canonical({"nonce": nonce, "is": mark_of(asked, nonce, self._key.x)})

    def take(self, body: bytes) -> bytes:
        """What came of an order. Raises Invalid for what no screen of a shop sends."""
        sealed = Sealed.read(body)
        order = sealed.order
        if order.to != self._key.x or not sealed.is_carried():
            raise Invalid("This order is not for this screen.", "order")
        via = next((it.id for it in self._hands.plan.screens if it.key == order.via), None)
        if via is None:
            return self._answer(order, NotNow("stranger"))
        if not self._nonces.use(order.nonce, order.asked, self._hands.monotonic_ms()):
            raise Invalid("This order came too late, or before.", "order/nonce")
        try:
            self._count(via)
            self._do(sealed, via)
        except NotNow as refused:
            return self._answer(order, refused)
        except NoRoom:
            return self._answer(order, NotNow("full"))
        return self._answer(order)

    def _do(self, sealed: Sealed, via: str) -> None:
        order, hands = sealed.order, self._hands
        person = hands.person(order.person)
        if person is None or not person.key:
            raise NotNow("code")
        hands.tried(via, sealed.is_by(person.key))
        if order.do == "show":
            hands.begin(sealed)
        elif order.do == "end":
            hands.end()

    def _answer(self, order: Order, refused: NotNow | None = None) -> bytes:
        """What it shows is said to who may act on it only."""
        why, wait_ms = (refused.why, refused.wait_ms) if refused else ("", 0)
        seen = self._hands.sight() if why not in ("stranger", "code", "pause", "often") else None
        act = seen.running if seen else None
        if seen is None or act is None:
            return Answer(order.asked, why, wait_ms).sealed(self._key)
        left_ms = max(0, act.until_ms - seen.now)
        answer = Answer(order.asked, why, wait_ms, seen.what, act.person, left_ms)
        return answer.sealed(self._key)

    def _count(self, via: str) -> None:
        now = self._hands.monotonic_ms()
        with self._lock:
            last = [at for at in self._carried.get(via, ()) if now - at < ASKED_MS]
            if len(last) >= ASKED:
                raise NotNow("often", ASKED_MS - (now - last[0]))
            self._carried[via] = [*last, now]
