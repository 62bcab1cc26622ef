"""A WooCommerce shop: it calls at each change of a product, signed, and is read through its API.

Headers of a call: `X-WC-Webhook-Signature` (base64 HMAC-SHA256 of the raw body), `-Topic`,
`-Source`, `-Delivery-ID`. When a webhook is saved, WooCommerce first sends `webhook_id=<n>` as a
form, without a signature, and keeps the webhook only where that is answered with 200.
https://woocommerce.com/document/webhooks/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from server.connectors import vendor
from server.connectors.shops import woocommerce_product as product
from server.connectors.shops.woocommerce_api import KEY, KEY_SECRET, terms_of
from server.connectors.shops.woocommerce_product import Item
from server.connectors.shops.woocommerce_read import MAX_ASKED, Goods, alias, fetch
from server.connectors.source import Delivery, Kind, Received, Secret, Setup
from server.errors import BadInput, Unauthenticated
from server.ports import Batch, PermanentError

SIGNATURE, TOPIC = "x-wc-webhook-signature", "x-wc-webhook-topic"
SOURCE, DELIVERY = "x-wc-webhook-source", "x-wc-webhook-delivery-id"
CALLS = "calls"
"""The name of the secret that the webhooks are signed with."""
DELETED, RESTORED = "product.deleted", "product.restored"
TOPICS = frozenset(
    {"product.created", "product.updated", "product.published", RESTORED, DELETED},
)
MIN_SECRET_CHARACTERS = 16
MAX_BURIED = 500
"""Deleted products that are remembered, so that an older call which comes late wakes none."""
_GREETING = re.compile(rb"webhook_id=[0-9]{1,18}")


class WooCommerceConfig(vendor.VendorConfig):
    """Where the shop is, and how to read it."""

    tax_rates: dict[str, str] = Field(
        default_factory=dict,
        description="In percent by tax class: {“standard”: “20”, “reduced-rate”: “5.5”}. Needed "
        "where the shop keeps its prices without tax.",
    )
    stock_store: str = Field(
        default="", description="The store whose pieces the shop counts. Empty: no store’s."
    )

    INSIDE = r"wp-admin|wp-json|wp-login\.php|index\.php"

    @field_validator("tax_rates")
    @classmethod
    def _rates(cls, rates: dict[str, str]) -> dict[str, str]:
        for rate in rates.values():
            try:
                good = Decimal(rate).is_finite() and 0 <= Decimal(rate) <= 100
            except InvalidOperation:
                good = False
            if not good:
                raise ValueError("A tax rate is a number of percent, such as 20 or 5.5.")
        return rates


def signature(secret: str, body: bytes) -> str:
    """The signature header of a call."""
    made = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def verify(setup: Setup, delivery: Delivery) -> None:
    """Make sure that the shop made this call, unless it is a greeting. Raises Unauthenticated,
    BadInput (another shop's), PermanentError (no secret).
    """
    if _is_greeting(delivery):
        return
    secret = setup.secrets.get(CALLS, "")
    if not secret:
        raise PermanentError("This source has no secret for calls. Give it the webhooks’ secret.")
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise PermanentError(
            f"The webhooks’ secret is too easily guessed. Give them one of {MIN_SECRET_CHARACTERS} "
            "characters at least, and this source the same."
        )
    given = delivery.headers.get(SIGNATURE, "")
    if not hmac.compare_digest(given.encode(), signature(secret, delivery.body).encode()):
        raise Unauthenticated("The signature is not the shop’s.", code="forged")
    source, ours = _host(delivery.headers.get(SOURCE, "")), _host(setup.config.url)
    if source and source != ours:
        raise BadInput(f"These are the calls of {ours}, not of a copy of it.", code="other_shop")


def receive(setup: Setup, delivery: Delivery) -> Received:
    """Verify a call and read it. Raises Unauthenticated, BadInput, PermanentError."""
    verify(setup, delivery)
    if _is_greeting(delivery):
        return Received(Batch(delivery.received_at), greeting=True)
    topic, item = _message(delivery)
    once = hashlib.sha256(delivery.headers.get(DELIVERY, "").encode() + b"\n" + delivery.body)
    memory = _Memory(setup.state, delivery.received_at)
    call = _Call(setup, delivery.received_at, memory)
    soon = call.deleted(item) if topic == DELETED else call.changed(topic, item)
    return Received(call.batch(), (once.hexdigest(),), soon=soon)


class _Memory:
    """What calls leave for the next one and for the next read: products to be read, and products
    that were deleted, each with when (unix ms); the oldest are forgotten first.
    """

    def __init__(self, state: Mapping[str, Any], now: int) -> None:
        self._asked = {str(number): int(at) for number, at in state.get("asked", ())}
        self._buried = {str(number): int(at) for number, at in state.get("buried", ())}
        self._now = now

    def to_state(self) -> dict[str, Any]:
        """In the order in which they were told: JSON objects may lose it, lists do not."""
        asked = [list(pair) for pair in self._asked.items()][-MAX_ASKED:]
        return {"asked": asked, "buried": [list(p) for p in self._buried.items()][-MAX_BURIED:]}

    def ask(self, number: str) -> None:
        self._asked.pop(number, None)
        self._asked[number] = self._now

    def bury(self, number: str) -> None:
        self._buried.pop(number, None)
        self._buried[number] = self._now

    def is_late(self, topic: str, number: str, item: Item) -> bool:
        """Whether this was said of a product before it was deleted."""
        at, changed = self._buried.get(number), product.modified_s(item)
        if at is None:
            return False
        if topic != RESTORED and (changed is None or changed * 1000 <= at + product.NEAR_MS):
            return True
        del self._buried[number]
        return False


class _Call:
    """One call, as it becomes a batch."""

    def __init__(self, setup: Setup, now: int, memory: _Memory) -> None:
        self._setup, self._now, self._memory = setup, now, memory
        taxed = setup.read.get("taxed")
        self._goods: Goods | None = None
        if taxed is not None:
            self._goods = Goods(setup, terms_of(setup.config, bool(taxed)), now)
        self._refused: dict[str, int] = {}

    def batch(self) -> Batch:
        """What it says."""
        state = self._memory.to_state()
        if self._goods is None:
            return Batch(self._now, refused=self._refused, state=state)
        self._goods.settle()
        self._goods.refused.update(self._refused)
        return self._goods.batch(whole=False, state=state)

    def deleted(self, item: Item) -> bool:
        """A delete says no more than the number. Whether something is to be read: one that is not
        known may be a variation's.
        """
        number = product.id_of(item)
        known = bool(self._setup.aliases([alias(number)]))
        self._memory.bury(number)
        if self._goods is not None:
            self._goods.forget(number)
        if not known:
            self._refused["unknown_id"] = 1
        return not known

    def changed(self, topic: str, item: Item) -> bool:
        """A product as it is now. Whether something is to be read: prices of variations do not come
        with a call, and before the first read nobody knows whether prices contain tax.
        """
        number = product.id_of(item)
        if self._memory.is_late(topic, number, item):
            self._refused["out_of_order"] = 1
            return False
        parent = item.get("parent_id")
        if item.get("type") == "variation" and isinstance(parent, int) and parent > 0:
            self._memory.ask(str(parent))
            return True
        family = item.get("type") == product.FAMILY and product.is_sold(item)
        if family or self._goods is None:
            self._memory.ask(number)
            return True
        self._goods.take(item)
        return False


def _is_greeting(delivery: Delivery) -> bool:
    return SIGNATURE not in delivery.headers and bool(_GREETING.fullmatch(delivery.body.strip()))


def _message(delivery: Delivery) -> tuple[str, Item]:
    topic = delivery.headers.get(TOPIC, "")
    if topic not in TOPICS:
        raise BadInput(
            "Of webhooks only those of products are taken: created, updated, deleted, restored.",
            code="unknown_event",
        )
    try:
        item = json.loads(delivery.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadInput("The call’s body is to be JSON.") from None
    if not product.is_one(item):
        raise BadInput("The call’s body is to be a product with its number.")
    return topic, item


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


KIND = Kind(
    name="woocommerce",
    title={"fr": "WooCommerce", "en": "WooCommerce"},
    config=WooCommerceConfig,
    fetch=fetch,
    receive=receive,
    verify=verify,
    calls_at="hooks",
    secrets=(
        Secret(
            KEY,
            {"fr": "Clé client", "en": "Consumer key"},
            {
                "fr": "WooCommerce › Réglages › Avancé › API REST › Ajouter une clé, droit "
                "« Lecture ». Elle commence par ck_.",
                "en": "WooCommerce › Settings › Advanced › REST API › Add key, permission “Read”. "
                "It begins with ck_.",
            },
            8,
        ),
        Secret(
            KEY_SECRET,
            {"fr": "Secret client", "en": "Consumer secret"},
            {
                "fr": "Affiché une seule fois avec la clé. Il commence par cs_.",
                "en": "Shown once, with the key. It begins with cs_.",
            },
            8,
        ),
        Secret(
            CALLS,
            {"fr": "Secret des webhooks", "en": "Webhooks’ secret"},
            {
                "fr": "Pour des prix à la seconde : Réglages › Avancé › Webhooks, un par sujet "
                "Produit (créé, mis à jour, supprimé, restauré), tous avec ce secret.",
                "en": "For prices within a second: Settings › Advanced › Webhooks, one for each "
                "Product topic (created, updated, deleted, restored), all with this secret.",
            },
        ),
    ),
    every_s=60,
)
