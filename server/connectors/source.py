"""The fact-source port: what a kind of connector declares, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from playlists.errors import Invalid
from playlists.ids import check_id
from server.config import Settings
from server.ports import Batch, Clock

MIN_LEASE_S, MAX_LEASE_S = 300, 86_400
"""A lease of a shop's prices; shorter ones would end between two answers, longer ones keep what
nobody vouches for.
"""
CONNECT_S = 5.0
MAX_STOCK_BUFFER = 1_000
MAX_STOCK_SETTLE_S = 24 * 3_600
TOTAL_S = 120.0
REDIRECTS = 3
MIN_JUMP_PERCENT, MAX_JUMP_PERCENT = 5, 400
MAX_BATCH_PERCENT = 50
"""Bounds of a shop's own thresholds: beyond them nearly everything is held, or nothing is."""
SECRET = "secret"
"""What a kind's only secret is called."""


def _an_id(text: str) -> str:
    try:
        return check_id(text)
    except Invalid as refused:
        raise ValueError(str(refused)) from None


class Config(BaseModel):
    """What every connector may be told. Unknown fields are refused, so that a typo is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    stores: dict[str, str] = Field(
        default_factory=dict,
        description="The source's own store codes and ours: {“0041”: “lille”}. Others are taken "
        "to be ours already.",
    )
    only: tuple[str, ...] = Field(
        default=(), description="Our stores that this source may speak of. Empty: all."
    )

    @property
    def polled(self) -> bool:
        """Whether a connector set up like this is ever due, where its kind has a `fetch`."""
        return True

    @field_validator("only")
    @classmethod
    def _ids(cls, stores: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_an_id(store) for store in stores)


class StockConfig(Config):
    """A source that counts stock: how many of its pieces screens may promise
    (server/services/observed/sellable.py).
    """

    stock_buffer: int | None = Field(
        default=None,
        ge=0,
        le=MAX_STOCK_BUFFER,
        description="Pieces of each product that screens never promise. Empty: as the server is "
        "set.",
    )
    stock_back_at: int | None = Field(
        default=None,
        ge=1,
        le=MAX_STOCK_BUFFER,
        description="Once sold out, a product is back with so many pieces. Empty: as the server is "
        "set.",
    )
    stock_settle_s: int | None = Field(
        default=None,
        ge=0,
        le=MAX_STOCK_SETTLE_S,
        description="Fewer pieces than that are back once they stayed so long, seconds. Empty: as "
        "the server is set.",
    )


class ShopConfig(StockConfig):
    """A source that prices a shop's channels."""

    shop: str = Field(description="The shop that stores name in their channel: shop@store.")
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217.")
    jump_percent: int | None = Field(
        default=None,
        ge=MIN_JUMP_PERCENT,
        le=MAX_JUMP_PERCENT,
        description="A price that moves by more at once is held. Empty: as the server is set.",
    )
    batch_percent: int | None = Field(
        default=None,
        ge=1,
        le=MAX_BATCH_PERCENT,
        description="Answers with more suspect prices are held whole. Empty: as the server is set.",
    )

    lease_s: int | None = Field(
        default=None,
        ge=MIN_LEASE_S,
        le=MAX_LEASE_S,
        description="How long prices may show after the shop last confirmed them, seconds. Empty: "
        "as the server is set. Of a shop with several sources the shortest counts.",
    )

    _shop = field_validator("shop")(_an_id)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an answer may go. Seconds and bytes; `total_s` is for one whole request."""

    allow_private: bool = False
    connect_s: float = CONNECT_S
    read_s: float = 20.0
    total_s: float = TOTAL_S
    max_bytes: int = 512 * 1024 * 1024
    max_rows: int = 1_000_000
    redirects: int = REDIRECTS
    window_s: int = 60

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings give."""
        return cls(
            allow_private=settings.allow_private,
            read_s=settings.http_timeout_s,
            max_bytes=settings.feed_max_bytes,
            max_rows=settings.feed_max_rows,
            window_s=settings.webhook_window_s,
        )


