"""A brand that goes to some stores first, or by each store's clock; brought to all, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.db.models import ActorRow, StoreRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.branding import brands, trials
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from tests.server.services.branding.test_brands import RED, wear, worn
from tests.support.record import TestClock, make_context
from tests.support.small_shop import lay_out

LILLE = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))
OLD = {"name": "Pluvier"}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    """Lille and Prado in an old brand, Lille with a slogan of its own."""
    brands.send_out(ctx, SYSTEM, OLD, {"fr": "Vous."})
    wear(ctx, "lille", {**OLD, "slogan": "Dehors."})
    return ctx


def test_some_stores_first_then_all(ctx: Context) -> None:
    trial = trials.begin(ctx, SYSTEM, RED, {"fr": "Nous."}, 1, stores=["lille"])
    assert trial == trials.Trial("pilot", "Garance", ("lille",), "", ("lille",))
    assert worn(ctx, "lille") == {**RED, "slogan": "Dehors."}
    assert worn(ctx, "prado") == OLD
    assert brands.standing(ctx, SYSTEM).brand.version == 1
    with pytest.raises(Conflict, match="on its way"):
        brands.send_out(ctx, SYSTEM, {"name": "Autre"}, {})
    with pytest.raises(Conflict, match="on its way"):
        trials.begin(ctx, SYSTEM, {"name": "Autre"}, {}, stores=["prado"])
    trials.to_all(ctx, SYSTEM)
    assert trials.standing(ctx, SYSTEM) is None
    assert (worn(ctx, "lille"), worn(ctx, "prado")) == ({**RED, "slogan": "Dehors."}, RED)
    assert (brands.standing(ctx, SYSTEM).brand.version, brands.voice_of(ctx, "fr")) == (2, "Nous.")
    own = {one.id: one.keys for one in brands.standing(ctx, SYSTEM).own}
    assert own == {"lille": ("slogan",)}, "what was on trial is the chain's now"


def test_before_the_first_brand_stores_follow_what_they_agreed_on(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    lay_out(ctx)
    for store in ("lille", "prado"):
        wear(ctx, store, dict(OLD))
    trials.begin(ctx, SYSTEM, RED, {}, 0, stores=["lille"])
    assert brands.standing(ctx, SYSTEM).brand.body == OLD
    trials.to_all(ctx, SYSTEM)
    assert (worn(ctx, "lille"), worn(ctx, "prado")) == (RED, RED)


def test_taken_back_but_for_what_was_changed_there_since(ctx: Context) -> None:
    trials.begin(ctx, SYSTEM, RED, {}, stores=["lille", "prado"])
    wear(ctx, "prado", {**worn(ctx, "prado"), "name": "Prado"})
    trials.take_back(ctx, SYSTEM)
    assert worn(ctx, "lille") == {**OLD, "slogan": "Dehors."}
    assert worn(ctx, "prado") == {"name": "Prado"}
    with pytest.raises(NotFound):
        trials.take_back(ctx, SYSTEM)


def test_by_each_stores_clock(ctx: Context, clock: TestClock) -> None:
    with ctx.db.write() as session:
        session.get_one(StoreRow, "prado").zone = "America/Martinique"
    trial = trials.begin(ctx, SYSTEM, RED, {}, local="2026-10-16T08:00")  # it is 14:32 of the 15th
    assert trial == trials.Trial("waiting", "Garance", None, "2026-10-16T08:00", ())
    clock.advance(17 * 3_600_000 + 28 * 60_000 - 1)
    trials.run_due(ctx)
    assert worn(ctx, "lille")["name"] == "Pluvier"
    clock.advance(1)
    trials.run_due(ctx)
    assert (worn(ctx, "lille")["name"], worn(ctx, "prado")["name"]) == ("Garance", "Pluvier")
    version = brands.standing(ctx, SYSTEM).brand.version
    clock.advance(6 * 3_600_000)
    trials.run_due(ctx)
    assert worn(ctx, "prado") == RED
    assert brands.standing(ctx, SYSTEM).brand.version == version + 1
    assert trials.standing(ctx, SYSTEM) is None


def test_whoever_lost_the_right_meanwhile_sends_nothing(ctx: Context, clock: TestClock) -> None:
    with ctx.db.write() as session:
        session.add(
            ActorRow(id="eva", name="Eva", scopes=["content"], stores=None, created_at=clock())
        )
    eva = Actor("eva", "Eva", frozenset({"content"}))
    trials.begin(ctx, eva, RED, {}, local="2026-10-16T08:00")
    with ctx.db.write() as session:
        session.get_one(ActorRow, "eva").scopes = ["read"]
    clock.advance(2 * 86_400_000)
    trials.run_due(ctx)
    assert trials.standing(ctx, SYSTEM) is None
    assert worn(ctx, "prado") == OLD


def test_what_is_refused(ctx: Context) -> None:
    for wrong, field in (
        ({"stores": []}, "stores"),
        ({"stores": ["moon"]}, "stores"),
        ({"local": "2020-01-01T08:00"}, "at"),
        ({"local": "soon"}, "at"),
    ):
        with pytest.raises(BadInput) as refused:
            trials.begin(ctx, SYSTEM, RED, {}, **wrong)  # type: ignore[arg-type]
        assert refused.value.field == field
    with pytest.raises(Forbidden):
        trials.begin(ctx, LILLE, RED, {}, stores=["lille"])
    assert trials.begin(ctx, SYSTEM, RED, {}) is None, "everywhere now is no trial"
    assert worn(ctx, "prado") == RED


def test_a_store_that_opens_meanwhile_follows_the_chain(ctx: Context) -> None:
    trials.begin(ctx, SYSTEM, RED, {}, stores=["lille"])
    create_store(ctx, SYSTEM, StoreWish("Nantes", "Europe/Paris"), "nantes")
    assert worn(ctx, "nantes") == OLD
    trials.to_all(ctx, SYSTEM)
    assert worn(ctx, "nantes") == RED
