"""The room of files: what the grid and a file's page say, and what their forms do."""

from __future__ import annotations

import io
import re

import pytest
from werkzeug.test import TestResponse

from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.library import assets
from server.services.library.describing import describe
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.wishes import content
from server.services.wishes.drawn import Drawn
from tests.server.services.library.test_assets import png, showing
from tests.server.web.conftest import Chain, Reader

FEED = Source("feed", shop="pluvier")


def post(reader: Reader, path: str, **form: object) -> TestResponse:
    """A form of the page, with the word that its pages carry."""
    found = re.search(r'data-csrf="(\w+)"', reader.text("/media"))
    assert found
    data = {"csrf": found[1], **form}
    return reader.client.post(path, data=data, headers={"Accept-Language": reader.language})


def upload(chain: Chain, name: str = "poster.png", colour: str = "navy") -> str:
    return assets.upload(chain.ctx, SYSTEM, name, [png(colour=colour)]).asset.sha


def sells(chain: Chain, price: int) -> None:
    report = ProductReport("BAG", "EUR", price, names={"en": {"name": "Estran 28"}})
    take(chain.ctx, FEED, Batch(chain.ctx.clock(), products=(report,)))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_grid_and_a_file_speak_the_readers_language(chain: Chain, language: str) -> None:
    sha = upload(chain)
    owner = chain.owner(language)
    said = owner.text("/media?named=poster")
    assert "poster.png" in said
    assert ("not in use" if language == "en" else "sans emploi") in said
    page = owner.text(f"/media/file/{sha}")
    assert ("Does it show a price" if language == "en" else "Montre-t-il un prix") in page


def test_a_form_without_script_takes_files_and_says_what_it_refused(chain: Chain) -> None:
    owner = chain.owner("fr")
    good, bad = (io.BytesIO(png()), "coat.png"), (io.BytesIO(b"<html>"), "page.png")
    assert post(owner, "/media", file=[good]).status_code == 303
    answer = post(owner, "/media", file=[bad, (io.BytesIO(png(colour="red")), "tent.png")])
    assert answer.status_code == 422
    assert "page web" in answer.text
    assert "tent.png" in owner.text("/media?named=tent")


def test_a_price_is_said_beside_the_picture_and_checked(chain: Chain) -> None:
    sells(chain, 8_990)
    sha = upload(chain)
    owner = chain.owner()
    form = {"sku": ["Estran 28 · BAG", ""], "price": ["89,90", ""]}
    assert post(owner, f"/media/file/{sha}/prices", **form).status_code == 303
    assert assets.get_asset(chain.ctx, SYSTEM, sha).prices == (Drawn("BAG", 8_990, "EUR"),)
    assert "€89.90" in owner.text("/media?state=priced")
    chain.clock.advance(60_000)
    sells(chain, 7_990)
    assert "One shows a price that a shop does not say" in owner.text("/media")
    page = owner.text(f"/media/file/{sha}")
    assert "the picture shows €89.90, the shop says €79.90" in page
    assert "Estran 28 · BAG" in page


@pytest.mark.parametrize(
    ("sku", "price", "said"),
    [("NONE", "1", "No shop delivers"), ("BAG", "cheap", "as in 89.90")],
)
def test_a_price_that_makes_no_sense_is_answered_beside_it(
    chain: Chain, sku: str, price: str, said: str
) -> None:
    sells(chain, 8_990)
    sha = upload(chain)
    answer = post(chain.owner(), f"/media/file/{sha}/prices", sku=[sku], price=[price])
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{price}"' in answer.text


def test_goods_are_offered_by_name(chain: Chain) -> None:
    sells(chain, 8_990)
    found = chain.owner().get("/media/goods?named=BAG").json
    assert {"sku": "BAG", "name": "Estran 28"} in found


def test_replaced_everywhere_and_undone(chain: Chain) -> None:
    old, new = upload(chain), upload(chain, "new.png", "green")
    content.create_playlist(chain.ctx, SYSTEM, showing(old))
    owner = chain.owner()
    done = post(owner, f"/media/file/{old}/replace", by=new)
    assert done.status_code == 303
    said = owner.text(done.location)
    assert "Replaced in one playlist." in said
    undo = re.search(r'action="(/media/file/\w+/undo/\d+)"', said)
    assert undo
    assert "Nothing uses it yet" in said
    assert post(owner, undo[1]).status_code == 303
    assert "playlist “Autumn”" in owner.text(f"/media/file/{old}")
    again = post(owner, undo[1])
    assert (again.status_code, "changed these playlists" in again.text) == (409, True)
    assert "Choose a file to show" in post(owner, f"/media/file/{old}/replace", by="x").text


def test_a_file_in_use_stays_and_says_where(chain: Chain) -> None:
    sha = upload(chain)
    content.create_playlist(chain.ctx, SYSTEM, showing(sha))
    owner = chain.owner()
    answer = post(owner, f"/media/file/{sha}/delete")
    assert answer.status_code == 409
    assert "It stays" in answer.text
    assert "/playlists/autumn" in answer.text
    content.delete_playlist(chain.ctx, SYSTEM, "autumn")
    assert post(owner, f"/media/file/{sha}/delete").status_code == 303
    assert owner.get(f"/media/file/{sha}").status_code == 404


def test_name_and_tags_are_kept_or_answered(chain: Chain) -> None:
    sha = upload(chain)
    owner = chain.owner()
    form = {"name": "Autumn <b>", "tags": "Shop window, autumn"}
    assert post(owner, f"/media/file/{sha}", **form).status_code == 303
    said = owner.text("/media?tag=autumn")
    assert "Autumn &lt;b&gt;" in said
    answer = post(owner, f"/media/file/{sha}", name="", tags="autumn, new")
    assert answer.status_code == 422
    assert 'value="autumn, new"' in answer.text


def test_only_editors_enter_and_see_their_own(chain: Chain) -> None:
    sha = upload(chain)
    describe(chain.ctx, SYSTEM, sha, tags=["secret"])
    assert chain.manager("lille", "read").get("/media").status_code == 403
    editor = chain.manager("lille", "read", "content")
    assert "poster.png" not in editor.text("/media")
    assert "secret" not in editor.text("/media")
    for path in (f"/media/file/{sha}", f"/media/{sha}"):
        assert editor.get(path).status_code == 404
    assert post(editor, f"/media/file/{sha}/delete").status_code == 404
    assert chain.browser().get("/media").status_code == 401
    assert editor.client.post("/media").status_code == 403


def test_a_page_gets_the_word_of_the_session_that_there_is_now(chain: Chain) -> None:
    owner = chain.owner()
    word = owner.get("/media/again").json["csrf"]
    assert f'data-csrf="{word}"' in owner.text("/media")
    assert chain.browser().get("/media/again").status_code == 401
