"""Codes for a store's people, what devices are told of them, and acts that came back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from playlists.ids import ItemId, PlaylistId, ZoneId, canonical
from playlists.model import Card, Item, Playlist
from playlists.signing import SigningKey, b64, verify
from playlists.wire.commands import Answer, Answers, Command, FetchRule, PowerPlan
from playlists.wire.door import Report
from playlists.wire.hands import (
    MAX_CHOICES,
    MAX_PLAN_BYTES,
    Act,
    Acts,
    HandsPlan,
    Verdict,
    code_proof,
)
from playlists.wire.http import PairingRequest
from playlists.wire.shop_hands import Order, Sealed
from server.db.models import ActorRow, AuditRow, CommandRow, DeviceRow, HandActRow, HandCodeRow
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish
from server.services.chain.places import create_screen
from server.services.entry.roles import ROLES
from server.services.screens import (
    answering,
    bringing,
    commands,
    hand_acts,
    hand_codes,
    playback,
)
from server.services.screens.devices import Viewer
from server.services.screens.pairing import begin, claim
from server.services.wishes import content, overrides
from server.services.wishes.local_use import set_local_use
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

SCREEN, STORE = "lille-window", "lille"
VIEWER = Viewer((SCREEN,), "d" * 16)
MIA = Actor("mia", "Mia", ROLES["manager"], frozenset({STORE}))
KEY = SigningKey.generate()
"""The device's."""
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
CASH = "cash-only"


@pytest.fixture
def chain(ctx: Context) -> Context:
    lay_out(ctx)
    given = begin(ctx, PairingRequest(KEY.x, "Pi", (1080, 1920), {"agent": True}))
    claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    employ(ctx, MIA)
    card = Card("message", {"sky": "mist"}, {"headline": {"fr": "Espèces seulement"}})
    items = (Item(ItemId("cash"), card, 10_000),)
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(CASH), "Espèces seulement", items))
    set_local_use(ctx, SYSTEM, [CASH])
    return ctx


def employ(ctx: Context, actor: Actor, role: str = "manager") -> None:
    with ctx.db.write() as session:
        session.merge(
            ActorRow(
                id=actor.id,
                name=actor.name,
                scopes=[],
                stores=sorted(actor.stores or ()),
                created_at=0,
                role=role,
            )
        )


def told(ctx: Context, held: str = HandsPlan().id) -> HandsPlan | None:
    """What the screen's device is told when it says that it holds this."""
    device = {"power_plan": PowerPlan().id, "fetch_rule": FetchRule().id, "hands": held}
    report = Report(0, {}, 0, 0, None, {}, device=device)  # type: ignore[arg-type]
    playback.report(ctx, VIEWER, report)
    bringing.bring(ctx)
    found = [
        Command.from_json(verify(jws, "command", ctx.keys.ring, ctx.clock()))
        for jws in playback.report(ctx, VIEWER, report).commands
    ]
    plans = [one for one in found if one.kind == "hands"]
    said = [Answer(one.id, "done", "", ctx.clock()) for one in plans]
    answering.take(ctx, VIEWER, Answers(tuple(said)))
    return HandsPlan.from_json(plans[0].arguments) if plans else None


def act(ctx: Context, code: str, by: SigningKey = KEY, **changes: Any) -> Act:
    """Mia had the screen show that cash is taken only, ten minutes ago."""
    from_ms = ctx.clock() - 10 * MINUTE_MS
    with ctx.db.read() as session:
        row = session.get_one(HandCodeRow, (STORE, "mia"))
    order = Order(KEY.x, by.x, "n" * 20, "a" * 20, "mia", "show", CASH, 2 * HOUR_MS)
    order = replace(order, **changes)
    sealed = Sealed.read(order.sealed(code_proof(code, row.salt)[1], by))
    what, until = (sealed.act, order.person, order.choice), from_ms + order.length_ms
    return Act(*what, ZoneId("main"), from_ms, until, sealed.body.decode())


def take(ctx: Context, one: Act) -> Verdict:
    return hand_acts.take(ctx, VIEWER, Acts((one,)))[one.id]


def log(ctx: Context, *begins: str) -> list[tuple[str, str, int]]:
    with ctx.db.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id))
        return [(row.action, row.actor_id, row.at) for row in rows if row.action in begins]


def test_a_code_is_said_once_and_kept_as_a_slow_hash(chain: Context) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    with chain.db.read() as session:
        row = session.get_one(HandCodeRow, (STORE, "mia"))
        hashed, key = code_proof(code, row.salt)
        assert (row.hash, row.key) == (hashed, key.x)
        assert code not in str(vars(row))
    assert (len(code), code[:2]) == (12, row.tag)
    (mine,) = hand_codes.codes_of(chain, MIA, STORE)
    assert (mine.own, mine.until_ms - mine.issued_at) == (True, 90 * 24 * HOUR_MS)
    assert hand_codes.issue(chain, MIA, STORE) != code, "a new one takes its place"
    assert len(hand_codes.codes_of(chain, MIA, STORE)) == 1


