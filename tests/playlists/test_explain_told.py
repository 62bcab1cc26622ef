"""An explanation in sentences: what shows, why it is not as planned, and each loser's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playlists.conditions import Compare, Not, Within
from playlists.explain import Loser, explanation_text
from playlists.facts import FactKey
from playlists.ids import SourceId
from playlists.model import Card
from playlists.shown import Freshness, Now
from playlists.slot import slot_at
from tests.playlists.asking import DAY, RAIN, why
from tests.playlists.small_chain import MAIN, SmallChain, at, between, card, item


@pytest.mark.parametrize("fallback", [card("f"), None])
def test_what_was_shown_keeps_its_reasons(fallback: Card | None) -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", condition=RAIN, fallback=fallback), item("b2"))
    chain.fact("weather.rain:lille", (f"{DAY}T00:00", f"{DAY}T20:00", 3))
    plan = chain.played().plan
    shown = slot_at(plan, {}, Freshness(), set(), (), Now(at(f"{DAY}T10:00")))[MAIN]
    found = why(chain, f"{DAY}T10:00", shown=shown)
    assert (found.variant, found.because) == ("fallback", ("gate_stale:weather@lille",))
    english = explanation_text(found, "en")
    assert english[1] == "A fallback shows instead, because weather@lille is stale."


REASONS = [
    "no_plan",
    "no_day",
    "empty",
    "card_missing:c",
    "asset_missing:a",
    "gate_stale:s",
    "paused:p",
    "price_lost",
    "not_shown:h",
    "no_time",
    "head_expired",
    "no_offer:k",
    "no_step:k",
    "lease_over:s",
    "version_differs:s",
]
"""All that `Shown.because` may say."""


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_words_in_both_languages(reason: str) -> None:
    found = replace(why(SmallChain(), f"{DAY}T10:00"), because=(reason, "gate_stale:x@y"))
    for language, stale in (("en", "x@y is stale."), ("fr", "x@y n’est plus à jour.")):
        for variant in ("planned", "fallback", "slate", "override"):
            said = explanation_text(replace(found, variant=variant), language)[1]  # type: ignore[arg-type]
            assert said.endswith(stale)
            assert reason.partition(":")[2] in said
            assert "{" not in said


def test_it_is_told_in_short_sentences() -> None:
    chain = SmallChain()
    chain.campaign("rain", condition=RAIN, schedule=between("08:00", "18:00"))
    chain.campaign("few", condition=Within(FactKey("stock:A@{store}"), 1, 3))
    chain.campaign("dry", condition=Not(RAIN))
    chain.campaign("mild", condition=Not(Within(FactKey("weather.rain:{store}"), 1, 9)))
    chain.campaign("lost", condition=Compare(FactKey("occupancy:x@{store}"), ">", 1))
    chain.campaign("early", schedule=between("08:00", "09:00"))
    chain.fact("weather.rain:lille", (f"{DAY}T09:00", f"{DAY}T12:00", 4))
    chain.fact("stock:A@lille", (f"{DAY}T09:00", f"{DAY}T12:00", 7))
    fresh = Freshness(sources={SourceId("weather@lille"): at(f"{DAY}T09:56")})
    found = why(chain, f"{DAY}T10:00", freshness=fresh)
    french = explanation_text(found, "fr", {"rain": "Parapluies", "b1": "Accueil"})
    assert "few : stock:A@lille vaut 7, il faut de 1 à 3." in french
    assert "dry : weather.rain:lille vaut 4, il ne faut pas > 0." in french
    assert "mild : weather.rain:lille vaut 4, il ne faut pas de 1 à 9." in french
    assert "lost : occupancy:x@lille est inconnu, rien de ce qui en dépend n’est affiché." in french
    assert "early : hors de ses heures. Cela change à 06/10 08:00:00." in french
    assert (
        "weather.rain:lille valait 4 de 05/10 09:00:00 à 05/10 12:00:00, confirmé 4 min avant."
        in french
    )
    assert "occupancy:x@lille était inconnu." in french
    wet = explanation_text(why(chain, f"{DAY}T12:30"), "en")
    assert "rain: weather.rain:lille is unknown, so nothing that hangs on it shows." in wet


def test_every_rule_has_its_sentence_in_both_languages() -> None:
    found = why(SmallChain(), f"{DAY}T10:00")
    details: dict[str, dict[str, Any]] = {
        "layer": {"winner": "emergency"},
        "priority": {"by": "target"},
        "turn": {"waits": 5},
        "share": {"percent": 10_000},
        "airtime": {},
        "place": {"part": "radius"},
        "dates": {"next": 5},
        "daypart": {},
        "pause": {"by": "p"},
        "stock": {"fact": "stock:A@x", "op": ">", "needed": 1, "had": 0, "truth": "false"},
        "weather": {"fact": "weather.rain:x", "op": ">", "needed": 1, "truth": "unknown"},
        "crowd": {
            "fact": "f:x",
            "op": "within",
            "needed": 1,
            "high": 2,
            "had": 0,
            "truth": "false",
        },
        "product": {"subject": "A"},
        "price": {"subject": "A"},
        "asset": {"subject": "A"},
        "card": {"subject": "t"},
        "empty": {"problem": "no_items", "playlist": "p"},
    }
    losers = tuple(
        Loser("campaign", "c", rule, "i", detail)  # type: ignore[arg-type]
        for rule, detail in details.items()
    )
    for language in ("fr", "en"):
        told = explanation_text(replace(found, losers=losers), language)  # type: ignore[arg-type]
        assert len(told) == 1 + len(losers)
        assert not any("{" in sentence for sentence in told)
