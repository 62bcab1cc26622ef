"""A shop's product feed in Google Merchant Center's format: RSS, Atom or tab-separated text, packed
or not, told from its bytes.

Attributes: https://support.google.com/merchants/answer/7052112. The feed lists everything: what is
absent is sold no more. `translations` are the same feed in other languages; only their words are
taken, and a translation that fails never stands in the way of a price. `local_url` is the local
inventory feed of the same shop, where stores have prices of their own (local_prices).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, field_validator

from server.connectors import http
from server.connectors.http import NO_VALIDATORS, Validators
from server.connectors.shops.aside import Aside
from server.connectors.shops.feed import ACCEPT, feed_rows
from server.connectors.shops.goods import GoodsConfig, Listing, Reader
from server.connectors.shops.local_inventory import Stock
from server.connectors.shops.local_prices import LocalPrices
from server.connectors.shops.rows import Row
from server.connectors.source import Kind, Setup
from server.ports import Batch, PermanentError, TemporaryError

MAX_LANGUAGES = 20
_LOCAL = ("no_id", "unknown_store", "columns", "quotes", "twice")
"""What is wrong with a row of the local inventory, whatever it was to tell."""


class MerchantConfig(GoodsConfig):
    """Where the feed is, and how to read it."""

    url: str = Field(description="Address of the product feed.")
    local_url: str = Field(
        default="",
        description="Address of the local inventory feed, where stores have prices of their own.",
    )
    translations: dict[str, str] = Field(
        default_factory=dict,
        max_length=MAX_LANGUAGES,
        description="The same feed in other languages: {“en”: address}.",
    )

    _url = field_validator("url")(http.check_url)

    @field_validator("local_url")
    @classmethod
    def _local(cls, url: str) -> str:
        return http.check_url(url) if url else ""

    @field_validator("translations")
    @classmethod
    def _addresses(cls, translations: dict[str, str]) -> dict[str, str]:
        for language, url in translations.items():
            if len(language) != 2 or not language.isalpha() or not language.islower():
                raise ValueError("A language is two lower-case letters, such as en.")
            http.check_url(url)
        return translations


@dataclass(slots=True)
class _Kept:
    """What the connector wants back: validators of each feed, and when the next item expires."""

    feed: Validators = NO_VALIDATORS
    local: Validators = NO_VALIDATORS
    translations: dict[str, Validators] = field(default_factory=dict)
    expires: int | None = None

    @classmethod
    def of(cls, state: Mapping[str, Any], now: int) -> _Kept:
        """From a state; of a feed that says other things by now, nothing."""
        words = state.get("translations", {})
        kept = cls(
            Validators.from_state(state.get("feed")),
            Validators.from_state(state.get("local")),
            {language: Validators.from_state(one) for language, one in words.items()},
            state.get("expires"),
        )
        if kept.expires is not None and kept.expires <= now:
            kept.feed = NO_VALIDATORS
        return kept

    def to_state(self) -> dict[str, Any]:
        """As JSON."""
        words = {language: one.to_state() for language, one in self.translations.items()}
        state = {"feed": self.feed.to_state(), "local": self.local.to_state()}
        return {**state, "translations": words, "expires": self.expires}


def fetch(setup: Setup) -> Batch:
    """The feed now, or that it did not change. Raises TemporaryError, PermanentError."""
    began = setup.clock()
    kept = _Kept.of(setup.state, began)
    refused: Counter[str] = Counter()
    with Aside() as words, Aside() as local:
        _translations(setup, kept, words, refused)
        found = _Feeds(setup, kept, words, LocalPrices(setup, local), refused)
        if not found.read():
            return Batch(began, unchanged=True, refused=refused, state=setup.state)
        return Batch(
            began,
            whole=True,
            products=found.listing.products(),
            stock=found.stock.reports(refused),
            refused=refused,
            state=kept.to_state(),
        )


def _translations(setup: Setup, kept: _Kept, words: Aside, refused: Counter[str]) -> None:
    """Words where they changed; a translation that cannot be read is counted."""
    config: MerchantConfig = setup.config
    reader = Reader.of(setup)
    before, kept.translations = kept.translations, {}
    for language, url in config.translations.items():
        validators = before.get(language, NO_VALIDATORS)
        try:
            with http.get(url, setup.limits, validators, ACCEPT) as answer:
                if not answer.unchanged:
                    words.add(
                        (row.fields["id"], language, reader.words(row.fields))
                        for row in feed_rows(answer, setup.limits.max_rows)
                        if row.fields.get("id")
                    )
                    validators = answer.validators
        except (TemporaryError, PermanentError):
            words.forget(language)
            refused[f"translation_{language}"] = 1
        kept.translations[language] = validators


class _Feeds:
    """Reads the product feed, and the local one where there is one: both where one changed."""

    def __init__(
        self,
        setup: Setup,
        kept: _Kept,
        words: Aside,
        local: LocalPrices,
        refused: Counter[str],
    ) -> None:
        self._setup, self._kept, self._refused = setup, kept, refused
        self._config: MerchantConfig = setup.config
        self._reader = Reader.of(setup)
        self._words, self._local = words, local
        self.listing = Listing()
        self.stock = Stock()

    def read(self) -> bool:
        """Read what the shop says now; False where nothing changed."""
        fresh = not self._words.empty
        read = bool(self._config.local_url) and self._read_local(self._kept.local)
        validators = NO_VALIDATORS if fresh or read else self._kept.feed
        with http.get(self._config.url, self._setup.limits, validators, ACCEPT) as answer:
            if answer.unchanged:
                return False
            if self._config.local_url and not read:
                self._read_local(NO_VALIDATORS)
            self._kept.expires = None
            for row in feed_rows(answer, self._setup.limits.max_rows):
                self._take(row)
        self._kept.feed = answer.validators
        return True

    def _take(self, row: Row) -> None:
        if not row.fields.get("id"):
            self._refused["no_id"] += 1
            return
        expires = self._reader.expires(row.fields)
        if expires is not None and expires <= self._reader.now:
            self._refused["expired"] += 1
            return
        if expires is not None:
            self._kept.expires = min(expires, self._kept.expires or expires)
        words = self._words.of(row.fields["id"])
        for product in self._local.applied(self._reader.report(row, words)):
            self.listing.add(product)

    def _read_local(self, validators: Validators) -> bool:
        url, limits = self._config.local_url, self._setup.limits
        with http.get(url, limits, validators, ACCEPT) as answer:
            if answer.unchanged:
                return False
            rows, ignored = feed_rows(answer, limits.max_rows), Counter[str]()
            self._local.add(self.stock.reading(rows, self._setup, ignored), self._reader)
        # Pieces may well be missing where only prices are told, and the reverse.
        self._refused.update({name: ignored[name] for name in _LOCAL if ignored[name]})
        self._kept.local = answer.validators
        return True


KIND = Kind(
    name="merchant",
    title={"fr": "Flux produits Merchant Center", "en": "Merchant Center product feed"},
    config=MerchantConfig,
    fetch=fetch,
    every_s=60,
)
