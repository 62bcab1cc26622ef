"""Tables of the world: facts, products, the price ledger, offers and their channels, connectors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Key, LongText, Ms, Word

_SUSPECT: dict[str, Any] = {
    f"{dialect}_where": text("suspect <> ''") for dialect in ("sqlite", "postgresql")
}
_KEPT: dict[str, Any] = {
    f"{dialect}_where": text("kept_until > 0") for dialect in ("sqlite", "postgresql")
}


class FactRow(Base):
    """One value of one key from `valid_from` on; a later observation of the same instant replaces
    it.
    """

    __tablename__ = "fact"

    key: Mapped[Key] = mapped_column(primary_key=True)
    valid_from: Mapped[Ms] = mapped_column(primary_key=True)
    valid_until: Mapped[int | None] = mapped_column(BigInteger)
    value: Mapped[dict[str, Any]]
    observed_at: Mapped[Ms]
    expires_at: Mapped[Ms] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(String(140), index=True)


class ProductRow(Base):
    """A product as one shop describes it. `names` by language: name, lead. `terms` is what it is
    found by, folded; the index alone answers a search. What the law of displayed prices asks is
    kept as the shop wrote it (server.ports.ProductReport).
    """

    __tablename__ = "product"
    __table_args__ = (Index("ix_product_shop_sku_terms", "shop", "sku", "terms"),)

    shop: Mapped[Word] = mapped_column(primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    names: Mapped[dict[str, Any]]
    link: Mapped[LongText]
    picture_url: Mapped[LongText]
    picture_sha: Mapped[str | None] = mapped_column(String(64))
    availability: Mapped[str] = mapped_column(String(32))
    maker: Mapped[str] = mapped_column(String(100), default="")
    category: Mapped[str] = mapped_column(String(200), default="")
    terms: Mapped[str] = mapped_column(String(500), default="")
    measure: Mapped[str] = mapped_column(String(40), default="")
    base: Mapped[str] = mapped_column(String(40), default="")
    tax_permyriad: Mapped[int | None]
    perishable: Mapped[bool] = mapped_column(default=False)
    sold_since: Mapped[int | None] = mapped_column(BigInteger)
    comparison: Mapped[int | None] = mapped_column(BigInteger)
    comparison_source: Mapped[str] = mapped_column(String(100), default="")
    seen_at: Mapped[Ms]


class LedgerEntry(Base):
    """A price as received, appended and never changed. `written_at`: when the server learned it; a
    history that is imported was recorded elsewhere long before. `tax_permyriad`: the rate in the
    price, in hundredths of a percent, where the source names it.
    """

    __tablename__ = "ledger"
    __table_args__ = (Index("ix_ledger_channel_sku_valid_from", "channel", "sku", "valid_from"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(140))
    sku: Mapped[Word]
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    tax_permyriad: Mapped[int | None]
    valid_from: Mapped[Ms]
    valid_until: Mapped[int | None] = mapped_column(BigInteger)
    reduced: Mapped[bool]
    recorded_at: Mapped[Ms]
    written_at: Mapped[Ms]
    source: Mapped[Word]
    source_version: Mapped[Key]


class ChannelRow(Base):
    """An offer channel, `shop@store`. `as_of`: when the shop last confirmed its prices; `delta`:
    the signed message from version `delta_from` to `version`; `place`: the time zone and country
    that its offers were written for. `longer_until`: screens out of reach may hold a lease of
    before, which was longer, until then.
    """

    __tablename__ = "channel"

    id: Mapped[str] = mapped_column(String(140), primary_key=True)
    shop: Mapped[Word] = mapped_column(index=True)
    store_id: Mapped[Word] = mapped_column(ForeignKey("store.id"), index=True)
    version: Mapped[Ms] = mapped_column(default=0)
    as_of: Mapped[Ms] = mapped_column(default=0)
    lease_ms: Mapped[Ms]
    longer_until: Mapped[Ms] = mapped_column(default=0, server_default="0")
    delta: Mapped[LongText] = mapped_column(default="")
    delta_from: Mapped[Ms] = mapped_column(default=0)
    place: Mapped[str] = mapped_column(String(80), default="")


class OfferRow(Base):
    """The offer of a SKU in a channel as last compiled (wire JSON).

    `suspect` is what is held against the price last reported; `pending` that report, until it is
    settled. `kept_until` (unix ms, 0: not): a person rejected it, and the last good price shows
    until then. `seen_version` is the shop's own version of what was last taken, `seen_at` when the
    shop last spoke of this SKU by itself.
    """

    __tablename__ = "offer"
    __table_args__ = (
        # Few are: whoever looks for them need not read the others.
        Index("ix_offer_suspect", "sku", **_SUSPECT),
        Index("ix_offer_kept", "sku", **_KEPT),
    )

    channel: Mapped[str] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    version: Mapped[Ms]
    suspect: Mapped[str] = mapped_column(String(64), default="")
    pending: Mapped[dict[str, Any] | None]
    seen_version: Mapped[str] = mapped_column(String(200), default="")
    seen_at: Mapped[Ms] = mapped_column(default=0, server_default="0")
    kept_until: Mapped[Ms] = mapped_column(default=0, server_default="0")


class PastOfferRow(Base):
    """An offer that is no longer: what a channel said of a SKU from `version` until the channel's
    version `until_version` replaced or withdrew it. Versions are unix ms.
    """

    __tablename__ = "past_offer"

    channel: Mapped[str] = mapped_column(String(140), primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    version: Mapped[Ms] = mapped_column(primary_key=True)
    until_version: Mapped[Ms] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]


class SilenceRow(Base):
    """A stretch on which a channel's lease was over because the shop confirmed nothing."""

    __tablename__ = "silence"

    channel: Mapped[str] = mapped_column(String(140), primary_key=True)
    from_ms: Mapped[Ms] = mapped_column(primary_key=True)
    until_ms: Mapped[Ms] = mapped_column(index=True)


