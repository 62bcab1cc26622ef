"""The page of evidence: linked from "why?", printable, downloadable, within one's stores."""

from __future__ import annotations

import re

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
