"""Verify, then admit: what a player believes, and how each signed message may change it. No I/O.

Every `admit_*` takes the state and a token as received and returns the next state with effects, or
raises Refused and leaves all as it was. The caller persists the state it got before it acts on the
effects; then no crash can bring back what was overtaken. The page's twin is engine/admission.js.

The order of checks follows The Update Framework, section 5 (signature, then version against
rollback, then expiry against freeze), and 5.3.11: when a signing key leaves the keys document, what
it had signed is forgotten with its high-water marks, so that a thief's last revision blocks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from playlists.errors import Invalid, Refused
from playlists.ids import ChannelId, ScreenId, Sha256, Sku, StoreId, sha256
from playlists.pricing import ChannelState, Offer
from playlists.shown import Freshness, Now
from playlists.signing import KeyRing, Opened, open_token
from playlists.trusted_time import TrustedTime
from playlists.wire.door import Pull
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.offers import OffersMessage
from playlists.wire.signed import Head, TimeMessage

Message = TypeVar("Message")
What = Literal["keys", "head", "offers", "freshness", "time"]


@dataclass(frozen=True, slots=True)
class Changed:
    """The state differs: `subject` is the channel or store concerned."""

    what: What
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A new head names this manifest: get it and all that it names, then play it."""

    manifest: Sha256


@dataclass(frozen=True, slots=True)
class Ignored:
    """Authentic, but nothing new: `same`, or `replay` of something overtaken. Worth counting."""

    what: What
    reason: Literal["same", "replay"]


Effect = Changed | Fetch | Pull | Ignored


@dataclass(frozen=True, slots=True)
class HeldHead:
    """The head last admitted, the hash of its payload's bytes, and the key that signed it."""

    head: Head
    digest: Sha256
    kid: str


@dataclass(frozen=True, slots=True)
class HeldChannel:
    """A channel at `version`. `offers` None: only the high-water mark is kept. `kids` signed it.
    `lease` (as of, milliseconds) came with the version.
    """

    version: int
    offers: Mapping[Sku, Offer] | None
    kids: frozenset[str]
    lease: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class HeldFreshness:
    """A store's last freshness message and the key that signed it."""

    message: FreshnessMessage
    kid: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """All that a player believes. Persist it whole (`playlists.trusted_json`), atomically."""

    screen: ScreenId
    ring: KeyRing
    head: HeldHead | None = None
    channels: Mapping[ChannelId, HeldChannel] = field(default_factory=dict)
    freshness: Mapping[StoreId, HeldFreshness] = field(default_factory=dict)
    wanted: frozenset[ChannelId] = frozenset()
    time: TrustedTime = field(default_factory=TrustedTime)

    @property
    def offers(self) -> dict[ChannelId, ChannelState]:
        """The channels as `slot_at` reads them."""
        return {
            channel: ChannelState(channel, held.version, held.offers, *held.lease)
            for channel, held in self.channels.items()
            if held.offers is not None
        }

    def freshness_of(self, store: StoreId) -> Freshness:
        """The leases as `slot_at` reads them: those that this store's messages gave."""
        held = self.freshness.get(store)
        return held.message.freshness if held else Freshness()


Admitted = tuple[Trusted, tuple[Effect, ...]]


def next_revision(last: int, now_ms: int) -> int:
    """The server's next revision or channel version after `last` (0: none yet).

    At least the unix milliseconds, so that a server restored from a backup, whose `last` is behind
    what players hold, is ahead of them again with its next word.
    """
    return max(last + 1, now_ms)


def admit_keys(state: Trusted, token: str) -> Admitted:
    """A keys document. What dropped keys had signed is forgotten and pulled anew.

    Raises Refused: as `KeyRing.renewed`.
    """
    ring = state.ring.renewed(token)
    if ring is state.ring:
        return state, (Ignored("keys", "same"),)
    live = {key.kid for key in ring.document.keys}
    effects: list[Effect] = [Changed("keys")]
    head = state.head
    if head is not None and head.kid not in live:
        head = None
        effects.append(Pull("head"))
    lost = [channel for channel, held in state.channels.items() if not held.kids <= live]
    effects += [Pull("offers", channel) for channel in sorted(lost)]
    stale = [store for store, held in state.freshness.items() if held.kid not in live]
    effects += [Pull("freshness")] if stale else []
    time = state.time
    if time.kid and time.kid not in live:
        time = TrustedTime()
        effects.append(Changed("time"))
    channels = {name: held for name, held in state.channels.items() if name not in lost}
    freshness = {store: held for store, held in state.freshness.items() if store not in stale}
    kept = replace(state, ring=ring, head=head, channels=channels, freshness=freshness, time=time)
    return kept, tuple(effects)


