"""Releases: in all stores or in some first, at once or at a time, and taken back with one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from playlists.ids import PlaylistId
from server.db.models import ActorRow, AuditRow, PilotRow, StoreRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.drafting import drafts, history, releases
from server.services.drafting.drafts import Kind
from server.services.drafting.releases import When
from server.services.showing.explaining import explain
from server.services.showing.titles import names_of
from server.services.wishes import content
from tests.support.record import TestClock
from tests.support.shops import Watched, open_chain, playlist, screen_ids, title_of

MINUTE = 60_000
LILLE = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))
READER = Actor("remi", "Rémi", frozenset({"read"}))
HEADLINE = "items/base-0/content/card/texts/headline"


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    open_chain(any_ctx)
    watched = Watched(any_ctx)
    watched.publish()
    later(watched)
    return watched


def later(chain: Watched, ms: int = MINUTE) -> None:
    assert isinstance(chain.ctx.clock, TestClock)
    chain.ctx.clock.advance(ms)


def write(chain: Watched, said: str) -> None:
    """Have the base's draft say something else."""
    op = {"op": "set", "path": HEADLINE, "value": {"fr": said, "en": said}}
    drafts.edit(chain.ctx, SYSTEM, "playlist", "base", [op])


def titles(chain: Watched) -> dict[str, str]:
    """What the windows say, once published."""
    chain.publish()
    later(chain)
    return {store: title_of(chain.ctx, f"{store}-window") for store in ("lille", "marseille")}


BASE: list[tuple[Kind, str]] = [("playlist", "base")]
FORMER = {"lille": "message", "marseille": "message"}
NEW = {"lille": "New", "marseille": "New"}
TRIED = {"lille": "New", "marseille": "message"}


def test_everywhere_at_once_and_taken_back(chain: Watched) -> None:
    write(chain, "New")
    made = releases.release(chain.ctx, SYSTEM, BASE)
    assert (made.state, made.parts[0].version) == ("done", 2)
    assert titles(chain) == NEW
    assert not drafts.read(chain.ctx, SYSTEM, "playlist", "base").changed
    back = releases.take_back(chain.ctx, SYSTEM, made.id)
    assert back.state == "back"
    assert titles(chain) == FORMER
    draft = drafts.read(chain.ctx, SYSTEM, "playlist", "base")
    assert draft.changed
    assert draft.base_version == 3
    assert draft.body["items"][0]["content"]["card"]["texts"]["headline"]["fr"] == "New"
    assert len(history.versions(chain.ctx, SYSTEM, "playlist", "base")) == 3
    with pytest.raises(Conflict):
        releases.take_back(chain.ctx, SYSTEM, made.id)


def test_a_trial_plays_in_its_stores_only_until_it_is_for_all(chain: Watched) -> None:
    write(chain, "New")
    made = releases.release(chain.ctx, SYSTEM, BASE, stores=["lille"])
    assert made.state == "pilot"
    assert chain.publish() == screen_ids("lille")
    assert titles(chain) == TRIED
    why = explain(chain.ctx, SYSTEM, "lille-window", chain.ctx.clock())
    assert why.explanation.winner is not None
    assert why.recalled.wishes["playlist:base"].items[0].content.texts["headline"]["fr"] == "New"
    assert drafts.read(chain.ctx, SYSTEM, "playlist", "base").changed, "it is still to be released"
    done = releases.to_all(chain.ctx, SYSTEM, made.id)
    assert done.state == "done"
    assert titles(chain) == NEW
    assert not drafts.read(chain.ctx, SYSTEM, "playlist", "base").changed
    releases.take_back(chain.ctx, SYSTEM, made.id)
    assert titles(chain) == FORMER


def test_a_trial_is_taken_back_at_once(chain: Watched) -> None:
    write(chain, "New")
    made = releases.release(chain.ctx, SYSTEM, BASE, stores=["lille"])
    titles(chain)
    releases.take_back(chain.ctx, SYSTEM, made.id)
    assert chain.publish() == screen_ids("lille")
    assert titles(chain) == FORMER
    assert content.get_playlist(chain.ctx, SYSTEM, "base").version == 1


