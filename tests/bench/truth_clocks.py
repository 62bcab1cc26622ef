"""Random lives of a price: shops, networks and clocks, through the server's compiling and signing
and the player's beliefs, to the instants around every end.

One history is some hours of one product: prices and planned sales, a shop that is silent now and
then, messages that are lost, late, twice and out of order, a player that starts anew, whose wall
clock is years off, whose oscillator drifts, and that learns the time over a slow line. What it
would paint is held against the shop's words in true time, which nobody in the history knows.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from playlists import admission
from playlists.admission import Trusted
from playlists.errors import Refused
from playlists.ids import ChannelId, ScreenId, Sku, StoreId
from playlists.manifest import DeckCard, DeckGood
from playlists.prices import prices_of
from playlists.shown import Lease, Now
from playlists.trusted_time import TrustedTime
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.offers import OffersMessage
from server.ports import ProductReport
from server.services.base.keys import Keys, load_keys
from server.services.prices import ledger
from server.services.prices.compiling import Compiler
from server.services.prices.ledger import Past
from server.services.prices.seeing import ChannelOf, Product
from tests.bench.truth_oracle import Word
from tests.support.record import START_MS

SKU = Sku("SKU")
STORE = StoreId("lille")
CHANNEL = ChannelId("pluvier@lille")
PLACE = ChannelOf(CHANNEL, "pluvier", "lille", "Europe/Paris", "FR")
GOODS = Product({"fr": {"name": "Estran", "lead": ""}})
CARD = DeckCard("price", {}, (DeckGood(SKU, CHANNEL, None),))
HOUR_MS = 3_600_000
LIFE_MS = 30 * HOUR_MS
FOREVER = 2**52
LEASES_MS = (600_000, HOUR_MS, 4 * HOUR_MS)
PRICES = tuple(range(1_990, 20_000, 1_000))
YEARS_MS = 3 * 365 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Told:
    """A signed message on its way: when it was sent, when it comes."""

    sent_at: int
    comes_at: int
    token: str
    is_offers: bool


@dataclass(slots=True)
class Life:
    """What truly happened, in unix ms: words of the shop by version, and when it confirmed them."""

    lease_ms: int
    words: list[tuple[int, Word]] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)

    def edges(self) -> list[int]:
        """Instants at which a price begins or ends, or a lease may."""
        sales = [edge for _, word in self.words for edge in (word.since, word.until) if edge]
        leases = [at + self.lease_ms for at in self.confirmed]
        return [*sales, *leases, *(at for at, _ in self.words)]

    def fault(self, version: int, painted: int, at: int) -> str:
        """What is wrong with a price painted at the true instant `at`; empty where nothing is."""
        word = dict(self.words).get(version)
        if word is None or version > at:
            return "never said"
        if painted != word.price_at(at):
            return "over"
        last = max(one for one in [version, *self.confirmed] if one <= at)
        return "lease" if at >= last + self.lease_ms else ""


class Clock:
    """A player's two clocks: monotonic since its start, and a wall clock that anybody may set."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.start(START_MS)

    def start(self, at: int) -> None:
        """The player starts anew."""
        self.begun = at
        self._zero = self._dice.randrange(5_000_000)
        self._ppm = self._dice.randrange(-100, 101)
        self._wall = self._dice.choice(
            (0, 0, -YEARS_MS, YEARS_MS, self._dice.randrange(-90_000, 90_000))
        )

    def monotonic(self, at: int) -> int:
        """At a true instant."""
        gone = at - self.begun
        return self._zero + gone + gone * self._ppm // 1_000_000

    def wall(self, at: int) -> int:
        """At a true instant."""
        return at + self._wall


