"""What devices and people show: key proofs, bearer tokens, fingerprints, pairing codes."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Protocol

from playlists.errors import Invalid, Refused
from playlists.signing import SigningKey, b64, holds, public_key, unb64

ALPHABET = "23456789CFGHJKMPQRTVWXY"
"""Letters and digits that cannot be misread for one another and spell no words."""

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_TOKEN = re.compile(r"([a-z0-9][a-z0-9_-]{0,63})\.([0-9]{1,16})\.([A-Za-z0-9_-]{43})")


class Chooser(Protocol):
    """What a code is drawn with: `secrets.SystemRandom()` at the edges, a seeded one in tests."""

    def choice(self, seq: Sequence[str], /) -> str:
        """One of `seq`, each as likely."""


def prove_message(nonce: str, screen: str) -> bytes:
    """What a device signs to show that it holds its key. Raises Invalid for a bad nonce."""
    if not _NONCE.fullmatch(nonce):
        raise Invalid("A nonce has 16 to 128 characters of base64url.", "nonce")
    return b"enseigne.prove\n" + nonce.encode() + b"\n" + screen.encode()


def sign_proof(key: SigningKey, nonce: str, screen: str) -> str:
    """The device's answer to a challenge, base64url."""
    return b64(key.sign_bytes(prove_message(nonce, screen)))


def check_proof(public: bytes, nonce: str, screen: str, signature: str) -> bool:
    """Whether `signature` answers `nonce` for `screen` under the device's raw public key."""
    try:
        return holds(public, unb64(signature), prove_message(nonce, screen))
    except Refused:
        return False


def mint_token(secret: bytes, screen: str, expires_at: int) -> str:
    """A bearer token `screen.expires_at.mac`; `expires_at` is unix milliseconds."""
    return f"{screen}.{expires_at}.{_mac(secret, f'{screen}.{expires_at}')}"


def check_token(secret: bytes, token: str, now_ms: int) -> str:
    """The screen that a token speaks for. Raises Refused malformed, bad_signature or expired."""
    found = _TOKEN.fullmatch(token)
    if not found:
        raise Refused("malformed", "This is not a player's token.")
    screen, expires_at, mac = found.groups()
    if not hmac.compare_digest(mac, _mac(secret, f"{screen}.{expires_at}")):
        raise Refused("bad_signature", "This token was not given by this server.")
    if now_ms >= int(expires_at):
        raise Refused("expired", "This token is over; prove the key again.")
    return screen


def fingerprint(x: str) -> str:
    """A public key (base64url) as four groups of four for people to compare: 72 bits of its sha256.

    The digest is one big-endian number; its base-23 digits, least first, are letters of ALPHABET.
    """
    rest = int.from_bytes(hashlib.sha256(public_key(x)).digest(), "big")
    letters = ""
    for _ in range(16):
        rest, digit = divmod(rest, len(ALPHABET))
        letters += ALPHABET[digit]
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def pairing_code(rng: Chooser) -> str:
    """A new code `ABC-DEF`, one of 148 million."""
    letters = [rng.choice(ALPHABET) for _ in range(6)]
    return "".join(letters[:3]) + "-" + "".join(letters[3:])


def read_pairing_code(typed: str) -> str:
    """The code that a person typed, whatever its case, spaces and dashes. Raises Invalid."""
    letters = re.sub(r"[\s–-]", "", typed).upper()
    if len(letters) != 6 or not set(letters) <= set(ALPHABET):
        raise Invalid("A code has six letters or digits, as on the screen: ABC-DEF.", "code")
    return f"{letters[:3]}-{letters[3:]}"


def _mac(secret: bytes, text: str) -> str:
    return b64(hmac.new(secret, b"enseigne.token\n" + text.encode(), hashlib.sha256).digest())
