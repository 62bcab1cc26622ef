"""The page over the outside world: its controls, what it just did, and the live screens beside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from server.demo.catalogue import GOODS_ART, STORES, Product
from server.demo.goods import PRODUCTS
from server.demo.world import breakage, climate
from server.demo.world.climate import Climate
from server.demo.world.crowd import Crowd
from server.demo.world.journal import Journal
from server.demo.world.peer import action_routes
from server.demo.world.shop import Shop

FONTS = Path(__file__).resolve().parents[3] / "player" / "page" / "look" / "fonts"
"""The screens' own fonts; where they are absent the page falls back on the system's."""
HEARTBEAT_S = 15.0
_NO_CACHE = "no-cache"


def page_app(shop: Shop, sky: Climate, crowd: Crowd, journal: Journal, screens_url: str) -> Flask:
    """The page's web application; `screens_url` is where the server shows its screens."""
    app = Flask(__name__, template_folder="pages", static_folder="static")
    screens = urlsplit(screens_url)
    policy = (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self'; frame-src {screens.scheme}://{screens.netloc}"
    )

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", _NO_CACHE)
        return response

    @app.get("/")
    def index() -> str:
        lang = request.args.get("lang")
        if lang not in ("fr", "en"):
            lang = request.accept_languages.best_match(("fr", "en")) or "en"
        theme = request.args.get("theme")
        return render_template("world.html", lang=lang, theme=theme, screens_url=screens_url)

    @app.get("/world.json")
    def world() -> Response:
        return jsonify(
            last_id=journal.last_id,
            stores=[{"code": s.code, "name": s.name, "plate": s.plate} for s in STORES],
            products=[_described(product) for product in PRODUCTS],
            shop=shop.state(),
            weather=sky.state(),
            crowd=crowd.state(),
            modes={"feed": breakage.MODES, "weather": climate.MODES},
        )

    @app.get("/events")
    def events() -> ResponseReturnValue:
        after = request.headers.get("Last-Event-ID") or request.args.get("after", "0")
        since = int(after) if after.isdigit() else 0
        if since > journal.last_id:
            since = 0
        return Response(_stream(journal, since), mimetype="text/event-stream")

    @app.get("/pictures/<path:name>")
    def picture(name: str) -> Response:
        return send_from_directory(GOODS_ART, name, max_age=3600)

    @app.get("/fonts/<path:name>")
    def font(name: str) -> Response:
        return send_from_directory(FONTS, name, max_age=3600)

    for name, actions, state in (
        ("shop", shop.actions(), shop.state),
        ("weather", sky.actions(), sky.state),
        ("crowd", crowd.actions(), crowd.state),
    ):
        app.register_blueprint(action_routes(name, actions, state), url_prefix=f"/{name}")
    return app


def _described(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "name": product.name,
        "title": {"fr": product.title.fr, "en": product.title.en},
        "lead": {"fr": product.lead.fr, "en": product.lead.en},
        "picture": product.picture,
        "first_price_minor": product.price_minor,
    }


def _stream(journal: Journal, since: int) -> Iterator[str]:
    """Server-sent events: each journal entry under its own id, and a comment when all is quiet."""
    yield "retry: 1000\n\n"
    while True:
        entries = journal.after(since, HEARTBEAT_S)
        if not entries:
            yield ": quiet\n\n"
        for entry in entries:
            since = entry["id"]
            yield f"id: {since}\ndata: {json.dumps(entry)}\n\n"
