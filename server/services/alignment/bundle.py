"""The evidence of a second as one JSON document that a third party checks without this server."""

from __future__ import annotations

from playlists.cards import card_json
from playlists.ids import Json, Sha256
from playlists.wire.commands import PowerRun
from server.services.alignment.evidence import Evidence, Proof, Said
from server.services.screens.offs import PowerRunView

FORMAT = "enseigne.evidence/1"
HOW = (
    "Compare root.kid with the root key that this installation's players were paired with.",
    "keys is a JWS (Ed25519, RFC 7515 and 8037) by the root key; it lists the online keys.",
    "Each signatures[].jws bears the signature of the online key that its header names. Its "
    "payload is the message exactly as screens were sent it.",
    "The head's payload names a manifest; objects[that sha256] are its bytes in UTF-8. The "
    "manifest names the deck and the day, which are in objects too, each under the sha256 of its "
    "bytes.",
    "run.record without hash, as canonical JSON (sorted members, no spaces, UTF-8), has the sha256 "
    "run.record.hash. prev is the hash of the record before it in the device's chain.",
    "run.record.offers names the channels' versions that the screen went by. prices[].offer stands "
    "in the set of the signed message that brought prices[].offer_version.",
    "prices[].ledger are the shop's rows that were known then. The prior price is the lowest that "
    "was in force in the 30 days before the reduction began (directive 98/6/EC, article 6a).",
    "display_off[].record, as canonical JSON, has the sha256 display_off[].hash; prev is the hash "
    "of the record before it. It says that the display was told to be off, by what, and what that "
    "answered; while it was, shown is what the page held ready.",
    "Instants are milliseconds since 1970-01-01T00:00Z; amounts are minor units of the currency.",
)


def bundle(found: Evidence) -> Json:
    """The document."""
    why = found.why
    explained, place = why.explained, why.place
    shown, playing = explained.playing.shown, explained.playing
    page = explained.page
    return {
        "format": FORMAT,
        "made_at": found.made_at,
        "at": found.at_ms,
        "screen": {"id": place.id, "name": place.name, "size": [place.width, place.height]},
        "store": {"id": place.store.id, "name": place.store.name, "zone": place.store.zone},
        "shown": {
            "zone": shown.zone,
            "title": why.turn.title,
            "card": shown.card,
            "since": shown.since,
            "until": shown.until,
            "variant": shown.variant,
            "because": list(shown.because),
            "wish": [shown.why.layer, shown.why.source, shown.why.item] if shown.why else None,
            "content": card_json(playing.card) if playing.card else None,
        },
        "page": {"version": page.version, "by": page.by, "kept": page.kept} if page else None,
        "known_by": explained.held.basis,
        "head": {"revision": explained.revision, "manifest": explained.held.head.manifest},
        "prices": [_price(one) for one in found.prices],
        "run": _run(found.proof) if found.proof else None,
        "display_off": [_off(one) for one in found.offs],
        "signatures": [one.to_json() for one in found.seals],
        "root": {"x": found.root, "kid": found.root_kid},
        "keys": found.keys,
        "objects": dict(found.objects),
        "how_to_check": list(HOW),
    }


def _off(off: PowerRunView) -> Json:
    record = PowerRun(
        *(off.seq, Sha256(off.prev), off.from_ms, off.until_ms),
        *("law" if off.why == "law" else "hours", off.how, off.said),
    )
    return {"record": record.to_json(), "hash": off.hash, "follows": off.follows}


def _price(said: Said) -> Json:
    price = said.price
    return {
        "sku": price.sku,
        "channel": price.channel,
        "name": price.name,
        "price": price.price,
        "prior": price.prior,
        "currency": price.currency,
        "from": price.from_ms,
        "until": price.until_ms,
        "reasons": list(price.because),
        "off": price.off,
        "doubt": price.doubt,
        "offer_version": price.version,
        "offer": dict(said.offer) if said.offer is not None else None,
        "offer_sha256": said.digest,
        "ledger": [entry.to_json() for entry in said.entries],
    }


def _run(proof: Proof) -> Json:
    return {
        "device": proof.device,
        "chain": proof.chain,
        "chain_length": proof.length,
        "received_at": proof.received_at,
        "hash_holds": proof.whole,
        "follows": proof.follows,
        "record": proof.run.to_json(),
        "exceptions": [run.to_json() for run in proof.exceptions],
    }
