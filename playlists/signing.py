"""Who said it: signed messages (JWS with Ed25519) and the keys that are believed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from playlists.errors import Invalid, Refused
from playlists.fields import Fields, parse_json
from playlists.ids import Json, canonical

KIB = 1024
MAX_BYTES: Final[Mapping[str, int]] = {
    "keys": 64 * KIB,
    "head": 4 * KIB,
    "offers": 16 * KIB * KIB,
    "freshness": 1024 * KIB,
    "time": 4 * KIB,
    "watch": 64 * KIB,
    "command": 32 * KIB,
}
"""The kinds of signed messages and the greatest length of each, in bytes of its compact form."""
USES: Final = frozenset(MAX_BYTES) - {"keys"}
"""What an online key may sign; the keys document itself is signed by the root key only."""
MAX_KEYS = 32
"""Online keys in one keys document."""
_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64
_KID = re.compile(r"[0-9a-f]{16}")


def b64(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Undo `b64`, accepting its one spelling only. Raises Refused `malformed`."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Refused("malformed", "This is not base64url without padding.") from None
    if b64(data) != text:
        raise Refused("malformed", "This is not the shortest base64url of its bytes.")
    return data


def kid_of(public: bytes) -> str:
    """The id of a raw public key: the first 16 hex digits of its sha256."""
    return hashlib.sha256(public).hexdigest()[:16]


class SigningKey:
    """A private Ed25519 key. It never shows itself but through `to_pem` and `to_raw`."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid: str = kid_of(self.public)
        self.x: str = b64(self.public)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_raw(cls, raw: bytes) -> SigningKey:
        """From the 32 bytes of `to_raw`. Raises Invalid."""
        if len(raw) != _PUBLIC_BYTES:
            raise Invalid("A raw Ed25519 private key has 32 bytes.")
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """From unencrypted PKCS #8 PEM. Raises Invalid."""
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Invalid("This is not an unencrypted PKCS #8 PEM private key.") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise Invalid("An Ed25519 key is needed; this PEM holds another kind.")
        return cls(private)

    def to_pem(self) -> bytes:
        """Unencrypted PKCS #8 PEM; keep the file to its owner alone."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def to_raw(self) -> bytes:
        """The 32 private bytes."""
        return self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())

    def sign_bytes(self, message: bytes) -> bytes:
        """The 64 signature bytes over `message` (RFC 8032)."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"


@dataclass(frozen=True, slots=True)
class OnlineKey:
    """A public key, what it may sign, and when: `[from_ms, until_ms)` in unix milliseconds."""

    public: bytes
    uses: frozenset[str]
    from_ms: int
    until_ms: int

    @property
    def kid(self) -> str:
        """Its id, always derived, never believed."""
        return kid_of(self.public)

    def runs_at(self, at_ms: int) -> bool:
        """Whether it may sign at that instant."""
        return self.from_ms <= at_ms < self.until_ms

    def to_json(self) -> Json:
        """As in the keys document."""
        return {
            "kid": self.kid,
            "x": b64(self.public),
            "uses": sorted(self.uses),
            "from": self.from_ms,
            "until": self.until_ms,
        }

    @classmethod
    def from_json(cls, value: object, path: str = "") -> OnlineKey:
        """Undo `to_json`; uses that are not known here are left out. Raises Invalid."""
        given = Fields.of(value, path)
        public = public_key(given.base64url("x"), given.at("x"))
        uses = frozenset(str(use) for _, use in given.items("uses", len(USES) * 4)) & USES
        key = cls(public, uses, given.whole("from"), given.whole("until"))
        if given.kid("kid") != key.kid:
            raise Invalid("The key id is not that of the key.", given.at("kid"))
        return key


@dataclass(frozen=True, slots=True)
class KeyDocument:
    """The online keys as the root key lists them. `version` only grows; a key left out is ended."""

    version: int
    issued_at: int
    keys: tuple[OnlineKey, ...]

    def to_json(self) -> Json:
        """The payload of `enseigne.keys`."""
        return {
            "v": 1,
            "version": self.version,
            "issued_at": self.issued_at,
            "keys": [key.to_json() for key in self.keys],
        }

    @classmethod
    def from_json(cls, value: object) -> KeyDocument:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        keys = tuple(OnlineKey.from_json(key, at) for at, key in given.items("keys", MAX_KEYS))
        return cls(given.whole("version", 1), given.whole("issued_at"), keys)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Whom a player believes: the root key of its pairing and the keys document that root signed.

    `token` is that document as received, "" before the first; it is what is kept on disk.
    """

    root: bytes
    document: KeyDocument = KeyDocument(0, 0, ())
    token: str = ""

    def find(self, kid: str) -> OnlineKey | None:
        """The online key of that id, if the document lists it."""
        return next((key for key in self.document.keys if key.kid == kid), None)

    def renewed(self, token: str) -> KeyRing:
        """This ring with a newer keys document; the same document again changes nothing.

        Raises Refused: whatever `verify` raises, `rollback` for a lower version, `equivocation` for
        another document of the same version. Windows are not checked: it works without a clock.
        """
        payload = verify(token, "keys", self, None)
        document = _payload_document(payload)
        if document.version < self.document.version:
            raise Refused("rollback", "This keys document is older than the one held.")
        if document.version == self.document.version:
            if document != self.document:
                raise Refused("equivocation", "There are two keys documents of one version.")
            return self
        return KeyRing(self.root, document, token)


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose signature holds: its payload, that payload's bytes, and the key's id."""

    payload: Json
    data: bytes
    kid: str


