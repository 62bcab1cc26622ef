"""Every setting of the server, with its unit and default; read from ENSEIGNE_* and an optional
.env file.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_LEDGER_DAYS = 30
"""Whole days before a reduction whose prices the law asks for."""


class Settings(BaseSettings):
    """Names end in their unit: _ms milliseconds, _s seconds, _bytes, _rows."""

    model_config = SettingsConfigDict(env_prefix="ENSEIGNE_", env_file=".env", extra="ignore")

    data_dir: Path = Path(".enseigne")
    database_url: str = ""
    """SQLAlchemy URL; empty: a SQLite file in data_dir."""
    host: str = "127.0.0.1"
    port: int = 8080
    """Where the web process listens."""
    door_host: str = "127.0.0.1"
    door_port: int = 8081
    """Where the door listens."""
    public_url: str = ""
    """As people and players reach the web process; empty: http://host:port."""
    public_door_url: str = ""
    """As players reach the door; empty: http://door_host:door_port."""
    door_origins: str = ""
    """More web origins whose pages may connect to the door, separated by spaces or commas."""
    door_framed: bool = True
    """Write frames straight to the sockets where the libraries allow it; off: their own emit."""
    bus_path: str = ""
    """Unix socket of the bus; empty: bus.sock in data_dir."""

    head_life_ms: int = 8 * 24 * 3_600_000
    """A head expires after this long; content goes on, prices stop."""
    lease_ms: int = 4 * 3_600_000
    """How long a price may show after the shop last confirmed it."""
    price_country: str = ""
    """The country (ISO 3166-1, like FR) whose law of displayed prices holds for stores that name
    none; empty: none is known, and no reduction is announced there.
    """
    freshness_every_s: int = 60
    """How often each store's players are told that its prices still hold."""
    report_every_s: int = 45
    """How often a player says what it holds."""
    switch_margin_ms: int = 1_000
    """A slot that ends sooner than this after a change may be too near for the screens to hear."""
    switch_roll_spread_s: int = 3_600
    """Stores roll their window within this long after their midnight."""
    stock_buffer: int = Field(default=0, ge=0, le=1_000)
    """Pieces of each product that screens never promise; a source may have its own number."""
    stock_back_at: int = Field(default=2, ge=1, le=1_000)
    """Once sold out, a product is back on screens with so many pieces."""
    stock_settle_s: int = Field(default=600, ge=0, le=86_400)
    """Fewer pieces than that are back once they stayed so long."""
    paradox_percent: int = Field(default=15, ge=1, le=100)
    """A product that the shop online has and a store has not (or the reverse) for more of a day is
    told on the situation page.
    """
    play_records_every_s: int = Field(default=3_600, ge=10, le=3_600)
    """How often players end their play records, as they are told themselves (--records-every-s).
    How prices agreed is reckoned in such steps, each a quarter of it later, or two minutes.
    """
    write_budget_ms: int = 50
    """A write transaction over this is logged."""
    write_wait_ms: int = 30_000
    """How long a write waits for other writers before it is refused as busy."""
    planner_processes: int = min(4, os.cpu_count() or 1)
    """Processes that resolve plans when there are very many to make, the worker among them."""

    max_request_bytes: int = 2 * 1024 * 1024
    """The body of a request that sends no file."""
    max_upload_bytes: int = 512 * 1024 * 1024
    """One file."""
    upload_life_s: int = 86_400
    """An upload that nobody goes on with for so long is forgotten."""
    uploads_per_person: int = 100
    """Unfinished uploads of one person."""
    upload_bytes_per_person: int = 4 * 1024 * 1024 * 1024
    """What the unfinished uploads of one person may come to, as announced."""
    page_rows: int = 50
    """Rows of one page of a list, unless it is asked for more."""
    max_page_rows: int = 200
    """The most that may be asked for."""

    feed_max_bytes: int = 512 * 1024 * 1024
    """One answer of a source."""
    feed_max_rows: int = 1_000_000
    """The same in rows."""
    csv_folder: Path | None = None
    """The one folder that connectors may watch for CSV files, with all below it; empty: none."""
    http_timeout_s: float = 20.0
    """A source that sends nothing for so long is given up."""
    source_backoff_s: int = Field(default=300, ge=1, le=86_400)
    """Longest wait before a source that failed is asked again, where it is not asked more rarely in
    any case and did not say when itself.
    """
    source_mending_s: int = Field(default=900, ge=1, le=86_400)
    """The same for a source that only a person can mend: it refuses our key, its address is wrong.
    """
    webhook_max_bytes: int = 1024 * 1024
    """One call of a source."""
    webhook_window_s: int = 60
    """A webhook's timestamp may differ this much from the server's clock: one that waited longer
    may have been overtaken by what the shop said since.
    """
    suspect_batch_percent: int = Field(default=5, ge=1, le=50)
    """A batch with more suspect prices than this is held whole, for a person."""
    suspect_jump_percent: int = Field(default=50, ge=5, le=400)
    """A price that moves by more than this at once is suspect."""
    ledger_days: int = Field(default=1_096, ge=MIN_LEDGER_DAYS)
    """How long prices of the past are kept, at least the 30 days that a prior price is of (98/6/EC,
    article 6a). What is in force, or asked for by a reduction that runs, is kept in any case.
    """
    hold_minutes_per_day: int = 600
    """How long of one day the screens of a store may be held by hand, by whoever does not edit
    content; all holds of the day together, counted once where they overlap.
    """
    hands_code_days: int = Field(default=90, ge=1, le=400)
    """How long a code counts by which a store's people act on a screen without the server."""
    hands_longest_minutes: int = Field(default=240, ge=1, le=1_440)
    """How long such a hold may last."""
    allow_private: bool = False
    """Whether a configured URL may reach a private or loopback address."""

    pairing_life_s: int = 900
    """How long a screen's code may be typed."""
    token_life_s: int = 3_600
    """How long a player's bearer token counts."""
    owner_link_life_s: int = 86_400
    """How long an owner link may be followed."""
    players_at_once: int = 8
    """What players say (sessions, reports, plays) that the web process takes in at the same time;
    the others are asked to come again, so that a whole fleet that comes back leaves room for
    people.
    """
    device_per_minute: int = 20
    """Challenges and proofs that one paired device may ask for, from one address."""
    stranger_per_minute: int = 120
    """The same for devices that are not known, and codes to pair them, all of one address."""
    poll_per_minute: int = 90
    """How often one device may ask whether its code was typed."""
    failures_per_minute: int = 60
    """Owner links, tokens and sessions that are not good, of one address."""
    passwords_per_minute: int = 10
    """Wrong passwords of one account."""
    codes_per_minute: int = 20
    """Wrong pairing codes that one person may type."""
    hsts_s: int = 31_536_000
    """How long browsers that came over https shall use nothing else; 0: not said."""
    frame_ancestors: str = "'none'"
    """Web origins whose pages may hold the wall in a frame, separated by spaces or commas."""
    trusted_proxy: str = ""
    """Address of the proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; empty: none
    is.
    """

    update_wait_s: int = Field(default=86_400, ge=0, le=30 * 86_400)
    """So long the first screens with a new version of the player run well before others follow."""
    update_pilot_stores: int = Field(default=3, ge=1, le=50)
    """So many stores have one of the first screens, where nobody chose them."""
    update_share_percent: int = Field(default=25, ge=1, le=100)
    """So much of the other screens follows in one night."""
    update_failed_percent: int = Field(default=2, ge=0, le=50)
    """A rollout halts by itself when it failed on more than this of the screens that were told; of
    the first screens one is enough.
    """
    update_margin_s: int = Field(default=1_800, ge=0, le=14_400)
    """So long after closing and before opening no player is updated."""
    update_night_from_hour: int = Field(default=1, ge=0, le=23)
    """From this hour of its clock players of a store are updated that has no hours or never closes.
    """
    update_night_until_hour: int = Field(default=5, ge=0, le=23)
    """The same, until when; the next morning where it is no later."""
    update_now_s: int = Field(default=14_400, ge=600, le=86_400)
    """For so long no hours are heeded once a person said: now."""
    update_silent_s: int = Field(default=900, ge=300, le=86_400)
    """A screen that fell silent so long after an update counts as failed."""
    update_watch_s: int = Field(default=7_200, ge=900, le=86_400)
    """It is watched for so long after the update, the first ones until others follow."""
    update_packages: int = Field(default=6, ge=2, le=50)
    """Versions of the player that are kept, so that one can go back."""

    smtp_host: str = ""
    """The mail server that tells people what is not as it should be; empty: no mail is sent."""
    smtp_port: int = 587
    smtp_tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the way to it is encrypted: after a greeting (587), from the first byte (465), or not."""
    smtp_ca: str = ""
    """A file with the certificate authorities that it is trusted by; empty: the system's."""
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)
    """Both empty: it asks for none."""
    smtp_from: str = ""
    """Sender's address; empty: enseigne@ and the mail server's name."""
    sso_issuer: str = ""
    """The identity provider that people may come in through (OpenID Connect), as it names itself;
    empty: none.
    """
    sso_client_id: str = ""
    sso_client_secret: str = Field(default="", repr=False)
    """As this server is registered there; without a secret it is a public client."""
    sso_name: str = ""
    """What people call it; empty: the issuer's host."""
    sso_scopes: str = "openid email profile"
    """What is asked for, separated by spaces."""
    sso_default_role: Literal["", "it", "marketing", "manager", "viewer"] = ""
    """What somebody may do who comes for the first time; empty: whom nobody invited is refused."""
    sso_role_claim: str = ""
    """The claim that says at each sign-in what a person may do; empty: people are looked after
    here.
    """
    sso_roles: dict[str, str] = Field(default_factory=dict)
    """JSON: which value of that claim (a group) is which role; empty: its values are the roles'
    own names.
    """
    sso_stores_claim: str = ""
    sso_regions_claim: str = ""
    """The claims that name the stores and regions where rights end, heeded where a role comes from
    the provider; without any, they reach over the whole chain.
    """
    sso_timeout_s: float = 8.0
    """An identity provider that takes longer is given up."""
    watch_webhook_url: str = ""
    """Where the same is told to a program, signed; empty: to none."""
    watch_webhook_secret: str = Field(default="", repr=False)
    watch_every_s: int = 15
    """How often is looked for what is not as it should be."""
    watch_grace_s: int = 600
    """A source that fails for no longer is not told of."""
    watch_offline_s: int = 900
    """The same for a screen that is offline."""
    watch_settle_s: int = 300
    """What was told is over once it was well for so long: what comes and goes is told once."""
    watch_remind_s: int = 86_400
    """What lasts is told again after this long."""
    watch_pause_s: int = 60
    """What comes up meanwhile is told in one message."""
    watch_messages_per_hour: int = 12
    """The most that one recipient is sent; the rest waits for the next message."""
    disk_low_bytes: int = 1024 * 1024 * 1024
    """The server's disk counts as full below this."""
    log_json: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @cached_property
    def db_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'enseigne.db').absolute()}"

    @property
    def bus(self) -> Path:
        """The bus's socket path."""
        return Path(self.bus_path) if self.bus_path else self.data_dir.absolute() / "bus.sock"

    @property
    def url(self) -> str:
        """The web process as others reach it, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def door_url(self) -> str:
        """The door as players reach it, without a trailing slash."""
        return (self.public_door_url or f"http://{self.door_host}:{self.door_port}").rstrip("/")
