"""People counters that push over HTTP: `{"readings": [{"kind", "store", "zone", "count",
"window_s", "at"}]}` under a bearer token, the connector's secret.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter

from playlists.facts import Fact, FactKey
from server.connectors.footfall import counts
from server.connectors.footfall.counts import QUARTER_S, CountsConfig, Recent, Refused
from server.connectors.source import SECRET, Delivery, Kind, Received, Secret, Setup
from server.errors import BadInput, Unauthenticated
from server.ports import Batch, PermanentError

MAX_READINGS = 500
MAX_BODY_BYTES = 256 * 1024
MIN_SECRET_CHARACTERS = 16


class HttpCountsConfig(CountsConfig):
    """Counters that push."""


def receive(setup: Setup, delivery: Delivery) -> Received:
    """Check a push and read it; readings that are refused are counted, the others taken.

    Raises Unauthenticated, BadInput (not readable, anything about a person, nothing to take),
    PermanentError (no secret).
    """
    verify(setup, delivery)
    recent = _recent(setup, delivery.received_at)
    facts: dict[FactKey, Fact] = {}
    refused: Counter[str] = Counter()
    last = Refused("repeated")
    for said in _readings(delivery.body):
        try:
            fact = _fact(setup, said, recent, delivery.received_at)
        except Refused as error:
            if error.reason == "personal":
                raise _bad(error) from None
            refused[error.reason] += 1
            last = error if error.reason != "repeated" else last
        else:
            facts[fact.key] = fact
    if not facts and last.reason != "repeated":
        raise _bad(last)
    batch = Batch(
        delivery.received_at,
        facts=tuple(facts.values()),
        refused=refused,
        state={"recent": recent},
    )
    return Received(batch)


def _recent(setup: Setup, now_ms: int) -> Recent:
    """The readings kept of places that were counted within the quarter of an hour."""
    return {
        place: [(at, window, count) for at, window, count in kept]
        for place, kept in setup.state.get("recent", {}).items()
        if kept and kept[-1][0] > now_ms - QUARTER_S * 1000
    }


def verify(setup: Setup, delivery: Delivery) -> None:
    """Make sure that a counter of ours pushes. Raises Unauthenticated, PermanentError."""
    if not setup.secret:
        raise PermanentError("This connector has no token, so anyone could push. Give it one.")
    scheme, _, token = delivery.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        token.strip().encode(), setup.secret.encode()
    ):
        raise Unauthenticated("Send this connector’s token as Authorization: Bearer.")


def _readings(body: bytes) -> list[object]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("The body is to be JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("readings"), list):
        raise BadInput("The body is to be an object with a list “readings”.")
    if set(message) != {"readings"}:
        raise _bad(Refused("personal"))
    readings: list[object] = message["readings"]
    if len(readings) > MAX_READINGS:
        raise BadInput(f"Send at most {MAX_READINGS} readings at once.", field="readings")
    return readings


def _fact(setup: Setup, said: object, recent: Recent, now_ms: int) -> Fact:
    if not isinstance(said, dict):
        raise Refused("not_a_count")
    rest = dict(said)
    kind, store, zone = (rest.pop(name, "") for name in ("kind", "store", "zone"))
    if not (isinstance(kind, str) and isinstance(store, str) and isinstance(zone, str)):
        raise Refused("bad_place")
    return counts.fact_of(setup, counts.read(setup, kind, store, zone, rest, now_ms), recent)


def _bad(error: Refused) -> BadInput:
    return BadInput(f"A reading {error}. Nothing was stored.", field="readings", code=error.reason)


KIND = Kind(
    name="http_counts",
    title={"fr": "Compteurs de passage (HTTP)", "en": "People counters (HTTP)"},
    config=HttpCountsConfig,
    receive=receive,
    verify=verify,
    calls_at="counts",
    max_call_bytes=MAX_BODY_BYTES,
    secrets=(
        Secret(
            SECRET,
            {"fr": "Jeton des compteurs", "en": "Token of the counters"},
            {
                "fr": "Les compteurs l’envoient à chaque appel. 16 caractères au moins.",
                "en": "The counters send it with each call. 16 characters at least.",
            },
            MIN_SECRET_CHARACTERS,
        ),
    ),
)
