"""A sale ends at its instant on a player that has been cut off since yesterday."""

from __future__ import annotations

from dataclasses import replace

from playlists.slot import PRICE_MARGIN_MS
from tests.fakes.shop_content import HOUR_MS, boot_offer
from tests.player.bench import Bench

SECOND_MS = 1_000
TURN_MS = 20 * SECOND_MS
"""Between two turns of the priced card."""


def on_screen(screen: Bench) -> list[int]:
    """The prices of this very instant."""
    trusted = screen.parts.kept.memory.trusted
    assert trusted
    shown = screen.shown().prices
    return [trusted.offers[one.channel].offers[one.sku].steps[one.step].price for one in shown]


def test_a_sale_ends_at_its_instant_though_nobody_was_heard_since_yesterday(
    screen: Bench,
) -> None:
    """The lease is the longest that a shop may choose, a day; the sale ends after twenty hours."""
    began = screen.clocks.true_ms
    end, over = began + 20 * HOUR_MS, began + 24 * HOUR_MS
    sale, regular = boot_offer(7_990), boot_offer(8_990)
    steps = (replace(sale.steps[0], until_ms=end), replace(regular.steps[0], from_ms=end))
    screen.hear("offers", screen.sim.price(replace(sale, steps=steps)))
    screen.hear("freshness", screen.sim.renew(lease_ms=24 * HOUR_MS))
    screen.sim.faults.down = True
    assert screen.prices() == [7_990]

    screen.wait(20 * HOUR_MS - 60 * SECOND_MS, step_ms=HOUR_MS)
    assert screen.prices() == [7_990]
    unsure = screen.agent.health()["clock"]["uncertainty"]
    early = max(PRICE_MARGIN_MS, unsure)
    assert early < 60 * SECOND_MS
    seen = {}
    while screen.clocks.true_ms < end + 60 * SECOND_MS:
        seen[screen.clocks.true_ms - end] = on_screen(screen)
        screen.wait(250, step_ms=250)
    shown = {at for at, prices in seen.items() if prices == [7_990]}
    follows = {at for at, prices in seen.items() if prices == [8_990]}
    assert max(shown) < 0, "no frame of the sale at its end or after it"
    assert max(shown) >= -2 * early - TURN_MS
    assert 0 <= min(follows) <= 2 * early + TURN_MS, "and what follows begins no sooner"
    assert {tuple(prices) for prices in seen.values()} == {(7_990,), (), (8_990,)}

    screen.wait(over - screen.clocks.true_ms - 60 * SECOND_MS, step_ms=HOUR_MS)
    assert screen.prices() == [8_990]
    screen.wait(59 * SECOND_MS)
    assert screen.prices() == []


def test_with_the_usual_lease_a_player_of_yesterday_shows_no_price_at_all(screen: Bench) -> None:
    screen.sim.faults.down = True
    screen.wait(24 * HOUR_MS, step_ms=HOUR_MS)
    assert screen.prices() == []
    assert screen.shown().card is not None
