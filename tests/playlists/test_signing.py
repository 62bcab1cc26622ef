"""Signed messages: what holds, and every way in which one does not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from playlists import signing
from playlists.errors import Invalid, Refused
from playlists.ids import Json
from playlists.signing import KeyDocument, KeyRing, OnlineKey, SigningKey, b64, sign, verify

NOON = 1_790_000_000_000
DAY = 86_400_000
ROOT = SigningKey.from_raw(b"r" * 32)
ONLINE = SigningKey.from_raw(b"o" * 32)
CLOCK = SigningKey.from_raw(b"c" * 32)
STRANGER = SigningKey.from_raw(b"s" * 32)
HEAD: Json = {"v": 1, "screen": "lille-1", "revision": 7}


def listed(key: SigningKey, *uses: str, from_ms: int = 0, until_ms: int = NOON + DAY) -> OnlineKey:
    return OnlineKey(key.public, frozenset(uses), from_ms, until_ms)


def keys(version: int, *online: OnlineKey, by: SigningKey = ROOT) -> str:
    return sign("keys", KeyDocument(version, NOON, online).to_json(), by)


def ring(*online: OnlineKey) -> KeyRing:
    given = online or (listed(ONLINE, "head", "offers", "freshness"), listed(CLOCK, "time"))
    return KeyRing(ROOT.public).renewed(keys(1, *given))


def refused(reason: str, act: Callable[[], object]) -> None:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.reason == reason


def assembled(header: object, payload: bytes, key: SigningKey = ONLINE) -> str:
    """A token with any header and payload, honestly signed."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    return f"{signed}.{b64(key.sign_bytes(signed.encode()))}"


def header(**changed: object) -> dict[str, object]:
    return {"alg": "EdDSA", "kid": ONLINE.kid, "typ": "enseigne.head", **changed}


def test_a_signed_message_gives_its_payload_back() -> None:
    token = sign("head", HEAD, ONLINE)
    assert verify(token, "head", ring(), NOON) == HEAD
    opened = signing.open_token(token, "head", ring(), NOON)
    assert (json.loads(opened.data), opened.kid) == (HEAD, ONLINE.kid)


def test_the_header_is_exactly_algorithm_key_and_type() -> None:
    first = sign("head", HEAD, ONLINE).split(".")[0]
    expected = {"alg": "EdDSA", "kid": ONLINE.kid, "typ": "enseigne.head"}
    assert json.loads(signing.unb64(first)) == expected


def test_keys_travel_as_pem_and_raw_and_never_in_a_repr() -> None:
    assert SigningKey.from_pem(ONLINE.to_pem()).public == ONLINE.public
    assert SigningKey.from_raw(ONLINE.to_raw()).kid == ONLINE.kid
    assert repr(ONLINE) == f"SigningKey(kid='{ONLINE.kid}')"
    assert SigningKey.generate().public != SigningKey.generate().public


def test_a_key_that_is_not_ed25519_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(Invalid, match="another kind"):
        SigningKey.from_pem(other)
    with pytest.raises(Invalid, match="not an unencrypted"):
        SigningKey.from_pem(b"-----BEGIN NOTHING-----")
    with pytest.raises(Invalid, match="32 bytes"):
        SigningKey.from_raw(b"short")


def test_a_message_from_a_key_that_is_not_listed_is_refused() -> None:
    refused("unknown_key", lambda: verify(sign("head", HEAD, STRANGER), "head", ring(), NOON))


def test_a_listed_key_may_not_sign_what_it_was_not_listed_for() -> None:
    refused("key_use", lambda: verify(sign("head", HEAD, CLOCK), "head", ring(), NOON))


def test_the_root_key_may_not_sign_online_messages_nor_an_online_key_the_keys() -> None:
    refused("unknown_key", lambda: verify(sign("head", HEAD, ROOT), "head", ring(), NOON))
    refused("unknown_key", lambda: ring().renewed(keys(2, by=ONLINE)))


def test_a_key_is_valid_in_its_window_only_and_always_without_a_clock() -> None:
    bounded = ring(listed(ONLINE, "head", from_ms=NOON, until_ms=NOON + DAY))
    token = sign("head", HEAD, ONLINE)
    assert verify(token, "head", bounded, NOON) == HEAD
    refused("key_time", lambda: verify(token, "head", bounded, NOON - 1))
    refused("key_time", lambda: verify(token, "head", bounded, NOON + DAY))
    assert verify(token, "head", bounded, None) == HEAD


def test_a_message_of_one_kind_is_never_taken_for_another() -> None:
    refused("typ", lambda: verify(sign("head", HEAD, ONLINE), "offers", ring(), NOON))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256", "Ed25519", None])
def test_another_algorithm_is_refused(alg: str | None) -> None:
    refused("alg", lambda: verify(assembled(header(alg=alg), b"{}"), "head", ring(), NOON))


@pytest.mark.parametrize(
    "bad",
    [
        header(kid="ABC"),
        header(kid=7),
        header(crit=["b64"]),
        header(jwk={"kty": "OKP"}),
        ["EdDSA"],
        {"alg": "EdDSA", "typ": "enseigne.head"},
    ],
)
def test_a_header_with_anything_else_is_malformed(bad: object) -> None:
    refused("malformed", lambda: verify(assembled(bad, b"{}"), "head", ring(), NOON))


