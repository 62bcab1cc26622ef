"""Campaigns: /api/v1/campaigns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from playlists.model import Campaign
from playlists.model_json import campaign_from_json, campaign_to_json
from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Name, PageQuery, Shape, Version, given
from server.api.wish_shapes import ConditionShape, ScheduleShape, TargetShape
from server.services.base.editing import Versioned, new_id
from server.services.base.paging import Cut
from server.services.wishes import content

blueprint = resource("campaigns")


class CampaignEdit(Shape):
    """A playlist that plays on its target in its time."""

    name: Name
    playlist: Id
    target: TargetShape = TargetShape()
    schedule: ScheduleShape | None = None
    condition: ConditionShape | None = None
    layer: Literal["takeover", "campaign"] = "campaign"
    share: Annotated[int, Field(ge=1, le=10_000, description="Hundredths of a percent.")] = 1_000
    priority: Annotated[int, Field(ge=-1_000, le=1_000)] = 0
    zone: Id = "main"


class CampaignNew(CampaignEdit):
    """A campaign to make; the id is made from its name where it is left out."""

    id: Id | None = None


class CampaignShape(CampaignEdit):
    """A campaign."""

    id: Id
    edited_at: Ms
    version: Version


class CampaignPage(Shape):
    """Some campaigns."""

    items: list[CampaignShape]
    next: str


@blueprint.get("/campaigns")
@operation("campaigns", CampaignPage, query=PageQuery)
def list_campaigns(call: Call, query: PageQuery) -> Done:
    """List the campaigns that may concern your stores."""
    page = content.list_campaigns(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/campaigns")
@operation("campaigns", CampaignShape, status=201, body=CampaignNew, creates=True, errors=(404,))
def create_campaign(call: Call, body: CampaignNew) -> Done:
    """Make a campaign. Whoever's rights end at some stores names those in the target."""
    made = content.create_campaign(call.ctx, call.actor, _wish(body, body.id or new_id(body.name)))
    return Done(_body(made), made.version, located("campaigns", made.value.id))


@blueprint.get("/campaigns/<campaign_id>")
@operation("campaigns", CampaignShape, versioned=True, errors=(404,))
def get_campaign(call: Call, campaign_id: str) -> Done:
    """One campaign."""
    found = content.get_campaign(call.ctx, call.actor, campaign_id)
    return Done(_body(found), found.version)


@blueprint.put("/campaigns/<campaign_id>")
@operation("campaigns", CampaignShape, body=CampaignEdit, edits=True, versioned=True)
def update_campaign(
    call: Call, campaign_id: str, body: CampaignEdit, if_version: int | None
) -> Done:
    """Replace a campaign."""
    wish = _wish(body, campaign_id)
    made = content.update_campaign(call.ctx, call.actor, wish, if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/campaigns/<campaign_id>")
@operation("campaigns", status=204, edits=True)
def delete_campaign(call: Call, campaign_id: str, if_version: int | None) -> Done:
    """Take a campaign off the air for good."""
    content.delete_campaign(call.ctx, call.actor, campaign_id, if_version)
    return NOTHING


def _wish(body: CampaignEdit, campaign_id: str) -> Campaign:
    return campaign_from_json({**given(body), "id": campaign_id})


def _body(campaign: Versioned[Campaign]) -> dict[str, Any]:
    value = campaign.value
    return {
        "target": {},
        **campaign_to_json(value),
        "layer": value.layer,
        "share": value.share,
        "priority": value.priority,
        "zone": value.zone,
        "edited_at": value.edited_at,
        "version": campaign.version,
    }
