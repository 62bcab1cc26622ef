"""What is not as it should be is found, told in two languages, and nothing where all is well."""

from __future__ import annotations

import pytest

from server.db.models import ConnectorRow, DeviceRow, HeldBatchRow, ParadoxRow, ScreenStateRow
from server.errors import NotFound
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.prices import intake, settling
from server.services.situation.concerns import LANGUAGES
from server.services.situation.faults import fault_said
from server.services.situation.looking import Patience, look
from server.services.situation.overview import Situation, situation
from server.services.situation.rails import Asked
from server.services.situation.recipients import places_of
from server.services.situation.spoken import following, sentence, title
from tests.support.record import TestClock
from tests.support.small_shop import CHANNEL, lay_out, set_price
from tests.support.studio import pair, set_fact

MINUTE = 60_000
HOUR = 60 * MINUTE
LILLE = Actor("ines", "Inès", frozenset({"read"}), frozenset({"lille"}))


@pytest.fixture
def shop(any_ctx: Context) -> Context:
    """Two stores with a connected screen each, a counter, a feed that just answered."""
    lay_out(any_ctx)
    whole = Batch(any_ctx.clock(), whole=True, products=(ProductReport("BAG", "EUR", 11_990),))
    intake.take(any_ctx, intake.Source("feed", shop="pluvier"), whole)
    pair(any_ctx, "lille-window", "prado-window")
    connect(any_ctx, "feed", "Boutique")
    connect(any_ctx, "counters", "Compteurs")
    for store in ("lille", "prado"):
        set_fact(any_ctx, f"occupancy:tills@{store}", 4, f"counters.tills@{store}")
    return any_ctx


def connect(ctx: Context, name: str, title: str, **more: object) -> None:
    row = ConnectorRow(id=name, kind="merchant", name=title, config={}, state={}, counters={})
    row.last_success_at, row.every_s, row.next_run_at = ctx.clock(), 60, 10**15
    for key, value in more.items():
        setattr(row, key, value)
    with ctx.db.write() as session:
        session.merge(row)


def seen(ctx: Context, actor: Actor = SYSTEM) -> Situation:
    return situation(ctx, actor, Asked())


def said(ctx: Context, actor: Actor = SYSTEM) -> list[str]:
    found = seen(ctx, actor)
    return [sentence(one, found.places, found.now, "en") for one in found.concerns]


def test_all_is_well(shop: Context) -> None:
    found = seen(shop)
    assert found.concerns == ()
    assert [rail.id for rail in found.rails] == ["lille", "prado"]
    (fact,) = found.rails[0].facts
    assert (fact.key, fact.value, fact.source) == ("occupancy:tills@lille", 4, "Compteurs")
    assert found.rails[0].leases[0].said_at == shop.clock()


def test_what_is_out_here_and_in_stock_online_for_long_is_told_of_its_store(
    shop: Context, clock: TestClock
) -> None:
    now = clock()
    with shop.db.write() as session:
        for sku, hours in (("BAG", 4), ("HAT", 3)):
            row = ParadoxRow(
                store_id="lille", sku=sku, began_at=now - hours * HOUR, kind="out_here"
            )
            session.add(row)
    assert [rail.out_here for rail in seen(shop).rails] == [1, 0]


def test_counters_fall_silent_in_one_store(shop: Context, clock: TestClock) -> None:
    clock.advance(4 * MINUTE)
    set_fact(shop, "occupancy:tills@prado", 4, "counters.tills@prado")
    clock.advance(2 * MINUTE)
    assert said(shop) == ["lille’s counter “tills” is silent since 14:32."]
    set_fact(shop, "occupancy:fitting@lille", 4, "counters.fitting@lille")
    clock.advance(10 * MINUTE)
    assert said(shop) == [
        "prado’s counter “tills” is silent since 14:36.",
        "lille’s counters are silent since 14:38.",
    ]
    assert said(shop, LILLE) == ["lille’s counters are silent since 14:38."]
    set_fact(shop, "occupancy:tills@lille", 4, "counters.tills@lille")
    set_fact(shop, "occupancy:fitting@lille", 4, "counters.fitting@lille")
    set_fact(shop, "occupancy:tills@prado", 4, "counters.tills@prado")
    assert said(shop) == []


def test_who_is_not_expected_to_speak_is_not_silent(shop: Context, clock: TestClock) -> None:
    set_fact(shop, "occupancy:door@lille", 4, "manual@lille")
    connect(shop, "counters", "Compteurs", enabled=False)
    clock.advance(10 * MINUTE)
    assert said(shop) == []


