"""What Pluvier's marketing wants on its screens: playlists and campaigns for every kind of
adaptation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from playlists.conditions import All, Compare, Condition, Within
from playlists.facts import FactKey
from playlists.ids import CampaignId, ItemId, PlaylistId, StoreId
from playlists.model import Campaign, Card, Item, Playlist, Target
from playlists.schedule import ALWAYS, Daypart, Edge, Schedule
from server.demo.cards import Art, Cards
from server.demo.goods import BY_SLUG, PRODUCTS
from server.demo.promotions import held, promotions

TURN_MS = 10_000
LONG_TURN_MS = 12_000
NBSP = "\u00a0"
EVERYWHERE = Target()
INSIDE = Target(tags_none=frozenset({"window"}))
WINDOWS = Target(tags_any=frozenset({"window"}))
SMOKE_SLUG = "maree"
SMOKE_PLAYLIST = "held-by-hand"
PROMOTED = frozenset({"cabotage", "azimut", "noroit", "calanque"})
"""Goods of the sale that promotions show."""
CITIES = {
    "lille": ("Lille", ("lille",)),
    "marseille": ("Marseille", ("vieux-port", "prado")),
    "fort-de-france": ("Fort-de-France", ("fort-de-france",)),
}


@dataclass
class Wishes:
    """All that is created, in an order in which nothing names what is not there yet."""

    playlists: list[Playlist] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    base: str = "base"

    def add(
        self,
        name: str,
        title: str,
        items: Iterable[Item],
        *,
        target: Target = EVERYWHERE,
        schedule: Schedule = ALWAYS,
        condition: Condition | None = None,
        layer: str = "campaign",
        share: int = 1_500,
        priority: int = 0,
    ) -> None:
        """A campaign with a playlist of its own."""
        self.playlists.append(Playlist(PlaylistId(name), title, tuple(items)))
        self.campaigns.append(
            Campaign(
                CampaignId(name),
                title,
                PlaylistId(name),
                target,
                schedule,
                condition,
                "takeover" if layer == "takeover" else "campaign",
                share,
                priority,
            )
        )


def wishes(art: Art, today: date) -> Wishes:
    """Every playlist and campaign of the demo, dated around its first day.

    Their shares fit in every round, whatever the weather, but for one lesson: from the third day
    on, two campaigns ask for 60 % of the window in Lille each, until somebody settles it.
    """
    all_of_it = Wishes()
    make = Cards(art)
    all_of_it.playlists += promotions(make)
    all_of_it.playlists.append(_base(make))
    all_of_it.playlists.append(
        Playlist(
            PlaylistId(SMOKE_PLAYLIST),
            "À la main",
            (Item(ItemId("one"), make.price(SMOKE_SLUG), 30_000, title="Marée"),),
        )
    )
    _weather(all_of_it, make)
    _stock(all_of_it, make)
    _people(all_of_it)
    _time(all_of_it, make)
    _place(all_of_it, make)
    _dated(all_of_it, make, today)
    return all_of_it


def _base(make: Cards) -> Playlist:
    """What plays when nothing else does, for weeks if need be: the plain range and the brand."""
    slugs = ("embrun", "maree", "phare", "bruyere", "rade", "alize", "solstice", "flaque")
    items = [
        Item(ItemId(slug), make.price(slug), TURN_MS, title=BY_SLUG[slug].name) for slug in slugs
    ]
    brand = Card(
        "message",
        {"sky": "mist"},
        {
            "headline": {"fr": "Dehors commence ici.", "en": "Outside starts here."},
            "lead": {
                "fr": "Équipés pour la ville, la lande et la mer.",
                "en": "Made for town, moor and sea.",
            },
        },
    )
    items.insert(3, Item(ItemId("brand"), brand, 8_000, title="Dehors commence ici."))
    return Playlist(PlaylistId("base"), "Fond de rayon", tuple(items))


def _weather(out: Wishes, make: Cards) -> None:
    rain = Compare(FactKey("weather.rain:{store}"), ">=", 2)
    cold = Compare(FactKey("weather.temperature:{store}"), "<", 80)
    fine = All(
        (
            Compare(FactKey("weather.rain:{store}"), "<", 2),
            Compare(FactKey("weather.temperature:{store}"), ">=", 180),
        )
    )
    for code, (city, stores) in CITIES.items():
        target = Target(stores=frozenset(StoreId(store) for store in stores))
        wet = make.trio(
            "rain",
            {"fr": f"Il pleut à {city}.", "en": f"It’s raining in {city}."},
            {"fr": "Ça tombe bien.", "en": "Good timing."},
            ("galet", "bruine", "embrun"),
        )
        out.add(
            f"rain-{code}",
            f"Il pleut à {city}",
            [_item("rain", wet, LONG_TURN_MS)],
            target=target,
            condition=rain,
            share=2_500,
        )
        sunny = make.trio(
            "sun",
            {"fr": "Il fait beau ici.", "en": "It’s fine here."},
            {"fr": "Filez dehors.", "en": "Off you go."},
            ("dune", "cabotage", "rade"),
        )
        out.add(
            f"fine-{code}",
            f"Grand beau à {city}",
            [_item("fine", sunny, LONG_TURN_MS)],
            target=target,
            condition=fine,
            share=2_500,
        )
    brisk = make.trio(
        "mist",
        {"fr": "Il fait froid dehors.", "en": "It’s cold outside."},
        {"fr": "Couvrez-vous bien.", "en": "Wrap up warm."},
        ("ressac", "noroit", "bruyere"),
    )
    turns = [_item("cold", brisk, LONG_TURN_MS), held("neve")]
    out.add("cold", "Il fait froid", turns, condition=cold, share=500)


def _stock(out: Wishes, make: Cards) -> None:
    """Few left: say so, often. None here but some down the road: say where."""
    few = [
        Item(
            ItemId(slug),
            make.price(slug),
            TURN_MS,
            condition=Within(FactKey(f"stock:{BY_SLUG[slug].sku}@{{store}}"), 1, 5),
            title=f"{BY_SLUG[slug].name}, derniers",
        )
        for slug in ("escale", "bruine", "azimut")
    ]
    out.add("last-pieces", "Derniers exemplaires", few, target=INSIDE, share=1_000)
    galet = BY_SLUG["galet"]
    away = Card(
        "elsewhere",
        {},
        {
            "headline": {"fr": "Elle vous attend à 4 km.", "en": "It’s waiting 4 km away."},
            "here": {"fr": f"Ici, au Prado{NBSP}:|épuisée", "en": "Here, at Prado:|sold out"},
            "there": {"fr": "Marseille Vieux-Port", "en": "Marseille Vieux-Port"},
            "there_note": {
                "fr": "en rayon|ouvert jusqu’à 19" + NBSP + "h" + NBSP + "30",
                "en": "in stock|open until 7.30" + NBSP + "pm",
            },
            "distance": {"fr": f"4{NBSP}km", "en": f"4{NBSP}km"},
            "cta": {
                "fr": "Réservez-la là-bas|ou commandez en ligne",
                "en": "Reserve it there|or order online",
            },
        },
        (make.good("galet"),),
        qr=make.code("galet"),
    )
    out.add(
        "galet-elsewhere",
        "Galet, à l’autre magasin",
        [_item("away", away, LONG_TURN_MS)],
        target=replace(INSIDE, stores=frozenset({StoreId("prado")})),
        condition=All(
            (
                Compare(FactKey(f"stock:{galet.sku}@prado"), "==", 0),
                Compare(FactKey(f"stock:{galet.sku}@vieux-port"), ">=", 1),
            )
        ),
        share=1_000,
    )


def _people(out: Wishes) -> None:
    """A crowd at the tills takes the checkout screens over."""
    till = Card(
        "service",
        {"figure": "3", "arrow": "up"},
        {
            "headline": {"fr": f"On se serre un peu{NBSP}?", "en": "Bit of a squeeze?"},
            "second": {"fr": f"La caisse{NBSP}3 est libre.", "en": f"Till{NBSP}3 is free."},
            "facts": {
                "fr": "Attente : environ 2 minutes|À l’étage|l’escalier est derrière vous",
                "en": "About 2 minutes’ wait|Upstairs|the stairs are behind you",
            },
        },
    )
    out.add(
        "crowd",
        "La caisse 3 est libre",
        [_item("till", till, LONG_TURN_MS)],
        target=Target(tags_any=frozenset({"checkout"})),
        condition=Compare(FactKey("occupancy:tills@{store}"), ">=", 12),
        layer="takeover",
    )
    calm = Card(
        "message",
        {"sky": "mist"},
        {
            "headline": {"fr": "Prenez votre temps.", "en": "Take your time."},
            "second": {"fr": "Il y a de la place.", "en": "There is room."},
        },
    )
    out.add(
        "calm-fitting",
        "Cabines libres",
        [_item("calm", calm, 8_000)],
        target=Target(tags_any=frozenset({"fitting"})),
        condition=Compare(FactKey("occupancy:{place}@{store}"), "<", 4),
        share=1_000,
    )


def _time(out: Wishes, make: Cards) -> None:
    """A sale with an end, an evening, and closing time."""
    on_sale = [
        held(product.slug)
        if product.slug in PROMOTED
        else Item(
            ItemId(product.slug),
            make.price(product.slug),
            TURN_MS,
            condition=_at_least(product.slug, 1),
            title=f"{product.name}, en promotion",
        )
        for product in PRODUCTS
        if product.sale is not None and product.sale.first_day <= 0
    ]
    out.add("sale", "Les prix d’automne", on_sale, target=INSIDE, share=2_000, priority=1)
    evening = Schedule(dayparts=(Daypart(Edge("sunset", -30), Edge("close", 0)),))
    out.add(
        "dusk",
        "Le soir tombe",
        [
            _item("torch", make.price("balise"), TURN_MS),
            held("phare"),
        ],
        target=INSIDE,
        schedule=evening,
        share=1_000,
    )
    closing = Card(
        "message",
        {"sky": "tide"},
        {
            "headline": {"fr": "Le magasin va fermer.", "en": "We close soon."},
            "second": {"fr": "Merci, à demain.", "en": "Thank you, see you tomorrow."},
        },
    )
    out.add(
        "closing",
        "Fermeture",
        [_item("closing", closing, 8_000)],
        target=INSIDE,
        schedule=Schedule(dayparts=(Daypart(Edge("close", -20), Edge("close", 0)),)),
        share=1_000,
    )


def _place(out: Wishes, make: Cards) -> None:
    """The sea, where there is one."""
    beach = [_item(slug, make.price(slug), TURN_MS) for slug in ("greve", "calanque", "lagon")]
    beach.append(held("plage"))
    out.add(
        "by-the-sea",
        "Au bord de l’eau",
        beach,
        target=Target(
            regions=frozenset({"Provence-Alpes-Côte d’Azur", "Martinique"}),
            tags_none=frozenset({"checkout", "window"}),
        ),
        share=1_000,
    )
    near = (43_293_500, 5_369_000, 1_500)
    port = Card(
        "message",
        {"sky": "sun"},
        {
            "headline": {"fr": "Le ferry part à 10 h.", "en": "The ferry leaves at 10."},
            "second": {"fr": "Le quai est en face.", "en": "The quay is opposite."},
        },
    )
    out.add(
        "old-port",
        "Autour du Vieux-Port",
        [_item("ferry", port, 8_000)],
        target=Target(radius=near, tags_any=frozenset({"window"})),
        schedule=Schedule(dayparts=(Daypart(Edge("open", 0), Edge("clock", 12 * 60)),)),
        share=500,
    )


def _dated(out: Wishes, make: Cards, today: date) -> None:
    """An offer in every window for the days of its sale, and what meets it in Lille's."""
    estran = BY_SLUG["estran-28"]
    if estran.sale is not None:
        out.add(
            "estran",
            "Estran 28 à la une",
            [_item("estran", make.price("estran-28"), TURN_MS)],
            target=WINDOWS,
            schedule=_between(today, estran.sale.first_day, estran.sale.last_day),
            share=6_000,
        )
    out_we_go = Card(
        "message",
        {"sky": "tide"},
        {
            "headline": {"fr": "Tous dehors.", "en": "Out we go."},
            "second": {"fr": "Deux semaines à l’air libre.", "en": "Two weeks of open air."},
        },
    )
    out.add(
        "outdoors",
        "Tous dehors",
        [
            _item("outdoors", out_we_go, TURN_MS),
            *[_item(slug, make.price(slug), TURN_MS) for slug in ("lande-2", "alize", "calanque")],
        ],
        target=replace(WINDOWS, stores=frozenset({StoreId("lille")})),
        schedule=_between(today, 2, 18),
        share=6_000,
    )


def _between(today: date, first_day: int, last_day: int) -> Schedule:
    start, end = (today + timedelta(days=days) for days in (first_day, last_day + 1))
    return Schedule(start=start.isoformat(), end=end.isoformat())


def _item(name: str, card: Card, duration_ms: int) -> Item:
    return Item(ItemId(name), card, duration_ms)


def _at_least(slug: str, pieces: int) -> Condition:
    return Compare(FactKey(f"stock:{BY_SLUG[slug].sku}@{{store}}"), ">=", pieces)
