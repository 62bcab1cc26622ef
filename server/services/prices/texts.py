"""What shop screens say of a price, a date and a stock, in French and English; formatting only.

House rules of the look: ",00" is dropped, the minus is U+2212, French sets U+00A0 before € and %,
English puts the currency first, and no struck price stands without the line that says what it is.
What may be said is playlists.law's to decide.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, get_currency_precision, get_currency_symbol

from playlists.law.display import Display
from playlists.law.measures import UnitPrice
from playlists.localtime import local_date, zone_of
from playlists.pricing import Step, StockText

LANGUAGES = ("fr", "en")
FEW = 5
"""Pieces at or below which a screen says how many are left."""
NBSP = "\u00a0"
MINUS = "\u2212"

_LEGAL = {
    "lowest": {
        "fr": "Prix le plus bas des 30 derniers jours",
        "en": "Lowest price in the last 30 days",
    },
    "first_step": {
        "fr": "Prix le plus bas avant la première réduction",
        "en": "Lowest price before the first reduction",
    },
    "before": {
        "fr": "Prix avant réduction, produit vite périssable",
        "en": "Price before the reduction, it spoils soon",
    },
    "since_sold": {
        "fr": "Prix le plus bas depuis sa mise en vente",
        "en": "Lowest price since it was first sold",
    },
}
_COMPARISON = {
    "fr": f"Prix conseillé par {{by}}{NBSP}: {{price}}",
    "en": "Price recommended by {by}: {price}",
}
_SIGNS = {"l": "L"}
"""Units by the sign that no other can be taken for: a small l reads as a capital i."""
_PRICE_FREE = {"fr": "Prix indiqué en rayon", "en": "Price on the shelf"}
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}


def price_free(language: str) -> str:
    """What stands where a price may not."""
    return _PRICE_FREE[language]


def money(amount: int, currency: str, language: str) -> str:
    """An amount in one line: `119,90 €`, `€119.90`, `149 €`."""
    figures, cents = _figures(amount, currency, language)
    number = f"{figures}{_point(language)}{cents}" if cents else figures
    symbol = _symbol(currency, language)
    return f"{symbol}{number}" if language == "en" else f"{number}{NBSP}{symbol}"


@lru_cache(maxsize=2_000)
def step_texts(shown: Display, zone: str, language: str) -> tuple[tuple[str, str], ...]:
    """The texts of one price, as pairs: figures, cents, currency, currency_first; with a lawful
    reduction was, reduction, legal, until; unit and comparison where there are such.
    """
    figures, cents = _figures(shown.price, shown.currency, language)
    texts = [
        ("figures", figures),
        ("cents", cents),
        ("currency", _symbol(shown.currency, language)),
        ("currency_first", "1" if language == "en" else ""),
    ]
    if shown.prior is not None and shown.until_ms is not None:
        space = NBSP if language == "fr" else ""
        texts += [
            ("was", money(shown.prior, shown.currency, language)),
            ("reduction", f"{MINUS}{shown.percent}{space}%"),
            ("legal", _LEGAL[shown.basis][language]),
            ("until", until(shown.until_ms, zone, language)),
        ]
    if shown.unit is not None:
        texts.append(("unit", unit_price(shown.unit, shown.currency, language)))
    if shown.comparison is not None:
        texts.append(("comparison", comparison(shown, language)))
    return tuple(texts)


def offer_step(shown: Display, zone: str) -> Step:
    """A price with its texts."""
    texts = {language: dict(step_texts(shown, zone, language)) for language in LANGUAGES}
    return Step(shown.from_ms, shown.until_ms, shown.price, shown.prior, texts, shown.because)


def unit_price(unit: UnitPrice, currency: str, language: str) -> str:
    """A unit price in one line: `13,20 €/L`, `€13.20/L`."""
    return f"{money(unit.amount, currency, language)}/{_SIGNS.get(unit.unit, unit.unit)}"


def comparison(shown: Display, language: str) -> str:
    """Somebody else's price, as what it is: `Prix conseillé par Arva : 149,90 €`."""
    price = money(shown.comparison or 0, shown.currency, language)
    return _COMPARISON[language].format(by=shown.comparison_source, price=price)


def until(end_ms: int, zone: str, language: str) -> str:
    """The last day of something that ends at `end_ms` (exclusive): an end at midnight is the day
    before.
    """
    last: date = local_date(zone_of(zone), end_ms - 1)
    if language == "en":
        day = format_date(last, "EEEE d MMMM", locale="en_GB")
        return f"Until {day}"
    day = format_date(last, "EEEE d MMMM", locale="fr_FR")
    first = last.day == 1
    return f"Jusqu’au {day.replace(' 1 ', ' 1er ', 1) if first else day}"


def stock_text(quantity: int, gate: tuple[str, int]) -> StockText | None:
    """How many are left, where that is worth saying: from one to FEW pieces."""
    if not 1 <= quantity <= FEW:
        return None
    figure = str(quantity)
    return StockText(
        gate,  # type: ignore[arg-type]
        {
            "fr": {"text": f"Plus que {figure} dans ce magasin", "figure": figure},
            "en": {"text": f"{figure} left in this store", "figure": figure},
        },
    )


def hour(at_ms: int, zone: str, language: str) -> str:
    """A store-local clock time: `17 h`, `17 h 30`, `5 pm`, `5.30 pm`."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone_of(zone))
    if language == "fr":
        minutes = f"{NBSP}{local.minute:02d}" if local.minute else ""
        return f"{local.hour}{NBSP}h{minutes}"
    text = format_skeleton("hm" if local.minute else "h", local, locale="en_GB")
    return str(text).replace("\u202f", NBSP).replace(" ", NBSP)


def _figures(amount: int, currency: str, language: str) -> tuple[str, str]:
    """Whole units with their thousands grouped, and the minor units, empty where they are zero."""
    digits = get_currency_precision(currency)
    whole, minor = divmod(amount, 10**digits)
    return _grouped(whole, language), f"{minor:0{digits}d}" if minor else ""


@lru_cache(maxsize=4_000)
def _grouped(whole: int, language: str) -> str:
    figures = format_decimal(whole, format="#,##0", locale=_LOCALES[language])
    # The display fonts lack U+202F, which French groups thousands with.
    return figures.replace("\u202f", NBSP)


@lru_cache(maxsize=400)
def _symbol(currency: str, language: str) -> str:
    return get_currency_symbol(currency, locale=_LOCALES[language])


def _point(language: str) -> str:
    return "." if language == "en" else ","
