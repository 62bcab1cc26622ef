"""A player that speaks HTTP to an application in the same process, and believes only what holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from playlists.admission import Trusted, admit_freshness, admit_head, admit_offers
from playlists.credentials import sign_proof
from playlists.ids import ChannelId, ScreenId, canonical
from playlists.runs import Run
from playlists.shown import Now
from playlists.signing import KeyRing, SigningKey, unb64
from playlists.wire.http import plays_json
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import pairing

API = "/player/v1"
NONCE = "n" * 24


class HttpPlayer:
    """A device with a key of its own; `pair` makes it a screen."""

    def __init__(self, client: FlaskClient, key: SigningKey | None = None) -> None:
        self.client = client
        self.key = key or SigningKey.generate()
        self.screen = ""
        self.token = ""
        self.trusted: Trusted | None = None

    def ask_for_code(self) -> dict[str, Any]:
        """Register: the pairing with its code."""
        body = {"device_key": self.key.x, "name": "Pi", "size": [1080, 1920], "caps": {"video": 1}}
        answer = self.client.post(f"{API}/pairings", json=body)
        assert answer.status_code == 201, answer.text
        return _json(answer)

    def poll(self, given: Mapping[str, Any]) -> TestResponse:
        """Ask whether a person accepted."""
        headers = {"Authorization": f"Bearer {given['secret']}"}
        return self.client.get(f"{API}/pairings/{given['pairing']}", headers=headers)

    def pair(self, ctx: Context, screen: str) -> HttpPlayer:
        """Become `screen` and prove it."""
        given = self.ask_for_code()
        pairing.claim(ctx, SYSTEM, code=given["code"], screen_id=screen)
        answer = _json(self.poll(given))
        ring = KeyRing(unb64(answer["root"]["x"])).renewed(answer["keys"])
        self.screen = answer["screen"]
        self.trusted = Trusted(ScreenId(self.screen), ring)
        assert self.prove().status_code == 200
        return self

    def proof(self) -> dict[str, str]:
        """The answer to a fresh nonce."""
        asked = self.client.post(f"{API}/sessions", json={"screen": self.screen})
        nonce = _json(asked)["nonce"]
        return {
            "screen": self.screen,
            "nonce": nonce,
            "sig": sign_proof(self.key, nonce, self.screen),
        }

    def prove(self, proof: Mapping[str, str] | None = None) -> TestResponse:
        """Ask for a token; keeps it."""
        answer = self.client.post(f"{API}/sessions/prove", json=dict(proof or self.proof()))
        self.token = _json(answer).get("token", self.token)
        return answer

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET with the token."""
        sent = {"Authorization": f"Bearer {self.token}"} | headers
        return self.client.get(f"{API}/{path}", headers=sent)

    def post(self, path: str, body: Any) -> TestResponse:
        """POST with the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.post(
            f"{API}/{path}", data=canonical(body), content_type="application/json", headers=headers
        )

    def post_runs(self, *runs: Run) -> TestResponse:
        """POST play runs."""
        return self.post("plays", plays_json(runs))

    def report_body(self) -> dict[str, Any]:
        """What it holds."""
        state = self.trusted
        assert state is not None
        fresh = [held.message.issued_at for held in state.freshness.values()]
        return {
            "revision": state.head.head.revision if state.head else 0,
            "channels": {name: held.version for name, held in state.channels.items()},
            "freshness": max(fresh, default=0),
            "missing": 0,
            "clock": {"uncertainty": None},
            "playing": {"main": {"card": None, "since": 0, "until": 1, "because": []}},
            "page": "",
            "nonce": NONCE,
        }

    def converge(self) -> dict[str, Any]:
        """Report once and admit what comes back, as a player does; the answer."""
        answer = self.post("reports", self.report_body())
        assert answer.status_code == 200, answer.text
        given = _json(answer)
        now = Now(0, None)
        assert self.trusted is not None
        if "head" in given:
            self.trusted, _ = admit_head(self.trusted, given["head"], now)
        for message in given["offers"]:
            self.trusted, _ = admit_offers(self.trusted, message, now)
        if "freshness" in given:
            self.trusted, _ = admit_freshness(self.trusted, given["freshness"], now)
        return given

    @property
    def manifest(self) -> str:
        """The manifest of the head that it holds."""
        assert self.trusted is not None
        assert self.trusted.head is not None
        return self.trusted.head.head.manifest

    def version(self, channel: str) -> int:
        """The version of a channel that it holds."""
        assert self.trusted is not None
        return self.trusted.channels[ChannelId(channel)].version


def _json(answer: TestResponse) -> dict[str, Any]:
    body: Any = answer.json
    assert isinstance(body, dict)
    return body
