"""What the smoke test says of its figures: a change that took too long is a failure, named."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest

from server.demo import FEED_EVERY_S, smoke


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[float]]:
    """What thirty changes took, without a browser and a shop."""
    took: dict[str, list[float]] = {"browser_ms": [300.0, 900.0], "agent_ms": [310.0, 400.0]}

    class Nothing:
        def __init__(self, *_: Any, **__: Any) -> None: ...
        def __enter__(self) -> Nothing:
            return self

        def __exit__(self, *_: object) -> None: ...
        def open(self, _: str) -> Nothing:
            return self

        def evaluate(self, _: str) -> bool:
            return True

        def raise_for_status(self) -> None: ...

    monkeypatch.setattr(smoke, "Browser", Nothing)
    monkeypatch.setattr(smoke.requests, "post", Nothing)
    monkeypatch.setattr(smoke, "_open_browser_screen", lambda *_: Nothing())
    monkeypatch.setattr(smoke, "_price_on_air", lambda _: nullcontext())
    monkeypatch.setattr(smoke, "_until_shown", lambda _: None)
    monkeypatch.setattr(smoke, "_change_prices", lambda *_: took)
    return took


def run(*, webhook: bool) -> int:
    nothing: Any = None
    return smoke.measure(
        context=nothing,
        settings=nothing,
        world={"shop_url": ""},
        player_url="",
        webhook=webhook,
    )


def test_quick_changes_are_well(
    spent: dict[str, list[float]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(webhook=True) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["browser_ms"] == {"p50": 600, "p99": 900}
    assert said.err == ""


def test_one_slow_change_fails_it_after_its_figures(
    spent: dict[str, list[float]], capsys: pytest.CaptureFixture[str]
) -> None:
    spent["agent_ms"].append(smoke.WITHIN_MS + 1.0)
    assert run(webhook=True) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["agent_ms"]["p99"] == smoke.WITHIN_MS + 1
    assert f"agent {smoke.WITHIN_MS + 1} ms" in said.err
    assert "browser" not in said.err


def test_without_calls_the_feeds_own_round_counts_too(spent: dict[str, list[float]]) -> None:
    spent["agent_ms"].append(FEED_EVERY_S * 1000.0)
    assert run(webhook=False) == 0
    spent["agent_ms"].append(FEED_EVERY_S * 1000.0 + smoke.WITHIN_MS + 1)
    assert run(webhook=False) == 1
