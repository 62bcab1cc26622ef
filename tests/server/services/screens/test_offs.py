"""The table of when displays were off: by store and day, honest at the change of clocks."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from playlists.ids import Sha256
from playlists.runs import GENESIS
from playlists.wire.commands import PowerRun
from server.db.models import PowerRunRow
from server.errors import BadInput, NotFound
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import offs
from server.services.screens.devices import Viewer
from server.services.screens.offs import Asked, night_seconds
from tests.support.small_shop import lay_out

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3600
SCREENS = "lille-window", "prado-window"
OTHERS = "prado"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


@pytest.mark.parametrize(
    ("begin", "end", "seconds"),
    [
        ("2026-10-14 01:00", "2026-10-14 06:00", 5 * HOUR),
        ("2026-10-13 20:00", "2026-10-14 09:00", 5 * HOUR),
        ("2026-10-14 05:30", "2026-10-14 09:00", HOUR // 2),
        ("2026-10-14 06:00", "2026-10-14 23:00", 0),
        ("2026-10-13 00:00", "2026-10-15 00:00", 10 * HOUR),
        ("2026-03-29 00:00", "2026-03-29 08:00", 4 * HOUR),
        ("2026-10-25 00:00", "2026-10-25 08:00", 6 * HOUR),
    ],
)
def test_how_much_of_the_night_a_stretch_covers(begin: str, end: str, seconds: int) -> None:
    assert night_seconds(PARIS, at(begin), at(end)) == seconds


def test_a_table_has_the_records_of_ones_stores_and_days(ctx: Context) -> None:
    lay_out(ctx)
    with ctx.db.write() as session:
        for screen in SCREENS:
            night(session, screen, 1, GENESIS, "2026-10-13")
            night(session, screen, 2, GENESIS, "2026-10-14")

    def told(actor: object = SYSTEM, **asked: object) -> list[dict[str, str]]:
        span = Asked(**{"since": date(2026, 10, 14), "until": date(2026, 10, 14), **asked})  # type: ignore[arg-type]
        return list(csv.DictReader(offs.table(ctx, actor, span)))  # type: ignore[arg-type]

    (one,) = told(screen=SCREENS[0])
    assert one["local_from"] == "2026-10-14T01:00:00.000+02:00"
    assert one["from"] == "2026-10-13T23:00:00.000+00:00"
    assert (one["night_s"], one["follows"], one["answered"]) == ("18000", "no", "'=HDMI-A-1 off")
    assert [row["screen"] for row in told()] == [*SCREENS]
    assert len(told(since=date(2026, 10, 13))) == 4
    assert [row["screen"] for row in told(store="lille")] == [SCREENS[0]]
    mine = replace(SYSTEM, id="ana", stores=frozenset({"lille"}))
    assert [row["screen"] for row in told(mine)] == [SCREENS[0]]
    for asked in ({"screen": "nobody"}, {"screen": SCREENS[1]}, {"store": OTHERS}):
        with pytest.raises(NotFound):
            told(mine, **asked)
    with pytest.raises(BadInput):
        told(since=date(2026, 10, 15))


def test_of_ones_stores_alone_the_records_are_read(ctx: Context) -> None:
    lay_out(ctx)
    with ctx.db.write() as session:
        for screen in SCREENS:
            night(session, screen, 1, GENESIS, "2026-10-14")
    mine = replace(SYSTEM, id="ana", stores=frozenset({"lille"}))
    read: list[str] = []

    def load(row: PowerRunRow, _: object) -> None:
        read.append(row.screen_id)

    event.listen(PowerRunRow, "load", load)
    try:
        assert len(list(offs.table(ctx, mine, Asked(date(2026, 10, 14), date(2026, 10, 14))))) == 2
    finally:
        event.remove(PowerRunRow, "load", load)
    assert read == [SCREENS[0]]


def test_a_device_fills_no_table_and_loses_nothing(
    any_ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offs, "MAX_A_DAY", 3)
    lay_out(any_ctx)
    begin = at("2026-10-14 01:00")
    runs = [PowerRun(n, GENESIS, begin + n, begin + n + 1, "law", "cec", "") for n in range(1, 8)]
    viewer = Viewer((SCREENS[0],), "d" * 16)

    def take(*numbers: int, days: int = 0) -> int:
        said = tuple(runs[n - 1] for n in numbers)
        with any_ctx.db.write() as session:
            return offs.take_power(session, viewer, said, begin + 10_000 + days * offs.DAY_MS)

    assert take(1, 2) == 2
    assert take(2, 3, 4, 5) == 3
    assert take(4, 5) == 3
    assert take(4, 5, 6, 7, days=1) == 6
    assert len(offs.list_power(any_ctx, SYSTEM, SCREENS[0]).items) == 6


def night(session: object, screen: str, seq: int, prev: Sha256, day: str) -> None:
    run = PowerRun(
        *(seq, prev, at(f"{day} 01:00"), at(f"{day} 06:00")), "law", "wlr-randr", "=HDMI-A-1 off"
    )
    offs.take_power(session, Viewer((screen,), "d" * 16), (run,), run.until_ms)  # type: ignore[arg-type]
