"""What passes between server and device of people who act while the server is away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playlists.errors import Invalid
from playlists.ids import CardId, ZoneId
from playlists.manifest import DeckCard
from playlists.signing import SigningKey
from playlists.wire.hands import (
    CODE_LETTERS,
    MAX_TURNS,
    Act,
    Acts,
    Choice,
    HandsPlan,
    Person,
    ShopScreen,
    Verdict,
    code_hash,
    code_proof,
    verdicts_from_json,
    verdicts_json,
)

KEY = SigningKey.generate().x
MIA = Person("mia", "Mia", "K7", "ab" * 16, "cd" * 16, 9_000, KEY)
CARD = CardId("0123456789")
CASH = Choice("cash", "Espèces seulement", ((CARD, 10_000),))
PLAN = HandsPlan(
    "Lille",
    (MIA,),
    (CASH,),
    {CARD: DeckCard("message", {"headline": "x"})},
    3_600_000,
    (ShopScreen("lille-window", "Vitrine", KEY),),
)
ACT = Act("hand-" + "a1" * 12, "mia", "cash", ZoneId("main"), 1_000, 2_000, "signed")


def test_a_plan_is_written_and_read_and_named_by_what_it_says() -> None:
    assert HandsPlan.from_json(PLAN.to_json()) == PLAN
    assert HandsPlan.from_json(HandsPlan().to_json()) == HandsPlan()
    assert PLAN.id == HandsPlan.from_json(PLAN.to_json()).id != HandsPlan().id
    assert set(MIA.tag) <= set(CODE_LETTERS)


def test_a_plan_of_before_names_no_keys_and_no_screens() -> None:
    before = {**PLAN.to_json(), "people": [MIA.to_json()[:6]]}  # type: ignore[index]
    del before["screens"]
    assert HandsPlan.from_json(before) == replace(PLAN, people=(replace(MIA, key=""),), screens=())


@pytest.mark.parametrize(
    "row",
    [
        ["mia", "Mia", "k7", MIA.salt, MIA.hash, 1],
        ["mia", "Mia", "K7", "salt", MIA.hash, 1],
        ["mia", "Mia", "K7", MIA.salt, "hash", 1],
        ["mia", "Mia", "K7"],
        ["mia", "Mia", "K7", MIA.salt, MIA.hash, 1, "key"],
        ["mia", "Mia", "K7", MIA.salt, MIA.hash, 1, "a" * 42],
    ],
)
def test_a_person_that_is_not_as_it_was_written_is_refused(row: list[Any]) -> None:
    with pytest.raises(Invalid):
        Person.from_json(row, "people/0")


@pytest.mark.parametrize(
    "turns", [[], "none", [[CARD, 10_000]] * (MAX_TURNS + 1), [[CARD, 999]], [[CARD]]]
)
def test_a_choice_has_turns_that_can_be_seen(turns: object) -> None:
    with pytest.raises(Invalid):
        Choice.from_json(["cash", "Cash", turns], "choices/0")


@pytest.mark.parametrize("act", [ACT, replace(ACT, ended=1_500, how="hand")])
def test_acts_are_written_and_read(act: Act) -> None:
    said = Acts((act,), {"cash": PLAN.cards})
    assert Acts.from_json(said.to_json()) == said


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "hand-1"},
        {"until": 1_000},
        {"ended": 999},
        {"how": "by magic"},
        {"proof": ""},
        {"person": "A B"},
    ],
)
def test_an_act_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Act.from_json({**ACT.to_json(), **changes})  # type: ignore[dict-item]


def test_verdicts_are_written_and_read_by_act() -> None:
    said = {ACT.id: Verdict("taken", 2_000, 1_500), "hand-2": Verdict("refused")}
    assert verdicts_from_json(verdicts_json(said)) == said
    with pytest.raises(Invalid):
        Verdict.from_json(["perhaps", 0, 0], "")


def test_a_code_is_kept_as_a_slow_hash_with_its_salt() -> None:
    code, salt = "K72345678923", "ab" * 16
    made = code_hash(code, salt)
    assert made == code_hash(code, salt)
    assert len({made, code_hash("K72345678924", salt), code_hash(code, "cd" * 16)}) == 3
    Person.from_json(["mia", "Mia", "K7", "ab" * 16, made, 1], "")


def test_a_code_makes_a_key_of_which_its_hash_tells_nothing() -> None:
    hashed, key = code_proof("K72345678923", "ab" * 16)
    assert hashed == code_hash("K72345678923", "ab" * 16)
    assert key.x == code_proof("K72345678923", "ab" * 16)[1].x
    assert key.x != code_proof("K72345678924", "ab" * 16)[1].x
    assert bytes.fromhex(hashed) not in key.to_raw()
