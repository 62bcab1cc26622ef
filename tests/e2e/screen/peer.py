"""A server as a screen's page sees it: HTTP, a Socket.IO door, real keys and real canonical bytes.

It speaks the wire of `playlists.wire` on one port and has knobs for what a test needs: it can be
stopped and started again, forge, leave files out, and let freshness go stale.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import socketio
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from playlists import credentials, signing
from playlists.ids import canonical, sha256
from playlists.runs import GENESIS, Run, verify_chain
from playlists.signing import SigningKey, public_key, sign
from playlists.wire.door import Report, prove_from_json

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "player/page"
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".woff2": "font/woff2",
}
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">'
    b'<circle cx="20" cy="15" r="12" fill="#c33"/></svg>'
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self'; connect-src 'self'"
)
"""Of the screen's document, as the server sends it."""
HOUR_MS = 3_600_000
Answer = tuple[int, str, bytes]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Keep the test's output for the test."""


class Peer:
    """`objects` and `assets` are served by address; `heads`, `offers`, `freshness` as signed."""

    def __init__(self) -> None:
        self.root, self.key = SigningKey.generate(), SigningKey.generate()
        self.objects: dict[str, bytes] = {}
        self.assets: dict[str, bytes] = {}
        self.heads: dict[str, tuple[int, str]] = {}
        self.offers: dict[str, tuple[int, list[str]]] = {}
        self.fresh: dict[str, str] = {}
        self.devices: dict[str, bytes] = {}
        self.pairings: dict[str, dict[str, Any]] = {}
        self.reports: list[Report] = []
        self.runs: list[Run] = []
        self.version = "1"
        """Of the page that is served."""
        self.door_open = True
        self.sockets = 0
        self.secret = secrets.token_bytes(16)
        self._links: dict[str, dict[str, Any]] = {}
        self._port = 0
        self._http: BaseWSGIServer | None = None

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen, on the same port as before."""
        self.sio = socketio.Server(async_mode="threading", cors_allowed_origins="*")
        self.sio.on("connect", self._connect, namespace="/player")
        self.sio.on("prove", self._prove, namespace="/player")
        self.sio.on("report", self._report, namespace="/player")
        self.sio.on("disconnect", self._disconnect, namespace="/player")
        app = socketio.WSGIApp(self.sio, self._wsgi)
        self._http = make_server(
            "127.0.0.1", self._port, app, threaded=True, request_handler=_Quiet
        )
        self._http.daemon_threads = True  # type: ignore[attr-defined]
        self._port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Cut every socket and refuse new ones."""
        if self._http is None:
            return
        self._http.shutdown()
        self._http.server_close()
        for sid in list(self._links):
            self.sio.disconnect(sid, namespace="/player")
        self.sio.shutdown()
        self._links.clear()
        self._http = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    # --- what a test says ---------------------------------------------------------------------

    def put(self, value: Any) -> str:
        """Keep an object; its address."""
        data = canonical(value)
        self.objects[sha256(data)] = data
        return sha256(data)

    def file(self, data: bytes = PICTURE) -> str:
        """Keep a file; its address."""
        address = hashlib.sha256(data).hexdigest()
        self.assets[address] = data
        return address

    def head(self, screen: str, manifest: str, life_ms: int = 8 * 24 * HOUR_MS) -> None:
        """Have a screen play a manifest."""
        now = now_ms()
        revision = max(now, self.heads.get(screen, (0, ""))[0] + 1)
        payload = {"v": 1, "screen": screen, "revision": revision, "manifest": manifest}
        payload |= {"issued_at": now, "expires_at": now + life_ms}
        self.heads[screen] = (revision, self.sign("head", payload))
        self.push("head", self.heads[screen][1], lambda link: screen in link["screens"])

    def offer(
        self,
        channel: str,
        offers: Iterable[Any],
        key: SigningKey | None = None,
        lease_ms: int = 0,
    ) -> None:
        """A delta of a channel, its first a snapshot; by another key: forged, and not kept."""
        version, chain = self.offers.get(channel, (0, []))
        payload = {"v": 1, "channel": channel, "from": version, "to": version + 1}
        payload |= {"lease": [now_ms(), lease_ms]} if lease_ms else {}
        token = sign("offers", {**payload, "set": list(offers), "gone": []}, key or self.key)
        if key is None:
            self.offers[channel] = (version + 1, [*chain, token])
        self.push("offers", token)

    def freshness(
        self,
        store: str,
        lease_ms: int = 4 * HOUR_MS,
        sources: dict[str, int] | None = None,
        texts: dict[str, Any] | None = None,
    ) -> None:
        """Renew every channel's lease from now on."""
        now = now_ms()
        channels = {name: [version, now, lease_ms] for name, (version, _) in self.offers.items()}
        payload = {"v": 1, "store": store, "issued_at": now, "channels": channels}
        payload |= {"sources": sources or {}, "texts": texts or {}}
        self.fresh[store] = self.sign("freshness", payload)
        self.push("freshness", self.fresh[store])

    def price(self, channel: str, store: str, offers: Iterable[Any]) -> None:
        """Change offers and say that they hold."""
        self.offer(channel, offers)
        self.freshness(store)

    def accept(self, screen: str) -> str:
        """A person types the code of the one device that waits; the code."""
        [waiting] = [it for it in self.pairings.values() if not it["screen"]]
        waiting["screen"] = screen
        self.devices[screen] = public_key(waiting["device_key"])
        return str(waiting["code"])

    def push(
        self, event: str, body: Any, to: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> None:
        """Send to every proved link that `to` picks."""
        for sid, link in list(self._links.items()):
            if link["screens"] and to(link):
                self._say(sid, event, body)

    def sign(self, kind: str, payload: Any) -> str:
        return sign(kind, payload, self.key)

    def keys(self) -> str:
        """The keys document."""
        uses = ["freshness", "head", "offers", "time", "watch"]
        row = {"kid": self.key.kid, "x": self.key.x, "uses": uses, "from": 0, "until": 2**50}
        return sign("keys", {"v": 1, "version": 1, "issued_at": 1, "keys": [row]}, self.root)

    def watch(self, screens: list[str]) -> str:
        """Leave to follow screens."""
        return self.sign("watch", {"v": 1, "screens": screens, "expires_at": now_ms() + HOUR_MS})

    # --- the door -----------------------------------------------------------------------------

    def _connect(self, sid: str, environ: Any) -> bool | None:
        if not self.door_open:
            return False
        self.sockets += 1
        nonce = secrets.token_urlsafe(24)
        self._links[sid] = {"nonce": nonce, "screens": []}
        self._say(sid, "challenge", {"nonce": nonce})
        return None

    def _disconnect(self, sid: str, *_reason: Any) -> None:
        self._links.pop(sid, None)

    def _prove(self, sid: str, body: Any) -> None:
        link, answer = self._links[sid], prove_from_json(body)
        if hasattr(answer, "watch"):
            screens = list(json.loads(signing.unb64(answer.watch.split(".")[1]))["screens"])
            token, nonce = answer.watch, link["nonce"]
        else:
            device = self.devices.get(answer.screen)
            if not device or not credentials.check_proof(
                device, link["nonce"], answer.screen, answer.sig
            ):
                self._say(sid, "refused", {"code": "bad_signature", "message": "no"})
                return
            screens, nonce = [answer.screen], answer.nonce
            token = self._token(answer.screen)
        welcome = {"token": token, "time": self._time(nonce), "report_ms": 45_000}
        link["screens"] = screens
        self._say(sid, "welcome", welcome)
        for fresh in self.fresh.values():
            self._say(sid, "freshness", fresh)
        for screen in screens:
            if screen in self.heads:
                self._say(sid, "head", self.heads[screen][1])

    def _report(self, sid: str, body: Any) -> None:
        report = Report.from_json(body)
        self.reports.append(report)
        self._say(sid, "time", self._time(report.nonce))
        for name, (version, chain) in self.offers.items():
            for token in chain[min(version, report.channels.get(name, 0)) :]:  # type: ignore[call-overload]
                self._say(sid, "offers", token)

    def _say(self, sid: str, event: str, body: Any) -> None:
        self.sio.emit(event, body, to=sid, namespace="/player")

    # --- HTTP ---------------------------------------------------------------------------------

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length)) if length else {}
        bearer = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        try:
            status, kind, data = self._route(
                environ["REQUEST_METHOD"], path, parse_qs(environ["QUERY_STRING"]), body, bearer
            )
        except KeyError:
            status, kind, data = 404, "text/plain", b"no"
        headers = [("Content-Type", kind), ("Content-Length", str(len(data)))]
        headers += [("Service-Worker-Allowed", "/"), ("Cache-Control", "no-cache")]
        headers += [("Content-Security-Policy", POLICY)] if path == "/screen" else []
        start_response(f"{status} -", headers)
        return [data]

    def _route(self, method: str, path: str, query: Any, body: Any, bearer: str) -> Answer:
        if path == "/screen" or path.startswith("/page/"):
            file = PAGE / ("index.html" if path == "/screen" else path.removeprefix("/page/"))
            kind = KINDS.get(file.suffix, "application/octet-stream")
            if not file.is_file():
                return 404, kind, b""
            told = b'name="enseigne-page" content="' + self.version.encode()
            return 200, kind, file.read_bytes().replace(b'name="enseigne-page" content="', told)
        if path == "/empty":
            return 200, "text/html", b"<!doctype html><body></body>"
        parts = path.removeprefix("/player/v1/").split("/")
        if parts[0] == "pairings":
            return self._pairing(method, parts, body, bearer)
        if parts[0] == "sessions":
            return self._session(parts, body)
        if parts[0] == "keys":
            return 200, "text/plain", self.keys().encode()
        if not bearer:
            return 401, "text/plain", b"who?"
        return self._for_screens(parts, query, body, bearer)

    def _for_screens(self, parts: list[str], query: Any, body: Any, bearer: str) -> Answer:
        if parts[0] == "objects":
            return 200, "application/json", self.objects[parts[1]]
        if parts[0] == "assets":
            return 200, "image/svg+xml", self.assets[parts[1]]
        if parts[0] == "time":
            return 200, "text/plain", self._time(query["nonce"][0]).encode()
        if parts[0] == "offers":
            version, chain = self.offers[unquote(parts[1])]
            return _json({"messages": chain[min(version, int(query["from"][0])) :]})
        if parts[0] == "plays":
            runs = [Run.from_json(run) for run in body["runs"]]
            new = [run for run in runs if run.seq > len(self.runs)]
            prev = self.runs[-1].hash if self.runs else GENESIS
            verify_chain(new, prev, len(self.runs) + 1)
            self.runs += new
            return _json({"acked": len(self.runs)})
        report = Report.from_json(body)
        self.reports.append(report)
        answer: dict[str, Any] = {"time": self._time(report.nonce)}
        answer["offers"] = [
            token
            for name, (_, chain) in self.offers.items()
            for token in chain[report.channels.get(name, 0) :]  # type: ignore[call-overload]
        ]
        screen = credentials.check_token(self.secret, bearer, now_ms())
        answer["head"] = self.heads[screen][1]
        answer["freshness"] = next(iter(self.fresh.values()))
        return _json(answer)

    def _pairing(self, method: str, parts: list[str], body: Any, bearer: str) -> Answer:
        if method == "POST":
            name, secret = secrets.token_hex(4), secrets.token_hex(8)
            code = credentials.pairing_code(secrets.SystemRandom())
            row = {"device_key": body["device_key"], "secret": secret, "code": code, "screen": ""}
            self.pairings[name] = row
            root = {"kid": self.root.kid, "x": self.root.x}
            given = {"pairing": name, "secret": secret, "code": code, "root": root}
            shown = credentials.fingerprint(self.root.x)
            return _json({**given, "fingerprint": shown, "expires_at": now_ms() + HOUR_MS}, 201)
        row = self.pairings[parts[1]]
        if bearer != row["secret"]:
            return 403, "text/plain", b""
        if not row["screen"]:
            return _json({"state": "waiting"}, 202)
        root = {"kid": self.root.kid, "x": self.root.x}
        return _json({"screen": row["screen"], "root": root, "keys": self.keys()})

    def _session(self, parts: list[str], body: Any) -> Answer:
        if parts[1:] == ["prove"]:
            device = self.devices.get(body["screen"])
            if device is None:
                return _json({"code": "unknown_screen"}, 401)
            if not credentials.check_proof(device, body["nonce"], body["screen"], body["sig"]):
                return _json({"code": "bad_signature"}, 401)
            expires = now_ms() + HOUR_MS
            return _json({"token": self._token(body["screen"]), "expires_at": expires})
        return _json({"nonce": secrets.token_urlsafe(24)})

    def _token(self, screen: str) -> str:
        return credentials.mint_token(self.secret, screen, now_ms() + HOUR_MS)

    def _time(self, nonce: str) -> str:
        return self.sign("time", {"v": 1, "nonce": nonce, "now": now_ms()})


def _json(value: Any, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(value).encode()
