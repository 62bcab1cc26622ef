"""Stand-ins of shop vendors: real HTTP peers in their own shapes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.server.connectors.shops.contract import Adapter
from tests.server.connectors.shops.csv_files import TableShop
from tests.server.connectors.shops.jsonld import PagesShop
from tests.server.connectors.shops.merchant import MerchantShop
from tests.server.connectors.shops.prestashop import Presta
from tests.server.connectors.shops.shopify import Shopify
from tests.server.connectors.shops.webhook import OwnShop
from tests.server.connectors.shops.woocommerce import WooShop

ADAPTERS: Mapping[str, type[Adapter]] = {
    "merchant": MerchantShop,
    "csv": TableShop,
    "jsonld": PagesShop,
    "webhook": OwnShop,
    "shopify": Shopify,
    "woocommerce": WooShop,
    "prestashop": Presta,
}
"""By kind. A vendor's adapter is added here in one line."""
