"""A player's trusted state as JSON, so that its high-water marks survive a restart."""

from __future__ import annotations

from playlists.admission import HeldChannel, HeldFreshness, HeldHead, Trusted
from playlists.fields import MAX_WHOLE, Fields, text
from playlists.ids import ChannelId, Json, ScreenId, Sha256, StoreId, check_id
from playlists.signing import KeyRing, b64, public_key
from playlists.trusted_time import TrustedTime
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.offers import lease_from, offer_from_json, offer_to_json
from playlists.wire.signed import Head


def trusted_to_json(state: Trusted) -> Json:
    """What outlives a restart: all but the offset of this start's monotonic clock."""
    head = state.head
    return {
        "v": 1,
        "screen": state.screen,
        "root": b64(state.ring.root),
        "keys": state.ring.token,
        "head": None
        if head is None
        else {"payload": head.head.to_json(), "digest": head.digest, "kid": head.kid},
        "channels": {
            name: {
                "version": held.version,
                "kids": sorted(held.kids),
                "offers": None
                if held.offers is None
                else [offer_to_json(held.offers[sku]) for sku in sorted(held.offers)],
                "lease": list(held.lease),
            }
            for name, held in state.channels.items()
        },
        "freshness": {
            store: {"payload": held.message.to_json(), "kid": held.kid}
            for store, held in state.freshness.items()
        },
        "wanted": sorted(state.wanted),
        "time": state.time.to_json(),
    }


def trusted_from_json(value: object) -> Trusted:
    """Undo `trusted_to_json`. The keys document's signature is checked again.

    Raises Invalid (another format, or damaged) and Refused (a keys document that does not hold).
    """
    given = Fields.of(value)
    given.format()
    ring = KeyRing(public_key(given.base64url("root"), "root"))
    if given.text("keys", 65_536, empty=True):
        ring = ring.renewed(given.text("keys", 65_536))
    channels, freshness = given.fields("channels"), given.fields("freshness")
    return Trusted(
        ScreenId(check_id(given.text("screen"), "screen")),
        ring,
        _head(given.fields("head")) if given.has("head") else None,
        {
            ChannelId(name): _channel(channels.fields(name))
            for name, _ in given.members("channels", MAX_WHOLE)
        },
        {
            StoreId(name): _freshness(freshness.fields(name))
            for name, _ in given.members("freshness", MAX_WHOLE)
        },
        frozenset(ChannelId(text(name, at)) for at, name in given.items("wanted", MAX_WHOLE)),
        TrustedTime.from_json(given.fields("time")),
    )


def _head(given: Fields) -> HeldHead:
    head = Head.from_json(given.value("payload"))
    return HeldHead(head, Sha256(given.sha("digest")), given.kid("kid"))


def _channel(given: Fields) -> HeldChannel:
    kids = frozenset(text(kid, at) for at, kid in given.items("kids", MAX_WHOLE))
    offers = None
    if given.has("offers"):
        read = [offer_from_json(offer, at) for at, offer in given.items("offers", MAX_WHOLE)]
        offers = {offer.sku: offer for offer in read}
    return HeldChannel(given.whole("version", 1), offers, kids, lease_from(given))


def _freshness(given: Fields) -> HeldFreshness:
    return HeldFreshness(FreshnessMessage.from_json(given.value("payload")), given.kid("kid"))
