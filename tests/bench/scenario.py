"""A chain to measure with: stores in four time zones, 60 campaigns, hourly forecasts, footfall and
stock.

The campaigns recur on varied weekdays in dayparts at irregular minutes, a third with exception
days, their starts and ends staggered over the days; half of them hang on a fact. All of it follows
from a seed, so that two runs measure the same.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from playlists.conditions import Compare, Condition
from playlists.facts import HOUR_MS, KINDS, FactKey, FactLine, FactSpan
from playlists.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    PlaylistId,
    ScreenId,
    Sha256,
    Sku,
    SourceId,
    StoreId,
    sha256,
)
from playlists.localtime import LocalDay, local_days
from playlists.model import (
    Base,
    Campaign,
    Card,
    Emergency,
    Good,
    Item,
    Override,
    Playlist,
    Screen,
    Store,
    Target,
)
from playlists.resolving.reading import AssetState, Scope
from playlists.schedule import Calendar, Daypart, Edge, Recurrence, Schedule

START = datetime(2026, 10, 5, 7, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
DAYS = 35
CAMPAIGNS = 60
FORECAST_HOURS = 7 * 24
ZONES = ("Europe/Paris", "Europe/London", "Europe/Helsinki", "Atlantic/Canary")
KINDS_OF_SCREEN = ("window", "checkout", "aisle", "entrance")
SHARES = (200, 300, 400, 500, 600, 800)
EVERYWHERE = Target()
SECONDS = (8, 10, 10, 10, 12, 15)


@dataclass
class Chain:
    """Everything that a bench resolves, as a Reader. Facts are per store."""

    stores: dict[StoreId, Store]
    screens: list[Screen]
    campaign_rows: list[Campaign]
    playlists: dict[PlaylistId, Playlist]
    base_rows: dict[tuple[str, str], list[Base]]
    lines: dict[FactKey, FactLine]
    override_rows: dict[StoreId, list[Override]] = field(default_factory=dict)
    emergency_rows: list[Emergency] = field(default_factory=list)

    def store(self, store: StoreId) -> Store | None:
        """See Reader."""
        return self.stores.get(store)

    def campaigns(self, store: StoreId) -> Sequence[Campaign]:
        """See Reader."""
        return self.campaign_rows

    def overrides(self, store: StoreId) -> Sequence[Override]:
        """See Reader."""
        return self.override_rows.get(store, [])

    def emergencies(self) -> Sequence[Emergency]:
        """See Reader."""
        return self.emergency_rows

    def bases(self, scope: Scope, owner: str) -> Sequence[Base]:
        """See Reader."""
        return self.base_rows.get((scope, owner), [])

    def playlist(self, playlist: PlaylistId) -> Playlist | None:
        """See Reader."""
        return self.playlists.get(playlist)

    def fact(self, key: FactKey) -> FactLine | None:
        """See Reader."""
        return self.lines.get(key)

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        """See Reader."""
        return True

    def asset(self, sha: Sha256) -> AssetState:
        """See Reader."""
        return "showable"

    def days(
        self, store: StoreId, from_ms: int = START_MS, count: int = DAYS
    ) -> tuple[LocalDay, ...]:
        """The store's days to resolve."""
        return _days(self.stores[store].calendar.zone, from_ms, count)


def chain(stores: int = 500, campaigns: int = CAMPAIGNS, seed: int = 7) -> Chain:
    """A chain of so many stores, each with one screen of every kind.

    The campaigns are for all screens; each kind of screen has two more of its own.
    """
    draw = random.Random(seed)
    made = [_store(number) for number in range(stores)]
    wishes = [campaign(draw, number, conditional=number % 2 == 0) for number in range(campaigns)]
    for number, kind in enumerate(KINDS_OF_SCREEN * 2, campaigns):
        own = Target(tags_any=frozenset({kind}))
        wishes.append(campaign(draw, number, conditional=False, target=own))
    lists = [_playlist(draw, f"p{number}", draw.choice((1, 1, 2))) for number in range(len(wishes))]
    lists.append(_playlist(draw, "base", 5))
    return Chain(
        stores={store.id: store for store in made},
        screens=[_screen(store, kind) for store in made for kind in KINDS_OF_SCREEN],
        campaign_rows=wishes,
        playlists={playlist.id: playlist for playlist in lists},
        base_rows={("chain", ""): [Base("chain", "", PlaylistId("base"))]},
        lines={line.key: line for store in made for line in facts(draw, store.id)},
    )


def campaign(
    draw: random.Random, number: int, *, conditional: bool, target: Target = EVERYWHERE
) -> Campaign:
    """A campaign that recurs on some weekdays in an irregular daypart."""
    begin = START.date() + timedelta(days=draw.randint(-20, 15))
    end = begin + timedelta(days=draw.randint(12, 60))
    start_minute = draw.randint(8 * 60, 17 * 60)
    minutes = draw.randint(90, 300)
    weekdays = frozenset(draw.sample(range(7), draw.randint(2, 5)))
    exceptions = number % 3 == 0
    return Campaign(
        id=CampaignId(f"c{number}"),
        name=f"Campaign {number}",
        playlist=PlaylistId(f"p{number}"),
        target=target,
        schedule=Schedule(
            start=begin.isoformat(),
            end=end.isoformat(),
            dayparts=() if exceptions else (_daypart(start_minute, minutes, weekdays),),
            recurrences=(
                (_recurrence(draw, begin, start_minute, minutes, weekdays),) if exceptions else ()
            ),
        ),
        condition=_condition(draw, number) if conditional else None,
        share=draw.choice(SHARES),
        edited_at=START_MS - number,
    )


