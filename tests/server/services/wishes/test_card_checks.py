"""Cards that would show blank are refused where they are written; what a template is given is what
the page's template reads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from playlists.ids import ItemId, PlaylistId, Sha256, Sku
from playlists.model import Card, Good, Item, Playlist
from server.api.wish_shapes import CardShape
from server.db.models import AssetRow
from server.demo.cards import Art
from server.demo.wishes import wishes
from server.errors import BadInput
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.wishes import content
from server.services.wishes.card_checks import check_card, check_cards
from server.services.wishes.templates import TEMPLATES

PAGE = Path(__file__).parents[4] / "player" / "page"
SET_BY_THE_VIEW = {"url", "offset_ms"}
KINDS = {Sha256("1" * 64): "image", Sha256("2" * 64): "video", Sha256("3" * 64): "drawing"}
PICTURE, FILM, DRAWING = KINDS
MESSAGE = Card("message", texts={"headline": {"fr": "Bonjour", "en": "Hello"}})
GOOD = Good(Sku("PLV-01"))


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_the_table_names_what_the_page_reads(name: str) -> None:
    file = "media" if name in ("image", "video") else name
    code = (PAGE / "templates" / f"{file}.js").read_text(encoding="utf-8")
    read = set(re.findall(r"view\.params\.(\w+)", code)) - SET_BY_THE_VIEW
    assert read == {*TEMPLATES[name].words, *TEMPLATES[name].settings}


def test_the_table_knows_the_pages_skies_and_the_api_its_templates() -> None:
    listed = re.search(r"SKIES = new Set\(\[(.*)\]\)", (PAGE / "scene.js").read_text())
    assert listed is not None
    skies = {sky for template in TEMPLATES.values() for sky in template.settings.get("sky", ())}
    assert skies == set(re.findall(r'"(\w+)"', listed[1]))
    assert set(get_args(CardShape.model_fields["template"].annotation)) == set(TEMPLATES)


def test_the_demos_wishes_pass() -> None:
    sha: defaultdict[str, str] = defaultdict(lambda: "a" * 64)
    for playlist in wishes(Art(sha, sha), date(2026, 10, 15)).playlists:
        check_cards(playlist)


@pytest.mark.parametrize(
    ("card", "field"),
    [
        (Card("message"), "texts/headline"),
        (Card("message", texts={"headlin": {"fr": "Bonjour"}}), "texts/headlin"),
        (replace(MESSAGE, texts={**MESSAGE.texts, "facts": {"fr": "x"}}), "texts/facts"),
        (replace(MESSAGE, texts={"headline": {"fr": " ", "en": "Hi"}}), "texts/headline/fr"),
        (replace(MESSAGE, texts={**MESSAGE.texts, "sky": {"fr": "rain"}}), "texts/sky"),
        (Card("message", texts={"lead": {"fr": "Bonjour"}}), "texts/headline"),
        (Card("message", {"headline": "  "}), "texts/headline"),
        (replace(MESSAGE, params={"url": "x"}), "params/url"),
        (replace(MESSAGE, params={"sky": "blue"}), "params/sky"),
        (replace(MESSAGE, live={"chip": "weather:{store}"}), "live/chip"),
        (Card("service", {"figure": "3"}), "texts/headline"),
        (Card("price", goods=(GOOD,), texts={"second": {"fr": "x"}}), "texts/second"),
        (Card("price"), "goods"),
        (Card("trio", goods=(GOOD,) * 4), "goods"),
        (Card("image"), "assets"),
        (Card("image", assets=(PICTURE, PICTURE)), "assets"),
        (Card("image", texts={"headline": {"fr": "x"}}, assets=(PICTURE,)), "texts/headline"),
        (Card("video", {"fit": "stretch"}, assets=(FILM,)), "params/fit"),
        (Card("poster"), "template"),
    ],
)
def test_a_card_that_would_show_blank_is_refused_at_its_field(card: Card, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_card(card, "here")
    assert refused.value.field == f"here/{field}"


@pytest.mark.parametrize(
    "card",
    [
        MESSAGE,
        Card("message", {"headline": "7", "sky": "sun"}),
        Card("service", {"figure": 3, "arrow": "up"}, {"headline": {"fr": "Caisse 3"}}),
        Card("trio", goods=(GOOD,), live={"chip": "weather:{store}"}),
        Card("image", {"fit": "contain"}, assets=(PICTURE,)),
    ],
)
def test_a_card_that_shows_something_passes(card: Card) -> None:
    check_card(card, "here")


@pytest.fixture
def stocked(ctx: Context) -> Context:
    """A picture, a film and a drawing were uploaded."""
    with ctx.db.write() as session:
        for sha, kind in KINDS.items():
            size: dict[str, Any] = {"bytes": 1, "width": 1, "height": 1, "created_at": 1}
            row = AssetRow(sha=sha, name=kind, kind=kind, mime="x/y", created_by="anne", **size)
            session.add(row)
    return ctx


def keep(ctx: Context, card: Card) -> None:
    """Make a playlist of one card."""
    items = (Item(ItemId("one"), card),)
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(""), "A", items))


@pytest.mark.parametrize(
    ("card", "field", "code"),
    [
        (Card("video", assets=(PICTURE,)), "assets/0", "wrong_kind"),
        (Card("video", assets=(DRAWING,)), "assets/0", "wrong_kind"),
        (Card("image", assets=(FILM,)), "assets/0", "wrong_kind"),
        (Card("price", goods=(replace(GOOD, picture=FILM),)), "goods/0/picture", "wrong_kind"),
        (replace(MESSAGE, qr=FILM), "qr", "wrong_kind"),
        (Card("image", assets=(Sha256("9" * 64),)), "assets/0", "no_such_file"),
    ],
)
def test_a_file_that_its_place_cannot_show_is_refused_there(
    stocked: Context, card: Card, field: str, code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        keep(stocked, card)
    assert (refused.value.field, refused.value.code) == (f"items/0/content/card/{field}", code)
    assert content.list_playlists(stocked, SYSTEM).items == ()


def test_a_file_of_the_right_kind_is_taken(stocked: Context) -> None:
    for card in (
        Card("image", assets=(PICTURE,)),
        Card("image", assets=(DRAWING,)),
        Card("video", assets=(FILM,)),
        Card("price", goods=(replace(GOOD, picture=DRAWING),), qr=DRAWING),
    ):
        keep(stocked, card)
    assert len(content.list_playlists(stocked, SYSTEM).items) == 4