def test_two_trials_of_the_same_are_refused_and_a_release_ends_one(chain: Watched) -> None:
    write(chain, "New")
    first = releases.release(chain.ctx, SYSTEM, BASE, stores=["lille"])
    with pytest.raises(Conflict, match="on trial"):
        releases.release(chain.ctx, SYSTEM, BASE, stores=["marseille"])
    write(chain, "Newer")
    releases.release(chain.ctx, SYSTEM, BASE)
    assert titles(chain) == {"lille": "Newer", "marseille": "Newer"}
    assert releases.get(chain.ctx, SYSTEM, first.id).state == "over"


def test_a_new_campaign_on_trial(chain: Watched) -> None:
    ctx = chain.ctx
    card = {"template": "message", "texts": {"headline": {"fr": "Kites", "en": "Kites"}}}
    items = [{"id": "kites-0", "content": {"card": card}}]
    drafts.begin(ctx, SYSTEM, "playlist", {"name": "Kites", "items": items}, "kites")
    body = {"name": "Kites", "playlist": "kites", "layer": "takeover"}
    made = drafts.begin(ctx, SYSTEM, "campaign", body)
    both: list[tuple[Kind, str]] = [("campaign", made.id), ("playlist", "kites")]
    tried = releases.release(ctx, SYSTEM, both, stores=["lille"])
    assert titles(chain) == {"lille": "Kites", "marseille": "message"}
    why = explain(ctx, SYSTEM, "lille-window", ctx.clock()).playing.shown.why
    assert why is not None
    with ctx.db.read() as session:
        assert names_of(session, [why]) == {("takeover", made.id): "Kites"}
    with pytest.raises(Conflict, match="in use"):
        content.delete_playlist(ctx, SYSTEM, "kites")
    with pytest.raises(Conflict, match="on trial"):
        drafts.drop(ctx, SYSTEM, "campaign", made.id)
    releases.take_back(ctx, SYSTEM, tried.id)
    assert titles(chain) == FORMER
    assert drafts.read(ctx, SYSTEM, "campaign", made.id).base_version == 0
    assert drafts.read(ctx, SYSTEM, "playlist", "kites").base_version == 0
    again = releases.release(ctx, SYSTEM, both)
    assert titles(chain) == {"lille": "Kites", "marseille": "Kites"}
    releases.take_back(ctx, SYSTEM, again.id)
    assert titles(chain) == FORMER
    with pytest.raises(NotFound):
        content.get_campaign(ctx, SYSTEM, made.id)
    assert drafts.read(ctx, SYSTEM, "campaign", made.id).body["playlist"] == "kites"


def test_at_an_instant_with_what_it_said_then(chain: Watched) -> None:
    write(chain, "New")
    at = chain.ctx.clock() + 10 * MINUTE
    made = releases.release(chain.ctx, SYSTEM, BASE, when=When(at))
    assert (made.state, made.next_at) == ("waiting", at)
    write(chain, "Later thoughts")
    releases.run_due(chain.ctx)
    assert titles(chain) == FORMER
    later(chain, 10 * MINUTE)
    releases.run_due(chain.ctx)
    releases.run_due(chain.ctx)
    assert releases.get(chain.ctx, SYSTEM, made.id).state == "done"
    assert titles(chain) == NEW
    draft = drafts.read(chain.ctx, SYSTEM, "playlist", "base")
    assert draft.changed
    assert draft.base_version == 2, "what was written since is a draft of the new version"


def test_at_each_stores_own_time(chain: Watched) -> None:
    with chain.ctx.db.write() as session:
        session.get_one(StoreRow, "marseille").zone = "Europe/London"
    write(chain, "New")
    wall = datetime.fromtimestamp(chain.ctx.clock() / 1000, UTC).replace(
        hour=18, minute=0, second=0, microsecond=0, tzinfo=None
    )
    releases.release(chain.ctx, SYSTEM, BASE, when=When(local=wall.isoformat()))
    at = int(wall.replace(tzinfo=UTC).timestamp() * 1000) - 2 * 60 * MINUTE
    later(chain, at - chain.ctx.clock())
    releases.run_due(chain.ctx)
    assert titles(chain) == TRIED, "it is six in Lille, and five in London"
    later(chain, 60 * MINUTE)
    releases.run_due(chain.ctx)
    assert titles(chain) == NEW
    with chain.ctx.db.read() as session:
        assert list(session.scalars(select(PilotRow))) == []


