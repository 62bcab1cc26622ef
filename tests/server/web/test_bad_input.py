"""Whatever words people send, the studio answers beside the field, and nothing is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from server.app import create_app
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.drafting import drafts, releases
from server.services.library import assets
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.web.tongue import gettext
from tests.server.services.library.test_assets import png
from tests.server.web.conftest import Chain, Reader, plain
from tests.support.small_shop import publish

LONG = "x" * 10_000
STRANGE = "שלום مرحبا 👩🏽‍🚀 <script>alert(1)</script>"
NAMED = {
    "en": "Give it a name of 1 to 200 characters, on one line.",
    "fr": "Donnez-lui un nom de 1 à 200 caractères, sur une ligne.",
}
FAIR = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//\r
BEGIN:VEVENT\r
UID:fair\r
DTSTART;VALUE=DATE:20261017\r
DTEND;VALUE=DATE:20261102\r
SUMMARY:Fair\r
END:VEVENT\r
END:VCALENDAR\r
"""
LILLE = {"name": "Lille", "zone": "Europe/Paris"}


def alerts(answer: TestResponse) -> str:
    """The sentences that stand beside fields."""
    return plain(" ".join(re.findall(r'role="alert"[^>]*>(.*?)</p>', answer.text, re.S)))


# Too long

FIELDS: Mapping[str, tuple[str, dict[str, Any], str, dict[str, str]]] = {
    "a playlist": ("/playlists", {}, "name", NAMED),
    "a campaign": ("/calendar/new", {"playlist": "sale", "share": "10"}, "name", NAMED),
    "a promotion": ("/promotions/promo-azimut", {}, "name", NAMED),
    "a store": ("/places", LILLE, "name", NAMED),
    "a store’s address": (
        "/places",
        LILLE,
        "address",
        {
            "en": "An address has at most 500 characters.",
            "fr": "Une adresse a 500 caractères au plus.",
        },
    ),
    "a screen": ("/places/lille/screens", {"size": "1920x1080"}, "name", NAMED),
    "a person": ("/people", {"email": "a@b.example", "role": "viewer"}, "name", NAMED),
    "oneself": ("/me/name", {"email": "a@b.example"}, "name", NAMED),
    "a calendar": ("/calendar/events", {"url": "https://a.example/b.ics"}, "name", NAMED),
    "a file": ("/media/file/{sha}", {}, "name", NAMED),
    "a source": ("/sources/new", {"kind": "open_meteo"}, "name", NAMED),
    "the brand": (
        "/brand",
        {"version": "0"},
        "name",
        {
            "en": "Write at most 200 characters, on one line.",
            "fr": "Écrivez 200 caractères au plus, sur une ligne.",
        },
    ),
    "a message": (
        "/store/lille/message",
        {"template": "message", "until": "16:00", "screens": "lille-window"},
        "headline",
        {
            "en": "At most 32 characters.",
            "fr": "32 caractères au plus.",
        },
    ),
}
"""Where people write: the address, a form that is good but for one field, it, the answer."""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_ten_thousand_characters(calm: Chain, language: str) -> None:
    sha = assets.upload(calm.ctx, SYSTEM, "a.png", [png()]).asset.sha
    owner = calm.owner(language)
    for what, (path, form, field, said) in FIELDS.items():
        answer = owner.send(path.format(sha=sha), **{**form, field: LONG})
        assert answer.status_code == 422, what
        assert said[language] in alerts(answer), what
        assert LONG in answer.text, f"{what}: what was typed is still there"


def test_ten_thousand_characters_in_the_text_of_a_promotion(chain: Chain) -> None:
    owner = chain.owner()
    refused = owner.send("/promotions/promo-azimut", name="Azimut", **{"headline.en": LONG})
    assert refused.status_code == 422
    assert "A text has at most 4,000 characters." in alerts(refused)
    assert LONG in refused.text


# From the right, with emoji, with script


