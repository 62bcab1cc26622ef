"""The editor: sentences with their truth, edits and undo, two editors, what goes on the wall."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from server.services.base.actors import SYSTEM
from server.services.drafting import drafts, history, releases
from server.services.entry import sessions
from server.services.wishes import content
from tests.server.web.conftest import Chain, Reader
from tests.server.web.test_playlists import plain

RTL = "\u202eשלום 😀 <script>alert(1)</script>"


class Editor:
    """Someone with a playlist open."""

    def __init__(self, reader: Reader, playlist: str) -> None:
        self._reader = reader
        self._path = f"/playlists/{playlist}"
        self._draft = f"playlist:{playlist}"
        self.page = reader.text(self._path)
        found = re.search(r'data-csrf="([^"]+)"', self.page)
        assert found
        self._headers = {
            "X-CSRF-Token": found[1],
            "Accept": "application/json",
            "Accept-Language": reader.language,
        }

    def edit(self, *ops: dict[str, Any], heard: int = 0) -> TestResponse:
        """Apply operations; the page has `heard` of the edits up to this one."""
        path = f"{self._path}/edit" + (f"?seq={heard}" if heard else "")
        return self._reader.client.post(path, json={"ops": list(ops)}, headers=self._headers)

    def send(self, path: str, **form: Any) -> TestResponse:
        """Send a form of the page."""
        return self._reader.client.post(self._path + path, data=form, headers=self._headers)

    def rehearse(self) -> TestResponse:
        """Ask what it would change on the wall."""
        form = {"draft": self._draft}
        return self._reader.client.post("/rehearse", data=form, headers=self._headers)

    def part(self, path: str) -> str:
        """A part of the page."""
        return self._reader.text(self._path + path)

    def choose(self, path: str, label: str) -> TestResponse:
        """Choose a line of a menu."""
        for ops, words in re.findall(
            r'data-ops="([^"]*)"[^>]*>(.*?)</button>', self.part(path), re.S
        ):
            if label in plain(words):
                return self.edit(*json.loads(unescape(ops)))
        raise AssertionError(label)


def words(answer: TestResponse) -> str:
    """The words of the sheet in an answer."""
    assert answer.status_code == 200, answer.text
    return plain(answer.get_json()["html"])


def test_a_playlist_in_sentences_with_their_truth(calm: Chain) -> None:
    reader = calm.owner()
    page = plain(reader.text("/playlists/sale?store=lille&store=prado"))
    assert "Les prix d’automne . 8 of 9 can play now in Lille, 9 in Prado." in page
    assert "When at least 1 is in stock here." in page
    assert "Lille No 0 here" in page
    away = plain(reader.text("/playlists/galet-elsewhere?store=prado"))
    assert "Always . Prado Yes always" in away
    french = plain(calm.owner("fr").text("/playlists/last-pieces?store=lille"))
    assert "Quand il en reste 1 à 5 ici." in french


def test_a_phrase_offers_what_is_true_where(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    menu = plain(editor.part("/items/brand/phrase/add?store=lille&store=prado"))
    assert "Only when it is raining in the store’s town Lille now" in menu
    done = words(editor.choose("/items/brand/phrase/add?store=lille&store=prado", "raining"))
    assert "When it is raining in the store’s town." in done
    done = words(editor.choose("/items/brand/phrase/c0", "colder than 5°"))
    assert "When it is colder than 5° ." in done
    was = json.dumps(
        drafts.read(chain.ctx, SYSTEM, "playlist", "base").body["items"][3]["condition"]
    )
    done = words(editor.send("/items/brand/phrase/c0", n="-3", was=was))
    assert "When it is colder than −3° ." in done
    assert "When" not in words(editor.choose("/items/brand/phrase/c0", "without this"))


def test_hours_and_dates(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    form = {"day": ["0", "1", "2", "3", "4"], "start": "07:30", "end": "20:00", "was": "null"}
    done = words(editor.send("/items/brand/phrase/times", **form))
    assert "On weekdays between 7:30 and 20:00 ." in done
    stale = editor.send("/items/brand/phrase/times", **{**form, "start": "09:00"})
    assert stale.status_code == 409
    assert "Someone changed this in the meantime." in stale.get_json()["message"]
    was = json.dumps(
        drafts.read(chain.ctx, SYSTEM, "playlist", "base").body["items"][3]["schedule"]
    )
    wrong = {"start": "2026-10-25", "last": "2026-10-24", "was": was}
    assert editor.send("/items/brand/phrase/dates", **wrong).status_code == 422
    done = words(editor.send("/items/brand/phrase/dates", start="", last="2026-10-24", was=was))
    assert "On weekdays between 7:30 and 20:00 , until 24 October ." in done


def test_edits_are_undone_and_go_on_the_wall(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    title = {"op": "set", "path": "items/brand/title", "value": RTL}
    done = words(editor.edit(title, {"op": "move", "path": "items", "id": "brand", "after": None}))
    assert "Undo 1 change Put on the wall" in done
    assert "<script>alert" not in editor.edit(title).get_json()["html"]
    assert "Redo 1 change" in words(editor.send("/undo"))
    assert "Undo 2 changes" in words(editor.send("/redo"))
    assert editor.send("/redo").get_json()["message"] == "There is nothing of yours to take back."
    releases.put_on_air(chain.ctx, SYSTEM, "playlist", "base")
    assert "This is what is on air." in plain(editor.part(""))
    playlist = content.get_playlist(chain.ctx, SYSTEM, "base").value
    assert (playlist.items[0].id, playlist.items[0].title) == ("brand", RTL)
    editor.edit({"op": "set", "path": "items/brand/title", "value": "Other"})
    dropped = editor.send("/drop")
    assert "The changes are gone." in dropped.get_json()["said"]


def test_how_a_turn_comes_on_is_chosen_in_its_sheet_and_taken_back(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")

    def chosen() -> list[str]:
        markup = editor.part("/items/brand").partition('id="f-transition"')[2]
        options = markup.partition("</select>")[0]
        return re.findall(r'value="(\w+)" selected', options)

    assert chosen() == ["brand"]
    op = {"op": "set", "path": "items/brand/transition", "value": "fade", "was": None}
    assert "Undo 1 change" in words(editor.edit(op))
    assert chosen() == ["fade"]
    releases.put_on_air(chain.ctx, SYSTEM, "playlist", "base")
    items = content.get_playlist(chain.ctx, SYSTEM, "base").value.items
    assert [item.transition for item in items if item.id == "brand"] == ["fade"]
    editor.edit({**op, "value": "cut", "was": "fade"})
    editor.send("/undo")
    assert chosen() == ["fade"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("items/brand/title", "x" * 10_000, "A title has at most 200 characters"),
        (
            "items/brand/content/card/texts/headline/en",
            "x" * 10_000,
            "A text has at most 4,000 characters.",
        ),
        ("items/brand/duration_ms", 10, "A turn lasts from 1 second to 30 minutes."),
        ("items/brand/transition", "spin", "at once, by a crossfade or from the side."),
        ("name", "x" * 10_000, "Give it a name of 1 to 200 characters"),
    ],
)
def test_what_no_draft_can_hold_is_said_at_once(
    chain: Chain, path: str, value: Any, said: str
) -> None:
    editor = Editor(chain.owner(), "base")
    refused = editor.edit({"op": "set", "path": path, "value": value})
    assert refused.status_code == 422
    assert said in refused.get_json()["message"]


def test_a_price_is_never_typed(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    path = "items/brand/content/card/texts/headline/en"
    kept = words(editor.edit({"op": "set", "path": path, "value": "Only 9,90 €"}))
    assert "A price is never typed" in kept
    assert "8 of 9 can play now" in kept
    refused = editor.rehearse()
    assert refused.status_code == 422
    assert "One turn is not ready: A price is never typed" in plain(refused.text)
    assert "Dehors" in content.get_playlist(chain.ctx, SYSTEM, "base").value.items[3].title


def test_two_editors_see_each_other_and_lose_nothing(chain: Chain) -> None:
    assert chain.manager("lille", "read", "content").get("/playlists/base").status_code == 403
    claire = chain.manager("lille", "read", "content")
    one, other = Editor(chain.owner(), "rain-lille"), Editor(claire, "rain-lille")
    path = "items/rain/content/card/texts/headline/en"
    was = "It’s raining in Lille."
    assert words(other.edit({"op": "set", "path": path, "value": "Rain.", "was": was}))
    clash = one.edit({"op": "set", "path": path, "value": "Wet.", "was": was})
    assert clash.status_code == 409
    assert "Your text is still here" in clash.get_json()["message"]
    heard = json.loads(one.part("/sheet?seq=0&mark=1.0"))
    assert heard["said"] == "manager-lille-2 changed “Rain.”."
    assert heard["touched"] == ["rain"]
    assert json.loads(one.part(f"/sheet?seq=1&mark={heard['mark']}")) == {"mark": heard["mark"]}
    other.edit({"op": "set", "path": path, "value": "It pours."})
    mine = {"op": "set", "path": "items/rain/duration_ms", "value": 9_000}
    told = one.edit(mine, heard=1).get_json()
    assert told["said"] == "manager-lille-2 changed “It pours.”.", "with one's own edit's answer"
    assert one.edit(mine, heard=told["seq"]).get_json()["said"] == ""


def test_a_playlist_that_was_thrown_away_meanwhile(chain: Chain) -> None:
    editor = Editor(chain.owner(), "held-by-hand")
    history.remove(chain.ctx, SYSTEM, "playlist", "held-by-hand")
    refused = editor.edit({"op": "set", "path": "items/one/title", "value": "x"})
    assert refused.status_code == 404
    assert "somebody threw it away" in refused.get_json()["message"]


def test_a_session_that_is_lost_meanwhile(chain: Chain) -> None:
    reader = chain.owner()
    editor = Editor(reader, "base")
    reader.client.delete_cookie(sessions.COOKIE)
    refused = editor.edit({"op": "set", "path": "items/brand/title", "value": "x"})
    assert refused.status_code == 401
    assert "what you typed stays here" in refused.get_json()["message"]


def test_a_form_that_no_page_sent(chain: Chain) -> None:
    reader = chain.owner()
    answer = reader.client.post("/playlists/base/edit", json={"ops": []})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "csrf")


def test_what_is_added(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    goods = plain(editor.part("/add?kind=price&q=gal&store=lille"))
    assert re.search(r"Galet PLV-\S+ €\d", goods)
    sku = re.search(r'name="chosen" value="([^"]+)"', editor.part("/add?kind=price&q=galet"))
    assert sku
    done = editor.send("/add", kind="price", chosen=[sku[1]])
    assert "Galet 10 s Always ." in words(done)
    added = done.get_json()["added"]
    assert "Bound to Galet . Price and stock come from the shop." in plain(
        editor.part(f"/items/{added}")
    )
    turns = drafts.read(chain.ctx, SYSTEM, "playlist", "base").body["items"]
    assert turns[-1]["id"] == added
    between = editor.send("/add", kind="price", chosen=[sku[1]], after=turns[0]["id"])
    first = editor.send("/add", kind="price", chosen=[sku[1]], after="")
    order = [one["id"] for one in drafts.read(chain.ctx, SYSTEM, "playlist", "base").body["items"]]
    put = [first.get_json()["added"], turns[0]["id"], between.get_json()["added"]]
    assert order[:3] == put, "where it was dropped"
    assert editor.send("/add", kind="price").get_json()["message"] == "Choose the products first."
    inside = editor.send("/add", kind="playlist", chosen=["base"])
    assert inside.get_json()["message"] == "A playlist does not stand inside itself."
    nested = words(editor.send("/add", kind="playlist", chosen=["held-by-hand"]))
    assert "À la main open this playlist" in nested
    message = words(editor.send("/add", kind="message"))
    assert "Write its headline in both languages." in message


def test_history_brings_back(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    editor.edit({"op": "remove", "path": "items", "id": "brand"})
    releases.put_on_air(chain.ctx, SYSTEM, "playlist", "base")
    page = editor.part("/history")
    assert "9 turns, put on the wall by" in plain(page)
    number = re.findall(r"/history/(\d+)", page)[-1]
    assert editor.send(f"/history/{number}").status_code == 303
    assert "Dehors commence ici." in plain(editor.part(""))


def test_a_turn_is_bound_to_another_product_in_place(chain: Chain) -> None:
    editor = Editor(chain.owner(), "sale")
    (first, *_rest) = drafts.read(chain.ctx, SYSTEM, "playlist", "sale").body["items"]
    at, held = f"/items/{first['id']}/goods", first["content"]["card"]["goods"][0]["sku"]
    assert held in editor.part(at)
    other = re.search(rf'value="(?!{held})(PLV-[^"]+)"', editor.part(f"{at}?q=galet"))
    assert other
    done = editor.send(at, chosen=[other[1]], was=json.dumps([held]))
    assert "When at least 1 is in stock here." in words(done), "the sentence asks of the new one"
    (bound, *_rest) = drafts.read(chain.ctx, SYSTEM, "playlist", "sale").body["items"]
    assert bound["content"]["card"]["goods"] == [{"sku": other[1]}]
    assert other[1] in json.dumps(bound["condition"])
    assert held not in json.dumps(bound)
    assert "qr" not in bound["content"]["card"], "the code led to the old product"
    stale = editor.send(at, chosen=[held], was=json.dumps([held]))
    assert (stale.status_code, stale.get_json()["code"]) == (409, "changed_meanwhile")
    none = editor.send(at, was=json.dumps([other[1]]))
    assert none.get_json()["message"] == "Choose the products first."
    forged = editor.send(at, chosen=["<script>"], was=json.dumps([other[1]]))
    assert forged.status_code == 422
    assert "When at least 1 is in stock here." in words(editor.send("/undo"))
    assert drafts.read(chain.ctx, SYSTEM, "playlist", "sale").body["items"][0] == first


def test_stores_are_found_by_name_and_region(chain: Chain) -> None:
    editor = Editor(chain.owner(), "base")
    offered = editor.part("/stores?store=lille&q=PRADO")
    assert re.findall(r'name="store" value="([^"]+)"( checked)?', offered) == [
        ("lille", " checked"),
        ("prado", ""),
    ]
    assert "Nothing is called that." in plain(editor.part("/stores?store=lille&q=%00zzz"))


def test_script_in_every_field_is_words_and_nothing_else(chain: Chain) -> None:
    editor = Editor(chain.owner(), "rain-lille")
    card = "items/rain/content/card/texts"
    for path in ("items/rain/title", f"{card}/headline/en", f"{card}/second/fr", "name"):
        value = RTL if path != "name" else RTL.replace("\u202e", "")
        kept = editor.edit({"op": "set", "path": path, "value": value})
        assert kept.status_code == 200, path
        for page in (kept.get_json()["html"], editor.part("/items/rain"), editor.part("")):
            assert "<script>alert" not in page
    [drawn] = json.loads(editor.part("/pictures?items=rain&store=lille")).values()
    assert RTL in drawn["card"]["params"].values(), "a screen paints it as words"
    assert "<script>alert" not in editor.part("/history")
    assert "<script>alert" not in editor.part("/throw")
