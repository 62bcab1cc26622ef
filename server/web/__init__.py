"""The studio: pages for people, rendered here, made lively by a few small modules of script."""

from __future__ import annotations

from flask import Flask

from server.web import doors, i18n, pairing, playlists, pretending, store, walls, whys


def register(app: Flask) -> None:
    """Put the studio into the application."""
    i18n.set_up(app)
    for module in (doors, walls, pairing, whys, playlists, pretending, store):
        app.register_blueprint(module.blueprint)
