"""What should be on screen, worked out the slow and plain way from the JSON itself.

It shares no code with playlists/ or the page: days are walked turn by turn from their first, and
`until` is found by trying, one after another, every instant at which anything at all happens in
the inputs.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

Doc = dict[str, Any]

NEVER = 2**53 - 1


def answer(plan: Doc | None, case: Doc) -> Doc:
    """What slot_at must answer for each zone, as JSON."""
    now, uncertainty = case["now"]
    zones = [["main", 0, 0, 0, 0, 0]] if plan is None else plan["manifest"]["layout"]
    wanted: Doc = {}
    for zone, *_, locked in zones:
        shown = content(plan, case, zone, bool(locked), now, uncertainty)
        later = (
            at
            for at in happenings(plan, case, zone, now, uncertainty)
            if content(plan, case, zone, bool(locked), at, uncertainty) != shown
        )
        wanted[zone] = {**shown, "until": next(later, NEVER)}
    return wanted


def answers(plan: Doc | None, case: Doc) -> Doc:
    """What timeline must answer: for each zone, what shows from one change to the next."""
    begin, end, limit = case["walk"]
    uncertainty = case["now"][1]
    wanted: Doc = {}
    for zone in answer(plan, case):
        rows: list[Doc] = []
        at = begin
        while at < end and len(rows) < limit:
            rows.append(answer(plan, {**case, "now": [at, uncertainty]})[zone])
            at = rows[-1]["until"]
        wanted[zone] = rows
    return wanted


def content(
    plan: Doc | None, case: Doc, zone: str, locked: bool, t: int, uncertainty: int | None
) -> Doc:
    """What a zone shows at `t`, all but until when."""
    if plan is None:
        return _shown(None, 0, None, "slate", ["no_plan"], [])
    mine = [] if locked else [hand for hand in case["overrides"] if hand[1] == zone]
    active = [hand for hand in mine if hand[4] <= t < hand[5]]
    active.sort(key=lambda hand: hand[0], reverse=True)
    active.sort(key=lambda hand: hand[4], reverse=True)
    paused = [(hand[3], hand[0]) for hand in active if hand[2] == "pause"]
    since, _, slot, missing = turn(plan, zone, t)
    alarm = slot is not None and slot["w"][0] == "emergency"
    plain = by_plan(plan, case, since, slot, missing, [] if alarm else paused, t, uncertainty)
    if alarm and plain["card"] is not None:
        return plain
    told: list[str] = []
    for name, _, kind, card, begin, _ in active:
        if kind == "show":
            fine, reasons, prices = judge(plan, case, card, [], paused, t, uncertainty)
            told += reasons
            if fine:
                return _shown(card, begin, ["override", name, ""], "override", told, prices)
            told.append("not_shown:" + name)
    return {**plain, "because": told + plain["because"]}


def by_plan(
    plan: Doc,
    case: Doc,
    since: int,
    slot: Doc | None,
    missing: str,
    paused: list[tuple[str, str]],
    t: int,
    uncertainty: int | None,
) -> Doc:
    """What a turn of the plan shows at `t`, whatever hands want to show."""
    if slot is None:
        return _shown(None, since, None, "slate", [missing], [])
    fine, told, prices = judge(plan, case, slot["c"], slot["gates"], paused, t, uncertainty)
    if fine:
        return _shown(slot["c"], since, slot["w"], "planned", told, prices)
    if "f" in slot:
        fine, reasons, prices = judge(plan, case, slot["f"], [], paused, t, uncertainty)
        told = told + reasons
        if fine:
            return _shown(slot["f"], since, slot["w"], "fallback", told, prices)
    return _shown(None, since, slot["w"], "slate", told, [])


def judge(
    plan: Doc,
    case: Doc,
    card_name: str,
    gates: list[Any],
    paused: list[tuple[str, str]],
    t: int,
    uncertainty: int | None,
) -> tuple[bool, list[str], list[Any]]:
    """May this card show at `t`? With the reasons against it or its prices, and its prices."""
    against = ["paused:" + hand for card, hand in paused if card == card_name]
    sources = [source for source, _ in gates]
    for source in sorted(set(sources), key=sources.index):
        seen = case["freshness"]["sources"].get(source)
        if seen is None or any(t >= seen + age for name, age in gates if name == source):
            against.append("gate_stale:" + source)
    card = plan["deck"]["cards"].get(card_name)
    if card is None:
        return False, [*against, "card_missing:" + card_name], []
    files = card.get("a", []) + [good["i"] for good in card["s"] if "i" in good]
    if "q" in card:
        files.append(card["q"])
    for place, sha in enumerate(files):
        if sha not in case["held"] and sha not in files[:place]:
            against.append("asset_missing:" + sha)
    if against:
        return False, against, []
    on, off = priced(plan, case, card, t, uncertainty)
    if off and card.get("n") == "fallback":
        return False, [*off, "price_lost"], []
    return True, off, on


def priced(
    plan: Doc, case: Doc, card: Doc, t: int, uncertainty: int | None
) -> tuple[list[Any], list[str]]:
    """Prices that may show at `t`, and why others may not."""
    if not card["s"]:
        return [], []
    if uncertainty is None:
        return [], ["no_time"]
    early = uncertainty if uncertainty > 1000 else 1000
    if t >= plan["expires_at"] - early:
        return [], ["head_expired"]
    on: list[Any] = []
    off: list[tuple[str, str]] = []
    for good in card["s"]:
        sku, channel = good["k"], good["c"]
        reason, row = _one_price(plan, case, sku, channel, t, uncertainty, early)
        if row:
            on.append(row)
        elif (channel, reason) not in off:
            off.append((channel, reason))
    return on, [reason for _, reason in off]


def _one_price(
    plan: Doc, case: Doc, sku: str, channel: str, t: int, uncertainty: int, early: int
) -> tuple[str, list[Any] | None]:
    held = case["offers"].get(channel, {"version": 0, "offers": []})
    found = [offer for offer in held["offers"] if offer["k"] == sku]
    if not found:
        return "no_offer:" + sku, None
    said = case["freshness"]["channels"].get(channel)
    named = found[0].get("at", 0)
    as_of, length = held.get("lease", [0, 0])
    own = length and max(as_of, named) + length
    if said is not None and (said[0] > held["version"] or (said[0] < held["version"] and not own)):
        return "version_differs:" + channel, None
    same = said is not None and said[0] == held["version"]
    leased = max(own, said[1] + said[2], named + said[2]) if same else own
    if t >= leased - early:
        return "lease_over:" + channel, None
    for place, step in enumerate(found[0]["st"]):
        ends = [leased - early, plan["expires_at"] - early]
        if step[1] is not None:
            ends.append(step[1] - early)
        if step[0] + uncertainty <= t < min(ends):
            return "", [sku, channel, held["version"], place, min(ends)]
    return "no_step:" + sku, None


def turn(plan: Doc, zone: str, t: int) -> tuple[int, int, Doc | None, str]:
    """Whose turn it is: since, until, slot and, without one, why."""
    over = 0
    for _, begin, end, sha in plan["manifest"]["days"]:
        if t < begin:
            return over, begin, None, "no_day"
        if t < end:
            if sha not in plan["chunks"]:
                return begin, end, None, "no_day"
            for row in day_turns(json.dumps(plan["chunks"][sha]), zone, begin, end):
                if row[0] <= t < row[1]:
                    return row
        over = end
    return over, NEVER, None, "no_day"


@lru_cache(maxsize=64)
def day_turns(text: str, zone: str, begin: int, end: int) -> list[tuple[int, int, Doc | None, str]]:
    """Every turn of a day's chunk, one after another from its first millisecond."""
    chunk = json.loads(text)
    known = chunk["zones"].get(zone, {"loops": [], "segments": []})
    stretches = [[begin + first, known["loops"][loop]] for first, loop in known["segments"]]
    if not stretches or stretches[0][0] > begin:
        stretches.insert(0, [begin, []])
    rows: list[tuple[int, int, Doc | None, str]] = []
    for place, (first, loop) in enumerate(stretches):
        last = stretches[place + 1][0] if place + 1 < len(stretches) else end
        if not loop:
            rows.append((first, last, None, "empty"))
            continue
        turns: list[list[Any]] = []
        at = first
        while at < last:
            raw = chunk["slots"][loop[len(turns) % len(loop)]]
            if turns and at + raw["d"] > last:
                turns[-1][1] = last
                break
            gates = [chunk["gates"][gate] for gate in raw.get("g", [])]
            turns.append([at, min(last, at + raw["d"]), {**raw, "gates": gates}])
            at += raw["d"]
        rows += [(since, until, slot, "") for since, until, slot in turns]
    return rows