@pytest.mark.parametrize("bad", ["", "a.b", "a.b.c.d", "é.b.c", "$.b.c", "bm90.e30.AA"])
def test_what_is_not_three_base64url_parts_is_malformed(bad: str) -> None:
    refused("malformed", lambda: verify(bad, "head", ring(), NOON))


def test_every_changed_character_is_noticed() -> None:
    token = sign("head", HEAD, ONLINE)
    for at, letter in enumerate(token):
        forged = token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
        with pytest.raises(Refused):
            verify(forged, "head", ring(), NOON)


def test_a_signature_has_one_spelling_only() -> None:
    token = sign("head", HEAD, ONLINE)
    reasons = []
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if letter != token[-1]:
            with pytest.raises(Refused) as caught:
                verify(token[:-1] + letter, "head", ring(), NOON)
            reasons.append(caught.value.reason)
    assert (reasons.count("malformed"), reasons.count("bad_signature")) == (60, 3)
    refused("malformed", lambda: verify(token + "=", "head", ring(), NOON))


def test_a_cut_signature_does_not_hold() -> None:
    signed = sign("head", HEAD, ONLINE).rsplit(".", 1)[0]
    refused("bad_signature", lambda: verify(f"{signed}.{b64(b'x' * 63)}", "head", ring(), NOON))


def test_the_payload_is_not_parsed_before_the_signature_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []
    parse = signing.parse_json
    monkeypatch.setattr(signing, "parse_json", lambda data: (seen.append(data), parse(data))[1])
    held = ring()
    seen.clear()
    token = sign("head", HEAD, ONLINE)
    forged = token.rsplit(".", 1)[0] + "." + b64(b"x" * 64)
    refused("bad_signature", lambda: verify(forged, "head", held, NOON))
    assert len(seen) == 1  # the header


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b'{"a":1.5}', b'{"a":NaN}', b'{"a":1e400}', b"[" * 200_000]
)
def test_a_payload_that_is_not_our_json_is_refused_though_signed(
    payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "MAX_BYTES", {**signing.MAX_BYTES, "head": 1_000_000})
    refused("payload", lambda: verify(assembled(header(), payload), "head", ring(), NOON))


@pytest.mark.parametrize("payload", [b'{"a":9007199254740992}', b'{"a":"\\ud800"}'])
def test_what_a_browser_or_a_disk_cannot_hold_is_refused(payload: bytes) -> None:
    refused("payload", lambda: verify(assembled(header(), payload), "head", ring(), NOON))


def test_a_pair_of_surrogates_is_a_letter_like_another() -> None:
    token = assembled(header(), b'{"a":"\\ud83c\\udf27"}')
    assert verify(token, "head", ring(), NOON) == {"a": "🌧"}


def test_a_message_over_its_limit_is_refused_on_both_sides() -> None:
    long: Json = {"v": 1, "screen": "x" * signing.MAX_BYTES["head"]}
    with pytest.raises(Invalid, match="may have 4096 bytes"):
        sign("head", long, ONLINE)
    refused("too_large", lambda: verify("x" * 5000, "head", ring(), NOON))


# --- the keys document ----------------------------------------------------------------------------


def test_rotation_keeps_the_old_key_until_it_is_left_out() -> None:
    old, new = listed(ONLINE, "head"), listed(STRANGER, "head")
    by_old, by_new = sign("head", HEAD, ONLINE), sign("head", HEAD, STRANGER)
    first = ring(old)
    overlap = first.renewed(keys(2, old, new))
    after = overlap.renewed(keys(3, new))
    refused("unknown_key", lambda: verify(by_new, "head", first, NOON))
    assert verify(by_old, "head", overlap, NOON) == verify(by_new, "head", overlap, NOON) == HEAD
    refused("unknown_key", lambda: verify(by_old, "head", after, NOON))


def test_an_older_keys_document_is_refused_and_the_same_one_changes_nothing() -> None:
    held = ring().renewed(keys(5, listed(ONLINE, "head")))
    refused("rollback", lambda: held.renewed(keys(4, listed(STRANGER, "head"))))
    assert held.renewed(held.token) is held
    refused("equivocation", lambda: held.renewed(keys(5, listed(STRANGER, "head"))))


def test_a_keys_document_forged_by_another_root_is_refused() -> None:
    refused("unknown_key", lambda: ring().renewed(keys(9, by=STRANGER)))


def test_uses_of_a_newer_server_are_left_out_and_do_no_harm() -> None:
    value = dict(listed(ONLINE, "head").to_json())  # type: ignore[arg-type,call-overload]
    value |= {"uses": ["head", "firmware"], "note": "new"}
    assert OnlineKey.from_json(value).uses == {"head"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kid", "0" * 16),
        ("x", b64(b"short")),
        ("x", "AB"),
        ("x", "ä"),
        ("from", -1),
        ("until", True),
        ("uses", "head"),
    ],
)
def test_a_wrong_key_in_a_signed_document_is_refused(field: str, value: Json) -> None:
    key = dict(listed(ONLINE, "head").to_json()) | {field: value}  # type: ignore[arg-type,call-overload]
    document: Json = {"v": 1, "version": 2, "issued_at": NOON, "keys": [key]}
    refused("payload", lambda: ring().renewed(sign("keys", document, ROOT)))


def test_a_keys_document_of_an_unknown_format_is_refused() -> None:
    document: Json = {"v": 2, "version": 2, "issued_at": NOON, "keys": []}
    refused("payload", lambda: ring().renewed(sign("keys", document, ROOT)))
