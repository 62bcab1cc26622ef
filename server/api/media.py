"""Files for the studio's pages: /media/<sha256>, to signed-in people who may see them."""

from __future__ import annotations

from flask import Blueprint, Response

from server.api import requests
from server.api.files import send_file
from server.services.screens import delivery

blueprint = Blueprint("media", __name__, url_prefix="/media")


@blueprint.get("/<sha>")
def media(sha: str) -> Response:
    """An asset or one of its renditions."""
    requests.check_address()
    requests.authenticate()
    ctx = requests.context()
    return send_file(ctx, delivery.studio_file(ctx, requests.actor(), sha))
