"""How a story of admission is told, and lived through in Python: its words, keys and steps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from playlists import admission, trusted_json
from playlists.admission import Admitted, Changed, Effect, Fetch, Ignored, Trusted
from playlists.errors import Refused
from playlists.ids import ChannelId, Json, ScreenId
from playlists.shown import Now
from playlists.signing import KeyDocument, KeyRing, OnlineKey, SigningKey, sign

NOON = 1_790_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
NOW = (NOON, 10)
ROOT, ONE, TWO, CLOCK, THIEF = (
    SigningKey.from_raw(letter * 32) for letter in (b"r", b"1", b"2", b"c", b"t")
)
LEAVE: Json = {"fr": {"figures": "89", "cents": "90", "currency": "€", "currency_first": ""}}
SHOP = "shop@lille"


def listed(
    key: SigningKey, *uses: str, from_ms: int = 0, until_ms: int = NOON + 90 * DAY
) -> OnlineKey:
    return OnlineKey(key.public, frozenset(uses), from_ms, until_ms)


ALL_USES = ("head", "offers", "freshness")
USUAL = (listed(ONE, *ALL_USES), listed(CLOCK, "time"))


def keys(version: int, *online: OnlineKey, by: SigningKey = ROOT) -> str:
    return sign("keys", KeyDocument(version, NOON, online).to_json(), by)


def head(
    revision: int,
    manifest: str = "a",
    screen: str = "lille-1",
    until: int = NOON + 35 * DAY,
    by: SigningKey = ONE,
) -> str:
    payload: Json = {
        "v": 1,
        "screen": screen,
        "revision": revision,
        "manifest": manifest * 64,
        "issued_at": NOON - DAY,
        "expires_at": until,
    }
    return sign("head", payload, by)


def offer(sku: str, price: int = 8990) -> Json:
    return {
        "k": sku,
        "cur": "EUR",
        "st": [[NOON, None, price, None, LEAVE]],
        "nm": {"fr": {"name": sku}},
    }


def offers(
    since: int,
    to: int,
    *changed: Json,
    gone: tuple[str, ...] = (),
    channel: str = SHOP,
    by: SigningKey = ONE,
) -> str:
    payload: Json = {
        "v": 1,
        "channel": channel,
        "from": since,
        "to": to,
        "set": list(changed),
        "gone": list(gone),
    }
    return sign("offers", payload, by)


def freshness(
    issued_at: int,
    version: int,
    *,
    channel: str = SHOP,
    source: int = NOON,
    store: str = "lille",
    by: SigningKey = ONE,
) -> str:
    payload: Json = {
        "v": 1,
        "store": store,
        "issued_at": issued_at,
        "channels": {channel: [version, NOON, 4 * HOUR]},
        "sources": {"stock@lille": source},
        "texts": {
            "weather:lille": {
                "g": ["weather@lille", 3 * HOUR],
                "t": {"fr": {"text": "11°", "icon": "rain"}},
            }
        },
    }
    return sign("freshness", payload, by)


def time(now: int, nonce: str = "n" * 22, by: SigningKey = CLOCK) -> str:
    return sign("time", {"v": 1, "nonce": nonce, "now": now}, by)


class Story:
    """A screen's life, step by step, each with what must come of it."""

    def __init__(self, *, paired: bool = True) -> None:
        self.steps: list[dict[str, Any]] = []
        if paired:
            self.step("keys", ["changed keys"], token=keys(1, *USUAL))

    def step(self, do: str, expect: list[str], **given: Any) -> Story:
        self.steps.append({"do": do, **given, "expect": expect})
        return self

    def keys(self, token: str, *expect: str) -> Story:
        return self.step("keys", list(expect), token=token)

    def head(self, token: str, *expect: str, now: tuple[int, int | None] = NOW) -> Story:
        return self.step("head", list(expect), token=token, now=list(now))

    def offers(self, token: str, *expect: str, now: tuple[int, int | None] = NOW) -> Story:
        return self.step("offers", list(expect), token=token, now=list(now))

    def freshness(self, token: str, *expect: str, now: tuple[int, int | None] = NOW) -> Story:
        return self.step("freshness", list(expect), token=token, now=list(now))

    def time(
        self,
        token: str,
        *expect: str,
        sent: int = 1000,
        received: int = 1100,
        nonce: str = "n" * 22,
    ) -> Story:
        return self.step(
            "time", list(expect), token=token, nonce=nonce, sent=sent, received=received
        )

    def clock(self, monotonic: int, wall: int, ms: int, uncertainty: int | None) -> Story:
        return self.step("clock", [f"{ms} {uncertainty}"], monotonic=monotonic, wall=wall)

    def tick(self, monotonic: int) -> Story:
        return self.step("tick", [], monotonic=monotonic)

    def follow(self, *channels: str, expect: tuple[str, ...] = ()) -> Story:
        return self.step("follow", list(expect), channels=list(channels))

    def reboot(self) -> Story:
        return self.step("reboot", [])


def start() -> Trusted:
    return Trusted(ScreenId("lille-1"), KeyRing(ROOT.public))


def live(state: Trusted, step: dict[str, Any]) -> tuple[Trusted, list[str]]:
    """One step in Python: the next state, and what came of it in words."""
    if step["do"] == "reboot":
        kept = json.dumps(trusted_json.trusted_to_json(state))
        return trusted_json.trusted_from_json(json.loads(kept)), []
    if step["do"] == "clock":
        shown = state.time.now(step["monotonic"], step["wall"])
        return state, [f"{shown.ms} {shown.uncertainty_ms}"]
    if step["do"] == "tick":
        return replace(state, time=state.time.ticked(step["monotonic"])), []
    try:
        after, effects = admitted(state, step)
    except Refused as refused:
        return state, [f"refused {refused.reason}"]
    return after, [words(effect) for effect in effects]


def admitted(state: Trusted, step: dict[str, Any]) -> Admitted:
    if step["do"] == "follow":
        return admission.follow(state, [ChannelId(name) for name in step["channels"]])
    if step["do"] == "keys":
        return admission.admit_keys(state, step["token"])
    if step["do"] == "time":
        return admission.admit_time(
            state, step["token"], step["nonce"], step["sent"], step["received"]
        )
    admit = {
        "head": admission.admit_head,
        "offers": admission.admit_offers,
        "freshness": admission.admit_freshness,
    }
    return admit[step["do"]](state, step["token"], Now(*step["now"]))


def words(effect: Effect) -> str:
    if isinstance(effect, Changed):
        return f"changed {effect.what} {effect.subject}".strip()
    if isinstance(effect, Fetch):
        return f"fetch {effect.manifest}"
    if isinstance(effect, Ignored):
        return f"ignored {effect.what} {effect.reason}"
    return f"pull {effect.what} {effect.channel or ''}".strip()
