"""What drafts would change is told before, by the code that publishing uses, and comes true."""

from __future__ import annotations

from typing import Any

import pytest

from playlists.ids import ScreenId, StoreId
from playlists.model import MAIN, Override
from playlists.resolve import Gathered, Profile, gather
from playlists.slot import Freshness, Now, slot_at
from server.errors import BadInput, Forbidden, NotFound
from server.services.base import outbox
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.drafting import drafts, releases
from server.services.drafting.drafts import Kind
from server.services.rehearsing import reckoning, rehearsals
from server.services.rehearsing.finding import Found
from server.services.rehearsing.foreseeing import Foreseen
from server.services.rehearsing.timelines import Move
from server.services.wishes import overrides
from tests.server.services.keys_seen import marked
from tests.support.record import TestClock
from tests.support.shops import (
    Watched,
    add_campaign,
    heads,
    observe_rain,
    open_chain,
    plan_of,
    screen_ids,
)
from tests.support.small_shop import lay_out

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
ANNE = Actor("anne", "Anne", ALL_SCOPES)
LILLE = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))
HEADLINE = "items/base-0/content/card/texts/headline"
BASE: list[tuple[Kind, str]] = [("playlist", "base")]


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    open_chain(any_ctx)
    add_campaign(any_ctx, "umbrellas", rain=True)
    observe_rain(any_ctx, "lille", 0)
    watched = Watched(any_ctx)
    watched.publish()
    any_ctx.clock.advance(7 * MINUTE)  # type: ignore[attr-defined]
    return watched


def edit(chain: Watched, path: str, value: Any, name: str = "base") -> None:
    drafts.edit(chain.ctx, ANNE, "playlist", name, [{"op": "set", "path": path, "value": value}])


def rehearsed(chain: Watched, *subjects: tuple[Kind, str]) -> tuple[Found, tuple[Foreseen, ...]]:
    """A rehearsal from its beginning to what is kept of it."""
    made = rehearsals.begin(chain.ctx, ANNE, subjects)
    rehearsals.run(chain.ctx, ANNE, made.id)
    kept = rehearsals.get(chain.ctx, ANNE, made.id)
    assert kept.state == "done"
    assert kept.found is not None
    return kept.found, kept.foreseen


def message(name: str) -> dict[str, Any]:
    texts = {"headline": {"fr": name, "en": name}}
    return {"id": name, "content": {"card": {"template": "message", "texts": texts}}}


def test_a_rewritten_turn_changes_every_screen_at_once_and_nothing_moves(chain: Watched) -> None:
    edit(chain, HEADLINE, {"fr": "Bientôt", "en": "Soon"})
    before = heads(chain.ctx)
    marked(chain.ctx)
    found, foreseen = rehearsed(chain, *BASE)
    assert (found.screens, found.stores, found.changed, found.changed_stores) == (4, 2, 4, 2)
    (group,) = found.groups
    assert group.moves == (Move("base", "base", "base-0", 86_400, 86_400, True),)
    assert set(group.screens) == screen_ids("lille", "marseille")
    assert group.first_ms == chain.ctx.clock()
    assert found.never == ()
    assert {screen for one in foreseen for screen in one.screens} == set(group.screens)
    assert heads(chain.ctx) == before
    assert marked(chain.ctx) == set()


def test_a_campaign_to_come_says_from_when_where_what_comes_and_what_leaves(
    chain: Watched,
) -> None:
    drafts.begin(chain.ctx, ANNE, "playlist", {"name": "Kites", "items": [message("kite")]}, "k")
    body = {
        "name": "Kites",
        "playlist": "k",
        "layer": "takeover",
        "target": {"stores": ["lille"]},
        "schedule": {"start": "2026-10-17", "end": "2026-10-19"},
    }
    made = drafts.begin(chain.ctx, ANNE, "campaign", body)
    found, _foreseen = rehearsed(chain, ("playlist", "k"), ("campaign", made.id))
    (group,) = found.groups
    assert group.local == "2026-10-17T00:00"
    assert group.days == 2
    assert set(group.screens) == screen_ids("lille")
    assert [(m.source, m.before_s, m.after_s) for m in group.moves] == [
        (made.id, 0, 86_400),
        ("base", 86_400, 0),
    ] or [(m.source, m.before_s, m.after_s) for m in group.moves] == [
        ("base", 86_400, 0),
        (made.id, 0, 86_400),
    ]