def test_a_source_fails(shop: Context, clock: TestClock) -> None:
    connect(shop, "feed", "Boutique", failures=1, last_error="shop.example answered 500.")
    now = clock.advance(3 * MINUTE)
    assert said(shop) == ["“Boutique” is silent since 14:32."]
    with shop.db.read() as session:
        assert look(shop, session, now, Patience(source_ms=5 * MINUTE)) == []
        now = clock.advance(3 * MINUTE)
        kinds = [one.kind for one in look(shop, session, now, Patience(source_ms=5 * MINUTE))]
    assert "connector" in kinds
    (source,) = [one for one in seen(shop).sources or () if one.failing]
    assert source.error == "shop.example answered 500."
    assert seen(shop, LILLE).sources is None


def test_prices_end(shop: Context, clock: TestClock) -> None:
    clock.advance(3 * HOUR + MINUTE)
    set_fact(shop, "occupancy:tills@lille", 4, "counters.tills@lille")
    assert said(shop, LILLE) == ["Prices leave lille’s screens at 18:32."]
    clock.advance(HOUR)
    assert "lille shows no prices since 18:32." in said(shop, LILLE)


def test_a_price_looks_wrong_and_a_person_decides(shop: Context) -> None:
    set_price(shop, 9)
    assert said(shop) == ["The price of Estran 28 looks wrong since 14:32."]
    (one,) = seen(shop).suspects
    assert (one.before, one.now, one.currency, one.why) == (11_990, 9, "EUR", "jump")
    assert one.may_be_right
    assert [store for _, store in one.channels] == ["lille", "prado"]
    (mine,) = seen(shop, LILLE).suspects
    assert mine.channels == ((CHANNEL, "lille"),)
    for channel, _ in one.channels:
        settling.settle_suspect(shop, SYSTEM, channel, "BAG", accept=False)
    assert seen(shop).suspects == ()


def test_a_batch_is_held(shop: Context) -> None:
    connect(shop, "feed", "Boutique", config={"shop": "pluvier"})
    set_price(shop, 9)
    source = intake.Source("feed", shop="pluvier")
    assert intake.take(shop, source, Batch(shop.clock(), whole=True)).held == "empty"
    assert said(shop) == ["A batch of “Boutique” is held since 14:32."]
    (batch,) = seen(shop).batches
    assert batch.counts["gone"] == 1
    assert seen(shop).suspects == ()
    assert seen(shop, LILLE).batches == ()
    with shop.db.write() as session:
        session.get_one(HeldBatchRow, batch.id).settled_at = shop.clock()
    assert seen(shop).batches == ()


def test_screens_are_lost_copied_full(shop: Context, clock: TestClock) -> None:
    with shop.db.write() as session:
        lost = session.get_one(ScreenStateRow, "lille-window")
        lost.connected, lost.seen_at = False, clock() - 20 * MINUTE
        full = session.get_one(ScreenStateRow, "prado-window")
        full.report = {"troubles": {"disk_full": clock() - HOUR, "door": clock()}}
    assert said(shop) == [
        "lille window, lille, is offline since 14:12.",
        "prado window, prado: its disk is full since 13:32.",
    ]
    with shop.db.read() as session:
        patient = look(shop, session, clock(), Patience(screen_ms=30 * MINUTE))
    assert [one.kind for one in patient] == ["trouble"]
    with shop.db.write() as session:
        session.get_one(DeviceRow, "lille-window").held_reason = "cloned_key"
    assert said(shop, LILLE) == ["The key of lille window, lille, was copied."]


def test_every_concern_is_said_in_both_languages(shop: Context, clock: TestClock) -> None:
    test_screens_are_lost_copied_full(shop, clock)
    set_price(shop, 9)
    connect(shop, "feed", "{at} <b>", failures=3, last_error="No.", last_success_at=None)
    shop.settings.disk_low_bytes = 2**62
    clock.advance(5 * HOUR)
    with shop.db.read() as session:
        places = places_of(session)
        found = look(shop, session, clock())
    assert {one.kind for one in found} >= {"disk", "lease", "connector", "silence", "suspect"}
    for one in found:
        for language in LANGUAGES:
            for words in (sentence, following, title):
                told = words(one, places, clock(), language)
                assert told
                assert "{" not in told.replace("{at} <b>", "")


def test_nobody_looks_beyond_her_stores(shop: Context) -> None:
    found = seen(shop, LILLE)
    assert [rail.id for rail in found.rails] == ["lille"]
    assert found.screens == 1
    assert situation(shop, LILLE, Asked(store="prado")).rails == ()
    with pytest.raises(NotFound):
        settling.settle_suspect(
            shop,
            Actor("x", "X", frozenset({"prices"}), frozenset({"lille"})),
            *("pluvier@prado", "BAG"),
            accept=True,
        )


def test_errors_of_every_day_are_said_in_french() -> None:
    error = "shop.example was reached, but answered 429: it wants to be asked less often or later. "
    error += "It is asked again by itself."
    assert fault_said(error, "fr").startswith("shop.example est joignable, mais a répondu 429")
    assert fault_said(error, "en") == error
    assert fault_said("{0} is new.", "fr") == "{0} is new."
