"""Connectors as people set them up: checked, versioned, their secrets never shown."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.connectors import registry
from server.connectors.registry import BUILT_IN, kinds
from server.connectors.source import Config, Kind
from server.db.models import AuditRow, ConnectorRow
from server.errors import BadInput, Conflict, Forbidden, NotFound, Stale
from server.services import connectors
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.connectors import ConnectorWish

SECRET = "a secret of the shop's own"
WEATHER = ConnectorWish("open_meteo", "Weather", {}, every_s=900)
SHOP = ConnectorWish("webhook", "Shop", {"shop": "pluvier"}, SECRET)


def test_a_connector_is_made_read_changed_and_taken_away(any_ctx: Context) -> None:
    made = connectors.create_connector(any_ctx, SYSTEM, WEATHER)
    assert made.value.id.startswith("weather-")
    assert made.value.config["url"] == "https://api.open-meteo.com"
    wish = replace(WEATHER, name="Sky", every_s=0, enabled=False)
    changed = connectors.update_connector(any_ctx, SYSTEM, made.value.id, wish, made.version)
    assert (changed.version, changed.value.name, changed.value.every_s) == (2, "Sky", 900)
    assert changed.value.next_run_at is None
    (listed,) = connectors.list_connectors(any_ctx, SYSTEM).items
    assert listed == changed
    connectors.delete_connector(any_ctx, SYSTEM, made.value.id, changed.version)
    with pytest.raises(NotFound):
        connectors.get_connector(any_ctx, SYSTEM, made.value.id)


def test_a_secret_is_kept_but_never_shown(ctx: Context) -> None:
    made = connectors.create_connector(ctx, SYSTEM, SHOP, "shop")
    kept = connectors.update_connector(ctx, SYSTEM, "shop", replace(SHOP, secret=None))
    assert (made.value.has_secret, kept.value.has_secret) == (True, True)
    assert made.value.calls_url == f"{ctx.settings.url}/hooks/shop"
    assert SECRET not in str(asdict(kept.value))
    with ctx.db.read() as session:
        audited = session.scalars(select(AuditRow)).all()
    assert len(audited) == 2
    assert not [row for row in audited if SECRET in str(row.before) + str(row.after)]


def test_secrets_are_changed_one_by_one_and_forgotten(ctx: Context) -> None:
    connectors.create_connector(ctx, SYSTEM, SHOP, "shop")
    edits: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"secret": "a new one of sixteen", "before": SECRET},
         {"secret": "a new one of sixteen", "before": SECRET}),
        ({"before": ""}, {"secret": "a new one of sixteen"}),
        ({}, {"secret": "a new one of sixteen"}),
    ]  # fmt: skip
    for given, wanted in edits:
        wish = replace(SHOP, secret=None, secrets=given)
        view = connectors.update_connector(ctx, SYSTEM, "shop", wish).value
        assert set(view.secrets) == set(wanted)
        with ctx.db.read() as session:
            assert session.get_one(ConnectorRow, "shop").secrets == wanted
    for wrong in ({"secret": ""}, {"secret": "short"}, {"password": "a new one of sixteen"}):
        with pytest.raises(BadInput) as refused:
            connectors.update_connector(
                ctx, SYSTEM, "shop", replace(SHOP, secret=None, secrets=wrong)
            )
        assert refused.value.field in ("secret", "secrets/password")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (replace(WEATHER, kind="teleprinter"), "kind"),
        (replace(WEATHER, name="  "), "name"),
        (replace(WEATHER, every_s=-1), "every_s"),
        (replace(WEATHER, every_s=10**9), "every_s"),
        (replace(WEATHER, config={"url": "api.open-meteo.com"}), "config/url"),
        (replace(WEATHER, config={"lattitude": 1}), "config/lattitude"),
        (replace(SHOP, config={}), "config/shop"),
        (replace(SHOP, secret="short"), "secret"),
        (ConnectorWish("mqtt_counts", "M", {"url": "mqtt://b", "footfall": "", "occupancy": ""}),
         "config"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_refused_with_its_field(
    ctx: Context, wish: ConnectorWish, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        connectors.create_connector(ctx, SYSTEM, wish)
    assert refused.value.field == field


def test_two_editors_do_not_undo_each_other(ctx: Context) -> None:
    made = connectors.create_connector(ctx, SYSTEM, SHOP, "shop")
    connectors.update_connector(ctx, SYSTEM, "shop", SHOP, made.version)
    with pytest.raises(Stale):
        connectors.update_connector(ctx, SYSTEM, "shop", SHOP, made.version)
    with pytest.raises(Stale):
        connectors.delete_connector(ctx, SYSTEM, "shop", made.version)
    with pytest.raises(Conflict):
        connectors.create_connector(ctx, SYSTEM, SHOP, "shop")
    with pytest.raises(BadInput):
        connectors.update_connector(ctx, SYSTEM, "shop", WEATHER)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("a", "Content", frozenset({"content", "read"})),
        Actor("b", "Lille", ALL_SCOPES, frozenset({"lille"})),
    ],
)
def test_connectors_concern_the_whole_chain(ctx: Context, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        connectors.create_connector(ctx, actor, WEATHER)
    with pytest.raises(Forbidden):
        connectors.list_connectors(ctx, actor)
    with pytest.raises(Forbidden):
        connectors.test_connector(ctx, actor, "weather")


def test_every_kind_says_its_name_in_both_languages() -> None:
    for name, kind in kinds().items():
        assert kind.name == name
        assert set(kind.title) == {"fr", "en"}
        assert kind.fetch or kind.receive or kind.listen


def test_what_is_declared_to_other_tools_is_what_is_built_in() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["entry-points"][registry.GROUP] == BUILT_IN


SUNDIAL = Kind("sundial", {"fr": "Cadran solaire", "en": "Sundial"}, Config)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Other packages' entry points, as if installed."""

    def install(**points: str) -> None:
        found = [EntryPoint(name, value, registry.GROUP) for name, value in points.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)
        kinds.cache_clear()

    yield install
    monkeypatch.undo()
    kinds.cache_clear()


def test_other_packages_bring_kinds_of_their_own(installed: Any) -> None:
    here = f"{__name__}:SUNDIAL"
    installed(sundial=here, merchant=here, wrong_name=here, absent="nowhere:KIND")
    assert kinds()["sundial"] is SUNDIAL
    assert kinds()["merchant"].name == "merchant"
    assert not {"wrong_name", "absent"} & set(kinds())
