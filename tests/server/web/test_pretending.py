"""Pretend, as people meet it: controls that work without script, turns for those with it."""

from __future__ import annotations

import json

from server.services.base.actors import SYSTEM
from server.services.drafting import drafts
from tests.server.web.conftest import Chain

SCREEN = "/screens/lille-window"


def titles(found: list[dict[str, object]]) -> str:
    """What it shows in turn."""
    return " ".join(str(turn["title"]) for turn in found)


def test_a_screen_is_shown_in_another_weather(chain: Chain) -> None:
    reader = chain.owner()
    as_it_is = json.loads(reader.get(f"{SCREEN}/pretended").data)
    sunny = json.loads(reader.get(f"{SCREEN}/pretended?weather=sun").data)
    assert (as_it_is["said"], as_it_is["pretends"]) == ("As it is now in Lille.", False)
    assert (sunny["said"], sunny["pretends"]) == ("Pretending in Lille at 14:32, sun.", True)
    assert "raining" in titles(as_it_is["turns"]) or "pleut" in titles(as_it_is["turns"])
    assert "pleut" not in titles(sunny["turns"])
    [text] = {
        said["texts"]["fr"]["text"]
        for turn in sunny["turns"]
        for said in turn["still"]["texts"].values()
    } or {"24°, soleil"}
    assert text.startswith("24°")


def test_prices_that_have_expired_are_not_drawn(chain: Chain) -> None:
    reader = chain.owner()
    found = json.loads(reader.get(f"{SCREEN}/pretended?prices=expired").data)
    assert not any(turn["still"]["shown"]["prices"] for turn in found["turns"])
    real = json.loads(reader.get(f"{SCREEN}/pretended").data)
    assert any(turn["still"]["shown"]["prices"] for turn in real["turns"])


def test_the_page_works_without_script_and_in_french(chain: Chain) -> None:
    reader = chain.owner("fr")
    answer = reader.get(f"{SCREEN}/pretend?on=2026-10-17&minute=1080&crowd=crowded")
    body = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Hypothèse à Lille à 18:00, foule." in body
    assert 'value="crowded" checked' in body


def test_an_instant_without_a_plan_is_said_beside_the_field(chain: Chain) -> None:
    reader = chain.owner()
    for on in ("2031-01-01", "gibberish", "2020-01-01"):
        answer = reader.get(f"{SCREEN}/pretend?on={on}&minute=5")
        assert answer.status_code == 422
        assert 'role="alert"></p>' not in answer.get_data(as_text=True)
        said = reader.get(f"{SCREEN}/pretended?on={on}&minute=5")
        assert (said.status_code, bool(said.get_json()["message"])) == (422, True)


def test_nobody_pretends_with_what_is_not_theirs(chain: Chain) -> None:
    manager = chain.manager("prado", "read")
    assert manager.client.get(f"{SCREEN}/pretend").status_code == 404
    assert manager.client.get(f"{SCREEN}/pretended").status_code == 404
    assert chain.browser().get(f"{SCREEN}/pretend").status_code == 401


def test_one_playlist_alone_is_shown_as_it_is_written(chain: Chain) -> None:
    reader = chain.owner()
    drafts.edit(
        chain.ctx, SYSTEM, "playlist", "sale", [{"op": "set", "path": "name", "value": "Soldes"}]
    )
    body = drafts.read(chain.ctx, SYSTEM, "playlist", "sale").body
    asked = f"{SCREEN}/pretended?draft=playlist:sale&only=sale/"
    sold = json.loads(reader.get(f"{asked}&stock=last").data)["turns"]
    written = [item["id"] for item in body["items"]]
    assert [turn["item"] for turn in sold[: len(written)]] == written
    none = json.loads(reader.get(f"{asked}&stock=none").data)["turns"]
    assert none
    assert not any(turn["item"] for turn in none), "the plan goes on where nothing of it plays"


def test_one_product_is_sold_out_and_the_others_are_as_they_are(chain: Chain) -> None:
    reader = chain.owner()
    asked = f"{SCREEN}/pretended?draft=playlist:sale&only=sale/"
    real = {turn["item"] for turn in json.loads(reader.get(asked).data)["turns"]}
    found = json.loads(reader.get(f"{asked}&stock=none&goods=PLV-ESTRAN-28").data)
    assert found["said"] == "Pretending in Lille at 14:32, Estran 28 sold out."
    assert "estran-28" in real
    assert {turn["item"] for turn in found["turns"]} == real - {"estran-28"}
    page = reader.text(f"{SCREEN}/pretend?stock=none&goods=PLV-ESTRAN-28")
    assert '<option value="PLV-ESTRAN-28" selected>Estran 28</option>' in page
    assert reader.get(f"{asked}&stock=none&goods=no%20such").status_code == 422


def test_the_editor_pretends_beside_the_sequence(chain: Chain) -> None:
    page = chain.owner().text("/playlists/sale?store=lille")
    assert 'name="draft" value="playlist:sale"' in page
    assert 'name="only" value="sale/"' in page
    assert 'value="872" data-today="2026-10-15"' in page
