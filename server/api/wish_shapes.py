"""Shapes that wishes share: schedules, conditions, cards, targets; the JSON of the domain's own
codecs.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from playlists.model import Transition
from server.api.shapes import Id, Scalar, Sha, Shape, by_key, by_type
from server.services.wishes.templates import described

Text = Annotated[str, Field(max_length=4000)]
Param = Annotated[Annotated[Text, Tag("Str")] | Annotated[int, Tag("Int")], by_type(str, int)]
LocalDate = Annotated[
    str,
    Field(
        max_length=19,
        pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$",
        description="Store-local, YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS].",
    ),
]
FactName = Annotated[
    str,
    Field(max_length=200, description="`name:subject`; {store} and {place} are the screen's."),
]


class EdgeShape(Shape):
    """An end of a daypart."""

    anchor: Literal["clock", "open", "close", "sunrise", "sunset"]
    minutes: Annotated[int, Field(ge=-720, le=2880)]


class DaypartShape(Shape):
    """A part of each day; weekdays from 0 (Monday), all where left out."""

    start: EdgeShape
    end: EdgeShape
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] = []


class RecurrenceShape(Shape):
    """RFC 5545: a start, a duration and a rule, with dates taken out or added."""

    start: LocalDate
    duration_ms: Annotated[int, Field(ge=1)]
    rule: Annotated[str, Field(min_length=1, max_length=500)]
    exdates: Annotated[list[LocalDate], Field(max_length=1000)] = []
    rdates: Annotated[list[LocalDate], Field(max_length=1000)] = []


class ScheduleShape(Shape):
    """When: everything that is given must agree; nothing given is always."""

    start: LocalDate | None = None
    end: LocalDate | None = None
    dayparts: Annotated[list[DaypartShape], Field(max_length=32)] = []
    recurrences: Annotated[list[RecurrenceShape], Field(max_length=32)] = []
    holidays: Literal["any", "only", "except"] = "any"
    open_hours_only: bool = False


class Compare(Shape):
    """One fact against one value."""

    fact: FactName
    op: Literal["<", "<=", "==", "!=", ">=", ">"]
    value: Scalar


class Within(Shape):
    """One fact in a range, both ends included."""

    fact: FactName
    low: int
    high: int


class CompareShape(Shape):
    """A comparison."""

    compare: Compare


class WithinShape(Shape):
    """A range."""

    within: Within


class AllShape(Shape):
    """Every part holds."""

    all: Annotated[list[ConditionShape], Field(max_length=64)]


class AnyShape(Shape):
    """At least one part holds."""

    any: Annotated[list[ConditionShape], Field(max_length=64)]


class NotShape(Shape):
    """The part does not hold."""

    not_: Annotated[ConditionShape, Field(alias="not")]


ConditionShape = Annotated[
    Annotated[AllShape, Tag("All")]
    | Annotated[AnyShape, Tag("Any")]
    | Annotated[NotShape, Tag("Not")]
    | Annotated[CompareShape, Tag("Compare")]
    | Annotated[WithinShape, Tag("Within")],
    by_key("all", "any", "not", "compare", "within"),
]


class GoodShape(Shape):
    """A product by its SKU: price, texts and stock come from its offer."""

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    picture: Sha | None = None
    channel: Annotated[str, Field(max_length=140)] | None = None


class CardShape(Shape):
    """What a template paints. Texts are by parameter, then language; no price may be typed."""

    template: Annotated[
        Literal["price", "trio", "elsewhere", "service", "message", "image", "video"],
        Field(description=f"What the card is made into. {described()}"),
    ]
    params: dict[str, Param] = {}
    texts: dict[str, dict[str, Text]] = {}
    goods: Annotated[list[GoodShape], Field(max_length=24)] = []
    live: dict[str, str] = {}
    assets: Annotated[list[Sha], Field(max_length=64)] = []
    qr: Sha | None = None
    price_loss: Literal["price_free", "fallback"] = "price_free"


class CardContent(Shape):
    """An item that is a card."""

    card: CardShape


class PlaylistContent(Shape):
    """An item that is another playlist."""

    playlist: Id


class ItemShape(Shape):
    """One entry of a playlist."""

    id: Id
    title: Annotated[str, Field(max_length=200)] = ""
    content: Annotated[
        Annotated[CardContent, Tag("Card")] | Annotated[PlaylistContent, Tag("Playlist")],
        by_key("card", "playlist"),
    ]
    duration_ms: Annotated[int, Field(ge=1_000, le=1_800_000)] = 10_000
    transition: Annotated[
        Transition,
        Field(
            description="How its card comes on: in the brand's own motion, at once, by a"
            " crossfade, from the side."
        ),
    ] = "brand"
    schedule: ScheduleShape | None = None
    condition: ConditionShape | None = None
    fallback: CardShape | None = None


class Radius(Shape):
    """Around a point, in millionths of a degree, WGS84."""

    lat_e6: Annotated[int, Field(ge=-90_000_000, le=90_000_000)]
    lon_e6: Annotated[int, Field(ge=-180_000_000, le=180_000_000)]
    metres: Annotated[int, Field(ge=1, le=2_000_000)]


Ids = Annotated[list[Id], Field(max_length=5_000)]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=64)]


class TargetShape(Shape):
    """Which screens: everything that is given must match; nothing given is all screens."""

    stores: Ids = []
    regions: Tags = []
    screens: Ids = []
    tags_any: Tags = []
    tags_all: Tags = []
    tags_none: Tags = []
    radius: Radius | None = None


AllShape.model_rebuild()
AnyShape.model_rebuild()
NotShape.model_rebuild()
