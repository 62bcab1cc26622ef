"""A wish for a zone that no screen has would never show: it is refused, with the zones that there
are named.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import CampaignId, OverrideId, PlaylistId, ScreenId, StoreId, ZoneId
from playlists.model import Base, Campaign, Override, Playlist, ZoneBox
from server.errors import BadInput
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.wishes import bases, content, overrides
from tests.support.record import START_MS

SIDE, LEGAL, NOWHERE = ZoneId("side"), ZoneId("legal"), ZoneId("attic")
PLAYS = PlaylistId("a")
LAYOUT = (
    ZoneBox(ZoneId("main"), 0, 0, 5_000, 10_000),
    ZoneBox(SIDE, 5_000, 0, 5_000, 9_000),
    ZoneBox(LEGAL, 5_000, 9_000, 5_000, 1_000, locked=True),
)
PRADO = Actor("bruno", "Bruno", ALL_SCOPES, frozenset({"prado"}))
BASE = Base("chain", "", PLAYS)
CAMPAIGN = Campaign(CampaignId("c"), "C", PLAYS)
HAND = Override(
    OverrideId("h"), StoreId("lille"), "show", START_MS, START_MS + 60_000, PLAYS, zone=SIDE
)


@pytest.fixture
def chain(ctx: Context) -> Context:
    """Lille has a screen with three zones and one with a single zone, Prado one with a single
    zone, Nantes has none yet."""
    for store in ("lille", "prado", "nantes"):
        places.create_store(ctx, SYSTEM, StoreWish(store, "Europe/Paris"), store)
    window = ScreenWish("Window", "lille", layout=LAYOUT)
    places.create_screen(ctx, SYSTEM, window, "lille-window")
    places.create_screen(ctx, SYSTEM, ScreenWish("Till", "lille"), "lille-till")
    places.create_screen(ctx, SYSTEM, ScreenWish("Window", "prado"), "prado-window")
    content.create_playlist(ctx, SYSTEM, Playlist(PLAYS, "A", ()))
    return ctx


@pytest.mark.parametrize(
    "base",
    [
        replace(BASE, zone=NOWHERE),
        replace(BASE, scope="store", id="prado", zone=SIDE),
        replace(BASE, scope="store", id="nantes", zone=SIDE),
        replace(BASE, scope="screen", id="lille-till", zone=SIDE),
    ],
)
def test_a_base_of_a_zone_that_none_of_its_screens_has(chain: Context, base: Base) -> None:
    with pytest.raises(BadInput) as refused:
        bases.set_base(chain, SYSTEM, base)
    assert (refused.value.field, refused.value.code) == ("zone", "no_such_zone")


@pytest.mark.parametrize(
    "base",
    [
        BASE,
        replace(BASE, zone=SIDE),
        replace(BASE, scope="store", id="lille", zone=LEGAL),
        replace(BASE, scope="store", id="nantes"),
        replace(BASE, scope="screen", id="lille-window", zone=SIDE),
        replace(BASE, scope="screen", id="lille-till"),
    ],
)
def test_a_base_of_a_zone_that_is_there_or_of_screens_to_come(chain: Context, base: Base) -> None:
    assert bases.set_base(chain, SYSTEM, base).value == base


def test_a_campaign_of_a_zone_that_no_screen_has_is_told_which_there_are(chain: Context) -> None:
    with pytest.raises(BadInput, match="legal, main, side") as refused:
        content.create_campaign(chain, SYSTEM, replace(CAMPAIGN, zone=NOWHERE))
    assert refused.value.field == "zone"
    made = content.create_campaign(chain, SYSTEM, replace(CAMPAIGN, zone=SIDE))
    with pytest.raises(BadInput):
        content.update_campaign(chain, SYSTEM, replace(made.value, zone=NOWHERE))


def test_another_stores_zones_are_not_told(chain: Context) -> None:
    mine = Playlist(PlaylistId("mine"), "Mine", ())
    content.create_playlist(chain, PRADO, mine)
    wish = replace(CAMPAIGN, playlist=mine.id, zone=SIDE)
    with pytest.raises(BadInput) as refused:
        content.create_campaign(chain, PRADO, wish)
    assert refused.value.message.endswith("The screens have the zones main.")


@pytest.mark.parametrize(
    "change",
    [
        {"zone": NOWHERE},
        {"zone": LEGAL},
        {"screens": frozenset({ScreenId("lille-till")})},
    ],
)
def test_a_hand_on_a_zone_that_it_cannot_take(chain: Context, change: dict[str, object]) -> None:
    with pytest.raises(BadInput) as refused:
        overrides.create_override(chain, SYSTEM, replace(HAND, **change))  # type: ignore[arg-type]
    assert refused.value.field == "zone"


def test_a_hand_on_a_zone_that_one_of_its_screens_has(chain: Context) -> None:
    assert overrides.create_override(chain, SYSTEM, HAND).value.zone == SIDE
    both = frozenset({ScreenId("lille-till"), ScreenId("lille-window")})
    overrides.create_override(chain, SYSTEM, replace(HAND, id=OverrideId("i"), screens=both))
