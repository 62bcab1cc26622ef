"""The fictional chain Pluvier: its stores, their counted zones and how products are described.

The goods themselves are in `goods.py`; both are plain data, shared by the demo's outside world
(which sells them) and by whoever seeds the demo's server.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

CHAIN = "pluvier"
CHAIN_NAME = "Pluvier"
SLOGAN_FR = "Dehors commence ici."
SLOGAN_EN = "Outside starts here."
CURRENCY = "EUR"
HEAD_OFFICE_TZ = ZoneInfo("Europe/Paris")
"""The zone in which the chain's sales begin and end, for all its stores."""
GOODS_ART = Path(__file__).parent / "art" / "goods"
"""Folder of the goods' pictures, SVG."""


@dataclass(frozen=True)
class Text:
    """One phrase in the two languages of the demo."""

    fr: str
    en: str

    def in_(self, lang: str) -> str:
        """The phrase in English for `en`, else in French."""
        return self.en if lang == "en" else self.fr


@dataclass(frozen=True)
class Hours:
    """Opening hours, store-local, on some `weekdays`: 0 is Monday, 6 is Sunday."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True)
class CountedZone:
    """A part of a store where a sensor counts people; `carrier` is `mqtt` or `http`."""

    code: str
    name: Text
    carrier: str
    per_minute: int
    """People passing a minute when the demo starts."""
    inside: int
    """People there when the demo starts."""


@dataclass(frozen=True)
class Place:
    """A town with one weather. Latitude and longitude in degrees, WGS84."""

    code: str
    name: str
    region: str
    tz: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Store:
    """A shop of the chain. Latitude and longitude in degrees, WGS84."""

    code: str
    name: str
    plate: str
    """The short name on its enamel plate."""
    address: str
    place: Place
    country: str
    latitude: float
    longitude: float
    hours: tuple[Hours, ...]
    zones: tuple[CountedZone, ...]

    @property
    def city(self) -> str:
        """The town's name."""
        return self.place.name

    @property
    def region(self) -> str:
        """The region's name."""
        return self.place.region

    @property
    def tz(self) -> str:
        """The IANA name of the store's time zone."""
        return self.place.tz


@dataclass(frozen=True)
class Sale:
    """A reduction with an end. Days count from the demo's first day (0); the last day is inside.

    It runs from the head office's midnight of `first_day` to that of the day after `last_day`.
    """

    price_minor: int
    first_day: int
    last_day: int


@dataclass(frozen=True)
class Product:
    """One article: prices in euro cents with tax, stock in pieces per store code."""

    sku: str
    slug: str
    name: str
    """Its name of its own, the same in every language: Estran 28."""
    title: Text
    """Its name with its kind, for a label: "Chaussure Galet", "Galet boot"."""
    lead: Text
    """One line that says what it is."""
    category: Text
    picture: str
    """File name in `GOODS_ART`."""
    price_minor: int
    stock: tuple[tuple[str, int], ...]
    sale: Sale | None = None
    is_new: bool = False
    """Never sold before the demo's first day."""
    measure: str = ""
    """What is in it, where a unit price is owed."""


def first_day_of(now: datetime) -> date:
    """The head office's calendar day at the aware instant `now`: the day a new demo starts on."""
    return now.astimezone(HEAD_OFFICE_TZ).date()


def day_start(first_day: date, offset_days: int) -> datetime:
    """UTC instant of the head office's midnight, `offset_days` after the demo's first day."""
    local = datetime.combine(first_day + timedelta(days=offset_days), time(), HEAD_OFFICE_TZ)
    return local.astimezone(UTC)


def sale_window(sale: Sale, first_day: date) -> tuple[datetime, datetime]:
    """UTC instants of a sale's beginning (inside) and end (outside)."""
    return day_start(first_day, sale.first_day), day_start(first_day, sale.last_day + 1)


_WEEK = (0, 1, 2, 3, 4, 5)
_ENTRANCE = Text("Entrée", "Entrance")
_TILLS = Text("Caisses", "Tills")
_FITTING = Text("Cabines", "Fitting rooms")

LILLE = Place("lille", "Lille", "Hauts-de-France", "Europe/Paris", 50.6365, 3.0635)
MARSEILLE = Place(
    "marseille", "Marseille", "Provence-Alpes-Côte d’Azur", "Europe/Paris", 43.2965, 5.3698
)
FORT_DE_FRANCE = Place(
    "fort-de-france", "Fort-de-France", "Martinique", "America/Martinique", 14.6037, -61.0689
)
PLACES = (LILLE, MARSEILLE, FORT_DE_FRANCE)

STORES = (
    Store(
        "lille", "Lille, rue Esquermoise", "Lille", "rue Esquermoise",
        LILLE, "FR", 50.6386, 3.0607,
        (Hours(_WEEK, time(9, 30), time(19, 30)),),
        (CountedZone("entrance", _ENTRANCE, "mqtt", 9, 14),
         CountedZone("tills", _TILLS, "mqtt", 4, 8),
         CountedZone("fitting", _FITTING, "mqtt", 1, 2)),
    ),
    Store(
        "vieux-port", "Marseille Vieux-Port", "Vieux-Port", "quai de Rive-Neuve",
        MARSEILLE, "FR", 43.2935, 5.3690,
        (Hours(_WEEK, time(9, 30), time(19, 30)), Hours((6,), time(11), time(18))),
        (CountedZone("entrance", _ENTRANCE, "mqtt", 6, 9),
         CountedZone("tills", _TILLS, "mqtt", 2, 2)),
    ),
    Store(
        "prado", "Marseille Prado", "Prado", "avenue du Prado",
        MARSEILLE, "FR", 43.2603, 5.3790,
        (Hours(_WEEK, time(10), time(20)),),
        (),
    ),
    Store(
        "fort-de-france", "Fort-de-France", "Fort-de-France", "rue Victor-Hugo",
        FORT_DE_FRANCE, "FR", 14.6042, -61.0692,
        (Hours(_WEEK, time(8, 30), time(18)),),
        (CountedZone("entrance", _ENTRANCE, "http", 5, 7),
         CountedZone("tills", _TILLS, "http", 2, 3)),
    ),
)  # fmt: skip
STORE_CODES = tuple(store.code for store in STORES)
