"""The little chain that the golden vectors play in: cards, days and their JSON."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playlists.ids import canonical, sha256

Doc = dict[str, Any]

MINUTE = 60_000
HOUR = 60 * MINUTE
PICTURE, POSTER, CODE, VIDEO = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
LILLE, LYON = "shop@lille", "shop@lyon"
WEATHER, STOCK = "weather@lille", "shop@lille"
BASE = ["base", "chain-loop", "i1"]
CAMPAIGN = ["campaign", "rain", "i7"]
LEAD = ["campaign", "yesterday", "i3"]
EMERGENCY = ["emergency", "fire-drill", "i0"]


def _card(template: str, goods: list[Doc] | None = None, **more: Any) -> Doc:
    return {"t": template, "p": {"headline": "Il pleut à Lille"}, "s": goods or [], **more}


CARDS = {
    "message": _card("message"),
    "service": _card("service"),
    "poster": _card("image", a=[POSTER]),
    "film": _card("video", a=[VIDEO]),
    "boot": _card("price", [{"k": "BOOT", "c": LILLE, "i": PICTURE}], q=CODE),
    "coat": _card("price", [{"k": "COAT", "c": LILLE}]),
    "strict": _card("price", [{"k": "COAT", "c": LILLE}], n="fallback"),
    "strict-boot": _card("price", [{"k": "BOOT", "c": LILLE}], n="fallback"),
    "trio": _card(
        "trio",
        [{"k": "BOOT", "c": LILLE}, {"k": "COAT", "c": LILLE}, {"k": "TENT", "c": LYON}],
        l={"chip": "weather:lille"},
    ),
    "lead": {**_card("message"), "p": {"headline": "Encore hier"}},
    "alarm": {**_card("message"), "p": {"headline": "Sortez calmement"}},
}
SELDOM = {
    "strict-pair": _card(
        "duo", [{"k": "BOOT", "c": LILLE}, {"k": "COAT", "c": LILLE}], n="fallback"
    )
}
"""Cards of those plans only that ask for them."""
IDS = {name: sha256(canonical(card))[:10] for name, card in {**CARDS, **SELDOM}.items()}
UNKNOWN_CARD = "0000000000"


def slot(card: str, seconds: int, why: list[str] = BASE, **more: Any) -> Doc:
    """A slot of a named card; `f` names a card too, `g` lists [source, max age]."""
    made: Doc = {"c": IDS.get(card, card), "d": seconds * 1_000, "w": why}
    if "f" in more:
        made["f"] = IDS.get(more["f"], more["f"])
    if "g" in more:
        made["g"] = more["g"]
    return made


def chunk(length: int, zones: dict[str, list[tuple[int, list[Doc]]]]) -> Doc:
    """A day in canonical form from segments `(from ms, [slot, ...])` by zone."""
    slots: list[Doc] = []
    gates: list[Any] = []
    made: Doc = {"v": 1, "length": length, "slots": slots, "gates": gates, "zones": {}}
    for zone, segments in sorted(zones.items()):
        loops: list[list[int]] = []
        rows = []
        for begin, turns in segments:
            loop = [_index(slots, _gated(turn, gates)) for turn in turns]
            rows.append([begin, _index(loops, loop)])
        made["zones"][zone] = {"loops": loops, "segments": rows}
    return made


def _gated(turn: Doc, gates: list[Any]) -> Doc:
    if "g" not in turn:
        return turn
    return {**turn, "g": [_index(gates, gate) for gate in turn["g"]]}


def _index(things: list[Any], thing: Any) -> int:
    if thing not in things:
        things.append(thing)
    return things.index(thing)


def bounds(day: str, zone: str = "Europe/Paris") -> tuple[int, int]:
    """A store-local day's first and last instant in unix milliseconds."""
    begin = date.fromisoformat(day)
    edges = (begin, begin + timedelta(days=1))
    first, last = (
        int(datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(zone)).timestamp()) * 1_000
        for at in edges
    )
    return first, last


def plan(
    days: dict[str, Doc],
    layout: tuple[tuple[str, int], ...] = (("main", 0),),
    expires_in: int = 30 * 24 * HOUR,
    held_chunks: bool = True,
    seldom: tuple[str, ...] = (),
) -> Doc:
    """A plan of chunks by date; `layout` names zones and says which are locked."""
    cards = {**CARDS, **{name: SELDOM[name] for name in seldom}}
    deck = {"v": 1, "cards": {IDS[name]: card for name, card in cards.items()}}
    rows = [[day, *bounds(day), sha256(canonical(made))] for day, made in days.items()]
    manifest = {
        "v": 1,
        "store": "lille",
        "lang": "fr",
        "zone": "Europe/Paris",
        "size": [1920, 1080],
        "layout": [
            [zone, 0, at * 1_000, 10_000, 1_000, locked] for at, (zone, locked) in enumerate(layout)
        ],
        "brand": {"name": "Pluvier"},
        "channels": [LILLE, LYON],
        "deck": sha256(canonical(deck)),
        "days": rows,
    }
    return {
        "manifest": manifest,
        "deck": deck,
        "chunks": {sha256(canonical(made)): made for made in days.values()} if held_chunks else {},
        "expires_at": (rows[0][1] if rows else 0) + expires_in,
    }


def offer(sku: str, *steps: tuple[int, int | None]) -> Doc:
    """An offer whose steps run over `[from, until)`."""
    return {
        "k": sku,
        "cur": "EUR",
        "st": [[begin, end, 8_990 + at, None, {}] for at, (begin, end) in enumerate(steps)],
        "nm": {},
    }


def case(at: int, uncertainty: int | None = 0, **inputs: Any) -> Doc:
    """A question at an instant; what is not given is bare, but every file is held."""
    return {
        "offers": {},
        "freshness": {"channels": {}, "sources": {}},
        "held": [PICTURE, POSTER, CODE, VIDEO],
        "overrides": [],
        **inputs,
        "now": [at, uncertainty],
    }


def hand(name: str, kind: str, card: str, begin: int, end: int, zone: str = "main") -> list[Any]:
    """A local override."""
    return [name, zone, kind, IDS.get(card, card), begin, end]