def test_codes_are_for_people_with_the_right_and_only_in_their_stores(chain: Context) -> None:
    for who, error in (
        (replace(MIA, stores=frozenset({"prado"})), NotFound),
        (Actor("ann", "Ann", ROLES["it"]), Forbidden),
        (replace(MIA, id="program"), Forbidden),
    ):
        with pytest.raises(error):
            hand_codes.issue(chain, who, STORE)
    with pytest.raises(NotFound):
        hand_codes.issue(chain, replace(MIA, stores=None), "nowhere")


def test_a_code_is_revoked_by_its_person_and_by_who_minds_people(chain: Context) -> None:
    hand_codes.issue(chain, MIA, STORE)
    leo = replace(MIA, id="leo", name="Leo")
    with pytest.raises(Forbidden):
        hand_codes.revoke(chain, leo, STORE, "mia")
    assert hand_codes.codes_of(chain, leo, STORE) == ()
    hand_codes.revoke(chain, SYSTEM, STORE, "mia")
    with pytest.raises(NotFound):
        hand_codes.revoke(chain, MIA, STORE, "mia")
    assert [row[:2] for row in log(chain, "hands.issue", "hands.revoke")] == [
        ("hands.issue", "mia"),
        ("hands.revoke", "system"),
    ]


def test_a_store_has_so_many_codes(chain: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_codes, "MAX_PEOPLE", 1)
    hand_codes.issue(chain, MIA, STORE)
    leo = replace(MIA, id="leo", name="Leo")
    employ(chain, leo)
    with pytest.raises(BadInput):
        hand_codes.issue(chain, leo, STORE)


def test_devices_are_told_who_may_and_what_they_may_show(chain: Context) -> None:
    assert told(chain) is None, "nobody has a code"
    hand_codes.issue(chain, MIA, STORE)
    plan = told(chain)
    assert plan is not None
    assert [(one.id, one.name) for one in plan.people] == [("mia", "Mia")]
    assert plan.choices[0].id == CASH, "what is for every store's use comes first"
    assert plan.longest_ms == 4 * HOUR_MS
    with chain.db.read() as session:
        device = session.get_one(DeviceRow, SCREEN)
        key = session.get_one(HandCodeRow, (STORE, "mia")).key
    assert plan.people[0].key == key
    assert [(one.id, one.key) for one in plan.screens] == [(SCREEN, b64(device.public_key))]
    assert plan.cards.keys() >= {card for one in plan.choices for card, _ in one.turns}
    assert told(chain, plan.id) is None, "it is known there"


def test_what_is_too_much_for_a_command_is_left_out(chain: Context) -> None:
    names = []
    for n in range(MAX_CHOICES + 6):
        items = tuple(
            Item(ItemId(f"i{m}"), Card("message", {}, {"headline": {"fr": f"{n} {m} " + "é" * 60}}))
            for m in range(8)
        )
        made = Playlist(PlaylistId(f"many-{n:02}"), f"Many {n:02}", items)
        names.append(content.create_playlist(chain, SYSTEM, made).value.id)
    set_local_use(chain, SYSTEM, names)
    hand_codes.issue(chain, MIA, STORE)
    plan = told(chain)
    assert plan is not None
    assert 10 < len(plan.choices) <= MAX_CHOICES
    assert len(canonical(plan.to_json())) < MAX_PLAN_BYTES + 2_000


def test_the_command_with_the_hashes_is_for_the_device_alone(chain: Context) -> None:
    hand_codes.issue(chain, MIA, STORE)
    told(chain)
    with chain.db.read() as session:
        (command,) = session.scalars(select(CommandRow.id).where(CommandRow.kind == "hands"))
    assert commands.list_commands(chain, SYSTEM, SCREEN).items == ()
    with pytest.raises(NotFound):
        commands.get_command(chain, SYSTEM, SCREEN, command)


@pytest.mark.parametrize("how", ["revoked", "left", "demoted", "expired"])
def test_who_may_no_more_is_struck_off_the_devices(
    chain: Context, clock: TestClock, how: str
) -> None:
    hand_codes.issue(chain, MIA, STORE)
    held = told(chain)
    assert held is not None
    if how == "revoked":
        hand_codes.revoke(chain, MIA, STORE, "mia")
    elif how == "expired":
        clock.advance(91 * 24 * HOUR_MS)
    else:
        employ(chain, MIA, "it")
        if how == "left":
            with chain.db.write() as session:
                session.get_one(ActorRow, "mia").left_at = 1
    assert told(chain, held.id) == HandsPlan()


