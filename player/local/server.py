"""The page of this screen on the shop's network: whoever stands before the screen may act on it.

GET / (with `t` a token that was scanned), /hands.css, two fonts; POST /show, /enter, /hold, /end.
Nothing else of the player is reached from here. It answers to the very address that was connected
to (so that no page elsewhere reaches it by DNS rebinding) and takes forms of its own origin only,
but for POST /shop/greet and /shop/order: other screens of the shop, which show who sends them.
No cookies: who came in bears a pass in the form, good for one address and a few minutes. It is
plain HTTP, which who listens on the network reads; see docs/guides/player.md.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

from player.errors import NoRoom
from player.link.near import NearHandler, NearServer
from player.local import pages
from player.local.guard import Entrant, NotNow
from player.local.hands import MINUTE_MS, Hands
from player.local.pages import Desk
from player.local.shop import GREET, ORDER, Shop, Wish
from player.local.shop_pages import ALL, HERE, SOME
from player.local.words import language_of
from playlists.errors import Invalid
from playlists.wire.hands import MAX_SCREENS
from playlists.wire.shop_hands import MAX_BYTES

MAX_BODY_BYTES = 8_192
MAX_FIELDS = 8 + MAX_SCREENS
MAX_MINUTES_DIGITS = 4
FONTS = ("bricolage-grotesque-latin.woff2", "instrument-sans-latin.woff2")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers then say that a form comes from nowhere.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}


class HandsServer:
    """Listens from `start` on (OSError where the port is taken) until `stop`."""

    def __init__(self, port: int, hands: Hands, shop: Shop, look: Path) -> None:
        self._asked = port
        self._hands, self._shop = hands, shop
        self._files = _files(look)
        self._server: _Server | None = None
        self.port = 0

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def start(self) -> None:
        """Listen, on all addresses of this machine."""
        if self._server is not None:
            return
        server = _Server(("", self._asked), _Handler)
        server.hands, server.shop, server.files = self._hands, self._shop, self._files
        self._server, self.port = server, server.server_address[1]
        threading.Thread(
            target=server.serve_forever, args=(0.2,), name="hands", daemon=True
        ).start()

    def stop(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


MakePage = Callable[[Hands], HandsServer]


Form = Mapping[str, Sequence[str]]


class _Server(NearServer):
    hands: Hands
    shop: Shop
    files: Mapping[str, tuple[str, bytes]]


class _Handler(NearHandler):
    def do_GET(self) -> None:
        self._guard(self._get)

    def do_POST(self) -> None:
        self._guard(self._post)

    @property
    def _own(self) -> _Server:
        return cast("_Server", self.server)

    @property
    def _here(self) -> str:
        """The address that was connected to, as a browser writes it."""
        host, port = self.connection.getsockname()[:2]
        return host if port == 80 else f"{host}:{port}"

    @property
    def _language(self) -> str:
        asked = dict(parse_qsl(urlsplit(self.path).query[:200])).get("lang", "")
        return language_of(asked, self.headers.get("Accept-Language", "")[:200])

    def _guard(self, answer: Callable[[], None]) -> None:
        self.close_connection = True
        if self.headers.get("Host", "") != self._here:
            self._say(421, "This screen answers to its own address only.")
            return
        answer()

    def _get(self) -> None:
        path = urlsplit(self.path).path
        file = self._own.files.get(path)
        if file is not None:
            self._answer(200, file[0], file[1], "public, max-age=86400")
        elif path == "/":
            self._front()
        else:
            self._say(404, "There is nothing here.")

    def _front(self) -> None:
        hands = self._own.hands
        token = dict(parse_qsl(urlsplit(self.path).query[:200])).get("t", "")[:12]
        sight = hands.sight()
        if token and sight.away:
            self._page(pages.entry(sight, self._language, token))
        else:
            self._page(pages.front(sight, self._language))

    def _post(self) -> None:
        path, asked = urlsplit(self.path).path, self._own.shop.asked
        acts = {"/show": self._show, "/enter": self._enter, "/hold": self._hold, "/end": self._end}
        carried = {GREET: asked.greet, ORDER: asked.take}
        if path in acts:
            body = self._body(f"http://{self._here}", _FORM, MAX_BODY_BYTES)
            if body is not None:
                self._take(acts[path], body)
        elif path in carried:
            body = self._body("", _JSON, MAX_BYTES)
            if body is not None:
                self._carry(carried[path], body)
        else:
            self._say(404, "There is nothing here.")

    def _body(self, origin: str, kind: str, most: int) -> bytes | None:
        """What was posted; None where that is not taken, and was said."""
        length = _length(self.headers.get("Content-Length", ""))
        if self.headers.get("Origin", "") != origin:
            self._say(403, "Only this screen's own page may post here.")
        elif self.headers.get_content_type() != kind:
            self._say(415, "Post the page's own form.")
        elif not 0 <= length <= most:
            self._say(413, f"What is posted has a length of at most {most} bytes.")
        else:
            return self.rfile.read(length)
        return None

    def _carry(self, carry: Callable[[bytes], bytes], body: bytes) -> None:
        try:
            self._answer(200, _JSON, carry(body), "no-store")
        except Invalid as wrong:
            self._say(403, str(wrong))

    def _take(self, do: Callable[[Form], None], body: bytes) -> None:
        try:
            form = parse_qs(body.decode("ascii"), max_num_fields=MAX_FIELDS)
        except ValueError:
            self._say(422, "This is no form of this page.")
            return
        try:
            do(form)
        except NotNow as refused:
            status = 429 if refused.wait_ms else 409
            self._page(pages.front(self._own.hands.sight(), self._language, refused), status)
        except NoRoom:
            full = NotNow("full")
            self._page(pages.front(self._own.hands.sight(), self._language, full), 507)

    def _show(self, form: Form) -> None:
        hands = self._own.hands
        hands.show(self._here, self._client)
        self._page(pages.entry(hands.sight(), self._language))

    def _enter(self, form: Form) -> None:
        hands, token = self._own.hands, _one(form, "token")
        try:
            given = hands.enter(token, _one(form, "code"), self._client)
        except NotNow as refused:
            if refused.why not in ("token", "code"):
                raise
            kept = token if refused.why == "code" else ""
            self._page(pages.entry(hands.sight(), self._language, kept, refused), 403)
            return
        self._desk(given, hands.entrant(given, self._client))

    def _hold(self, form: Form) -> None:
        hands, given = self._own.hands, _one(form, "pass")
        entrant = hands.entrant(given, self._client)
        choice, minutes = _one(form, "choice"), _one(form, "minutes")
        length = int(minutes) if minutes.isdecimal() and len(minutes) <= MAX_MINUTES_DIGITS else 0
        wish = Wish("show", choice, length * MINUTE_MS)
        hands.only_away()
        try:
            here, others = self._asked_for(form)
            if here:
                self._own.shop.hold(entrant, wish)
        except NotNow as refused:
            if refused.why not in ("choice", "until", "where"):
                raise
            self._desk(given, entrant, refused=refused)
            return
        wishes = dict.fromkeys(others, wish)
        self._desk(given, entrant, wishes, choice=choice, minutes=minutes, scope=_scope(form))

    def _end(self, form: Form) -> None:
        hands, given = self._own.hands, _one(form, "pass")
        entrant = hands.entrant(given, self._client)
        here, others = self._asked_for(form)
        if here:
            hands.end()
        self._desk(given, entrant, dict.fromkeys(others, Wish("end")))

    def _asked_for(self, form: Form) -> tuple[bool, list[str]]:
        """Whether this screen is meant, and which others. Raises NotNow."""
        shop, scope = self._own.shop, _scope(form)
        others = [one.id for one in shop.others]
        if scope == HERE or shop.here is None:
            return True, []
        if scope == ALL:
            return True, others
        asked = form.get("where", ())
        found = shop.here.id in asked, [one for one in others if one in asked]
        if not any(found):
            raise NotNow("where")
        return found

    def _desk(
        self,
        given: str,
        entrant: Entrant,
        wishes: Mapping[str, Wish] = MappingProxyType({}),
        refused: NotNow | None = None,
        **chosen: str,
    ) -> None:
        shop = self._own.shop.see(entrant, wishes)
        seen = Desk(self._own.hands.sight(), given, shop, refused, **chosen)
        self._page(pages.desk(seen, self._language), 422 if refused else 200)

    @property
    def _client(self) -> str:
        return str(self.client_address[0])

    def _page(self, html: str, status: int = 200) -> None:
        self._answer(status, "text/html; charset=utf-8", html.encode(), "no-store")

    def _say(self, status: int, text: str) -> None:
        self._answer(status, "text/plain; charset=utf-8", text.encode(), "no-store")

    def _answer(self, status: int, kind: str, data: bytes, cache: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", cache)
        for name, value in _SECURITY.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _length(said: str) -> int:
    """A body's length as it is said; -1 where that is none."""
    return int(said) if re.fullmatch("[0-9]{1,9}", said) else -1


def _one(form: Form, name: str) -> str:
    return form.get(name, ("",))[0]


def _scope(form: Form) -> str:
    said = _one(form, "scope")
    return said if said in (ALL, SOME) else HERE


def _files(look: Path) -> dict[str, tuple[str, bytes]]:
    """What the page is painted with; a font that is not there is done without."""
    found = {"/hands.css": ("text/css; charset=utf-8", (_FOLDER / "hands.css").read_bytes())}
    for name in FONTS:
        path = look / "fonts" / name
        if path.is_file():
            found[f"/fonts/{name}"] = ("font/woff2", path.read_bytes())
    return found


_FOLDER = Path(__file__).parent
