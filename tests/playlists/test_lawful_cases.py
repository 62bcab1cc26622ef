"""Every case of lawful_cases.toml, against the rules of its country."""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from playlists.ids import ChannelId, Sku
from playlists.law.countries import rules_of
from playlists.law.display import Display, displays
from playlists.law.reductions import Goods
from playlists.ledger import effective
from playlists.pricing import LedgerRow

CASES = tomllib.loads(Path(__file__).with_name("lawful_cases.toml").read_text())["case"]
DIGITS = {"JPY": 0, "TND": 3}
ROW = re.compile(
    r"(?P<begin>[\dT:.-]+?)(?:\.\.(?P<end>[\dT:-]+))? (?P<price>[\d.]+)(?P<sale> sale)?"
    r"(?: (?P<currency>[A-Z]{3}))?(?: recorded (?P<recorded>[\dT:-]+))?"
)
ENOUGH = 60


def instant(text: str, zone: str) -> int:
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return round(wall.timestamp() * 1000)


def minor(text: str, currency: str) -> int:
    digits = DIGITS.get(currency, 2)
    whole, _, cents = text.partition(".")
    assert len(cents) == digits, f"{text} {currency}"
    return int(whole + cents)


def ledger_row(text: str, case: dict[str, Any], channel: str) -> LedgerRow:
    if text.endswith(" withdrawn"):
        gone = instant(text.removesuffix(" withdrawn"), case["zone"])
        return LedgerRow(Sku("A"), ChannelId(channel), 0, "", gone, None, False, gone)
    parts = ROW.fullmatch(text)
    assert parts, text
    zone, currency = case["zone"], parts["currency"] or case["currency"]
    begin = instant(parts["begin"], zone)
    until = instant(parts["end"], zone) if parts["end"] else None
    recorded = instant(parts["recorded"], zone) if parts["recorded"] else begin
    return LedgerRow(
        *(Sku("A"), ChannelId(channel), minor(parts["price"], currency), currency, begin, until),
        reduced=bool(parts["sale"]),
        recorded_at=recorded,
    )


def goods(case: dict[str, Any]) -> Goods:
    compared, source = case.get("compared", (None, ""))
    return Goods(
        *(case.get("measure", ""), case.get("base", ""), case.get("perishable", False)),
        sold_since=instant(case["sold_since"], case["zone"]) if "sold_since" in case else None,
        comparison=None if compared is None else minor(compared, case["currency"]),
        comparison_source=source,
    )


def shown(case: dict[str, Any]) -> Display:
    """What stands on the screen of the case's store at its instant."""
    every = [ledger_row(text, case, "shop@here") for text in case["rows"]]
    every += [ledger_row(text, case, "shop@there") for text in case.get("also", ())]
    here = effective(row for row in every if row.channel == "shop@here")
    at = instant(case["at"], case["zone"])
    [found] = displays(here, at, at + 1, case["zone"], rules_of(case["country"]), goods(case))
    return found


def told(found: Display) -> dict[str, Any]:
    """A display as the table writes it."""

    def money(amount: int) -> str:
        digits = DIGITS.get(found.currency, 2)
        text = str(amount).rjust(digits + 1, "0")
        return f"{text[:-digits]}.{text[-digits:]}" if digits else text

    said: dict[str, Any] = {"price": money(found.price)}
    if found.prior is not None:
        said |= {"prior": money(found.prior), "percent": found.percent}
    if found.because and found.because[0].startswith(("was:", "prior:")):
        said["because"] = found.because[0]
    if found.unit is not None:
        said["unit"] = f"{money(found.unit.amount)}/{found.unit.unit}"
    elif found.unit_reason != "no_measure":
        said["unit"] = found.unit_reason
    if found.comparison is not None:
        said["comparison"] = f"{money(found.comparison)} {found.comparison_source}"
    elif found.comparison_reason != "none":
        said["comparison"] = found.comparison_reason
    return said


def test_the_cases_are_many_each_with_a_name_and_a_source() -> None:
    assert len(CASES) >= ENOUGH
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case["law"] for case in CASES)
    assert sum("C-330/23" in case["law"] for case in CASES) >= 3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_may_be_said(case: dict[str, Any]) -> None:
    full = {"country": "FR", "zone": "Europe/Paris", "currency": "EUR", **case}
    assert told(shown(full)) == case["want"]
