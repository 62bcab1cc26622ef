"""A shop's prices as its product pages tell search engines: schema.org in JSON-LD.

For shops without a feed. The pages are those of a list or of a sitemap; of many, each run reads
some, the least lately read first. A page that did not change costs one short answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydantic import Field, field_validator, model_validator

from server.connectors import http
from server.connectors.http import NO_VALIDATORS, Validators
from server.connectors.shops.goods import GoodsConfig, Listing, Reader
from server.connectors.shops.jsonld_nodes import Structured
from server.connectors.shops.jsonld_offers import reports
from server.connectors.shops.site import Forbidden, Site
from server.connectors.shops.table import AS_WINDOWS
from server.connectors.source import Kind, Setup
from server.ports import Batch, PermanentError, ProductReport, TemporaryError

MAX_PAGES = 2_000
"""Pages of one connector."""
GLANCED = 3
"""Pages that a trial reads."""
MIN_DELAY_MS, MAX_DELAY_MS = 100, 60_000
EVERY_S = 1_800
MAX_FAILURES = 5
"""Pages in a row that fail for now, before the others are left for the next run."""


class JsonLdConfig(GoodsConfig):
    """Which pages are read, and how patiently."""

    pages: tuple[str, ...] = Field(
        default=(), max_length=MAX_PAGES, description="Addresses of product pages."
    )
    sitemap: str = Field(default="", description="Address of the sitemap that names them, instead.")
    part: str = Field(
        default="",
        max_length=200,
        description="What the address of a product page contains, such as /products/.",
    )
    pages_at_once: int = Field(
        default=500, ge=1, le=MAX_PAGES, description="Pages read in one run at most."
    )
    delay_ms: int = Field(
        default=1_000,
        ge=MIN_DELAY_MS,
        le=MAX_DELAY_MS,
        description="Pause between two pages, in milliseconds; longer where robots.txt says so.",
    )

    @field_validator("pages")
    @classmethod
    def _pages(cls, pages: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(http.check_url(page) for page in pages))

    @field_validator("sitemap")
    @classmethod
    def _sitemap(cls, url: str) -> str:
        return http.check_url(url) if url else ""

    @model_validator(mode="after")
    def _one_list(self) -> JsonLdConfig:
        if bool(self.pages) == bool(self.sitemap):
            raise ValueError("Give the addresses of product pages, or that of a sitemap.")
        return self


@dataclass(slots=True)
class _Page:
    """What is kept of a page: its validators, when it was read, what it said."""

    validators: Validators = NO_VALIDATORS
    read_at: int = 0
    goods: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, state: Any) -> _Page:
        if not isinstance(state, Mapping):
            return cls()
        validators = Validators.from_state(state.get("validators"))
        return cls(validators, int(state.get("read_at", 0)), list(state.get("goods", ())))

    def to_state(self) -> dict[str, Any]:
        validators = self.validators.to_state()
        return {"validators": validators, "read_at": self.read_at, "goods": self.goods}


def fetch(setup: Setup) -> Batch:
    """What the pages say now. It is whole where all of them were read. Raises TemporaryError,
    PermanentError.
    """
    began = setup.clock()
    wait_ms = int(setup.state.get("wait_until", 0)) - began
    if wait_ms > 0:
        raise TemporaryError("The site asked for a longer pause.", wait_ms / 1000)
    return _Run(setup, began).batch()


class _Run:
    """One walk over the pages."""

    def __init__(self, setup: Setup, began: int) -> None:
        self._setup, self._began = setup, began
        self._config: JsonLdConfig = setup.config
        self._reader = Reader.of(setup)
        self._site = Site(setup.limits, self._config.delay_ms / 1000)
        kept = setup.state.get("pages", {})
        self._pages = {url: _Page.of(page) for url, page in kept.items()}
        self._refused: Counter[str] = Counter()
        self._listing = Listing()
        self._wait_until = 0
        self._error: TemporaryError | None = None

    def batch(self) -> Batch:
        urls = self._addresses()
        self._pages = {url: self._pages.get(url, _Page()) for url in urls}
        most = GLANCED if self._setup.glance else self._config.pages_at_once
        turn = sorted(urls, key=lambda url: self._pages[url].read_at)[:most]
        done = self._read(turn)
        if not done and self._error is not None:
            raise self._error
        if not done:
            raise PermanentError(
                "None of the pages could be read: their robots.txt forbids it, or they are gone."
            )
        state = {
            "pages": {url: page.to_state() for url, page in self._pages.items()},
            "wait_until": self._wait_until,
        }
        whole = self._error is None and len(turn) == len(urls)
        products = self._listing.products()
        return Batch(
            self._began, whole=whole, products=products, refused=self._refused, state=state
        )

    def _addresses(self) -> Sequence[str]:
        if not self._config.sitemap:
            return self._config.pages
        urls = self._site.addresses(self._config.sitemap, MAX_PAGES, self._config.part)
        if not urls:
            raise PermanentError("The sitemap names no page of this site with that part.")
        return urls

    def _read(self, urls: Sequence[str]) -> int:
        """Read pages one after the other; how many answered. One that is gone, or that the site
        does not want to be read, sells nothing; after some that fail the rest waits.
        """
        done = failed = 0
        for url in urls:
            try:
                self._page(url)
            except Forbidden:
                self._refused["robots"] += 1
                self._forget(url)
            except PermanentError:
                self._refused["page_gone"] += 1
                self._forget(url)
            except TemporaryError as error:
                self._refused["page_failed"] += 1
                self._error, failed = error, failed + 1
                if error.retry_after_s is not None:
                    self._wait_until = self._setup.clock() + round(error.retry_after_s * 1000)
                    break
                if failed >= MAX_FAILURES:
                    break
            else:
                done, failed = done + 1, 0
        return done

    def _forget(self, url: str) -> None:
        self._pages[url] = _Page(read_at=self._began)

    def _page(self, url: str) -> None:
        page = self._pages[url]
        with self._site.page(url, page.validators) as answer:
            if not answer.unchanged:
                body, first = answer.body.unpacked_file()
                text = (first + body.whole()).decode("utf-8", AS_WINDOWS)
                page.goods = [_told(one) for one in self._said(url, text)]
                page.validators = answer.validators
        page.read_at = self._began
        for told in page.goods:
            self._listing.add(ProductReport(**told))

    def _said(self, url: str, text: str) -> list[ProductReport]:
        structured = Structured(text)
        found: list[ProductReport] = []
        bare = False
        for product, group in structured.products():
            read = reports(structured, product, group, self._reader, url)
            found += read
            bare = bare or not read
        if structured.broken:
            self._refused["broken_json"] += structured.broken
        if not found:
            self._refused["no_offer" if bare else "no_product"] += 1
        return found


_DEFAULTS = {one.name: one.default for one in fields(ProductReport)}


def _told(product: ProductReport) -> dict[str, Any]:
    """A report as JSON, without what it leaves unsaid."""
    said = asdict(product).items()
    return {name: value for name, value in said if value != _DEFAULTS[name] and value != {}}


KIND = Kind(
    name="jsonld",
    title={"fr": "Pages produits (schema.org)", "en": "Product pages (schema.org)"},
    config=JsonLdConfig,
    fetch=fetch,
    every_s=EVERY_S,
)
