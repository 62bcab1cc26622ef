"""The JSON API, one module a resource, all under /api/v1; beside it what players are served."""

from __future__ import annotations

from flask import Flask

from server.api import (
    assets,
    bases,
    batches,
    campaigns,
    commands,
    connector_files,
    connectors,
    devices,
    displays,
    document,
    emergencies,
    explain,
    facts,
    fetching,
    headers,
    health,
    hooks,
    install,
    media,
    offers,
    overrides,
    packages,
    page,
    people,
    player,
    playlists,
    plays,
    problems,
    promotions,
    recalls,
    releases,
    requests,
    rollouts,
    screens,
    staff,
    stores,
    uploads,
)
from server.api.health import Peers
from server.services.base.context import Context

RESOURCES = (
    stores,
    screens,
    staff,
    devices,
    commands,
    displays,
    fetching,
    rollouts,
    playlists,
    campaigns,
    releases,
    overrides,
    emergencies,
    bases,
    promotions,
    assets,
    connectors,
    connector_files,
    batches,
    facts,
    offers,
    recalls,
    plays,
    explain,
    people,
    health,
    document,
)

OTHERS = (player, page, install, packages, media, uploads, hooks)
"""What is not of the API: players' HTTP, a screen's page, the player itself, the studio's files,
uploads in pieces, calls of sources."""


def register(app: Flask, ctx: Context, peers: Peers) -> None:
    """Put the API into the application, with what surrounds every request of it."""
    requests.register(app)
    headers.register(app)
    problems.register(app)
    health.register(app, ctx, peers)
    for resource in (*RESOURCES, *OTHERS):
        app.register_blueprint(resource.blueprint)
