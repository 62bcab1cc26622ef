"""The installation's own keys: made at the first start, kept in files of their owner's, rotated.

Files of `data_dir/keys` (folder 0700, files 0600):

- `root.pem`, `root.x`: the root key that players believe from their pairing on. `root.pem` may be
  moved to a safe place and brought back for a rotation only; nothing else needs it. If it is lost
  for good, new online keys can be told to no one and every player must be paired again.
- `online.pem` signs heads, offers, freshness and watch tokens; `time.pem` signs the time only: it
  is the one key that the door is given.
- `channel.secret`: what the bearer tokens of players are made with; shared by door and web.
- `keys.jws`: the keys document as the root signed it, written last: it is what makes the set whole.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playlists.credentials import fingerprint, mint_token
from playlists.pricing import Offer
from playlists.signing import (
    KeyDocument,
    KeyRing,
    OnlineKey,
    SigningKey,
    b64,
    kid_of,
    sign,
    sign_canonical,
    unb64,
)
from playlists.wire.commands import Command
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.offers import OffersMessage, offer_to_bytes
from playlists.wire.signed import Head, TimeMessage, Watch
from server.errors import Conflict

DAY_MS = 24 * 3_600_000
KEY_LIFE_MS = 730 * DAY_MS
"""An online key may sign for this long; it is rotated at the first start past half of it."""
KEY_OVERLAP_MS = 45 * DAY_MS
"""A rotated key stays believed for this long: a player that was off still reads what it holds."""
KEY_EARLY_MS = DAY_MS
"""A new key is valid from this long before it was made, for clocks that are a little behind."""
SECRET_BYTES = 32

_ONLINE_USES = frozenset({"head", "offers", "freshness", "watch", "command"})
_TIME_USES = frozenset({"time"})


@dataclass(frozen=True, slots=True)
class Keys:
    """What this process signs with. `document_jws` is the keys document that players are given."""

    root_x: str
    document: KeyDocument
    document_jws: str
    online: SigningKey
    time: SigningKey
    channel_secret: bytes

    @property
    def root_kid(self) -> str:
        """The root key's id."""
        return kid_of(unb64(self.root_x))

    @property
    def fingerprint(self) -> str:
        """The root key as people compare it at a pairing."""
        return fingerprint(self.root_x)

    @property
    def ring(self) -> KeyRing:
        """Whom a player of this installation believes."""
        return KeyRing(unb64(self.root_x), self.document, self.document_jws)

    @property
    def time_raw(self) -> bytes:
        """The private bytes of the time key, for the door."""
        return self.time.to_raw()

    @property
    def head_prefix(self) -> str:
        """What every head that `sign_head` signs begins with, up to its payload."""
        return sign("head", {}, self.online).partition(".")[0] + "."

    def sign_head(self, head: Head) -> str:
        """The signed head of one screen."""
        return sign("head", head.to_json(), self.online)

    def sign_offers(
        self, message: OffersMessage, offer_bytes: Callable[[Offer], bytes] = offer_to_bytes
    ) -> str:
        """The signed delta or snapshot of a channel. Raises Invalid when it is too long."""
        return sign_canonical("offers", message.to_bytes(offer_bytes), self.online)

    def sign_freshness(self, message: FreshnessMessage) -> str:
        """The signed freshness of a store. Raises Invalid when it is too long."""
        return sign("freshness", message.to_json(), self.online)

    def sign_watch(self, watch: Watch) -> str:
        """The signed leave of a studio page to follow screens."""
        return sign("watch", watch.to_json(), self.online)

    def sign_command(self, command: Command) -> str:
        """The signed command to one device. Raises Conflict where players would not believe it:
        the keys are from before there were commands, and the root key is needed to say more.
        """
        listed = self.ring.find(self.online.kid)
        if listed is None or "command" not in listed.uses:
            raise Conflict(
                "The keys of this installation are from before there were commands. Put the root "
                "key back and restart; then they may sign them.",
                code="keys_too_old",
            )
        return sign("command", command.to_json(), self.online)

    def sign_time(self, nonce: str, now: int) -> str:
        """The signed time, unix milliseconds, in answer to a player's nonce."""
        return sign("time", TimeMessage(nonce, now).to_json(), self.time)

    def mint_token(self, screen: str, expires_at: int) -> str:
        """A player's bearer token until `expires_at` (unix milliseconds)."""
        return mint_token(self.channel_secret, screen, expires_at)


