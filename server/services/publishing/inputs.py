"""What a resolve was given, kept so that any second of the past can be explained.

An `inputs` object is JSON: the profile, the store with its calendar, the wishes by hash (a list
that many profiles share), the facts' lines, and what was absent. `Recalled` reads it back as a
Reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.facts import Fact, FactKey, FactLine, FactSpan, fact_line
from playlists.ids import ChannelId, PlaylistId, Sha256, Sku, SourceId, StoreId, ZoneId, sha256
from playlists.localtime import LocalDay
from playlists.model import Base, Campaign, Emergency, Override, Playlist, Store
from playlists.model_json import (
    campaign_from_json,
    emergency_from_json,
    override_from_json,
    playlist_from_json,
    store_from_json,
    store_to_json,
)
from playlists.resolve import AssetState, Profile
from playlists.resolving.reading import Scope
from server.db.mappers import fact_from, layout_from, layout_rows
from server.db.models import FactRow
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Packed, load_object, load_objects, pack
from server.services.publishing.fitting import ended, fitted, leased
from server.services.publishing.reading import shop_of
from server.services.publishing.viewing import View
from server.services.wishes.drawn import Agreement, Drawn

LISTS_KEPT = 5_000
"""Lists of wishes remembered in memory."""

_DECODERS: Mapping[str, Callable[[object], Any]] = {
    "campaign": campaign_from_json,
    "playlist": playlist_from_json,
    "override": override_from_json,
    "emergency": emergency_from_json,
}


def profile_json(profile: Profile) -> dict[str, Any]:
    """A profile as it is kept in its row and in inputs."""
    return {
        "store": profile.store,
        "size": list(profile.size),
        "language": profile.language,
        "layout": layout_rows(profile.layout),
        "place": profile.place,
        "tags": sorted(profile.tags),
        "screen": profile.screen,
    }


def profile_from(kept: Mapping[str, Any]) -> Profile:
    """Undo `profile_json`."""
    width, height = kept["size"]
    return Profile(
        store=StoreId(kept["store"]),
        size=(width, height),
        language=kept["language"],
        layout=layout_from(kept["layout"]),
        place=kept["place"],
        tags=frozenset(kept["tags"]),
        screen=kept["screen"],
    )


class InputsWriter:
    """Makes inputs objects. What many profiles share (wishes, their lists, stores) is stored once:
    objects of kind `shared` are never swept, so those confirmed are left out from then on."""

    def __init__(self) -> None:
        self._lists: dict[tuple[tuple[str, str], ...], str] = {}
        self._stores: dict[str, tuple[Store, str]] = {}
        self._confirmed: set[str] = set()

    def confirm(self, objects: Mapping[str, Packed]) -> None:
        """These were committed."""
        self._confirmed.update(name for name, packed in objects.items() if packed.kind == "shared")

    def write(
        self,
        profile: Profile,
        store: Store,
        days: Sequence[LocalDay],
        view: View,
        lead: Mapping[str, Any],
        objects: dict[str, Packed],
    ) -> str:
        """Put the inputs of a resolve, with all they name, into `objects`; their name."""
        for wish in view.wishes.values():
            self._share(wish.sha, wish.data, objects)
        body = {
            "v": 1,
            "profile": profile_json(profile),
            "store": self._store(store, objects),
            "wishes": self._list(view, objects),
            "days": [list(day) for day in days],
            "lead": lead,
            "bases": [
                [scope, owner, [[base.zone, base.playlist] for base in found]]
                for (scope, owner), found in sorted(view.base_rows.items())
                if found
            ],
            "facts": {key: _line_json(line) for key, line in sorted(view.lines.items())},
            "absent": sorted(view.absent),
            "files": dict(sorted(view.unshowable.items())),
            "drawn": {sha: _drawn_json(one) for sha, one in sorted(view.differing.items())},
            "ends": dict(sorted(view.ends.items())),
            "leased": dict(sorted(view.drawn.items())),
            "pictures": dict(sorted(view.pictures.items())),
            "swaps": dict(sorted(view.swaps.items())),
        }
        data = _dump(body)
        name = sha256(data)
        objects[name] = pack("inputs", data)
        return name

    def _list(self, view: View, objects: dict[str, Packed]) -> str:
        wishes = tuple(sorted((name, wish.sha) for name, wish in view.wishes.items()))
        known = self._lists.get(wishes)
        if known is not None and known in self._confirmed:
            return known
        data = _dump(dict(wishes))
        if len(self._lists) > LISTS_KEPT:
            self._lists.clear()
        self._lists[wishes] = name = sha256(data)
        self._share(name, data, objects)
        return name

    def _store(self, store: Store, objects: dict[str, Packed]) -> str:
        known = self._stores.get(store.id)
        if known is not None and known[0] is store and known[1] in self._confirmed:
            return known[1]
        data = _dump(store_to_json(store))
        name = sha256(data)
        self._stores[store.id] = (store, name)
        self._share(name, data, objects)
        return name

    def _share(self, name: str, data: bytes, objects: dict[str, Packed]) -> None:
        if name not in self._confirmed and name not in objects:
            objects[name] = pack("shared", data)


@dataclass(frozen=True, slots=True)
class Recalled:
    """Inputs read back: a Reader that answers as the record did then."""

    profile: Profile
    days: tuple[LocalDay, ...]
    body: Mapping[str, Any]
    home: Store
    wishes: Mapping[str, Any]

    @property
    def lead(self) -> Mapping[str, Any]:
        """The lead-in that the plan was made with, as `lead_from_json` reads it; {} without."""
        found: Mapping[str, Any] = self.body["lead"]
        return found

    @property
    def drawn(self) -> Mapping[str, Agreement]:
        """By file: the prices that pictures showed and the shop did not say."""
        return {sha: _drawn_from(kept) for sha, kept in self.body.get("drawn", {}).items()}

    def store(self, store: StoreId) -> Store | None:
        """See Reader."""
        return self.home if store == self.home.id else None

    def campaigns(self, store: StoreId) -> Sequence[Campaign]:
        """See Reader."""
        return self._all("campaign")

    def overrides(self, store: StoreId) -> Sequence[Override]:
        """See Reader."""
        return self._all("override")

    def emergencies(self) -> Sequence[Emergency]:
        """See Reader."""
        return self._all("emergency")

    def bases(self, scope: Scope, owner: str) -> Sequence[Base]:
        """See Reader."""
        return [
            Base(scope, owner, PlaylistId(playlist), ZoneId(zone))
            for kept_scope, kept_owner, rows in self.body["bases"]
            if (kept_scope, kept_owner) == (scope, owner)
            for zone, playlist in rows
        ]

    def playlist(self, playlist: PlaylistId) -> Playlist | None:
        """See Reader."""
        found: Playlist | None = self.wishes.get(f"playlist:{playlist}")
        if found is None:
            return None
        shop = shop_of(self.home.channel or "")
        made = fitted(found, shop, self.body["pictures"], self.body["swaps"])
        lasting = ended(made, self.body.get("ends", {}), self.home.calendar.zone)
        return leased(lasting, self.body.get("leased", {}))

    def fact(self, key: FactKey) -> FactLine | None:
        """See Reader."""
        kept = self.body["facts"].get(key)
        return None if kept is None else _line_from(key, kept)

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        """See Reader."""
        return f"{sku}@{channel}" not in self.body["absent"]

    def asset(self, sha: Sha256) -> AssetState:
        """See Reader."""
        state: AssetState = self.body["files"].get(sha, "showable")
        return state

    def _all(self, kind: str) -> list[Any]:
        return [wish for name, wish in self.wishes.items() if name.startswith(f"{kind}:")]


def recall(session: Session, inputs: str) -> Recalled:
    """Read inputs back by their name. Raises NotFound where they are not kept any more."""
    body = json.loads(load_object(session, inputs))
    listed: dict[str, str] = json.loads(load_object(session, body["wishes"]))
    found = load_objects(session, listed.values())
    wishes: dict[str, Any] = {}
    for name, sha in listed.items():
        if sha in found:
            wishes[name] = _DECODERS[name.partition(":")[0]](json.loads(found[sha])["body"])
    return Recalled(
        profile=profile_from(body["profile"]),
        days=tuple(LocalDay(*day) for day in body["days"]),
        body=body,
        home=store_from_json(json.loads(load_object(session, body["store"]))),
        wishes=wishes,
    )


def _drawn_json(found: Agreement) -> list[Any]:
    """A drawn price that differs: as drawn, why, and what the shop said."""
    drawn = found.drawn
    return [drawn.sku, drawn.price, drawn.currency, found.reason, found.price, found.currency]


def _drawn_from(kept: Sequence[Any]) -> Agreement:
    sku, shown, shown_in, reason, price, currency = kept
    return Agreement(Drawn(sku, shown, shown_in), reason, price, currency, None)


def with_facts_now(session: Session, recalled: Recalled, now: int) -> Recalled:
    """The same inputs with their facts as the record has them now.

    Facts that move and leave the plan as it was leave its inputs as they were too: to be told of
    the present, they are read anew.
    """
    keys = sorted(recalled.body["facts"])
    rows: dict[str, list[Fact]] = {key: [] for key in keys}
    for some in batched(keys, MAX_IN):
        for row in session.scalars(select(FactRow).where(FactRow.key.in_(some))):
            rows[row.key].append(fact_from(row))
    since, until = recalled.days[0].from_ms, recalled.days[-1].until_ms
    lines = {
        key: _line_json(fact_line(facts, FactKey(key), now, until, since_ms=since))
        for key, facts in rows.items()
    }
    return replace(recalled, body={**recalled.body, "facts": lines})


def _line_json(line: FactLine | None) -> list[Any] | None:
    if line is None:
        return None
    spans = [[span.from_ms, span.until_ms, span.value] for span in line.spans]
    return [line.source, line.max_age_ms, spans]


def _line_from(key: FactKey, kept: Sequence[Any]) -> FactLine:
    source, max_age_ms, spans = kept
    return FactLine(key, SourceId(source), max_age_ms, tuple(FactSpan(*span) for span in spans))


def _dump(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
