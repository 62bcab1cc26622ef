"""What operators ask: is it alive, does it do its work, what does it count."""

from __future__ import annotations

from server.app import create_app
from server.services.base.context import Context
from tests.server.api.programs import Api, token_for


def test_alive_whatever_the_others_do(ctx: Context) -> None:
    client = create_app(ctx, {"worker": lambda: False}).test_client()
    assert client.get("/api/v1/health/live").json == {"status": "ok"}


def test_ready_only_when_every_part_is_there_and_says_which_is_not(ctx: Context) -> None:
    there = {"worker": True, "door": True}
    app = create_app(ctx, {name: lambda name=name: there[name] for name in there})  # type: ignore[misc]
    client = app.test_client()
    well = client.get("/api/v1/health/ready")
    assert well.status_code == 200
    assert well.json["parts"] == {"record": "ok", "worker": "ok", "door": "ok"}
    there["door"] = False
    ill = client.get("/api/v1/health/ready")
    assert (ill.status_code, ill.json["parts"]["door"]) == (503, "away")


def test_a_record_that_is_gone_is_told_not_thrown(ctx: Context) -> None:
    client = create_app(ctx).test_client()
    ctx.db.close()
    (ctx.settings.data_dir / "enseigne.db").rename(ctx.settings.data_dir / "gone.db")
    (ctx.settings.data_dir / "enseigne.db").mkdir()
    answer = client.get("/api/v1/health/ready")
    assert (answer.status_code, answer.json["parts"]["record"]) == (503, "away")


def test_metrics_count_requests_screens_and_what_waits(api: Api) -> None:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    api.make("/screens", name="Window", store="lille")
    text = api.call("GET", "/metrics").text
    assert "enseigne_screens 1.0" in text
    assert (
        'enseigne_http_requests_total{method="POST",route="/api/v1/stores",status="201"} 1.0'
        in text
    )
    waiting = next(line for line in text.splitlines() if line.startswith("enseigne_dirty_keys "))
    assert float(waiting.split()[1]) > 0


def test_metrics_are_for_the_whole_chain_only(api: Api) -> None:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    app = api.client.application
    limited = token_for(app, frozenset({"read"}), ["lille"])
    assert limited.call("GET", "/metrics").status_code == 403
    assert app.test_client().get("/api/v1/metrics").status_code == 401