class ConnectorRow(Base):
    """A connector as set up, and how it fares. `secrets`, by name, are never shown again;
    `state` is its own (ETag and so on).
    """

    __tablename__ = "connector"

    id: Mapped[Word] = mapped_column(primary_key=True)
    kind: Mapped[Word]
    name: Mapped[str] = mapped_column(String(200))
    config: Mapped[dict[str, Any]]
    secrets: Mapped[dict[str, Any]] = mapped_column(default=dict)
    enabled: Mapped[bool] = mapped_column(default=True)
    every_s: Mapped[int] = mapped_column(default=60)
    state: Mapped[dict[str, Any]]
    next_run_at: Mapped[Ms] = mapped_column(default=0)
    last_success_at: Mapped[int | None] = mapped_column(BigInteger)
    last_error_at: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[LongText] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)
    counters: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)


class DeliveryRow(Base):
    """A webhook delivery already taken: a repeat is answered but not applied."""

    __tablename__ = "delivery"

    connector_id: Mapped[Word] = mapped_column(ForeignKey("connector.id"), primary_key=True)
    delivery: Mapped[Key] = mapped_column(primary_key=True)
    received_at: Mapped[Ms] = mapped_column(index=True)


class AliasRow(Base):
    """What a connector's source calls a thing, and what it is here: an inventory item's SKU, the
    SKUs of a product.
    """

    __tablename__ = "alias"

    connector_id: Mapped[Word] = mapped_column(ForeignKey("connector.id"), primary_key=True)
    name: Mapped[Key] = mapped_column(primary_key=True)
    value: Mapped[LongText]
    learned_at: Mapped[Ms]


class HeldBatchRow(Base):
    """A feed batch that was held whole, with why, what it would have changed (`counts`) and some of
    that (`sample`); a person accepts or rejects it. Of an answer that could not be read there is
    only the reason and what was wrong with it (`detail`).
    """

    __tablename__ = "held_batch"

    id: Mapped[Word] = mapped_column(primary_key=True)
    connector_id: Mapped[Word] = mapped_column(ForeignKey("connector.id"), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    counts: Mapped[dict[str, Any]]
    sample: Mapped[list[Any]]
    detail: Mapped[LongText] = mapped_column(default="")
    received_at: Mapped[Ms]
    settled_at: Mapped[int | None] = mapped_column(BigInteger)
    settled_as: Mapped[str] = mapped_column(String(16), default="")
    settled_by: Mapped[Word] = mapped_column(default="")


class ListedRow(Base):
    """A SKU of a shop's listing with which the record agrees: the digest of all that the listing
    said of it, and of the rules by which that was judged.
    """

    __tablename__ = "listed"

    shop: Mapped[Word] = mapped_column(primary_key=True)
    sku: Mapped[Word] = mapped_column(primary_key=True)
    digest: Mapped[int] = mapped_column(BigInteger)