def sign(kind: str, payload: Json, key: SigningKey) -> str:
    """A JWS in compact form (RFC 7515 section 7.1) of type `enseigne.<kind>`. Raises Invalid.

    Refuses what `verify` would refuse for its length, so that nothing unreadable is ever sent.
    """
    return sign_canonical(kind, canonical(payload), key)


def sign_canonical(kind: str, data: bytes, key: SigningKey) -> str:
    """The same of a payload that is in its canonical bytes already."""
    signed = f"{_header(kind, key.kid)}.{b64(data)}"
    token = f"{signed}.{b64(key.sign_bytes(signed.encode()))}"
    if len(token) > MAX_BYTES[kind]:
        raise Invalid(f"A {kind} message may have {MAX_BYTES[kind]} bytes; this has {len(token)}.")
    return token


@lru_cache(maxsize=64)
def _header(kind: str, kid: str) -> str:
    return b64(canonical({"alg": "EdDSA", "kid": kid, "typ": f"enseigne.{kind}"}))


def verify(token: str, kind: str, ring: KeyRing, now_ms: int | None) -> Json:
    """The payload of a message that holds: `open_token` for those who need no more."""
    return open_token(token, kind, ring, now_ms).payload


def open_token(token: str, kind: str, ring: KeyRing, now_ms: int | None) -> Opened:
    """Verify, then parse. `now_ms` None (no trusted time) leaves the keys' validity windows aside.

    Raises Refused with reason too_large, malformed, alg, typ, unknown_key, key_use, key_time,
    bad_signature or payload. Until the signature holds, nothing of the payload is looked at.
    """
    if len(token) > MAX_BYTES[kind]:
        raise Refused("too_large", f"A {kind} message may have {MAX_BYTES[kind]} bytes.")
    parts = token.split(".") if token.isascii() else []
    if len(parts) != 3:
        raise Refused("malformed", "A signed message has three parts.")
    kid = _read_header(unb64(parts[0]), kind)
    public = _key_for(kid, kind, ring, now_ms)
    signed = token[: token.rindex(".")].encode()
    if not holds(public, unb64(parts[2]), signed):
        raise Refused("bad_signature", "The signature does not hold.")
    data = unb64(parts[1])
    try:
        payload = parse_json(data)
    except Invalid as error:
        raise Refused("payload", str(error)) from None
    return Opened(payload, data, kid)  # type: ignore[arg-type]  # parse_json gives JSON


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is that of `message` under the raw Ed25519 key `public`."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(x: str, path: str = "x") -> bytes:
    """The 32 raw bytes of a public key written as base64url. Raises Invalid."""
    try:
        public = unb64(x)
    except Refused as refused:
        raise Invalid(str(refused), path) from None
    if len(public) != _PUBLIC_BYTES:
        raise Invalid("A raw Ed25519 public key has 32 bytes.", path)
    return public


def _read_header(data: bytes, kind: str) -> str:
    try:
        header = Fields.of(parse_json(data)).raw
    except Invalid:
        raise Refused("malformed", "The header is not a JSON object.") from None
    if header.get("alg") != "EdDSA":
        raise Refused("alg", "Only EdDSA is accepted.")
    if header.get("typ") != f"enseigne.{kind}":
        raise Refused("typ", f"This is not an enseigne.{kind} message.")
    kid = header.get("kid")
    if len(header) != 3 or not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise Refused("malformed", "The header is not exactly alg, kid and typ.")
    return kid


def _key_for(kid: str, kind: str, ring: KeyRing, now_ms: int | None) -> bytes:
    if kind == "keys":
        if kid != kid_of(ring.root):
            raise Refused("unknown_key", "Only the root key may sign the keys document.")
        return ring.root
    key = ring.find(kid)
    if key is None:
        raise Refused("unknown_key", "The keys document does not list this key; fetch it again.")
    if kind not in key.uses:
        raise Refused("key_use", f"This key may not sign {kind} messages.")
    if now_ms is not None and not key.runs_at(now_ms):
        raise Refused("key_time", "This key is not valid now.")
    return key.public


def _payload_document(payload: object) -> KeyDocument:
    try:
        return KeyDocument.from_json(payload)
    except Invalid as error:
        raise Refused("payload", f"{error.field}: {error}") from None
