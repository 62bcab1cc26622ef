"""The store manager's phone page: own stores, hands that end, sentences beside their fields."""

from __future__ import annotations

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from server.services.base.actors import SYSTEM
from server.services.minding.on_air import goods_here
from server.services.wishes import overrides
from tests.server.web.conftest import HOUR_MS, Chain, Reader
from tests.support.small_shop import publish

HERE = "/store/vieux-port"
SCREENS = ["vieux-port-tents", "vieux-port-entrance"]


@pytest.fixture
def ines(chain: Chain) -> Reader:
    """The manager of Vieux-Port, in French."""
    reader = chain.manager("vieux-port", "read", "override")
    reader.language = "fr"
    return reader


def post(reader: Reader, path: str, **fields: object) -> TestResponse:
    """Send a form of the page."""
    page = reader.text(HERE)
    csrf = re.search(r'data-csrf="([^"]+)"', page)
    assert csrf
    sent = {"csrf": csrf[1], **fields}
    return reader.client.post(path, data=sent, headers={"Accept-Language": reader.language})


def words(page: str) -> str:
    """What a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def hand(page: str) -> str:
    """The id of the hand that the page offers to end."""
    found = re.search(r"/hands/([^/]+)/end", page)
    assert found
    return found[1]


def test_whoever_minds_one_store_comes_straight_to_it(chain: Chain, ines: Reader) -> None:
    assert ines.get("/store").headers["Location"] == HERE
    said = words(ines.text(HERE))
    assert "Les 4 écrans suivent le plan." in said
    assert "Montrer autre chose jusqu’à 19:30" in said
    assert "24°, 14:32" in said
    assert "Urgence" not in said
    assert ines.text(HERE).count("data-screen=") == 4


def test_several_stores_are_a_choice_first(chain: Chain) -> None:
    owner = chain.owner()
    said = words(owner.text("/store"))
    assert "Which store?" in said
    assert "Prado" in said
    assert "No store of yours is called that." in words(owner.text("/store?named=nowhere"))


def test_the_way_to_a_stores_page(chain: Chain, ines: Reader) -> None:
    assert 'href="/store"' in ines.text("/wall"), "a room of whoever minds stores"
    owner = chain.owner()
    assert 'href="/store"' not in owner.text("/wall")
    assert 'href="/store/prado"' in owner.text("/places/prado")


def test_marketing_lets_stores_show_what_no_campaign_brings(chain: Chain, ines: Reader) -> None:
    hold = {"playlist": "held-by-hand", "screens": SCREENS, "until": "16:00"}
    assert "À la main" not in words(ines.text(f"{HERE}/show"))
    assert post(ines, f"{HERE}/show", **hold).status_code == 422
    assert post(ines, "/store", playlists=["held-by-hand"]).status_code == 403
    owner = chain.owner()
    kept = post(owner, "/store", playlists=["held-by-hand"])
    assert "Kept. The phones offer it from now on." in words(owner.text(kept.headers["Location"]))
    assert post(owner, "/store", playlists=["gone"]).status_code == 422
    assert "À la main" in words(ines.text(f"{HERE}/show"))
    assert post(ines, f"{HERE}/show", **hold).status_code == 303
    post(owner, "/store")
    lille = chain.manager("lille", "read", "override")
    assert "À la main" not in words(lille.text("/store/lille/show"))


def test_other_stores_and_other_people_are_kept_out(chain: Chain, ines: Reader) -> None:
    held = post(ines, f"{HERE}/show", playlist="base", screens=SCREENS, until="16:00")
    assert held.status_code == 303
    hand_here = hand(ines.text(HERE))
    lille = chain.manager("lille", "read", "override")
    csrf = re.search(r'data-csrf="([^"]+)"', lille.text("/store/lille"))
    assert csrf
    for path in (HERE, f"{HERE}/show", f"{HERE}/stills"):
        assert lille.get(path).status_code == 404
    for path in (
        f"{HERE}/show",
        f"{HERE}/hands/{hand_here}/end",
        f"/store/lille/hands/{hand_here}/end",
        f"/store/lille/hands/{hand_here}/longer",
        f"/store/lille/hands/{hand_here}/again",
    ):
        sent = {"csrf": csrf[1], "until": "99999999999999"}
        assert lille.client.post(path, data=sent).status_code in (404, 422)
    assert chain.manager("vieux-port", "read").get(HERE).status_code == 403
    assert post(ines, f"{HERE}/emergency", playlist="base", until="16:00").status_code == 403
    assert ines.client.post(f"{HERE}/hands/{hand_here}/end").status_code == 403  # not from a page
    assert chain.browser().get(HERE).status_code == 401


def test_hold_longer_end_and_undo_in_place(chain: Chain, ines: Reader) -> None:
    assert "Fond de rayon" in words(ines.text(f"{HERE}/show"))
    post(ines, f"{HERE}/show", playlist="base", screens=SCREENS, until="16:00")
    publish(chain.ctx)
    page = ines.text(HERE)
    said = words(page)
    assert "2 écrans suivent le plan. 2 sont tenus à la main." in said
    assert "1 h 28 Entrée, Tentes, Fond de rayon jusqu’à 16:00, puis retour au plan" in said
    assert set(ines.get(f"{HERE}/stills?screens={SCREENS[0]},lille-window").json or {}) == {
        SCREENS[0]
    }
    wall = words(chain.owner().text("/wall"))
    assert "shown by manager-vieux-port-2" in wall
    held = hand(page)
    post(ines, f"{HERE}/hands/{held}/longer")
    assert "jusqu’à 16:30" in words(ines.text(HERE))
    chain.clock.advance(60_000)
    ended = post(ines, f"{HERE}/hands/{held}/end")
    page = ines.text(ended.headers["Location"])
    assert "Terminé. Les écrans reprennent le plan. Annuler" in words(page)
    until = re.search(r'name="until" value="(\d+)"', page)
    assert until
    chain.clock.advance(1_000)
    post(ines, f"{HERE}/hands/{held}/again", until=until[1])
    assert "jusqu’à 16:30" in words(ines.text(HERE))
    chain.clock.advance(2 * HOUR_MS)
    assert "Les 4 écrans suivent le plan." in words(ines.text(HERE))


def test_a_pause_and_its_end(chain: Chain, ines: Reader) -> None:
    assert "Grand beau à Marseille" in words(ines.text(f"{HERE}/pause"))
    post(ines, f"{HERE}/pause", subject="fine-marseille", until="18:00")
    page = ines.text(HERE)
    assert "Grand beau à Marseille en pause reprise à 18:00 Reprendre" in words(page)
    chain.clock.advance(1_000)
    ended = post(ines, f"{HERE}/hands/{hand(page)}/end")
    assert "Repris. Annuler" in words(ines.text(ended.headers["Location"]))


def test_out_of_this_and_back(chain: Chain, ines: Reader) -> None:
    good = goods_here(chain.ctx, SYSTEM, "vieux-port", "fr")[0]
    assert f"{good.name} le stock dit {good.stock} Plus un seul" in words(ines.text(f"{HERE}/out"))
    gone = post(ines, f"{HERE}/out", sku=good.sku)
    said = words(ines.text(gone.headers["Location"]))
    assert f"{good.name} n’est plus à l’écran. Annuler" in said
    assert "Retiré" in said
    assert f"{good.name} : plus un seul retour à 19:30 Il y en a" in words(ines.text(HERE))
    chain.clock.advance(1_000)
    post(ines, f"{HERE}/back", sku=good.sku, sheet="out")
    assert "Retiré" not in words(ines.text(f"{HERE}/out"))


def test_a_message_with_a_price_is_refused_beside_the_field(chain: Chain, ines: Reader) -> None:
    fields = {
        "template": "message",
        "headline": "Tout à 5 € <script>",
        "second": "Jusqu’à ce soir",
        "screens": SCREENS,
        "until": "18:00",
    }
    refused = post(ines, f"{HERE}/message", **fields)
    assert refused.status_code == 422
    assert "Pas de prix dans un message" in words(refused.text)
    assert 'aria-describedby="wrong-headline"' in refused.text
    assert 'value="Jusqu’à ce soir"' in refused.text
    assert "<script> " not in refused.text
    post(ines, f"{HERE}/message", **fields | {"headline": "Atelier ici"})
    assert "Entrée, Tentes, Atelier ici" in words(ines.text(HERE))


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("show", {"screens": SCREENS, "until": "18:00"}, "Choisissez quoi montrer."),
        ("show", {"playlist": "base", "until": "18:00"}, "Choisissez au moins un écran."),
        (
            "show",
            {"playlist": "base", "screens": SCREENS, "until": "14:00"},
            "Choisissez une fin à venir, jusqu’à minuit.",
        ),
        (
            "show",
            {"playlist": "base", "screens": ["lille-window"], "until": "18:00"},
            "Cet écran n’est plus là.",
        ),
        ("pause", {"subject": "fine-marseille", "until": "??"}, "Choisissez une fin à venir"),
        ("message", {"screens": SCREENS, "until": "18:00", "template": "message"}, "Écrivez ce"),
        ("message", {"template": "message", "headline": "x" * 10_001}, "au moins un écran"),
    ],
)
def test_each_refusal_is_a_sentence(
    chain: Chain, ines: Reader, path: str, fields: dict[str, object], said: str
) -> None:
    refused = post(ines, f"{HERE}/{path}", **fields)
    assert refused.status_code == 422
    assert said in words(refused.text)


def test_the_days_budget_is_told_with_the_latest_end(chain: Chain, ines: Reader) -> None:
    chain.ctx.settings.hold_minutes_per_day = 60
    fields = {"playlist": "base", "screens": SCREENS, "until": "18:00"}
    refused = post(ines, f"{HERE}/show", **fields)
    assert "Aujourd’hui, à la main jusqu’à 15:32 au plus." in words(refused.text)
    assert "Montrer autre chose jusqu’à 15:32" in words(ines.text(HERE))
    post(ines, f"{HERE}/show", **fields | {"until": "15:32"})
    chain.clock.advance(HOUR_MS)
    refused = post(ines, f"{HERE}/show", **fields)
    assert "Le temps à la main d’aujourd’hui est épuisé." in words(refused.text)


def test_an_emergency_is_asked_twice(chain: Chain) -> None:
    chief = chain.manager("vieux-port", "read", "override", "emergency")
    asked = post(chief, f"{HERE}/emergency", playlist="base", until="18:00")
    assert "Every screen of Vieux-Port shows “Fond de rayon” at once, until 18:00." in words(
        asked.text
    )
    assert overrides.list_emergencies(chain.ctx, SYSTEM).items == ()
    post(chief, f"{HERE}/emergency", playlist="base", until="18:00", sure="yes")
    page = chief.text(HERE)
    assert "Emergency, Fond de rayon until 18:00 End it now" in words(page)
    found = re.search(r"/emergency/([^/]+)/end", page)
    assert found
    chain.clock.advance(1_000)
    post(chief, f"{HERE}/emergency/{found[1]}/end")
    assert overrides.list_emergencies(chain.ctx, SYSTEM).items == ()


def test_it_can_be_installed(chain: Chain, ines: Reader) -> None:
    found = ines.get("/studio/store.webmanifest")
    assert found.mimetype == "application/manifest+json"
    told = found.get_json(force=True)
    assert told["start_url"] == "/store"
    for icon in told["icons"]:
        assert ines.get(icon["src"]).status_code == 200
    assert "manifest-src 'self'" in ines.get(HERE).headers["Content-Security-Policy"]