@dataclass(frozen=True, slots=True)
class Folders:
    """Where connectors may read files: below `watched`, which others fill, and in `uploads`, where
    lies what people uploaded. None: nowhere.
    """

    watched: Path | None = None
    uploads: Path | None = None


@dataclass(frozen=True, slots=True)
class StoreAt:
    """One of our stores: where it stands in millionths of a degree, its channel and its time zone,
    if any.
    """

    id: str
    lat_e6: int = 0
    lon_e6: int = 0
    channel: str = ""
    zone: str = ""


Aliases = Callable[[Collection[str]], Mapping[str, str]]
"""What some of the source's own names stand for, as batches taught (server.ports.Batch.aliases)."""


def _no_aliases(_names: Collection[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Setup:
    """One connector as set up. `config` is of the kind's own model; `state` is what its last batch
    wanted back; `stores` are those that it may speak of; `secrets` by the names that its kind gives
    them, only those that are set; `aliases` looks up what its batches taught. For a
    `glance` the beginning of what there is will do, and is no whole batch.

    A source that is read and also calls has two states: `state` is what its last call wanted back,
    `read` what its last read did.
    """

    id: str
    config: Any
    secrets: Mapping[str, str]
    state: Mapping[str, Any]
    stores: tuple[StoreAt, ...]
    clock: Clock
    limits: Limits
    aliases: Aliases = _no_aliases
    glance: bool = False
    folders: Folders = Folders()
    read: Mapping[str, Any] = field(default_factory=dict)

    @property
    def secret(self) -> str:
        """The one that is called so; empty where there is none."""
        return self.secrets.get(SECRET, "")

    def store(self, code: str) -> str | None:
        """Our store for the source's own code; None where it is not one that it may speak of."""
        ours: str = self.config.stores.get(code, code)
        return ours if any(store.id == ours for store in self.stores) else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call that a source made to us. Header names are in lower case; `received_at`: unix ms."""

    headers: Mapping[str, str]
    body: bytes
    received_at: int


@dataclass(frozen=True, slots=True)
class Received:
    """What a call says. A repeat has one of the same `once` keys, and is not applied again.

    `soon`: it says that there is something to be read, now. `greeting`: anyone may have made it; it
    is answered with 200, and nothing comes of it.
    """

    batch: Batch
    once: tuple[str, ...] = ()
    soon: bool = False
    greeting: bool = False


class Listening(Protocol):
    """A subscription that runs in threads of its own."""

    def stop(self) -> None:
        """End it and free its socket."""


Hear = Callable[[Batch], None]
"""Takes what a subscription heard."""
Tell = Callable[[str], None]
"""Takes what is wrong with a subscription, in words for people; empty when it is well."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that connectors of a kind have, by the name that it is kept under. `title` and
    `hint` say by language what it is and where the vendor shows it; one of `min_characters` 0 may
    be left out.
    """

    name: str
    title: Mapping[str, str]
    hint: Mapping[str, str] = field(default_factory=dict)
    min_characters: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of connector, as an entry point of the group `enseigne.fact_sources` names it.

    `fetch` is called when the connector is due; `receive` when the source calls us; `listen` is
    begun once and runs for as long as the connector is enabled. `verify` refuses a call that is
    not the source's, before any other waits for it; `receive` takes calls one at a time and
    trusts none that it could not have verified itself. `fetch` and `receive` raise TemporaryError
    or PermanentError, `verify` and `receive` also the errors of server.errors, which the caller is
    told. `calls_at` is the first part of the path that the source calls, `max_call_bytes` how
    long a call may be. `secrets` are set apart from the configuration and never shown; the first
    is the one that is meant where only one is spoken of. `every_s` is how often the connector is
    due unless said otherwise.
    """

    name: str
    title: Mapping[str, str]
    config: type[Config]
    fetch: Callable[[Setup], Batch] | None = None
    receive: Callable[[Setup, Delivery], Received] | None = None
    verify: Callable[[Setup, Delivery], object] | None = None
    listen: Callable[[Setup, Hear, Tell], Listening] | None = None
    calls_at: str = ""
    max_call_bytes: int = 1024 * 1024
    secrets: tuple[Secret, ...] = ()
    every_s: int = 60