def test_an_act_becomes_an_override_of_its_person_at_its_own_time(chain: Context) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    till = SigningKey.generate()
    given = begin(chain, PairingRequest(till.x, "Pi", (1080, 1920), {"agent": True}))
    create_screen(chain, SYSTEM, ScreenWish("Caisse", STORE, language="fr"), "lille-till")
    claim(chain, SYSTEM, code=given.code, screen_id="lille-till")
    one = act(chain, code, till)
    for _ in range(2):
        assert take(chain, one) == Verdict("taken", one.until_ms, chain.clock()), (
            "told twice, done once"
        )
    made = overrides.get_override(chain, MIA, one.id).value
    assert (made.by, made.from_ms, made.until_ms, made.screens) == (
        *("Mia", one.from_ms, one.until_ms),
        frozenset({SCREEN}),
    )
    assert log(chain, "override.create") == [("override.create", "mia", one.from_ms)]
    with chain.db.read() as session:
        row = session.scalar(select(AuditRow).where(AuditRow.action == "override.create"))
        assert row is not None
        assert row.after is not None
        assert (row.after["local"], row.after["via"]) == (True, "lille-till")


def test_the_studio_ends_it_and_the_device_hears_so(chain: Context) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    one = act(chain, code)
    take(chain, one)
    overrides.end_override(chain, MIA, one.id)
    assert take(chain, one) == Verdict("over")


def test_the_device_ends_what_the_server_has_taken(chain: Context) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    one = act(chain, code)
    take(chain, one)
    ended = replace(one, ended=chain.clock(), how="hand")
    for _ in range(2):
        assert take(chain, ended) == Verdict("over")
    assert overrides.get_override(chain, MIA, one.id).value.until_ms <= chain.clock()


def test_what_was_over_before_is_told_for_the_record(chain: Context) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    one = act(chain, code)
    over = one.from_ms + 3 * MINUTE_MS
    assert take(chain, replace(one, ended=over, how="hand")) == Verdict("over")
    assert overrides.get_override(chain, MIA, one.id).value.until_ms == over
    assert log(chain, "override.create", "override.end") == [
        ("override.create", "mia", one.from_ms),
        ("override.end", "mia", over),
    ]


@pytest.mark.parametrize("wrong", ["code", "to", "do", "id", "choice", "until", "proof"])
def test_a_device_cannot_say_of_a_person_what_their_code_did_not_sign(
    chain: Context, wrong: str
) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    one = act(chain, code)
    other = code[:-1] + ("2" if code[-1] != "2" else "3")
    made = {
        "code": lambda: act(chain, other),
        "to": lambda: act(chain, code, to=SigningKey.generate().x),
        "do": lambda: act(chain, code, do="end"),
        "id": lambda: replace(one, id="hand-" + "0" * 24),
        "choice": lambda: replace(one, choice="usual"),
        "until": lambda: replace(one, until_ms=one.until_ms + 1),
        "proof": lambda: replace(one, proof="{}"),
    }[wrong]()
    assert take(chain, made) == Verdict("refused")
    assert log(chain, "override.create") == []
    with chain.db.read() as session:
        row = session.scalar(select(AuditRow).where(AuditRow.action == "hands.refuse"))
        assert row is not None


@pytest.mark.parametrize(
    "why", ["revoked", "expired", "demoted", "elsewhere", "gone", "long", "future", "old", "zone"]
)
def test_an_act_that_may_not_be_is_refused_and_told(
    chain: Context, clock: TestClock, why: str
) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    if why == "expired":
        clock.advance(90 * 24 * HOUR_MS + 10 * MINUTE_MS)
    asked = {"gone": {"choice": "nothing"}, "long": {"length_ms": 9 * HOUR_MS}}.get(why, {})
    one = act(chain, code, **asked)
    if why == "revoked":
        hand_codes.revoke(chain, MIA, STORE, "mia")
    elif why == "demoted":
        employ(chain, MIA, "it")
    elif why == "elsewhere":
        employ(chain, replace(MIA, stores=frozenset({"prado"})))
    one = replace(one, zone=ZoneId("moon" if why == "zone" else "main"))
    if why in ("future", "old"):
        shift = HOUR_MS if why == "future" else -401 * 24 * HOUR_MS
        one = replace(one, from_ms=one.from_ms + shift, until_ms=one.until_ms + shift)
    for _ in range(2):
        assert take(chain, one) == Verdict("refused")
    with pytest.raises(NotFound):
        overrides.get_override(chain, SYSTEM, one.id)
    assert [row[:2] for row in log(chain, "hands.refuse")] == [("hands.refuse", "system")]


def test_an_act_from_before_the_codes_end_counts_however_late_it_is_told(
    chain: Context, clock: TestClock
) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    clock.advance(90 * 24 * HOUR_MS + 10 * MINUTE_MS - 1)
    assert take(chain, act(chain, code)).state == "taken"


def test_an_act_is_of_the_screen_that_told_it(chain: Context) -> None:
    code = hand_codes.issue(chain, MIA, STORE)
    one = act(chain, code)
    take(chain, one)
    other = hand_acts.take(chain, Viewer(("prado-window",), "e" * 16), Acts((one,)))
    assert other == {one.id: Verdict("refused")}
    assert take(chain, one).state == "taken"


def test_acts_are_forgotten_in_the_end(chain: Context) -> None:
    take(chain, act(chain, hand_codes.issue(chain, MIA, STORE)))
    with chain.db.write() as session:
        hand_acts.sweep(session, chain.clock() + 1)
        assert session.query(HandActRow).count() == 0
