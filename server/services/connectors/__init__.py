"""Connectors: set up by people, run by the worker, called by their sources."""

from server.services.connectors.calls import receive, sweep_deliveries
from server.services.connectors.edits import (
    ConnectorWish,
    ask_now,
    create_connector,
    delete_connector,
    get_connector,
    list_connectors,
    settle_batch,
    update_connector,
)
from server.services.connectors.files import Preview, bring_file, look_at_file, take_file
from server.services.connectors.gates import Misconfigured, Receipt
from server.services.connectors.polling import Poller, Ran, run_due
from server.services.connectors.subscriptions import Subscriptions
from server.services.connectors.trial import Seen, test_connector
from server.services.connectors.views import ConnectorView

__all__ = [
    "ConnectorView",
    "ConnectorWish",
    "Misconfigured",
    "Poller",
    "Preview",
    "Ran",
    "Receipt",
    "Seen",
    "Subscriptions",
    "ask_now",
    "bring_file",
    "create_connector",
    "delete_connector",
    "get_connector",
    "list_connectors",
    "look_at_file",
    "receive",
    "run_due",
    "settle_batch",
    "sweep_deliveries",
    "take_file",
    "test_connector",
    "update_connector",
]
