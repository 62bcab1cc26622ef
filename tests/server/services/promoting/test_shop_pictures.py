"""Pictures that shops name of their products, fetched from a real server when looked at."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from playlists.ids import Sku
from server.db.models import AssetRow, DirtyRow, ProductRow
from server.errors import Conflict, NotFound
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.library.assets import delete_asset
from server.services.prices import intake
from server.services.promoting.shop_pictures import picture_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, "PNG")
    return buffer.getvalue()


class Shop(BaseHTTPRequestHandler):
    """Answers with pictures, and counts who asks."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        found = {"/boot.png": ("image/png", png()), "/kite.svg": ("image/svg+xml", SVG)}
        mime, body = found.get(self.path, ("text/html", b"<html>No.</html>"))
        self.send_response(200)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def shop() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Asked", (Shop,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@pytest.fixture
def ctx(ctx: Context) -> Context:
    ctx.settings.allow_private = True
    return ctx


def deliver(ctx: Context, sku: str, url: str) -> None:
    report = ProductReport(sku, "EUR", 900, names={"fr": {"name": sku}}, picture_url=url)
    batch = Batch(ctx.clock(), products=(report,))
    intake.take(ctx, intake.Source("feed", shop="pluvier"), batch)


def test_a_picture_is_fetched_once_and_screens_are_told(
    ctx: Context, shop: tuple[str, list[str]]
) -> None:
    base, asked = shop
    deliver(ctx, "BOOT", f"{base}/boot.png")
    sha = picture_of(ctx, SYSTEM, "BOOT", "lille")
    assert picture_of(ctx, SYSTEM, "BOOT", "prado") == sha
    assert asked == ["/boot.png"]
    with ctx.db.read() as session:
        assert session.get_one(AssetRow, sha).kind == "image"
        assert session.get_one(ProductRow, ("pluvier", Sku("BOOT"))).picture_sha == sha
        dirty = {row.key for row in session.query(DirtyRow)}
    assert {"product:BOOT@pluvier@lille", "product:BOOT@pluvier@prado"} <= dirty
    with pytest.raises(Conflict):
        delete_asset(ctx, SYSTEM, sha)


def test_a_drawing_is_read_as_a_strangers(ctx: Context, shop: tuple[str, list[str]]) -> None:
    deliver(ctx, "KITE", f"{shop[0]}/kite.svg")
    sha = picture_of(ctx, SYSTEM, "KITE", "lille")
    with ctx.db.read() as session:
        assert session.get_one(AssetRow, sha).kind == "drawing"


def test_what_is_no_picture_is_not_asked_for_again_at_once(
    ctx: Context, shop: tuple[str, list[str]]
) -> None:
    base, asked = shop
    deliver(ctx, "PAGE", f"{base}/page")
    for _ in range(2):
        with pytest.raises(NotFound):
            picture_of(ctx, SYSTEM, "PAGE", "lille")
    assert asked == ["/page"]


def test_an_address_of_ones_own_network_is_not_asked(
    ctx: Context, shop: tuple[str, list[str]]
) -> None:
    base, asked = shop
    ctx.settings.allow_private = False
    deliver(ctx, "INNER", f"{base}/boot.png?inner")
    with pytest.raises(NotFound):
        picture_of(ctx, SYSTEM, "INNER", "lille")
    assert asked == []
