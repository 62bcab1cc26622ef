"""The list of playlists: what is on air, drafts, copies, the bin; and what is refused beside it."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse

from server.services.base.actors import SYSTEM
from server.services.drafting import drafts
from tests.server.web.conftest import Chain, Reader


def plain(page: str) -> str:
    """A page's words."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def send(reader: Reader, path: str, **form: str) -> TestResponse:
    """A form that the page itself sent."""
    word = re.search(r'data-csrf="([^"]+)"', reader.text("/playlists"))
    assert word
    headers = {"Accept-Language": reader.language}
    return reader.client.post(path, data={"csrf": word[1], **form}, headers=headers)


def test_what_is_on_air_and_where(calm: Chain) -> None:
    words = plain(calm.owner().text("/playlists"))
    assert "18 playlists. 17 are on air." in words
    assert "Fond de rayon 9 turns, 88 s On air base of the whole chain" in words
    assert "À la main 1 turn, 30 s Ready, not in use Nothing plays it." in words


def test_a_draft_a_change_a_copy(chain: Chain) -> None:
    reader = chain.owner()
    made = send(reader, "/playlists", name="Vitrine d’hiver ❄ שלום")
    assert made.status_code == 303
    rename = {"op": "set", "path": "name", "value": "Fond d’automne"}
    drafts.edit(chain.ctx, SYSTEM, "playlist", "base", [rename])
    words = plain(reader.text("/playlists"))
    assert "Vitrine d’hiver ❄ שלום 0 turns Draft Nothing plays it." in words
    assert "Fond d’automne 9 turns, 88 s Changed since base of the whole chain" in words
    assert "One has changes that no screen shows yet. One is a draft." in words
    assert "Fond d’automne" not in plain(reader.text("/playlists?state=draft"))
    assert "Vitrine" in plain(reader.text("/playlists?named=vitrine"))
    assert "No playlist is called that." in plain(reader.text("/playlists?named=zzz"))
    copied = send(reader, "/playlists/base/copy")
    assert copied.status_code == 303
    assert "Fond d’automne, copy" in plain(reader.text("/playlists"))


def test_the_bin_gives_back(chain: Chain) -> None:
    reader = chain.owner()
    assert send(reader, "/playlists/held-by-hand/throw").status_code == 303
    assert "À la main" not in plain(reader.text("/playlists"))
    words = plain(reader.text("/playlists/bin"))
    assert "À la main thrown away just now, gone for good in 30 days" in words
    out = send(reader, "/playlists/bin/held-by-hand/take-out")
    assert out.location == "/playlists/held-by-hand"
    assert "À la main 1 turn, 30 s Draft" in plain(reader.text("/playlists"))


def test_what_is_refused_is_said_beside_it(chain: Chain) -> None:
    reader = chain.owner()
    kept = send(reader, "/playlists/base/throw")
    assert kept.status_code == 409
    assert "It stays: something still plays it." in plain(kept.text)
    for name in ("", "x" * 10_000, "two\nlines"):
        refused = send(reader, "/playlists", name=name)
        assert refused.status_code == 422
        assert "Give it a name of 1 to 200 characters, on one line." in plain(refused.text)
    shown = send(reader, "/playlists", name="<script>alert(1)</script>")
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
