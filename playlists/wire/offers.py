"""`enseigne.offers`: what changed in a channel from one version to another, or the whole of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from playlists.errors import Invalid
from playlists.fields import Fields, entries, row, text, whole
from playlists.ids import ChannelId, Json, Sku, canonical, check_sku
from playlists.pricing import Offer, Step, StockText
from playlists.wire.texts import MAX_NAME, gate_from, texts_from, texts_json

MAX_OFFERS = 50_000
"""Offers, or SKUs that are gone, in one message."""
MAX_STEPS = 200
"""Steps of one offer."""
MAX_REASON = 80
"""Characters of an offer's reason code, or of a step's."""
MAX_BECAUSE = 8
"""Reason codes of one step."""
_STEP_PARTS = 5
"""Parts that a step has at the least; one more, its reasons, where it has any."""

_STEP_NEEDED = ("figures", "cents", "currency", "currency_first")
_STEP_ALLOWED = ("was", "reduction", "legal", "until", "unit", "comparison")


@dataclass(frozen=True, slots=True)
class OffersMessage:
    """Brings a channel from version `since` (0: from nothing, a whole snapshot) to version `to`.

    `lease` (as of, milliseconds) is the new version's own: when the shop last confirmed all its
    prices. An offer's `at` is when it last confirmed that one alone.
    """

    channel: ChannelId
    since: int
    to: int
    changed: tuple[Offer, ...] = ()
    gone: tuple[Sku, ...] = ()
    lease: tuple[int, int] = (0, 0)

    def to_json(self) -> Json:
        """The payload."""
        return {
            "v": 1,
            "channel": self.channel,
            "from": self.since,
            "to": self.to,
            "set": [offer_to_json(offer) for offer in self.changed],
            "gone": list(self.gone),
            "lease": list(self.lease),
        }

    def to_bytes(self, offer_bytes: Callable[[Offer], bytes]) -> bytes:
        """`canonical(self.to_json())` of offers whose bytes there are already: channels that say
        the same share them.
        """
        head = canonical(
            {
                "channel": self.channel,
                "from": self.since,
                "gone": list(self.gone),
                "lease": list(self.lease),
            }
        )
        offers = b",".join(map(offer_bytes, self.changed))
        tail = canonical({"to": self.to, "v": 1})
        return b'%b,"set":[%b],%b' % (head[:-1], offers, tail[1:])

    @classmethod
    def from_json(cls, value: object) -> OffersMessage:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        since = given.whole("from")
        return cls(
            ChannelId(given.text("channel", MAX_NAME)),
            since,
            given.whole("to", since + 1),
            tuple(offer_from_json(offer, at) for at, offer in given.items("set", MAX_OFFERS)),
            tuple(check_sku(text(sku, at), at) for at, sku in given.items("gone", MAX_OFFERS)),
            lease_from(given),
        )


def lease_from(given: Fields) -> tuple[int, int]:
    """Read `lease`, (0, 0) where a message has none. Raises Invalid."""
    if not given.has("lease"):
        return (0, 0)
    as_of, lease_ms = row(given.value("lease"), given.at("lease"), 2)[:2]
    return whole(as_of, given.at("lease")), whole(lease_ms, given.at("lease"))


def offer_to_json(offer: Offer) -> Json:
    """One offer, as in `set`."""
    out: dict[str, Json] = {
        "k": offer.sku,
        "cur": offer.currency,
        "st": [_step_json(step) for step in offer.steps],
        "nm": texts_json(offer.names),
    }
    if offer.stock is not None:
        out["sk"] = {"g": list(offer.stock.gate), "t": texts_json(offer.stock.texts)}
    if offer.reason:
        out["r"] = offer.reason
    if offer.confirmed_at:
        out["at"] = offer.confirmed_at
    return out


def offer_to_bytes(offer: Offer) -> bytes:
    """The canonical bytes of one offer, as in `set`."""
    return canonical(offer_to_json(offer))


def offer_from_json(value: object, path: str = "") -> Offer:
    """Undo `offer_to_json`. Raises Invalid."""
    given = Fields.of(value, path)
    steps = tuple(
        _step(step, at) for at, step in entries(given.value("st"), given.at("st"), MAX_STEPS)
    )
    for before, after in pairwise(steps):
        if before.until_ms is None or before.until_ms > after.from_ms:
            raise Invalid("Steps stand in order and do not overlap.", given.at("st"))
    return Offer(
        check_sku(given.text("k"), given.at("k")),
        given.text("cur", 3, empty=True),  # an offer without a price needs none
        steps,
        texts_from(given, "nm", ("name",), ("lead", "pricefree")),
        _stock(given.fields("sk")) if given.has("sk") else None,
        given.text("r", MAX_REASON) if given.has("r") else "",
        given.whole("at") if given.has("at") else 0,
    )


def _step_json(step: Step) -> Json:
    told: list[Json] = [step.from_ms, step.until_ms, step.price, step.prior]
    told.append(texts_json(step.texts))
    return [*told, list(step.because)] if step.because else told


def _step(value: object, path: str) -> Step:
    parts = row(value, path, _STEP_PARTS)
    from_ms, until_ms, price, prior, texts = parts[:_STEP_PARTS]
    begins = whole(from_ms, path)
    ends = None if until_ms is None else whole(until_ms, path, begins + 1)
    now = whole(price, path)
    was = None if prior is None else whole(prior, path, now + 1)
    held = Fields({"texts": texts}, path)
    because = () if len(parts) == _STEP_PARTS else _because(parts[_STEP_PARTS], path)
    said = texts_from(held, "texts", _STEP_NEEDED, _STEP_ALLOWED)
    return Step(begins, ends, now, was, said, because)


def _because(value: object, path: str) -> tuple[str, ...]:
    return tuple(text(code, at, MAX_REASON) for at, code in entries(value, path, MAX_BECAUSE))


def _stock(given: Fields) -> StockText:
    return StockText(gate_from(given, "g"), texts_from(given, "t", ("text",), ("figure",)))
