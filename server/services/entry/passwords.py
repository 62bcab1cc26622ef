"""Passwords: what one must be, after NIST SP 800-63B §3.1.1, and their Argon2id hashes."""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from server.errors import BadInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_CHARACTERS = 12
MAX_CHARACTERS = 128
GUESSED_CHARACTERS = 72
"""zxcvbn looks at so many: its time grows with the square."""
MIN_SCORE = 3
"""Of zxcvbn's 0 to 4: below it, fewer than 10^8 guesses."""
MIN_WORD = 4
"""Shorter words of a name may stand in a password."""
HASHES_AT_ONCE = 2
"""Each takes 64 MiB for as long as it lasts."""

_room = BoundedSemaphore(HASHES_AT_ONCE)


def check(password: str, *known: str) -> None:
    """Refuse what is short, or guessed first: common words and patterns, and what is `known` of the
    person (name, email). No kind of character is asked for. Raises BadInput.
    """
    if len(password) < MIN_CHARACTERS:
        raise _refused(f"A password has {MIN_CHARACTERS} characters at least.", "short")
    if len(password) > MAX_CHARACTERS:
        raise _refused(f"A password has {MAX_CHARACTERS} characters at most.", "long")
    folded = _plain(password).casefold()
    words = [word for one in known for word in _words(one)]
    if any(len(word) >= MIN_WORD and word in folded for word in words):
        raise _refused("Leave your name and your address out of the password.", "name")
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:GUESSED_CHARACTERS], [*words, "enseigne"])
    if found["score"] < MIN_SCORE:
        raise _refused("This is among the first that are guessed. Take several words.", "common")


def hashed(password: str) -> str:
    """What the record keeps."""
    with _room:
        return _hasher().hash(_plain(password))


def fits(kept: str, password: str) -> bool:
    """Whether `kept` is of this password; as slow where there is none, so that nobody learns who is
    known here.
    """
    from argon2.exceptions import VerificationError

    if len(password) > MAX_CHARACTERS:
        return False
    with _room:
        try:
            _hasher().verify(kept or _nobodys(), _plain(password))
        except VerificationError:
            return False
    return kept != ""


def is_old(kept: str) -> bool:
    """Whether a hash is weaker than those made now."""
    return _hasher().check_needs_rehash(kept)


@cache
def _hasher() -> PasswordHasher:
    """Argon2id with the second choice of RFC 9106 §4: 64 MiB, three passes."""
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody's")


def _plain(password: str) -> str:
    """One form for letters that keyboards write in several ways."""
    return unicodedata.normalize("NFKC", password)


def _words(known: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in known.casefold()).split()


def _refused(message: str, why: str) -> BadInput:
    return BadInput(message, field="password", code=f"password_{why}")
