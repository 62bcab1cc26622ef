"""The page of evidence: linked from "why?", printable, downloadable, within one's stores."""

from __future__ import annotations

import re

from playlists.wire.door import Report
from server.db.models import DeviceRow
from server.services.screens.screen_states import record_reports
from server.web.own_pages import own_page
from tests.server.web.conftest import HOUR_MS, Chain, plain

SCREEN = "lille-window"


def test_why_leads_to_the_evidence_of_its_second_and_that_to_its_file(chain: Chain) -> None:
    owner, at = chain.owner(), chain.clock.now
    why = owner.text(f"/screens/{SCREEN}/why?at={at}")
    path = re.search(r'href="(/evidence\?[^"]+)"', why)
    assert path
    told = owner.text(path[1].replace("&amp;", "&"))
    assert "All signatures hold" in plain(told)
    assert "The signature holds, with the key that was valid then." in plain(told)
    file = re.search(r'href="(/evidence\.json\?[^"]+)"', told)
    assert file
    answer = owner.get(file[1].replace("&amp;", "&"))
    assert answer.get_json()["format"] == "enseigne.evidence/1"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_it_speaks_french(chain: Chain) -> None:
    told = plain(chain.owner("fr").text(f"/evidence?screen={SCREEN}&at={chain.clock.now}"))
    assert "La signature tient, avec la clé valable à ce moment." in told


def test_there_is_none_of_the_future_nor_of_another_s_screen(chain: Chain) -> None:
    later = chain.clock.now + HOUR_MS
    assert chain.owner().get(f"/evidence?screen={SCREEN}&at={later}").status_code == 422
    for path in ("/evidence", "/evidence.json"):
        assert chain.owner().get(path).status_code == 404
        stranger = chain.manager("elsewhere", "read")
        assert stranger.get(f"{path}?screen={SCREEN}").status_code == 404
        assert chain.browser().get(f"{path}?screen={SCREEN}").status_code == 401


def test_where_no_record_came_it_says_when_one_would_and_what_to_do(chain: Chain) -> None:
    path = f"/evidence?screen={SCREEN}&at={chain.clock.now}"
    owner = chain.owner()
    fresh = plain(owner.text(path))
    assert "Its play record has not come yet." in fresh
    assert "sends it after 1 h at most. If it was open, the record is here by 15:48" in fresh
    assert f'href="/screens/{SCREEN}/device"' in owner.text(path)
    assert "le relevé est là à 15:48 au plus tard" in plain(chain.owner("fr").text(path))
    chain.clock.advance(2 * HOUR_MS)
    old = plain(owner.text(path))
    assert "The screen has no play record of it." in old
    assert "It was not open then, or has not sent its records yet." in old


def test_without_a_device_it_says_so_and_leads_to_pairing(chain: Chain) -> None:
    with chain.ctx.db.write() as session:
        session.delete(session.get_one(DeviceRow, SCREEN))
    told = chain.owner().text(f"/evidence?screen={SCREEN}&at={chain.clock.now}")
    assert "No device is paired with it, so nothing records what it shows." in plain(told)
    assert f'href="/pair?screen={SCREEN}"' in told


def test_a_page_on_this_machine_is_a_link_for_who_sits_at_it(chain: Chain) -> None:
    held = Report(1, {}, 0, 0, 20, {}, device={"page_port": 9306})
    forged = Report(1, {}, 0, 0, 20, {}, device={"page_port": "9306/@elsewhere"})
    now = chain.clock()
    record_reports(
        chain.ctx, {SCREEN: (now, held.to_json()), "lille-checkout": (now, forged.to_json())}
    )
    owner, link = chain.owner(), 'href="http://127.0.0.1:9306/"'
    pages = (f"/evidence?screen={SCREEN}&at={now}", f"/screens/{SCREEN}/device")
    assert all(link in owner.text(path) for path in pages)
    assert "elsewhere" not in owner.text("/screens/lille-checkout/device")
    for at, said in (("localhost:8080", "http://127.0.0.1:9306/"), ("signs.example", "")):
        with owner.client.application.test_request_context(base_url=f"http://{at}"):
            assert own_page(9306) == said
