"""Which kinds of connectors there are: ours, and those that other packages bring.

A package adds a kind by an entry point of the group `enseigne.fact_sources` that names a
`server.connectors.source.Kind`. One that cannot be loaded is left out and logged; it never keeps
the server from starting.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import structlog

from server.connectors.source import Kind

log = structlog.get_logger(__name__)

GROUP = "enseigne.fact_sources"
BUILT_IN = {
    "merchant": "server.connectors.shops.merchant:KIND",
    "local_inventory": "server.connectors.shops.local_inventory:KIND",
    "csv": "server.connectors.shops.csv_files:KIND",
    "jsonld": "server.connectors.shops.jsonld:KIND",
    "webhook": "server.connectors.shops.webhook:KIND",
    "woocommerce": "server.connectors.shops.woocommerce:KIND",
    "prestashop": "server.connectors.shops.prestashop:KIND",
    "till": "server.connectors.tills.till:KIND",
    "shopify": "server.connectors.shops.shopify:KIND",
    "open_meteo": "server.connectors.weather.open_meteo:KIND",
    "mqtt_counts": "server.connectors.footfall.mqtt:KIND",
    "http_counts": "server.connectors.footfall.http:KIND",
}
"""Ours, as pyproject.toml declares them too: the server also runs from a folder that is not
installed.
"""


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name. Ours come first: no other package takes their names."""
    found: dict[str, Kind] = {}
    for name, path in BUILT_IN.items():
        module, _, attribute = path.partition(":")
        found[name] = getattr(import_module(module), attribute)
    for point in entry_points(group=GROUP):
        kind = _loaded(point) if point.name not in found else None
        if kind is not None:
            found[point.name] = kind
    return found


def _loaded(point: EntryPoint) -> Kind | None:
    try:
        kind = point.load()
    except Exception as error:
        log.warning("connector kind cannot be loaded", kind=point.name, error=repr(error))
        return None
    if not isinstance(kind, Kind) or kind.name != point.name:
        log.warning("connector kind is no Kind of its name", kind=point.name)
        return None
    return kind