def load_keys(folder: Path, now: int) -> Keys:
    """The keys in `folder`, made where there are none yet, rotated where half their life is over.

    Several processes may call it at once: one makes them, the others wait. Raises Invalid where a
    file is damaged, Refused where the document does not bear the root's signature.
    """
    with _locked(folder):
        if not (folder / "keys.jws").exists():
            _create(folder, now)
        keys = _read(folder)
        due = any(key.until_ms - now < KEY_LIFE_MS // 2 for key in _current(keys))
        due = due or not {use for key in _current(keys) for use in key.uses} >= _ONLINE_USES
        if due and (folder / "root.pem").exists():
            keys = _rotate(folder, keys, now)
    return keys


def rotate(folder: Path, now: int) -> Keys:
    """Replace the online and the time key; the old ones stay believed for KEY_OVERLAP_MS.

    Running processes sign with the new ones once restarted; the worker then signs every head anew.
    Raises Conflict where the root key is kept elsewhere.
    """
    if not (folder / "root.pem").exists():
        raise Conflict(f"Put the root key back as {folder / 'root.pem'} for the rotation.")
    with _locked(folder):
        return _rotate(folder, _read(folder), now)


def _create(folder: Path, now: int) -> None:
    if (folder / "root.x").exists() and not (folder / "root.pem").exists():
        raise Conflict(f"{folder} has lost its keys document; put back the folder's backup.")
    if not (folder / "root.pem").exists():
        _write(folder / "root.pem", SigningKey.generate().to_pem())
    root = SigningKey.from_pem((folder / "root.pem").read_bytes())
    online, time = SigningKey.generate(), SigningKey.generate()
    _write(folder / "root.x", root.x.encode())
    _write(folder / "online.pem", online.to_pem())
    _write(folder / "time.pem", time.to_pem())
    _write(folder / "channel.secret", b64(secrets.token_bytes(SECRET_BYTES)).encode())
    listed = (_listed(online, _ONLINE_USES, now), _listed(time, _TIME_USES, now))
    _write_document(folder, root, KeyDocument(1, now, listed))


def _rotate(folder: Path, keys: Keys, now: int) -> Keys:
    root = SigningKey.from_pem((folder / "root.pem").read_bytes())
    online, time = SigningKey.generate(), SigningKey.generate()
    fading = tuple(
        OnlineKey(key.public, key.uses, key.from_ms, min(key.until_ms, now + KEY_OVERLAP_MS))
        for key in keys.document.keys
        if key.until_ms > now
    )
    listed = (_listed(online, _ONLINE_USES, now), _listed(time, _TIME_USES, now), *fading)
    # The document first: were the power cut here, the old keys still sign and are still believed.
    _write_document(folder, root, KeyDocument(keys.document.version + 1, now, listed))
    _write(folder / "online.pem", online.to_pem())
    _write(folder / "time.pem", time.to_pem())
    return _read(folder)


def _read(folder: Path) -> Keys:
    root_x = (folder / "root.x").read_text().strip()
    ring = KeyRing(unb64(root_x)).renewed((folder / "keys.jws").read_text().strip())
    return Keys(
        root_x,
        ring.document,
        ring.token,
        SigningKey.from_pem((folder / "online.pem").read_bytes()),
        SigningKey.from_pem((folder / "time.pem").read_bytes()),
        unb64((folder / "channel.secret").read_text().strip()),
    )


def _current(keys: Keys) -> tuple[OnlineKey, ...]:
    mine = {keys.online.kid, keys.time.kid}
    return tuple(key for key in keys.document.keys if key.kid in mine)


def _listed(key: SigningKey, uses: frozenset[str], now: int) -> OnlineKey:
    return OnlineKey(key.public, uses, max(0, now - KEY_EARLY_MS), now + KEY_LIFE_MS)


def _write_document(folder: Path, root: SigningKey, document: KeyDocument) -> None:
    _write(folder / "keys.jws", sign("keys", document.to_json(), root).encode())


def _write(path: Path, data: bytes) -> None:
    """All or nothing, readable by its owner alone."""
    part = path.with_name(f".{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
