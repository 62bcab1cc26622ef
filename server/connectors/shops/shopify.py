"""A Shopify shop: its webhooks at each change, and a full read through its Admin API.

Calls (https://shopify.dev/docs/api/webhooks): `products/create`, `products/update`,
`products/delete`, `inventory_levels/update`, signed with base64 HMAC-SHA256 over the raw body in
`X-Shopify-Hmac-SHA256`. They come repeated and out of order: the product's `updated_at` orders them
against the full read, `X-Shopify-Triggered-At` those of one second. Calls name inventory items,
locations and deleted products by numbers; the full read teaches which SKUs those are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from server.connectors import http
from server.connectors.shops import shopify_admin as admin
from server.connectors.shops.shopify_admin import Admin, Listed
from server.connectors.shops.shopify_calls import read_call
from server.connectors.shops.shopify_goods import SEVERAL, SOLD, products_of
from server.connectors.source import Delivery, Kind, Received, Secret, Setup, ShopConfig
from server.errors import Unauthenticated
from server.ports import Batch, PermanentError, ProductReport, StockReport, TemporaryError

SIGNATURE = "x-shopify-hmac-sha256"
WEBHOOK, BEFORE, TOKEN = "webhook", "webhook_before", "token"
"""The names of its secrets."""
MIN_SECRET_CHARACTERS = 16
MAX_CALL_BYTES = 4 * 1024 * 1024
"""A product has up to 2,048 variants, each some hundreds of bytes."""
LAG_MS = 60_000
"""How far behind Shopify's own clock a page of its answers may be, at the most."""


class ShopifyConfig(ShopConfig):
    """Which shop, and how its Admin API is asked."""

    url: str = Field(description="The shop’s own address: pluvier.myshopify.com.")
    client_id: str = Field(
        default="", max_length=200, description="Of the app in Shopify’s dev dashboard."
    )
    language: str = Field(default="fr", pattern=r"^[a-z]{2}$", description="Of the shop’s words.")
    api_version: str = Field(
        default="2026-10",
        pattern=r"^(20\d\d-(01|04|07|10)|unstable)$",
        description="Of the Admin API: a quarter.",
    )
    without_tax: bool = Field(
        default=False,
        description="Take prices that do not include taxes. Customers in the EU may not be shown "
        "such prices.",
    )

    @field_validator("url", mode="before")
    @classmethod
    def _url(cls, url: object) -> object:
        """A shop is named in many ways: `pluvier`, `pluvier.myshopify.com`, a page of its admin."""
        if not isinstance(url, str):
            return url
        text = url.strip().rstrip("/")
        if "://" not in text:
            text = f"https://{text if '.' in text else f'{text}.myshopify.com'}"
        parts = urlsplit(http.check_url(text))
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("The token would go unencrypted. Write https.")
        return f"{parts.scheme}://{parts.netloc}"


