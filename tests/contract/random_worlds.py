"""Small worlds drawn at random in which much happens at once, as contract documents."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

from playlists.ids import canonical, sha256

Doc = dict[str, Any]

ASSETS = [letter * 64 for letter in "abcd"]
SKUS = ["A", "B", "C"]
CHANNELS = ["shop@lille", "shop@lyon"]
SOURCES = ["weather@lille", "stock@lille", "footfall@lille"]
LAYERS = ["emergency", "override", "takeover", "campaign", "base"]
EPOCH = 1_750_000_000_000
SPAN = 120_000
"""Milliseconds over which nearly everything happens."""


def random_doc(rng: Random, cases: int) -> Doc:
    """One plan (or, rarely, none) and `cases` questions about it, without answers."""
    plan = None if rng.random() < 0.02 else random_plan(rng)
    return {
        "plans": {"plan": plan},
        "cases": [random_case(rng, plan, f"case {number}") for number in range(cases)],
    }


def random_plan(rng: Random) -> Doc:
    """A plan of up to three short days over one to three zones."""
    cards = dict(_named(_card(rng)) for _ in range(rng.randint(1, 6)))
    zones = rng.sample(["main", "side", "strip"], rng.randint(1, 3))
    days: list[list[Any]] = []
    chunks: Doc = {}
    at = EPOCH - rng.randint(SPAN // 2, SPAN)
    for number in range(rng.choice([0, 2, 2, 3, 3, 3, 3, 3])):
        length = rng.randint(60_000, SPAN)
        chunk = _chunk(rng, length, [*cards, *cards, "0123456789"], zones)
        name = sha256(canonical(chunk))
        if rng.random() < 0.9:
            chunks[name] = chunk
        days.append([f"2025-06-1{number}", at, at + length, name])
        at += length + (rng.randint(1, 5_000) if rng.random() < 0.2 else 0)
    layout = [[zone, 0, 0, 5_000, 5_000, int(rng.random() < 0.2)] for zone in zones]
    deck = {"v": 1, "cards": cards}
    manifest = {
        "v": 1,
        "store": "lille",
        "lang": "fr",
        "zone": "Europe/Paris",
        "size": [1920, 1080],
        "layout": layout,
        "brand": {"name": "Pluvier"},
        "channels": CHANNELS,
        "deck": sha256(canonical(deck)),
        "days": days,
    }
    expires_at = EPOCH + rng.choice([rng.randint(0, SPAN), SPAN * 10, SPAN * 10])
    return {"manifest": manifest, "deck": deck, "chunks": chunks, "expires_at": expires_at}


def random_case(rng: Random, plan: Doc | None, name: str) -> Doc:
    """Offers, freshness, files, overrides and an instant, often exactly where something happens."""
    cards = ["0123456789"] if plan is None else [*plan["deck"]["cards"], "0123456789"]
    case = {
        "name": name,
        "plan": "plan",
        "offers": {
            channel: {
                "version": rng.choice([1, 1, 1, 2]),
                "offers": _offers(rng),
                "lease": rng.choice([[0, 0], [_instant(rng), rng.randint(1, SPAN)]]),
            }
            for channel in CHANNELS
            if rng.random() < 0.9
        },
        "freshness": {
            "channels": {
                channel: [rng.choice([1, 1, 1, 2]), _instant(rng), rng.randint(1, 3 * SPAN)]
                for channel in CHANNELS
                if rng.random() < 0.9
            },
            "sources": {source: _instant(rng) for source in SOURCES if rng.random() < 0.9},
        },
        "held": [asset for asset in ASSETS if rng.random() < 0.9],
        "overrides": [_override(rng, number, cards) for number in range(rng.randint(0, 4))],
    }
    uncertainty = rng.choice([0, 0, 0, 5, 999, 1_000, 1_001, 30_000, None])
    return {**case, "now": [_edge(rng, plan, case), uncertainty]}


def _edge(rng: Random, plan: Doc | None, case: Doc) -> int:
    if plan is None or rng.random() < 0.5:
        return _instant(rng)
    marks = [plan["expires_at"], _instant(rng)]
    for _, begin, end, _ in plan["manifest"]["days"]:
        marks += [begin, end, rng.randint(begin, end)]
    for hand in case["overrides"]:
        marks += hand[4:6]
    for held in case["offers"].values():
        marks += [edge for offer in held["offers"] for step in offer["st"] for edge in step[:2]]
    mark = rng.choice([mark for mark in marks if mark is not None])
    return int(mark) + rng.choice([0, 0, -1, 1, -1_000, -999, -1_001, 5])


def _instant(rng: Random) -> int:
    return EPOCH + rng.randint(-SPAN, SPAN)


def _named(card: Doc) -> tuple[str, Doc]:
    return sha256(canonical(card))[:10], card


def _card(rng: Random) -> Doc:
    goods = [
        {
            "k": rng.choice(SKUS),
            "c": rng.choice(CHANNELS),
            **({"i": rng.choice(ASSETS)} if rng.random() < 0.3 else {}),
        }
        for _ in range(rng.choice([0, 1, 1, 3]))
    ]
    return {
        "t": rng.choice(["price", "trio", "message", "image"]),
        "p": {"headline": "Pluie à Lille", "number": rng.randint(-5, 5)},
        "s": goods,
        **({"l": {"chip": "weather:lille"}} if rng.random() < 0.2 else {}),
        **({"a": rng.choices(ASSETS, k=rng.randint(1, 2))} if rng.random() < 0.3 else {}),
        **({"q": rng.choice(ASSETS)} if rng.random() < 0.2 else {}),
        **({"n": "fallback"} if rng.random() < 0.3 else {}),
    }


def _chunk(rng: Random, length: int, cards: list[str], zones: list[str]) -> Doc:
    """A day in canonical form: gates and loops by first use, none unused."""
    gates: list[list[Any]] = []
    slots = [_slot(rng, cards, gates) for _ in range(rng.randint(1, 6))]
    chosen = sorted(zone for zone in zones if rng.random() < 0.9)
    return {
        "v": 1,
        "length": length,
        "slots": slots,
        "gates": gates,
        "zones": {zone: _zone(rng, length, len(slots)) for zone in chosen},
    }


def _slot(rng: Random, cards: list[str], gates: list[list[Any]]) -> Doc:
    slot: Doc = {
        "c": rng.choice(cards),
        "d": rng.choice([3_000, 7_000, 10_000, rng.randint(500, 40_000)]),
        "w": [rng.choice(LAYERS), "wish", "item"],
    }
    if rng.random() < 0.6:
        slot["f"] = rng.choice(cards)
    if rng.random() < 0.4:
        mine = [[rng.choice(SOURCES), rng.randint(1, 3 * SPAN)] for _ in range(rng.randint(1, 3))]
        gates += [gate for place, gate in enumerate(mine) if gate not in [*gates, *mine[:place]]]
        slot["g"] = [gates.index(gate) for gate in mine]
    return slot


def _zone(rng: Random, length: int, slots: int) -> Doc:
    loops: list[list[int]] = []
    segments: list[list[int]] = []
    begins = {0 if rng.random() < 0.9 else rng.randrange(length)}
    begins |= {rng.randrange(length) for _ in range(rng.randint(0, 3))}
    for begin in sorted(begins):
        loop = [rng.randrange(slots) for _ in range(rng.choice([0, 1, 2, 3, 5]))]
        if loop not in loops:
            loops.append(loop)
        segments.append([begin, loops.index(loop)])
    return {"loops": loops, "segments": segments}


def _offers(rng: Random) -> list[Doc]:
    return [
        {
            "k": sku,
            "cur": "EUR",
            "st": _steps(rng),
            "nm": {},
            **({"at": _instant(rng)} if rng.random() < 0.3 else {}),
        }
        for sku in SKUS
        if rng.random() < 0.9
    ]


def _steps(rng: Random) -> list[list[Any]]:
    """Steps in order that never overlap, as the messages guarantee; the last may be open-ended."""
    edges = sorted(_instant(rng) for _ in range(rng.randint(1, 4)))
    steps: list[list[Any]] = [
        [begin, end, 8_990, None, {}]
        for begin, end in pairwise(edges)
        if begin < end and rng.random() < 0.9
    ]
    if edges and rng.random() < 0.5:
        steps.append([edges[-1], None, 9_990, None, {}])
    return steps


def _override(rng: Random, number: int, cards: list[str]) -> list[Any]:
    begin = _instant(rng)
    kind = rng.choice(["show", "show", "pause"])
    zone = rng.choice(["main", "main", "side", "elsewhere"])
    end = begin + rng.choice([0, rng.randint(1, SPAN), rng.randint(1, SPAN)])
    if rng.random() < 0.2:
        begin = EPOCH
    return [f"hand-{number}", zone, kind, rng.choice(cards), begin, end]
