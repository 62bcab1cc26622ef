"""Refuses a price or a reduction that someone typed: prices on screens come from the shop alone.

A text that a person wrote has no lease, no ledger behind it and no end: it goes on saying 19 € when
the shop says 25 €. Hence a hard rule: a currency sign, a currency's name beside a number, or a
percentage that may be a reduction is refused, and the person is told to bind the product instead.
"""

from __future__ import annotations

import re
import unicodedata

from server.errors import BadInput
from server.services.base.percentages import reads_as_reduction

_SIGN = re.compile(r"[\u0024\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20cf\ufdfc]")
_NUMBER = r"[0-9]"
_CURRENCY = (
    r"(?:EUR|USD|GBP|CHF|CAD|JPY|XPF|MAD|TND|DZD|euros?|dollars?|livres? sterling|pounds?|francs?"
    r"|centimes?|cents?|cts?|pence)"
)
_NAMED = re.compile(
    rf"{_NUMBER}\s*{_CURRENCY}\b|\b(?:EUR|USD|GBP|CHF|CAD|JPY|XPF)\s*{_NUMBER}|\beuros\b", re.I
)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")

PRICE = "typed_price"
PERCENT = "typed_percent"


def check_wording(text: str, field: str) -> None:
    """Raises BadInput (code `typed_price` or `typed_percent`) where `text` names a price or a
    percentage that is not plainly what something is made of.
    """
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    if _SIGN.search(plain) or _NAMED.search(plain):
        message = (
            "A price cannot be typed: it would stay on screen when the shop's price changes. "
            "Bind the product by its SKU; its price then comes from the shop."
        )
        raise BadInput(message, field=field, code=PRICE)
    if reads_as_reduction(plain):
        message = (
            "This percentage reads as a reduction, which must be worked out from the price "
            "history. Bind the product by its SKU; its reduction is then shown where it is lawful. "
            "To say what a product is made of, write the material right after the percentage, as "
            "in “80 % wool”, in a sentence that speaks of no price."
        )
        raise BadInput(message, field=field, code=PERCENT)
