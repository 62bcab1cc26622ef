"""What each country asks of displayed prices, as data with its source.

France, Germany and Poland by their own texts; the other states of the Union by directive 98/6/EC
alone, none of its options taken, which is the stricter reading of each. Where a country is not
known nothing is announced: no "was", no percentage, no comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PRIOR_DAYS = 30
"""Days before a reduction whose lowest price is the prior price (98/6/EC, article 6a(2))."""

Perishable = Literal["same", "before"]
"""The prior price of what spoils soon: as of all goods, or the price just before the reduction."""
NewGoods = Literal["silent", "since_sold"]
"""The prior price of what was sold for less than PRIOR_DAYS: none, or the lowest since then."""
Rule = Literal["prior", "progressive", "perishable", "new_goods", "unit", "comparison"]


@dataclass(frozen=True, slots=True)
class CountryRules:
    """One country's rules. `announced`: whether a reduction may be told of at all; `progressive`:
    whether one that grows step by step keeps the price before its first step (6a(5)).

    `units`: quantities that a unit price is of, by what is measured. `sources` says for each rule
    where it stands.
    """

    code: str
    announced: bool
    progressive: bool
    perishable: Perishable
    new_goods: NewGoods
    units: Mapping[str, tuple[str, ...]]
    sources: Mapping[Rule, str]


_METRIC = {"mass": ("kg",), "volume": ("l", "m³"), "length": ("m",), "area": ("m²",)}
"""One kilogram, litre, metre, square metre or cubic metre: 98/6/EC, article 2(b)."""

_DIRECTIVE: Mapping[Rule, str] = {
    "prior": "98/6/EC art. 6a(1), 6a(2); CJEU C-330/23 Aldi Süd, 26 September 2024",
    "progressive": "98/6/EC art. 6a(5), an option that is not taken here",
    "perishable": "98/6/EC art. 6a(3), an option that is not taken here",
    "new_goods": "98/6/EC art. 6a(4), an option that is not taken here",
    "unit": "98/6/EC art. 2(b), 3(1), 3(4), 4(1)",
    "comparison": "2021/C 526/02, 1.1; 2005/29/EC art. 6(1)(d)",
}

DIRECTIVE = CountryRules("EU", True, False, "same", "silent", _METRIC, _DIRECTIVE)
UNKNOWN = CountryRules("", False, False, "same", "silent", _METRIC, _DIRECTIVE)

FRANCE = CountryRules(
    "FR",
    announced=True,
    progressive=True,
    perishable="before",
    new_goods="silent",
    units=_METRIC,
    sources={
        "prior": "code de la consommation L112-1-1 I al. 1 and 2; CJEU C-330/23",
        "progressive": "code de la consommation L112-1-1 I al. 3",
        "perishable": "code de la consommation L112-1-1 I al. 4 (out of the 30-day rule)",
        "new_goods": "code de la consommation L112-1-1 has no rule for them: 98/6/EC art. 6a(2)",
        "unit": "arrêté du 16 novembre 1999 (prix à l’unité de mesure); 98/6/EC art. 3, 4",
        "comparison": "2021/C 526/02, 1.1; code de la consommation L121-2",
    },
)
GERMANY = CountryRules(
    "DE",
    announced=True,
    progressive=True,
    perishable="same",
    new_goods="silent",
    units=_METRIC,
    sources={
        "prior": "PAngV § 11(1); CJEU C-330/23; LG Düsseldorf 38 O 182/22",
        "progressive": "PAngV § 11(2)",
        "perishable": "PAngV § 11(4) no. 2 lets it out where the threat is shown: not done here",
        "new_goods": "PAngV § 11 has no rule for them: 98/6/EC art. 6a(2)",
        "unit": "PAngV § 4, § 5",
        "comparison": "2021/C 526/02, 1.1; UWG § 5",
    },
)
POLAND = CountryRules(
    "PL",
    announced=True,
    progressive=False,
    perishable="before",
    new_goods="since_sold",
    units=_METRIC,
    sources={
        "prior": "ustawa o informowaniu o cenach art. 4(2); CJEU C-330/23",
        "progressive": "98/6/EC art. 6a(5), an option that is not taken",
        "perishable": "ustawa o informowaniu o cenach art. 4(4)",
        "new_goods": "ustawa o informowaniu o cenach art. 4(3)",
        "unit": "ustawa o informowaniu o cenach art. 4(1)",
        "comparison": "2021/C 526/02, 1.1; 2005/29/EC art. 6(1)(d)",
    },
)

PLAIN = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DK", "EE", "ES", "FI", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT", "RO", "SE", "SI", "SK"),
    )
)
"""States of the Union that go by the directive alone here."""
_OWN = {
    **dict.fromkeys(("FR", "GP", "GF", "MQ", "RE", "YT"), FRANCE),
    "DE": GERMANY,
    "PL": POLAND,
}


def rules_of(country: str) -> CountryRules:
    """The rules of a country by ISO 3166-1, or -2 for a part of it (`FR-MQ`)."""
    code = country.partition("-")[0].upper()
    return _OWN.get(code, DIRECTIVE if code in PLAIN else UNKNOWN)
