"""Connectors: set up by people, run by the worker, called by their sources."""

from server.services.connectors.calls import Misconfigured, Receipt, receive, sweep_deliveries
from server.services.connectors.edits import (
    ConnectorWish,
    create_connector,
    delete_connector,
    get_connector,
    list_connectors,
    settle_batch,
    update_connector,
)
from server.services.connectors.polling import Poller, Ran, run_due
from server.services.connectors.subscriptions import Subscriptions
from server.services.connectors.trial import Seen, test_connector
from server.services.connectors.views import ConnectorView

__all__ = [
    "ConnectorView",
    "ConnectorWish",
    "Misconfigured",
    "Poller",
    "Ran",
    "Receipt",
    "Seen",
    "Subscriptions",
    "create_connector",
    "delete_connector",
    "get_connector",
    "list_connectors",
    "receive",
    "run_due",
    "settle_batch",
    "sweep_deliveries",
    "test_connector",
    "update_connector",
]
