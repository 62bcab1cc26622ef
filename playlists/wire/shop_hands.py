"""A person's order to a screen of their shop, carried by the screen that they stand before.

The carrier has the other give a nonce, good for one order; the order names it and the other's key.
It is signed twice: with the key that only who has the person's code can make, and with the
carrier's own, which says that a token was read off its screen. The other checks both against its
own plan, and signs its answer, so that nobody between them can say that it was done. What a person
has the very screen before them show is ordered in the same words: the server believes no device
what a person did there, but their code's key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from playlists.errors import Invalid, Refused
from playlists.fields import Fields, parse_json
from playlists.ids import canonical, check_id
from playlists.signing import SigningKey, b64, holds, public_key, unb64
from playlists.wire.hands import MAX_NAME, key_from

MAX_BYTES = 4_096
"""Of a request or an answer."""
MOST_MS = 7 * 24 * 3_600_000
"""The longest that an answer speaks of."""
Do = Literal["look", "show", "end"]
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_PERSON, _SCREEN = b"enseigne.hand.person\n", b"enseigne.hand.screen\n"
_ANSWER = b"enseigne.hand.answer\n"


@dataclass(frozen=True, slots=True)
class Order:
    """To the screen whose key is `to`, through the one whose key is `via`; `nonce` is its own,
    `asked` the one that its answer names. A `show` is of a choice, for so long (ms).
    """

    to: str
    via: str
    nonce: str
    asked: str
    person: str
    do: Do
    choice: str = ""
    length_ms: int = 0

    def sealed(self, person: SigningKey, screen: SigningKey) -> bytes:
        """The request's body."""
        said = canonical(
            {
                "to": self.to,
                "via": self.via,
                "nonce": self.nonce,
                "asked": self.asked,
                "person": self.person,
                "do": self.do,
                "choice": self.choice,
                "length": self.length_ms,
            }
        )
        by = person.sign_bytes(_PERSON + said)
        # Over both, so that nobody on the way makes it a wrong order of the carrier's.
        via = screen.sign_bytes(_SCREEN + by + said)
        return canonical({"order": b64(said), "person": b64(by), "screen": b64(via)})


@dataclass(frozen=True, slots=True)
class Sealed:
    """An order with its signatures, believed in nothing before they are checked."""

    order: Order
    body: bytes
    _said: bytes
    _person: bytes
    _screen: bytes

    @classmethod
    def read(cls, body: bytes) -> Sealed:
        """Undo `Order.sealed`. Raises Invalid."""
        given, said = _opened(body, "order")
        read = Fields.of(parse_json(said), "order")
        do = read.value("do")
        for one in get_args(Do):
            if do == one:
                order = Order(
                    key_from(read.value("to"), "order/to"),
                    key_from(read.value("via"), "order/via"),
                    nonce_of(read.raw, "nonce"),
                    nonce_of(read.raw, "asked"),
                    check_id(read.text("person"), "order/person"),
                    one,
                    read.text("choice", 64, empty=True),
                    read.whole("length"),
                )
                signed = [_bytes(given, name) for name in ("person", "screen")]
                return cls(order, body, said, *signed)
        raise Invalid(f"An order is one of {get_args(Do)}.", "order/do")

    @property
    def act(self) -> str:
        """The id of the act that it is the order for: none is made of it twice."""
        return f"hand-{hashlib.sha256(self._said).hexdigest()[:24]}"

    def is_by(self, key: str) -> bool:
        """Whether the person with this key says so."""
        return holds(public_key(key), self._person, _PERSON + self._said)

    def is_carried(self) -> bool:
        """Whether the screen that it names as its carrier carried it."""
        return holds(public_key(self.order.via), self._screen, _SCREEN + self._person + self._said)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order: "" where it was done, else why not, and for how long it is no use to
    try again (ms). With it what the screen shows by hand now: what, by whom, for how long still.
    """

    asked: str
    why: str = ""
    wait_ms: int = 0
    what: str = ""
    person: str = ""
    left_ms: int = 0

    def sealed(self, screen: SigningKey) -> bytes:
        """The answer's body."""
        said = canonical(
            {
                "asked": self.asked,
                "why": self.why,
                "wait": self.wait_ms,
                "what": self.what,
                "person": self.person,
                "left": self.left_ms,
            }
        )
        return canonical({"answer": b64(said), "screen": b64(screen.sign_bytes(_ANSWER + said))})

    @classmethod
    def opened(cls, body: bytes, key: str, asked: str) -> Answer:
        """Undo `sealed`, of the screen with this key, to what was asked. Raises Invalid."""
        given, said = _opened(body, "answer")
        if not holds(public_key(key), _bytes(given, "screen"), _ANSWER + said):
            raise Invalid("Another than the one that was asked answered.", "screen")
        read = Fields.of(parse_json(said), "answer")
        if nonce_of(read.raw, "asked") != asked:
            raise Invalid("This answers another question.", "answer/asked")
        return cls(
            asked,
            read.text("why", 16, empty=True),
            read.whole("wait", high=MOST_MS),
            read.text("what", MAX_NAME, empty=True),
            read.text("person", 64, empty=True),
            read.whole("left", high=MOST_MS),
        )


def mark_of(asked: str, nonce: str, key: str) -> str:
    """By which a screen lets itself be known to who holds its key, and to nobody else."""
    return hashlib.sha256(f"enseigne.hand.is\n{asked}\n{nonce}\n{key}".encode()).hexdigest()


def nonce_of(given: Mapping[str, object], name: str) -> str:
    """A nonce. Raises Invalid."""
    return Fields.of(given).match(name, _NONCE, "A nonce has 16 to 128 characters of base64url.")


def _opened(body: bytes, name: str) -> tuple[Fields, bytes]:
    if len(body) > MAX_BYTES:
        raise Invalid(f"At most {MAX_BYTES} bytes are taken.")
    given = Fields.of(parse_json(body))
    return given, _bytes(given, name)


def _bytes(given: Fields, name: str) -> bytes:
    try:
        return unb64(given.base64url(name))
    except Refused as refused:
        raise Invalid(str(refused), given.at(name)) from None
