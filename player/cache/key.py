"""This device's own key: two copies on the disk, so that one that is damaged costs no pairing."""

from __future__ import annotations

import hashlib
from pathlib import Path

from player.cache.files import write_atomic
from player.errors import NoRoom
from playlists.errors import Invalid
from playlists.signing import SigningKey

SPARE_SUFFIX = ".spare"
_SEAL = b"# sha256 "


def device_key(path: Path) -> SigningKey:
    """The key, made at the first start; nobody but its owner may read the files.

    Raises Invalid where both copies are damaged: a person must remove them and pair the screen
    anew; OSError where the disk does not give them; NoRoom where there is none and no room for one.
    """
    spare = path.with_name(path.name + SPARE_SUFFIX)
    wrong: Invalid | OSError | None = None
    for one, other in ((path, spare), (spare, path)):
        try:
            key = _read(one)
        except FileNotFoundError:
            continue
        except (Invalid, OSError) as why:
            wrong = why
            continue
        if not _is_good(other):
            _repair(other, key)
        return key
    if isinstance(wrong, OSError):
        raise wrong
    if wrong:
        text = f"{path} and {spare.name} are damaged: {wrong} Remove them, pair this screen anew."
        raise Invalid(text) from wrong
    key = SigningKey.generate()
    write_atomic(path, _sealed(key), 0o600)
    _repair(spare, key)
    return key


def _read(path: Path) -> SigningKey:
    data = path.read_bytes()
    pem, seal, digest = data.partition(_SEAL)
    # A key that a person put there carries no seal.
    if seal and digest.strip() != hashlib.sha256(pem).hexdigest().encode():
        raise Invalid("its bytes are not those that were written.")
    return SigningKey.from_pem(pem)


def _is_good(path: Path) -> bool:
    try:
        _read(path)
    except (OSError, Invalid):
        return False
    return True


def _repair(path: Path, key: SigningKey) -> None:
    try:
        write_atomic(path, _sealed(key), 0o600)
    except (NoRoom, OSError):
        return  # the other copy is good; the next start tries again


def _sealed(key: SigningKey) -> bytes:
    pem = key.to_pem()
    return pem + _SEAL + hashlib.sha256(pem).hexdigest().encode() + b"\n"
