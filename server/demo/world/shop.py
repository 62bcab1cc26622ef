"""Pluvier's web shop as an HTTP peer: its feeds, its product pages, and actions that change it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, abort, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from server.demo.catalogue import GOODS_ART, STORES
from server.demo.goods import BY_SLUG, PRODUCTS
from server.demo.world.breakage import Breakage
from server.demo.world.feeds import local_feed, product_feed
from server.demo.world.peer import Action, action_routes
from server.demo.world.stall import Stall
from server.demo.world.webhook import Webhook

XML = "application/xml"
LANGUAGES = ("fr", "en")


class Shop:
    """The shop's parts under one name: what it sells, how it breaks, whom it calls."""

    def __init__(self, stall: Stall, breakage: Breakage, webhook: Webhook) -> None:
        self.stall, self.breakage, self.webhook = stall, breakage, webhook

    def actions(self) -> dict[str, Action]:
        """All that can be done to the shop, by name."""
        return self.stall.actions() | self.breakage.actions() | self.webhook.actions()

    def state(self) -> dict[str, Any]:
        """The shop as JSON: articles, break mode, whether the webhook is on."""
        switches = {"mode": self.breakage.mode, "webhook": self.webhook.on}
        return self.stall.state() | switches


class _LastModified:
    """When each feed's content last became what it is."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[str, datetime]] = {}

    def of(self, name: str, digest: str) -> datetime:
        known = self._seen.get(name)
        if known is None or known[0] != digest:
            known = self._seen[name] = (digest, self._clock().astimezone(UTC))
        return known[1]


def shop_app(shop: Shop) -> Flask:
    """The shop's web application."""
    app = Flask(__name__, template_folder="pages", static_folder=None)
    dates = _LastModified(lambda: shop.stall.now)

    def answer(name: str, feed: bytes) -> Response:
        refused = shop.breakage.refusal(feed)
        if refused is not None:
            return refused
        body = shop.breakage.spoil(feed)
        digest = hashlib.sha256(body).hexdigest()[:32]
        return _feed_response(body, digest, dates.of(name, digest))

    @app.get("/feed.xml")
    def products() -> Response:
        lang = _language()
        articles = shop.stall.articles()
        return answer(f"feed-{lang}", product_feed(articles, _base(), lang, shop.stall.now))

    @app.get("/local.xml")
    def local() -> Response:
        return answer("local", local_feed(shop.stall.articles(), _base()))

    @app.get("/")
    def index() -> ResponseReturnValue:
        return render_template("shop.html", lang=_language(), products=PRODUCTS, shop=shop.stall)

    @app.get("/p/<slug>")
    def product(slug: str) -> ResponseReturnValue:
        if slug not in BY_SLUG:
            abort(404)
        found = BY_SLUG[slug]
        item = shop.stall.item(found.sku)
        page = {"lang": _language(), "product": found, "item": item, "stores": STORES}
        return render_template("product.html", **page)

    @app.get("/pictures/<path:name>")
    def picture(name: str) -> Response:
        return send_from_directory(GOODS_ART, name, max_age=3600)

    app.register_blueprint(action_routes("shop", shop.actions(), shop.state), url_prefix="/admin")
    return app


def _feed_response(body: bytes, digest: str, changed: datetime) -> Response:
    """The feed with its validators, compressed when asked for; 304 when the asker has it."""
    response = Response(body, mimetype=XML)
    response.set_etag(digest)
    if request.accept_encodings["gzip"] and body:
        response.set_data(gzip.compress(body, mtime=0))
        response.content_encoding = "gzip"
        response.set_etag(f"{digest}-gzip")
    response.vary.add("Accept-Encoding")
    response.last_modified = changed
    response.cache_control.no_cache = True
    response.make_conditional(request)
    response.headers.pop("Date", None)  # the server itself dates every answer
    return response


def _language() -> str:
    """`lang` of the address, else the shop's own French."""
    return "en" if request.args.get("lang") == "en" else "fr"


def _base() -> str:
    return request.host_url.rstrip("/")
