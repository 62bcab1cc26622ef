"""Devices behind the screens: /api/v1/pairings, /api/v1/screens/…/device, /api/v1/watch."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from playlists.wire.signed import MAX_WATCHED
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.requests import limits
from server.api.shapes import Id, Ms, Shape
from server.services.screens import devices, pairing, watching

blueprint = resource("devices")

MAX_WATCH_MS = 24 * 3_600_000
Code = Annotated[str, Field(min_length=1, max_length=32, description="As the device shows it.")]


class WaitingShape(Shape):
    """A device that shows a code: what it says of itself, and until when the code holds."""

    name: str
    width: int
    height: int
    expires_at: Ms


class PairingClaim(Shape):
    """The code that a device shows, and its screen, or the store of a new one."""

    code: Code
    screen: Id | None = None
    store: Id | None = None
    name: Annotated[str, Field(max_length=200, description="Of the new screen.")] = ""


class PairedShape(Shape):
    """The screen that the device is now. Compare `fingerprint` with the one on the screen."""

    screen: Id
    device: str
    fingerprint: str
    replaced: bool


class DeviceShape(Shape):
    """A screen's device; `kid` is its key's id, `held` says why it is kept off."""

    name: str
    kid: str
    paired_at: Ms
    held: str
    caps: dict[str, Any]


class HoldShape(Shape):
    """Why a device is kept off; empty where it is not."""

    reason: str


class WatchShape(Shape):
    """What a page shows at the door, and sends as Bearer to /player/v1."""

    token: str


class CodeQuery(BaseModel):
    """Which code."""

    model_config = ConfigDict(extra="ignore")

    code: Code


class WatchQuery(BaseModel):
    """Which screens a page is to follow, and for how long."""

    model_config = ConfigDict(extra="ignore")

    screens: Annotated[
        str,
        Field(
            max_length=MAX_WATCHED * 65,
            description="Ids, separated by commas; empty: all that you see.",
        ),
    ] = ""
    life_ms: Annotated[int, Field(ge=1_000, le=MAX_WATCH_MS)] = 3_600_000


def _counted(call: Call) -> AbstractContextManager[None]:
    """Count codes that no device shows."""
    most = call.ctx.settings.codes_per_minute
    return limits().failures("code", call.actor.id, most, guessable=True)


@blueprint.get("/pairings")
@operation("devices", WaitingShape, query=CodeQuery, errors=(404,))
def look_up_pairing(call: Call, query: CodeQuery) -> Done:
    """The device that shows a code."""
    with _counted(call):
        return Done(asdict(pairing.look_up(call.ctx, call.actor, query.code)))


@blueprint.post("/pairings")
@operation("devices", PairedShape, status=201, body=PairingClaim, creates=True, errors=(404,))
def claim_pairing(call: Call, body: PairingClaim) -> Done:
    """Give the device that shows a code its screen; the screen's device before stops."""
    with _counted(call):
        claimed = pairing.claim(
            call.ctx,
            call.actor,
            code=body.code,
            screen_id=body.screen or "",
            store=body.store or "",
            name=body.name,
        )
    return Done(asdict(claimed), location=located("screens", claimed.screen, "device"))


@blueprint.get("/screens/<screen_id>/device")
@operation("devices", DeviceShape, errors=(404,))
def get_device(call: Call, screen_id: str) -> Done:
    """The device of a screen."""
    return Done(asdict(devices.get_device(call.ctx, call.actor, screen_id)))


@blueprint.delete("/screens/<screen_id>/device")
@operation("devices", status=204, errors=(404,))
def revoke_device(call: Call, screen_id: str) -> Done:
    """Part a screen from its device, whose key stops working."""
    devices.revoke(call.ctx, call.actor, screen_id)
    return NOTHING


@blueprint.get("/screens/<screen_id>/device/hold")
@operation("devices", HoldShape, errors=(404,))
def get_hold(call: Call, screen_id: str) -> Done:
    """Why the device of a screen is kept off."""
    return Done({"reason": devices.get_device(call.ctx, call.actor, screen_id).held})


@blueprint.delete("/screens/<screen_id>/device/hold")
@operation("devices", status=204, errors=(404, 409))
def release_device(call: Call, screen_id: str) -> Done:
    """Let a held device in again, where you know that its key has no copy."""
    devices.release(call.ctx, call.actor, screen_id)
    return NOTHING


@blueprint.get("/watch")
@operation("devices", WatchShape, query=WatchQuery, errors=(404,))
def watch_screens(call: Call, query: WatchQuery) -> Done:
    """Leave for a page to follow screens live."""
    named = query.screens.split(",") if query.screens else None
    token = watching.watch_token(call.ctx, call.actor, life_ms=query.life_ms, screens=named)
    return Done({"token": token})