class Histories:
    """Lives one history after another with the same keys, and counts what it saw."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.seen: Counter[str] = Counter()
        self.faults: list[str] = []

    def live(self, seed: str) -> None:
        """One history."""
        dice = random.Random(seed)
        life = Life(dice.choice(LEASES_MS))
        messages = sorted(self._server(dice, life), key=lambda told: told.comes_at)
        clock = Clock(dice)
        state = Trusted(ScreenId("glass"), self.keys.ring)
        state, _ = admission.follow(state, (CHANNEL,))
        for at, told in self._moments(dice, life, messages):
            if told is not None:
                state = self._hears(state, clock, told, at)
            elif dice.random() < (0.6 if state.time.offset_ms is None else 0.05):
                state = self._asks_the_time(state, dice, clock, at)
            elif dice.random() < 0.04:
                kept = state.time
                clock.start(at)
                time = TrustedTime(kept.mark_ms, kept.seen_ms, kept.kid)
                state = Trusted(
                    state.screen,
                    state.ring,
                    None,
                    state.channels,
                    state.freshness,
                    state.wanted,
                    time,
                )
            self._looks(state, clock, life, at, seed)

    def _server(self, dice: random.Random, life: Life) -> Iterator[Told]:
        """All that the server signs in a life, with the fate of each message."""
        past, at, version = Past.of(()), START_MS, 0
        for _ in range(dice.randrange(1, 4)):
            word = _word(dice, at)
            report = ProductReport(
                SKU, "EUR", word.listed, word.sale, word.since, word.until, "in stock"
            )
            past = past.with_rows(ledger.rows_of(report, at))
            offer = Compiler(at, "FR").offer(SKU, PLACE, past, GOODS, None, "")
            life.words.append((at, word))
            life.confirmed.append(at)
            whole = version == 0 or dice.random() < 0.5
            lease = (at, life.lease_ms)
            said = OffersMessage(CHANNEL, 0 if whole else version, at, (offer,), lease=lease)
            version = at
            yield from self._sent(dice, at, self.keys.sign_offers(said), True)
            following = at + dice.randrange(60_000, LIFE_MS // 3)
            for _ in range(dice.randrange(3)):
                confirmed = dice.randrange(at, following)
                issued = confirmed + dice.randrange(60_000)
                if issued < following:
                    life.confirmed.append(confirmed)
                    leases = {CHANNEL: Lease(version, confirmed, life.lease_ms)}
                    fresh = FreshnessMessage(STORE, issued, leases)
                    yield from self._sent(dice, issued, self.keys.sign_freshness(fresh), False)
            at = following

    def _sent(self, dice: random.Random, at: int, token: str, is_offers: bool) -> Iterator[Told]:
        for _ in range(dice.choice((0, 1, 1, 1, 2))):
            late = dice.choice(
                (dice.randrange(2_000), dice.randrange(600_000), dice.randrange(LIFE_MS))
            )
            yield Told(at, at + late, token, is_offers)

    def _moments(
        self, dice: random.Random, life: Life, messages: list[Told]
    ) -> list[tuple[int, Told | None]]:
        """In the order of true time: messages that come, and instants to look at."""
        edges = dice.sample(life.edges(), min(6, len(life.edges())))
        looks = [at + dice.randrange(-1_500, 1_500) for at in edges for _ in range(2)]
        looks += [at + shift for at in edges for shift in (-1, 0, 1)]
        looks += [START_MS + dice.randrange(LIFE_MS) for _ in range(6)]
        moments: list[tuple[int, Told | None]] = [(at, None) for at in looks if at >= START_MS]
        moments += [(told.comes_at, told) for told in messages]
        return sorted(moments, key=lambda moment: moment[0])

    def _hears(self, state: Trusted, clock: Clock, told: Told, at: int) -> Trusted:
        now = state.time.now(clock.monotonic(at), clock.wall(at))
        admit = admission.admit_offers if told.is_offers else admission.admit_freshness
        with suppress(Refused):
            state, _ = admit(state, told.token, now)
        return state

    def _asks_the_time(self, state: Trusted, dice: random.Random, clock: Clock, at: int) -> Trusted:
        """The answer took its time on the way, more in one direction than in the other."""
        there, back = dice.randrange(4_000), dice.randrange(4_000)
        token = self.keys.sign_time("nonce", at - back)
        sent, received = clock.monotonic(at - back - there), clock.monotonic(at)
        if at - back - there < clock.begun:
            return state
        with suppress(Refused):
            state, _ = admission.admit_time(state, token, "nonce", sent, received)
        return state

    def _looks(self, state: Trusted, clock: Clock, life: Life, at: int, seed: str) -> None:
        now: Now = state.time.now(clock.monotonic(at), clock.wall(at))
        fresh = state.freshness_of(STORE)
        found = prices_of(CARD, state.offers, fresh, FOREVER, now)
        if not found.on:
            self.seen[found.off[0].partition(":")[0]] += 1
            return
        priced = found.on[0]
        price = state.offers[CHANNEL].offers[SKU].steps[priced.step].price
        fault = life.fault(priced.version, price, at)
        if now.uncertainty_ms is None:
            fault = "no trusted time"
        self.seen[f"late: {fault}" if fault else "price"] += 1
        if fault:
            self.faults.append(f"{seed}: {price} at {at} ({fault}); {life}")


def _word(dice: random.Random, at: int) -> Word:
    listed = dice.choice(PRICES)
    if dice.random() < 0.4:
        return Word(listed)
    since = at + dice.randrange(-HOUR_MS, 8 * HOUR_MS)
    return Word(listed, listed // 2, since, since + dice.randrange(60_000, 12 * HOUR_MS))


def live_many(seed: int, first: int, count: int) -> tuple[Counter[str], list[str]]:
    """Histories `first` to `first + count` of a seed: what was seen, and what was wrong."""
    with tempfile.TemporaryDirectory(prefix="ens-truth-") as folder:
        histories = Histories(load_keys(Path(folder), START_MS))
        for number in range(first, first + count):
            histories.live(f"{seed}/{number}")
    return histories.seen, histories.faults
