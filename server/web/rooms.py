"""The studio's rooms, in the order of the masthead: who may enter each, and where it is."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

from server.services.base.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class Room:
    """A room; `title` speaks the reader's language."""

    name: str
    path: str
    title: object
    scope: Scope


ROOMS = (
    Room("wall", "/wall", lazy_gettext("Wall"), "read"),
    Room("playlists", "/playlists", lazy_gettext("Playlists"), "content"),
    Room("calendar", "/calendar", lazy_gettext("Calendar"), "content"),
    Room("promotions", "/promotions", lazy_gettext("Promotions"), "content"),
    Room("releases", "/releases", lazy_gettext("Releases"), "content"),
    Room("media", "/media", lazy_gettext("Media"), "content"),
    Room("situation", "/situation", lazy_gettext("Situation"), "read"),
    Room("store", "/store", lazy_gettext("My store"), "override"),
    Room("places", "/places", lazy_gettext("Stores"), "places"),
    Room("people", "/people", lazy_gettext("People"), "people"),
)


def rooms_of(actor: Actor) -> list[Room]:
    """The rooms of this person's masthead. Who has the whole chain comes to a store's own page from
    Stores.
    """
    return [
        room
        for room in ROOMS
        if actor.may(room.scope) and (room.name != "store" or _minds_stores(actor))
    ]


def _minds_stores(actor: Actor) -> bool:
    return actor.stores is not None or not actor.may("places")


def home_of(actor: Actor) -> str:
    """Where the day of this person begins: at their store for whoever only minds stores."""
    minds = actor.may("override") and not actor.may("content")
    return "/store" if minds else "/wall"
