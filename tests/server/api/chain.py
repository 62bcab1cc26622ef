"""Two stores with one of everything each, made through the API."""

from __future__ import annotations

from typing import Any

from tests.server.api.programs import Api
from tests.support.record import START_MS

HOUR_MS = 3_600_000


def message(text: str, item: str = "a") -> dict[str, Any]:
    """An item that says something."""
    card = {"template": "message", "texts": {"headline": {"fr": text}}}
    return {"id": item, "content": {"card": card}}


def promotion(sku: str, item: str = "promo") -> dict[str, Any]:
    """An item that shows a product."""
    return {"id": item, "content": {"card": {"template": "price", "goods": [{"sku": sku}]}}}


def furnish(api: Api, store: str) -> dict[str, str]:
    """Open a store with one of everything; the path parameters that name it all."""
    api.make("/stores", id=store, name=store.title(), zone="Europe/Paris")
    api.make("/screens", id=f"{store}-window", name="Window", store=store, tags=["window"])
    playlist = f"{store}-autumn"
    items = [message("Bonjour"), promotion("PLV-01")]
    api.make("/playlists", id=playlist, name=f"Autumn in {store}", items=items)
    target = {"stores": [store]}
    api.make(
        "/campaigns", id=f"{store}-rain", name="Rain", playlist=playlist, target=target, share=500
    )
    until = START_MS + HOUR_MS
    override = {"store": store, "kind": "show", "playlist": playlist}
    api.make("/overrides", id=f"{store}-now", **override, **{"from": START_MS, "until": until})
    api.make(
        "/emergencies",
        id=f"{store}-leave",
        playlist=playlist,
        target=target,
        **{"from": START_MS, "until": until},
    )
    api.make("/facts", key=f"weather.rain:{store}", value=3)
    base = api.call(
        "PUT",
        f"/bases/store/{store}/main",
        json={"playlist": playlist},
        headers={"If-Match": "*"},
    )
    assert base.status_code == 200, base.text
    email = f"{store}@pluvier.example"
    person = api.make(
        "/people", name=f"{store} manager", email=email, role="manager", stores=[store]
    )
    token = api.make("/tokens", name=f"{store} till", scopes=["read"], stores=[store])
    return {
        "store_id": store,
        "screen_id": f"{store}-window",
        "playlist_id": playlist,
        "campaign_id": f"{store}-rain",
        "override_id": f"{store}-now",
        "emergency_id": f"{store}-leave",
        "item_id": "promo",
        "token_id": token["id"],
        "person_id": person["id"],
        "scope": "store",
        "owner": store,
        "zone": "main",
    }
