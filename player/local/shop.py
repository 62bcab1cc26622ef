"""This screen and the others of its shop: a person who came in here acts on those that are near.

Each is asked for itself, at the same time as the others, with what it believes and nobody between
can use or change (playlists/wire/shop_hands.py).
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from player.errors import Unreachable
from player.link.lan_client import Neighbour, exchange
from player.local.asked import Asked
from player.local.guard import Entrant, NotNow
from player.local.hands import Hands
from playlists.errors import Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import canonical
from playlists.signing import SigningKey
from playlists.wire.hands import ShopScreen
from playlists.wire.shop_hands import MAX_BYTES, Answer, Do, Order, Sealed, mark_of, nonce_of

GREET, ORDER = "/shop/greet", "/shop/order"
AT_ONCE = 8
"""Screens that are asked at the same time."""
CLAIMS = 3
"""Orders to one screen in a round: others may claim to be it, and pass on what they hear."""
ROUND_S = 6.0
"""After which those that did not answer count as out of reach."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of a screen."""

    do: Do
    choice: str = ""
    length_ms: int = 0


LOOK = Wish("look")


@dataclass(frozen=True, slots=True)
class Other:
    """Another screen of the shop: what was wished of it, and what came of that, if it answered."""

    screen: ShopScreen
    do: Do
    answer: Answer | None

    @property
    def is_held(self) -> bool:
        """Whether it shows something by hand."""
        return self.answer is not None and bool(self.answer.left_ms)

    @property
    def is_done(self) -> bool:
        """Whether it did what was wished."""
        return self.answer is not None and not self.answer.why


@dataclass(frozen=True, slots=True)
class Sights:
    """The shop's screens as a person sees them from here; `here` is None where they act on this
    screen alone.
    """

    here: ShopScreen | None = None
    others: tuple[Other, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    """Names."""

    @property
    def held(self) -> tuple[Other, ...]:
        """The others that show something by hand."""
        return tuple(one for one in self.others if one.is_held)

    @property
    def has_news(self) -> bool:
        """Whether something came of a wish, or another screen shows something by hand."""
        return bool(self.held) or any(one.do != "look" for one in self.others)


ALONE = Sights()


class Shop:
    """For any thread. `near` says which players are found."""

    def __init__(
        self, hands: Hands, key: SigningKey, near: Callable[[], Sequence[Neighbour]]
    ) -> None:
        self.asked = Asked(hands, key)
        self._hands, self._key, self._near = hands, key, near

    @property
    def here(self) -> ShopScreen | None:
        """This screen, as the plan has it."""
        return next((it for it in self._hands.plan.screens if it.key == self._key.x), None)

    @property
    def others(self) -> tuple[ShopScreen, ...]:
        """The store's other screens."""
        return tuple(it for it in self._hands.plan.screens if it.key != self._key.x)

    def see(self, entrant: Entrant, wishes: Mapping[str, Wish]) -> Sights:
        """Tell the others what is wished of them, and how it stands in all of the shop."""
        if not self.may(entrant):
            return ALONE
        wanted = {it.id: wishes.get(it.id, LOOK) for it in self.others}
        said = self.ask(entrant, wanted)
        others = [Other(it, wanted[it.id].do, said.get(it.id)) for it in self.others]
        people = {it.id: it.name for it in self._hands.plan.people}
        return Sights(self.here, tuple(others), people)

    def hold(self, entrant: Entrant, wish: Wish) -> None:
        """Have this screen do it. Raises NotNow, NoRoom."""
        nonce, asked = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        order = self._order(entrant, wish, self._key.x, nonce, asked)
        try:
            sealed = Sealed.read(order.sealed(entrant.key, self._key))
        except Invalid:
            raise NotNow("choice") from None
        self._hands.begin(sealed)

    def may(self, entrant: Entrant) -> bool:
        """Whether others can believe this person: a code from before has no such key."""
        person = self._hands.person(entrant.person)
        return self.here is not None and person is not None and person.key == entrant.key.x

    def ask(self, entrant: Entrant, wishes: Mapping[str, Wish]) -> dict[str, Answer]:
        """What came of each wish, by screen; those that did not answer are left out."""
        names = {it.key: it.id for it in self.others if it.id in wishes}
        todo = [it for it in self._near() if it.hands_port] if names else []
        secrets.SystemRandom().shuffle(todo)
        claims = Counter[str]()
        found: dict[str, Answer] = {}
        lock, ended = threading.Lock(), threading.Event()
        working = min(AT_ONCE, len(todo))
        if not working:
            return {}

        def work() -> None:
            nonlocal working
            while not ended.is_set():
                with lock:
                    peer = todo.pop() if todo else None
                if peer is None:
                    break
                said = self._one(peer, names, claims, entrant, wishes)
                with lock:
                    if said is not None:
                        found.setdefault(*said)
                    if len(found) == len(names):
                        ended.set()
            with lock:
                working -= 1
                if not working:
                    ended.set()

        for _ in range(working):
            threading.Thread(target=work, name="shop", daemon=True).start()
        ended.wait(ROUND_S)
        ended.set()
        with lock:
            return dict(found)

    def _one(
        self,
        peer: Neighbour,
        names: Mapping[str, str],
        claims: Counter[str],
        entrant: Entrant,
        wishes: Mapping[str, Wish],
    ) -> tuple[str, Answer] | None:
        """Ask one player, whichever of these screens it is; None where it is none of them."""
        asked = secrets.token_urlsafe(16)
        try:
            greeted = Fields.of(
                parse_json(exchange(peer, GREET, canonical({"asked": asked}), MAX_BYTES))
            )
            nonce, mark = nonce_of(greeted.raw, "nonce"), greeted.text("is")
            key = next((one for one in names if mark_of(asked, nonce, one) == mark), None)
            if key is None or claims[key] >= CLAIMS:
                return None
            claims[key] += 1
            order = self._order(entrant, wishes[names[key]], key, nonce, asked)
            body = order.sealed(entrant.key, self._key)
            return names[key], Answer.opened(exchange(peer, ORDER, body, MAX_BYTES), key, asked)
        except (Unreachable, Invalid):
            return None

    def _order(self, entrant: Entrant, wish: Wish, to: str, nonce: str, asked: str) -> Order:
        what = (entrant.person, wish.do, wish.choice, wish.length_ms)
        return Order(to, self._key.x, nonce, asked, *what)
