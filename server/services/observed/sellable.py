"""How many pieces a screen may promise of what a store counted. Pure.

Counted, less what is promised to customers who collect (reservations), less a safety buffer for
what is in a fitting room or mislaid. A count that flaps about the edge does not flap the screens:
once nothing is left, a product is back when enough of it is, or when some of it stayed for a while.
It goes at once: a screen never sends anybody to an empty shelf for the sake of calm.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StockRules:
    """A source's rules: `buffer` pieces are never promised; once out, a product is back with
    `back_at` pieces to promise, or when one or more stayed for `settle_ms`.
    """

    buffer: int = 0
    back_at: int = 2
    settle_ms: int = 10 * 60_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """A product in a store: what was counted and reserved, whether it is out as screens see it, and
    since when (unix ms) there is something again though it still is; 0: there is not.
    """

    counted: int
    reserved: int
    out: bool
    back_since: int = 0


def shelve(counted: int, reserved: int, was: Shelf | None, rules: StockRules, at_ms: int) -> Shelf:
    """A product's shelf after a count at an instant. `was` is the shelf before, None where none is
    known: what is counted first is believed as it stands.
    """
    left = left_of(counted, reserved, rules)
    if left == 0:
        return Shelf(counted, reserved, True)
    if was is None or not was.out or left >= rules.back_at:
        return Shelf(counted, reserved, False)
    since = was.back_since or at_ms
    if at_ms - since >= rules.settle_ms:
        return Shelf(counted, reserved, False)
    return Shelf(counted, reserved, True, since)


def left_of(counted: int, reserved: int, rules: StockRules) -> int:
    """Pieces beyond what is reserved and buffered; never below none."""
    return max(0, counted - reserved - rules.buffer)


def promised(shelf: Shelf, rules: StockRules) -> int:
    """Pieces that screens and conditions go by."""
    return 0 if shelf.out else left_of(shelf.counted, shelf.reserved, rules)
