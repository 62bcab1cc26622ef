"""A shop that calls us on every change, signed; and, where it only calls, a sign of life to read.

Headers of a call: `X-Enseigne-Timestamp` (unix seconds), `X-Enseigne-Signature` (`sha256=` and the
hex HMAC-SHA256, under the shared secret, of timestamp, full stop and raw body) and
`X-Enseigne-Delivery` (the same for a repeat). Body, JSON: `{"shop", "event", "items": [{"sku",
"price", "currency", "sale_price", "sale_from", "sale_until", "availability", "version", "store",
"quantity"}]}` with the events `product.updated`, `product.deleted` and `inventory.updated`. A shop
that has no feed describes its products too: `name`, `description`, `link`, `image`, `brand`,
`category`, `group`, `measure`, `base`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from pydantic import Field, field_validator

from playlists.errors import Invalid
from playlists.ids import check_id, check_sku
from server.connectors import http
from server.connectors.shops import values
from server.connectors.shops.local_inventory import MAX_QUANTITY
from server.connectors.shops.values import Unreadable
from server.connectors.shops.versions import Versions
from server.connectors.source import SECRET, Delivery, Kind, Received, Secret, Setup, ShopConfig
from server.errors import BadInput, Unauthenticated
from server.ports import Batch, PermanentError, ProductReport, StockReport, TemporaryError

TIMESTAMP, SIGNATURE = "x-enseigne-timestamp", "x-enseigne-signature"
DELIVERY = "x-enseigne-delivery"
BEFORE = "before"
"""The name of the secret that was good before."""
MIN_SECRET_CHARACTERS = 16
MAX_DELIVERY_CHARACTERS = 180
MAX_ITEMS = 1_000
MAX_VERSION_DIGITS = 18
HEARTBEAT_BYTES = 65_536
_SECONDS = re.compile(r"[0-9]{1,12}")
PRODUCT, GONE, STOCK = "product.updated", "product.deleted", "inventory.updated"


class WebhookConfig(ShopConfig):
    """Whose calls these are. The secret is set apart, and is never shown."""

    language: str = Field(default="fr", pattern=r"^[a-z]{2}$", description="Of the calls’ words.")
    stock_source: str = Field(
        default="",
        description="The connector whose stock these calls bring up to date between its reads, so "
        "that a store’s stock has one source. Empty: this one.",
    )
    heartbeat_url: str = Field(
        default="",
        description="Where a shop that only calls says that it lives: read as often as the "
        "connector is due, it renews the leases of all its prices. A call renews those that it "
        "names.",
    )
    heartbeat_text: str = Field(
        default="", max_length=200, description="What the answer must contain to count."
    )

    @property
    def polled(self) -> bool:
        """Only where there is a sign of life to read."""
        return bool(self.heartbeat_url)

    @field_validator("stock_source")
    @classmethod
    def _connector(cls, name: str) -> str:
        try:
            return check_id(name) if name else ""
        except Invalid as refused:
            raise ValueError(str(refused)) from None

    @field_validator("heartbeat_url")
    @classmethod
    def _url(cls, url: str) -> str:
        return http.check_url(url) if url else ""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature header of a call. Raises PermanentError without a secret."""
    if not secret:
        raise PermanentError("This webhook has no secret, so anyone could sign. Give it one.")
    message = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def verify(setup: Setup, delivery: Delivery) -> tuple[str, ...]:
    """Make sure that the shop made this call, now. Returns what a repeat of it has in common.

    The delivery's name is not signed, so the signature itself counts too: a call that was listened
    in on cannot be played again under another name. Raises Unauthenticated, PermanentError.
    """
    timestamp = delivery.headers.get(TIMESTAMP, "")
    given = delivery.headers.get(SIGNATURE, "")
    secrets = [setup.secret, *filter(None, [setup.secrets.get(BEFORE)])]
    wanted = [signature(secret, timestamp, delivery.body) for secret in secrets]
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in wanted):
        raise Unauthenticated("The signature is not the shop’s.", code="forged")
    seconds = int(timestamp) if _SECONDS.fullmatch(timestamp) else 0
    if abs(delivery.received_at - seconds * 1000) > setup.limits.window_s * 1000:
        raise Unauthenticated(
            f"The timestamp is over {setup.limits.window_s} s from this server’s clock. Sign "
            "again with the present time.",
            code="late",
        )
    name = delivery.headers.get(DELIVERY, "")
    if len(name) > MAX_DELIVERY_CHARACTERS or not name.isprintable():
        raise BadInput(f"A delivery’s name has at most {MAX_DELIVERY_CHARACTERS} characters.")
    return (given, f"id={name}") if name else (given,)


@dataclass(slots=True)
class _Read:
    """What the items of one call say."""

    products: list[ProductReport] = field(default_factory=list)
    stock: list[StockReport] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def receive(setup: Setup, delivery: Delivery) -> Received:
    """Verify a call and read it. Items that are not this shop's or say nothing are counted.

    Raises Unauthenticated (forged, late), BadInput (not readable, another shop's), PermanentError
    (no secret).
    """
    once = verify(setup, delivery)
    event, found = _message(setup, delivery.body)
    read = _Read()
    seen = Versions.from_state(setup.state)
    for item in found:
        try:
            _item(setup, event, item, seen, read)
        except Unreadable as error:
            read.refused[error.reason] += 1
    batch = Batch(
        delivery.received_at,
        products=tuple(read.products),
        stock=tuple(read.stock),
        refused=read.refused,
        state=seen.to_state(),
    )
    return Received(batch, once)


