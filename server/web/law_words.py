"""What the law lets stand beside a price, and why not, in words: for "why?" and the studio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.web.phrase import Language, Phrase

REGULAR = "prior:regular"
"""The code of a price that the shop does not announce as a reduction."""

LAW: Final[dict[str, Phrase]] = {
    REGULAR: Phrase("prix courant", "regular price"),
    "was:lowest": Phrase(
        "barré : le plus bas des 30 jours avant la réduction",
        "struck: the lowest of the 30 days before the reduction",
    ),
    "was:first_step": Phrase(
        "barré : le plus bas des 30 jours avant la première des réductions successives",
        "struck: the lowest of the 30 days before the first of these growing reductions",
    ),
    "was:before": Phrase(
        "barré : le prix juste avant la réduction, car il s’altère vite",
        "struck: the price just before the reduction, because it spoils soon",
    ),
    "was:since_sold": Phrase(
        "barré : le plus bas depuis sa mise en vente, il y a moins de 30 jours",
        "struck: the lowest since it was first sold, less than 30 days before",
    ),
    "prior:history_too_short": Phrase(
        "pas de prix barré : moins de 30 jours d’historique",
        "no struck price: under 30 days of history",
    ),
    "prior:new_goods": Phrase(
        "pas de prix barré : en vente depuis moins de 30 jours",
        "no struck price: sold for less than 30 days",
    ),
    "prior:not_sold": Phrase(
        "pas de prix barré : pas en vente les 30 jours d’avant",
        "no struck price: not sold in the 30 days before",
    ),
    "prior:currency_changed": Phrase(
        "pas de prix barré : la monnaie a changé", "no struck price: the currency changed"
    ),
    "prior:not_lower": Phrase(
        "pas de prix barré : pas plus bas que les 30 jours d’avant",
        "no struck price: not lower than the 30 days before",
    ),
    "prior:under_one": Phrase(
        "pas de prix barré : moins d’un pour cent d’écart",
        "no struck price: less than one percent off",
    ),
    "prior:no_end": Phrase(
        "pas de prix barré : la boutique ne dit pas quand la réduction finit",
        "no struck price: the shop names no end of the reduction",
    ),
    "prior:unknown_country": Phrase(
        "pas de prix barré : on ne connaît pas la loi du pays de ce magasin",
        "no struck price: the law of this store’s country is not known here",
    ),
    "unit:unreadable": Phrase(
        "pas de prix à l’unité de mesure : le contenu donné par la boutique est illisible",
        "no unit price: the contents that the shop gives cannot be read for certain",
    ),
    "unit:other_unit": Phrase(
        "pas de prix à l’unité de mesure : il se vend à la pièce",
        "no unit price: it is sold by the piece",
    ),
    "unit:same_as_price": Phrase(
        "le prix à l’unité de mesure est le prix lui-même", "the unit price is the price itself"
    ),
    "unit:too_small": Phrase(
        "pas de prix à l’unité de mesure : moins d’un demi-centime",
        "no unit price: less than half a cent",
    ),
    "comparison:no_source": Phrase(
        "prix de comparaison refusé : on ne sait pas de qui il est",
        "comparison refused: nobody says whose price it is",
    ),
    "comparison:not_higher": Phrase(
        "prix de comparaison omis : il n’est pas plus haut",
        "comparison left out: it is not higher",
    ),
    "comparison:unknown_country": Phrase(
        "prix de comparaison omis : on ne connaît pas la loi du pays de ce magasin",
        "comparison left out: the law of this store’s country is not known here",
    ),
}


def because_words(because: Sequence[str], language: Language) -> tuple[str, ...]:
    """Each reason in words, that of the prior price first; a code that is not known is left out."""
    told = because if of_prior(because) else (REGULAR, *because)
    return tuple(getattr(LAW[code], language) for code in told if code in LAW)


def of_prior(because: Sequence[str]) -> bool:
    """Whether the first reason is that of the prior price."""
    return bool(because) and because[0].startswith(("was:", "prior:"))
