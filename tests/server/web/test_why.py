"""Why a screen shows what it shows: now, then, on Saturday; to whom it may."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from playlists.ids import ScreenId
from playlists.wire.door import Report
from server.ports import Batch, ProductReport, StockReport
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.observed.sellable import StockRules
from server.services.prices import intake
from server.services.screens.pages import keep_page
from server.services.screens.screen_states import record_links, record_reports
from server.services.showing.explaining import explain
from server.services.showing.proving import PriceThen
from tests.server.web.conftest import HOUR_MS, Chain
from tests.support.record import START_MS
from tests.support.small_shop import publish
from tests.support.studio import set_fact


def plain(page: str) -> str:
    """A page's words."""
    return re.sub(r"[ \n]+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def still(page: str) -> dict[str, Any]:
    """What the page paints."""
    found = re.search(r"data-still='([^']*)'", page)
    assert found
    return dict(json.loads(unescape(found[1])))


def test_it_says_so_because_it_is(calm: Chain) -> None:
    page = calm.owner().text("/screens/lille-entrance/why")
    words = plain(page)
    shows = "Lille, Entrée shows “Il pleut à Lille”, because it is raining."
    assert shows in words or "because it is its turn" in words
    assert "others were considered." in words
    fine = "Grand beau à Lille Weather Rain: 1.2\u00a0mm/h, needs less than 0.2\u00a0mm/h"
    assert f"{fine} (0\u00a0s ago)" in words
    assert "Fermeture Hours outside its hours, back 19:10" in words
    assert "Lande 2, en promotion Stock Stock, Lande 2: 0 in store, needs at least 1" in words
    assert "of 3\u00a0h" in words
    assert still(page)["card"]["template"]


def test_what_plays_inside_another_playlist_is_told_once_by_its_name(calm: Chain) -> None:
    page = calm.owner().text("/screens/prado-shoes/why")
    words = plain(page)
    assert re.search(r'sky-rain" aria-hidden="true"><img src="/media/\w{64}"[^>]*></span><b>', page)
    told = "Cabotage en promotion Stock Stock, Cabotage: 5 in store, needs less than 1"
    assert words.count(told) == 1
    assert words.count("Les prix d’automne Stock") == 0


def test_a_fact_of_another_store_says_which(calm: Chain) -> None:
    words = plain(calm.owner().text("/screens/prado-shoes/why"))
    assert "Stock, Galet (Vieux-Port)" in words
    assert "(Prado)" not in words


def test_stock_says_what_was_counted(calm: Chain) -> None:
    stock = (StockReport("PLV-LANDE-2", "lille", 3, reserved=1),)
    source = intake.Source("inventory", stock=StockRules(buffer=2))
    intake.take(calm.ctx, source, Batch(calm.clock(), stock=stock))
    words = plain(calm.owner().text("/screens/lille-entrance/why"))
    assert "0 in store (3 counted, 1 reserved, 2 kept back)" in words


def test_in_french(calm: Chain) -> None:
    words = plain(calm.owner("fr").text("/screens/lille-checkout/why"))
    title = "Caisses, Lille, affiche «\u00a0On se serre un peu\u00a0?\u00a0»"
    assert f"{title}, parce qu’il y a 14 personnes (tills)." in words
    assert "Écartés" in words
    assert "passe après\u00a0: prise d’antenne" in words


def test_nothing_technical_is_left_in_its_words(calm: Chain) -> None:
    for screen in ("lille-entrance", "prado-window", "vieux-port-checkout"):
        for language in ("fr", "en"):
            page = calm.owner(language).text(f"/screens/{screen}/why")
            words = unescape(re.sub(r"<[^>]+>", " ", page))
            assert not re.findall(r"(?:weather|stock|footfall|occupancy)[.:][a-zA-Z]\S*", words)
            text = page.partition('<pre id="text"')[2]
            assert ("Ruled out" if language == "en" else "Écartés") in text


def test_by_hand(chain: Chain) -> None:
    chain.hold("prado-shoes", "prado")
    chain.clock.advance(60_000)
    words = plain(chain.owner().text("/screens/prado-shoes/why"))
    assert "Prado, Chaussures shows “Marée”, because Inès asked for it." in words
    assert "It won, by hand" in words
    assert "Nobody holds this screen by hand." not in words


def test_a_past_instant_is_told_from_what_was_known_then(chain: Chain) -> None:
    owner = chain.owner()
    for _ in range(3):
        chain.clock.advance(60_000)
    set_fact(chain.ctx, "occupancy:tills@lille", 2, "counters@lille")
    publish(chain.ctx)
    chain.clock.advance(2 * 60_000)
    now = plain(owner.text("/screens/lille-checkout/why"))
    assert "On se serre un peu ? Rank" not in now
    assert "La caisse 3 est libre Crowd People there, tills: 2 people, needs at least 12" in now
    then = plain(owner.text(f"/screens/lille-checkout/why?at={START_MS + 60_000}"))
    assert "because there are 14 people (tills)." in then
    assert "Thursday 15 October, 14:33:00" in then


def priced_at(chain: Chain, screen: str) -> tuple[int, PriceThen]:
    """An instant of this minute at which a screen shows one product with its price."""
    for at in range(chain.clock(), chain.clock() + 300_000, 2_000):
        prices = explain(chain.ctx, SYSTEM, screen, at).prices
        if len(prices) == 1 and prices[0].price is not None:
            return at, prices[0]
    raise AssertionError("no price comes")


def charge(chain: Chain, sku: str, price: int) -> None:
    """The shop says another price."""
    report = ProductReport(sku, "EUR", price)
    source = intake.Source("feed", shop="pluvier")
    intake.take(chain.ctx, source, Batch(chain.clock(), products=(report,)))


def test_a_past_price_is_drawn_as_it_was_and_says_what_it_stood_on(chain: Chain) -> None:
    at, was = priced_at(chain, "prado-shoes")
    assert was.price
    chain.clock.advance(HOUR_MS)
    charge(chain, was.sku, was.price - 500)
    chain.clock.advance(HOUR_MS)
    page = chain.owner().text(f"/screens/prado-shoes/why?at={at}")
    (offers,) = still(page)["offers"].values()
    assert offers[was.sku]["st"][0][2] == was.price
    words = plain(page)
    assert f"{was.name} €{was.price / 100:.2f}".replace(".00", "") in words
    assert f"ledger: row {was.ledger}" in words
    assert "The screen recorded nothing of this instant" in words


def test_a_held_price_leads_to_where_it_is_decided(chain: Chain) -> None:
    at, was = priced_at(chain, "prado-shoes")
    assert was.price
    charge(chain, was.sku, was.price // 10)
    owner = chain.owner()
    link = f"/quarantine#price-{was.sku}"
    assert f'href="{link}"' in owner.text(f"/screens/prado-shoes/why?at={at}")
    assert f'id="price-{was.sku}"' in owner.text("/quarantine")


def test_it_is_drawn_with_the_page_of_then(chain: Chain, tmp_path: Path) -> None:
    keep_page(chain.ctx)
    then = chain.clock()
    chain.clock.advance(HOUR_MS)
    (tmp_path / "main.js").write_text("another", "utf-8")
    owner, at = chain.owner(), f"/screens/prado-shoes/why?at={then}"
    assert 'data-page=""' in owner.text(at)  # served still
    keep_page(chain.ctx, tmp_path)
    page = owner.text(at)
    drawn = re.search(r'data-page="(/page-at/([0-9a-f]{64}))"', page)
    assert drawn
    assert f"Drawn by page {drawn[2][:8]}, the one that the server served." in plain(page)
    assert owner.get(f"{drawn[1]}/still.js").status_code == 200
    assert 'data-page=""' in owner.text("/screens/prado-shoes/why")
    record_reports(chain.ctx, {"prado-shoes": (chain.clock(), {"page": "e" * 64})})
    unknown = plain(french(chain, "prado-shoes", chain.clock()))
    assert "Dessiné par la page eeeeeeee, dit l’écran. Elle n’est pas gardée ici" in unknown


def french(chain: Chain, screen: str, at: int) -> str:
    return chain.owner("fr").text(f"/screens/{screen}/why?at={at}")


def test_a_screen_that_is_cut_off_is_told_from_its_last_report(chain: Chain) -> None:
    revision = explain(chain.ctx, SYSTEM, "prado-shoes", START_MS).revision
    held = Report(revision, {}, chain.clock(), 0, 20, {})
    record_reports(chain.ctx, {"prado-shoes": (chain.clock(), held.to_json())})
    record_links(chain.ctx, [], ["prado-shoes"])
    chain.clock.advance(HOUR_MS)
    words = plain(chain.owner().text("/screens/prado-shoes/why"))
    assert "Offline since 14:32, from its last report." in words
    assert "Hors ligne depuis 14:32, d’après son dernier état." in plain(
        french(chain, "prado-shoes", chain.clock())
    )
    tomorrow = plain(chain.owner().text(f"/screens/prado-shoes/why?at={START_MS + 24 * HOUR_MS}"))
    assert "It is planned so: today’s plan and today’s offers." in tomorrow


def test_an_instant_is_the_stores_own_time(calm: Chain) -> None:
    owner = calm.owner()
    local = owner.text("/screens/fort-de-france-window/why?at=2026-10-15T18:00")
    assert 'value="2026-10-15T18:00"' in local
    assert "Thursday 15 October, 18:00:00" in local
    with_offset = owner.text("/screens/fort-de-france-window/why?at=2026-10-15T22:00:00Z")
    assert "Thursday 15 October, 18:00:00" in with_offset
    assert "data-follows" not in local


def test_saturday_is_one_step_away(calm: Chain) -> None:
    owner = calm.owner()
    page = owner.text("/screens/prado-shoes/why")
    assert "data-follows" in page
    saturday = re.search(r'href="(\?at=\d+)">Saturday 6 pm', page)
    assert saturday
    assert "Saturday 17 October, 18:00:00" in owner.text(f"/screens/prado-shoes/why{saturday[1]}")


def test_beyond_the_planned_days_it_says_until_when_there_are_plans(calm: Chain) -> None:
    owner = calm.owner()
    beyond = owner.get(f"/screens/prado-shoes/why?at={START_MS + 36 * 24 * HOUR_MS}")
    assert beyond.status_code == 404
    words = plain(beyond.text)
    assert "This is not planned yet." in words
    assert "Everything is planned until Wednesday 18 November, 23:59" in words
    last = re.search(r'href="(\?at=\d+)">The last planned instant', beyond.text)
    assert last
    assert "It is planned so" in plain(owner.text(f"/screens/prado-shoes/why{last[1]}"))
    french = calm.owner("fr").get(f"/screens/prado-shoes/why?at={START_MS + 36 * 24 * HOUR_MS}")
    assert "Tout est planifié jusqu’au mercredi 18 novembre, 23:59" in plain(french.text)


def test_an_instant_that_cannot_be_read(calm: Chain) -> None:
    for wrong in ("soon", "2026-13-01T00:00", "9" * 40, "-1"):
        answer = calm.owner().get(f"/screens/prado-shoes/why?at={wrong}")
        assert answer.status_code == 422, wrong
        assert "Write it like 2026-10-17T18:00." in answer.text


def test_what_is_not_there(calm: Chain) -> None:
    owner = calm.owner()
    for path in ("/screens/nowhere/why", f"/screens/prado-shoes/why?at={START_MS - 90 * HOUR_MS}"):
        answer = owner.get(path)
        assert answer.status_code == 404
        assert "There is nothing at this address." in answer.text


def test_a_screen_without_a_plan_yet(chain: Chain) -> None:
    places.create_screen(chain.ctx, SYSTEM, ScreenWish("Neuf", "prado"), ScreenId("new-one"))
    answer = chain.owner().get("/screens/new-one/why")
    assert answer.status_code == 404
    assert "Nothing was published for this screen at that time." in answer.text
