"""How a till may be set up, and what it is called with."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from server.connectors.tills.till import MAX_TIMEOUT_S, MIN_TIMEOUT_S, TillConfig, decimal


def test_a_till_names_its_stores() -> None:
    """Prices wait for tills: where none answers they would leave the screens."""
    assert TillConfig(only=("prado",)).order == "both"
    for stores in ((), ("Not a store",)):
        with pytest.raises(ValidationError):
            TillConfig(only=stores)
    with pytest.raises(ValidationError):
        TillConfig.model_validate({})


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_s": MIN_TIMEOUT_S - 1},
        {"timeout_s": MAX_TIMEOUT_S + 1},
        {"mismatch_s": 0},
        {"order": "perhaps"},
        {"on_mismatch": "hide"},
        {"release_url": "ftp://till.example"},
    ],
)
def test_its_settings_have_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TillConfig(only=("prado",), **wrong)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (11_990, "EUR", "119.90"),
        (5, "EUR", "0.05"),
        (1_990, "JPY", "1990"),
        (1_005, "TND", "1.005"),
    ],
)
def test_prices_are_written_with_the_currencys_own_decimals(
    amount: int, currency: str, text: str
) -> None:
    assert decimal(amount, currency) == text