def facts(draw: random.Random, store: StoreId) -> list[FactLine]:
    """A store's forecast by the hour, what its sensors said last, and its stock."""
    today = START_MS - START_MS % HOUR_MS
    tomorrow_ends = today + 41 * HOUR_MS
    lines = []
    for name, high in (("weather.rain", 20), ("weather.temperature", 300)):
        values = [draw.randint(0, high) for _ in range(FORECAST_HOURS)]
        spans = tuple(
            FactSpan(today + hour * HOUR_MS, today + (hour + 1) * HOUR_MS, value)
            for hour, value in enumerate(values)
        )
        lines.append(_line(name, store, "weather", spans))
    for name, high in (("footfall", 60), ("occupancy", 90)):
        span = FactSpan(START_MS - 60_000, tomorrow_ends, draw.randint(0, high))
        lines.append(_line(name, store, "counter", (span,)))
    for number in range(8):
        span = FactSpan(START_MS - HOUR_MS, tomorrow_ends, draw.randint(0, 9))
        lines.append(_line("stock", StoreId(f"sku-{number}@{store}"), "shop", (span,)))
    return lines


def flip_weather(made: Chain, store: StoreId, hours: int = 12) -> None:
    """Turn today's rain around: dry hours get wet and wet ones dry."""
    key = FactKey(f"weather.rain:{store}")
    line = made.lines[key]
    turned = tuple(
        replace(span, value=0 if int(span.value) > 5 else 12) for span in line.spans[:hours]
    )
    made.lines[key] = replace(line, spans=turned + line.spans[hours:])


@cache
def _days(zone: str, from_ms: int, count: int) -> tuple[LocalDay, ...]:
    return local_days(zone, from_ms, count)


def _store(number: int) -> Store:
    zone = ZONES[number % len(ZONES)]
    name = StoreId(f"store-{number}")
    return Store(
        id=name,
        name=f"Store {number}",
        calendar=Calendar(
            zone=zone,
            hours=(((540 + number % 3 * 30, 1140),),) * 7,
            sun=tuple(
                (day.isoformat(), _sun(day, number))
                for day in (_day(n) for n in range(-2, DAYS + 2))
            ),
        ),
        lat_e6=48_000_000 + number,
        lon_e6=2_000_000 + number,
        channel=ChannelId(f"shop@{name}"),
        brand={"name": "Pluvier"},
    )


def _day(number: int) -> date:
    return START.date() + timedelta(days=number)


def _sun(day: date, number: int) -> tuple[int, int]:
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    return midnight + 6 * HOUR_MS + number, midnight + 18 * HOUR_MS - number


def _screen(store: Store, kind: str) -> Screen:
    return Screen(
        id=ScreenId(f"{store.id}-{kind}"),
        store=store.id,
        width=1080 if kind == "window" else 1920,
        height=1920 if kind == "window" else 1080,
        tags=frozenset({kind, "chain"}),
        place=f"{kind}@{store.id}",
    )


def _daypart(start: int, minutes: int, weekdays: frozenset[int]) -> Daypart:
    return Daypart(Edge("clock", start), Edge("clock", start + minutes), weekdays)


def _recurrence(
    draw: random.Random, begin: date, start: int, minutes: int, weekdays: frozenset[int]
) -> Recurrence:
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    days = ",".join(names[weekday] for weekday in sorted(weekdays))
    return Recurrence(
        start=f"{begin.isoformat()}T{start // 60:02d}:{start % 60:02d}:00",
        duration_ms=minutes * 60_000,
        rule=f"FREQ=WEEKLY;BYDAY={days}",
        exdates=tuple(
            (begin + timedelta(days=offset)).isoformat() for offset in draw.sample(range(40), 4)
        ),
    )


def _condition(draw: random.Random, number: int) -> Condition:
    """One of the facts in turn, each at a threshold of its own."""
    chosen = number // 2 % 5
    if chosen == 0:
        return Compare(FactKey("weather.rain:{store}"), ">=", draw.randint(3, 12))
    if chosen == 1:
        return Compare(FactKey("weather.temperature:{store}"), "<", draw.randint(80, 220))
    if chosen == 2:
        return Compare(FactKey("footfall:{store}"), ">", draw.randint(10, 50))
    if chosen == 3:
        return Compare(FactKey("occupancy:{store}"), "<=", draw.randint(20, 70))
    return Compare(FactKey(f"stock:sku-{number % 8}@{{store}}"), ">", draw.randint(0, 6))


def _playlist(draw: random.Random, name: str, items: int) -> Playlist:
    return Playlist(
        id=PlaylistId(name),
        name=name,
        items=tuple(_item(draw, f"{name}-{number}") for number in range(items)),
        edited_at=START_MS,
    )


def _item(draw: random.Random, name: str) -> Item:
    return Item(
        id=ItemId(name),
        content=Card(
            template="price",
            texts={"headline": {"fr": f"Offre {name}", "en": f"Offer {name}"}},
            goods=(Good(Sku(f"SKU-{name}"), picture=sha256(name.encode())),),
        ),
        duration_ms=draw.choice(SECONDS) * 1000,
        title=name,
    )


def _line(name: str, subject: StoreId, source: str, spans: tuple[FactSpan, ...]) -> FactLine:
    store = subject.split("@")[-1]
    return FactLine(
        FactKey(f"{name}:{subject}"), SourceId(f"{source}@{store}"), KINDS[name].max_age_ms, spans
    )
