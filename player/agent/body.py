"""What a player's agent obeys with."""

from __future__ import annotations

from dataclasses import dataclass

from player.agent.pacing import Pacing
from player.agent.updates import Updates
from player.cache.orders import Orders
from player.display.wishes import Wishes
from player.machine.facts import Machine


@dataclass(frozen=True, slots=True)
class Body:
    """What the agent has beside its plan: the commands' file, the way to the kiosk, the machine,
    how it fetches, the way to another version of itself.
    """

    orders: Orders
    wishes: Wishes
    machine: Machine
    pacing: Pacing
    updates: Updates
