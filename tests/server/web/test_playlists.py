"""The list of playlists: what is on air, drafts, copies, the bin; and what is refused beside it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from server.services.base.actors import SYSTEM
from server.services.drafting import drafts
from server.services.wishes import content
from tests.server.web.conftest import Chain, plain


def test_what_is_on_air_and_where(calm: Chain) -> None:
    words = plain(calm.owner().text("/playlists"))
    assert "28 playlists. 26 are on air." in words
    words += plain(calm.owner().text("/playlists?named=fond")) + "|"
    words += plain(calm.owner().text("/playlists?named=main"))
    assert "Fond de rayon 9 turns, 88 s On air base of the whole chain" in words
    assert "À la main 1 turn, 30 s Ready, not in use Nothing plays it." in words


def test_a_draft_a_change_a_copy(chain: Chain) -> None:
    reader = chain.owner()
    made = reader.send("/playlists", name="Vitrine d’hiver ❄ שלום")
    assert made.status_code == 303
    rename = {"op": "set", "path": "name", "value": "Fond d’automne"}
    drafts.edit(chain.ctx, SYSTEM, "playlist", "base", [rename])
    words = plain(reader.text("/playlists") + reader.text("/playlists?state=draft"))
    words += plain(reader.text("/playlists?state=changed"))
    assert "Vitrine d’hiver ❄ שלום 0 turns Draft Nothing plays it." in words
    assert "Fond d’automne 9 turns, 88 s Changed since base of the whole chain" in words
    assert "One has changes that no screen shows yet. One is a draft." in words
    assert "Fond d’automne" not in plain(reader.text("/playlists?state=draft"))
    assert "Vitrine" in plain(reader.text("/playlists?named=vitrine"))
    assert "No playlist is called that." in plain(reader.text("/playlists?named=zzz"))
    copied = reader.send("/playlists/base/copy")
    assert copied.status_code == 303
    assert "Fond d’automne, copy" in plain(reader.text("/playlists"))


def test_the_bin_gives_back(chain: Chain) -> None:
    reader = chain.owner()
    assert reader.send("/playlists/held-by-hand/throw").status_code == 303
    assert "À la main" not in plain(reader.text("/playlists"))
    words = plain(reader.text("/playlists/bin"))
    assert "À la main thrown away just now, gone for good in 30 days" in words
    out = reader.send("/playlists/bin/held-by-hand/take-out")
    assert out.location == "/playlists/held-by-hand"
    assert "À la main 1 turn, 30 s Draft" in plain(reader.text("/playlists"))


def test_what_is_refused_is_said_beside_it(chain: Chain) -> None:
    reader = chain.owner()
    kept = reader.send("/playlists/base/throw")
    assert kept.status_code == 409
    assert "It stays while something plays it. " in plain(kept.text)
    assert "It is the base of the whole chain. Choose another base first" in plain(kept.text)
    for name in ("", "x" * 10_000, "two\nlines"):
        refused = reader.send("/playlists", name=name)
        assert refused.status_code == 422
        assert "Give it a name of 1 to 200 characters, on one line." in plain(refused.text)
    shown = reader.send("/playlists", name="<script>alert(1)</script>")
    assert shown.status_code == 303
    assert "<script>alert" not in reader.text("/playlists")
    stale = reader.client.post("/playlists", data={"csrf": "old", "name": "x"})
    assert stale.status_code == 403


def test_who_may_not_write_does_not_enter(calm: Chain) -> None:
    assert calm.manager("lille", "read").get("/playlists").status_code == 403
    own = plain(calm.manager("lille", "read", "content").text("/playlists"))
    assert "Il pleut à Lille" in own
    assert "Il pleut à Marseille" not in own


def test_thumbnails_are_what_a_screen_paints(calm: Chain) -> None:
    found = calm.owner().get("/playlists/base/pictures?items=embrun,brand,nothing").get_json()
    assert found.keys() == {"embrun", "brand"}
    assert found["embrun"]["card"]["template"] == "price"
    assert found["embrun"]["shown"]["prices"]
    assert found["brand"]["card"]["params"]["headline"] == "Dehors commence ici."


def test_several_at_once(chain: Chain) -> None:
    reader = chain.owner()
    both = ["sale", "held-by-hand"]
    tagged = reader.send("/playlists/several?state=air", chosen=both, act="tag", tag="Été, x")
    assert tagged.location == "/playlists?state=air&done=tag&n=2"
    words = plain(reader.text("/playlists?tag=été&done=tag&n=2"))
    assert "2 are tagged." in words
    assert "Les prix d’automne 9 turns, 50 s x été On air" in words
    assert "Fond de rayon" not in words
    assert "Les prix d’automne" in plain(reader.text("/playlists?named=ÉTÉ"))
    gone = reader.send("/playlists/several?tag=x", chosen=both, act="bin")
    assert gone.status_code == 409
    assert "It is in the bin for thirty days. No screen showed it" in plain(gone.text)
    assert "It stays: something still plays it. Take it out there first." in plain(gone.text)
    assert 'value="sale" aria-label="Choose Les prix d’automne" checked' in unescape(gone.text)
    assert reader.send("/playlists/several", chosen=["sale", "base"], act="copy").status_code == 303
    words = plain(reader.text("/playlists?done=copy&n=2"))
    assert "2 copies are begun, as drafts." in words
    assert "Fond de rayon, copy" in words
    off = reader.send("/playlists/several", chosen=["sale"], act="untag", tag="x")
    assert off.location == "/playlists?done=untag&n=1"
    assert "à la main" in plain(reader.text("/playlists/bin")).casefold()


def test_several_that_are_none_or_too_much(chain: Chain) -> None:
    reader = chain.owner()
    for form, said in (
        ({"act": "bin"}, "Choose 1 to 100 playlists first."),
        ({"act": "burn", "chosen": ["sale"]}, "Choose 1 to 100 playlists first."),
        ({"act": "tag", "chosen": ["sale"]}, "Write the tag."),
        ({"act": "tag", "chosen": ["sale"], "tag": "x" * 10_000}, "A tag has 1 to 40 characters"),
        ({"act": "tag", "chosen": ["nowhere"], "tag": "x"}, ""),
    ):
        refused = reader.send("/playlists/several", **form)
        assert refused.status_code in (409, 422)
        assert said in plain(refused.text)
    reader.send("/playlists/several", chosen=["sale"], act="tag", tag="<script>alert(1)</script>")
    reader.send("/playlists/several", chosen=["sale"], act="tag", tag="שלום \u202e😀")
    page = reader.text("/playlists")
    assert "<script>alert" not in page
    assert "😀" not in page, "a tag that turns the page around is refused"
    strange = "/playlists?done=bin&n=10000000&tag=%00&named=%F0%9F%98%80&after=x"
    assert reader.get(strange).status_code == 422


def test_before_a_playlist_goes_its_page_says_what_plays_then(chain: Chain) -> None:
    reader = chain.owner()
    words = plain(reader.text("/playlists/rain-lille/throw"))
    assert "Campaign “Il pleut à Lille” plays it." in words
    assert "End it or give it another playlist: then the base plays in its time." in words
    words = plain(reader.text("/playlists/held-by-hand/throw"))
    assert "Nothing plays it: no screen changes when it goes." in words
    chain.hold("lille-window", "lille")
    words = plain(reader.text("/playlists/held-by-hand/throw"))
    assert "It shows by hand in Lille. That ends by itself: then the plan goes on." in words
    assert reader.send("/playlists/held-by-hand/throw").status_code == 409


@pytest.mark.parametrize("language", ["en", "fr"])
def test_another_one_plays_in_its_place_everywhere_and_back(chain: Chain, language: str) -> None:
    done, back, same = {
        "en": ("Another one plays in its place.", "It plays there again.", "Choose another"),
        "fr": ("Une autre passe à sa place.", "Elle y passe de nouveau.", "Choisissez une autre"),
    }[language]
    reader = chain.owner(language)
    page = reader.text("/playlists/rain-lille/throw")
    assert re.search(r'<option value="sale">', page)
    refused = reader.send("/playlists/rain-lille/replace", by="rain-lille")
    assert (refused.status_code, same in plain(refused.text)) == (422, True)
    sent = reader.send("/playlists/rain-lille/replace", by="sale")
    assert sent.status_code == 303
    assert content.get_campaign(chain.ctx, SYSTEM, "rain-lille").value.playlist == "sale"
    told = reader.text(sent.location)
    assert done in plain(told)
    undo = re.search(r'action="(/playlists/rain-lille/replace/[0-9]+/undo)"', told)
    assert undo
    taken = reader.send(undo[1])
    assert back in plain(reader.text(taken.location))
    assert content.get_campaign(chain.ctx, SYSTEM, "rain-lille").value.playlist == "rain-lille"
    again = reader.send(undo[1])
    assert again.status_code == 409
    assert 'role="alert"' in again.text
