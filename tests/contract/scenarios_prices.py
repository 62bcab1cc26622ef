"""Golden vectors of prices, their leases and versions."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.asking import (
    DAY,
    NOON,
    T0,
    WEDNESDAY,
    Doc,
    Question,
    around,
    one_slot,
    scenario,
)
from tests.contract.stage import (
    HOUR,
    LILLE,
    LYON,
    MINUTE,
    case,
    chunk,
    offer,
    plan,
    slot,
)


def shop(version: int, *offers: Doc) -> Doc:
    return {"version": version, "offers": list(offers)}


def leased_at(as_of: int, lease: int = 4 * HOUR, version: int = 7) -> Doc:
    return {"channels": {LILLE: [version, as_of, lease], LYON: [3, as_of, lease]}, "sources": {}}


@scenario("prices")
def a_price_runs_from_step_to_step() -> Iterator[Question]:
    steps = [
        (NOON - HOUR, NOON + MINUTE),
        (NOON + MINUTE, NOON + 2 * MINUTE),
        (NOON + 3 * MINUTE, None),
    ]
    offers = {LILLE: shop(7, offer("COAT", *steps))}
    for card, more in (("coat", {}), ("strict", {}), ("strict", {"f": "message"})):
        made = one_slot(card, **more)
        edges = [NOON - HOUR, NOON + MINUTE - 1_000, NOON + MINUTE]
        edges += [NOON + 2 * MINUTE - 1_000, NOON + 3 * MINUTE]
        for at in around(*edges):
            asked = case(at, offers=offers, freshness=leased_at(NOON - HOUR))
            yield f"{card} {more}, at noon {at - NOON:+} ms", made, asked


@scenario("prices")
def an_uncertain_clock_narrows_a_step() -> Iterator[Question]:
    offers = {LILLE: shop(7, offer("COAT", (NOON, NOON + 5 * MINUTE)))}
    for uncertainty in (0, 1, 999, 1_000, 1_001, 30_000, 150_000, 150_001):
        early = max(1_000, uncertainty)
        for at in around(NOON + uncertainty, NOON + 5 * MINUTE - early):
            asked = case(at, uncertainty, offers=offers, freshness=leased_at(NOON))
            yield f"±{uncertainty} ms, at noon {at - NOON:+} ms", one_slot("coat"), asked


@scenario("prices")
def no_trusted_time_no_price() -> Iterator[Question]:
    offers = {LILLE: shop(7, offer("COAT", (T0, None)))}
    for card in ("coat", "strict", "message"):
        for fallback in ({}, {"f": "message"}, {"f": "coat"}):
            asked = case(NOON, None, offers=offers, freshness=leased_at(NOON))
            yield f"{card} or {fallback.get('f')}", one_slot(card, **fallback), asked


@scenario("prices")
def a_lease_runs_out() -> Iterator[Question]:
    offers = {LILLE: shop(7, offer("COAT", (T0, None)))}
    for uncertainty in (0, 30_000):
        for at in around(NOON - max(1_000, uncertainty), NOON):
            for card in ("coat", "strict"):
                fresh = leased_at(NOON - 4 * HOUR)
                asked = case(at, uncertainty, offers=offers, freshness=fresh)
                name = f"{card} ±{uncertainty} ms, at the end {at - NOON:+} ms"
                yield name, one_slot(card, f="service"), asked


@scenario("prices")
def versions_differ() -> Iterator[Question]:
    for held, leased in ((7, 7), (6, 7), (8, 7)):
        offers = {LILLE: shop(held, offer("COAT", (T0, None)))}
        for as_of in (NOON, NOON - DAY):
            asked = case(NOON, offers=offers, freshness=leased_at(as_of, version=leased))
            yield f"held {held}, leased {leased}, as of {as_of - NOON}", one_slot("coat"), asked


@scenario("prices")
def a_version_brings_its_own_lease() -> Iterator[Question]:
    """A changed price shows at once; a player that is behind shows none, whatever it holds."""
    coat = offer("COAT", (T0, None))
    for held, said in ((8, 7), (7, 7), (6, 7), (7, None)):
        for own in ([NOON, HOUR], [NOON - HOUR, HOUR], [NOON - HOUR, HOUR + 1_001], [0, 0]):
            offers = {LILLE: {**shop(held, coat), "lease": own}}
            fresh = leased_at(NOON - 3 * HOUR, version=said or 0)
            if said is None:
                fresh["channels"] = {}
            for at in around(NOON, NOON + HOUR - 1_000):
                asked = case(at, offers=offers, freshness=fresh)
                name = f"held {held}, told {said}, own {own[0] - NOON} + {own[1]}"
                yield f"{name}, at noon {at - NOON:+} ms", one_slot("coat"), asked


@scenario("prices")
def a_price_confirmed_alone_outlives_its_channel() -> Iterator[Question]:
    """The shop named the coat an hour ago, and all its prices long before: only the coat stays."""
    coat = {**offer("COAT", (T0, None)), "at": NOON - HOUR}
    offers = {LILLE: {**shop(7, coat, offer("BOOT", (T0, None))), "lease": [NOON - DAY, 2 * HOUR]}}
    for said in (7, 6, 8, None):
        fresh = leased_at(NOON - DAY, 2 * HOUR, said or 0)
        if said is None:
            fresh["channels"] = {}
        for at in around(NOON + HOUR - 1_000):
            for card in ("coat", "trio"):
                name = f"{card}, told {said}, at noon {at - NOON:+} ms"
                yield name, one_slot(card), case(at, offers=offers, freshness=fresh)
    leaseless = {LILLE: shop(7, coat)}
    for said in (7, 6):
        fresh = leased_at(NOON - DAY, 2 * HOUR, said)
        asked = case(NOON, offers=leaseless, freshness=fresh)
        yield f"no lease of its own, told {said}", one_slot("coat"), asked


@scenario("prices")
def one_price_lost_is_a_card_lost() -> Iterator[Question]:
    """Its other price may come and go: the card stays away, for the same reasons or others."""
    day = chunk(DAY, {"main": [(0, [slot("strict-pair", 600, f="message")])]})
    made = plan({WEDNESDAY: day}, seldom=("strict-pair",))
    coat = (NOON + MINUTE, NOON + 2 * MINUTE)
    for boot in ([], [(T0, NOON + 9_000)], [(NOON + 3 * MINUTE, None)], [(T0, None)]):
        boots = {**offer("BOOT", *boot), "at": NOON - 4 * HOUR + 90_000}
        for lease in (HOUR, 4 * HOUR):
            offers = {LILLE: {**shop(7, boots, offer("COAT", coat)), "lease": [T0, lease]}}
            for at in around(NOON, NOON + 9_000, *coat, NOON + 3 * MINUTE):
                asked = case(at, offers=offers, freshness=leased_at(NOON - 4 * HOUR + 15_000))
                name = f"boot {[(begin - NOON, end) for begin, end in boot]}, lease {lease}"
                yield f"{name}, at noon {at - NOON:+} ms", made, asked


@scenario("prices")
def what_a_channel_does_not_say() -> Iterator[Question]:
    coat = offer("COAT", (T0, None))
    for name, offers in {
        "no channel": {},
        "another channel": {LYON: shop(3, coat)},
        "no such offer": {LILLE: shop(7, offer("BOOT", (T0, None)))},
        "an offer without steps": {LILLE: shop(7, offer("COAT"))},
        "an offer that is over": {LILLE: shop(7, offer("COAT", (T0, NOON)))},
        "an offer to come": {LILLE: shop(7, offer("COAT", (NOON + MINUTE, None)))},
        "an offer too short to show": {LILLE: shop(7, offer("COAT", (NOON + 5, NOON + 1_005)))},
        "an offer": {LILLE: shop(7, coat)},
    }.items():
        for fresh in (leased_at(NOON), {"channels": {}, "sources": {}}):
            for card in ("coat", "strict"):
                asked = case(NOON, offers=offers, freshness=fresh)
                leased = "leased" if fresh["channels"] else "no lease"
                yield f"{card}: {name}, {leased}", one_slot(card), asked


@scenario("prices")
def a_head_expires() -> Iterator[Question]:
    offers = {LILLE: shop(7, offer("COAT", (T0, None)))}
    for uncertainty in (0, 30_000, None):
        made = {**one_slot("coat"), "expires_at": NOON}
        for at in around(NOON - 30_000, NOON - 1_000, NOON):
            asked = case(at, uncertainty, offers=offers, freshness=leased_at(NOON - MINUTE))
            yield f"±{uncertainty} ms, at its end {at - NOON:+} ms", made, asked


@scenario("prices")
def each_good_of_a_trio_for_itself() -> Iterator[Question]:
    boot, coat = offer("BOOT", (T0, NOON + 5_000)), offer("COAT", (NOON + 2_000, None))
    offers = {LILLE: shop(7, boot, coat), LYON: shop(3, offer("TENT", (T0, None)))}
    for at in around(NOON, NOON + 2_000, NOON + 4_000):
        yield (
            f"at noon {at - NOON:+} ms",
            one_slot("trio"),
            case(at, offers=offers, freshness=leased_at(NOON)),
        )
    stale = {"channels": {LYON: [3, NOON - DAY, HOUR]}, "sources": {}}
    yield "no lease in two channels", one_slot("trio"), case(NOON, offers=offers, freshness=stale)


@scenario("prices")
def a_fallback_has_prices_of_its_own() -> Iterator[Question]:
    offers = {LILLE: shop(7, offer("COAT", (T0, NOON)), offer("BOOT", (T0, NOON + MINUTE)))}
    for fallback in ("boot", "strict-boot"):
        made = one_slot("strict", f=fallback)
        for at in around(NOON - 1_000, NOON + MINUTE - 1_000):
            asked = case(at, offers=offers, freshness=leased_at(NOON))
            yield f"{fallback} at noon {at - NOON:+} ms", made, asked
