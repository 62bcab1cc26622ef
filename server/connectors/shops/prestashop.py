"""A PrestaShop, read through its webservice: prices with tax, specific prices with their periods,
stock per shop. It does not call; what changed is found by asking (server.connectors.shops.
prestashop_read says how).
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from server.connectors import vendor
from server.connectors.shops.goods import known_zone
from server.connectors.shops.prestashop_goods import fetch
from server.connectors.source import SECRET, Kind, Secret

KEY_CHARACTERS = 32


class PrestaShopConfig(vendor.VendorConfig):
    """Where the shop is, and how to read it."""

    time_zone: str = Field(
        default="Europe/Paris",
        description="Of the shop (its International › Localization), IANA. Its dates have none.",
    )
    shop_number: int = Field(
        default=1, ge=1, le=10**9, description="The shop whose prices are read, in multistore."
    )
    group: int = Field(
        default=1, ge=1, le=10**9, description="The number of the customer group of visitors."
    )

    INSIDE = r"api|index\.php|admin[^/]*"

    _zone = field_validator("time_zone")(known_zone)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.time_zone)


KIND = Kind(
    name="prestashop",
    title={"fr": "PrestaShop", "en": "PrestaShop"},
    config=PrestaShopConfig,
    fetch=fetch,
    secrets=(
        Secret(
            SECRET,
            {"fr": "Clé du webservice", "en": "Webservice key"},
            {
                "fr": "Paramètres avancés › Webservice : activez-le, ajoutez une clé, droit "
                "« Afficher » pour products, combinations, specific_prices, stock_availables, "
                "product_option_values, currencies et languages.",
                "en": "Advanced Parameters › Webservice: enable it, add a key, permission “View” "
                "for products, combinations, specific_prices, stock_availables, "
                "product_option_values, currencies and languages.",
            },
            KEY_CHARACTERS,
        ),
    ),
    every_s=60,
)
