"""The wall says how every screen stands, to whom it may, in a handful of queries."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import event, select

from playlists.wire.door import Report
from server.db.models import ProductRow
from server.demo.screens import SCREENS
from server.ports import Batch
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.prices import intake, offers
from server.services.screens import watching
from server.services.screens.screen_states import record_links, record_reports
from server.services.showing.explaining import explain
from server.web.wall_words import headline
from tests.server.web.conftest import HOUR_MS, Chain, Reader
from tests.support.people import holder
from tests.support.small_shop import publish


def unit(page: str, screen: str) -> str:
    """The markup of one screen, without tags."""
    found = re.search(rf'<a class="unit[^>]*id="unit-{screen}".*?</a>', page, re.S)
    assert found, screen
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def test_all_to_plan(calm: Chain) -> None:
    page = calm.owner().text("/wall")
    assert "All 14 screens are playing to plan." in page
    assert page.count('data-screen="') == 14
    assert "Il pleut à Lille" in page
    assert "Open until 19:30" in page
    assert "11°, rain" in page
    assert "Thursday 15 October, 14:32" in page  # as in most of the stores


def test_in_french(calm: Chain) -> None:
    page = calm.owner("fr").text("/wall")
    assert "Les 14 écrans suivent le plan." in page
    assert "Ouvert jusqu’à 19:30" in page
    assert '<html lang="fr">' in page


def test_every_state(chain: Chain) -> None:
    chain.hold("vieux-port-tents", "vieux-port")
    chain.hold("vieux-port-window", "vieux-port", "pause")
    chain.alarm("lille-luggage")
    chain.lose("prado-shoes")
    chain.clone("prado-window")
    places.create_screen(chain.ctx, SYSTEM, ScreenWish("Terrasse", "prado"), "prado-terrace")
    publish(chain.ctx)
    chain.clock.advance(60_000)  # the turn that was on has ended
    page = chain.owner().text("/wall")
    assert "9 of 15 screens are playing to plan." in page
    assert (
        "Two are held by hand, one is paused, one is offline, one waits, its key was copied,"
        " one is not paired yet." in page
    )
    assert "Until 16:02 Marée shown by Inès, 1 h 29 left" in unit(page, "vieux-port-tents")
    assert "Paused paused by Inès back to plan at 16:02" in unit(page, "vieux-port-window")
    assert "Emergency Marée emergency message, 59 min left" in unit(page, "lille-luggage")
    assert "Offline Last seen 13:47 no power or no network" in unit(page, "prado-shoes")
    assert "Key copied two devices, one key" in unit(page, "prado-window")
    assert "Not paired" in unit(page, "prado-terrace")
    assert "Playing" in unit(page, "lille-entrance")


def test_a_screen_that_is_cut_off_plays_on_by_its_last_report(chain: Chain) -> None:
    report_and_vanish(chain, "prado-shoes")
    chain.clock.advance(30 * 60_000)
    publish(chain.ctx)
    owner = chain.owner()
    page = owner.text("/wall")
    assert "offline since 14:32 · from its last report" in unit(page, "prado-shoes")
    assert "hors ligne depuis 14:32 · d’après son dernier état" in unit(
        chain.owner("fr").text("/wall"), "prado-shoes"
    )
    playing = {"prado-shoes", "prado-entrance"}
    stills = json.loads(owner.text(f"/wall/stills?screens={','.join(playing)},nowhere"))
    assert stills.keys() == {"prado-shoes"}
    assert stills["prado-shoes"]["shown"]["since"] <= chain.clock()
    assert not any(still["shown"]["prices"] for still in priced_stills(chain, owner, HOUR_MS * 5))
    assert chain.manager("lille", "read").text("/wall/stills?screens=prado-shoes") == "{}\n"


def report_and_vanish(chain: Chain, screen: str) -> None:
    """A screen says that it holds all there is, and is heard no more."""
    revision = explain(chain.ctx, SYSTEM, screen, chain.clock()).revision
    with chain.ctx.db.read() as session:
        versions = offers.versions(session)
    held = Report(revision, versions, chain.clock(), 0, 20, {})
    record_reports(chain.ctx, {screen: (chain.clock(), held.to_json())})
    record_links(chain.ctx, [], [screen])


def priced_stills(chain: Chain, owner: Reader, after_ms: int) -> list[dict[str, Any]]:
    """What a screen that is cut off shows during a minute, after so long."""
    chain.clock.advance(after_ms)
    found = []
    for _ in range(12):
        chain.clock.advance(5_000)
        found += json.loads(owner.text("/wall/stills?screens=prado-shoes")).values()
    assert len(found) == 12
    return found


def test_prices_off_while_the_shop_is_silent(chain: Chain) -> None:
    chain.clock.advance(5 * HOUR_MS)
    page = chain.owner().text("/wall")
    said = unit(page, "vieux-port-tents")
    assert "Prices off" in said
    assert "prices unconfirmed since 14:32" in said
    assert "Weather unknown" in page
    assert "show no prices." in page


def test_captions_follow_the_plan(calm: Chain) -> None:
    page = calm.owner().text("/wall")
    turns = json.loads(
        re.search(r'id="unit-prado-entrance"[^>]*data-turns="([^"]*)"', page)[1]  # type: ignore[index]
        .replace("&#34;", '"')
        .replace("&#39;", "'")
    )
    assert turns[0][0] <= calm.clock() < turns[0][1]
    assert [turn[1] for turn in turns[:-1]] == [turn[0] for turn in turns[1:]]
    assert turns[0][3].startswith(f"then {turns[1][2]} at ")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, ("No screen hangs here yet.", "")),
        ({"plan": 1}, ("The screen is playing to plan.", "")),
        ({"plan": 14}, ("All 14 screens are playing to plan.", "")),
        (
            {"plan": 11, "hand": 2, "offline": 1},
            (
                "11 of 14 screens are playing to plan.",
                "Two are held by hand, one is offline.",
            ),
        ),
        ({"plan": 1, "offline": 40}, ("1 of 41 screens is playing to plan.", "40 are offline.")),
        ({"offline": 2}, ("None of 2 screens is playing to plan.", "Two are offline.")),
    ],
)
def test_headline(counts: dict[str, int], said: tuple[str, str]) -> None:
    assert headline(counts, 0, "en") == said  # type: ignore[arg-type]


def test_the_headline_tells_of_screens_without_prices() -> None:
    first, second = headline({"plan": 14}, 13, "en")
    assert (first, second) == ("All 14 screens are playing to plan.", "13 show no prices.")


def test_a_manager_sees_her_store_only(calm: Chain) -> None:
    lille = calm.manager("lille", "read")
    page = lille.text("/wall")
    assert "All 5 screens are playing to plan." in page
    assert "Prado" not in page
    assert 'href="/pair"' not in page
    assert lille.get("/screens/prado-shoes/why").status_code == 404
    assert lille.get("/pair").status_code == 403


def test_a_watch_link_reads_its_screens_and_nothing_else(calm: Chain) -> None:
    key = watching.watch_token(
        calm.ctx, holder(calm.ctx), life_ms=HOUR_MS, screens=["lille-window", "lille-entrance"]
    )
    client = calm.browser()
    page = client.get(f"/wall?embed=1&key={key}").text
    assert page.count('data-screen="') == 2
    assert "<form" not in page
    assert "/pair" not in page
    assert f"/screens/lille-window/why?key={key}&amp;embed=1" in page
    why = client.get(f"/screens/lille-window/why?key={key}")
    assert why.status_code == 200
    assert f'name="key" value="{key}"' in why.text
    assert client.get(f"/screens/lille-luggage/why?key={key}").status_code == 404
    assert client.get(f"/pair?key={key}").status_code == 403


def test_a_watch_link_ends(calm: Chain) -> None:
    key = watching.watch_token(calm.ctx, holder(calm.ctx), life_ms=1_000)
    now = calm.clock.now
    calm.clock.advance(2_000)
    answer = calm.browser().get(f"/wall?key={key}", headers={"Accept-Language": "en"})
    calm.clock.now = now
    assert answer.status_code == 401
    assert "This link to watch screens is over." in answer.text


def test_a_watch_link_that_was_forged(calm: Chain) -> None:
    assert calm.browser().get("/wall?key=eyJh.eyJh.eyJh").status_code == 401


def test_stores_come_in_pages(calm: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.services.showing.wall.MAX_STORES", 3)
    owner = calm.owner()
    first = owner.text("/wall")
    assert "All 14 screens" in first
    assert 'id="store-vieux-port"' not in first
    following = re.search(r'href="(/wall\?after=[^"]+)"', first)
    assert following
    second = owner.text(following[1])
    assert 'id="store-vieux-port"' in second
    assert 'id="store-lille"' not in second


def test_a_store_with_more_screens_than_one_page_has_pages_of_its_own(
    calm: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.showing.wall.MAX_SCREENS", 3)
    owner = calm.owner()
    page = owner.text("/wall")
    assert page.count('data-screen="') == 3 + 3 + 3 + 2
    assert '<a href="/wall?store=lille">2 more screens here</a>' in page
    first = owner.text("/wall?store=lille")
    following = re.search(r'href="(/wall\?store=lille&amp;beyond=[^"]+)"', first)
    assert following
    second = owner.text(unescape(following[1]))
    drawn = [re.findall(r'data-screen="([^"]+)"', text) for text in (first, second)]
    assert [len(some) for some in drawn] == [3, 2]
    assert len({*drawn[0], *drawn[1]}) == 5
    assert "More screens" not in second
    assert "Back to the beginning" in second


def test_a_wall_of_many_pages_is_filtered_where_it_is_kept(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.showing.wall.MAX_STORES", 1)
    chain.lose("prado-shoes")
    trouble(chain, "lille-window", {"disk_full": chain.clock() - HOUR_MS})
    owner = chain.owner()
    assert 'href="/wall?kind=offline"' in owner.text("/wall")
    for path, screens in {
        "/wall?kind=offline": {"prado-shoes"},
        "/wall?kind=trouble": {"lille-window"},
        "/wall?named=PRAD&tag=aisle": {"prado-entrance", "prado-shoes"},
        "/wall?tag=checkout&named=de-fr": {"fort-de-france-checkout"},
        "/wall?kind=hand": set(),
        "/wall?store=elsewhere": set(),
        "/wall?kind=nonsense&store=prado": {"prado-entrance", "prado-shoes", "prado-window"},
    }.items():
        page = owner.text(path)
        assert set(re.findall(r'data-screen="([^"]+)"', page)) == screens, path
        assert ("data-nothing hidden" in page) == bool(screens), path
    chain.clock.advance(5 * HOUR_MS)
    confirmed(chain)
    chain.clock.advance(5 * HOUR_MS)
    assert owner.text("/wall?kind=prices&store=prado").count('data-screen="') == 3


def test_it_is_searched_by_what_plays_too(calm: Chain) -> None:
    owner = calm.owner()

    def found(words: str) -> set[str]:
        page = owner.text(f"/wall?{urlencode({'named': words})}")
        return set(re.findall(r'data-screen="([^"]+)"', page))

    every = {f"{screen.id}" for screen in SCREENS}
    assert found("fond de rayon") == every - {"lille-checkout"}, "a crowd waits at that one"
    assert found("prix d'automne"), "whichever apostrophe"
    rain = found("il pleut à lille")
    assert rain
    assert rain <= {name for name in every if name.startswith("lille-")}
    azimut = found("AZIMUT")
    assert azimut
    sku = calm_sku(calm, "azimut")
    assert found(sku) == azimut, "a product by its name and by its SKU"
    assert found("lille") == {name for name in every if name.startswith("lille-")}
    assert found("nothing is called so") == set()
    lille = calm.manager("lille", "read")
    page = lille.text(f"/wall?{urlencode({'named': 'fond de rayon'})}")
    assert set(re.findall(r'data-screen="([^"]+)"', page)) <= {n for n in every if "lille" in n}


def calm_sku(chain: Chain, words: str) -> str:
    """A product by its name."""
    with chain.ctx.db.read() as session:
        return (
            session.scalars(select(ProductRow.sku).where(ProductRow.terms.contains(words))).first()
            or ""
        )


def confirmed(chain: Chain) -> None:
    """The shop says that all of its prices stand."""
    intake.take(
        chain.ctx, intake.Source("feed", shop="pluvier"), Batch(chain.clock(), unchanged=True)
    )


def trouble(chain: Chain, screen: str, troubles: dict[str, int]) -> None:
    """A connected screen reports what is wrong with it."""
    held = Report(1, {}, 0, 0, 20, {}, troubles=troubles)
    record_reports(chain.ctx, {screen: (chain.clock(), held.to_json())})


def test_what_a_screen_says_is_wrong_with_it_is_told_in_words(chain: Chain) -> None:
    now = chain.clock()
    trouble(chain, "lille-window", {"disk_full": now - HOUR_MS, "clock_untrusted": now - 60_000})
    trouble(chain, "lille-entrance", {"gremlins": now})
    page = chain.owner().text("/wall")
    assert "Its disk is full, since 13:32; one more trouble" in unit(page, "lille-window")
    assert "A trouble it reports (gremlins), since 14:32" in unit(page, "lille-entrance")
    assert '<b class="num" id="count-trouble" data-live>2</b>' in page
    french = unit(chain.owner("fr").text("/wall"), "lille-window")
    assert "Son disque est plein, depuis 13:32" in french


def test_a_screen_whose_display_is_off_is_not_said_to_play(chain: Chain) -> None:
    now = chain.clock()
    for screen, said in (("lille-window", False), ("lille-entrance", "nonsense")):
        held = Report(1, {}, 0, 0, 20, {}, device={"display_on": said})
        record_reports(chain.ctx, {screen: (now, held.to_json())})
    page = chain.owner().text("/wall")
    assert "Display off at this hour" in unit(page, "lille-window")
    assert "Playing" not in unit(page, "lille-window")
    assert "Playing" in unit(page, "lille-entrance")


def test_what_shows_from_here_is_told_beside_what_a_screen_says(chain: Chain) -> None:
    ctx, now = chain.ctx, chain.clock()
    revision = explain(ctx, SYSTEM, "lille-window", now).revision
    behind = Report(revision - HOUR_MS, {}, 0, 0, None, {})
    lacking = Report(revision, {}, 0, 2, 20, {})
    chain.clock.advance(HOUR_MS)
    now = chain.clock()
    record_reports(
        ctx,
        {
            "lille-window": (now, behind.to_json()),
            "lille-entrance": (now, lacking.to_json()),
            "lille-checkout": (now - 80_000, Report(revision, {}, 0, 0, 20, {}).to_json()),
        },
    )
    page = chain.owner().text("/wall?kind=trouble&store=lille")
    assert "Its new plan has not arrived, since 14:32" in unit(page, "lille-window")
    assert "It lacks files, since 14:32" in unit(page, "lille-entrance")
    assert "Nothing comes from it any more, since 15:30" in unit(page, "lille-checkout")
    told = unit(page, "lille-window")
    assert (
        "Heard 15:32, plan of 13:32, the new one is of 14:32, all files, time not certain" in told
    )
    assert "plan of 14:32, two files are missing, clock to ±20 ms" in unit(page, "lille-entrance")
    assert "plan of 14:32, all files" in chain.owner().text("/screens/lille-checkout/why")


def test_as_many_queries_for_one_store_as_for_all(calm: Chain) -> None:
    counted = []

    def count(path: str, reader: object) -> int:
        counted.clear()
        assert calm is not None
        reader.text(path)  # type: ignore[attr-defined]
        return len(counted)

    owner, lille = calm.owner(), calm.manager("lille", "read")
    owner.text("/wall")
    lille.text("/wall")
    event.listen(calm.ctx.db.engine, "before_cursor_execute", lambda *said: counted.append(said[2]))
    channels = 4  # offers are read once a channel
    assert count("/wall", owner) <= count("/wall", lille) + 2 * channels
