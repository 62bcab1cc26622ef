"""Golden objects: bytes that both sides must read alike, and bytes that both must refuse."""

from __future__ import annotations

import json
from typing import Any

from playlists.ids import canonical, sha256
from tests.contract.stage import CARDS, IDS, WEATHER, bounds, chunk, plan, slot

Doc = dict[str, Any]

MANY_NINES = 10**15
GOOD_CHUNK = chunk(
    60_000,
    {
        "main": [
            (0, [slot("message", 10), slot("boot", 20, f="coat", g=[[WEATHER, 60_000]])]),
            (50_000, []),
            (55_000, [slot("message", 10)]),
        ],
        "side": [(7, [slot("poster", 5)])],
    },
)
GOOD_PLAN = plan({"2025-03-30": chunk(bounds("2025-03-30")[1] - bounds("2025-03-30")[0], {})})
GOOD: dict[str, Doc] = {
    "chunk": GOOD_CHUNK,
    "deck": GOOD_PLAN["deck"],
    "manifest": GOOD_PLAN["manifest"],
}


def objects_doc() -> Doc:
    """What is read alike: text and its sha256. What is refused: text and the reason word;
    `python_only` where the page leaves the matter to the hash that it checked. `too_large` is the
    most bytes of each kind."""
    return {
        "about": "the codec: objects that are read, and objects that are refused",
        "read": [
            {"kind": kind, "text": text, "sha256": sha256(text.encode())}
            for kind, body in [*GOOD.items(), *_other_good()]
            for text in [canonical(body).decode()]
        ],
        "refused": [
            {"name": name, "kind": kind, "text": text, "reason": reason, "python_only": only}
            for name, kind, text, reason, only in [*_broken_text(), *_changed()]
        ],
        "too_large": {"chunk": 4 << 20, "deck": 4 << 20, "manifest": 256 << 10},
    }


def _other_good() -> list[tuple[str, Doc]]:
    return [
        ("chunk", {"v": 1, "length": 1, "slots": [], "gates": [], "zones": {}}),
        ("deck", {"v": 1, "cards": {}}),
        ("manifest", plan({})["manifest"]),
    ]


def _broken_text() -> list[tuple[str, str, str, str, bool]]:
    found = []
    for kind, body in GOOD.items():
        text = canonical(body).decode()
        found += [
            ("nothing", kind, "", "not_json", False),
            ("cut short", kind, text[:-1], "not_json", False),
            ("followed by more", kind, text + "x", "not_json", False),
            ("a byte order mark", kind, "\ufeff" + text, "not_json", False),
            ("a list", kind, "[]", "shape", False),
            ("a number", kind, "1", "shape", False),
            ("spaces", kind, " " + text, "not_canonical", True),
            ("a member twice", kind, text[:-1] + ',"v":1}', "not_canonical", True),
            ("an unknown member", kind, text[:-1] + ',"x":1}', "not_canonical", True),
            ("escapes", kind, text.replace('"v"', '"\\u0076"'), "not_canonical", True),
            ("format 2", kind, text.replace('"v":1', '"v":2'), "version", False),
            ("a format in words", kind, text.replace('"v":1', '"v":"1"'), "version", False),
            ("no format", kind, text.replace('"v":1', '"w":1'), "version", False),
        ]
    # The page's parser takes 1.0 for 1; bytes that any server signed never hold it.
    floats = canonical(GOOD_CHUNK).decode().replace('"length":60000', '"length":60000.0')
    beyond = floats.replace("60000.0", str(2**53))
    return [
        *found,
        ("a float", "chunk", floats, "not_json", True),
        ("a number beyond what a browser holds", "chunk", beyond, "not_json", True),
    ]


