"""A store's hand on a screen while its server is out of reach: who may, what, and what was done.

The server tells each device of a store beforehand (a `hands` command: `HandsPlan`); the device
tells afterwards (`POST hands`: `Act`), until the server has answered for each act (`Verdict`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from playlists.cards import card_json, read_card
from playlists.credentials import ALPHABET
from playlists.errors import Invalid
from playlists.fields import Fields, row, text, whole
from playlists.ids import CardId, Json, ZoneId, canonical, check_id, sha256
from playlists.manifest import DeckCard
from playlists.signing import SigningKey, b64, public_key

MAX_PEOPLE = 20
"""Of a store, with a code at a time."""
MAX_CHOICES = 24
MAX_SCREENS = 64
"""Of a store, that act as one."""
MAX_TURNS = 24
"""Of one choice."""
MAX_PLAN_BYTES = 20_000
"""Of all arguments of the command, so that its signed form stays below what a device takes."""
MAX_ACTS = 50
"""In one request."""
MAX_NAME = 200
CODE_LETTERS = ALPHABET
CODE_LENGTH = 12
TAG_LENGTH = 2
"""The code's first letters say whose it is, so that one slow hash is enough."""
SCRYPT_N = 2**14
SCRYPT_R = 8
"""16 MiB and a tenth of a second on a server, some tenths on a Raspberry Pi 3 (RFC 7914)."""
SALT_BYTES = 16
HASH_BYTES = 16
_SEED_FROM, _SCRYPT_BYTES = 32, 64
"""The bytes after the hash's block are of another block (RFC 7914, 6): one tells nothing of the
other."""

How = Literal["", "hand", "time", "replaced", "refused"]
"""How an act ended: it has not, by hand, by itself, by another one, because the server refused."""
State = Literal["taken", "over", "refused"]

