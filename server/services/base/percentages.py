"""Tells what something is made of ("100 % coton", "70 % cocoa") from a typed reduction.

A reduction is worked out from the price history and never typed (directive 98/6/EC, article 6a);
what a thing is made of is a fact that a shop may write. A percentage passes where it says "so much
of something", and nothing near it speaks of prices. In doubt it is a reduction.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = r"(?:pour[ -]?cents?|per ?cent|pct)\b"
_PERCENT = re.compile(rf"[%\u2030\u2031\u066a]|\b{_WORD}")
_FINER = ("\u2030", "\u2031")
_AMOUNT = re.compile(r"(?:(?P<digits>[0-9]+(?:[.,][0-9]+)?)|\b(?P<all>cent|hundred))[\s-]*$")
_SENTENCE_END = re.compile(r"[!?;|\u2022\n]|\.(?![0-9])")
_SIGN = re.compile(r"(?<![0-9])\s*[-+\u00b1~\u2010-\u2015\u2212]\s*$")
_PART_OF = re.compile(r"\s*(?:de |des |du |d['\u2019]|of )\s*(?:la |l['\u2019]|the |nos |our )?")
_FIRST_WORD = re.compile(r"\s*([a-z]+)")

_REDUCTION = re.compile(
    r"\b(?:reduc\w*|reduit\w*|remises?|rabais|ristournes?|sold(?:e|er|ee|es|ees)|promo\w*"
    r"|econom\w*|offre|offres|offerts?|offertes?|gratuit\w*|cadeaux?|moins|baiss\w*|demarqu\w*"
    r"|destock\w*|liquid\w*|brad\w*|jusqu['\u2019]?|cagnott\w*|bonus|cash ?back|rembours\w*"
    r"|credit\w*|prix|tarif\w*|achats?|achete\w*|fidelite|moitie|supplementaires?|en plus|de plus"
    r"|black friday|off|sales?|discount\w*|sav(?:e|es|ed|ings?)|less|rebates?|markdowns?|clearance"
    r"|deals?|offers?|free|up to|cheap\w*|prices?|priced|cut|cuts|refund\w*|vouchers?|coupons?"
    r"|gifts?|half|drops?|lower\w*|bargains?|extra(?!\W*(?:vierge|virgin|fin)))\b"
)
_OPEN_WORDS = (
    "a all and at au aujourd aux avec dans des en et everything for from in la le les on pour"
    " sur the today tous tout toute toutes when with"
)
"""Words after which "20 %" goes on as a reduction does: on all shoes, today, from two pieces."""
_MATERIAL_WORDS = (
    "abv acier acrylic acrylique alcohol alcool aloe alpaca alpaga aluminium aluminum apple arabica"
    " argan argent artisanal artisanale avoine bamboo bambou beef beurre bio biodegradable"
    " biologique ble boeuf bois brass butter cacao cachemire cafe caoutchouc cardboard carton"
    " cashmere ceramic ceramique chanvre chene chicken chocolat chocolate cocoa coffee compostable"
    " coton cotton cream creme cuir daim down duvet eau elastane elasthanne electric electrique fat"
    " feather feathers fiber fibers fibre fibres fish flour francais francaise french fromage fruit"
    " fruits glass gold grape handmade hemp honey huile humidite humidity juice jus jute karite"
    " lactose laine lait laiton latex leather legumes lin linen local locale lycra lyocell made"
    " matiere matieres meat merino merinos metal miel milk modal mohair natural naturel naturelle"
    " nylon oak oats oil olive olives orange oranges organic origine paper papier plant plastic"
    " plastique plume plumes poisson polyamide polyester pomme pommes porc pork poulet protein"
    " proteine proteines pur pure raisin recyclable recycle recycled recyclee recyclees recycles"
    " renewable renouvelable rice riz robusta rubber rye seigle shea silk silver soie spandex steel"
    " sucre suede sugar tencel vegan vegetable vegetables vegetal vegetale verre viande vierge"
    " virgin viscose vol water wheat wood wool"
)
_OPEN = frozenset(_OPEN_WORDS.split())
_MATERIALS = frozenset(_MATERIAL_WORDS.split())


def reads_as_reduction(text: str) -> bool:
    """Whether a text holds a percentage that is not plainly a part of something."""
    folded = _fold(text)
    cheaper = bool(_REDUCTION.search(folded))
    return any(
        not _is_content(sentence, hit, cheaper)
        for sentence in _SENTENCE_END.split(folded)
        for hit in _PERCENT.finditer(sentence)
    )


def _is_content(sentence: str, hit: re.Match[str], cheaper: bool) -> bool:
    """Whether one percentage says what something is made of; `cheaper`: the text as a whole speaks
    of prices."""
    amount = _AMOUNT.search(sentence, 0, hit.start())
    if amount is None or hit.group() in _FINER:
        return False
    whole = amount["all"] is not None or amount["digits"] == "100"
    if _REDUCTION.search(sentence) or (not whole and _is_signed(sentence[: amount.start()])):
        return False
    after = sentence[hit.end() :]
    part = _PART_OF.match(after)
    word = _FIRST_WORD.match(after, part.end() if part else 0)
    if word is None or word[1] in _OPEN:
        return False
    if whole or word[1] in _MATERIALS:
        return True
    return part is not None and not cheaper


def _is_signed(before: str) -> bool:
    """Whether a sign stands before the amount; between two numbers it makes a range of them."""
    return bool(_SIGN.search(before)) and not re.search(
        r"[0-9]\s*%?\s*[-\u2010-\u2015]\s*$", before
    )


def _fold(text: str) -> str:
    """Small letters without accents."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
