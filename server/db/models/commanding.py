"""Tables of what devices are told to do: commands and their files, power, and its record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, LongText, Ms, Word


class CommandRow(Base):
    """A signed command to a screen's device and what it answered; `state` is "" until then.

    `file` is the media type of what it brought, "" for nothing; `verdict` what comparing a picture
    with the plan came to.
    """

    __tablename__ = "command"
    __table_args__ = (
        Index("ix_command_screen", "screen_id", "issued_at"),
        Index("ix_command_open", "state", "deadline"),
    )

    id: Mapped[Word] = mapped_column(primary_key=True)
    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"))
    device: Mapped[str] = mapped_column(String(16), default="")
    kind: Mapped[Word]
    arguments: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(String(200))
    issued_at: Mapped[Ms]
    deadline: Mapped[Ms]
    jws: Mapped[LongText]
    state: Mapped[str] = mapped_column(String(16), default="")
    said: Mapped[str] = mapped_column(String(500), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    answered_at: Mapped[int | None] = mapped_column(BigInteger)
    file: Mapped[Word] = mapped_column(default="")
    verdict: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CommandFileRow(Base):
    """The file that a command brought: a picture of the screen, or a bundle of logs."""

    __tablename__ = "command_file"

    command_id: Mapped[Word] = mapped_column(
        ForeignKey("command.id", ondelete="CASCADE"), primary_key=True
    )
    data: Mapped[bytes] = mapped_column(LargeBinary)


class DisplayRow(Base):
    """How the display of a screen, or of a store's screens, is switched and looked at; `subject` is
    `store:id` or `screen:id`. `shots_min` is minutes between pictures, 0 for none.
    """

    __tablename__ = "display"

    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    mode: Mapped[str] = mapped_column(String(16))
    before_min: Mapped[int]
    after_min: Mapped[int]
    hours: Mapped[list[Any]]
    night: Mapped[str] = mapped_column(String(16))
    shots_min: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]


class FetchRuleRow(Base):
    """How a store's screens fetch the files of their plans; `store` is "" for stores without a rule
    of their own. `kib_s` is KiB a second of each screen, 0 for no limit; `windows` are minutes of
    the store's day, none for always.
    """

    __tablename__ = "fetch_rule"

    store: Mapped[Word] = mapped_column(primary_key=True)
    kib_s: Mapped[int]
    windows: Mapped[list[Any]]
    edited_at: Mapped[Ms]


class PowerRunRow(Base):
    """A stretch that a device says its display was off for. `follows` says whether it is bound to
    the record before it.
    """

    __tablename__ = "power_run"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    device: Mapped[str] = mapped_column(String(16), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[Hash]
    prev: Mapped[Hash]
    from_ms: Mapped[Ms] = mapped_column(index=True)
    until_ms: Mapped[Ms]
    why: Mapped[Word]
    how: Mapped[Word]
    said: Mapped[str] = mapped_column(String(500))
    follows: Mapped[bool]
    received_at: Mapped[Ms]
