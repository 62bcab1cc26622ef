"""What every service call is given: the record, the clock, the settings, the keys and the media
store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from server.config import Settings
from server.db.engine import Database
from server.ports import Clock
from server.services.base.keys import Keys


@dataclass(frozen=True, slots=True)
class Context:
    """`wake` pokes the worker after a commit; losing it costs one tick, never truth."""

    db: Database
    settings: Settings
    clock: Clock
    keys: Keys
    wake: Callable[[], None]
    media: Any = None
