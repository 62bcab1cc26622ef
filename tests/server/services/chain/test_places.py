"""Stores and screens: what is refused, what is marked for the worker, what is written down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import ZoneId
from playlists.model import Base, Playlist, ZoneBox
from server.db.models import DeviceRow, RunChainRow, RunRow, ScreenStateRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import StaleEdit
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.wishes import bases, content
from tests.server.services.keys_seen import audits, last_audit, marked
from tests.support.record import START_MS

LILLE = StoreWish("Lille", "Europe/Paris", 50_638_600, 3_060_700, country="FR")
WEEK = (((570, 1170),),) * 6 + ((),)


def wakes(ctx: Context) -> int:
    """How often the worker was woken."""
    count: int = ctx.wake.count  # type: ignore[attr-defined]
    return count


HALVES = (
    ZoneBox(ZoneId("a"), 0, 0, 5_000, 10_000),
    ZoneBox(ZoneId("b"), 5_000, 0, 5_000, 10_000),
)


@pytest.fixture
def lille(any_ctx: Context) -> Context:
    """One store."""
    places.create_store(any_ctx, SYSTEM, replace(LILLE, hours=WEEK), "lille")
    return any_ctx


def test_opening_a_store_marks_it_writes_it_down_and_wakes_the_worker(any_ctx: Context) -> None:
    made = places.create_store(any_ctx, SYSTEM, LILLE, "lille")
    assert (made.value.id, made.version) == ("lille", 1)
    assert marked(any_ctx) == {"store:lille", "calendar:lille", "campaigns@lille"}
    assert wakes(any_ctx) == 1
    row = last_audit(any_ctx)
    assert (row.actor_id, row.action, row.subject) == ("system", "store.create", "store:lille")
    assert (row.at, row.before, (row.after or {})["name"]) == (START_MS, None, "Lille")


def test_an_id_is_made_from_the_name_and_is_free(any_ctx: Context) -> None:
    wish = replace(LILLE, name="Marseille, Préfecture – n° 2")
    first = places.create_store(any_ctx, SYSTEM, wish).value.id
    second = places.create_store(any_ctx, SYSTEM, wish).value.id
    assert first.startswith("marseille-prefecture-n-2-")
    assert first != second


def test_a_taken_id_is_a_conflict_and_changes_nothing(lille: Context) -> None:
    before = audits(lille)
    with pytest.raises(Conflict, match="already a store"):
        places.create_store(lille, SYSTEM, replace(LILLE, name="Other"), "lille")
    assert places.get_store(lille, SYSTEM, "lille").value.name == "Lille"
    assert audits(lille) == before


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "two\nlines"}),
        ("zone", {"zone": "Europe/Lille"}),
        ("lat_e6", {"lat_e6": 90_000_001}),
        ("country", {"country": "XX"}),
        ("channel", {"channel": "pluvier@marseille"}),
        ("hours", {"hours": ((),)}),
        ("hours/0", {"hours": (((600, 5000),), *((),) * 6)}),
        ("special_hours/0", {"special_hours": (("2026-13-01", ()),)}),
        ("special_hours", {"special_hours": (("2026-12-24", ()), ("2026-12-24", ()))}),
        ("brand", {"brand": {"colour": "red"}}),
        ("brand/mark", {"brand": {"mark": "x"}}),
        ("brand/slogan", {"brand": {"slogan": "Tout à 5 €"}}),
        ("regions", {"regions": frozenset({"a:b"})}),
    ],
)
def test_what_is_refused_of_a_store_names_the_field(
    ctx: Context, field: str, change: dict[str, object]
) -> None:
    with pytest.raises(BadInput) as refused:
        places.create_store(ctx, SYSTEM, replace(LILLE, **change), "lille")  # type: ignore[arg-type]
    assert refused.value.field == field
    assert marked(ctx) == set()


def test_an_edit_keeps_what_was_before_in_the_log(lille: Context) -> None:
    marked(lille)
    places.update_store(lille, SYSTEM, "lille", replace(LILLE, name="Lille centre"), 1)
    row = last_audit(lille)
    assert ((row.before or {})["name"], (row.after or {})["name"]) == ("Lille", "Lille centre")
    assert "store:lille" in marked(lille)
    with pytest.raises(StaleEdit) as stale:
        places.update_store(lille, SYSTEM, "lille", LILLE, 1)
    assert stale.value.current == 2


def test_a_screen_lives_in_a_store_and_marks_both(lille: Context) -> None:
    marked(lille)
    made = places.create_screen(lille, SYSTEM, ScreenWish("Window", "lille"), "window")
    assert (made.value.store, made.value.device, made.value.connected) == ("lille", None, False)
    assert marked(lille) == {"screen:window", "store:lille"}
    with pytest.raises(NotFound):
        places.create_screen(lille, SYSTEM, ScreenWish("Window", "nowhere"))


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("width", {"width": 0}),
        ("height", {"height": 16_385}),
        ("language", {"language": "de"}),
        ("place", {"place": "Big Window"}),
        ("tags", {"tags": frozenset({"a@b"})}),
        ("layout", {"layout": ()}),
        ("layout", {"layout": (ZoneBox(ZoneId("a"), 0, 0, 1, 1),) * 2}),
        ("layout/0", {"layout": (ZoneBox(ZoneId("a"), 5_000, 0, 5_001, 1),)}),
        ("layout/0", {"layout": (ZoneBox(ZoneId("a"), 0, 0, 0, 1),)}),
        ("layout/2", {"layout": (*HALVES, ZoneBox(ZoneId("c"), 4_999, 9_999, 1, 1))}),
        ("layout/2", {"layout": (*HALVES, ZoneBox(ZoneId("c"), 0, 0, 10_000, 10_000))}),
        ("layout/0/id", {"layout": (ZoneBox(ZoneId("A b"), 0, 0, 1, 1),)}),
    ],
)
def test_what_is_refused_of_a_screen_names_the_field(
    ctx: Context, field: str, change: dict[str, object]
) -> None:
    places.create_store(ctx, SYSTEM, LILLE, "lille")
    wish = replace(ScreenWish("Window", "lille"), **change)  # type: ignore[arg-type]
    with pytest.raises(BadInput) as refused:
        places.create_screen(ctx, SYSTEM, wish)
    assert refused.value.field == field


def test_zones_may_touch_and_leave_room(lille: Context) -> None:
    corner = ZoneBox(ZoneId("c"), 5_000, 5_000, 100, 100)
    wish = ScreenWish("Window", "lille", layout=(HALVES[0], corner))
    assert places.create_screen(lille, SYSTEM, wish).value.layout == (HALVES[0], corner)
    wish = replace(wish, name="Other", layout=HALVES)
    assert places.create_screen(lille, SYSTEM, wish).value.layout == HALVES


def test_a_screen_that_moves_marks_the_store_it_leaves_too(lille: Context) -> None:
    places.create_store(lille, SYSTEM, replace(LILLE, name="Prado"), "prado")
    places.create_screen(lille, SYSTEM, ScreenWish("Window", "lille"), "window")
    marked(lille)
    places.update_screen(lille, SYSTEM, "window", ScreenWish("Window", "prado"), 1)
    assert marked(lille) == {"screen:window", "store:lille", "store:prado"}


def test_a_manager_moves_no_screen_into_a_store_that_is_not_theirs(lille: Context) -> None:
    places.create_store(lille, SYSTEM, replace(LILLE, name="Prado"), "prado")
    places.create_screen(lille, SYSTEM, ScreenWish("Window", "lille"), "window")
    manager = Actor("m", "Manager", ALL_SCOPES, frozenset({"lille"}))
    with pytest.raises(NotFound):
        places.update_screen(lille, manager, "window", ScreenWish("Window", "prado"))
    with pytest.raises(Forbidden):
        places.delete_store(lille, manager, "lille")
    assert places.get_screen(lille, SYSTEM, "window").value.store == "lille"


def test_a_screen_goes_with_its_device_but_never_with_its_proof_of_play(lille: Context) -> None:
    for name in ("window", "till"):
        places.create_screen(lille, SYSTEM, ScreenWish(name, "lille"), name)
    with lille.db.write() as session:
        session.add(
            DeviceRow(
                screen_id="window", public_key=b"k" * 32, name="Pi", caps={}, paired_at=START_MS
            )
        )
        session.add(ScreenStateRow(screen_id="window", seen_at=START_MS, connected=True, report={}))
        chain = {"screen_id": "till", "chain": 1}
        session.add(RunChainRow(**chain, device="d", seq=1, hash="h", day=1, day_rows=1))
        session.flush()
        session.add(
            RunRow(
                **chain,
                seq=1,
                hash="h",
                prev="",
                zone="main",
                from_ms=START_MS,
                until_ms=START_MS + 1,
                body={},
                received_at=START_MS,
            )
        )
    window = places.get_screen(lille, SYSTEM, "window").value
    assert (window.device, window.connected, window.seen_at) == ("Pi", True, START_MS)
    places.delete_screen(lille, SYSTEM, "window", 1)
    with pytest.raises(NotFound):
        places.get_screen(lille, SYSTEM, "window")
    with pytest.raises(Conflict, match="proof of play"):
        places.delete_screen(lille, SYSTEM, "till")


def test_a_store_closes_once_it_is_empty_and_its_base_goes_with_it(lille: Context) -> None:
    places.create_screen(lille, SYSTEM, ScreenWish("Window", "lille"), "window")
    playlist = content.create_playlist(lille, SYSTEM, Playlist("", "Autumn", ())).value.id  # type: ignore[arg-type]
    bases.set_base(lille, SYSTEM, Base("store", "lille", playlist))
    with pytest.raises(Conflict, match="screens"):
        places.delete_store(lille, SYSTEM, "lille")
    places.delete_screen(lille, SYSTEM, "window")
    places.delete_store(lille, SYSTEM, "lille", 1)
    assert places.list_stores(lille, SYSTEM).items == ()
    assert bases.list_bases(lille, SYSTEM).items == ()


def test_tags_are_counted_over_the_screens_that_one_may_see(lille: Context) -> None:
    places.create_store(lille, SYSTEM, replace(LILLE, name="Prado"), "prado")
    for store, tags in (("lille", {"window", "big"}), ("prado", {"window"})):
        wish = ScreenWish("x", store, tags=frozenset(tags))
        places.create_screen(lille, SYSTEM, wish, f"{store}-1")
    assert places.list_tags(lille, SYSTEM) == {"big": 1, "window": 2}
    manager = Actor("m", "Manager", ALL_SCOPES, frozenset({"prado"}))
    assert places.list_tags(lille, manager) == {"window": 1}
    found = places.list_screens(lille, SYSTEM, tag="big").items
    assert [screen.value.id for screen in found] == ["lille-1"]
