"""A store's till that says which price it has, and is called when a higher one is on the screens.

It calls us as a shop does (server.connectors.shops.webhook: timestamp, signature, delivery). Body,
JSON: `{"items": [{"sku", "store", "price", "currency", "version", "at"}]}`; `price` is a decimal
number as text, `version` the till's own, which grows, `at` the instant (ISO 8601) from which it
charges that. We call it, signed the same way, at `release_url`: `{"event": "prices.released",
"items": [{"sku", "store", "price", "currency", "version"}]}`; whatever it answers with 2xx counts
as heard, and a repeat of a call carries the same delivery.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Literal

from babel.numbers import get_currency_precision
from pydantic import Field, field_validator

from playlists.errors import Invalid
from playlists.ids import canonical, check_sku
from server.connectors import http
from server.connectors.shops import values, webhook
from server.connectors.shops.values import Unreadable
from server.connectors.source import SECRET, Config, Delivery, Kind, Limits, Received, Secret, Setup
from server.errors import BadInput
from server.ports import Batch, TillReport

TIMEOUT_S, MIN_TIMEOUT_S, MAX_TIMEOUT_S = 120, 5, 3_600
MISMATCH_S, MIN_MISMATCH_S, MAX_MISMATCH_S = 120, 5, 86_400
MAX_ITEMS = 1_000
"""Prices in one call, theirs or ours."""
MAX_VERSION_CHARACTERS = 18
AHEAD_MS = 60_000
"""A till's clock may be this much ahead of ours."""
RELEASED = "prices.released"


class TillConfig(Config):
    """How a till is minded. The secret is set apart, and is never shown."""

    only: tuple[str, ...] = Field(
        min_length=1,
        description="Our stores whose tills these are. Prices wait for them there, so stores that "
        "have none must not be among them.",
    )
    order: Literal["both", "report"] = Field(
        default="both",
        description="both: a higher price is on the screens before it is owed, a lower one at the "
        "till before it is on the screens. report: prices wait for nobody; differences are told.",
    )
    timeout_s: int = Field(
        default=TIMEOUT_S,
        ge=MIN_TIMEOUT_S,
        le=MAX_TIMEOUT_S,
        description="How long screens and till wait for each other, seconds. Then a lower price "
        "leaves the screens without any, and a higher one is owed.",
    )
    release_url: str = Field(
        default="",
        description="Where the till is called once a higher price is on the screens. Empty: it is "
        "not called.",
    )
    mismatch_s: int = Field(
        default=MISMATCH_S,
        ge=MIN_MISMATCH_S,
        le=MAX_MISMATCH_S,
        description="Screens and till may differ for so long, seconds, before that is recorded.",
    )
    on_mismatch: Literal["report", "price_free"] = Field(
        default="report",
        description="What screens do of a price that the till is known to differ from: report "
        "leaves it on, price_free takes it off until both agree.",
    )

    @field_validator("release_url")
    @classmethod
    def _url(cls, url: str) -> str:
        return http.check_url(url) if url else ""


def receive(setup: Setup, delivery: Delivery) -> Received:
    """Verify a call and read which prices the till has. Items that say nothing are counted.

    Raises Unauthenticated (forged, late), BadInput (not readable), PermanentError (no secret).
    """
    once = webhook.verify(setup, delivery)
    found: list[TillReport] = []
    refused: Counter[str] = Counter()
    for item in _items(delivery.body):
        try:
            found.append(_report(setup, item, delivery.received_at))
        except Unreadable as error:
            refused[error.reason] += 1
    return Received(Batch(delivery.received_at, tills=tuple(found), refused=refused), once)


def _items(body: bytes) -> list[Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("The call’s body is to be JSON.") from None
    items = message.get("items") if isinstance(message, dict) else None
    if not isinstance(items, list):
        raise BadInput("The call’s body is to be an object with items.", field="items")
    if len(items) > MAX_ITEMS:
        raise BadInput(f"A call has at most {MAX_ITEMS} items. Send several.", field="items")
    return items


def _report(setup: Setup, item: object, received_at: int) -> TillReport:
    if not isinstance(item, dict):
        raise Unreadable("no_id")
    texts = {name: _text(item, name) for name in ("sku", "store", "currency", "version", "at")}
    try:
        sku = check_sku(texts["sku"])
    except Invalid:
        raise Unreadable("bad_sku") from None
    if setup.store(texts["store"]) is None:
        raise Unreadable("unknown_store")
    currency, version = texts["currency"], texts["version"]
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Unreadable("currency")
    if len(version) > MAX_VERSION_CHARACTERS or not version.isprintable():
        raise Unreadable("version")
    price = values.amount(_text(item, "price"), currency)
    at = values.instant(texts["at"], UTC) if texts["at"] else received_at
    if at > received_at + AHEAD_MS:
        raise Unreadable("future")
    return TillReport(sku, texts["store"], price, currency, version, min(at, received_at))


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15:
        return str(value)
    return value if isinstance(value, str) else ""


def release(
    config: TillConfig, secret: str, prices: Sequence[TillReport], now: int, limits: Limits
) -> None:
    """Tell the till that these prices are on the screens, at most MAX_ITEMS of them.

    `store` is ours; the till is told its own code. Raises TemporaryError, PermanentError.
    """
    theirs = {ours: code for code, ours in config.stores.items()}
    items = [
        {
            "sku": one.sku,
            "store": theirs.get(one.store, one.store),
            "price": decimal(one.price, one.currency),
            "currency": one.currency,
            "version": one.version,
        }
        for one in prices
    ]
    body = canonical({"event": RELEASED, "items": items})
    seconds = str(now // 1000)
    headers = {
        "Content-Type": "application/json",
        webhook.TIMESTAMP: seconds,
        webhook.SIGNATURE: webhook.signature(secret, seconds, body),
        webhook.DELIVERY: hashlib.sha256(body).hexdigest()[:32],
    }
    http.post(config.release_url, body, headers, limits)


def decimal(amount: int, currency: str) -> str:
    """Minor units as the decimal number that the till writes: 11990 EUR is `119.90`."""
    digits = get_currency_precision(currency)
    whole, minor = divmod(amount, 10**digits)
    return f"{whole}.{minor:0{digits}d}" if digits else str(whole)


KIND = Kind(
    name="till",
    title={"fr": "Caisses d’un magasin", "en": "A store’s tills"},
    config=TillConfig,
    receive=receive,
    verify=webhook.verify,
    calls_at="hooks",
    secrets=(
        Secret(
            SECRET,
            {"fr": "Secret des appels", "en": "Secret of the calls"},
            {
                "fr": "La caisse et ce serveur signent leurs appels avec lui. "
                "16 caractères au moins.",
                "en": "The till and this server sign their calls with it. 16 characters at least.",
            },
            webhook.MIN_SECRET_CHARACTERS,
        ),
    ),
)
