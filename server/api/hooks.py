"""Where sources call us: POST /hooks/<connector> (a shop's signed webhook) and POST
/counts/<connector> (people counters, with a bearer token). The answer is 202 once it is taken, 200
to a greeting that says nothing, as WooCommerce insists.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from server.api import requests
from server.errors import TooLarge
from server.services import connectors

blueprint = Blueprint("hooks", __name__)


@blueprint.post("/hooks/<connector_id>")
def hook(connector_id: str) -> tuple[dict[str, Any], int]:
    """Take a shop's call: prices and stock that changed."""
    return _receive("hooks", connector_id)


@blueprint.post("/counts/<connector_id>")
def counts(connector_id: str) -> tuple[dict[str, Any], int]:
    """Take counters' readings."""
    return _receive("counts", connector_id)


def _receive(path: str, connector_id: str) -> tuple[dict[str, Any], int]:
    requests.check_address()
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise TooLarge("This call is longer than is taken here. Send less at once.") from None
    receipt = connectors.receive(
        requests.context(), path, connector_id, dict(request.headers), body
    )
    answer: dict[str, Any] = {"facts": receipt.facts, "prices": receipt.prices}
    answer |= {"refused": dict(receipt.refused), "repeated": receipt.repeated}
    return answer | {"held": receipt.held}, 200 if receipt.greeting else 202
