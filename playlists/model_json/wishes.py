"""Targets, campaigns, overrides, emergencies and bases as JSON. Instants are unix milliseconds.

campaign  {"id", "name", "playlist", "target": {..}, "schedule": {..}, "condition": {..},
           "layer": "takeover", "share": basis points, "priority", "zone", "edited_at"}
target    {"stores": [..], "regions": [..], "screens": [..], "tags_any": [..], "tags_all": [..],
           "tags_none": [..], "radius": {"lat_e6", "lon_e6", "metres"}}
override  {"id", "store", "kind": "show", "from", "until", "playlist", "screens": [..], "zone",
           "edited_at", "by"}, or "kind": "pause" with the "subject" that is paused
emergency {"id", "playlist", "target": {..}, "from", "until", "edited_at"}
base      {"scope": "chain" | "store" | "screen", "id", "playlist", "zone"}
"""

from __future__ import annotations

from typing import Literal

from playlists.condition_json import condition_from_json, condition_to_json
from playlists.errors import Invalid
from playlists.fields import MAX_WHOLE, Fields
from playlists.ids import (
    CampaignId,
    Json,
    OverrideId,
    PlaylistId,
    ScreenId,
    StoreId,
    ZoneId,
)
from playlists.model import MAIN, Base, Campaign, Emergency, Override, Target
from playlists.model_json.members import (
    choice,
    identifier,
    ids,
    name_of,
    number,
    opened,
    optional_id,
    tags,
    window,
    without_defaults,
)
from playlists.schedule import ALWAYS
from playlists.schedule_json import schedule_from_json, schedule_to_json

MAX_TARGET_NAMES = 5_000
"""Stores, or screens, or regions, that one target or override names."""
MAX_TARGET_TAGS = 64
MAX_RADIUS_M = 2_000_000
MAX_LAT_E6, MAX_LON_E6 = 90_000_000, 180_000_000
ALL_BP, SHARE_BP = 10_000, 1_000
"""Basis points: all of the time, and a campaign's share unless it says so."""
MAX_PRIORITY = 1_000
MAX_OVERRIDE_MS = 31 * 86_400_000
"""How long an override or emergency may last: it always ends by itself."""
MAX_BY_CHARS = 200

Layer = Literal["takeover", "campaign"]
Kind = Literal["show", "pause"]
Scope = Literal["screen", "store", "chain"]
_LAYERS: tuple[Layer, ...] = ("takeover", "campaign")
_KINDS: tuple[Kind, ...] = ("show", "pause")
_SCOPES: tuple[Scope, ...] = ("screen", "store", "chain")


def target_to_json(target: Target) -> dict[str, Json]:
    """The JSON form of a target."""
    radius: Json = None
    if target.radius is not None:
        radius = dict(zip(("lat_e6", "lon_e6", "metres"), target.radius, strict=True))
    return without_defaults(
        {
            "stores": sorted(target.stores),
            "regions": sorted(target.regions),
            "screens": sorted(target.screens),
            "tags_any": sorted(target.tags_any),
            "tags_all": sorted(target.tags_all),
            "tags_none": sorted(target.tags_none),
            "radius": radius,
        }
    )


def target_from_json(value: object, path: str = "") -> Target:
    """Read a target. Raises Invalid."""
    names = ("stores", "regions", "screens", "tags_any", "tags_all", "tags_none", "radius")
    fields = opened(value, path, *names)
    return Target(
        stores=frozenset(map(StoreId, ids(fields, "stores", MAX_TARGET_NAMES))),
        regions=tags(fields, "regions", MAX_TARGET_NAMES),
        screens=_screens(fields),
        tags_any=tags(fields, "tags_any", MAX_TARGET_TAGS),
        tags_all=tags(fields, "tags_all", MAX_TARGET_TAGS),
        tags_none=tags(fields, "tags_none", MAX_TARGET_TAGS),
        radius=_radius(fields),
    )


def campaign_to_json(campaign: Campaign) -> dict[str, Json]:
    """The JSON form of a campaign."""
    return without_defaults(
        {
            "id": campaign.id,
            "name": campaign.name,
            "playlist": campaign.playlist,
            "target": target_to_json(campaign.target),
            "schedule": schedule_to_json(campaign.schedule),
            "condition": condition_to_json(campaign.condition) if campaign.condition else None,
            "layer": campaign.layer,
            "share": campaign.share,
            "priority": campaign.priority,
            "zone": campaign.zone,
            "edited_at": campaign.edited_at,
        },
        layer="campaign",
        share=SHARE_BP,
        priority=0,
        zone=MAIN,
        edited_at=0,
    )


def campaign_from_json(value: object, path: str = "") -> Campaign:
    """Read a campaign. Raises Invalid."""
    fields = opened(
        value,
        path,
        *("id", "name", "playlist", "target", "schedule", "condition"),
        *("layer", "share", "priority", "zone", "edited_at"),
    )
    condition = fields.raw.get("condition")
    return Campaign(
        id=CampaignId(identifier(fields, "id")),
        name=name_of(fields),
        playlist=PlaylistId(identifier(fields, "playlist")),
        target=_target(fields),
        schedule=(
            schedule_from_json(fields.value("schedule"), fields.at("schedule"))
            if fields.has("schedule")
            else ALWAYS
        ),
        condition=(
            None if condition is None else condition_from_json(condition, fields.at("condition"))
        ),
        layer=choice(fields, "layer", _LAYERS, "campaign"),
        share=number(fields, "share", 1, ALL_BP, SHARE_BP),
        priority=number(fields, "priority", -MAX_PRIORITY, MAX_PRIORITY, 0),
        zone=_zone(fields),
        edited_at=_edited_at(fields),
    )