def happenings(
    plan: Doc | None, case: Doc, zone: str, now: int, uncertainty: int | None
) -> list[int]:
    """Every later instant at which something happens in the inputs, in order."""
    if plan is None:
        return []
    marks = [plan["expires_at"]]
    for hand in case["overrides"]:
        marks += hand[4:6]
    for _, begin, end, sha in plan["manifest"]["days"]:
        marks += [begin, end]
        chunk = plan["chunks"].get(sha)
        if chunk is not None:
            for source, max_age in chunk["gates"]:
                marks.append(case["freshness"]["sources"].get(source, 0) + max_age)
            if begin <= now < end or case["overrides"]:
                marks += [row[1] for row in day_turns(json.dumps(chunk), zone, begin, end)]
    leases = list(case["freshness"]["channels"].items())
    leases += [(name, [0, *held.get("lease", [0, 0])]) for name, held in case["offers"].items()]
    for name, (_, as_of, lease) in leases:
        marks.append(as_of + lease)
        named = [one.get("at", 0) for one in case["offers"].get(name, {"offers": []})["offers"]]
        marks += [at + lease for at in named]
    for held in case["offers"].values():
        for offer in held["offers"]:
            for step in offer["st"]:
                marks += [step[0], *([] if step[1] is None else [step[1]])]
    around = set(marks) | {mark - 1000 for mark in marks}
    if uncertainty is not None:
        around |= {mark - uncertainty for mark in marks} | {mark + uncertainty for mark in marks}
    return sorted(mark for mark in around if mark > now)


def _shown(
    card: str | None,
    since: int,
    why: list[str] | None,
    variant: str,
    because: list[str],
    prices: list[Any],
) -> Doc:
    return {
        "card": card,
        "since": since,
        "why": why,
        "variant": variant,
        "because": because,
        "prices": prices,
    }
