"""The tables of docs/guides/lawful-prices.md: the countries of playlists/law, and the cases
of tests/playlists/lawful_cases.toml. Run, they are written anew; `--check` says whether they stand
as they should.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from playlists.law.countries import DIRECTIVE, PLAIN, CountryRules, rules_of

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs/guides/lawful-prices.md"
CASES = ROOT / "tests/playlists/lawful_cases.toml"
BEGIN, END = "<!-- {0}: written by tools/lawful_prices.py -->", "<!-- end of {0} -->"
OWN = ("FR", "DE", "PL")
RULES = {
    "prior": "Prior price",
    "progressive": "Reduction that grows",
    "perishable": "Spoils soon",
    "new_goods": "Sold for under 30 days",
    "unit": "Unit price",
    "comparison": "Recommended price",
}
REGULAR = "regular price"


def countries() -> str:
    """What each country lets stand, with where it says so."""
    rows = ["| Country | Rule | What is shown | Source |", "|---|---|---|---|"]
    named = [(code, rules_of(code)) for code in OWN]
    for name, rules in (*named, ("other EU", DIRECTIVE)):
        for rule, title in RULES.items():
            source = rules.sources[rule]  # type: ignore[index]
            rows.append(f"| {name} | {title} | {_shown(rule, rules)} | {source} |")
    rows.append("| any other, or none | all | the price and its unit price, nothing else | |")
    return "\n".join(rows) + f"\n\nOther EU: {', '.join(sorted(PLAIN))}."


def cases() -> str:
    """Each case: its country, its rows, when it is looked at, what is shown, its source."""
    rows = [
        "| # | Case | Country | Ledger | At | Shown | Why | Source |",
        "|--:|---|---|---|---|---|---|---|",
    ]
    for number, case in enumerate(tomllib.loads(CASES.read_text())["case"], 1):
        cells = (
            *(str(number), case["name"], case.get("country", "FR") or "none"),
            *("<br>".join(_ledger(case)), case["at"].replace("T", " ")),
            *(_want(case), "<br>".join(_why(case)), case["law"]),
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def in_guide(name: str) -> str:
    """A table as it stands there now."""
    after = GUIDE.read_text().partition(BEGIN.format(name))[2]
    return after.partition(END.format(name))[0].strip()


TABLES = {"countries": countries, "cases": cases}


def stale() -> list[str]:
    """The tables that are old ones."""
    return [name for name, table in TABLES.items() if in_guide(name) != table()]


def _shown(rule: str, rules: CountryRules) -> str:
    return {
        "prior": "the lowest price of the 30 days before the reduction began; percentages from it",
        "progressive": "the price before its first step"
        if rules.progressive
        else "each step counts from the 30 days before it",
        "perishable": "the price just before the reduction"
        if rules.perishable == "before"
        else "as of all goods",
        "new_goods": "the lowest since it was first sold"
        if rules.new_goods == "since_sold"
        else "no “was”, no percentage",
        "unit": "per " + ", ".join(unit for units in rules.units.values() for unit in units),
        "comparison": "only with whose price it is, never as “was”",
    }[rule]


def _ledger(case: dict[str, Any]) -> Iterator[str]:
    for row in case["rows"]:
        yield row.replace("T", " ").replace("..", " to ")
    for row in case.get("also", ()):
        yield "another channel: " + row.replace("T", " ").replace("..", " to ")
    for name in ("measure", "base", "sold_since"):
        if name in case:
            yield f"{name.replace('_', ' ')}: {case[name]}"
    if case.get("perishable"):
        yield "spoils soon"
    if "compared" in case:
        price, source = case["compared"]
        yield f"compared with {price} of {source.strip() or 'nobody'}"
    currency = case.get("currency", "EUR")
    if currency != "EUR":
        yield f"in {currency}"


def _want(case: dict[str, Any]) -> str:
    want = case["want"]
    parts = [want["price"]]
    if "prior" in want:
        parts.append(f"was {want['prior']}, −{want['percent']} %")
    parts += [want[name] for name in ("unit", "comparison") if " " in want.get(name, "")]
    if "/" in want.get("unit", ""):
        parts.append(want["unit"])
    return ", ".join(parts)


def _why(case: dict[str, Any]) -> Iterator[str]:
    want = case["want"]
    yield f"`{want['because']}`" if "because" in want else REGULAR
    for name in ("unit", "comparison"):
        said = want.get(name, "")
        if said and "/" not in said and " " not in said:
            yield f"`{name}:{said}`"


def main() -> None:
    """Write the tables, or say that one is old."""
    if "--check" in sys.argv[1:]:
        old = stale()
        sys.exit(f"Run tools/lawful_prices.py: {', '.join(old)} are old." if old else None)
    text = GUIDE.read_text()
    for name, table in TABLES.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, after = text.partition(begin)[0], text.partition(end)[2]
        text = f"{before}{begin}\n\n{table()}\n\n{end}{after}"
    GUIDE.write_text(text)


if __name__ == "__main__":
    main()