def test_strange_names_are_words_wherever_they_show(chain: Chain) -> None:
    owner = chain.owner()
    sha = _name_everything(chain, owner)
    for path in (
        *("/wall", "/wall?store=lille", "/playlists", "/playlists/rain-lille", "/people"),
        *("/playlists/rain-lille/history", "/playlists/rain-lille/throw", "/places", "/audit"),
        *("/playlists/rain-lille/items/rain", "/places/lille", "/calendar", "/calendar/events"),
        *("/places/lille/screens/lille-window", "/calendar/campaigns/rain-lille", "/rehearse"),
        *("/promotions/goods?q=azimut", "/media", f"/media/file/{sha}", "/store/lille", "/brand"),
        *("/store/lille/show", "/store/lille/pause", "/sources"),
        *("/screens/lille-window/why", "/situation"),
    ):
        page = owner.text(path)
        assert "<script>alert" not in page, path
        assert STRANGE in unescape(page), path


def test_a_screen_is_given_strange_words_as_words(chain: Chain) -> None:
    owner = chain.owner()
    _name_everything(chain, owner)
    publish(chain.ctx)
    [drawn] = owner.get("/playlists/rain-lille/pictures?items=rain&store=lille").get_json().values()
    assert STRANGE in drawn["card"]["params"].values()


def _name_everything(chain: Chain, owner: Reader) -> str:
    """Everything of Lille has the strange name; the sha256 of a file that has it too."""
    ctx = chain.ctx
    headline = "items/rain/content/card/texts/headline/"
    named = [
        {"op": "set", "path": path, "value": STRANGE}
        for path in ("name", "items/rain/title", headline + "fr", headline + "en")
    ]
    drafts.edit(ctx, SYSTEM, "playlist", "rain-lille", named)
    releases.put_on_air(ctx, SYSTEM, "playlist", "rain-lille")
    drafts.edit(ctx, SYSTEM, "playlist", "rain-lille", [{**named[1], "value": STRANGE + "!"}])
    drafts.edit(ctx, SYSTEM, "campaign", "rain-lille", named[:1])
    releases.put_on_air(ctx, SYSTEM, "campaign", "rain-lille")
    store = places.get_store(ctx, SYSTEM, "lille").value
    wish = StoreWish(STRANGE, store.zone, channel=store.channel, details={"address": STRANGE})
    places.update_store(ctx, SYSTEM, "lille", wish)
    places.update_screen(ctx, SYSTEM, "lille-window", ScreenWish(STRANGE, "lille", 1080, 1920))
    names = {language: {"name": STRANGE} for language in ("fr", "en")}
    azimut = ProductReport("PLV-AZIMUT", "EUR", 8_990, names=names)
    take(ctx, Source("feed", shop="pluvier"), Batch(chain.clock(), products=(azimut,)))
    invited = {"name": STRANGE, "email": "b@b.example", "role": "viewer", "reach": "chain"}
    assert owner.send("/people", **invited).status_code == 200
    assert owner.send("/sources/new", kind="open_meteo", name=STRANGE).status_code == 303
    fair = FAIR.replace("Fair", STRANGE).encode()
    calendar = {"name": STRANGE, "file": (io.BytesIO(fair), "fair.ics")}
    assert owner.send("/calendar/events", **calendar).status_code == 303
    sha = assets.upload(ctx, SYSTEM, "a.png", [png()]).asset.sha
    assert owner.send(f"/media/file/{sha}", name=STRANGE).status_code == 303
    chain.hold("lille-window", "lille")
    return sha


def test_a_sentence_keeps_its_order_around_a_name_from_the_right(chain: Chain) -> None:
    owner = chain.owner()
    name = "שלום 7"
    drafts.edit(
        chain.ctx, SYSTEM, "playlist", "base", [{"op": "set", "path": "name", "value": name}]
    )
    assert owner.send("/playlists/base/copy").status_code == 303
    assert f"{name}, copy" in unescape(owner.text("/playlists")), "no mark is kept in a name"
    with create_app(chain.ctx).test_request_context("/", headers={"Accept-Language": "fr"}):
        assert gettext("%(who)s moved “%(title)s”.", who="Inès", title=name) == (
            "Inès a déplacé «\u00a0\u2068שלום 7\u2069\u00a0»."
        )