def test_what_never_gets_airtime_has_its_one_rule(chain: Watched) -> None:
    dry = {"compare": {"fact": "weather.rain:{store}", "op": ">=", "value": 500}}
    items = [message("sun"), {**message("flood"), "condition": dry}]
    over = {**message("over"), "schedule": {"start": "2025-01-01", "end": "2025-02-01"}}
    drafts.edit(
        chain.ctx,
        ANNE,
        "playlist",
        "base",
        [
            {"op": "add", "path": "items", "id": one["id"], "after": None, "value": one}
            for one in (*items, over)
        ],
    )
    drafts.begin(chain.ctx, ANNE, "playlist", {"name": "Idle", "items": [message("idle")]}, "idle")
    found, _foreseen = rehearsed(chain, *BASE, ("playlist", "idle"))
    rules = {one.item: one.rule for one in found.never}
    assert rules == {"flood": "weather", "over": "dates", "idle": "unused"}


def test_a_hand_on_a_screen_is_told(chain: Watched) -> None:
    now = chain.ctx.clock()
    hand = Override("hand", StoreId("lille"), "show", now, now + 60 * MINUTE, "p-umbrellas")  # type: ignore[arg-type]
    overrides.create_override(chain.ctx, SYSTEM, hand)
    edit(chain, HEADLINE, {"fr": "Bientôt", "en": "Soon"})
    found, _foreseen = rehearsed(chain, *BASE)
    assert [(one.store, one.until) for one in found.held] == [("lille", now + 60 * MINUTE)]
    assert {group.first_ms for group in found.groups} == {now, now + 60 * MINUTE}


def test_prices_without_ledger_and_files_that_are_not_there(any_ctx: Context) -> None:
    lay_out(any_ctx)
    card = {"template": "price", "goods": [{"sku": "NO-SUCH"}]}
    lost = {"template": "image", "assets": ["a" * 64]}
    items = [
        {"id": "unpriced", "content": {"card": card}},
        {"id": "lost", "content": {"card": lost}},
    ]
    body = {"name": "Odd", "items": items}
    drafts.begin(any_ctx, ANNE, "playlist", body, "odd")
    campaign = {"name": "Odd", "playlist": "odd", "layer": "takeover"}
    made = drafts.begin(any_ctx, ANNE, "campaign", campaign)
    subjects: list[tuple[Kind, str]] = [("playlist", "odd"), ("campaign", made.id)]
    asked = rehearsals.begin(any_ctx, ANNE, subjects)
    rehearsals.run(any_ctx, ANNE, asked.id)
    found = rehearsals.get(any_ctx, ANNE, asked.id).found
    assert found is not None
    assert [(one.sku, one.fault) for one in found.prices] == [("NO-SUCH", "no_price")]
    assert [(one.sha, one.fault) for one in found.files] == [("a" * 64, "missing")]
    assert {one.item: one.rule for one in found.never} == {"lost": "asset", "unpriced": "product"}


def test_rights_and_what_cannot_go_on_air(chain: Watched) -> None:
    with pytest.raises(BadInput, match="nothing to publish"):
        rehearsals.begin(chain.ctx, ANNE, BASE)
    edit(chain, HEADLINE, {"fr": "12,90 €"})
    with pytest.raises(BadInput):
        rehearsals.begin(chain.ctx, ANNE, BASE)
    edit(chain, HEADLINE, {"fr": "Bientôt", "en": "Soon"})
    made = rehearsals.begin(chain.ctx, ANNE, BASE)
    with pytest.raises(Forbidden):
        rehearsals.begin(chain.ctx, LILLE, BASE)
    with pytest.raises(NotFound):
        rehearsals.get(chain.ctx, LILLE, made.id)
    chain.ctx.clock.advance(rehearsals.DEAD_MS + 1)  # type: ignore[attr-defined]
    assert rehearsals.get(chain.ctx, ANNE, made.id).state == "failed", "its process died"


