"""Proofs, tokens, fingerprints and codes: what a device or a person shows."""

from __future__ import annotations

import random
import re

import pytest

from playlists import credentials
from playlists.credentials import check_proof, check_token, mint_token, prove_message, sign_proof
from playlists.errors import Invalid, Refused
from playlists.signing import SigningKey, b64

NOON = 1_790_000_000_000
DEVICE = SigningKey.from_raw(b"d" * 32)
OTHER = SigningKey.from_raw(b"e" * 32)
NONCE = "n" * 22
SECRET = b"k" * 32


def test_a_device_proves_its_key_for_one_nonce_and_one_screen() -> None:
    proof = sign_proof(DEVICE, NONCE, "lille-1")
    assert check_proof(DEVICE.public, NONCE, "lille-1", proof)
    assert not check_proof(DEVICE.public, "m" * 22, "lille-1", proof)
    assert not check_proof(DEVICE.public, NONCE, "lille-2", proof)
    assert not check_proof(OTHER.public, NONCE, "lille-1", proof)
    assert not check_proof(DEVICE.public, NONCE, "lille-1", "not base64!")
    assert not check_proof(b"short", NONCE, "lille-1", proof)


def test_a_proof_can_sign_nothing_but_a_proof() -> None:
    assert prove_message(NONCE, "a") == b"enseigne.prove\n" + NONCE.encode() + b"\na"
    with pytest.raises(Invalid, match="nonce"):
        prove_message("eyJhbGciOiJ.FZERTQSJ9\n", "a")


def test_a_token_speaks_for_its_screen_until_its_end() -> None:
    token = mint_token(SECRET, "lille-1", NOON)
    assert check_token(SECRET, token, NOON - 1) == "lille-1"
    with pytest.raises(Refused, match="over") as caught:
        check_token(SECRET, token, NOON)
    assert caught.value.reason == "expired"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "malformed"),
        ("lille-1.5", "malformed"),
        (mint_token(b"z" * 32, "lille-1", NOON), "bad_signature"),
        (mint_token(SECRET, "lille-1", NOON).replace("lille-1", "lille-2"), "bad_signature"),
        (mint_token(SECRET, "lille-1", NOON).replace(str(NOON), str(NOON + 1)), "bad_signature"),
    ],
)
def test_a_changed_or_foreign_token_is_refused(token: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        check_token(SECRET, token, 0)
    assert caught.value.reason == reason


def test_a_fingerprint_is_four_groups_of_four_and_follows_the_key() -> None:
    shown = credentials.fingerprint(DEVICE.x)
    assert re.fullmatch(r"([2-9CFGHJKMPQRTVWXY]{4}-){3}[2-9CFGHJKMPQRTVWXY]{4}", shown)
    assert shown == credentials.fingerprint(DEVICE.x) != credentials.fingerprint(OTHER.x)
    with pytest.raises(Invalid, match="32 bytes"):
        credentials.fingerprint(b64(b"short"))


def test_a_pairing_code_reads_back_however_it_is_typed() -> None:
    code = credentials.pairing_code(random.Random(7))
    assert re.fullmatch(r"[2-9CFGHJKMPQRTVWXY]{3}-[2-9CFGHJKMPQRTVWXY]{3}", code)
    assert credentials.read_pairing_code(f" {code.lower().replace('-', ' ')} ") == code
    assert credentials.pairing_code(random.Random(8)) != code


@pytest.mark.parametrize("typed", ["", "ABC-DE", "ABC-DEFG", "CFG-HJ0", "CFG-HJ1"])
def test_a_code_that_cannot_be_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="six"):
        credentials.read_pairing_code(typed)
