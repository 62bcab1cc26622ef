"""Reads a contract document as the domain's own types, and writes answers back as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playlists.codec import decode_chunk, decode_deck, decode_manifest
from playlists.ids import canonical
from playlists.manifest import Plan
from playlists.pricing import ChannelState, Offer, Step
from playlists.slot import Freshness, Lease, LocalOverride, Now, Shown, slot_at, timeline

Doc = dict[str, Any]


def mismatches(doc: Doc) -> Iterator[str]:
    """One line for each case of `doc` whose wanted answer is not Python's."""
    plans = {name: read_plan(plan) for name, plan in doc["plans"].items()}
    for case in doc["cases"]:
        got = replay(plans[case["plan"]], case)
        if got != case["want"]:
            yield f"{case['name']}: wanted {case['want']}, got {got}"


def replay(plan: Plan | None, case: Doc) -> Doc:
    """Python's answer to one case: of slot_at, or where the case says `walk`, of timeline."""
    inputs = read_inputs(case)
    uncertainty = case["now"][1]
    if "walk" in case:
        walked = timeline(plan, *inputs, *case["walk"], uncertainty)
        return {zone: [write_shown(shown) for shown in rows] for zone, rows in walked.items()}
    shown = slot_at(plan, *inputs, Now(*case["now"]))
    return {zone: write_shown(one) for zone, one in shown.items()}


def read_plan(doc: Doc | None) -> Plan | None:
    """A plan whose objects went through their bytes."""
    if doc is None:
        return None
    return Plan(
        manifest=decode_manifest(canonical(doc["manifest"])),
        cards=decode_deck(canonical(doc["deck"])),
        chunks={sha: decode_chunk(canonical(chunk)) for sha, chunk in doc["chunks"].items()},
        expires_at=doc["expires_at"],
    )


def read_inputs(
    case: Doc,
) -> tuple[dict[Any, ChannelState], Freshness, frozenset[Any], list[LocalOverride]]:
    """offers, freshness, held_assets and local_overrides of a case."""
    return (
        {
            channel: ChannelState(
                channel,
                held["version"],
                {offer["k"]: _offer(offer) for offer in held["offers"]},
                *held.get("lease", (0, 0)),
            )
            for channel, held in case["offers"].items()
        },
        Freshness(
            {name: Lease(*lease) for name, lease in case["freshness"]["channels"].items()},
            case["freshness"]["sources"],
        ),
        frozenset(case["held"]),
        [LocalOverride(*hand) for hand in case["overrides"]],
    )


def write_shown(shown: Shown) -> Doc:
    """A Shown as the contract's JSON."""
    why = shown.why
    return {
        "card": shown.card,
        "since": shown.since,
        "until": shown.until,
        "why": None if why is None else [why.layer, why.source, why.item],
        "variant": shown.variant,
        "because": list(shown.because),
        "prices": [
            [priced.sku, priced.channel, priced.version, priced.step, priced.ends_at]
            for priced in shown.prices
        ],
    }


def _offer(doc: Doc) -> Offer:
    steps = tuple(Step(*step) for step in doc["st"])
    return Offer(doc["k"], doc["cur"], steps, doc["nm"], confirmed_at=doc.get("at", 0))
