"""The evidence of a second: what was kept at the time, verified again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from playlists.ids import ChannelId, Sha256, ZoneId, canonical
from playlists.runs import GENESIS, Play, Run, append
from playlists.signing import KeyRing, SigningKey, kid_of, open_token, unb64
from playlists.wire.http import PairingRequest
from server.db.models import ChannelRow, RunRow
from server.errors import NotFound
from server.services.alignment.bundle import bundle
from server.services.alignment.evidence import Evidence, NotPast, evidence
from server.services.base import keys
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.screens import pairing, proof
from server.services.screens.devices import Viewer
from server.services.showing.explaining import explain
from tests.support.record import TestClock
from tests.support.shops import heads
from tests.support.small_shop import CHANNEL, lay_out, set_price

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
SCREEN = "lille-window"


@pytest.fixture
def shop(any_ctx: Context) -> Context:
    """A window that shows a picture and the bag in turn; the bag is 119.90 from the start."""
    lay_out(any_ctx)
    return any_ctx


def version(ctx: Context) -> int:
    with ctx.db.read() as session:
        return session.get_one(ChannelRow, CHANNEL).version


def bag(ctx: Context, at: int) -> Evidence:
    """The evidence of the first second from `at` on at which the bag is on."""
    for second in range(0, MINUTE, SECOND):
        found = explain(ctx, SYSTEM, SCREEN, at + second)
        if found.prices:
            return evidence(ctx, SYSTEM, SCREEN, at + second)
    raise AssertionError("the bag never comes")


def post(ctx: Context, *stretches: tuple[int, int, int]) -> list[Run]:
    """The screen's records: from, until, the channel's version."""
    key = SigningKey.generate()
    given = pairing.begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
    pairing.claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    revision = heads(ctx)[SCREEN]
    manifest = Sha256(explain(ctx, SYSTEM, SCREEN, stretches[0][0]).held.head.manifest)
    runs: list[Run] = []
    for number, (from_ms, until_ms, held) in enumerate(stretches, 1):
        offers = {ChannelId(CHANNEL): held}
        play = Play(ZoneId("main"), revision, manifest, from_ms, until_ms, offers)
        runs.append(append(number, runs[-1].hash if runs else GENESIS, play))
    proof.take(ctx, Viewer((SCREEN,), kid_of(key.public)), runs)
    return runs


@pytest.fixture
def played(shop: Context, clock: TestClock) -> tuple[int, list[Run]]:
    """An hour at 119.90, an hour at 99.90: when it began, and what the screen recorded."""
    began, before = clock.now, version(shop)
    clock.advance(HOUR)
    set_price(shop, 9_990)
    changed = clock.now
    clock.advance(HOUR)
    return began, post(
        shop, (began, changed + SECOND, before), (changed + SECOND, clock.now, version(shop))
    )


def test_a_past_price_is_proven_by_record_row_and_both_signatures(
    shop: Context, played: tuple[int, list[Run]]
) -> None:
    began, runs = played
    found = bag(shop, began + MINUTE)
    (said,) = found.prices
    assert said.price.price == 11_990
    assert [(one.role, one.price) for one in said.entries] == [("price", 11_990)]
    assert found.proof is not None
    assert (found.proof.run.hash, found.proof.length) == (runs[0].hash, 2)
    assert (found.proof.whole, found.proof.follows) == (True, True)
    assert [(one.kind, one.verdict) for one in found.seals] == [
        ("head", "holds"),
        ("offers", "holds"),
    ]
    later = bag(shop, began + HOUR + MINUTE)
    assert later.proof is not None
    assert (later.proof.run.hash, later.proof.follows) == (runs[1].hash, True)
    assert [one.price for one in later.prices[0].entries] == [9_990, 11_990]


def test_the_download_is_checked_by_who_has_nothing_but_the_root_key(
    shop: Context, played: tuple[int, list[Run]]
) -> None:
    told: Any = json.loads(json.dumps(bundle(bag(shop, played[0] + MINUTE))))
    ring = KeyRing(unb64(shop.keys.root_x)).renewed(told["keys"])
    opened = {
        one["kind"]: open_token(one["jws"], one["kind"], ring, one["signed_at"]).payload
        for one in told["signatures"]
    }
    head: Any = opened["head"]
    assert head["manifest"] == told["head"]["manifest"] == told["run"]["record"]["manifest"]
    for name, text in told["objects"].items():
        assert hashlib.sha256(text.encode()).hexdigest() == name
    manifest = json.loads(told["objects"][head["manifest"]])
    assert manifest["deck"] in told["objects"]
    (price,) = told["prices"]
    offers: Any = opened["offers"]
    assert price["offer"] in offers["set"]
    assert told["run"]["record"]["offers"][CHANNEL] >= price["offer_version"] == offers["to"]
    record = dict(told["run"]["record"])
    hashed = record.pop("hash")
    assert hashlib.sha256(canonical(record)).hexdigest() == hashed


def test_a_record_changed_in_the_database_does_not_hold(
    shop: Context, played: tuple[int, list[Run]]
) -> None:
    with shop.db.write() as session:
        row = session.get_one(RunRow, (SCREEN, 1, 1))
        row.body = {**row.body, "until": row.body["until"] + 1}
    found = bag(shop, played[0] + MINUTE)
    assert found.proof is not None
    assert not found.proof.whole


def test_keys_of_then_still_count_after_a_rotation(
    shop: Context, played: tuple[int, list[Run]], clock: TestClock
) -> None:
    clock.advance(HOUR)
    renewed = keys.rotate(shop.settings.data_dir / "keys", clock.now)
    found = bag(replace(shop, keys=renewed), played[0] + MINUTE)
    assert {one.verdict for one in found.seals} == {"holds"}
    assert {one.kid for one in found.seals} == {shop.keys.online.kid} != {renewed.online.kid}


def test_without_a_record_it_says_what_the_server_had_published(
    shop: Context, clock: TestClock
) -> None:
    began = clock.now
    clock.advance(HOUR)
    found = bag(shop, began)
    assert (found.why.explained.held.basis, found.proof) == ("record", None)


def test_there_is_no_evidence_of_what_will_be_nor_of_what_is_another_s(
    shop: Context, clock: TestClock
) -> None:
    with pytest.raises(NotPast):
        evidence(shop, SYSTEM, SCREEN, clock.now + HOUR)
    other = Actor("a", "A", frozenset({"read"}), frozenset({"prado"}))
    with pytest.raises(NotFound):
        evidence(shop, other, SCREEN, clock.now)
