"""A shop's product feed in Google Merchant Center's format (RSS 2.0 with the `g:` namespace).

Attributes: https://support.google.com/merchants/answer/7052112. The feed lists everything: what is
absent is sold no more. `translations` are the same feed in other languages; only their words are
taken, and a translation that fails never stands in the way of a price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from server.connectors import http
from server.connectors.http import NO_VALIDATORS, Validators
from server.connectors.shops import values
from server.connectors.shops.rss import Item, items
from server.connectors.shops.values import Unreadable
from server.connectors.source import Kind, Setup, ShopConfig
from server.ports import Batch, PermanentError, ProductReport, TemporaryError

XML = "application/xml, application/rss+xml, text/xml"
LANGUAGE = r"^[a-z]{2}$"

Names = dict[str, dict[str, str]]
"""By SKU: name and lead in one language."""


class MerchantConfig(ShopConfig):
    """Where the feed is, and how to read it."""

    url: str = Field(description="Address of the product feed.")
    language: str = Field(default="fr", pattern=LANGUAGE, description="Of the feed’s words.")
    translations: dict[str, str] = Field(
        default_factory=dict, description="The same feed in other languages: {“en”: address}."
    )
    time_zone: str = Field(default="UTC", description="Of sale dates without an offset (IANA).")

    _url = field_validator("url")(http.check_url)

    @field_validator("translations")
    @classmethod
    def _addresses(cls, translations: dict[str, str]) -> dict[str, str]:
        for language, url in translations.items():
            if len(language) != 2 or not language.isalpha() or not language.islower():
                raise ValueError("A language is two lower-case letters, such as en.")
            http.check_url(url)
        return translations

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        return known_zone(name)


def known_zone(name: str) -> str:
    """Return `name` if it is a time zone. Raises ValueError."""
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, ValueError):
        raise ValueError("Write an IANA time zone, such as Europe/Paris.") from None


def fetch(setup: Setup) -> Batch:
    """The feed now, or that it did not change. Raises TemporaryError, PermanentError."""
    began = setup.clock()
    refused: Counter[str] = Counter()
    kept = setup.state
    words, validators, moved = _translations(setup, refused)
    main = Validators.from_state(kept.get("feed"))
    listed = _products(setup, main, refused)
    if listed is None and moved:
        listed = _products(setup, NO_VALIDATORS, refused)
    if listed is None:
        return Batch(began, unchanged=True, refused=refused, state=kept)
    products, main = listed
    named = tuple(
        replace(
            product,
            names={
                **product.names,
                **{
                    language: found[product.sku]
                    for language, found in words.items()
                    if product.sku in found
                },
            },
        )
        for product in products.values()
    )
    state = {"feed": main.to_state(), "translations": validators}
    return Batch(began, whole=True, products=named, refused=refused, state=state)


def _translations(
    setup: Setup, refused: Counter[str]
) -> tuple[dict[str, Names], dict[str, dict[str, str]], bool]:
    """Words by language where they changed, the validators of all, and whether any changed."""
    config: MerchantConfig = setup.config
    before = setup.state.get("translations", {})
    words: dict[str, Names] = {}
    validators: dict[str, dict[str, str]] = {}
    for language, url in config.translations.items():
        kept = Validators.from_state(before.get(language))
        validators[language] = kept.to_state()
        try:
            with http.get(url, setup.limits, kept, XML) as answer:
                if answer.unchanged:
                    continue
                found = {
                    item["id"]: _words(item)
                    for item in items(answer, setup.limits.max_rows)
                    if item.get("id")
                }
        except (TemporaryError, PermanentError):
            refused[f"translation_{language}"] = 1
        else:
            words[language] = found
            validators[language] = answer.validators.to_state()
    return words, validators, bool(words)


def _products(
    setup: Setup, validators: Validators, refused: Counter[str]
) -> tuple[dict[str, ProductReport], Validators] | None:
    """All products by SKU; None where the feed did not change."""
    config: MerchantConfig = setup.config
    found: dict[str, ProductReport] = {}
    with http.get(config.url, setup.limits, validators, XML) as answer:
        if answer.unchanged:
            return None
        for item in items(answer, setup.limits.max_rows):
            if not item.get("id"):
                refused["no_id"] += 1
                continue
            product = report(item, config)
            twin = found.get(product.sku)
            if twin is not None and _money(twin) != _money(product):
                product = replace(product, problem="duplicate")
            found[product.sku] = product
    return found, answer.validators


def _money(product: ProductReport) -> tuple[object, ...]:
    sale = (product.sale_price, product.sale_from, product.sale_until)
    return (product.price, product.currency, product.problem, *sale)


def report(item: Mapping[str, str], config: MerchantConfig) -> ProductReport:
    """One item as read. What can be read but not believed is said in `problem`."""
    words = _words(item)
    product = ProductReport(
        sku=item["id"],
        availability=values.availability(item.get("availability", "")),
        names={config.language: words} if words["name"] else {},
        link=values.link(item.get("link", "")),
        picture_url=values.link(item.get("image_link", "")),
        maker=values.words(item.get("brand", ""), values.MAX_MAKER_CHARACTERS),
        category=values.words(item.get("product_type", ""), values.MAX_CATEGORY_CHARACTERS),
    )
    if not item.get("price"):
        return product
    try:
        price = values.price(item["price"])
        product = replace(product, price=price.minor, currency=price.currency)
        return _with_sale(product, item, config)
    except Unreadable as error:
        return replace(product, problem=error.reason)


def _with_sale(
    product: ProductReport, item: Mapping[str, str], config: MerchantConfig
) -> ProductReport:
    if not item.get("sale_price"):
        return product
    sale = values.price(item["sale_price"])
    if sale.currency != product.currency:
        raise Unreadable("currency")
    dates = item.get("sale_price_effective_date", "")
    since, until = values.period(dates, ZoneInfo(config.time_zone)) if dates else (None, None)
    return replace(product, sale_price=sale.minor, sale_from=since, sale_until=until)


def _words(item: Item | Mapping[str, str]) -> dict[str, str]:
    return {
        "name": values.words(item.get("title", ""), values.MAX_NAME_CHARACTERS),
        "lead": values.words(item.get("description", ""), values.MAX_LEAD_CHARACTERS),
    }


KIND = Kind(
    name="merchant",
    title={"fr": "Flux produits Merchant Center", "en": "Merchant Center product feed"},
    config=MerchantConfig,
    fetch=fetch,
    every_s=60,
)
