"""How screens fetch files: /api/v1/fetching of the chain, /api/v1/stores/…/fetching of a store."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from playlists.wire.commands import MAX_WINDOWS
from server.api.kit import NOTHING, Call, Done, operation, resource
from server.api.shapes import Shape, Stretch, Version
from server.services.screens import fetch_rules
from server.services.screens.fetch_rules import CHAIN, KIB_S, Pace

blueprint = resource("fetching")

LEAST, MOST = KIB_S


class FetchingEdit(Shape):
    """How fast each screen fetches files, and when those that are not needed within the hour: in
    `windows` of the store's day, minutes from its midnight, [1320, 360] is over midnight. Plans and
    prices are never held back.
    """

    kib_s: Annotated[
        int,
        Field(ge=0, le=MOST, description=f"KiB a second, {LEAST} at least; 0: as fast as it goes."),
    ] = 0
    windows: Annotated[
        list[Stretch], Field(max_length=MAX_WINDOWS, description="Empty: always.")
    ] = []


class FetchingShape(FetchingEdit):
    """What holds for a store: its own rule, or the chain's where `of_chain`. The chain's own rule
    is `of_chain` too. Version 0: none was set here.
    """

    of_chain: bool
    version: Version


@blueprint.get("/fetching")
@operation("devices", FetchingShape, versioned=True)
def get_chain_fetching(call: Call) -> Done:
    """How the screens of stores without a rule of their own fetch files."""
    return _shown(call, CHAIN)


@blueprint.put("/fetching")
@operation("devices", FetchingShape, body=FetchingEdit, edits=True, versioned=True)
def set_chain_fetching(call: Call, body: FetchingEdit, if_version: int | None) -> Done:
    """Say how the screens of stores without a rule of their own fetch files."""
    return _set(call, CHAIN, body, if_version)


@blueprint.delete("/fetching")
@operation("devices", status=204, edits=True)
def clear_chain_fetching(call: Call, if_version: int | None) -> Done:
    """Have them fetch as fast as it goes, at any hour."""
    fetch_rules.set_pace(call.ctx, call.actor, CHAIN, None, if_version)
    return NOTHING


@blueprint.get("/stores/<store_id>/fetching")
@operation("devices", FetchingShape, versioned=True, errors=(404,))
def get_fetching(call: Call, store_id: str) -> Done:
    """How a store's screens fetch files."""
    return _shown(call, store_id)


@blueprint.put("/stores/<store_id>/fetching")
@operation("devices", FetchingShape, body=FetchingEdit, edits=True, versioned=True)
def set_fetching(call: Call, store_id: str, body: FetchingEdit, if_version: int | None) -> Done:
    """Give a store a rule of its own."""
    return _set(call, store_id, body, if_version)


@blueprint.delete("/stores/<store_id>/fetching")
@operation("devices", status=204, edits=True)
def clear_fetching(call: Call, store_id: str, if_version: int | None) -> Done:
    """Leave it to the chain's rule."""
    fetch_rules.set_pace(call.ctx, call.actor, store_id, None, if_version)
    return NOTHING


def _set(call: Call, store: str, body: FetchingEdit, if_version: int | None) -> Done:
    windows = tuple((begin, end) for begin, end in body.windows)
    fetch_rules.set_pace(call.ctx, call.actor, store, Pace(body.kib_s, windows), if_version)
    return _shown(call, store)


def _shown(call: Call, store: str) -> Done:
    found = fetch_rules.of_store(call.ctx, call.actor, store)
    told: dict[str, Any] = {
        "kib_s": found.pace.kib_s,
        "windows": [list(one) for one in found.pace.windows],
        "of_chain": found.of_chain,
        "version": found.version,
    }
    return Done(told, found.version)