def test_what_waits_is_cancelled(chain: Watched) -> None:
    write(chain, "New")
    made = releases.release(chain.ctx, SYSTEM, BASE, when=When(chain.ctx.clock() + MINUTE))
    assert releases.take_back(chain.ctx, SYSTEM, made.id).state == "cancelled"
    later(chain, 5 * MINUTE)
    releases.run_due(chain.ctx)
    assert titles(chain) == FORMER


def test_what_changed_meanwhile_is_refused_and_told(chain: Watched) -> None:
    write(chain, "New")
    made = releases.release(chain.ctx, SYSTEM, BASE, when=When(chain.ctx.clock() + MINUTE))
    live = content.get_playlist(chain.ctx, SYSTEM, "base").value
    content.update_playlist(chain.ctx, SYSTEM, replace(live, name="Other"))
    later(chain, 5 * MINUTE)
    releases.run_due(chain.ctx)
    found = releases.get(chain.ctx, SYSTEM, made.id)
    assert found.state == "refused"
    assert "changed" in found.note


def test_who_left_publishes_no_more(chain: Watched) -> None:
    anne = Actor("anne", "Anne", ALL_SCOPES)
    write(chain, "New")
    made = releases.release(chain.ctx, anne, BASE, when=When(chain.ctx.clock() + MINUTE))
    later(chain, 5 * MINUTE)
    releases.run_due(chain.ctx)
    assert releases.get(chain.ctx, SYSTEM, made.id).state == "refused"
    assert titles(chain) == FORMER
    with chain.ctx.db.read() as session:
        assert session.get(ActorRow, "anne") is None
        actions = set(session.scalars(select(AuditRow.action)))
    assert {"release.create", "release.refuse"} <= actions


def test_a_later_change_is_not_overwritten_by_taking_back(chain: Watched) -> None:
    write(chain, "New")
    made = releases.release(chain.ctx, SYSTEM, BASE)
    live = content.get_playlist(chain.ctx, SYSTEM, "base").value
    content.update_playlist(chain.ctx, SYSTEM, replace(live, name="Other"))
    with pytest.raises(Conflict, match="changed again"):
        releases.take_back(chain.ctx, SYSTEM, made.id)


def test_all_or_nothing(chain: Watched) -> None:
    write(chain, "New")
    bad = {"name": "Nobody", "playlist": "no-such", "layer": "takeover"}
    campaign = drafts.begin(chain.ctx, SYSTEM, "campaign", bad)
    with pytest.raises(BadInput):
        releases.release(chain.ctx, SYSTEM, [*BASE, ("campaign", campaign.id)])
    at = When(chain.ctx.clock() + MINUTE)
    with pytest.raises(BadInput):
        releases.release(chain.ctx, SYSTEM, [*BASE, ("campaign", campaign.id)], when=at)
    assert titles(chain) == FORMER
    assert releases.listing(chain.ctx, SYSTEM) == ()


def test_rights_and_bad_input(chain: Watched) -> None:
    write(chain, "New")
    for wrong in (
        {"stores": ["nowhere"]},
        {"stores": []},
        {"when": When(chain.ctx.clock() - 1)},
        {"when": When(local="soon")},
        {"when": When(chain.ctx.clock() + 400 * 86_400_000)},
    ):
        with pytest.raises(BadInput):
            releases.release(chain.ctx, SYSTEM, BASE, **wrong)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        releases.release(chain.ctx, READER, BASE)
    with pytest.raises(Forbidden):
        releases.release(chain.ctx, LILLE, BASE, stores=["lille"])
    made = releases.release(chain.ctx, SYSTEM, BASE)
    for act in (releases.take_back, releases.to_all, releases.get):
        with pytest.raises(NotFound):
            act(chain.ctx, LILLE, made.id)
    content.create_playlist(chain.ctx, LILLE, replace(playlist("own", "Own"), id=PlaylistId("own")))
    with pytest.raises(BadInput, match="nothing to publish"):
        releases.release(chain.ctx, LILLE, [("playlist", "own")])