def test_it_is_told_how_far_it_is(chain: Watched) -> None:
    edit(chain, HEADLINE, {"fr": "Bientôt", "en": "Soon"})
    made = rehearsals.begin(chain.ctx, ANNE, BASE)
    heard: list[tuple[int, int]] = []
    rehearsals.rehearse(chain.ctx, ANNE, made.parts, lambda *at: heard.append(at))
    assert heard == [(0, 2), (1, 2)]


@pytest.mark.parametrize("earlier", [False, True], ids=["as planned", "changed today"])
def test_what_is_published_is_read_and_says_what_resolving_says(
    chain: Watched, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    if earlier:  # so that today begins with a lead-in
        edit(chain, HEADLINE, {"fr": "Tôt", "en": "Early"})
        releases.release(chain.ctx, ANNE, BASE)
        chain.publish()
        chain.ctx.clock.advance(3 * MINUTE)  # type: ignore[attr-defined]
    edit(chain, HEADLINE, {"fr": "Bientôt", "en": "Soon"})
    resolved = gathered_in(monkeypatch)
    read, foreseen = rehearsed(chain, *BASE)
    profiles = len(resolved)
    with chain.ctx.db.write() as session:
        outbox.mark(session, ["base:chain"], chain.ctx.clock())
    cold, anew = rehearsed(chain, *BASE)
    assert len(resolved) == 3 * profiles, "both sides, where something waits to be published"
    assert (read.groups, read.changed) == (cold.groups, cold.changed)
    assert foreseen == anew


def test_only_the_screens_that_are_concerned_are_resolved(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reckoning, "EXAMPLES", 0)
    resolved = gathered_in(monkeypatch)
    (screen,) = sorted(screen_ids("lille"))[:1]
    target = {"screens": [screen]}
    drafts.begin(chain.ctx, ANNE, "playlist", {"name": "Kites", "items": [message("kite")]}, "k")
    body = {"name": "Kites", "playlist": "k", "layer": "takeover", "target": target}
    made = drafts.begin(chain.ctx, ANNE, "campaign", body)
    found, _foreseen = rehearsed(chain, ("playlist", "k"), ("campaign", made.id))
    assert [profile.screen for profile in resolved] == [screen]
    assert {name for group in found.groups for name in group.screens} == {screen}
    assert found.screens == len(screen_ids("lille"))


def gathered_in(monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """The profiles that rehearsals resolve from now on."""
    seen: list[Profile] = []

    def noted(profile: Profile, *rest: Any) -> Gathered:
        seen.append(profile)
        return gather(profile, *rest)

    monkeypatch.setattr(reckoning, "gather", noted)
    return seen


def assert_came_true(chain: Watched, foreseen: tuple[Foreseen, ...]) -> int:
    """What really is published is what was foreseen, byte for byte and turn by turn."""
    looked = 0
    for one in foreseen:
        for screen in one.screens:
            plan = plan_of(chain.ctx, ScreenId(screen))
            for instant in one.instants:
                gates = {s for c in plan.chunks.values() for slot in c.slots for s, _ in slot.gates}
                fresh = Freshness({}, dict.fromkeys(gates, instant.at))
                shown = slot_at(plan, {}, fresh, set(), (), Now(instant.at))[MAIN]
                got = shown.why and (*(str(p) for p in _parts(shown.why)), str(shown.card))
                assert got == instant.slot, (screen, instant)
                looked += 1
    return looked


def _parts(why: Any) -> tuple[str, str, str]:
    return why.layer, why.source, why.item


def test_what_was_foreseen_is_what_is_published(chain: Watched) -> None:
    assert isinstance(chain.ctx.clock, TestClock)
    edit(chain, HEADLINE, {"fr": "Bientôt", "en": "Soon"})
    _found, foreseen = rehearsed(chain, *BASE)
    releases.release(chain.ctx, ANNE, BASE)
    assert chain.publish() == {screen for one in foreseen for screen in one.screens}
    assert assert_came_true(chain, foreseen) >= 60
