"""Uploading pictures: streamed, examined, kept once, deleted only when nothing shows them."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.library import drawings, renditions
from tests.server.api.programs import Api


def png(colour: str = "red", side: int = 16) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def upload(api: Api, data: bytes, name: str = "coat.png") -> TestResponse:
    return api.call(
        "POST", f"/assets?name={name}", data=data, content_type="application/octet-stream"
    )


def test_a_picture_is_kept_by_its_content_whichever_way_it_comes(api: Api, ctx: Context) -> None:
    form = {"file": (io.BytesIO(png()), "coat.png")}
    first = api.call("POST", "/assets", data=form, content_type="multipart/form-data")
    assert first.status_code == 201
    assert (first.json["kind"], first.json["width"], first.json["name"]) == (
        "image",
        16,
        "coat.png",
    )
    again = upload(api, png(), "other.png")
    assert (again.status_code, again.json["sha"]) == (200, first.json["sha"])
    assert len(api.get("/assets")["items"]) == 1
    assert ctx.media.exists(first.json["sha"])


def test_a_drawing_of_our_own_is_told_among_the_files(api: Api, ctx: Context) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20"/>'
    sha = drawings.keep_drawing(ctx, SYSTEM, "mark", drawing)
    (listed,) = api.get("/assets")["items"]
    assert api.get(f"/assets/{sha}") == listed
    assert (listed["kind"], listed["mime"]) == ("drawing", "image/svg+xml")
    assert (listed["width"], listed["height"], listed["renditions"]) == (10, 20, [])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"PK\x03\x04rest", "archive"),
        (png()[:40], "unreadable"),
        (b"\x00\x00\x00\x20ftypisom" + b"\x00" * 64, "no-picture"),
    ],
)
def test_a_file_that_no_screen_can_show_is_refused_and_not_kept(
    api: Api, ctx: Context, data: bytes, code: str
) -> None:
    answer = upload(api, data)
    assert answer.status_code == 422
    if code != "no-picture":  # without ffmpeg a video is refused for want of it
        assert answer.json["code"] == code
    assert api.get("/assets")["items"] == []
    kept = [p for p in (ctx.settings.data_dir / "media").rglob("*") if p.is_file()]
    assert kept == []


def test_a_file_over_the_limit_is_refused_before_it_is_read(
    app: Flask, api: Api, ctx: Context
) -> None:
    object.__setattr__(ctx.settings, "max_upload_bytes", 1024)
    answer = upload(api, png() + b"x" * 200_000)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert api.get("/assets")["items"] == []


def test_a_body_that_is_no_file(api: Api) -> None:
    form = api.call("POST", "/assets", data={"x": "y"}, content_type="multipart/form-data")
    assert (form.status_code, form.json["code"]) == (400, "bad_request")
    assert api.call("POST", "/assets", json={}).status_code == 415


def test_a_file_in_use_is_not_deleted_and_says_where_it_is(api: Api, ctx: Context) -> None:
    sha = upload(api, png()).json["sha"]
    card = {"template": "image", "assets": [sha]}
    item = {"id": "a", "content": {"card": card}}
    api.make("/playlists", id="autumn", name="Autumn", items=[item])
    refused = api.call("DELETE", f"/assets/{sha}")
    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    assert "playlist:autumn" in refused.json["title"]

    api.call("DELETE", "/playlists/autumn", headers={"If-Match": "*"})
    assert api.call("DELETE", f"/assets/{sha}").status_code == 204
    assert not ctx.media.exists(sha)
    assert api.call("GET", f"/assets/{sha}").status_code == 404


def test_a_card_names_only_files_that_are_there(api: Api) -> None:
    item = {"id": "a", "content": {"card": {"template": "image", "assets": ["0" * 64]}}}
    answer = api.call("POST", "/playlists", json={"name": "A", "items": [item]})
    assert (answer.status_code, answer.json["code"]) == (422, "no_such_file")


def test_renditions_are_made_for_every_size_of_screen_and_say_how_far_they_are(
    api: Api, ctx: Context
) -> None:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    api.make("/screens", name="Window", store="lille", width=1080, height=1920)
    sha = upload(api, png(side=64)).json["sha"]
    states = {r["spec"]: r["state"] for r in api.get(f"/assets/{sha}")["renditions"]}
    assert set(states.values()) == {"pending"}
    assert any(spec.startswith("1080x1920-webp") for spec in states)

    while (missing := renditions.next_missing(ctx)) is not None:
        assert renditions.make(ctx, missing)
    made = api.get(f"/assets/{sha}")["renditions"]
    assert {r["state"] for r in made} == {"ready"}
    assert all(ctx.media.exists(r["sha"]) for r in made)
    assert api.call("DELETE", f"/assets/{sha}").status_code == 204
    assert not any(ctx.media.exists(r["sha"]) for r in made)
