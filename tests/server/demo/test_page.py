"""The page over the world: both languages, its actions, and news as they happen."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from server.demo.world.climate import Climate
from server.demo.world.crowd import Crowd
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.page import page_app
from server.demo.world.shop import Shop

SCREENS = "http://127.0.0.1:8099/wall?embed=1"


@pytest.fixture
def web(shop: Shop, journal: Journal) -> FlaskClient:
    climate, crowd = Climate(JsonFile(None), journal), Crowd(JsonFile(None), journal)
    return page_app(shop, climate, crowd, journal, SCREENS).test_client()


@pytest.mark.parametrize(
    ("query", "accepted", "lang"),
    [
        ("", "fr-FR,fr;q=0.9", "fr"),
        ("", "de", "en"),
        ("", "en-GB", "en"),
        ("?lang=fr", "en", "fr"),
        ("?lang=xx", "fr", "fr"),
    ],
)
def test_the_page_speaks_the_readers_language(
    web: FlaskClient, query: str, accepted: str, lang: str
) -> None:
    page = web.get(f"/{query}", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{lang}"' in page
    assert ("Le monde du dehors" if lang == "fr" else "The outside world") in page


def test_it_frames_the_servers_screens_and_nothing_else(web: FlaskClient) -> None:
    answer = web.get("/")
    assert f'<iframe src="{SCREENS}"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-src http://127.0.0.1:8099" in policy
    assert "default-src 'self'" in policy
    assert "<script>" not in answer.text


def test_its_parts_are_served(web: FlaskClient) -> None:
    for path in ("/static/world.js", "/static/world.css", "/pictures/backpack.svg"):
        assert web.get(path).status_code == 200
    assert web.get("/pictures/../catalogue.py").status_code == 404


def test_a_change_made_on_the_page_is_told_as_news(web: FlaskClient) -> None:
    before = web.get("/world.json").get_json()
    done = web.post("/shop/price", json={"sku": "PLV-BRUINE", "price": "139.90"})
    assert done.get_json()["article"]["price"] == "139.90"
    stream = web.get(f"/events?after={before['last_id']}", buffered=False)
    chunks = (chunk.decode() for chunk in stream.iter_encoded())
    news = next(chunk for chunk in chunks if "data:" in chunk)
    stream.close()
    entry = json.loads(news.split("data: ", 1)[1])
    assert (entry["kind"], entry["name"], entry["price_minor"]) == ("price", "Bruine", 13990)
    after = web.get("/world.json").get_json()
    bruine = next(a for a in after["shop"]["articles"] if a["sku"] == "PLV-BRUINE")
    assert bruine["price_minor"] == 13990


def test_weather_and_people_are_set_from_the_page_too(web: FlaskClient) -> None:
    sky = {"place": "lille", "temperature_c": 2, "rain_mm": 0}
    assert web.post("/weather/set", json=sky).status_code == 200
    people = {"store": "lille", "zone": "tills", "inside": 12}
    assert web.post("/crowd/set", json=people).status_code == 200
    world = web.get("/world.json").get_json()
    assert world["weather"]["skies"][0]["temperature_c"] == 2
    tills = next(c for c in world["crowd"]["counters"] if c["zone"] == "tills")
    assert tills["inside"] == 12
