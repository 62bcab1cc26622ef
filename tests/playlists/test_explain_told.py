"""An explanation in sentences: what shows, why it is not as planned, and each loser's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playlists.conditions import Compare, Not, Within
from playlists.explain import Loser, explanation_text
from playlists.explain.wording import Names, Wording
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
    assert english[1] == "A fallback shows instead, because weather at lille is stale."


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
    for language, stale in (("en", "x at y is stale."), ("fr", "x (y) n’est plus à jour.")):
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
    names = Names(wishes={"rain": "Parapluies"}, goods={"A": "Galet"}, stores={"lille": "Lille"})
    french = explanation_text(found, "fr", names)
    assert "few : le stock de Galet (Lille), 7 ; il faut de 1 à 3." in french
    dry = "dry : la pluie (Lille), 0,4\u00a0mm/h ; il ne faut pas plus de 0\u00a0mm/h."
    assert dry in french
    mild = (
        "mild : la pluie (Lille), 0,4\u00a0mm/h ; il ne faut pas de 0,1\u00a0mm/h à 0,9\u00a0mm/h."
    )
    assert mild in french
    lost = "l’affluence, x (Lille), on ne sait pas ; rien de ce qui en dépend n’est affiché."
    assert f"lost : {lost}" in french
    assert "early : hors de ses heures. Cela change à 06/10 08:00:00." in french
    rain = "La pluie (Lille) : 0,4\u00a0mm/h, de 05/10 09:00:00 à 05/10 12:00:00"
    assert f"{rain}, confirmé 4 min avant." in french
    assert "L’affluence, x (Lille) : on ne savait pas." in french
    wet = explanation_text(why(chain, f"{DAY}T12:30"), "en", names)
    assert "Parapluies: rain at Lille is unknown, so nothing that hangs on it shows." in wet
    assert "Rain at Lille was unknown." in wet


def test_wishes_and_items_are_called_by_their_names() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1"), item("b2"))
    found = why(chain, f"{DAY}T10:00")
    said = explanation_text(found, "en", Names({"base": "Accueil"}, {("base", "b1"): "Bonjour"}))
    assert said[0].startswith("Accueil, Bonjour shows, from ")
    same = explanation_text(found, "en", Names({"base": "Accueil"}, {("base", "b1"): "Accueil"}))
    assert same[0].startswith("Accueil shows, from ")
    assert explanation_text(found, "en", Names({"base": "Accueil"}))[0].startswith(
        "Accueil, b1 shows"
    )


VALUES = [
    ("stock:A@lille", 7, "stock of A at lille", "7", "7"),
    ("weather.temperature:lille", -25, "the temperature at lille", "−2.5 °C", "−2,5 °C"),
    ("weather.temperature:lille", 200, "the temperature at lille", "20 °C", "20 °C"),
    ("weather.rain:lille", 4, "rain at lille", "0.4 mm/h", "0,4 mm/h"),
    ("weather.code:lille", 61, "the sky at lille", "rain", "pluie"),
    ("weather.code:lille", 120, "the sky at lille", "a thunderstorm", "orage"),
    ("footfall:door@lille", 9, "the number of people passing door at lille", "9 in 15 min", "9 en"),
    ("occupancy:tills@lille", 9, "the number of people in tills at lille", "9", "9"),
    ("occupancy:tills@lille", True, "the number of people in tills at lille", "True", "True"),
    ("else:a", "x", "else:a", "x", "x"),
]


@pytest.mark.parametrize(("key", "value", "name", "english", "french"), VALUES)
def test_facts_are_said_with_their_units(
    key: str, value: int | str, name: str, english: str, french: str
) -> None:
    said, dit = Wording("en", Names()), Wording("fr", Names())
    assert said.fact(key) == name
    assert said.value(key, value).replace("\u00a0", " ") == english
    assert dit.value(key, value).replace("\u00a0", " ").startswith(french)


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


def test_what_a_reason_or_a_rule_is_about_is_called_by_its_name() -> None:
    names = Names(
        wishes={"hand": "La main"},
        goods={"A": "Galet"},
        stores={"lille": "Lille"},
        sources={"sky": "Météo"},
        files={"f" * 64: "Marée.mp4"},
    )
    wording = Wording("en", names)
    assert wording.subject("gate_stale", "sky@lille") == "Météo at Lille"
    assert wording.subject("lease_over", "shop@lille") == "shop at Lille"
    assert wording.subject("gate_stale", "sky") == "Météo"
    assert wording.subject("no_offer", "A") == wording.subject("product", "A") == "Galet"
    assert wording.subject("asset_missing", "f" * 64) == "Marée.mp4"
    assert wording.subject("paused", "hand") == "La main"
    assert wording.subject("card", "texts.headline") == "texts.headline"
