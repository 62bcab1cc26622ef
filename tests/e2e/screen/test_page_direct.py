"""A browser becomes a screen and shows what the server says, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.screen.chain import CHANNEL, STORE, message_card, offer, plan, price_card
from tests.e2e.screen.looking import glass, until, until_painted
from tests.e2e.screen.peer import Peer, now_ms

pytestmark = pytest.mark.chromium


def test_it_pairs_by_its_code_and_paints_a_price(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    assert "Estran 28" in glass(page)
