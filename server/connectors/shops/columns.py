"""Which column of a person's table is what: the fields that there are, a guess from the header, and
the saved choice held against the header of today.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from server.ports import PermanentError

FIELDS = (
    "id",
    "title",
    "description",
    "price",
    "currency",
    "sale_price",
    "sale_from",
    "sale_until",
    "sale_price_effective_date",
    "availability",
    "store_code",
    "quantity",
    "link",
    "image_link",
    "brand",
    "product_type",
    "item_group_id",
    "unit_pricing_measure",
    "unit_pricing_base_measure",
    "tax_percent",
    "sold_since",
    "comparison_price",
    "comparison_source",
)
"""What a column can be: Merchant Center's attributes, and what its format has no word for."""
MAX_MAPPED = 100

_GUESSES: Mapping[str, str] = {
    "id": "id sku ref reference article code item artikelnummer artikel productid codearticle "
    "productreference itemnumber refarticle referencearticle artikelnr artnr numeroarticle "
    "referenceproduit refproduit codeproduit sachnummer",
    "title": "title name designation libelle nom produit product label bezeichnung titre "
    "nomproduit productname intitule libelleproduit libellearticle nomarticle "
    "artikelbezeichnung artikelname produktname produktbezeichnung",
    "description": "description lead texte beschreibung accroche resume",
    "price": "price prix prixttc preis prixdevente prixpublic verkaufspreis bruttopreis vkpreis "
    "regularprice sellingprice pvp pvc "
    "pricettc tarif tarifttc puttc prixventettc pv pvttc",
    "currency": "currency devise wahrung monnaie currencycode",
    "sale_price": "saleprice prixpromo prixsolde prixremise aktionspreis promoprice prixpromottc "
    "specialprice prixsoldes promo promotion solde soldes promottc",
    "sale_from": "salefrom debutpromo datedebut debut promodebut salestart datedebutpromo",
    "sale_until": "saleuntil finpromo datefin fin promofin saleend datefinpromo saleto",
    "sale_price_effective_date": "salepriceeffectivedate",
    "availability": "availability disponibilite verfugbarkeit dispo disponible verfugbar "
    "verfuegbar verfuegbarkeit enstock lieferbar",
    "store_code": "storecode store magasin codemagasin filiale pointdevente shop boutique",
    "quantity": "quantity qty stock quantite bestand qte stockmagasin stockdisponible "
    "lagerbestand lager menge anzahl qtestock quantitestock qtedispo quantitedisponible stockreel "
    "pieces",
    "link": "link url lien producturl",
    "image_link": "imagelink image photo picture bild imageurl urlimage",
    "brand": "brand marque marke maker fabricant",
    "product_type": "producttype category categorie kategorie rayon famille",
    "item_group_id": "itemgroupid group groupe parent modele model parentsku",
    "unit_pricing_measure": "unitpricingmeasure contenance contenu measure mesure inhalt poids",
    "unit_pricing_base_measure": "unitpricingbasemeasure unitpricingbase base uniteprix",
    "tax_percent": "taxpercent tva vat tax mwst tauxtva taxrate vatrate",
    "sold_since": "soldsince datemiseenvente miseenvente launchdate datelancement",
    "comparison_price": "comparisonprice prixconseille rrp msrp uvp pvconseille",
    "comparison_source": "comparisonsource sourceprixconseille",
}
_ON_GOODS = ("ean", "ean13", "gtin", "gtin13", "codebarres", "codebarre", "barcode", "strichcode")
"""What stands on the product itself: its number where a table has no other."""
_KNOWN = {word: field for field, words in _GUESSES.items() for word in words.split()}


def check_columns(columns: Mapping[str, str]) -> Mapping[str, str]:
    """Return the choice if it is one: known fields, each once. Raises ValueError."""
    for column, field in columns.items():
        if not column.strip():
            raise ValueError("A column has a name.")
        if field not in FIELDS:
            raise ValueError(f"“{field}” is no field. There are {', '.join(FIELDS)}.")
    fields = list(columns.values())
    doubled = sorted({field for field in fields if fields.count(field) > 1})
    if doubled:
        raise ValueError(f"Two columns are “{doubled[0]}”: choose one.")
    if columns and "id" not in fields:
        raise ValueError("Say which column is the product’s number (id).")
    if columns and not {"price", "quantity"} & set(fields):
        raise ValueError("Say which column is the price, or the quantity.")
    if "quantity" in fields and "store_code" not in fields:
        raise ValueError("A quantity is a store’s: say which column names the store (store_code).")
    return columns


def guessed(header: Sequence[str]) -> dict[str, str]:
    """What each column of a header probably is, where its name says so; each field once. A count
    that is no named store's says whether the shop has the product.
    """
    found: dict[str, str] = {}
    for column in header:
        field = _KNOWN.get(folded(column))
        if field is not None and column and field not in found.values():
            found[column] = field
    if "id" not in found.values():
        found |= dict.fromkeys([name for name in header if folded(name) in _ON_GOODS][:1], "id")
    if "store_code" not in found.values():
        instead = "" if "availability" in found.values() else "availability"
        found = {name: instead if of == "quantity" else of for name, of in found.items()}
    return {name: field for name, field in found.items() if field}


def placed(header: Sequence[str], columns: Mapping[str, str]) -> dict[int, str]:
    """Where in a header the chosen columns stand, by place. Raises PermanentError where one of them
    is not there any more, or twice.
    """
    missing = _listed([column for column in columns if column not in header])
    new = _listed([column for column in header if column and column not in columns])
    if missing and new:
        raise PermanentError(
            f"The columns changed. Missing now: {missing}. New or not chosen: {new}. Nothing of "
            "this file is taken until somebody says again which column is what."
        )
    if missing:
        raise PermanentError(
            f"The columns changed. Missing now: {missing}. Nothing of this file is taken until "
            "somebody says again which column is what."
        )
    doubled = _listed([column for column in columns if list(header).count(column) > 1])
    if doubled:
        raise PermanentError(
            f"The columns changed. Twice now: {doubled}. Nothing of this file is taken."
        )
    return {list(header).index(column): field for column, field in columns.items()}


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name[:60]}”" for name in names[:5])
    return f"{shown}, …" if len(names) > 5 else shown


def folded(name: str) -> str:
    """A word as it is compared: letters and digits alone, without what stands in brackets."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]", "", plain.split("(")[0])
