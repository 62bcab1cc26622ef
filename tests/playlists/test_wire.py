"""What the messages give to the domain, beyond their text form."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from playlists.errors import Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import ChannelId, ScreenId, SourceId, StoreId
from playlists.slot import Freshness, Lease
from playlists.wire.door import Prove, ProveWatch, Report, prove_from_json
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.http import PARTED, SessionProof, refusal_nonce
from playlists.wire.signed import MAX_NONCE, asked_nonce


def test_freshness_gives_slot_at_its_leases_and_sources() -> None:
    lease = Lease(4, 5, 6)
    sources = {SourceId("stock@lille"): 7}
    message = FreshnessMessage(StoreId("lille"), 9, {ChannelId("shop@lille"): lease}, sources)
    assert message.freshness == Freshness({ChannelId("shop@lille"): lease}, sources)


def test_a_proof_is_of_a_player_or_of_a_studio_page() -> None:
    player = {"v": 1, "screen": "a", "sig": "c2ln", "nonce": "n", "caps": {}, "formats": [1, 2]}
    assert isinstance(prove_from_json(player), Prove)
    assert prove_from_json({"v": 1, "watch": "a.b.c"}) == ProveWatch("a.b.c")


def test_capabilities_of_another_shape_are_left_out() -> None:
    caps = {"memory": 512, "deep": {"a": 1}, "long": "x" * 200, "agent": "1.0"}
    given = {"v": 1, "screen": "a", "sig": "c2ln", "nonce": "n", "caps": caps, "formats": [1]}
    proof = prove_from_json(given)
    assert isinstance(proof, Prove)
    assert proof.caps == {"memory": 512, "agent": "1.0"}


@pytest.mark.parametrize("worse", ["a\0b", "\ud800", 2**53, -(2**53)])
def test_capabilities_that_a_database_cannot_hold_are_left_out(worse: str | int) -> None:
    said = Report(1, {}, 0, 0, None, {}).to_json()
    assert isinstance(said, dict)
    held = Report.from_json({**said, "device": {"odd": worse, "package": "1.0", "off": False}})
    assert held.device == {"package": "1.0", "off": False}


def test_paths_lead_to_the_wrong_field() -> None:
    inner = Fields.of({"a": {"b": 1}}).fields("a")
    assert (inner.path, inner.at("b")) == ("a", "a/b")
    with pytest.raises(Invalid) as caught:
        inner.text("b")
    assert caught.value.field == "a/b"


def test_json_with_one_number_too_large_is_refused() -> None:
    assert parse_json(b"-9007199254740991") == -9007199254740991
    with pytest.raises(Invalid, match="whole numbers"):
        parse_json(b"-9007199254740992")


def test_a_refusals_signed_time_answers_that_code_to_that_very_proof() -> None:
    proof = SessionProof(ScreenId("lille-1"), "n" * 22, "c2ln")
    others = [
        refusal_nonce("bad_signature", proof),
        refusal_nonce("unknown_screen", replace(proof, screen=ScreenId("lille-2"))),
        refusal_nonce("unknown_screen", replace(proof, nonce="m" * 22)),
        refusal_nonce("unknown_screen", replace(proof, sig="c2lm")),
    ]
    answer = refusal_nonce("unknown_screen", replace(proof))
    assert answer == refusal_nonce("unknown_screen", proof)
    assert len({answer, *others}) == 5


@pytest.mark.parametrize("code", sorted(PARTED))
def test_nobody_can_ask_for_the_signature_of_a_refusal(code: str) -> None:
    refusal = refusal_nonce(code, SessionProof(ScreenId("lille-1"), "n" * 22, "c2ln"))
    assert len(refusal) <= MAX_NONCE
    with pytest.raises(Invalid) as caught:
        asked_nonce(refusal, "nonce")
    assert caught.value.field == "nonce"
    for own in (secrets.token_urlsafe(16), secrets.token_urlsafe(18), ""):
        assert asked_nonce(own, "nonce") == own
