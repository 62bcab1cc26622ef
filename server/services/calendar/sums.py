"""The sum of shares of every screen at once, in bit planes: bit n of plane p is bit p of screen n's
sum, so that one more campaign is a few operations on long numbers. Pure.
"""

from __future__ import annotations

from server.services.calendar.floor import Mask


class Sums:
    """A whole number, 0 or more, for every screen."""

    def __init__(self) -> None:
        self._planes: list[Mask] = []

    def change(self, amount: int, screens: Mask) -> None:
        """More on some screens, or less (a negative amount) where as much was added before."""
        if amount < 0:
            self._take(-amount, screens)
        else:
            self._add(amount, screens)

    def _add(self, amount: int, screens: Mask) -> None:
        planes, carry, at = self._planes, 0, 0
        while amount >> at or carry:
            if at == len(planes):
                planes.append(0)
            here = planes[at]
            if amount >> at & 1:
                planes[at] = here ^ screens ^ carry
                carry = here & screens | (here ^ screens) & carry
            else:
                planes[at] = here ^ carry
                carry &= here
            at += 1

    def _take(self, amount: int, screens: Mask) -> None:
        planes, borrow, at = self._planes, 0, 0
        while amount >> at or borrow:
            here = planes[at]
            if amount >> at & 1:
                planes[at] = here ^ screens ^ borrow
                borrow = (screens | borrow) & ~here | screens & borrow
            else:
                planes[at] = here ^ borrow
                borrow &= ~here
            at += 1

    def most(self, among: Mask) -> tuple[int, Mask]:
        """The greatest sum of some screens, and those that have it."""
        total = 0
        for at in range(len(self._planes) - 1, -1, -1):
            if here := among & self._planes[at]:
                among = here
                total |= 1 << at
        return total, among

    def least(self, among: Mask) -> int:
        """The smallest sum of some screens."""
        total = 0
        for at in range(len(self._planes) - 1, -1, -1):
            if here := among & ~self._planes[at]:
                among = here
            else:
                total |= 1 << at
        return total

    def over(self, limit: int, among: Mask) -> Mask:
        """The screens whose sum is more than a limit."""
        found = 0
        for at in range(max(len(self._planes), limit.bit_length()) - 1, -1, -1):
            here = self._planes[at] if at < len(self._planes) else 0
            if limit >> at & 1:
                among &= here
            else:
                found |= among & here
                among &= ~here
        return found
