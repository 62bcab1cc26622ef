"""The studio: pages for people, rendered here, made lively by a few small modules of script."""

from __future__ import annotations

from functools import partial

from flask import Flask
from werkzeug.exceptions import HTTPException

from server.web import (
    alignment,
    audits,
    brand,
    calendar_events,
    calendar_feed,
    calendars,
    campaigns,
    doors,
    evidence,
    i18n,
    line,
    me,
    media,
    pairing,
    people,
    phone,
    places,
    playlist_editor,
    playlist_goods,
    playlist_parts,
    playlists,
    pretending,
    promotion_editor,
    promotions,
    quarantine,
    recalls,
    rehearsing,
    releases,
    screen_device,
    screen_fetching,
    signing_in,
    single,
    situation,
    source_files,
    sources,
    store,
    updates,
    walls,
    whys,
)
from server.web.access import nowhere


def register(app: Flask) -> None:
    """Put the studio into the application."""
    i18n.set_up(app)
    programs = app.error_handler_spec[None][None][HTTPException]
    app.register_error_handler(404, partial(nowhere, programs=programs))
    for module in (
        doors,
        walls,
        pairing,
        whys,
        screen_device,
        screen_fetching,
        updates,
        evidence,
        playlists,
        playlist_editor,
        playlist_parts,
        playlist_goods,
        calendar_events,
        calendar_feed,
        calendars,
        campaigns,
        pretending,
        rehearsing,
        releases,
        promotions,
        promotion_editor,
        brand,
        media,
        store,
        line,
        phone,
        signing_in,
        single,
        me,
        people,
        audits,
        situation,
        alignment,
        recalls,
        quarantine,
        places,
        sources,
        source_files,
    ):
        app.register_blueprint(module.blueprint)
