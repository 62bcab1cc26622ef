"""The goods that Pluvier sells: 25 articles with their prices, first sales and first stock.

Days are counted from the demo's first day, so that a demo started on any date looks alike.
"""

from __future__ import annotations

from server.demo.catalogue import STORE_CODES, Product, Sale, Text

_BAGS = Text("Bagagerie", "Bags")
_RAIN = Text("Pluie", "Rain")
_SHOES = Text("Chaussures", "Shoes")
_CAMP = Text("Bivouac", "Camping")
_TOWN = Text("En ville", "Around town")
_COLD = Text("Froid", "Cold")
_SUN = Text("Soleil", "Sun")
_SEA = Text("Plage et mer", "Beach and sea")
_FIND = Text("S’orienter", "Finding the way")


def _stock(*pieces: int) -> tuple[tuple[str, int], ...]:
    """Pieces per store, in the order of `STORE_CODES`."""
    return tuple(zip(STORE_CODES, pieces, strict=True))


PRODUCTS = (
    Product(
        "PLV-ESTRAN-28", "estran-28", "Estran 28", Text("Sac Estran 28", "Estran 28 backpack"),
        Text("Sac à dos en toile cirée, 28 litres", "Waxed canvas backpack, 28 litres"),
        _BAGS, "backpack.svg", 11990, _stock(3, 9, 4, 6), Sale(8990, -7, 9),
    ),
    Product(
        "PLV-BRUINE", "bruine", "Bruine", Text("Imper Bruine", "Bruine raincoat"),
        Text("Imperméable trois-quarts, coton enduit", "Three-quarter raincoat, coated cotton"),
        _RAIN, "coat.svg", 14900, _stock(4, 6, 5, 2),
    ),
    Product(
        "PLV-EMBRUN", "embrun", "Embrun", Text("Parapluie Embrun", "Embrun umbrella"),
        Text("Parapluie tempête, huit baleines", "Storm umbrella, eight ribs"),
        _RAIN, "umbrella.svg", 3490, _stock(12, 8, 10, 9),
    ),
    Product(
        "PLV-GALET", "galet", "Galet", Text("Chaussure Galet", "Galet boot"),
        Text("La chaussure de marche", "The walking boot"),
        _SHOES, "hiking-boot.svg", 11990, _stock(12, 5, 0, 4),
    ),
    Product(
        "PLV-ESCALE", "escale", "Escale", Text("Valise Escale", "Escale suitcase"),
        Text("Valise coque souple, 40 litres", "Soft-shell suitcase, 40 litres"),
        _BAGS, "luggage.svg", 12900, _stock(3, 4, 6, 5), Sale(8990, 2, 12),
    ),
    Product(
        "PLV-LANDE-2", "lande-2", "Lande 2", Text("Tente Lande 2", "Lande 2 tent"),
        Text("Tente deux places, 1,9 kg", "Two-person tent, 1.9 kg"),
        _CAMP, "tent.svg", 19900, _stock(0, 6, 2, 3), Sale(14900, -4, 9),
    ),
    Product(
        "PLV-BALISE", "balise", "Balise", Text("Lampe Balise", "Balise torch"),
        Text("Lampe étanche, 40 heures", "Waterproof torch, 40 hours"),
        _CAMP, "flashlight.svg", 2490, _stock(18, 15, 11, 20), Sale(1990, -3, 4),
    ),
    Product(
        "PLV-CABOTAGE", "cabotage", "Cabotage", Text("Trottinette Cabotage", "Cabotage scooter"),
        Text("Trottinette pliante, 3,4 kg", "Folding scooter, 3.4 kg"),
        _TOWN, "kick-scooter.svg", 15900, _stock(3, 7, 5, 0), Sale(11900, -6, 9),
    ),
    Product(
        "PLV-RADE", "rade", "Rade", Text("Vélo Rade", "Rade bicycle"),
        Text("Vélo de ville, sept vitesses", "City bicycle, seven gears"),
        _TOWN, "bicycle.svg", 64900, _stock(2, 3, 2, 1),
    ),
    Product(
        "PLV-DUNE", "dune", "Dune", Text("Casquette Dune", "Dune cap"),
        Text("Casquette légère, visière souple", "Light cap, soft visor"),
        _SUN, "billed-cap.svg", 2490, _stock(6, 22, 14, 30),
    ),
    Product(
        "PLV-RESSAC", "ressac", "Ressac", Text("Gants Ressac", "Ressac gloves"),
        Text("Gants en laine doublée", "Lined wool gloves"),
        _COLD, "gloves.svg", 2990, _stock(16, 7, 8, 0),
    ),
    Product(
        "PLV-AZIMUT", "azimut", "Azimut", Text("Boussole Azimut", "Azimut compass"),
        Text("Boussole de poche en laiton", "Brass pocket compass"),
        _FIND, "compass.svg", 4490, _stock(5, 4, 3, 6), Sale(2990, -2, 8),
    ),
    Product(
        "PLV-NOROIT", "noroit", "Noroît", Text("Écharpe Noroît", "Noroît scarf"),
        Text("Écharpe en mérinos", "Merino scarf"),
        _COLD, "scarf.svg", 3490, _stock(9, 4, 4, 0), Sale(2490, -5, 6),
    ),
    Product(
        "PLV-BRUYERE", "bruyere", "Bruyère", Text("Chaussettes Bruyère", "Bruyère socks"),
        Text("Chaussettes de marche, deux paires", "Walking socks, two pairs"),
        _COLD, "socks.svg", 1490, _stock(30, 18, 20, 12),
    ),
    Product(
        "PLV-FLAQUE", "flaque", "Flaque", Text("Bottes Flaque", "Flaque boots"),
        Text("Bottes de pluie, semelle crantée", "Rain boots, lugged sole"),
        _RAIN, "womans-boot.svg", 5990, _stock(7, 3, 5, 4),
    ),
    Product(
        "PLV-SOLSTICE", "solstice", "Solstice", Text("Lunettes Solstice", "Solstice sunglasses"),
        Text("Lunettes de soleil polarisées", "Polarised sunglasses"),
        _SUN, "sunglasses.svg", 4990, _stock(5, 12, 9, 17),
    ),
    Product(
        "PLV-NEVE", "neve", "Névé", Text("Masque Névé", "Névé goggles"),
        Text("Masque de neige, écran double", "Snow goggles, double lens"),
        _COLD, "goggles.svg", 7990, _stock(6, 3, 4, 0),
    ),
    Product(
        "PLV-GREVE", "greve", "Grève", Text("Sandales Grève", "Grève sandals"),
        Text("Sandales de plage", "Beach sandals"),
        _SEA, "thong-sandal.svg", 1990, _stock(4, 16, 12, 26),
    ),
    Product(
        "PLV-ALIZE", "alize", "Alizé", Text("Cerf-volant Alizé", "Alizé kite"),
        Text("Cerf-volant deux lignes", "Two-line kite"),
        _SEA, "kite.svg", 3990, _stock(3, 8, 6, 9),
    ),
    Product(
        "PLV-CALANQUE", "calanque", "Calanque", Text("Masque Calanque", "Calanque snorkel set"),
        Text("Masque et tuba", "Mask and snorkel"),
        _SEA, "diving-mask.svg", 4490, _stock(2, 11, 9, 14), Sale(3490, -8, 5),
    ),
    Product(
        "PLV-MAREE", "maree", "Marée", Text("Montre Marée", "Marée watch"),
        Text("Montre étanche à 100 m", "Watch, waterproof to 100 m"),
        _FIND, "watch.svg", 12900, _stock(4, 5, 3, 4),
    ),
    Product(
        "PLV-VIGIE", "vigie", "Vigie", Text("Longue-vue Vigie", "Vigie spotting scope"),
        Text("Longue-vue sur trépied", "Spotting scope on a tripod"),
        _FIND, "telescope.svg", 16900, _stock(2, 2, 2, 2), Sale(13900, 0, 13), is_new=True,
    ),
    Product(
        "PLV-PHARE", "phare", "Phare", Text("Gilet Phare", "Phare vest"),
        Text("Gilet de nuit, bandes réfléchissantes", "Night vest, reflective bands"),
        _TOWN, "safety-vest.svg", 2490, _stock(14, 9, 10, 5),
    ),
    Product(
        "PLV-LAGON", "lagon", "Lagon", Text("Short Lagon", "Lagon shorts"),
        Text("Short de bain, séchage rapide", "Swim shorts, quick-drying"),
        _SEA, "shorts.svg", 3990, _stock(3, 10, 8, 21),
    ),
    Product(
        "PLV-SUROIT", "suroit", "Suroît", Text("Cire Suroît", "Suroît wax"),
        Text("Cire pour toiles et cuirs, 250 ml", "Wax for canvas and leather, 250 ml"),
        _RAIN, "wax-tin.svg", 1290, _stock(14, 9, 11, 8), Sale(990, -3, 8), measure="250 ml",
    ),
)  # fmt: skip
BY_SKU = {product.sku: product for product in PRODUCTS}
BY_SLUG = {product.slug: product for product in PRODUCTS}
