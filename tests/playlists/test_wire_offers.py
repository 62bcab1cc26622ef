"""A delta in bytes: made of offers that are in theirs already, and still the one canonical form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from playlists.ids import ChannelId, Sku, canonical
from playlists.pricing import Offer
from playlists.wire.offers import OffersMessage, offer_to_bytes

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.lists(NAMES, max_size=4),
    st.lists(NAMES, max_size=3),
    st.integers(0, 2**50),
    st.tuples(st.integers(0, 2**50), st.integers(0, 2**40)),
)
def test_the_bytes_of_a_delta_are_its_canonical_json(
    names: list[str], gone: list[str], since: int, lease: tuple[int, int]
) -> None:
    offers = [Offer(Sku(f"S{at}"), "EUR", (), {"fr": {"name": it}}) for at, it in enumerate(names)]
    channel = ChannelId(f'shop "{"".join(names)}"@lille')
    message = OffersMessage(channel, since, since + 1, tuple(offers), tuple(map(Sku, gone)), lease)
    assert message.to_bytes(offer_to_bytes) == canonical(message.to_json())
