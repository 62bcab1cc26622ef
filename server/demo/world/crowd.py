"""How many people are in the stores' counted zones: numbers only, set on the world's page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.demo.catalogue import STORES, CountedZone, Store
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.peer import Action, BadAction, wanted_int, wanted_switch

MOST_PEOPLE = 500


@dataclass(frozen=True)
class Counter:
    """One sensor: where it hangs, what carries its counts, and what it sees now."""

    store: Store
    zone: CountedZone
    per_minute: int
    inside: int

    @property
    def key(self) -> str:
        """`store/zone`, as in its MQTT topics."""
        return f"{self.store.code}/{self.zone.code}"


class Crowd:
    """All counters. Thread-safe; kept in a file."""

    def __init__(self, file: JsonFile, journal: Journal) -> None:
        self._file, self._journal = file, journal
        self._lock = threading.Lock()
        self._on_change: Callable[[], None] = lambda: None
        self.counting = True
        kept = (file.read() or {}).get("counters", {})
        self._counters: dict[str, Counter] = {}
        for store in STORES:
            for zone in store.zones:
                counter = Counter(store, zone, zone.per_minute, zone.inside)
                self._counters[counter.key] = replace(counter, **kept.get(counter.key, {}))

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each change."""
        self._on_change = listener

    def counters(self) -> list[Counter]:
        """All counters as they are now."""
        with self._lock:
            return list(self._counters.values())

    def actions(self) -> dict[str, Action]:
        """What can be done to the counters, by name."""
        return {"set": self.set_people, "counting": self.switch}

    def set_people(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"store", "zone", "per_minute"?, "inside"?}`: what one sensor sees from now on."""
        key = f"{body.get('store')}/{body.get('zone')}"
        if key not in self._counters:
            raise BadAction(f"no counter {key}: there are {', '.join(self._counters)}")
        with self._lock:
            counter = self._counters[key]
            seen = _seen(counter) | dict(body)
            counter = self._counters[key] = replace(
                counter,
                per_minute=wanted_int(seen, "per_minute", 0, MOST_PEOPLE),
                inside=wanted_int(seen, "inside", 0, MOST_PEOPLE),
            )
            self._file.write({"counters": {k: _seen(c) for k, c in self._counters.items()}})
        entry = self._journal.add("people", **_as_json(counter))
        self._on_change()
        return {"at_ms": entry["at_ms"], "counter": _as_json(counter)}

    def switch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"on": bool}`: whether the counters report at all."""
        self.counting = wanted_switch(body, "on")
        self._journal.add("counting", on=self.counting)
        self._on_change()
        return {"on": self.counting}

    def state(self) -> dict[str, Any]:
        """All counters as JSON."""
        return {
            "counting": self.counting,
            "counters": [_as_json(counter) for counter in self.counters()],
        }


def _seen(counter: Counter) -> dict[str, int]:
    return {"per_minute": counter.per_minute, "inside": counter.inside}


def _as_json(counter: Counter) -> dict[str, Any]:
    names = {"fr": counter.zone.name.fr, "en": counter.zone.name.en}
    where = {
        "store": counter.store.code,
        "zone": counter.zone.code,
        "carrier": counter.zone.carrier,
    }
    return where | {"store_name": counter.store.plate, "zone_name": names} | _seen(counter)
