"""Pluvier's promotions: made in the studio's own form, each held by a playlist of the demo, but for
one that is ready before its sale begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from playlists.ids import ItemId, PlaylistId
from playlists.model import Item, Playlist
from playlists.model_json import playlist_from_json
from server.demo.cards import CTA, Cards
from server.demo.goods import BY_SLUG
from server.services.promoting.forms import Form, body_of
from server.services.promoting.promotions import MARK

Said = Mapping[str, str]


def promotions(make: Cards) -> list[Playlist]:
    """All of them, as the studio keeps them."""
    return [
        playlist_from_json({**body_of(form, name), "id": MARK + name})
        for name, form in _forms(make).items()
    ]


def held(name: str) -> Item:
    """A promotion as a playlist holds it."""
    return Item(ItemId(name), PlaylistId(MARK + name))


def _forms(make: Cards) -> dict[str, Form]:
    sea = Form(
        "Tout pour la plage",
        "trio",
        tuple(BY_SLUG[slug].sku for slug in ("greve", "calanque", "lagon")),
        {
            "headline": {"fr": "La mer est là.", "en": "The sea is right here."},
            "second": {"fr": "Allez-y équipés.", "en": "Go well equipped."},
        },
        sky="tide",
        gone="skip",
    )
    near = ("phare", "azimut", "cabotage")
    forms = {
        "escale": _price(make, "escale", "Escale, prix d’ouverture", "Bon voyage", "Travel light"),
        "neve": _price(make, "neve", "Névé, avant la neige", "Avant la neige", "Before the snow"),
        "plage": sea,
        "phare": _price(make, "phare", "Phare, vu de loin", "Vu de loin", "Seen from afar"),
        "calanque": _price(make, "calanque", "Calanque en promotion", "Sous l’eau", "Under water"),
        "noroit": _price(make, "noroit", "Noroît en promotion", "Au chaud", "Keep warm"),
        "azimut": _price(make, "azimut", "Azimut en promotion", "Le bon cap", "The right way"),
        "cabotage": _price(make, "cabotage", "Cabotage en promotion", "En ville", "Around town"),
    }
    return {
        name: replace(form, gone="elsewhere") if name in near else form
        for name, form in forms.items()
    }


def _price(make: Cards, slug: str, name: str, french: str, english: str) -> Form:
    """One good by its price, with the code of its page; left out where none is in stock."""
    texts: Mapping[str, Said] = {"kicker": {"fr": french, "en": english}, "cta": CTA}
    skus = (BY_SLUG[slug].sku,)
    return Form(name, "price", skus, texts, gone="skip", qr=make.code(slug))