def admit_head(state: Trusted, token: str, now: Now) -> Admitted:
    """A head of this screen, newer than the one held.

    Raises Refused: as `open_token`, wrong_screen, rollback, equivocation, expired. Expiry is judged
    with trusted time only, and in the head's favour within the clock's uncertainty.
    """
    opened, head = _read(state, token, "head", now, Head.from_json)
    if head.screen != state.screen:
        raise Refused("wrong_screen", f"This head is for {head.screen}.")
    held, digest = state.head, sha256(opened.data)
    admitted = HeldHead(head, digest, opened.kid)
    if held is not None and head.revision < held.head.revision:
        raise Refused("rollback", "This head is older than the one held.")
    if held is not None and head.revision == held.head.revision:
        if digest != held.digest:
            raise Refused("equivocation", "There are two heads of one revision.")
        return replace(state, head=admitted), (Ignored("head", "same"),)
    if now.uncertainty_ms is not None and now.ms - now.uncertainty_ms >= head.expires_at:
        raise Refused("expired", "This head is over; a newer one must exist.")
    return replace(state, head=admitted), (Changed("head"), Fetch(head.manifest))


def admit_offers(state: Trusted, token: str, now: Now) -> Admitted:
    """A channel's delta, onto the very version held; or its snapshot, onto any lower one.

    A delta that does not fit gives `Pull`. Raises Refused: as `open_token`, and equivocation for
    another snapshot of the version held.
    """
    opened, message = _read(state, token, "offers", now, OffersMessage.from_json)
    held = state.channels.get(message.channel)
    version = held.version if held else 0
    offers = held.offers if held else None
    if message.to < version or (message.since and message.to == version):
        return state, (Ignored("offers", "replay"),)
    if message.since and (offers is None or message.since != version):
        return state, (Pull("offers", message.channel),)
    changed = {offer.sku: offer for offer in message.changed}
    kids = frozenset((opened.kid,))
    if message.since and held is not None:
        gone = set(message.gone)
        changed = {sku: was for sku, was in (offers or {}).items() if sku not in gone} | changed
        kids |= held.kids
    same = offers is not None and message.to == version
    if same and changed != offers:
        raise Refused("equivocation", "There are two snapshots of one version.")
    lease = max(message.lease, held.lease) if same and held is not None else message.lease
    channels = {**state.channels, message.channel: HeldChannel(message.to, changed, kids, lease)}
    effect = Ignored("offers", "same") if same else Changed("offers", message.channel)
    return replace(state, channels=channels), (effect,)


def admit_freshness(state: Trusted, token: str, now: Now) -> Admitted:
    """A store's freshness; channels that it knows at a higher version are pulled.

    Raises Refused: as `open_token`, and equivocation for two of one instant.
    """
    opened, message = _read(state, token, "freshness", now, FreshnessMessage.from_json)
    held = state.freshness.get(message.store)
    if held is not None and message.issued_at < held.message.issued_at:
        return state, (Ignored("freshness", "replay"),)
    same = held is not None and message.issued_at == held.message.issued_at
    if held is not None and same and message != held.message:
        raise Refused("equivocation", "There are two freshness messages of one instant.")
    admitted = HeldFreshness(message, opened.kid)
    state = replace(state, freshness={**state.freshness, message.store: admitted})
    if same:
        return state, (Ignored("freshness", "same"),)
    following = state.wanted | state.offers.keys()
    behind = [
        Pull("offers", channel)
        for channel, lease in sorted(message.channels.items())
        if channel in following and lease.version > _version_in_use(state, channel)
    ]
    return state, (Changed("freshness", message.store), *behind)


def admit_time(state: Trusted, token: str, nonce: str, sent_at: int, received_at: int) -> Admitted:
    """The signed answer to `nonce`, asked and answered at these monotonic milliseconds.

    Works without a clock: the key's window is held against the instant that it names.
    Raises Refused: as `open_token` and `TrustedTime.told`, and nonce for another question's answer.
    """
    opened, message = _read(state, token, "time", Now(0, None), TimeMessage.from_json)
    if message.nonce != nonce:
        raise Refused("nonce", "This answers another question.")
    open_token(token, "time", state.ring, message.now)
    time = state.time.told(message.now, sent_at, received_at, opened.kid)
    return replace(state, time=time), (Changed("time"),)


def follow(state: Trusted, channels: Iterable[ChannelId]) -> Admitted:
    """Hold these channels (a manifest's) and no others: pull what lacks, keep marks of the rest."""
    wanted = frozenset(channels)
    held = {
        channel: was if channel in wanted else replace(was, offers=None)
        for channel, was in state.channels.items()
    }
    followed = replace(state, channels=held, wanted=wanted)
    lacking = sorted(wanted - followed.offers.keys())
    return followed, tuple(Pull("offers", channel) for channel in lacking)


def _version_in_use(state: Trusted, channel: ChannelId) -> int:
    held = state.offers.get(channel)
    return held.version if held else 0


def _read(
    state: Trusted, token: str, kind: str, now: Now, decode: Callable[[object], Message]
) -> tuple[Opened, Message]:
    trusted_ms = None if now.uncertainty_ms is None else now.ms
    opened = open_token(token, kind, state.ring, trusted_ms)
    try:
        return opened, decode(opened.payload)
    except Invalid as error:
        raise Refused("payload", f"{error.field}: {error}") from None
