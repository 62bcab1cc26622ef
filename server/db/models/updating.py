"""Tables of updates of the player: its packages, rollouts, and how each screen fares in one."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, Ms, Word


class PackageRow(Base):
    """The player as a package of `size` bytes, as this server or one before it had it."""

    __tablename__ = "package"

    sha256: Mapped[Hash] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[Ms]


class RolloutRow(Base):
    """A version on its way to the screens. `phase_at` is when its state began; `held` says that it
    stands still, `why` for which reason it halted, `at_screen` where. Until `now_until` no hours
    are heeded. `edition` is the ETag of what people do to it. `back`: it takes another one back.
    """

    __tablename__ = "rollout"

    id: Mapped[Word] = mapped_column(primary_key=True)
    sha256: Mapped[Hash]
    version: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    held: Mapped[str] = mapped_column(String(16), default="")
    why: Mapped[str] = mapped_column(String(16), default="")
    at_screen: Mapped[Word] = mapped_column(default="")
    held_at: Mapped[int | None] = mapped_column(BigInteger)
    phase_at: Mapped[Ms]
    wait_s: Mapped[int]
    share_percent: Mapped[int]
    now_until: Mapped[Ms] = mapped_column(default=0)
    back: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[Ms] = mapped_column(index=True)
    started_by: Mapped[Word]
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_by: Mapped[Word] = mapped_column(default="")
    edition: Mapped[int] = mapped_column(default=1)


class UpdateRow(Base):
    """How a screen fares in a rollout: its wave (0: a pilot), its stage and since when, the command
    that it was last told by, and what it said. `excused`: a person went on in spite of it.
    """

    __tablename__ = "rollout_screen"
    __table_args__ = (Index("ix_rollout_screen_screen", "screen_id"),)

    rollout_id: Mapped[Word] = mapped_column(
        ForeignKey("rollout.id", ondelete="CASCADE"), primary_key=True
    )
    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    wave: Mapped[int]
    stage: Mapped[str] = mapped_column(String(16))
    since: Mapped[Ms]
    command_id: Mapped[Word] = mapped_column(default="")
    said: Mapped[str] = mapped_column(String(500), default="")
    before: Mapped[str] = mapped_column(String(100), default="")
    excused: Mapped[bool] = mapped_column(default=False)