CHANGES: dict[str, dict[str, Any]] = {
    "chunk": {
        "a day of no length": ("length", 0),
        "a day too long": ("length", MANY_NINES),
        "a negative length": ("length", -1),
        "a length in words": ("length", "60000"),
        "a length that is true": ("length", True),
        "zones in a list": ("zones", []),
        "slots in an object": ("slots", {}),
        "no slots": ("slots", None),
        "a card that is no id": ("slots/0/c", "message"),
        "a slot of no time": ("slots/0/d", 0),
        "a slot of negative time": ("slots/0/d", -10),
        "a slot longer than a day": ("slots/0/d", MANY_NINES),
        "an unknown layer": ("slots/0/w/0", "wish"),
        "half a reason": ("slots/0/w", ["base"]),
        "a reason in numbers": ("slots/0/w/1", 3),
        "a fallback that is no id": ("slots/1/f", "COAT"),
        "a gate out of range": ("slots/1/g", [1]),
        "a negative gate": ("slots/1/g", [-1]),
        "gates in words": ("slots/1/g", "0"),
        "a slot that is a list": ("slots/1", []),
        "a gate without age": ("gates/0", [WEATHER]),
        "a gate of no age": ("gates/0/1", 0),
        "a gate with a space": ("gates/0/0", "weather lille"),
        "a zone with capitals": ("zones/Main", {"loops": [], "segments": []}),
        "a zone that is a list": ("zones/main", []),
        "a loop out of range": ("zones/main/loops/0", [99]),
        "a loop in words": ("zones/main/loops/0", ["0"]),
        "a negative turn": ("zones/main/loops/0", [-1]),
        "segments out of order": ("zones/main/segments", [[0, 0], [55_000, 2], [50_000, 1]]),
        "two segments at once": ("zones/main/segments", [[0, 0], [0, 1], [55_000, 2]]),
        "a segment after the day": ("zones/main/segments/2/0", 60_000),
        "a segment before the day": ("zones/main/segments/0/0", -1),
        "a segment of no loop": ("zones/main/segments/0/1", 3),
        "half a segment": ("zones/main/segments/0", [0]),
    },
    "deck": {
        "cards in a list": ("cards", []),
        "a name that is no id": ("cards/Message", CARDS["message"]),
        "a template with capitals": (f"cards/{IDS['boot']}/t", "Price"),
        "a parameter that is a list": (f"cards/{IDS['boot']}/p/headline", []),
        "a parameter too long": (f"cards/{IDS['boot']}/p/headline", "é" * 4_001),
        "a SKU with a space": (f"cards/{IDS['boot']}/s/0/k", "BO OT"),
        "a channel with a space": (f"cards/{IDS['boot']}/s/0/c", "shop lille"),
        "a picture that is no sha256": (f"cards/{IDS['boot']}/s/0/i", "picture"),
        "an asset that is no sha256": (f"cards/{IDS['poster']}/a/0", "g" * 64),
        "a code that is no sha256": (f"cards/{IDS['boot']}/q", "A" * 64),
        "another loss": (f"cards/{IDS['strict']}/n", "price_free"),
        "a live text that is a number": (f"cards/{IDS['trio']}/l/chip", 5),
        "too many goods": (f"cards/{IDS['boot']}/s", [{"k": "A", "c": "b"}] * 25),
    },
    "manifest": {
        "a store with capitals": ("store", "Lille"),
        "no language": ("lang", ""),
        "a time zone with a space": ("zone", "Europe/ Paris"),
        "a flat screen": ("size", [1920, 0]),
        "a screen of one side": ("size", [1920]),
        "a screen beyond reason": ("size", [1920, 32_769]),
        "no zone": ("layout", []),
        "a zone twice": ("layout", [["main", 0, 0, 5_000, 5_000, 0]] * 2),
        "a zone off the screen": ("layout/0/1", 1),
        "a zone of no height": ("layout/0/4", 0),
        "a zone half locked": ("layout/0/5", 2),
        "a zone without a lock": ("layout/0", ["main", 0, 0, 1, 1]),
        "a brand of numbers": ("brand/name", 4),
        "a channel with a space": ("channels/0", "shop lille"),
        "a deck that is no sha256": ("deck", "deck"),
        "a day with half a date": ("days/0/0", "2025-03"),
        "a day in other digits": ("days/0/0", "٢٠٢٥-03-30"),
        "a day that ends as it begins": ("days/0/2", bounds("2025-03-30")[0]),
        "a day of a month": ("days/0/2", bounds("2025-04-30")[0]),
        "a day before 1970": ("days/0/1", -1),
        "a day without a chunk": ("days/0/3", ""),
        "days that overlap": (
            "days",
            [["2025-03-30", 0, 9, "a" * 64], ["2025-03-31", 8, 20, "a" * 64]],
        ),
        "days out of order": (
            "days",
            [["2025-03-31", 0, 9, "a" * 64], ["2025-03-30", 9, 20, "a" * 64]],
        ),
        "too many days": ("days", [["2025-03-30", 0, 9, "a" * 64]] * 63),
    },
}


def _changed() -> list[tuple[str, str, str, str, bool]]:
    found = []
    for kind, changes in CHANGES.items():
        for name, (path, value) in changes.items():
            body = json.loads(canonical(GOOD[kind]))
            _put(body, path.split("/"), value)
            text = canonical(body).decode()
            found.append((name, kind, text, "shape", False))
    return found


def _put(body: Any, path: list[str], value: Any) -> None:
    *way, last = [int(part) if part.isdigit() and len(part) < 9 else part for part in path]
    for part in way:
        body = body[part]
    if value is None:
        del body[last]
    else:
        body[last] = value