def verify(setup: Setup, delivery: Delivery) -> None:
    """Make sure that Shopify made this call, with either of two secrets while one is changed for
    the other. Raises Unauthenticated, PermanentError.
    """
    secrets = [setup.secrets[name] for name in (WEBHOOK, BEFORE) if setup.secrets.get(name)]
    if not secrets:
        raise PermanentError("This connector has no signing secret, so anyone could call.")
    try:
        given = base64.b64decode(delivery.headers.get(SIGNATURE, ""), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    wanted = (hmac.digest(secret.encode(), delivery.body, hashlib.sha256) for secret in secrets)
    if not any(hmac.compare_digest(given, one) for one in wanted):
        raise Unauthenticated("The signature is not Shopify’s.", code="forged")


def receive(setup: Setup, delivery: Delivery) -> Received:
    """Verify a call and read it. Raises Unauthenticated, BadInput, PermanentError."""
    verify(setup, delivery)
    return read_call(setup, delivery)


def fetch(setup: Setup) -> Batch:
    """The whole shop now. Raises TemporaryError, PermanentError where any part of it is missing."""
    try:
        return _read(setup)
    except (KeyError, TypeError, AttributeError):
        raise TemporaryError("Shopify’s answer is not of the form that it should be.") from None


def _read(setup: Setup) -> Batch:
    config: ShopifyConfig = setup.config
    began = setup.clock()
    api = Admin(
        config.url,
        config.api_version,
        _token(setup),
        setup.limits,
        began,
        pages=1 if setup.glance else None,
    )
    about = api.about()
    if not about.taxes_included and not config.without_tax:
        raise PermanentError(
            "The shop’s prices do not include taxes, and customers may not be shown such prices in "
            "the EU. Let Shopify include taxes in prices, or allow prices without tax here."
        )
    refused: Counter[str] = Counter()
    # A page that moves while it is read may say a variant twice: the later one counts.
    sold = list({one.variant.id: one for one in _sold(api, refused)}.values())
    products, aliases = _products(setup, sold, about.currency)
    items = {one.variant.item: one.variant.sku for one in sold}
    stock, strangers = _stock(setup, api, items, aliases)
    return Batch(
        began,
        whole=not setup.glance,
        products=products,
        stock=tuple(stock),
        refused=refused,
        aliases=aliases,
        unknown_stores=strangers,
    )


def _token(setup: Setup) -> str:
    config: ShopifyConfig = setup.config
    if token := setup.secrets.get(TOKEN):
        return token
    if not config.client_id:
        raise PermanentError("Give it the app’s client ID, or an access token of the Admin API.")
    return admin.granted(config.url, config.client_id, setup.secrets.get(WEBHOOK, ""), setup.limits)


def _sold(api: Admin, refused: Counter[str]) -> Iterator[Listed]:
    for one in api.variants():
        if one.status in SOLD:
            yield one
        else:
            refused["not_sold"] += 1


def _products(
    setup: Setup, sold: list[Listed], currency: str
) -> tuple[list[ProductReport], dict[str, str]]:
    """The reports, and what calls may name. A SKU that two variants bear is nobody's price."""
    bearers = Counter(one.variant.sku for one in sold)
    before = setup.aliases([f"sku:{sku}" for sku in bearers])
    reports: dict[str, ProductReport] = {}
    aliases: dict[str, str] = {"currency": currency}
    for one in sold:
        sku = one.variant.sku
        report = one.variant.report(currency, setup.config.language)
        aliases |= one.variant.aliases()
        if bearers[sku] > 1:
            report = replace(report, problem="duplicate")
            aliases[f"sku:{sku}"] = SEVERAL
        owner = before.get(f"sku:{sku}", "")
        if owner and owner != aliases[f"sku:{sku}"]:
            # Another product's SKU until now: its versions say nothing about this one's.
            since = max(one.variant.updated_at, one.said_at - LAG_MS)
            report = replace(report, version=str(since))
        reports[sku] = report
    aliases |= products_of(one.variant for one in sold)
    return list(reports.values()), aliases


def _stock(
    setup: Setup, api: Admin, items: dict[str, str], aliases: dict[str, str]
) -> tuple[list[StockReport], tuple[str, ...]]:
    """Stock of the places that are our stores, by number or by name; and the other places."""
    stock, strangers = [], []
    for place, name in api.locations().items():
        code = next((one for one in (place, name) if setup.store(one) is not None), "")
        if not code:
            strangers.append(name)
            continue
        aliases[f"location:{place}"] = code
        stock += [
            StockReport(items[level.item], code, level.pieces, str(level.updated_at))
            for level in api.levels(place)
            if level.item in items
        ]
    return stock, tuple(strangers)


KIND = Kind(
    name="shopify",
    title={"fr": "Boutique Shopify", "en": "Shopify shop"},
    config=ShopifyConfig,
    fetch=fetch,
    receive=receive,
    verify=verify,
    calls_at="hooks",
    max_call_bytes=MAX_CALL_BYTES,
    secrets=(
        Secret(
            WEBHOOK,
            {"fr": "Secret client de l’application", "en": "Client secret of the app"},
            {
                "fr": "Dans le tableau de bord des développeurs, sous Paramètres ; il signe aussi "
                "les webhooks.",
                "en": "In the dev dashboard, under Settings; it signs the webhooks too.",
            },
            MIN_SECRET_CHARACTERS,
        ),
        Secret(
            TOKEN,
            {"fr": "Jeton d’accès Admin API", "en": "Admin API access token"},
            {
                "fr": "shpat_…, pour une application d’avant 2026 ; sinon l’identifiant client "
                "suffit.",
                "en": "shpat_…, for an app from before 2026; otherwise the client ID will do.",
            },
        ),
        Secret(
            BEFORE,
            {"fr": "Second secret de signature", "en": "Second signing secret"},
            {
                "fr": "Vaut aussi : l’ancien secret pendant un changement, ou celui de la page "
                "Notifications de la boutique.",
                "en": "Good too: the old secret during a change, or that of the shop’s "
                "Notifications page.",
            },
        ),
    ),
    every_s=600,
)
