"""What freshness messages say: leases, sources and the weather in a few words."""

from __future__ import annotations

from typing import Any

import pytest

from playlists.facts import HOUR_MS, Fact, FactKey, FactLine, FactSpan
from playlists.ids import SourceId
from playlists.model import Card, Item, Playlist
from playlists.signing import verify
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.observed import facts
from server.services.observed.live_texts import live_text
from server.services.prices.freshness import FreshnessMaker
from server.services.wishes import content
from tests.support.record import START_MS, TestClock
from tests.support.shops import STORES, Watched, observe_rain, open_chain, playlist
from tests.support.small_shop import CHANNEL, lay_out, set_price

# 14:32 in Lille; hours of the clock there, as instants.
NARROW = "\u202f"
MIDNIGHT = START_MS - (14 * 60 + 32) * 60_000


def spans(name: str, *values: tuple[int, int, int]) -> FactLine:
    found = tuple(
        FactSpan(MIDNIGHT + begin * HOUR_MS, MIDNIGHT + end * HOUR_MS, value)
        for begin, end, value in values
    )
    return FactLine(FactKey(f"weather.{name}:lille"), SourceId("w@lille"), 3 * HOUR_MS, found)


def said(**lines: FactLine) -> dict[str, tuple[str, str]]:
    by_key = {line.key: line for line in lines.values()}
    text = live_text("weather:lille", by_key.get, "Europe/Paris", START_MS)
    assert text is not None
    return {lang: (parts["text"], parts["icon"]) for lang, parts in text.texts.items()}


def test_rain_that_ends_today_says_until_when() -> None:
    lines = {"t": spans("temperature", (14, 20, 112)), "r": spans("rain", (14, 17, 8), (17, 20, 0))}
    found = {
        language: (text.replace(NARROW, " "), icon)
        for language, (text, icon) in said(**lines).items()
    }
    assert found == {
        "fr": ("11°, pluie jusqu’à 17 h", "rain"),
        "en": ("11°, rain until 5 pm", "rain"),
    }


def test_rain_to_come_today_says_from_when() -> None:
    lines = {"t": spans("temperature", (14, 20, 185)), "r": spans("rain", (14, 17, 0), (17, 20, 9))}
    assert said(**lines)["fr"][0].startswith("19°, pluie à 17")


def test_rain_tomorrow_is_not_said_today() -> None:
    lines = {
        "t": spans("temperature", (14, 48, 185)),
        "r": spans("rain", (14, 26, 0), (26, 30, 9)),
        "c": spans("code", (14, 48, 0)),
    }
    assert said(**lines)["en"] == ("19°, sun", "sun")


@pytest.mark.parametrize(
    ("tenths", "code", "french", "icon"),
    [
        (-35, 71, "−4°, neige", "cold"),
        (30, 3, "3°, nuages", "cold"),
        (210, 2, "21°, nuages", "cloud"),
    ],
)
def test_a_sky_in_a_word(tenths: int, code: int, french: str, icon: str) -> None:
    lines = {
        "t": spans("temperature", (14, 20, tenths)),
        "r": spans("rain", (14, 20, 0)),
        "c": spans("code", (14, 20, code)),
    }
    assert said(**lines)["fr"] == (french, icon)


def test_without_a_temperature_nothing_is_said() -> None:
    line = {FactKey("weather.rain:lille"): spans("rain", (14, 20, 5))}.get
    assert live_text("weather:lille", line, "Europe/Paris", START_MS) is None
    assert live_text("moon:lille", line, "Europe/Paris", START_MS) is None


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """The small chain, published, its base carrying the weather."""
    open_chain(any_ctx)
    base = playlist("base", "message")
    card = base.items[0].content
    assert isinstance(card, Card)
    live = Card(card.template, texts=card.texts, live={"lead": "weather:{store}"})
    item = Item(base.items[0].id, live, title="message")
    content.update_playlist(any_ctx, SYSTEM, Playlist(base.id, base.name, (item,)))
    watched = Watched(any_ctx)
    watched.publish()
    return watched


def made(maker: FreshnessMaker, ctx: Context, *stores: str) -> dict[str, Any]:
    with ctx.db.read() as session:
        found = maker.make(session, ctx.clock(), stores or None)
    return {store: verify(jws, "freshness", ctx.keys.ring, ctx.clock()) for store, jws in found}


def test_each_store_gets_its_own_sources_and_texts(chain: Watched) -> None:
    ctx = chain.ctx
    observe_rain(ctx, "lille", 9)
    now = ctx.clock()
    key, source = FactKey("weather.temperature:lille"), SourceId("weather@lille")
    with ctx.db.write() as session:
        fact = Fact(key, 93, now, None, now, now + HOUR_MS, source)
        facts.record(session, [fact], now)
    found = made(FreshnessMaker(ctx.keys), ctx)
    assert found.keys() == set(STORES)
    assert found["lille"]["sources"] == {"weather@lille": now}
    assert found["lille"]["texts"]["weather:lille"]["t"]["fr"] == {
        "text": "9°, pluie",
        "icon": "rain",
    }
    assert found["marseille"]["sources"] == {}
    assert found["marseille"]["texts"] == {}


def test_messages_of_a_store_grow_though_the_clock_stands(chain: Watched, clock: TestClock) -> None:
    maker = FreshnessMaker(chain.ctx.keys)
    first = made(maker, chain.ctx, "lille")["lille"]["issued_at"]
    assert made(maker, chain.ctx, "lille")["lille"]["issued_at"] > first


def stock(ctx: Context, sku: str, quantity: int, at: int) -> None:
    fact = Fact(
        FactKey(f"stock:{sku}@lille"),
        quantity,
        at,
        None,
        at,
        at + 4 * HOUR_MS,
        SourceId("till@lille"),
    )
    with ctx.db.write() as session:
        facts.record(session, [fact], at)


def test_a_call_about_one_product_makes_no_other_stock_younger(
    chain: Watched, clock: TestClock
) -> None:
    began, maker = clock.now, FreshnessMaker(chain.ctx.keys)
    stock(chain.ctx, "A", 5, began)
    stock(chain.ctx, "B", 5, began)
    stock(chain.ctx, "A", 4, clock.advance(HOUR_MS))
    assert made(maker, chain.ctx)["lille"]["sources"] == {"till@lille": began}
    assert made(maker, chain.ctx, "lille")["lille"]["sources"] == {"till@lille": began}

    clock.advance(3 * HOUR_MS)  # what was said of B is not believed any more, of A it is
    assert made(maker, chain.ctx)["lille"]["sources"] == {"till@lille": began + HOUR_MS}
    with chain.ctx.db.write() as session:
        facts.confirm(session, SourceId("till@lille"), clock.now)
    assert made(maker, chain.ctx)["lille"]["sources"] == {"till@lille": clock.now}


def test_prices_whose_lease_was_over_are_told_of_once_it_holds_again(
    any_ctx: Context, clock: TestClock
) -> None:
    lay_out(any_ctx)
    maker = FreshnessMaker(any_ctx.keys)
    made(maker, any_ctx)

    def back() -> list[str]:
        with any_ctx.db.read() as session:
            return maker.back(session, clock.now)

    assert back() == []
    clock.advance(any_ctx.settings.lease_ms + 1)
    made(maker, any_ctx)
    assert back() == []
    set_price(any_ctx, 9_990, whole=True)
    assert CHANNEL in back()
    made(maker, any_ctx)
    assert back() == []
