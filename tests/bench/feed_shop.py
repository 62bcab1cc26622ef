"""A shop with a long Merchant Center feed: writes it, and serves it over HTTP.

`python -m tests.bench.feed_shop FOLDER` serves `FOLDER/feed.xml` on a free port, which is its first
line of output.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
    "<title>Pluvier</title><link>https://shop.example/</link><description>Goods</description>\n"
)
TAIL = "</channel></rss>\n"
KINDS = ("Sac à dos", "Tente", "Veste", "Chaussures", "Gourde", "Réchaud", "Lampe", "Matelas")
MIN_CENTS, MAX_CENTS = 490, 49_900


@dataclass(frozen=True, slots=True)
class Goods:
    """One row: its number, its price and, in cents, a sale price with an end, if any."""

    number: int
    price: int
    sale: int | None = None

    @property
    def sku(self) -> str:
        """Its id."""
        return f"PLV-{self.number:07d}"


def goods(rows: int, seed: int) -> Iterator[Goods]:
    """What the shop sells at first; one in ten on sale."""
    rng = random.Random(seed)
    for number in range(rows):
        price = rng.randint(MIN_CENTS, MAX_CENTS)
        yield Goods(number, price, price * 4 // 5 if rng.random() < 0.1 else None)


def moved(rows: int, seed: int, share: float) -> Iterator[Goods]:
    """The same later: `share` of the prices are others, and as many rows as a tenth of that are new
    at the end, in the place of the first ones.
    """
    rng = random.Random(seed + 1)
    swapped = int(rows * share / 10)
    for one in goods(rows, seed):
        changes = rng.random() < share
        if one.number < swapped:
            continue
        if changes:
            price = max(1, one.price * rng.randint(70, 140) // 100)
            yield Goods(one.number, price, None if one.sale is None else price * 4 // 5)
        else:
            yield one
    yield from (Goods(rows + number, MIN_CENTS + number) for number in range(swapped))


def write(path: Path, listed: Iterator[Goods]) -> None:
    """The feed, put in place at once."""
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for one in listed:
            file.write(_item(one))
        file.write(TAIL)
    os.replace(new, path)


def _item(one: Goods) -> str:
    kind = KINDS[one.number % len(KINDS)]
    sale = ""
    if one.sale is not None:
        sale = (
            f"<g:sale_price>{_euros(one.sale)}</g:sale_price>\n"
            "<g:sale_price_effective_date>2026-01-01T00:00+0100/2027-12-31T23:59+0100"
            "</g:sale_price_effective_date>\n"
        )
    return (
        f"<item><g:id>{one.sku}</g:id>\n<title>{kind} n° {one.number}</title>\n"
        f"<description>{kind} léger et solide, pour la marche et le bivouac, garanti deux ans."
        "</description>\n"
        f"<link>https://shop.example/p/{one.sku}</link>\n"
        f"<g:image_link>https://shop.example/i/{one.sku}.jpg</g:image_link>\n"
        f"<g:availability>in_stock</g:availability>\n<g:price>{_euros(one.price)}</g:price>\n"
        f"{sale}<g:brand>Pluvier</g:brand>\n<g:gtin>{3_000_000_000_000 + one.number}</g:gtin>\n"
        f"<g:condition>new</g:condition>\n<g:product_type>Plein air &gt; {kind}</g:product_type>\n"
        "</item>\n"
    )


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} EUR"


def serve(folder: Path) -> None:
    """Serve until killed."""

    class Shop(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            file = folder / "feed.xml"
            self.send_response(200)
            self.send_header("Content-Type", "application/xml; charset=utf-8")
            self.send_header("Content-Length", str(file.stat().st_size))
            self.end_headers()
            with file.open("rb") as feed:
                shutil.copyfileobj(feed, self.wfile)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
