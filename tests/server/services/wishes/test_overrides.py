"""The store's hand and emergencies: bounded in time, kept for the record, within one's stores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Emergency, Override, Playlist, Target
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import StaleEdit
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.wishes import content, overrides
from tests.server.services.keys_seen import last_audit, marked
from tests.support.record import START_MS, TestClock

HOUR = 3_600_000
NOW = Override(
    OverrideId("now"), StoreId("lille"), "show", START_MS, START_MS + HOUR, PlaylistId("notice")
)
PAUSE = replace(NOW, id=OverrideId("off"), kind="pause", playlist=None, subject="rain")
LEAVE = Emergency(OverrideId("leave"), PlaylistId("notice"), Target(), START_MS, START_MS + HOUR)
LILLE = Actor("anne", "Anne", ALL_SCOPES, frozenset({"lille"}))


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """Two stores and a notice."""
    for store in ("lille", "prado"):
        places.create_store(any_ctx, SYSTEM, StoreWish(store, "Europe/Paris"), store)
        places.create_screen(any_ctx, SYSTEM, ScreenWish("Window", store), f"{store}-window")
    content.create_playlist(any_ctx, SYSTEM, Playlist(PlaylistId("notice"), "Notice", ()))
    marked(any_ctx)
    return any_ctx


def test_an_override_marks_its_store_and_says_whose_hand_it_was(chain: Context) -> None:
    made = overrides.create_override(chain, SYSTEM, NOW)
    assert (made.value.by, made.version) == ("Enseigne", 1)
    assert marked(chain) == {"overrides@lille"}
    assert overrides.create_override(chain, SYSTEM, PAUSE).value.subject == "rain"
    listed = overrides.list_overrides(chain, SYSTEM, store="lille").items
    assert [o.value.id for o in listed] == ["now", "off"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("until", replace(NOW, until_ms=START_MS)),
        ("until", replace(NOW, from_ms=START_MS - 2 * HOUR, until_ms=START_MS - HOUR)),
        ("until", replace(NOW, until_ms=START_MS + 32 * 24 * HOUR)),
        ("playlist", replace(NOW, playlist=PlaylistId("nothing"))),
        ("screens", replace(NOW, screens=frozenset({ScreenId("prado-window")}))),
    ],
)
def test_what_is_refused_of_an_override(chain: Context, field: str, wrong: Override) -> None:
    with pytest.raises(BadInput) as refused:
        overrides.create_override(chain, SYSTEM, wrong)
    assert refused.value.field == field
    assert marked(chain) == set()


def test_ended_early_it_stays_in_the_record_for_explanation(
    chain: Context, clock: TestClock
) -> None:
    overrides.create_override(chain, SYSTEM, NOW)
    clock.advance(60_000)
    overrides.end_override(chain, SYSTEM, "now", 1)
    ended = overrides.get_override(chain, SYSTEM, "now")
    assert (ended.value.until_ms, ended.version) == (START_MS + 60_000, 2)
    assert overrides.list_overrides(chain, SYSTEM).items == ()
    assert last_audit(chain).action == "override.end"


def test_one_that_never_began_goes_altogether(chain: Context) -> None:
    later = replace(NOW, from_ms=START_MS + HOUR, until_ms=START_MS + 2 * HOUR)
    overrides.create_override(chain, SYSTEM, later)
    overrides.end_override(chain, SYSTEM, "now")
    with pytest.raises(NotFound):
        overrides.get_override(chain, SYSTEM, "now")


def test_two_hands_on_one_override(chain: Context) -> None:
    overrides.create_override(chain, SYSTEM, NOW)
    longer = replace(NOW, until_ms=START_MS + 2 * HOUR)
    overrides.update_override(chain, SYSTEM, longer, 1)
    with pytest.raises(StaleEdit):
        overrides.update_override(chain, SYSTEM, NOW, 1)
    with pytest.raises(BadInput, match="stays in its store"):
        overrides.update_override(chain, SYSTEM, replace(NOW, store=StoreId("prado")))


def test_a_manager_lays_hand_on_their_own_store_alone(chain: Context) -> None:
    content.create_playlist(chain, LILLE, Playlist(PlaylistId("ours"), "Ours", ()))
    overrides.create_override(chain, LILLE, replace(NOW, playlist=PlaylistId("ours")))
    with pytest.raises(NotFound):
        overrides.create_override(chain, LILLE, replace(PAUSE, store=StoreId("prado")))
    there = replace(PAUSE, id=OverrideId("there"), store=StoreId("prado"))
    overrides.create_override(chain, SYSTEM, there)
    with pytest.raises(NotFound):
        overrides.end_override(chain, LILLE, "there")


def test_an_emergency_marks_all_and_ends_at_once(chain: Context, clock: TestClock) -> None:
    overrides.create_emergency(chain, SYSTEM, LEAVE)
    assert marked(chain) == {"emergencies"}
    clock.advance(1_000)
    overrides.end_emergency(chain, SYSTEM, "leave", 1)
    assert overrides.get_emergency(chain, SYSTEM, "leave").value.until_ms == START_MS + 1_000
    assert marked(chain) == {"emergencies"}
    assert overrides.list_emergencies(chain, SYSTEM).items == ()


def test_an_emergency_of_the_chain_is_seen_but_not_ended_by_a_store(chain: Context) -> None:
    overrides.create_emergency(chain, SYSTEM, LEAVE)
    assert overrides.get_emergency(chain, LILLE, "leave")
    with pytest.raises(Forbidden):
        overrides.end_emergency(chain, LILLE, "leave")
    content.create_playlist(chain, LILLE, Playlist(PlaylistId("ours"), "Ours", ()))
    own = replace(LEAVE, id=OverrideId("own"), playlist=PlaylistId("ours"))
    with pytest.raises(Forbidden):
        overrides.create_emergency(chain, LILLE, own)
    here = replace(own, target=Target(stores=frozenset({StoreId("lille")})))
    overrides.create_emergency(chain, LILLE, here)
    overrides.end_emergency(chain, LILLE, "own")
