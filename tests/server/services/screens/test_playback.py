"""What screens report: kept, answered, and followed where a player knows more than the record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import ChannelId, ZoneId
from playlists.signing import SigningKey, verify
from playlists.wire.door import Playing, Report
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.http import PairingRequest
from server.db.models import ChannelRow, DeviceRow, ScreenHeadRow, ScreenStateRow
from server.errors import BadInput
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.prices import offers
from server.services.publishing.publish import Published
from server.services.screens import playback, reissue
from server.services.screens.devices import Viewer
from server.services.screens.pairing import begin, claim
from server.worker.hearing import Hearing
from tests.support.record import TestClock
from tests.support.small_shop import CHANNEL, OTHER_CHANNEL, lay_out, set_price

SCREEN = "lille-window"
VIEWER = Viewer((SCREEN,), "d" * 16)
NOTHING = Report(0, {}, 0, 0, None, {}, nonce="n" * 24)


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    lay_out(any_ctx)
    for screen in (SCREEN, "prado-window"):
        key = SigningKey.generate()
        given = begin(any_ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
        claim(any_ctx, SYSTEM, code=given.code, screen_id=screen)
    return any_ctx


def head(ctx: Context, screen: str = SCREEN) -> tuple[int, str]:
    with ctx.db.read() as session:
        row = session.get_one(ScreenHeadRow, screen)
        return row.revision, row.jws


def version(ctx: Context, channel: str = CHANNEL) -> int:
    with ctx.db.read() as session:
        return session.get_one(ChannelRow, channel).version


def test_the_last_report_is_kept(chain: Context, clock: TestClock) -> None:
    playback.report(chain, VIEWER, NOTHING)
    clock.advance(45_000)
    shown = {ZoneId("main"): Playing("abc", 1, 2, ("asset_missing",))}
    playback.report(chain, VIEWER, replace(NOTHING, missing=3, playing=shown))
    with chain.db.read() as session:
        row = session.get_one(ScreenStateRow, SCREEN)
        assert row.seen_at == clock()
        assert Report.from_json(row.report).missing == 3


def test_a_report_that_no_player_writes_is_refused(chain: Context) -> None:
    reasons = tuple("x" * 1_900 for _ in range(60))
    long = replace(NOTHING, playing={ZoneId("main"): Playing(None, 0, 1, reasons)})
    with pytest.raises(BadInput):
        playback.report(chain, VIEWER, long)
    with chain.db.read() as session:
        assert session.get(ScreenStateRow, SCREEN) is None


def test_freshness_over_http_is_made_once_for_many_and_anew_for_a_new_price(
    chain: Context, clock: TestClock
) -> None:
    first = playback.report(chain, VIEWER, NOTHING).freshness
    clock.advance(1_000)
    assert playback.report(chain, VIEWER, NOTHING).freshness == first
    set_price(chain, 9_990)
    second = playback.report(chain, VIEWER, NOTHING).freshness
    message = FreshnessMessage.from_json(verify(second, "freshness", chain.keys.ring, None))
    assert message.channels[ChannelId(CHANNEL)].version == version(chain)
    held = replace(NOTHING, freshness=message.issued_at)
    assert playback.report(chain, VIEWER, held).freshness == ""


def test_reports_below_or_at_the_records_versions_change_nothing(chain: Context) -> None:
    revision, _ = head(chain)
    said = replace(NOTHING, revision=revision, channels={ChannelId(CHANNEL): version(chain)})
    assert reissue.after_reports(chain, {SCREEN: said, "gone": NOTHING}) == reissue.Reissued()
    assert head(chain)[0] == revision


def test_a_restored_record_goes_on_above_what_its_players_hold(
    chain: Context, clock: TestClock
) -> None:
    revision, _ = head(chain)
    ahead, far = revision + 5_000, version(chain) + 5_000
    said = replace(NOTHING, revision=ahead, channels={ChannelId(CHANNEL): far})
    told = reissue.after_reports(chain, {SCREEN: said})
    assert [(screen, number) for screen, number, _ in told.heads] == [(SCREEN, ahead + 1)]
    assert head(chain) == (ahead + 1, told.heads[0][2])
    assert [(change.channel, change.version) for change in told.channels] == [(CHANNEL, far + 1)]
    with chain.db.read() as session:
        (jws,) = offers.messages_from(chain, session, CHANNEL, far)
    whole = verify(jws, "offers", chain.keys.ring, None)
    assert (whole["from"], whole["to"]) == (0, far + 1)
    assert [offer["k"] for offer in whole["set"]] == ["BAG"]


def test_those_who_held_the_records_own_version_need_an_empty_delta_only(chain: Context) -> None:
    before = version(chain)
    reissue.channels_above(chain, {CHANNEL: before + 10})
    with chain.db.read() as session:
        (jws,) = offers.messages_from(chain, session, CHANNEL, before)
    delta = verify(jws, "offers", chain.keys.ring, None)
    assert (delta["from"], delta["set"], delta["gone"]) == (before, [], [])


def test_a_channel_is_signed_anew_once_a_minute_at_most(chain: Context, clock: TestClock) -> None:
    assert reissue.channels_above(chain, {CHANNEL: version(chain) + 10})
    assert not reissue.channels_above(chain, {CHANNEL: version(chain) + 10})
    clock.advance(reissue.CHANNEL_EVERY_MS)
    assert reissue.channels_above(chain, {CHANNEL: version(chain) + 10})


def test_a_screens_head_is_not_signed_anew_time_and_again(chain: Context, clock: TestClock) -> None:
    def above() -> list[int]:
        told = reissue.heads_above(chain, {SCREEN: head(chain)[0] + 1, "prado-window": 0})
        return [revision for _, revision, _ in told]

    assert above() == [head(chain)[0]]
    assert above() == []
    clock.advance(reissue.HEAD_EVERY_MS)
    assert above() == [head(chain)[0]]


def test_a_screen_moves_its_own_channels_only(chain: Context) -> None:
    before = version(chain, OTHER_CHANNEL)
    said = replace(NOTHING, channels={ChannelId(OTHER_CHANNEL): before + 10})
    assert reissue.after_reports(chain, {SCREEN: said}) == reissue.Reissued()
    assert version(chain, OTHER_CHANNEL) == before


def test_the_worker_hands_such_heads_to_the_door(chain: Context) -> None:
    told: list[Published] = []
    hearing = Hearing(chain, told.append)
    ahead = head(chain)[0] + 5_000
    report = replace(NOTHING, revision=ahead).to_json()
    hearing.take({"t": "reports", "reports": [[SCREEN, chain.clock(), report]]})
    hearing.flush()
    assert [head[:2] for done in told for head in done.heads] == [(SCREEN, ahead + 1)]
    hearing.flush()
    assert len(told) == 1


def test_the_worker_holds_a_device_whose_key_the_door_saw_twice(chain: Context) -> None:
    hearing = Hearing(chain, lambda _: None)
    hearing.take({"t": "clone", "screen": SCREEN})
    hearing.flush()
    with chain.db.read() as session:
        assert session.get_one(DeviceRow, SCREEN).held_reason == "cloned_key"
