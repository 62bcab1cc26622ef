"""How passwords are kept."""

from __future__ import annotations

from collections.abc import Callable

from argon2 import PasswordHasher, Type


def test_they_are_hashed_as_the_rfc_advises(real_hasher: Callable[[], PasswordHasher]) -> None:
    """RFC 9106 §4, second choice."""
    made = real_hasher()
    assert (made.type, made.memory_cost, made.time_cost) == (Type.ID, 64 * 1024, 3)
    assert made.verify(made.hash("a long sentence"), "a long sentence")