_HEX32 = re.compile(r"[0-9a-f]{32}")
_TAG = re.compile(f"[{CODE_LETTERS}]{{{TAG_LENGTH}}}")
_ACT = re.compile(r"hand-[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Person:
    """Who may: the code's first letters, and scrypt of the whole with `salt` (hex both). `until` is
    the instant (unix ms) from which the code is no good. `key` is the public half (base64url) of
    the key that only who has the code can make: what it signs, other screens believe.
    """

    id: str
    name: str
    tag: str
    salt: str
    hash: str
    until: int
    key: str = ""

    def to_json(self) -> Json:
        """As in a plan."""
        return [self.id, self.name, self.tag, self.salt, self.hash, self.until, self.key]

    @classmethod
    def from_json(cls, value: object, path: str) -> Person:
        """Undo `to_json`. Raises Invalid."""
        id_, name, tag, salt, hashed, until, *more = row(value, path, 6)
        return cls(
            check_id(text(id_, path), path),
            text(name, path, MAX_NAME),
            _matching(tag, _TAG, path),
            _matching(salt, _HEX32, path),
            _matching(hashed, _HEX32, path),
            whole(until, path),
            key_from(more[0], path) if more and more[0] else "",
        )


@dataclass(frozen=True, slots=True)
class ShopScreen:
    """A screen of the store, and its device's public key (base64url)."""

    id: str
    name: str
    key: str

    def to_json(self) -> Json:
        """As in a plan."""
        return [self.id, self.name, self.key]

    @classmethod
    def from_json(cls, value: object, path: str) -> ShopScreen:
        """Undo `to_json`. Raises Invalid."""
        id_, name, key, *_ = row(value, path, 3)
        return cls(check_id(text(id_, path), path), text(name, path, MAX_NAME), key_from(key, path))


@dataclass(frozen=True, slots=True)
class Choice:
    """A playlist that may be shown, as its turns: a card each, for so long (ms)."""

    id: str
    name: str
    turns: tuple[tuple[CardId, int], ...]

    def to_json(self) -> Json:
        """As in a plan."""
        return [self.id, self.name, [list(turn) for turn in self.turns]]

    @classmethod
    def from_json(cls, value: object, path: str) -> Choice:
        """Undo `to_json`. Raises Invalid."""
        id_, name, given, *_ = row(value, path, 3)
        if not isinstance(given, list | tuple) or not 1 <= len(given) <= MAX_TURNS:
            raise Invalid(f"A choice has 1 to {MAX_TURNS} turns.", path)
        turns = []
        for turn in given:
            card, length, *_ = row(turn, path, 2)
            turns.append((CardId(text(card, path, 64)), whole(length, path, 1_000)))
        return cls(check_id(text(id_, path), path), text(name, path, MAX_NAME), tuple(turns))


@dataclass(frozen=True)
class HandsPlan:
    """Who may show what on a screen while its server is away, and for how long at most (ms).
    `cards` are those that the choices name; `screens` all of the store that may be asked together.
    """

    store: str = ""
    people: tuple[Person, ...] = ()
    choices: tuple[Choice, ...] = ()
    cards: Mapping[CardId, DeckCard] = field(default_factory=dict)
    longest_ms: int = 0
    screens: tuple[ShopScreen, ...] = ()

    @cached_property
    def id(self) -> str:
        """Equal for equal plans."""
        return sha256(canonical(self.to_json()))[:16]

    def to_json(self) -> Mapping[str, Json]:
        """The arguments of a `hands` command."""
        return {
            "store": self.store,
            "people": [one.to_json() for one in self.people],
            "choices": [one.to_json() for one in self.choices],
            "cards": _cards_json(self.cards),
            "longest": self.longest_ms,
            "screens": [one.to_json() for one in self.screens],
        }

    @classmethod
    def from_json(cls, value: object) -> HandsPlan:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        screens = given.items("screens", MAX_SCREENS) if given.has("screens") else ()
        return cls(
            given.text("store", MAX_NAME, empty=True),
            tuple(Person.from_json(one, at) for at, one in given.items("people", MAX_PEOPLE)),
            tuple(Choice.from_json(one, at) for at, one in given.items("choices", MAX_CHOICES)),
            cards_from(given, "cards", MAX_CHOICES * MAX_TURNS),
            given.whole("longest"),
            tuple(ShopScreen.from_json(one, at) for at, one in screens),
        )


@dataclass(frozen=True, slots=True)
class Act:
    """A person had a screen show a choice in a zone, `[from_ms, until_ms)`. `ended` is when it
    ended (unix ms), None while it runs; `proof` is their signed order (shop_hands.py), by whose
    hash the act is named.
    """

    id: str
    person: str
    choice: str
    zone: ZoneId
    from_ms: int
    until_ms: int
    proof: str
    ended: int | None = None
    how: How = ""

    def to_json(self) -> Json:
        """As in `POST hands`."""
        return {
            "id": self.id,
            "person": self.person,
            "choice": self.choice,
            "zone": self.zone,
            "from": self.from_ms,
            "until": self.until_ms,
            "ended": self.ended,
            "how": self.how,
            "proof": self.proof,
        }

    @classmethod
    def from_json(cls, value: object, path: str = "") -> Act:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value, path)
        from_ms = given.whole("from")
        for how in get_args(How):
            if given.value("how") == how:
                return cls(
                    given.match("id", _ACT, "An act's id is hand- and 24 hex digits."),
                    check_id(given.text("person"), given.at("person")),
                    check_id(given.text("choice"), given.at("choice")),
                    ZoneId(given.text("zone", 64)),
                    from_ms,
                    given.whole("until", from_ms + 1),
                    given.text("proof"),
                    given.whole("ended", from_ms) if given.has("ended") else None,
                    how,
                )
        raise Invalid(f"An act ends by one of {get_args(How)}.", given.at("how"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the server says of an act: it is its own since `since_ms` and runs until then (unix ms);
    it is over; it is refused.
    """

    state: State
    until_ms: int = 0
    since_ms: int = 0

    def to_json(self) -> Json:
        """As in the answer to `POST hands`."""
        return [self.state, self.until_ms, self.since_ms]

    @classmethod
    def from_json(cls, value: object, path: str) -> Verdict:
        """Undo `to_json`. Raises Invalid."""
        said, until, since, *_ = row(value, path, 3)
        for state in get_args(State):
            if said == state:
                return cls(state, whole(until, path), whole(since, path))
        raise Invalid(f"A verdict is one of {get_args(State)}.", path)


@dataclass(frozen=True, slots=True)
class Acts:
    """The body of `POST hands`: acts, and by choice the cards that they showed, as far as the
    device still has them.
    """

    acts: tuple[Act, ...]
    cards: Mapping[str, Mapping[CardId, DeckCard]] = field(default_factory=dict)

    def to_json(self) -> Json:
        """The request's body."""
        return {
            "acts": [act.to_json() for act in self.acts],
            "cards": {choice: _cards_json(cards) for choice, cards in self.cards.items()},
        }

    @classmethod
    def from_json(cls, value: object) -> Acts:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        acts = tuple(Act.from_json(one, at) for at, one in given.items("acts", MAX_ACTS))
        tables = given.fields("cards")
        chosen = [choice for choice, _ in given.members("cards", MAX_CHOICES, 64)]
        return cls(acts, {choice: cards_from(tables, choice, MAX_TURNS) for choice in chosen})


def code_hash(code: str, salt: str) -> str:
    """The slow hash of a code with a salt, hex both."""
    return code_proof(code, salt)[0]


def code_proof(code: str, salt: str) -> tuple[str, SigningKey]:
    """The slow hash of a code, and the key that only who has the code can make."""
    made = hashlib.scrypt(
        code.encode(), salt=bytes.fromhex(salt), n=SCRYPT_N, r=SCRYPT_R, p=1, dklen=_SCRYPT_BYTES
    )
    return made[:HASH_BYTES].hex(), SigningKey.from_raw(made[_SEED_FROM:])


def key_from(value: object, path: str) -> str:
    """A public key as base64url. Raises Invalid."""
    return b64(public_key(text(value, path), path))


def cards_from(given: Fields, name: str, most: int) -> dict[CardId, DeckCard]:
    """Read a table of cards. Raises Invalid."""
    return {
        CardId(card): read_card(body, given.at(name))
        for card, body in given.members(name, most, 64)
    }


def _cards_json(cards: Mapping[CardId, DeckCard]) -> Json:
    return {str(name): card_json(card) for name, card in cards.items()}


def verdicts_json(verdicts: Mapping[str, Verdict]) -> Json:
    """The answer, by act."""
    return {"acts": {name: verdict.to_json() for name, verdict in verdicts.items()}}


def verdicts_from_json(value: object) -> dict[str, Verdict]:
    """Undo `verdicts_json`. Raises Invalid."""
    rows = Fields.of(value).members("acts", MAX_ACTS)
    return {name: Verdict.from_json(said, name) for name, said in rows}


def _matching(value: object, pattern: re.Pattern[str], path: str) -> str:
    found = text(value, path)
    if not pattern.fullmatch(found):
        raise Invalid("This is not as it was written.", path)
    return found
