"""The whole way of a price: the real web, worker and door around a chain of many screens.

Every store has its own channel of one shop, every screen shows one SKU; the shop's signed call
changes its price everywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import requests
from sqlalchemy import func, insert, select

from playlists.ids import ItemId, PlaylistId, Sku
from playlists.model import FULL_SCREEN, MAIN, Base, Card, Good, Item, Playlist
from server.app import build_context, now_ms, prepare
from server.config import Settings
from server.connectors.shops.webhook import signature
from server.db.mappers import layout_rows
from server.db.models import ChannelRow, DeviceRow, ProductRow, ScreenHeadRow, ScreenRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.entry import people
from server.services.wishes import bases, content
from tests.bench.fanout_players import device_key, screen_name
from tests.support.programs import end, free_port

SECRET = "a secret of the bench's shop"
SKU = "PLV-BRUINE"
CALL_S = 30.0
PUBLISHED_S = 180.0
ROOT = Path(__file__).parents[2]


def store_name(number: int) -> str:
    """The id of the n-th store."""
    return f"store-{number}"


class Chain:
    """`screens` in `stores`, served by the programs that `start` runs from the data in `folder`."""

    def __init__(self, folder: Path, screens: int, stores: int) -> None:
        self.door_port = free_port()
        self._screens = screens
        self._stores = min(stores, screens)
        self._version = 0
        self._http = requests.Session()
        self._env = {
            "ENSEIGNE_DATA_DIR": str(folder),
            "ENSEIGNE_DOOR_PORT": str(self.door_port),
            "ENSEIGNE_PORT": str(free_port()),
        }
        settings = Settings(data_dir=folder, port=int(self._env["ENSEIGNE_PORT"]))
        prepare(settings, say=None)
        self._ctx = build_context(settings)
        self.url = settings.url
        self._url = f"{settings.url}/hooks/till"
        self._folder = folder
        _seed(self._ctx, screens, self._stores)

    def start(self, stack: ExitStack) -> None:
        """Run worker, door and web; return once all plans and prices are there."""
        for part in ("worker", "door", "web"):
            log = stack.enter_context((self._folder / f"{part}.log").open("wb"))
            command = [sys.executable, "-m", "server.cli", part]
            env = {**os.environ, **self._env}
            stack.callback(
                end, subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
            )
        deadline = time.monotonic() + PUBLISHED_S
        while not self._answers() or not self._published():
            if time.monotonic() > deadline:
                raise SystemExit("The chain was not published in time.")
            time.sleep(0.2)

    def token(self) -> str:
        """The secret of a new API token with every right."""
        return people.create_token(self._ctx, SYSTEM, "bench", SYSTEM.scopes).secret

    def change(self) -> None:
        """The shop calls: another price, in every store."""
        self._version += 1
        item = {
            "sku": SKU,
            "price": ("100.00", "99.90")[self._version % 2],
            "currency": "EUR",
            "availability": "in_stock",
            "version": str(self._version),
        }
        body = json.dumps({"shop": "shop", "event": "product.updated", "items": [item]}).encode()
        seconds = str(now_ms() // 1000)
        headers = {
            "X-Enseigne-Timestamp": seconds,
            "X-Enseigne-Signature": signature(SECRET, seconds, body),
            "X-Enseigne-Delivery": f"call-{self._version}",
        }
        answer = self._http.post(self._url, data=body, headers=headers, timeout=CALL_S)
        if answer.status_code != 202:
            raise SystemExit(f"The shop's call was refused: {answer.status_code} {answer.text}")

    def _answers(self) -> bool:
        try:
            if not self._version:
                self.change()
            door = f"http://127.0.0.1:{self.door_port}/health"
            return bool(self._http.get(door, timeout=CALL_S).json()["ready"])
        except requests.ConnectionError:
            self._version = 0
            return False

    def _published(self) -> bool:
        with self._ctx.db.read() as session:
            heads = session.scalar(select(func.count()).select_from(ScreenHeadRow))
            priced = select(func.count()).select_from(ChannelRow).where(ChannelRow.version > 0)
            return heads == self._screens and session.scalar(priced) == self._stores


def _seed(ctx: Context, screens: int, stores: int) -> None:
    for number in range(stores):
        name = store_name(number)
        wish = StoreWish(name, "Europe/Paris", channel=f"shop@{name}")
        places.create_store(ctx, SYSTEM, wish, name)
    card = Card("price", goods=(Good(Sku(SKU)),))
    playlist = Playlist(PlaylistId("window"), "Window", (Item(ItemId("jacket"), card),))
    content.create_playlist(ctx, SYSTEM, playlist)
    bases.set_base(ctx, SYSTEM, Base("chain", "", PlaylistId("window"), MAIN))
    shop = connectors.ConnectorWish("webhook", "Till", {"shop": "shop"}, SECRET)
    connectors.create_connector(ctx, SYSTEM, shop, "till")
    now = ctx.clock()
    rows = [
        {
            "id": screen_name(number),
            "name": screen_name(number),
            "store_id": store_name(number % stores),
            "width": 1920,
            "height": 1080,
            "tags": [],
            "place": "",
            "language": "fr",
            "layout": layout_rows(FULL_SCREEN),
            "edited_at": now,
        }
        for number in range(screens)
    ]
    devices = [
        {
            "screen_id": screen_name(number),
            "public_key": device_key(number).public,
            "name": "bench",
            "caps": {},
            "paired_at": now,
        }
        for number in range(screens)
    ]
    product = {
        "shop": "shop",
        "sku": SKU,
        "names": {"fr": {"name": "Veste Bruine"}},
        "link": "",
        "picture_url": "",
        "availability": "in_stock",
        "seen_at": now,
    }
    with ctx.db.write() as session:
        session.execute(insert(ProductRow), [product])
        session.execute(insert(ScreenRow), rows)
        session.execute(insert(DeviceRow), devices)