def _message(setup: Setup, body: bytes) -> tuple[str, list[Any]]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("The call’s body is to be JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("items"), list):
        raise BadInput("The call’s body is to be an object with shop, event and items.")
    if message.get("shop") != setup.config.shop:
        raise BadInput(
            f"This webhook is for the shop “{setup.config.shop}”; the call names another.",
            field="shop",
            code="other_shop",
        )
    event, found = message.get("event"), message["items"]
    if event not in (PRODUCT, GONE, STOCK):
        message_text = f"There are the events {PRODUCT}, {GONE} and {STOCK}."
        raise BadInput(message_text, field="event", code="unknown_event")
    if len(found) > MAX_ITEMS:
        raise BadInput(f"A call has at most {MAX_ITEMS} items. Send several.", field="items")
    return event, found


def _item(setup: Setup, event: str, item: object, seen: Versions, read: _Read) -> None:
    if not isinstance(item, dict):
        raise Unreadable("no_id")
    try:
        sku = check_sku(_text(item, "sku"))
    except Invalid:
        raise Unreadable("bad_sku") from None
    version = _version(item)
    store = _text(item, "store")
    if event == STOCK and (not store or setup.store(store) is None):
        raise Unreadable("unknown_store")
    if seen.is_old(f"{event == STOCK:d}/{sku}/{store if event == STOCK else ''}", version):
        raise Unreadable("out_of_order")
    if event == STOCK:
        read.stock.append(StockReport(sku, store, _quantity(item), version))
    elif event == GONE:
        read.products.append(ProductReport(sku, version=version, gone=True, problem="gone"))
    else:
        read.products.append(product(item, sku, version, setup.config.language))


def product(item: Mapping[str, Any], sku: str, version: str, language: str) -> ProductReport:
    """One item's price. What can be read but not believed is said in `problem`."""
    name = values.words(_text(item, "name"), values.MAX_NAME_CHARACTERS)
    lead = values.words(_text(item, "description"), values.MAX_LEAD_CHARACTERS)
    found = ProductReport(
        sku,
        availability=values.availability(_text(item, "availability")),
        names={language: {"name": name, "lead": lead}} if name else {},
        link=values.link(_text(item, "link")),
        picture_url=values.link(_text(item, "image")),
        maker=values.words(_text(item, "brand"), values.MAX_MAKER_CHARACTERS),
        category=values.words(_text(item, "category"), values.MAX_CATEGORY_CHARACTERS),
        version=version,
        group=_text(item, "group")[: values.MAX_GROUP_CHARACTERS],
        measure=_text(item, "measure")[: values.MAX_MEASURE_CHARACTERS],
        base=_text(item, "base")[: values.MAX_MEASURE_CHARACTERS],
    )
    try:
        currency = _text(item, "currency")
        if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            raise Unreadable("currency")
        price = values.amount(_text(item, "price"), currency)
        found = replace(found, price=price, currency=currency)
        if not _text(item, "sale_price"):
            return found
        sale = values.amount(_text(item, "sale_price"), currency)
        since, until = (
            values.instant(_text(item, name), UTC) if _text(item, name) else None
            for name in ("sale_from", "sale_until")
        )
        if since is not None and until is not None and until <= since:
            raise Unreadable("sale_dates")
        return replace(found, sale_price=sale, sale_from=since, sale_until=until)
    except Unreadable as error:
        return replace(found, problem=error.reason)


def _text(item: Mapping[str, Any], name: str) -> str:
    """A value as text; a whole number is one too, for shops that do not quote them."""
    value = item.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15:
        return str(value)
    return value if isinstance(value, str) else ""


def _version(item: Mapping[str, Any]) -> str:
    version = _text(item, "version")
    if len(version) > MAX_VERSION_DIGITS or not version.isprintable():
        raise Unreadable("version")
    return version


def _quantity(item: Mapping[str, Any]) -> int:
    quantity = item.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        raise Unreadable("no_quantity")
    if quantity < 0:
        raise Unreadable("negative_stock")
    if quantity > MAX_QUANTITY:
        raise Unreadable("huge")
    return quantity


def fetch(setup: Setup) -> Batch:
    """Read the sign of life: what the shop told last still stands. Raises TemporaryError where
    there is none.
    """
    config: WebhookConfig = setup.config
    began = setup.clock()
    limits = replace(setup.limits, max_bytes=HEARTBEAT_BYTES)
    with http.get(config.heartbeat_url, limits) as answer:
        said = answer.body.whole()
    if config.heartbeat_text.encode() not in said:
        raise TemporaryError("The shop’s sign of life does not say what it should.")
    return Batch(began, unchanged=True)


KIND = Kind(
    name="webhook",
    title={"fr": "Appels signés de la boutique", "en": "The shop’s signed calls"},
    config=WebhookConfig,
    fetch=fetch,
    receive=receive,
    verify=verify,
    calls_at="hooks",
    secrets=(
        Secret(
            SECRET,
            {"fr": "Secret des appels", "en": "Secret of the calls"},
            {
                "fr": "La boutique signe chaque appel avec lui. 16 caractères au moins.",
                "en": "The shop signs each call with it. 16 characters at least.",
            },
            MIN_SECRET_CHARACTERS,
        ),
        Secret(
            BEFORE,
            {"fr": "Secret précédent", "en": "The secret before it"},
            {
                "fr": "Vaut aussi, le temps que la boutique change de secret.",
                "en": "Good too, while the shop changes its secret.",
            },
        ),
    ),
    every_s=60,
)
