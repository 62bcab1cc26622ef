"""All tables, in one place to import from."""

from server.db.models.base import Base
from server.db.models.content import (
    AssetRow,
    BaseRow,
    CampaignRow,
    EmergencyRow,
    OverrideRow,
    PlaylistRow,
    RenditionRow,
)
from server.db.models.people import ActorRow, AuditRow, IdempotencyRow, SettingRow, TokenRow
from server.db.models.places import DeviceRow, PairingRow, ScreenRow, ScreenStateRow, StoreRow
from server.db.models.prices import (
    ChannelRow,
    ConnectorRow,
    DeliveryRow,
    FactRow,
    HeldBatchRow,
    LedgerEntry,
    OfferRow,
    ProductRow,
)
from server.db.models.publishing import (
    DirtyRow,
    HeadRow,
    ObjectRow,
    ProfileReadRow,
    ProfileRow,
    ReadSetRow,
    RunChainRow,
    RunRow,
    ScreenHeadRow,
)

__all__ = [
    "ActorRow",
    "AssetRow",
    "AuditRow",
    "Base",
    "BaseRow",
    "CampaignRow",
    "ChannelRow",
    "ConnectorRow",
    "DeliveryRow",
    "DeviceRow",
    "DirtyRow",
    "EmergencyRow",
    "FactRow",
    "HeadRow",
    "HeldBatchRow",
    "IdempotencyRow",
    "LedgerEntry",
    "ObjectRow",
    "OfferRow",
    "OverrideRow",
    "PairingRow",
    "PlaylistRow",
    "ProductRow",
    "ProfileReadRow",
    "ProfileRow",
    "ReadSetRow",
    "RenditionRow",
    "RunChainRow",
    "RunRow",
    "ScreenHeadRow",
    "ScreenRow",
    "ScreenStateRow",
    "SettingRow",
    "StoreRow",
    "TokenRow",
]
