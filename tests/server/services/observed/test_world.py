"""Facts and offers as people are shown them, and facts entered by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from playlists.facts import KINDS, MINUTE_MS, FactValue
from server.connectors.plausible import RANGES
from server.db.models import AuditRow, FactRow
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.paging import Cut
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.observed import world
from tests.server.services.keys_seen import marked
from tests.support.record import START_MS, TestClock
from tests.support.small_shop import CHANNEL, lay_out, set_price

LILLE = Actor("anne", "Anne", ALL_SCOPES, frozenset({"lille"}))


@pytest.fixture
def stores(any_ctx: Context) -> Context:
    """Two stores."""
    for store in ("lille", "prado"):
        places.create_store(any_ctx, SYSTEM, StoreWish(store, "Europe/Paris"), store)
    marked(any_ctx)
    return any_ctx


def test_a_fact_by_hand_is_marked_and_ages_until_nobody_believes_it(
    stores: Context, clock: TestClock
) -> None:
    made = world.put_fact(stores, SYSTEM, "footfall:window@lille", 12)
    assert (made.unit, made.age_ms, made.stale) == ("people in 15 minutes", 0, False)
    assert made.fact.source == "manual@lille"
    assert marked(stores) == {"footfall:window@lille"}
    clock.advance(5 * MINUTE_MS)
    seen = world.list_facts(stores, SYSTEM).items[0]
    assert (seen.age_ms, seen.stale, seen.fact.value) == (5 * MINUTE_MS, True, 12)


def test_a_forecast_by_hand_holds_for_its_stretch(stores: Context) -> None:
    hour = 3_600_000
    begin = START_MS + hour
    made = world.put_fact(
        stores, SYSTEM, "weather.rain:lille", 30, valid_from=begin, valid_until=begin + hour
    )
    assert made.fact.expires_at > begin + hour


@pytest.mark.parametrize(
    ("error", "key", "options"),
    [
        (BadInput, "moonlight:lille", {}),
        (BadInput, "weather.rain", {}),
        (NotFound, "weather.rain:moon", {}),
        (BadInput, "weather.rain:lille", {"valid_until": START_MS}),
    ],
)
def test_what_is_refused_of_a_fact(
    stores: Context, error: type[Exception], key: str, options: dict[str, int]
) -> None:
    with pytest.raises(error):
        world.put_fact(stores, SYSTEM, key, 1, **options)  # type: ignore[arg-type]
    assert marked(stores) == set()


DAY_MS = 86_400_000
DEVICE = "aabbccddeeff"


@pytest.mark.parametrize(
    ("key", "value", "options", "field"),
    [
        ("footfall:entrance@lille", "AA:BB:CC:DD:EE:FF", {}, "value"),
        ("occupancy:entrance@lille", "Camille Dupont", {}, "value"),
        ("footfall:entrance@lille", True, {}, "value"),
        ("footfall:entrance@lille", -4, {}, "value"),
        ("footfall:entrance@lille", 10_001, {}, "value"),
        ("occupancy:entrance@lille", 10**15, {}, "value"),
        ("stock:PLV-01@lille", -4, {}, "value"),
        ("stock:PLV-01@lille", 1_000_001, {}, "value"),
        ("weather.temperature:lille", 651, {}, "value"),
        ("weather.rain:lille", -1, {}, "value"),
        ("weather.code:lille", 100, {}, "value"),
        ("weather.rain:lille", "a lot", {}, "value"),
        (f"footfall:{DEVICE}@lille", 3, {}, "key"),
        ("occupancy:aa-bb-cc-dd-ee-ff-00-11@lille", 3, {}, "key"),
        ("footfall:Camille@lille", 3, {}, "key"),
        ("footfall:lille", 3, {}, "key"),
        ("stock:lille", 3, {}, "key"),
        (f"weather.rain:{DEVICE}@lille", 3, {}, "key"),
        ("weather.rain:lille", 3, {"valid_from": 4_102_444_800_000}, "valid_from"),
        ("weather.rain:lille", 3, {"valid_from": START_MS + 2 * MINUTE_MS}, "valid_from"),
        ("weather.rain:lille", 3, {"valid_from": START_MS - 4 * DAY_MS}, "valid_from"),
        ("weather.rain:lille", 3, {"valid_until": START_MS + 36 * DAY_MS}, "valid_until"),
        ("weather.rain:lille", 3, {"life_ms": 32 * DAY_MS}, "life_ms"),
        ("weather.rain:lille", 3, {"life_ms": 0}, "life_ms"),
    ],
)
def test_what_a_counter_may_not_say_a_person_may_not_either_and_it_is_kept_nowhere(
    stores: Context, key: str, value: FactValue, options: dict[str, int], field: str
) -> None:
    with stores.db.read() as session:
        before = session.scalars(select(AuditRow.id)).all()
    with pytest.raises(BadInput) as refused:
        world.put_fact(stores, SYSTEM, key, value, **options)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert DEVICE not in refused.value.message
    assert not isinstance(value, str) or value not in refused.value.message
    with stores.db.read() as session:
        assert session.scalars(select(AuditRow.id)).all() == before
        assert not session.scalars(select(FactRow)).all()
    assert marked(stores) == set()


@pytest.mark.parametrize("kind", sorted(RANGES))
def test_both_ends_of_a_kinds_range_are_taken(stores: Context, kind: str) -> None:
    of = {"stock": "PLV-01@", "footfall": "entrance@", "occupancy": "entrance@"}.get(kind, "")
    for value in RANGES[kind]:
        assert world.put_fact(stores, SYSTEM, f"{kind}:{of}lille", value).fact.value == value


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - RANGES.keys()))
def test_what_follows_from_other_facts_is_not_said_by_hand(stores: Context, kind: str) -> None:
    with pytest.raises(BadInput):
        world.put_fact(stores, SYSTEM, f"{kind}:PLV-01@lille", 1)


def test_facts_end_at_ones_stores(stores: Context) -> None:
    for store in ("lille", "prado"):
        world.put_fact(stores, SYSTEM, f"weather.rain:{store}", 1)
        world.put_fact(stores, SYSTEM, f"stock:PLV-01@{store}", 3)
    seen = [view.fact.key for view in world.list_facts(stores, LILLE).items]
    assert seen == ["stock:PLV-01@lille", "weather.rain:lille"]
    weather = world.list_facts(stores, SYSTEM, kind="weather.rain").items
    assert [view.fact.key for view in weather] == ["weather.rain:lille", "weather.rain:prado"]
    with pytest.raises(NotFound):
        world.list_facts(stores, LILLE, store="prado")
    with pytest.raises(NotFound):
        world.put_fact(stores, LILLE, "weather.rain:prado", 9)
    with pytest.raises(Forbidden):
        world.put_fact(stores, Actor("r", "R", frozenset({"read"})), "weather.rain:lille", 9)


def test_pages_of_facts_go_on_where_the_last_ended(stores: Context) -> None:
    for sku in range(7):
        world.put_fact(stores, SYSTEM, f"stock:S-{sku}@lille", sku)
    seen: list[object] = []
    cut = Cut(limit=3)
    while True:
        page = world.list_facts(stores, SYSTEM, cut)
        seen += [view.fact.value for view in page.items]
        if not page.next:
            break
        cut = Cut(page.next, 3)
    assert seen == list(range(7))


def test_an_offer_comes_with_its_ledger(any_ctx: Context, clock: TestClock) -> None:
    lay_out(any_ctx)
    clock.advance(1_000)
    set_price(any_ctx, 9_990)
    offer, history = world.get_offer(any_ctx, LILLE, CHANNEL, "BAG")
    assert (offer.store, offer.offer["k"], offer.suspect) == ("lille", "BAG", "")
    assert [row.price for row in history] == [9_990, 11_990]
    assert [view.channel for view in world.list_offers(any_ctx, LILLE).items] == [CHANNEL]
    assert len(world.list_offers(any_ctx, SYSTEM, sku="BAG").items) == 2
    with pytest.raises(NotFound):
        world.get_offer(any_ctx, LILLE, "pluvier@prado", "BAG")