def override_to_json(override: Override) -> dict[str, Json]:
    """The JSON form of an override."""
    return without_defaults(
        {
            "id": override.id,
            "store": override.store,
            "kind": override.kind,
            "from": override.from_ms,
            "until": override.until_ms,
            "playlist": override.playlist,
            "subject": override.subject,
            "screens": sorted(override.screens),
            "zone": override.zone,
            "edited_at": override.edited_at,
            "by": override.by,
        },
        zone=MAIN,
        edited_at=0,
    )


def override_from_json(value: object, path: str = "") -> Override:
    """Read an override: a show has a playlist, a pause a subject. Raises Invalid."""
    fields = opened(
        value,
        path,
        *("id", "store", "kind", "from", "until", "playlist", "subject"),
        *("screens", "zone", "edited_at", "by"),
    )
    kind = choice(fields, "kind", _KINDS)
    needed, other = ("playlist", "subject") if kind == "show" else ("subject", "playlist")
    if fields.has(other):
        raise Invalid(f"A {kind} has a {needed}, no {other}.", fields.at(other))
    named = identifier(fields, needed)
    begin, end = _lasting(fields)
    return Override(
        id=OverrideId(identifier(fields, "id")),
        store=StoreId(identifier(fields, "store")),
        kind=kind,
        from_ms=begin,
        until_ms=end,
        playlist=PlaylistId(named) if kind == "show" else None,
        subject="" if kind == "show" else named,
        screens=_screens(fields),
        zone=_zone(fields),
        edited_at=_edited_at(fields),
        by=fields.text("by", MAX_BY_CHARS, empty=True) if fields.has("by") else "",
    )


def emergency_to_json(emergency: Emergency) -> dict[str, Json]:
    """The JSON form of an emergency."""
    return without_defaults(
        {
            "id": emergency.id,
            "playlist": emergency.playlist,
            "target": target_to_json(emergency.target),
            "from": emergency.from_ms,
            "until": emergency.until_ms,
            "edited_at": emergency.edited_at,
        },
        edited_at=0,
    )


def emergency_from_json(value: object, path: str = "") -> Emergency:
    """Read an emergency. Raises Invalid."""
    fields = opened(value, path, "id", "playlist", "target", "from", "until", "edited_at")
    begin, end = _lasting(fields)
    return Emergency(
        id=OverrideId(identifier(fields, "id")),
        playlist=PlaylistId(identifier(fields, "playlist")),
        target=_target(fields),
        from_ms=begin,
        until_ms=end,
        edited_at=_edited_at(fields),
    )


def base_to_json(base: Base) -> dict[str, Json]:
    """The JSON form of a base."""
    return without_defaults(
        {"scope": base.scope, "id": base.id, "playlist": base.playlist, "zone": base.zone},
        zone=MAIN,
    )


def base_from_json(value: object, path: str = "") -> Base:
    """Read a base: the chain's has no id, the others have their owner's. Raises Invalid."""
    fields = opened(value, path, "scope", "id", "playlist", "zone")
    scope = choice(fields, "scope", _SCOPES)
    owner = optional_id(fields, "id") or ""
    if bool(owner) == (scope == "chain"):
        raise Invalid("Name the screen or store whose base it is; the chain's has no id.", path)
    return Base(scope, owner, PlaylistId(identifier(fields, "playlist")), _zone(fields))


def _target(fields: Fields) -> Target:
    if not fields.has("target"):
        return Target()
    return target_from_json(fields.value("target"), fields.at("target"))


def _screens(fields: Fields) -> frozenset[ScreenId]:
    return frozenset(map(ScreenId, ids(fields, "screens", MAX_TARGET_NAMES)))


def _radius(fields: Fields) -> tuple[int, int, int] | None:
    if not fields.has("radius"):
        return None
    inner = opened(fields.value("radius"), fields.at("radius"), "lat_e6", "lon_e6", "metres")
    return (
        inner.whole("lat_e6", -MAX_LAT_E6, MAX_LAT_E6),
        inner.whole("lon_e6", -MAX_LON_E6, MAX_LON_E6),
        inner.whole("metres", 1, MAX_RADIUS_M),
    )


def _lasting(fields: Fields) -> tuple[int, int]:
    begin, end = window(fields)
    if end - begin > MAX_OVERRIDE_MS:
        raise Invalid(
            f"It may last at most {MAX_OVERRIDE_MS // 86_400_000} days.", fields.at("until")
        )
    return begin, end


def _zone(fields: Fields) -> ZoneId:
    return ZoneId(optional_id(fields, "zone") or MAIN)


def _edited_at(fields: Fields) -> int:
    return number(fields, "edited_at", 0, MAX_WHOLE, 0)
