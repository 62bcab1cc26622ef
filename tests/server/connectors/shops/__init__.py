"""Stand-ins of shop vendors: real HTTP peers in their own shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.server.connectors.shops.contract import Adapter

ADAPTERS: Mapping[str, Callable[[], Adapter]] = {}
"""By kind. A vendor's adapter is added here in one line."""
